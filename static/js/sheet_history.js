// Undo and redo over whole sheets. Strokes are never changed once drawn, so a step is only a list of references.

/** @import { Stroke } from "./api_types.d.ts" */

export class SheetHistory {
  /** @type {Stroke[][]} */
  #sheets = [[]];
  #at = 0;

  get strokes() {
    return this.#sheets[this.#at];
  }

  get canUndo() {
    return this.#at > 0;
  }

  get canRedo() {
    return this.#at < this.#sheets.length - 1;
  }

  /** @param {Stroke} stroke */
  add(stroke) {
    this.#push([...this.strokes, stroke]);
  }

  clear() {
    if (this.strokes.length > 0) this.#push([]);
  }

  undo() {
    if (this.canUndo) this.#at -= 1;
  }

  redo() {
    if (this.canRedo) this.#at += 1;
  }

  /** A fresh sheet: nothing to undo. */
  reset() {
    this.#sheets = [[]];
    this.#at = 0;
  }

  /** Take up strokes that were drawn before: undo takes them back one by one. @param {Stroke[]} strokes */
  restore(strokes) {
    this.#sheets = [[], ...strokes.map((_, i) => strokes.slice(0, i + 1))];
    this.#at = strokes.length;
  }

  /** @param {Stroke[]} sheet */
  #push(sheet) {
    this.#sheets = [...this.#sheets.slice(0, this.#at + 1), sheet];
    this.#at += 1;
  }
}
