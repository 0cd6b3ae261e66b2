// From a sheet to a stored label: hand in, confirm or correct, take back. One state, no pixels.

import { ApiError, idempotencyKey, tellable } from "./api_client.js";
import { extent } from "./ink.js";
import { thanks } from "./thanks.js";
import { say } from "./words.js";

/**
 * @import { Alert, Step } from "./alert.js"
 * @import { ApiClient } from "./api_client.js"
 * @import { Answer, DrawingRequestRequest, Label, StatusEnum, StoredAnswer, Stroke } from "./api_types.d.ts"
 * @import { DrawingPad } from "./drawing_pad.js"
 * @import { LateView } from "./late_view.js"
 */

/**
 * @typedef {{ phase: "intro" } | { phase: "drawing" } | { phase: "reading" }
 *   | { phase: "answered", answer: StoredAnswer }
 *   | { phase: "saved", answer: StoredAnswer, label: Label, status?: StatusEnum }} State
 */

/** @typedef {{ state: State, key: string | null }} Kept what is known of a sheet while the page is away */

export const SPECK = 24; // canonical units; below it the pen is wider than the drawing

/** @param {Answer} answer */
export const isSure = (answer) => answer.kind === "digit" && answer.certainty === "very sure";

export class ReadingSession {
  #api;
  #pad;
  #view;
  #alert;
  /** By sheet: handing in the same sheet again, after a failure or an undo, stores it once. @type {WeakMap<Stroke[], string>} */
  #keys = new WeakMap();
  /** @type {Answer | null} */
  #guess = null;
  /** Stands for the label that is on its way. @type {object | null} */
  #labelling = null;
  /** Of which it was asked whether it really is no digit. @type {Answer | null} */
  #doubted = null;
  /** Sends what got stuck while the next sheet was begun. @type {(() => Promise<unknown>) | null} */
  #unsent = null;
  /** How often in a row a drawing was nobody's by the time it got its label. */
  #keysLost = 0;
  /** @type {State} */
  state = { phase: "intro" };

  /**
   * @param {ApiClient} api
   * @param {DrawingPad} pad
   * @param {LateView} view
   * @param {Alert} alert
   */
  constructor(api, pad, view, alert) {
    this.#api = api;
    this.#pad = pad;
    this.#view = view;
    this.#alert = alert;
  }

  get path() {
    return this.#pad.path;
  }

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
    this.#labelling = null;
    this.#guess = null;
    if (!this.#unsent) this.#alert.clear();
    if (this.#pad.isEmpty) this.#view.blank();
    this.#enter({ phase: this.#pad.isEmpty ? "intro" : "drawing" });
  }

  /** @param {Answer} answer */
  guessed(answer) {
    if (this.state.phase !== "drawing") return;
    this.#guess = answer;
    this.#view.guess(answer, this.#pad.isDrawing);
  }

  async submit() {
    if (this.#pad.isEmpty || ["reading", "saved"].includes(this.state.phase)) return;
    if (this.#isRefusedAsSpeck()) return;
    const sheet = this.#pad.sheet;
    const isStill = () => this.state.phase === "reading" && this.#pad.sheet === sheet; // else drawn on while waiting
    await this.#attempt(
      () => this.submit(),
      async () => {
        this.#enter({ phase: "reading" });
        this.#view.reading();
        const answer = await this.#api.submit(await this.body(), this.#keyOf(sheet));
        if (isStill()) this.#answered(answer);
      },
    );
    if (isStill()) this.#goOnDrawing();
    else if (this.#unsent && this.state.phase === "answered") await this.#sendUnsent(this.#unsent);
  }

  /**
   * Say what the drawing is. A guess can be confirmed or corrected where it stands: that hands the drawing in.
   *
   * @param {Label} label
   */
  async confirm(label) {
    const said = this.#saidOfSheet();
    if (!said || this.#labelling || this.#isDoubtful(said, label) || this.#isRefusedAsSpeck()) return;
    const labelling = {};
    this.#labelling = labelling;
    const isStill = () => this.#labelling === labelling; // else the next drawing was begun while waiting
    const { send, stored } = this.#delivery(label);
    await this.#attempt(
      () => this.confirm(label),
      async () => {
        try {
          if (!stored()) {
            this.#enter({ phase: "reading" });
            this.#view.reading();
          }
          const { answer, status } = await send();
          this.#keysLost = 0;
          if (isStill()) this.#saved(answer, label, status);
        } catch (error) {
          if (isStill()) throw error;
          this.#keepUnsent(send, tellable(error));
        }
      },
      () => isStill() && this.#returnTo(stored()),
    );
    if (isStill()) this.#labelling = null;
  }

  /** Take the label back, for as long as the drawing is shown. */
  async withdraw() {
    if (this.state.phase !== "saved") return;
    const { answer } = this.state;
    await this.#attempt(
      () => this.withdraw(),
      async () => {
        await this.#api.withdraw(answer.id);
        if (this.#isSaved(answer)) this.#answered(answer);
      },
    );
  }

  /** @returns {Kept} */
  get kept() {
    const { state } = this;
    const isUnderWay = state.phase === "reading" || state.phase === "intro";
    return { state: isUnderWay ? { phase: "drawing" } : state, key: this.#keys.get(this.#pad.sheet) ?? null };
  }

  /** Take up a sheet that lies on the pad again. @param {Kept} kept */
  restore({ state, key }) {
    if (key) this.#keys.set(this.#pad.sheet, key);
    if (state.phase === "answered") this.#answered(state.answer);
    else if (state.phase === "saved") this.#saved(state.answer, state.label, state.status);
  }

  /** The answer, or the guess that stands for one once the pen is up. */
  #saidOfSheet() {
    if (this.state.phase === "answered") return this.state.answer;
    return this.state.phase === "drawing" && !this.#pad.isDrawing ? this.#guess : null;
  }

  /** "Not a digit" of what is read for sure may be a slip: it is asked about once. @param {Answer} answer @param {Label} label */
  #isDoubtful(answer, label) {
    if (label !== null || !isSure(answer) || this.#doubted === answer) return false;
    this.#doubted = answer;
    this.#view.doubt(answer);
    return true;
  }

  #isRefusedAsSpeck() {
    if (this.isSpeck) this.#alert.show(say("speck")); // as the server would answer
    return this.isSpeck;
  }

  /**
   * How the label gets there, and with it the drawing where it is not there yet. Sent again, each goes once.
   *
   * @param {Label} label
   */
  #delivery(label) {
    /** @type {StoredAnswer | null} */
    let answer = this.state.phase === "answered" ? this.state.answer : null;
    const body = answer ? undefined : this.body(); // of this sheet, whatever lies on the pad later
    const key = this.#keyOf(this.#pad.sheet);
    const send = async () => {
      answer ??= await this.#api.submit(/** @type {DrawingRequestRequest} */ (await body), key);
      const { status } = await this.#api.confirm(answer.id, label);
      return { answer, status };
    };
    return { send, stored: () => answer };
  }

  /** What was under way has failed: show what is known. @param {StoredAnswer | null} stored */
  #returnTo(stored) {
    if (!stored) this.#goOnDrawing();
    else if (this.state.phase !== "answered") this.#answered(stored);
  }

  #goOnDrawing() {
    this.#enter({ phase: "drawing" });
    if (this.#guess) this.#view.guess(this.#guess, false);
    else this.#view.blank();
  }

  /** @param {StoredAnswer} answer */
  #answered(answer) {
    this.#enter({ phase: "answered", answer });
    this.#view.answer(answer);
  }

  /** @param {StoredAnswer} answer @param {Label} label @param {StatusEnum} [status] */
  #saved(answer, label, status) {
    this.#enter({ phase: "saved", answer, label, status });
    this.#view.saved(answer, label, thanks(status));
    this.#tellNews(answer);
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
   * @param {() => Promise<unknown>} send
   * @param {ApiError} error
   */
  #keepUnsent(send, error) {
    this.#unsent = error.isFinal ? null : send;
    const sentence = `${say("unsent")} ${error.message}`;
    this.#alert.show(sentence, error.isFinal ? null : () => this.#sendUnsent(send));
  }

  /** @param {() => Promise<unknown>} send */
  async #sendUnsent(send) {
    try {
      await send();
      this.#unsent = null;
      this.#alert.clear();
    } catch (error) {
      this.#keepUnsent(send, tellable(error));
    }
  }

  /** What the label adds up to. A courtesy: without it the thanks stand alone. @param {StoredAnswer} answer */
  async #tellNews(answer) {
    try {
      const { totals, versions } = await this.#api.progress();
      const newest = versions[0]?.number ?? answer.model_version;
      if (this.#isSaved(answer)) this.#view.news(totals, newest);
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
   * @param {() => unknown} failed what else there is to do then
   */
  async #attempt(again, call, failed = () => {}) {
    this.#alert.clear();
    this.#view.busy(true);
    try {
      await call();
    } catch (error) {
      failed();
      this.#explain(tellable(error), again);
    } finally {
      this.#view.busy(false);
    }
  }

  /** @param {ApiError} error @param {Step} again */
  #explain(error, again) {
    if (error.code === "gone") {
      // The cookie expired or is blocked. The ink is here: hand it in afresh, then ask again.
      // Where it is gone again right after that, reading it a third time would only store it a third time.
      const isBlocked = this.#keysLost > 0 || !navigator.cookieEnabled;
      this.#keysLost += 1;
      this.#keys.delete(this.#pad.sheet);
      this.#enter({ phase: "drawing" });
      if (isBlocked) this.#alert.show(`${error.message} ${say("no_cookies")}`);
      else this.#alert.show(`${error.message} ${say("read_then_tell")}`, () => this.submit(), say("read_again"));
      return;
    }
    this.#alert.show(error.message, error.isFinal ? null : again);
  }
}
