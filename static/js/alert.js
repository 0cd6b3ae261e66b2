// The sentence that says what went wrong, with a button that does something about it.

import { tellable } from "./api_client.js";
import { find, part } from "./parts.js";
import { say } from "./words.js";

/** @typedef {() => unknown} Step */

export class Alert {
  #box;
  #words;
  #button;
  /** @type {Step | null} */
  #again = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#box = part(root, "alert");
    this.#words = part(root, "alert-words");
    this.#button = find(root, "[data-part=alert-action]", HTMLButtonElement);
  }

  /**
   * Show a sentence, and a button if there is something to be done.
   *
   * @param {string} sentence
   * @param {Step | null} again
   * @param {string} action what the button says
   */
  show(sentence, again = null, action = say("try_again")) {
    this.#again = again;
    this.#words.textContent = sentence;
    this.#button.textContent = again ? action : "";
    this.#button.hidden = !again;
    this.#box.hidden = false;
  }

  clear() {
    this.#again = null;
    this.#words.textContent = "";
    this.#box.hidden = true;
  }

  /** Do what the button offers, once. */
  retry() {
    const again = this.#again;
    this.#again = null;
    return again?.();
  }

  /**
   * Run one call; if it fails, the sentence says what to do and `again` does it.
   *
   * @param {Step} again
   * @param {() => Promise<void>} call
   */
  async attempt(again, call) {
    this.clear();
    try {
      await call();
    } catch (error) {
      const { message, isFinal } = tellable(error);
      this.show(message, isFinal ? null : again);
    }
  }
}
