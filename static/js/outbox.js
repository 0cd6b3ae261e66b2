// What could not be sent waits here, in order: drawings, what was said of them, and where one person's turn ended. Each arrives once.

import { ApiError, idempotencyKey, tellable } from "./api_client.js";
import { say } from "./words.js";

/**
 * @import { ApiClient } from "./api_client.js"
 * @import { DrawingRequestRequest, Label, StatusEnum, StoredAnswer } from "./api_types.d.ts"
 * @import { Change, Held } from "./held_store.js"
 */

/**
 * @typedef {object} Store see held_store.js
 * @property {boolean} isLasting whether it outlives the page
 * @property {() => Promise<string[]>} keys
 * @property {() => Promise<Held | undefined>} first
 * @property {(held: Held) => Promise<void>} add
 * @property {(key: string, change: Change) => Promise<Held | null>} change
 * @property {() => Promise<void>} clear
 */

/** @typedef {{ key: string, id: string, answer: StoredAnswer | null, label: Label | undefined, status?: StatusEnum }} Sent */

export const MOST = 500; // of 10 to 20 KB each: an afternoon's worth, and less than any browser lets a site keep
const FIRST_RETRY_MS = 5_000;
const LAST_RETRY_MS = 60_000;
const MOST_TRIES = 30; // of what the server stumbles over, half an hour's worth: what waits behind it must go on one day
const END = "end:";
const LOCK = "digitre-outbox";

/** Events: "change" (more or less waits), "sent" (one has arrived: `Sent`), "refused" (one never will: `ApiError`). */
export class Outbox extends EventTarget {
  #api;
  #store;
  /** @type {string[]} */
  #keys = [];
  /** By key, of what this page has sent. @type {Map<string, StoredAnswer>} */
  #answers = new Map();
  /** By key: how often the server stumbled over it. @type {Map<string, number>} */
  #tries = new Map();
  /** @type {Promise<void> | null} */
  #sending = null;
  /** What kept the last one from being sent. @type {ApiError | null} */
  #trouble = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  #wait = FIRST_RETRY_MS;

  /** @param {ApiClient} api @param {Store} store */
  constructor(api, store) {
    super();
    this.#api = api;
    this.#store = store;
  }

  /** @param {ApiClient} api @param {Store} store */
  static async open(api, store) {
    const outbox = new Outbox(api, store);
    await outbox.#recount();
    return outbox;
  }

  /** How many drawings and labels wait. */
  get size() {
    return this.#keys.filter((key) => !key.startsWith(END)).length;
  }

  get isEmpty() {
    return this.#keys.length === 0;
  }

  /** The server still takes whoever sits here for the one before. */
  get isBetweenPeople() {
    return this.#keys.some((key) => key.startsWith(END));
  }

  /** @param {string} key or the id of a stored drawing */
  has(key) {
    return this.#keys.includes(key);
  }

  get isLasting() {
    return this.#store.isLasting;
  }

  /**
   * Hand a drawing in, after all that waits. Where that cannot be now it waits, too, and the error says so.
   *
   * @param {DrawingRequestRequest} body
   * @param {string} key
   * @returns {Promise<StoredAnswer>}
   */
  async submit(body, key) {
    if (!this.isEmpty) await this.send();
    const sent = this.#answers.get(key);
    if (sent) return sent;
    try {
      if (this.#trouble && !this.isEmpty) throw this.#trouble;
      return await this.#api.submit(body, key);
    } catch (error) {
      throw await this.#heldAfter(error, { key, body });
    }
  }

  /**
   * Say what a stored drawing is. Where that cannot be now it waits, and the error says so.
   *
   * @param {string} id
   * @param {Label} label
   */
  async confirm(id, label) {
    if (this.has(id)) await this.#say(id, label); // what was said before must not arrive after it
    try {
      return await this.#api.confirm(id, label);
    } catch (error) {
      throw await this.#heldAfter(error, { key: id, id, label });
    }
  }

  /**
   * Say what a drawing is that waits, or take that back.
   *
   * @param {string} key
   * @param {Label | undefined} label
   */
  async label(key, label) {
    if (await this.#say(key, label)) return;
    const id = this.#answers.get(key)?.id ?? key; // it has been sent just now
    await (label === undefined ? this.#api.withdraw(id) : this.confirm(id, label));
  }

  /** Take back what was said of a stored drawing, wherever that is by now. @param {string} id */
  async withdraw(id) {
    if (!this.has(id)) return await this.#api.withdraw(id);
    await this.#store.change(id, () => null);
    await this.#recount();
    return null;
  }

  /** What comes from here on is another person's. */
  async endTurn() {
    await this.#hold({ key: `${END}${idempotencyKey()}`, isEnd: true });
  }

  async clear() {
    await this.#store.clear();
    await this.#recount();
  }

  /** Send what waits, as far as that goes now; what is left is tried again by itself. */
  send() {
    this.#sending ??= this.#alone(() => this.#sendAll()).finally(() => {
      this.#sending = null;
    });
    return this.#sending;
  }

  /** Of several tabs one sends. Without locks two may: the server takes the same thing twice without harm. @param {() => Promise<void>} work @returns {Promise<void>} */
  async #alone(work) {
    await (globalThis.navigator?.locks ? navigator.locks.request(LOCK, work) : work());
  }

  async #sendAll() {
    clearTimeout(this.#timer);
    this.#trouble = null;
    for (;;) {
      await this.#recount();
      const held = await this.#store.first();
      if (!held) break;
      try {
        await (held.isEnd ? this.#sendEnd(held) : this.#sendDrawing(held));
      } catch (error) {
        const trouble = tellable(error);
        if (this.#isWorthAnotherTry(held.key, trouble)) {
          this.#trouble = trouble;
          break;
        }
        await this.#store.change(held.key, () => null);
        this.dispatchEvent(new CustomEvent("refused", { detail: trouble }));
      }
    }
    if (this.#trouble) this.#sendLater(this.#trouble.retryAfter);
    else this.#wait = FIRST_RETRY_MS;
  }

  /** @param {Held} held */
  async #sendEnd({ key }) {
    await this.#api.call("POST", this.#api.url("nextUrl"));
    await this.#store.change(key, () => null);
  }

  /**
   * The drawing first, then what was said of it: also what is said while it is on its way.
   *
   * @param {Held} held
   */
  async #sendDrawing({ key, body, ...held }) {
    let { id, label } = held;
    const answer = body && !id ? await this.#api.submit(body, key) : null;
    if (answer) {
      this.#answers.set(key, answer);
      id = answer.id;
      await this.#store.change(key, ({ body, ...now }) => ({ ...now, id }));
    }
    const stored = /** @type {string} */ (id);
    /** @type {Label | undefined} */
    let known;
    /** @type {StatusEnum | undefined} */
    let status;
    for (let isSettled = false; !isSettled; ) {
      if (label === undefined && known !== undefined) await this.#api.withdraw(stored);
      else if (label !== known) ({ status } = await this.#api.confirm(stored, /** @type {Label} */ (label)));
      known = label;
      const left = await this.#store.change(key, (now) => (now.label === known ? null : now));
      isSettled = left === null;
      label = left?.label;
    }
    this.#tries.delete(key);
    this.dispatchEvent(new CustomEvent("sent", { detail: { key, id: stored, answer, label: known, status } }));
  }

  /** @param {string} key @param {ApiError} trouble */
  #isWorthAnotherTry(key, trouble) {
    if (!trouble.isPassing) return false;
    if (trouble.isOfTheWay) return true;
    const tries = (this.#tries.get(key) ?? 0) + 1;
    this.#tries.set(key, tries);
    return tries < MOST_TRIES;
  }

  /** @param {number | null} seconds that the server asked for */
  #sendLater(seconds) {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.send(), seconds ? 1_000 * seconds : this.#wait);
    this.#wait = Math.min(LAST_RETRY_MS, 2 * this.#wait);
  }

  /** @param {string} key @param {Label | undefined} label */
  async #say(key, label) {
    return (await this.#store.change(key, (held) => ({ ...held, label }))) !== null;
  }

  /**
   * Keep what failed, if another try may help.
   *
   * @param {unknown} error
   * @param {Held} held
   * @returns {Promise<ApiError>} the same, and whether it waits
   */
  async #heldAfter(error, held) {
    const trouble = tellable(error);
    if (!trouble.isPassing) return trouble;
    await this.#hold(held);
    this.#sendLater(trouble.retryAfter);
    return trouble.thatIsHeld();
  }

  /** @param {Held} held */
  async #hold(held) {
    const isThere = await this.#store.change(held.key, (before) => ({ ...before, ...held }));
    if (!isThere) {
      if (this.#keys.length >= MOST) throw new ApiError("full", say("outbox_full"));
      try {
        await this.#store.add(held);
      } catch {
        throw new ApiError("full", say("outbox_full")); // the device is
      }
    }
    await this.#recount();
  }

  async #recount() {
    const before = this.#keys.length;
    this.#keys = await this.#store.keys();
    if (this.#keys.length !== before) this.dispatchEvent(new Event("change"));
  }
}
