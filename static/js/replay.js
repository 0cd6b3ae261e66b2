// A drawing once more, as the hand went; who wants no motion sees where each stroke began instead.

import { contextOf, inkStroke, SIDE, takePen } from "./ink.js";

/** @import { Stroke } from "./api_types.d.ts" */

const LONGEST_MS = 6_000; // a hand that paused for a minute is not waited for as long
const NUMBER = 0.11; // of the side: how high a stroke's number is

/**
 * @param {HTMLCanvasElement} canvas
 * @param {Stroke[]} strokes
 * @param {number} side of the square that they are in
 * @returns {Promise<void>} until all is shown, or the canvas has left the page
 */
export async function replay(canvas, strokes, side) {
  const context = prepared(canvas, side);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) {
    for (const points of strokes) inkStroke(context, points);
    for (const [i, [[x, y]]] of strokes.entries()) number(context, i + 1, x, y, side);
    return;
  }
  const last = Math.max(...strokes.map((points) => points[points.length - 1][2]));
  const pace = Math.max(1, last / LONGEST_MS); // of the hand's time to the page's
  const start = performance.now();
  for (let now = 0; now < last && canvas.isConnected; ) {
    now = pace * ((await nextFrame()) - start);
    context.clearRect(0, 0, side, side);
    for (const points of strokes) inkStroke(context, before(points, now));
  }
}

/** @param {HTMLCanvasElement} canvas @param {number} side */
function prepared(canvas, side) {
  const pixels = Math.round(canvas.clientWidth * Math.min(devicePixelRatio || 1, 3));
  canvas.width = pixels;
  canvas.height = pixels;
  const context = contextOf(canvas);
  takePen(context, pixels, getComputedStyle(canvas).color, side);
  context.lineWidth *= side / SIDE;
  return context;
}

/** What the pen had done of a stroke by then. @param {Stroke} points @param {number} moment */
function before(points, moment) {
  const later = points.findIndex(([, , time]) => time > moment);
  return later < 0 ? points : points.slice(0, later);
}

/** @param {CanvasRenderingContext2D} context @param {number} which @param {number} x @param {number} y @param {number} side */
function number(context, which, x, y, side) {
  const size = NUMBER * side;
  const paper = getComputedStyle(context.canvas).backgroundColor;
  context.font = `700 ${size}px sans-serif`;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillStyle = paper;
  context.fillText(String(which), x, y);
}

/** @returns {Promise<number>} */
const nextFrame = () => new Promise(requestAnimationFrame);
