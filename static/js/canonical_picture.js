// The picture that goes with a drawing that is handed in. Fetched when the first one is.

import { contextOf, inkStroke, SIDE, takePen } from "./ink.js";

/** @import { Stroke } from "./api_types.d.ts" */

const PICTURE_MS = 2000; // that a browser may take to encode it; a slow phone takes 50

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
