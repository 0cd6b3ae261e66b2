// The transparent sheet over the paper: the keyboard's cursor, and the part of a drawing that an explanation speaks of.

import { contextOf, takePen } from "./ink.js";

export class MarksCanvas {
  #canvas;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#canvas = canvas;
  }

  /** Whether the keyboard's pen is shown, and where it is: "up" or "down", or undefined. */
  get cursor() {
    return this.#canvas.dataset.cursor;
  }

  set cursor(place) {
    if (place) this.#canvas.dataset.cursor = place;
    else delete this.#canvas.dataset.cursor;
  }

  wipe() {
    this.#canvas.width = this.#canvas.clientWidth;
    this.#canvas.height = this.#canvas.clientWidth;
  }

  /** Wipe it, and take up the pen to draw on it in canonical units. */
  begin() {
    this.wipe();
    const context = contextOf(this.#canvas);
    takePen(context, this.#canvas.width, getComputedStyle(this.#canvas).color);
    return context;
  }
}
