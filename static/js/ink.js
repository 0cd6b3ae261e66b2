// Strokes in, ink out. A stroke is a list of [x, y, t] in a square of SIDE units, y growing downwards, t in ms.

/** @import { Point, Stroke } from "./api_types.d.ts" */

export const SIDE = 280; // the canonical picture, whatever the screen
export const PEN = SIDE * 0.08; // about what a felt pen leaves in MNIST's 20-pixel box
const PICTURE_MS = 2000; // that a browser may take to encode it; a slow phone takes 50

/** @param {Point} a @param {Point} b */
const middle = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

/** @param {HTMLCanvasElement} canvas @param {CanvasRenderingContext2DSettings} [settings] */
export function contextOf(canvas, settings) {
  const context = canvas.getContext("2d", settings);
  if (!context) throw new Error("This browser has no canvas to draw on.");
  return context;
}

/**
 * Ink one stroke, or only its points from index `from` on: what a moving pen adds in one frame.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {Stroke} points
 */
export function inkStroke(context, points, from = 0) {
  if (points.length === 0) return;
  context.beginPath();
  const first = from > 0 ? middle(points[from - 1], points[from]) : points[0];
  context.moveTo(first[0], first[1]);
  for (let i = from; i < points.length - 1; i += 1) {
    const [x, y] = middle(points[i], points[i + 1]);
    context.quadraticCurveTo(points[i][0], points[i][1], x, y);
  }
  const last = points[points.length - 1];
  context.lineTo(last[0] + 0.01, last[1]); // a tap has one point, and a line of no length would not be inked
  context.stroke();
}

/**
 * Set a context to draw in canonical units with the round pen.
 *
 * @param {CanvasRenderingContext2D} context
 * @param {number} pixels side of the canvas
 * @param {string} colour
 * @param {number} side of what it shows, in canonical units
 */
export function takePen(context, pixels, colour, side = SIDE) {
  const scale = pixels / side;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.lineWidth = PEN;
  context.lineCap = "round";
  context.lineJoin = "round";
  context.strokeStyle = colour;
}

/**
 * The picture that is kept: SIDE x SIDE, black on white, independent of theme, zoom and pixel density.
 *
 * A courtesy to the server, which inks the strokes itself where there is none: browsers that guard against being known by
 * their canvas give none, or one that shows something else.
 *
 * @param {Stroke[]} strokes
 * @param {number} side of the square that they are in
 * @returns {Promise<string | null>} a data URL, or null where this browser makes none
 */
export async function canonicalPicture(strokes, side) {
  try {
    return await inTime(inkPicture(strokes, side));
  } catch {
    return null;
  }
}

/** @param {Stroke[]} strokes @param {number} side */
async function inkPicture(strokes, side) {
  const canvas = document.createElement("canvas");
  canvas.width = SIDE;
  canvas.height = SIDE;
  // Read back at once, so kept in main memory: a readback from the GPU would hold up the pen.
  const context = contextOf(canvas, { willReadFrequently: true });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, SIDE, SIDE);
  takePen(context, SIDE, "#000", side);
  for (const points of strokes) inkStroke(context, points);
  return readAsDataUrl(await pngOf(canvas));
}

/**
 * The value of a promise, or null where it takes longer than a picture may.
 *
 * @template T
 * @param {Promise<T>} promise
 * @returns {Promise<T | null>}
 */
function inTime(promise) {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => resolve(null), PICTURE_MS);
    promise.then(resolve, reject).finally(() => clearTimeout(timer));
  });
}

/**
 * `toBlob` encodes off the main thread where `toDataURL` would block the pen.
 *
 * @param {HTMLCanvasElement} canvas
 * @returns {Promise<Blob>}
 */
function pngOf(canvas) {
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error("The picture could not be made."))), "image/png");
  });
}

/** @param {Blob} blob @returns {Promise<string>} */
function readAsDataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(String(reader.result)));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(blob);
  });
}

/** Left, top, right and bottom of the pen's way; of nothing, those of no place. @param {Stroke[]} strokes */
function boxOf(strokes) {
  const box = { left: Infinity, top: Infinity, right: -Infinity, bottom: -Infinity };
  for (const [x, y] of strokes.flat()) {
    box.left = Math.min(box.left, x);
    box.right = Math.max(box.right, x);
    box.top = Math.min(box.top, y);
    box.bottom = Math.max(box.bottom, y);
  }
  return box;
}

/** The longer side of what was drawn, in canonical units, the pen's own width left out. @param {Stroke[]} strokes */
export function extent(strokes) {
  const { left, top, right, bottom } = boxOf(strokes);
  return Math.max(0, right - left, bottom - top);
}

/** @param {number} value */
const tenth = (value) => Math.round(value * 10) / 10;

/**
 * The strokes with the canvas that they are on: the paper, or a larger one where the pen went beyond its edge.
 *
 * @param {Stroke[]} strokes
 */
export function onCanvas(strokes) {
  const { left, top, right, bottom } = boxOf(strokes);
  const [dx, dy] = [Math.max(0, -left), Math.max(0, -top)];
  const side = tenth(Math.max(Math.max(SIDE, right) + dx, Math.max(SIDE, bottom) + dy));
  if (side === SIDE) return { strokes, canvas: { width: SIDE, height: SIDE } };
  const moved = strokes.map((points) =>
    points.map(([x, y, time]) => /** @type {Point} */ ([tenth(x + dx), tenth(y + dy), time])),
  );
  return { strokes: moved, canvas: { width: side, height: side } };
}
