// A round: which digit is asked for now, and how those before were read.

/**
 * @typedef {object} Mark
 * @property {number} digit that was asked for
 * @property {number | null} read
 * @property {boolean} counts false where something else was drawn
 */

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

  /** How many count, and how many of those were read right. */
  get score() {
    const counted = this.marks.filter((mark) => mark.counts);
    return { counted: counted.length, right: counted.filter((mark) => mark.read === mark.digit).length };
  }

  /** The digit that was asked for is done. @param {number | null} read @param {boolean} counts */
  mark(read, counts) {
    this.marks.push({ digit: this.asked, read, counts });
  }
}
