// Drawing without a pointer: arrows move a cursor over the pad, space puts the pen down and lifts it.

import { PEN, SIDE } from "./ink.js";

/**
 * @import { DrawingPad } from "./drawing_pad.js"
 * @import { MarksCanvas } from "./marks_canvas.js"
 */

const STEP = 8;
const FINE_STEP = 2; // with Shift
/** @type {Record<string, [number, number]>} */
const DIRECTIONS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

export class KeyboardPen {
  #pad;
  #marks;
  /** @type {Set<string>} */
  #held = new Set();
  #x = SIDE / 2;
  #y = SIDE / 4;
  #isDown = false;

  /**
   * @param {HTMLElement} canvas that has the focus
   * @param {DrawingPad} pad
   * @param {MarksCanvas} marks
   */
  constructor(canvas, pad, marks) {
    this.#pad = pad;
    this.#marks = marks;
    canvas.addEventListener("keydown", (event) => this.#press(event));
    canvas.addEventListener("keyup", (event) => this.#held.delete(event.key));
    canvas.addEventListener("blur", () => this.#leave());
    canvas.addEventListener("pointerdown", () => this.#leave());
    pad.addEventListener("change", () => this.#sync());
  }

  /** @param {KeyboardEvent} event */
  #press(event) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === " ") this.#toggle(event);
    else if (event.key in DIRECTIONS) this.#step(event);
    else return;
    event.preventDefault(); // the page must not scroll under the pen
    this.#show();
  }

  /** @param {KeyboardEvent} event */
  #toggle(event) {
    if (event.repeat) return;
    if (this.#isDown) {
      this.#pad.end();
    } else {
      this.#pad.begin(this.#x, this.#y, event.timeStamp);
      this.#isDown = this.#pad.isDrawing;
    }
  }

  /** Two arrows held together move diagonally. @param {KeyboardEvent} event */
  #step(event) {
    this.#held.add(event.key);
    const step = event.shiftKey ? FINE_STEP : STEP;
    for (const key of this.#held) {
      const [dx, dy] = DIRECTIONS[key];
      this.#x = Math.min(SIDE, Math.max(0, this.#x + dx * step));
      this.#y = Math.min(SIDE, Math.max(0, this.#y + dy * step));
    }
    if (this.#isDown) this.#pad.extend(this.#x, this.#y, event.timeStamp);
  }

  #sync() {
    this.#isDown = this.#pad.isDrawing;
    if (this.#marks.cursor) this.#show();
  }

  #leave() {
    this.#held.clear();
    if (this.#isDown) this.#pad.end();
    this.#isDown = false;
    this.#marks.cursor = undefined;
    this.#marks.wipe();
  }

  #show() {
    this.#marks.cursor = this.#isDown ? "down" : "up";
    const context = this.#marks.begin();
    context.lineWidth = 2;
    context.beginPath();
    context.arc(this.#x, this.#y, PEN / 2 + 3, 0, 2 * Math.PI);
    context.stroke();
    if (this.#isDown) return;
    context.beginPath();
    context.moveTo(this.#x - 4, this.#y);
    context.lineTo(this.#x + 4, this.#y);
    context.moveTo(this.#x, this.#y - 4);
    context.lineTo(this.#x, this.#y + 4);
    context.stroke();
  }
}
