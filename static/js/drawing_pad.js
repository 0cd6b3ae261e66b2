// A square of paper. Mouse, touch and pen become one kind of stroke; the strokes are the truth, pixels only show them.

import { onSchemeChange } from "./colour_scheme.js";
import { contextOf, inkStroke, onCanvas, SIDE, takePen } from "./ink.js";
import { Palms } from "./palms.js";
import { SheetHistory } from "./sheet_history.js";

/**
 * @import { DrawingRequestRequest, Stroke } from "./api_types.d.ts"
 * @import { Picture } from "./picture_reader.js"
 */

const MIN_STEP = 1; // canonical units; closer samples add bytes, not shape
const BEYOND = SIDE / 4; // the pen may leave the paper by so much within one stroke
const MAX_PIXEL_RATIO = 3;

/** @param {number} value */
const round = (value) => Math.round(value * 10) / 10;

/** @param {number} value */
const clamp = (value) => Math.min(SIDE + BEYOND, Math.max(-BEYOND, value));

/** @param {number} x @param {number} y @param {number} margin around the paper */
const isWithin = (x, y, margin) => Math.min(x, y) >= -margin && Math.max(x, y) <= SIDE + margin;

/**
 * Events: "beforestroke" (the pen is about to touch), "ink" (points were added), "change" (the sheet is another one),
 * "full" (no more strokes fit), "palm" (a lone touch as wide as a hand left no ink).
 */
export class DrawingPad extends EventTarget {
  #canvas;
  #context;
  #maxStrokes;
  #maxPoints;
  #history = new SheetHistory();
  /** The stroke under the pen. @type {Stroke | null} */
  #current = null;
  #inked = 0;
  #frame = 0;
  /** The pointer that draws. @type {{ id: number, type: string } | null} */
  #pointer = null;
  #palms = new Palms();
  /** @type {number | null} */
  #restingPalm = null;
  #startedAt = 0;

  /** @param {HTMLCanvasElement} canvas whose data- attributes tell how much the server takes */
  constructor(canvas) {
    super();
    this.#canvas = canvas;
    this.#context = contextOf(canvas);
    this.#maxStrokes = Number(canvas.dataset.maxStrokes);
    this.#maxPoints = Number(canvas.dataset.maxPoints);
    canvas.addEventListener("pointerdown", (event) => this.#down(event));
    canvas.addEventListener("pointermove", (event) => this.#move(event));
    for (const end of /** @type {const} */ (["pointerup", "pointercancel", "lostpointercapture"])) {
      canvas.addEventListener(end, (event) => this.#up(event));
    }
    // What is selected would be dragged away in place of a stroke.
    document.addEventListener("dragstart", (event) => this.#pointer && event.preventDefault());
    new ResizeObserver(() => this.redraw()).observe(canvas);
    onSchemeChange(() => this.redraw());
    matchMedia("(forced-colors: active)").addEventListener("change", () => this.redraw());
  }

  /** Finished strokes and the one under the pen. */
  get strokes() {
    return this.#current ? [...this.#history.strokes, this.#current] : this.#history.strokes;
  }

  /** The finished strokes as one object, the same one whenever undo or redo comes back to it. */
  get sheet() {
    return this.#history.strokes;
  }

  /** The pen's way alone: all that reading takes, a tenth of the bytes, and no canvas to read back. @returns {DrawingRequestRequest} */
  get path() {
    const { picture } = this;
    if (picture) return { image: picture.url };
    return onCanvas(this.strokes.map((points) => [...points])); // the pen goes on meanwhile
  }

  /** The path and the picture that is to be kept, where this browser makes one. @returns {Promise<DrawingRequestRequest>} */
  async body() {
    const { path } = this;
    const { strokes, canvas } = path;
    if (!strokes || !canvas) return path; // a picture already
    const image = await import("./canonical_picture.js").then(
      ({ canonicalPicture }) => canonicalPicture(strokes, canvas.width),
      () => null, // the line is down: the server inks the strokes
    );
    return image ? { image, ...path } : path;
  }

  /** What was put on the paper in place of strokes. */
  get picture() {
    return this.#current ? undefined : this.#history.strokes.picture;
  }

  get isEmpty() {
    return this.strokes.length === 0 && !this.picture;
  }

  get isDrawing() {
    return this.#current !== null;
  }

  get canUndo() {
    return this.#history.canUndo;
  }

  get canRedo() {
    return this.#history.canRedo;
  }

  undo() {
    this.#turn(() => this.#history.undo());
  }

  redo() {
    this.#turn(() => this.#history.redo());
  }

  clear() {
    this.#turn(() => this.#history.clear());
  }

  /** A fresh sheet that cannot be undone: the last drawing is finished. */
  reset() {
    this.#turn(() => this.#history.reset());
  }

  /** In place of what is drawn; the next stroke takes its place. @param {Picture} picture */
  put(picture) {
    this.#turn(() => this.#history.put(picture));
  }

  /** Take up strokes of before; what is added comes after them in time. @param {Stroke[]} strokes */
  restore(strokes) {
    const ended = Math.max(0, ...strokes.map((points) => points[points.length - 1][2]));
    this.#startedAt = performance.now() - ended;
    this.#turn(() => this.#history.restore(strokes));
  }

  /** @param {number} x @param {number} y @param {number} time */
  begin(x, y, time) {
    this.dispatchEvent(new Event("beforestroke"));
    if (this.#history.strokes.length >= this.#maxStrokes) {
      this.dispatchEvent(new Event("full"));
      return;
    }
    if (this.strokes.length === 0) this.#startedAt = time;
    this.#current = [];
    if (this.#history.strokes.picture) this.redraw();
    this.#inked = 0;
    this.extend(x, y, time);
  }

  /** @param {number} x @param {number} y @param {number} time */
  extend(x, y, time) {
    if (!this.#current) return;
    const last = this.#current.at(-1);
    if (last && Math.hypot(x - last[0], y - last[1]) < MIN_STEP) return;
    if (this.#pointCount() >= this.#maxPoints) return;
    this.#current.push([round(clamp(x)), round(clamp(y)), Math.max(0, Math.round(time - this.#startedAt))]);
    this.#frame ||= requestAnimationFrame(() => this.#inkNewPoints());
    this.dispatchEvent(new Event("ink"));
  }

  end() {
    if (!this.#current) return;
    const stroke = this.#current;
    this.#current = null;
    if (stroke.length > 0) this.#history.add(stroke);
    this.redraw();
    this.dispatchEvent(new Event("change"));
  }

  /** Fit the pixels to the element (resize, rotation, zoom, theme) and ink everything again. */
  redraw() {
    const ratio = Math.min(window.devicePixelRatio || 1, MAX_PIXEL_RATIO);
    const pixels = Math.max(1, Math.round(this.#canvas.clientWidth * ratio));
    if (this.#canvas.width !== pixels) {
      this.#canvas.width = pixels;
      this.#canvas.height = pixels;
    }
    this.#context.setTransform(1, 0, 0, 1, 0, 0);
    this.#context.clearRect(0, 0, pixels, pixels);
    takePen(this.#context, pixels, getComputedStyle(this.#canvas).color);
    if (this.picture) this.#showPicture(this.picture);
    for (const points of this.strokes) inkStroke(this.#context, points);
    this.#inked = this.#current ? this.#current.length - 1 : 0;
  }

  /** As large as the paper allows. @param {Picture} picture */
  #showPicture({ image, width, height }) {
    const scale = SIDE / Math.max(width, height);
    const [wide, high] = [width * scale, height * scale];
    this.#context.drawImage(image, (SIDE - wide) / 2, (SIDE - high) / 2, wide, high);
  }

  /** @param {() => void} step */
  #turn(step) {
    this.end();
    step();
    this.redraw();
    this.dispatchEvent(new Event("change"));
  }

  #pointCount() {
    return this.strokes.reduce((count, points) => count + points.length, 0);
  }

  #inkNewPoints() {
    this.#frame = 0;
    if (!this.#current || this.#current.length === 0) return;
    inkStroke(this.#context, this.#current, Math.max(0, this.#inked - 1));
    this.#inked = this.#current.length - 1;
  }

  /** @param {PointerEvent} event */
  #down(event) {
    this.#palms.notice(event);
    if (event.pointerType === "pen" && this.#pointer?.type === "touch") this.#drop(); // it was the hand that holds it
    if (this.#pointer !== null || event.button !== 0) return;
    if (this.#palms.isPalm(event)) {
      this.#restingPalm = event.pointerId;
      return;
    }
    this.#pointer = { id: event.pointerId, type: event.pointerType };
    getSelection()?.removeAllRanges();
    try {
      this.#canvas.setPointerCapture(event.pointerId);
    } catch {
      // The pointer is gone already, or is one that cannot be held: its moves over the paper still come.
    }
    const [x, y] = this.#position(event);
    this.begin(x, y, event.timeStamp);
  }

  /** @param {PointerEvent} event */
  #move(event) {
    this.#palms.notice(event);
    if (event.pointerId !== this.#pointer?.id) return;
    if (this.#palms.isPalm(event)) {
      this.#drop(); // it came down small, as palms do
      return;
    }
    const samples = event.getCoalescedEvents?.() ?? [];
    for (const sample of samples.length > 0 ? samples : [event]) this.#sample(sample);
  }

  /**
   * A stroke goes on a little beyond the edge, as the pen does; farther out it ends, and coming back starts another one.
   *
   * @param {PointerEvent} sample
   */
  #sample(sample) {
    const [x, y] = this.#position(sample);
    if (this.#current) {
      this.extend(x, y, sample.timeStamp);
      if (!isWithin(x, y, BEYOND)) this.end();
    } else if (isWithin(x, y, 0)) {
      this.begin(x, y, sample.timeStamp);
    }
  }

  /** @param {PointerEvent} event */
  #up(event) {
    this.#palms.notice(event);
    if (event.pointerId === this.#restingPalm) this.#liftPalm(event);
    if (event.pointerId !== this.#pointer?.id) return;
    if (event.type === "pointercancel" && event.pointerType === "touch") {
      this.#drop(); // the system knows a palm, or a gesture of its own, by more than we see
      return;
    }
    if (event.type === "pointerup" && this.#current) this.#sample(event); // a quick hand moves on until it lifts
    this.#pointer = null;
    this.end();
  }

  /** Beside a pen or a finger that draws, a palm is expected; alone it may have been meant. @param {PointerEvent} event */
  #liftPalm(event) {
    this.#restingPalm = null;
    const isAlone = this.#pointer === null && !this.#palms.isBesidePen(event);
    if (isAlone && event.type === "pointerup") this.dispatchEvent(new Event("palm"));
  }

  /** Give up the stroke under the pointer: it was not meant. */
  #drop() {
    this.#pointer = null;
    if (!this.#current) return;
    this.#current = null;
    this.redraw();
    this.dispatchEvent(new Event("change"));
  }

  /** @param {PointerEvent} event */
  #position(event) {
    const box = this.#canvas.getBoundingClientRect();
    return [((event.clientX - box.left) / box.width) * SIDE, ((event.clientY - box.top) / box.height) * SIDE];
  }
}
