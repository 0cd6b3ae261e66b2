// From a sheet to a stored label: hand in, confirm or correct, take back. One state, no pixels.

import { news, thanks } from "./answer_words.js";
import { ApiError, idempotencyKey, tellable } from "./api_client.js";
import { extent } from "./ink.js";

/**
 * @import { Alert, Step } from "./alert.js"
 * @import { ApiClient } from "./api_client.js"
 * @import { Answer, Label, StoredAnswer, Stroke } from "./api_types.d.ts"
 * @import { DrawingPad } from "./drawing_pad.js"
 * @import { ResultView } from "./result_view.js"
 */

/**
 * @typedef {{ phase: "intro" } | { phase: "drawing" } | { phase: "reading" }
 *   | { phase: "answered", answer: StoredAnswer } | { phase: "saved", answer: StoredAnswer }} State
 */

export const SPECK = 24; // canonical units; below it the pen is wider than the drawing
export const SPECK_WORDS = "That is only a speck. Draw a bit bigger."; // as the server would answer
const UNDO_MS = 10000;

export class ReadingSession {
  #api;
  #pad;
  #view;
  #alert;
  /** By sheet: handing in the same sheet again, after a failure or an undo, stores it once. @type {WeakMap<Stroke[], string>} */
  #keys = new WeakMap();
  /** The answer whose label is on its way. @type {StoredAnswer | null} */
  #labelling = null;
  /** What got stuck while the next sheet was begun. @type {{ answer: StoredAnswer, label: Label } | null} */
  #unsent = null;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #undoTimer;
  /** @type {State} */
  state = { phase: "intro" };

  /**
   * @param {ApiClient} api
   * @param {DrawingPad} pad
   * @param {ResultView} view
   * @param {Alert} alert
   */
  constructor(api, pad, view, alert) {
    this.#api = api;
    this.#pad = pad;
    this.#view = view;
    this.#alert = alert;
  }

  /** What the API takes to read the sheet. */
  get path() {
    return this.#pad.path;
  }

  /** What the API takes to keep it: the sheet as a picture and as strokes. */
  body() {
    return this.#pad.body();
  }

  /** The finished strokes, as one object. */
  get sheet() {
    return this.#pad.sheet;
  }

  get isSpeck() {
    return extent(this.#pad.strokes) < SPECK;
  }

  /** The person has said what this drawing is: the next stroke begins another, even while the label is on its way. */
  get isLabelled() {
    return this.state.phase === "saved" || this.#labelling !== null;
  }

  /** The sheet is another one: what was said about the old one no longer holds. */
  sheetChanged() {
    clearTimeout(this.#undoTimer);
    this.#labelling = null;
    if (!this.#unsent) this.#alert.clear();
    if (this.#pad.isEmpty) this.#view.blank();
    this.#enter({ phase: this.#pad.isEmpty ? "intro" : "drawing" });
  }

  /** @param {Answer} answer */
  guessed(answer) {
    if (this.state.phase === "drawing") this.#view.guess(answer);
  }

  async submit() {
    if (this.#pad.isEmpty || this.state.phase === "reading" || this.state.phase === "saved") return;
    if (this.isSpeck) {
      this.#alert.show(SPECK_WORDS);
      return;
    }
    const sheet = this.#pad.sheet;
    const isStill = () => this.state.phase === "reading" && this.#pad.sheet === sheet; // else drawn on while waiting
    await this.#attempt(
      () => this.submit(),
      async () => {
        this.#enter({ phase: "reading" });
        const answer = await this.#api.submit(await this.body(), this.#keyOf(sheet));
        if (isStill()) this.#answered(answer);
      },
    );
    if (isStill()) this.#enter({ phase: "drawing" });
    else if (this.#unsent && this.state.phase === "answered") await this.#sendUnsent(this.#unsent);
  }

  /** @param {Label} label */
  async confirm(label) {
    if (this.state.phase !== "answered" || this.#labelling) return;
    const { answer } = this.state;
    this.#labelling = answer;
    const isStill = () => this.#labelling === answer; // else the next drawing was begun while waiting
    await this.#attempt(
      () => this.confirm(label),
      async () => {
        try {
          await this.#api.confirm(answer.id, label);
        } catch (error) {
          if (isStill()) throw error;
          this.#keepUnsent({ answer, label }, tellable(error));
          return;
        }
        if (isStill()) this.#saved(answer, label);
      },
    );
    if (isStill()) this.#labelling = null;
  }

  async withdraw() {
    if (this.state.phase !== "saved") return;
    const { answer } = this.state;
    clearTimeout(this.#undoTimer);
    await this.#attempt(
      () => this.withdraw(),
      async () => {
        await this.#api.withdraw(answer.id);
        if (this.#isSaved(answer)) this.#answered(answer);
      },
    );
  }

  /** @param {StoredAnswer} answer */
  #answered(answer) {
    this.#enter({ phase: "answered", answer });
    this.#view.answer(answer);
  }

  /** @param {StoredAnswer} answer @param {Label} label */
  #saved(answer, label) {
    this.#enter({ phase: "saved", answer });
    this.#view.saved(answer, label, thanks(answer, label));
    this.#tellNews(answer);
    this.#view.undoable(true);
    this.#undoTimer = setTimeout(() => this.#view.undoable(false), UNDO_MS);
  }

  /** @param {StoredAnswer} answer */
  #isSaved(answer) {
    return this.state.phase === "saved" && this.state.answer === answer;
  }

  /** @param {Stroke[]} sheet */
  #keyOf(sheet) {
    const key = this.#keys.get(sheet) ?? idempotencyKey();
    this.#keys.set(sheet, key);
    return key;
  }

  /**
   * The label of a drawing that has left the paper did not arrive: say so, and offer to send it again.
   *
   * @param {{ answer: StoredAnswer, label: Label }} unsent
   * @param {ApiError} error
   */
  #keepUnsent(unsent, error) {
    const isHopeless = ["gone", "decided"].includes(error.code);
    this.#unsent = isHopeless ? null : unsent;
    const sentence = `What you said of the last drawing is not saved. ${error.message}`;
    this.#alert.show(sentence, isHopeless ? null : () => this.#sendUnsent(unsent));
  }

  /** @param {{ answer: StoredAnswer, label: Label }} unsent */
  async #sendUnsent(unsent) {
    try {
      await this.#api.confirm(unsent.answer.id, unsent.label);
      this.#unsent = null;
      this.#alert.clear();
    } catch (error) {
      this.#keepUnsent(unsent, tellable(error));
    }
  }

  /** What the label adds up to. A courtesy: without it the thanks stand alone. @param {StoredAnswer} answer */
  async #tellNews(answer) {
    try {
      const { totals, versions } = await this.#api.progress();
      const newest = versions[0]?.number ?? answer.model_version;
      if (this.#isSaved(answer)) this.#view.news(news(totals, newest));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  /** @param {State} state */
  #enter(state) {
    this.state = state;
    this.#view.phase(state.phase);
  }

  /**
   * Run one call; if it fails, the drawing stays, the sentence says what to do and `again` does it.
   *
   * @param {Step} again
   * @param {() => Promise<void>} call
   */
  async #attempt(again, call) {
    this.#alert.clear();
    this.#view.busy(true);
    try {
      await call();
    } catch (error) {
      this.#explain(tellable(error), again);
    } finally {
      this.#view.busy(false);
    }
  }

  /** @param {ApiError} error @param {Step} again */
  #explain(error, again) {
    if (error.code === "gone") {
      // The cookie expired or is blocked. The ink is here: hand it in afresh, then ask again.
      this.#keys.delete(this.#pad.sheet);
      this.#enter({ phase: "drawing" });
      const help = navigator.cookieEnabled
        ? "Read it again, then tell me."
        : "Cookies are blocked here, so I cannot tell whose drawing it is; allow them for this site to correct me.";
      this.#alert.show(`${error.message} ${help}`, () => this.submit(), "Read it again");
      return;
    }
    this.#alert.show(error.message, error.code === "decided" ? null : again);
  }
}
