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
  #undoTimer = 0;
  state = { phase: "intro", answer: null, label: undefined };

  constructor(api, pad, view) {
    this.#api = api;
    this.#pad = pad;
    this.#view = view;
  }

  async body() {
    const strokes = this.#pad.strokes.filter((points) => points.length > 0);
    return { image: await canonicalPicture(strokes), strokes, canvas: { width: SIDE, height: SIDE } };
  }

  /** The sheet is another one: what was said about the old one no longer holds. */
  sheetChanged() {
    this.#failed = null;
    clearTimeout(this.#undoTimer);
    this.#view.error("");
    this.#enter(this.#pad.isEmpty ? "intro" : "drawing");
  }

  guessed(answer) {
    if (this.state.phase === "drawing") this.#view.guess(answer);
  }

  async submit() {
    if (this.#pad.isEmpty || this.state.phase === "reading" || this.state.phase === "saved") return;
    if (extent(this.#pad.strokes) < SPECK) {
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
  }

  /** `label`: 0-9, or null for "not a digit". */
  async confirm(label) {
    const { answer, phase } = this.state;
    if (phase !== "answered") return;
    await this.#attempt(() => this.confirm(label), async () => {
      await this.#api.confirm(answer.id, label);
      if (this.state.answer !== answer || this.state.phase !== "answered") return;
      this.#enter("saved");
      this.#view.saved(answer, label, thanks(answer, label));
      this.#tellNews(answer);
      this.#view.undoable(true);
      this.#undoTimer = setTimeout(() => this.#view.undoable(false), UNDO_MS);
    });
  }

  async withdraw() {
    const { answer, phase } = this.state;
    if (phase !== "saved") return;
    clearTimeout(this.#undoTimer);
    await this.#attempt(() => this.withdraw(), async () => {
      await this.#api.withdraw(answer.id);
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
    again?.();
  }

  #enter(phase) {
    this.state.phase = phase;
    this.#view.phase(phase);
  }

  /** Run one call; if it fails, the drawing stays, the sentence says what to do and `again` does it. */
  async #attempt(again, call) {
    this.#view.error("");
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
      this.#failed = () => this.submit();
      const help = navigator.cookieEnabled
        ? "Read it again, then tell me."
        : "Cookies are blocked here, so I cannot tell whose drawing it is; allow them for this site to correct me.";
      this.#view.error(`${error.message} ${help}`, "Read it again");
      return;
    }
    this.#failed = error.code === "decided" ? null : again;
    this.#view.error(error.message, this.#failed ? "Try again" : "");
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
