// The way to the server: straight, or by the outbox, which comes a moment after the page and keeps what cannot be sent.

/**
 * @import { ApiClient } from "./api_client.js"
 * @import { Outbox } from "./outbox.js"
 */

const SOON_MS = 6_000; // when nothing of the page itself is still on its way; the first stroke asks for it, too

export class Waiting {
  #root;
  #api;
  #follow;
  /** @type {Promise<Outbox | null> | null} */
  #outbox = null;

  /** @param {HTMLElement} root @param {ApiClient} api @param {(outbox: Outbox) => void} follow is told when the outbox is there */
  constructor(root, api, follow = () => {}) {
    this.#root = root;
    this.#api = api;
    this.#follow = follow;
    addEventListener("load", () => setTimeout(() => this.open(), SOON_MS));
  }

  /** The outbox, or null where the line went down before it came. */
  open() {
    this.#outbox ??= this.#fetch().catch(() => {
      this.#outbox = null; // another time
      return null;
    });
    return this.#outbox;
  }

  async way() {
    return (await this.open()) ?? this.#api;
  }

  async #fetch() {
    const { openOn } = await import("./offline.js");
    const outbox = await openOn(this.#root);
    this.#follow(outbox);
    return outbox;
  }
}
