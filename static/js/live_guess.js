// A guess while the pen moves: debounced, one request in flight, answers to a sheet that is gone dropped.

import { ApiError } from "./api_client.js";

/** @import { Answer } from "./api_types.d.ts" */

const WHILE_DRAWING_MS = 350; // often enough to feel alive, rare enough for a phone's radio
const AFTER_PEN_UP_MS = 20; // a held Ctrl+Z turns more sheets than that
const QUIET_SECONDS = 2; // after a failure that did not say for how long

export class LiveGuess {
  #ask;
  #show;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  /** @type {AbortController | null} */
  #inFlight = null;
  #isStale = false;
  #quietUntil = 0;

  /**
   * @param {(signal: AbortSignal) => Promise<Answer | null>} ask null where there is nothing to guess yet
   * @param {(answer: Answer) => void} show puts it on the page
   */
  constructor(ask, show) {
    this.#ask = ask;
    this.#show = show;
  }

  penMoved() {
    if (this.#timer === undefined) this.#runAfter(WHILE_DRAWING_MS);
  }

  penLifted() {
    clearTimeout(this.#timer);
    this.#runAfter(AFTER_PEN_UP_MS);
  }

  /** Forget what was asked: the sheet was cleared, turned or handed in. */
  cancel() {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#isStale = false;
    this.#inFlight?.abort();
    this.#inFlight = null;
  }

  /** @param {number} ms */
  #runAfter(ms) {
    this.#timer = setTimeout(() => this.#run(), ms);
  }

  async #run() {
    this.#timer = undefined;
    if (this.#inFlight) {
      this.#isStale = true; // ask once more when this one is back
      return;
    }
    const quiet = this.#quietUntil - performance.now();
    if (quiet > 0) {
      this.#runAfter(quiet);
      return;
    }
    const request = new AbortController();
    this.#inFlight = request;
    try {
      const answer = await this.#ask(request.signal);
      if (answer && !request.signal.aborted) this.#show(answer);
    } catch (error) {
      // A guess is a courtesy: what is wrong is said when the person hands the drawing in.
      // One that was given up says nothing about the server.
      if (!request.signal.aborted) this.#quietUntil = performance.now() + 1000 * quietSeconds(error);
    }
    if (this.#inFlight !== request) return;
    this.#inFlight = null;
    if (this.#isStale) {
      this.#isStale = false;
      this.#run();
    }
  }
}

/** @param {unknown} error */
const quietSeconds = (error) => (error instanceof ApiError && error.retryAfter) || QUIET_SECONDS;
