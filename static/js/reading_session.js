// From a sheet to a stored label: hand in, confirm or correct, take back. One state, no pixels.

import { ApiError, idempotencyKey } from "./api_client.js";
import { SIDE, canonicalPicture, extent } from "./ink.js";

const SPECK = 24; // canonical units; below it the pen is wider than the drawing
const UNDO_MS = 10000;

export class ReadingSession {
  #api;
  #pad;
  #view;
  #keys = new WeakMap(); // by sheet: handing in the same sheet again, after a failure or an undo, stores it once
  #failed = null;
  #labelling = null; // the answer whose label is on its way
  #unsent = null; // {answer, label} that got stuck while the next sheet was begun
  #undoTimer = 0;
  state = { phase: "intro", answer: null, label: undefined };

  constructor(api, pad, view) {
    this.#api = api;
    this.#pad = pad;
    this.#view = view;
  }

  async body() {
    const strokes = this.#pad.strokes.map((points) => [...points]); // the pen goes on while the picture is made
    return { image: await canonicalPicture(strokes), strokes, canvas: { width: SIDE, height: SIDE } };
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
    if (!this.#unsent) this.#fail("");
    if (this.#pad.isEmpty) this.#view.blank();
    this.#enter(this.#pad.isEmpty ? "intro" : "drawing");
  }

  guessed(answer) {
    if (this.state.phase === "drawing") this.#view.guess(answer);
  }

  async submit() {
    if (this.#pad.isEmpty || this.state.phase === "reading" || this.state.phase === "saved") return;
    if (this.isSpeck) {
      this.#view.error("That is only a speck. Draw a bit bigger.");
      return;
    }
    const sheet = this.#pad.sheet;
    if (!this.#keys.has(sheet)) this.#keys.set(sheet, idempotencyKey());
    const isStill = () => this.state.phase === "reading" && this.#pad.sheet === sheet; // else drawn on while waiting
    await this.#attempt(() => this.submit(), async () => {
      this.#enter("reading");
      const answer = await this.#api.submit(await this.body(), this.#keys.get(sheet));
      if (!isStill()) return;
      this.state.answer = answer;
      this.#enter("answered");
      this.#view.answer(answer);
    });
    if (isStill()) this.#enter("drawing");
    else if (this.#unsent && this.state.phase === "answered") await this.#sendUnsent();
  }

  /** `label`: 0-9, or null for "not a digit". */
  async confirm(label) {
    const { answer, phase } = this.state;
    if (phase !== "answered" || this.#labelling) return;
    this.#labelling = answer;
    const isStill = () => this.#labelling === answer; // else the next drawing was begun while waiting
    await this.#attempt(() => this.confirm(label), async () => {
      try {
        await this.#api.confirm(answer.id, label);
      } catch (error) {
        if (isStill() || !(error instanceof ApiError)) throw error;
        this.#keepUnsent(answer, label, error);
        return;
      }
      if (!isStill()) return;
      this.#enter("saved");
      this.#view.saved(answer, label, thanks(answer, label));
      this.#tellNews(answer);
      this.#view.undoable(true);
      this.#undoTimer = setTimeout(() => this.#view.undoable(false), UNDO_MS);
    });
    if (isStill()) this.#labelling = null;
  }

  /** The label of a drawing that has left the paper did not arrive: say so, and offer to send it again. */
  #keepUnsent(answer, label, error) {
    const isHopeless = ["gone", "decided"].includes(error.code);
    this.#unsent = isHopeless ? null : { answer, label };
    const sentence = `What you said of the last drawing is not saved. ${error.message}`;
    this.#fail(sentence, isHopeless ? null : () => this.#sendUnsent());
  }

  async #sendUnsent() {
    const { answer, label } = this.#unsent;
    try {
      await this.#api.confirm(answer.id, label);
      this.#unsent = null;
      this.#fail("");
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#keepUnsent(answer, label, error);
    }
  }

  async withdraw() {
    const { answer, phase } = this.state;
    if (phase !== "saved") return;
    clearTimeout(this.#undoTimer);
    await this.#attempt(() => this.withdraw(), async () => {
      await this.#api.withdraw(answer.id);
      if (this.state.answer !== answer || this.state.phase !== "saved") return;
      this.#enter("answered");
      this.#view.answer(answer);
    });
  }

  /** What the label adds up to. A courtesy: without it the thanks stand alone. */
  async #tellNews(answer) {
    try {
      const { totals, versions } = await this.#api.progress();
      const newest = versions[0]?.number ?? answer.model_version;
      if (this.state.answer === answer && this.state.phase === "saved") this.#view.news(news(totals, newest));
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
    }
  }

  retry() {
    const again = this.#failed;
    this.#failed = null;
    return again?.();
  }

  #enter(phase) {
    this.state.phase = phase;
    this.#view.phase(phase);
  }

  /** Run one call; if it fails, the drawing stays, the sentence says what to do and `again` does it. */
  async #attempt(again, call) {
    this.#fail("");
    this.#view.busy(true);
    try {
      await call();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#explain(error, again);
    } finally {
      this.#view.busy(false);
    }
  }

  #explain(error, again) {
    if (error.code === "gone") {
      // The cookie expired or is blocked. The ink is here: hand it in afresh, then ask again.
      this.#keys.delete(this.#pad.sheet);
      this.#enter("drawing");
      const help = navigator.cookieEnabled
        ? "Read it again, then tell me."
        : "Cookies are blocked here, so I cannot tell whose drawing it is; allow them for this site to correct me.";
      this.#fail(`${error.message} ${help}`, () => this.submit(), "Read it again");
      return;
    }
    this.#fail(error.message, error.code === "decided" ? null : again);
  }

  /** Show a sentence and what can be done about it; without a sentence all is well again. */
  #fail(sentence, again = null, action = "Try again") {
    this.#failed = again;
    this.#view.error(sentence, again ? action : "");
  }
}

function thanks(answer, label) {
  return label === answer.digit ? "Thanks." : "Thanks. A reviewer will look at it.";
}

function news(totals, version) {
  const drawings = totals.new_since === 1 ? "1 new drawing" : `${totals.new_since} new drawings`;
  const next = totals.next_at ? `; next training at ${totals.next_at}` : "";
  return `${drawings} since version ${version}${next}.`;
}
