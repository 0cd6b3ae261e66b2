// Strokes in, ink out. A stroke is a list of [x, y, t] in a square of SIDE units, y growing downwards, t in ms.

/** @import { Point, Stroke } from "./api_types.d.ts" */

export const SIDE = 280; // the canonical picture, whatever the screen
export const PEN = SIDE * 0.08; // about what a felt pen leaves in MNIST's 20-pixel box

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
