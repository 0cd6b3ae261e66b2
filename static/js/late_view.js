// The answer panel comes with the first stroke, and its words with it: what draws must be there at once, what reads need not.

import { ApiError } from "./api_client.js";
import { showPhase } from "./phases.js";
import { learn, say } from "./words.js";

/**
 * @import { Alert } from "./alert.js"
 * @import { Answer, Label, StatusEnum, Totals } from "./api_types.d.ts"
 * @import { State } from "./reading_session.js"
 * @import { ResultView } from "./result_view.js"
 */

/** @typedef {(view: ResultView) => void} Show */

export class LateView {
  #root;
  #alert;
  /** @type {ResultView | null} */
  #view = null;
  /** What is to be shown once the panel is there, in this order. @type {Show[]} */
  #waiting = [];
  #isOnItsWay = false;

  /** @param {HTMLElement} root whose data- attributes say where the words are @param {Alert} alert */
  constructor(root, alert) {
    this.#root = root;
    this.#alert = alert;
  }

  /** Show what belongs to a phase: at once, or after what is still to be shown. @param {State["phase"]} name */
  phase(name) {
    if (this.#waiting.length === 0) showPhase(this.#root, name);
    else this.#show(() => showPhase(this.#root, name));
  }

  /** @param {boolean} isBusy */
  busy(isBusy) {
    this.#root.setAttribute("aria-busy", String(isBusy));
  }

  blank() {
    this.#show((view) => view.blank());
  }

  /** @param {Answer} answer @param {boolean} isPenDown */
  guess(answer, isPenDown) {
    this.#show((view) => view.guess(answer, isPenDown));
  }

  reading() {
    this.#show((view) => view.reading());
  }

  /** @param {Answer} answer */
  answer(answer) {
    this.#show((view) => view.answer(answer));
  }

  /** @param {Answer} answer */
  doubt(answer) {
    this.#show((view) => view.doubt(answer));
  }

  held() {
    this.#show((view) => view.held());
  }

  /** @param {Answer | null} answer @param {Label} label @param {StatusEnum | null} status */
  saved(answer, label, status) {
    this.#show((view) => view.saved(answer, label, status));
  }

  /** @param {Totals} totals @param {number} version the newest */
  news(totals, version) {
    this.#show((view) => view.news(totals, version));
  }

  /** @param {Show} show */
  #show(show) {
    if (this.#view) return show(this.#view);
    this.#waiting.push(show);
    if (!this.#isOnItsWay) this.#fetch();
  }

  async #fetch() {
    this.#isOnItsWay = true;
    try {
      // Named too, so that it does not wait for the module that needs it
      const modules = [import("./result_view.js"), import("./answer_words.js")];
      learn(await this.#words());
      const { ResultView } = /** @type {typeof import("./result_view.js")} */ ((await Promise.all(modules))[0]);
      this.#view = new ResultView(this.#root);
      for (const show of this.#waiting.splice(0)) show(this.#view);
    } catch (error) {
      if (!(error instanceof TypeError || error instanceof ApiError)) throw error; // which is what failed fetches are
      this.#alert.show(say("unreachable"), () => this.#fetch());
    } finally {
      this.#isOnItsWay = false;
    }
  }

  async #words() {
    const response = await fetch(this.#root.dataset.wordsUrl ?? "");
    if (!response.ok) throw new ApiError("unavailable", say("failed"));
    return response.json();
  }
}
