// Messages to the server, in order, one at a time. A lost connection keeps them, also through a reload, and tries again.

const FIRST_RETRY_MS = 1_000;
const LAST_RETRY_MS = 15_000;
const TIMEOUT_MS = 10_000;

export class Outbox {
  constructor({ key, token, urls, onAnswer, onRefused, onChange }) {
    Object.assign(this, { key, token, urls, onAnswer, onRefused, onChange });
    this.messages = this.#restore();
    this.isOffline = this.isSignedOut = this.isSending = false;
    this.wait = FIRST_RETRY_MS;
    window.addEventListener("online", () => this.#retryNow());
  }

  get size() {
    return this.messages.length;
  }

  count(kind) {
    return this.messages.filter((message) => message.kind === kind).length;
  }

  ids() {
    return this.messages.map((message) => message.id);
  }

  push(message) {
    this.messages.push(message);
    this.#keep();
    this.pump();
  }

  // Take back what has not been sent. The first message may be under way, so it counts as sent.
  withdraw(id) {
    const at = this.messages.findLastIndex((message) => message.id === id && message.kind !== "undo");
    if (at < 0 || (at === 0 && this.isSending)) return false;
    this.messages.splice(at, 1);
    this.#keep();
    return true;
  }

  async pump() {
    if (this.isSending || this.isSignedOut) return;
    this.isSending = true;
    while (this.messages.length) {
      const message = this.messages[0];
      const { status, body } = await this.#post(this.urls[message.kind], message);
      if (status === 0) break;
      this.messages.shift();
      this.#keep();
      if (status < 400) this.onAnswer(body);
      else this.onRefused(message, body.detail ?? "The server would not take that.");
    }
    this.isSending = false;
    this.onChange();
    if (this.messages.length && !this.isSignedOut) this.#retryLater();
  }

  // A question whose answer is wanted now; null when there is none.
  async ask(kind, message) {
    const { status, body } = await this.#post(this.urls[kind], message);
    return status >= 200 && status < 400 ? body : null;
  }

  farewell(url, message) {
    fetch(url, { ...this.#request(message), keepalive: true }).catch(() => {});
  }

  #request(message) {
    return {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRFToken": this.token },
      body: JSON.stringify(message),
      redirect: "manual",
    };
  }

  // Status 0: it may or may not have arrived. The server takes the same decision twice without harm.
  async #post(url, message) {
    try {
      const response = await fetch(url, { ...this.#request(message), signal: AbortSignal.timeout(TIMEOUT_MS) });
      if (response.type === "opaqueredirect" || response.status === 403) {
        this.isSignedOut = true; // the session is over; what is unsent waits for the next one
        return { status: 0, body: {} };
      }
      if (response.status >= 500) throw new Error(`status ${response.status}`);
      this.isOffline = false;
      this.wait = FIRST_RETRY_MS;
      return { status: response.status, body: await response.json() };
    } catch {
      this.isOffline = true;
      return { status: 0, body: {} };
    } finally {
      this.onChange();
    }
  }

  #retryLater() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.pump(), this.wait);
    this.wait = Math.min(LAST_RETRY_MS, this.wait * 2);
  }

  #retryNow() {
    this.wait = FIRST_RETRY_MS;
    this.pump();
  }

  #keep() {
    try {
      localStorage.setItem(this.key, JSON.stringify(this.messages));
    } catch {
      // storage is full or switched off: the decisions live as long as the page
    }
  }

  #restore() {
    try {
      const kept = JSON.parse(localStorage.getItem(this.key) ?? "[]");
      return Array.isArray(kept) ? kept : [];
    } catch {
      return [];
    }
  }
}
