// Time that passes when a test says so.

import { afterEach, beforeEach } from "node:test";

const real = { setTimeout, clearTimeout, now: performance.now };

/** It cannot simply be assigned in every Node. @param {() => number} value */
const setNow = (value) => Object.defineProperty(performance, "now", { value, configurable: true });

/** Let what waits for promises run. */
export const settle = () => new Promise((resolve) => setImmediate(resolve));

class FakeClock {
  #now = 0;
  #lastId = 0;
  /** @type {Map<number, { at: number, run: () => void }>} */
  #timers = new Map();

  install() {
    Object.assign(globalThis, {
      setTimeout: (/** @type {() => void} */ run, ms = 0) => this.#set(run, ms),
      clearTimeout: (/** @type {number} */ id) => this.#timers.delete(id),
    });
    setNow(() => this.#now);
  }

  restore() {
    Object.assign(globalThis, { setTimeout: real.setTimeout, clearTimeout: real.clearTimeout });
    setNow(real.now);
    this.#timers.clear();
    this.#now = 0;
  }

  /** @param {number} ms */
  async pass(ms) {
    const end = this.#now + ms;
    await settle();
    for (let due = this.#next(end); due !== undefined; due = this.#next(end)) {
      this.#timers.delete(due.id);
      this.#now = due.at;
      due.run();
      await settle();
    }
    this.#now = end;
  }

  /** @param {number} end */
  #next(end) {
    const waiting = [...this.#timers].map(([id, timer]) => ({ id, ...timer }));
    return waiting.filter(({ at }) => at <= end).sort((a, b) => a.at - b.at)[0];
  }

  /** @param {() => void} run @param {number} ms */
  #set(run, ms) {
    this.#lastId += 1;
    this.#timers.set(this.#lastId, { at: this.#now + ms, run });
    return this.#lastId;
  }
}

/** The clock of each test in a file. */
export function useFakeClock() {
  const clock = new FakeClock();
  beforeEach(() => clock.install());
  afterEach(() => clock.restore());
  return clock;
}
