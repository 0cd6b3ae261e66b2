// A round: which digit is asked for now, and how those before were read.

/**
 * @typedef {object} Mark
 * @property {number} digit that was asked for
 * @property {number | null} read
 * @property {boolean} counts false where something else was drawn
 * @property {Stroke[]} strokes
 * @property {string} [waits] the key of a drawing that waits for the network: nobody has read it yet
 */

/** @import { Stroke } from "./api_types.d.ts" */

const LENGTH = 10; // as the server's

/** Ten digits where nobody can be asked which would teach the most: each once. */
export function anyDigits() {
  const digits = [...new Array(LENGTH).keys()];
  for (let i = digits.length - 1; i > 0; i -= 1) {
    const j = Math.floor(Math.random() * (i + 1));
    [digits[i], digits[j]] = [digits[j], digits[i]];
  }
  return digits;
}

export class RoundOfTen {
  #digits;
  /** One for each digit that is done. @type {Mark[]} */
  marks;

  /** @param {number[]} digits @param {Mark[]} marks those of a round that goes on */
  constructor(digits, marks = []) {
    this.#digits = digits;
    this.marks = [...marks];
  }

  /** What there is to keep of it while the page is away. */
  get kept() {
    return { digits: this.#digits, marks: this.marks };
  }

  get length() {
    return this.#digits.length;
  }

  get isOver() {
    return this.marks.length >= this.length;
  }

  get asked() {
    return this.#digits[this.marks.length];
  }

  /** How many count, how many of those were read right, and how many are still to be read. */
  get score() {
    const counted = this.marks.filter((mark) => mark.counts);
    const waiting = counted.filter((mark) => mark.waits).length;
    const right = counted.filter((mark) => mark.read === mark.digit).length;
    return { counted: counted.length - waiting, right, waiting };
  }

  /**
   * The digit that was asked for is done.
   *
   * @param {number | null} read
   * @param {boolean} counts
   * @param {Stroke[]} strokes
   * @param {string} [waits] under which key, where nobody could read it yet
   */
  mark(read, counts, strokes = [], waits) {
    const mark = { digit: this.asked, read, counts, strokes };
    this.marks.push(waits ? { ...mark, waits } : mark);
  }

  /** What waited is read. @param {string} key @param {number | null} read @returns {boolean} whether it is of this round */
  read(key, read) {
    const mark = this.marks.find(({ waits }) => waits === key);
    if (!mark) return false;
    mark.read = read;
    delete mark.waits;
    return true;
  }
}
