// Messages to the server, in order, one at a time. A lost connection keeps them, also through a reload, and tries again.

/** @import { Claim, Counts, Held, Message } from "./desk_types.d.ts" */

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;
const TIMEOUT_MS = 10_000;

/**
 * @typedef {object} Options
 * @property {string} key under which unsent messages are kept
 * @property {Message[]} [kept] by windows that are gone
 * @property {string} token against forgery
 * @property {Record<Message["kind"], string>} urls
 * @property {(counts: Counts) => void} onAnswer
 * @property {(message: Message, detail: string) => void} onRefused
 * @property {() => void} onChange what is unsent, or whether anything can be sent, is another
 */

export class Outbox {
  #options;
  /** @type {Message[]} */
  #messages;
  #isSending = false;
  #wait = FIRST_RETRY_MS;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #timer;
  isOffline = false;
  isSignedOut = false;

  /** @param {Options} options */
  constructor(options) {
    this.#options = options;
    this.#messages = [...this.#restore(), ...(options.kept ?? [])];
    if (options.kept?.length) this.#keep();
    window.addEventListener("online", () => this.#retryNow());
  }

  get size() {
    return this.#messages.length;
  }

  /** @param {Message["kind"]} kind */
  count(kind) {
    return this.#messages.filter((message) => message.kind === kind).length;
  }

  ids() {
    return this.#messages.map((message) => message.id);
  }

  /** @param {Message} message */
  push(message) {
    this.#messages.push(message);
    this.#keep();
    this.pump();
  }

  /** Take back what has not been sent. The first message may be under way, so it counts as sent. @param {string} id */
  withdraw(id) {
    const at = this.#messages.findLastIndex(
      (message) => message.id === id && message.kind !== "undo" && message.kind !== "note",
    );
    if (at < 0 || (at === 0 && this.#isSending)) return false;
    this.#messages.splice(at, 1);
    this.#keep();
    return true;
  }

  async pump() {
    if (this.#isSending || this.isSignedOut) return;
    this.#isSending = true;
    while (this.#messages.length > 0) {
      const message = this.#messages[0];
      const { status, body } = await this.#post(this.#options.urls[message.kind], message);
      if (status === 0) break;
      this.#messages.shift();
      this.#keep();
      if (status < 400) this.#options.onAnswer(body);
      else this.#options.onRefused(message, body.detail ?? "The server would not take that.");
    }
    this.#isSending = false;
    this.#options.onChange();
    if (this.#messages.length > 0 && !this.isSignedOut) this.#retryLater();
  }

  /**
   * Ask for drawings now, or say only what is held; null when there is no answer.
   *
   * @param {string} url
   * @param {Held} held
   * @returns {Promise<Claim | null>}
   */
  async claim(url, held) {
    const { status, body } = await this.#post(url, held);
    return status >= 200 && status < 400 ? body : null;
  }

  /** @param {string} url @param {object} message */
  farewell(url, message) {
    fetch(url, { ...this.#request(message), keepalive: true }).catch(() => {});
  }

  /** @param {object} message @returns {RequestInit} */
  #request(message) {
    return {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.#options.token },
      body: JSON.stringify(message),
      redirect: "manual",
    };
  }

  /**
   * Status 0: it may or may not have arrived. The server takes the same decision twice without harm.
   *
   * @param {string} url
   * @param {object} message
   */
  async #post(url, message) {
    try {
      const response = await fetch(url, { ...this.#request(message), signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (response.type === "opaqueredirect" || response.status === 403) {
        this.isSignedOut = true; // the session is over; what is unsent waits for the next one
        return { status: 0, body: {} };
      }
      if (response.status >= 500) throw new Error(`status ${response.status}`);
      this.isOffline = false;
      this.#wait = FIRST_RETRY_MS;
      return { status: response.status, body: await response.json() };
    } catch {
      this.isOffline = true;
      return { status: 0, body: {} };
    } finally {
      this.#options.onChange();
    }
  }

  #retryLater() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.pump(), this.#wait);
    this.#wait = Math.min(LAST_RETRY_MS, this.#wait * 2);
  }

  #retryNow() {
    this.#wait = FIRST_RETRY_MS;
    this.pump();
  }

  #keep() {
    try {
      localStorage.setItem(this.#options.key, JSON.stringify(this.#messages));
    } catch {
      // storage is full or switched off: the decisions live as long as the page
    }
  }

  #restore() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.#options.key) ?? "[]");
      return Array.isArray(kept) ? kept : [];
    } catch {
      return [];
    }
  }
}
