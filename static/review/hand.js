// What a reviewer has in hand, has decided on in this sitting, and has laid aside.

/** @import { Claim, Drawing } from "./desk_types.d.ts" */

export const SKIPS_KEPT = 200; // an id each, sent with every claim

/** @typedef {{ kind: "decide" | "skip", drawing: Drawing }} Turn */

export class Hand {
  /** The one on the desk first. @type {Drawing[]} */
  drawings = [];
  /** @type {Turn[]} */
  #turns = [];
  /** Since the last claim was asked for: its answer may still offer them. @type {Set<string>} */
  #played = new Set();
  /** Ids, the oldest first. @type {string[]} */
  skipped;
  /** How many were decided on. */
  done = 0;

  /** @param {string[]} skipped in this tab, before a reload */
  constructor(skipped) {
    this.skipped = skipped;
  }

  /** @returns {Drawing | undefined} */
  get current() {
    return this.drawings[0];
  }

  get ids() {
    return this.drawings.map((drawing) => drawing.id);
  }

  get canUndo() {
    return this.#turns.length > 0;
  }

  /** A claim is asked for: from now on, what is played may come back with its answer. */
  asking() {
    this.#played.clear();
  }

  /**
   * Take up what was claimed, but nothing twice: an answer under way may still offer what was taken back and decided anew.
   *
   * @param {Claim} claim
   * @param {string[]} unsent
   */
  take({ drawings }, unsent) {
    const known = new Set([...this.ids, ...unsent, ...this.#played]);
    this.drawings.push(...drawings.filter((drawing) => !known.has(drawing.id)));
  }

  /** Decide on the drawing on the desk, or skip it. Returns it. @param {Turn["kind"]} kind */
  play(kind) {
    const drawing = this.drawings.shift();
    if (!drawing) return undefined;
    this.#turns.push({ kind, drawing });
    this.#played.add(drawing.id);
    if (kind === "decide") this.done += 1;
    else this.skipped = [...this.skipped, drawing.id].slice(-SKIPS_KEPT);
    return drawing;
  }

  /** Take the last turn back: its drawing is on the desk again. */
  undo() {
    const turn = this.#turns.pop();
    if (!turn) return undefined;
    if (turn.kind === "decide") this.done -= 1;
    this.skipped = this.skipped.filter((id) => id !== turn.drawing.id);
    this.drawings.unshift(turn.drawing);
    return turn;
  }

  /** The server would not take what was said of a drawing: there is nothing to take back any more. @param {string} id */
  forgetTurns(id) {
    this.#turns = this.#turns.filter((turn) => turn.drawing.id !== id);
  }

  /** @param {string} id */
  drop(id) {
    this.drawings = this.drawings.filter((drawing) => drawing.id !== id);
  }
}
