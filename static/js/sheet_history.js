// Undo and redo over whole sheets. Strokes are never changed once drawn, so a step is only a list of references.

/**
 * @import { Stroke } from "./api_types.d.ts"
 * @import { Picture } from "./picture_reader.js"
 */

/** A list of strokes; or an empty one, with a picture that was put on the paper instead. @typedef {Stroke[] & { picture?: Picture }} Sheet */

export class SheetHistory {
  /** @type {Sheet[]} */
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

  /** In place of all that is drawn. @param {Picture} picture */
  put(picture) {
    this.#push(Object.assign([], { picture }));
  }

  clear() {
    if (this.strokes.length > 0 || this.strokes.picture) this.#push([]);
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

  /** @param {Sheet} sheet */
  #push(sheet) {
    this.#sheets = [...this.#sheets.slice(0, this.#at + 1), sheet];
    this.#at += 1;
  }
}
