// From a sheet to a stored label: hand in, confirm or correct, take back. One state, no pixels.

import { ApiError, idempotencyKey, tellable } from "./api_client.js";
import { extent } from "./ink.js";
import { say } from "./words.js";

/**
 * @import { Alert, Step } from "./alert.js"
 * @import { ApiClient } from "./api_client.js"
 * @import { Answer, DrawingRequestRequest, Label, StatusEnum, StoredAnswer, Stroke } from "./api_types.d.ts"
 * @import { DrawingPad } from "./drawing_pad.js"
 * @import { LateView } from "./late_view.js"
 * @import { Sent } from "./outbox.js"
 * @import { Waiting } from "./waiting.js"
 */

/**
 * @typedef {{ phase: "intro" } | { phase: "drawing" } | { phase: "reading" }
 *   | { phase: "answered", answer: StoredAnswer } | { phase: "held" }
 *   | { phase: "saved", answer: StoredAnswer | null, label: Label, status?: StatusEnum, isHeld?: boolean }} State a drawing that
 * waits for the network has no answer, and a label that waits is held
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
  #waiting;
  /** By sheet: handing in the same sheet again, after a failure or an undo, stores it once. @type {WeakMap<Stroke[], string>} */
  #keys = new WeakMap();
  /** By sheet: what is sent again is the very same. @type {WeakMap<Stroke[], Promise<DrawingRequestRequest>>} */
  #bodies = new WeakMap();
  /** @type {Answer | null} */
  #guess = null;
  /** Stands for the label that is on its way. @type {object | null} */
  #labelling = null;
  /** Of which it was asked whether it really is no digit. @type {Answer | null} */
  #doubted = null;
  /** How often in a row a drawing was nobody's by the time it got its label. */
  #keysLost = 0;
  /** @type {State} */
  state = { phase: "intro" };

  /**
   * @param {ApiClient} api
   * @param {DrawingPad} pad
   * @param {LateView} view
   * @param {Alert} alert
   * @param {Waiting} waiting
   */
  constructor(api, pad, view, alert, waiting) {
    this.#api = api;
    this.#waiting = waiting;
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
    return !this.#pad.picture && extent(this.#pad.strokes) < SPECK;
  }

  /** The person has said what this drawing is: the next stroke begins another, even while the label is on its way. */
  get isLabelled() {
    return this.state.phase === "saved" || this.#labelling !== null;
  }

  /** The sheet is another one: what was said about the old one no longer holds. */
  sheetChanged() {
    this.#labelling = null;
    this.#guess = null;
    this.#alert.clear();
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
        const way = await this.#waiting.way();
        const answer = await way.submit(await this.#bodyOf(sheet), this.#keyOf(sheet));
        if (isStill()) this.#answered(answer);
      },
      (error) => isStill() && (error.isHeld ? this.#held() : this.#goOnDrawing()),
    );
  }

  /**
   * Say what the drawing is. A guess can be confirmed or corrected where it stands: that hands the drawing in.
   *
   * @param {Label} label
   */
  async confirm(label) {
    if (this.state.phase === "held") return await this.#confirmHeld(label);
    const said = this.#saidOfSheet();
    if (!said || this.#labelling || this.#isDoubtful(said, label) || this.#isRefusedAsSpeck()) return;
    const labelling = {};
    this.#labelling = labelling;
    const isStill = () => this.#labelling === labelling; // else the next drawing was begun while waiting
    const { sheet } = this.#pad;
    const body = this.state.phase === "answered" ? null : this.#bodyOf(sheet); // of this sheet, whatever lies on the pad later
    let answer = this.state.phase === "answered" ? this.state.answer : null;
    await this.#attempt(
      () => this.confirm(label),
      async () => {
        try {
          if (body) {
            this.#enter({ phase: "reading" });
            this.#view.reading();
          }
          const way = await this.#waiting.way();
          answer ??= await way.submit(/** @type {DrawingRequestRequest} */ (await body), this.#keyOf(sheet));
          const { status } = await way.confirm(answer.id, label);
          this.#keysLost = 0;
          if (isStill()) this.#saved({ answer, label, status });
        } catch (error) {
          if (!(error instanceof ApiError && error.isHeld)) throw error;
          if (!answer) await this.#labelHeld(sheet, label); // else the label alone waits
          if (isStill()) this.#saved({ answer, label, isHeld: true });
        }
      },
      () => isStill() && this.#returnTo(answer),
      () => (isStill() ? "" : say("unsent")),
    );
    if (isStill()) this.#labelling = null;
  }

  /** What waited has arrived, and perhaps it still lies here. @param {Sent} sent */
  delivered({ key, id, answer, status }) {
    const { state } = this;
    if (state.phase === "held" && answer && this.#keys.get(this.#pad.sheet) === key) {
      this.#alert.clear();
      this.#answered(answer);
    } else if (state.phase === "saved" && state.isHeld) {
      const known = answer ?? state.answer;
      const isThis = state.answer ? state.answer.id === id : this.#keys.get(this.#pad.sheet) === key;
      if (known && isThis) this.#saved({ answer: known, label: state.label, status });
    }
  }

  /** Take the label back, for as long as the drawing is shown. */
  async withdraw() {
    if (this.state.phase !== "saved") return;
    const { state } = this;
    const { answer } = state;
    await this.#attempt(
      () => this.withdraw(),
      async () => {
        if (answer) await (await this.#waiting.way()).withdraw(answer.id);
        else await this.#labelHeld(this.#pad.sheet, undefined);
        if (this.state !== state) return;
        if (answer) this.#answered(answer);
        else this.#held();
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
    if (state.phase === "held" || (state.phase === "saved" && state.isHeld)) this.#restoreHeld(state);
    else if (state.phase === "answered") this.#answered(state.answer);
    else if (state.phase === "saved") this.#saved(state);
  }

  /** It may have been sent by another page meanwhile. @param {Extract<State, { phase: "held" | "saved" }>} state */
  async #restoreHeld(state) {
    const { sheet } = this.#pad;
    const outbox = await this.#waiting.open();
    if (!outbox || this.#pad.sheet !== sheet || this.state.phase !== "drawing") return;
    const answer = state.phase === "saved" ? state.answer : null;
    const waits = outbox.has(answer?.id ?? this.#keyOf(sheet));
    if (state.phase === "saved" && (answer || waits)) this.#saved({ ...state, isHeld: waits });
    else if (waits) this.#held();
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

  /** Of a drawing that waits, and that nobody has read. @param {Label} label */
  async #confirmHeld(label) {
    const { sheet } = this.#pad;
    await this.#attempt(
      () => this.confirm(label),
      async () => {
        await this.#labelHeld(sheet, label);
        if (this.#pad.sheet === sheet && this.state.phase === "held")
          this.#saved({ answer: null, label, isHeld: true });
      },
    );
  }

  /** @param {Stroke[]} sheet @param {Label | undefined} label */
  async #labelHeld(sheet, label) {
    await (await this.#waiting.open())?.label(this.#keyOf(sheet), label);
  }

  #held() {
    this.#enter({ phase: "held" });
    this.#view.held();
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

  /** @param {Omit<Extract<State, { phase: "saved" }>, "phase">} saved */
  #saved({ answer, label, status, isHeld = false }) {
    this.#enter({ phase: "saved", answer, label, status, isHeld });
    this.#view.saved(answer, label, isHeld ? null : (status ?? "unconfirmed"));
    if (answer && !isHeld) this.#tellNews(answer);
  }

  /** @param {StoredAnswer} answer */
  #isSaved(answer) {
    return this.state.phase === "saved" && this.state.answer === answer;
  }

  /** Of the sheet that lies on the pad. @param {Stroke[]} sheet */
  #bodyOf(sheet) {
    const body = this.#bodies.get(sheet) ?? this.body();
    this.#bodies.set(sheet, body);
    return body;
  }

  /** @param {Stroke[]} sheet */
  #keyOf(sheet) {
    const key = this.#keys.get(sheet) ?? idempotencyKey();
    this.#keys.set(sheet, key);
    return key;
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
    this.#view.phase(state.phase === "held" ? "drawing" : state.phase); // nothing has been read
  }

  /**
   * Run one call; if it fails, the drawing stays, the sentence says what to do and `again` does it.
   *
   * @param {Step} again
   * @param {() => Promise<void>} call
   * @param {(error: ApiError) => unknown} failed what else there is to do then
   * @param {() => string} about what the sentence is about, where that is not what lies on the paper
   */
  async #attempt(again, call, failed = () => {}, about = () => "") {
    this.#alert.clear();
    this.#view.busy(true);
    try {
      await call();
    } catch (error) {
      const trouble = tellable(error);
      failed(trouble);
      if (about()) this.#alert.show(`${about()} ${trouble.message}`);
      else this.#explain(trouble, again);
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
