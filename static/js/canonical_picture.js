// The picture that goes with a drawing that is handed in. Fetched when the first one is.

import { contextOf, inkStroke, SIDE, takePen } from "./ink.js";

/** @import { Stroke } from "./api_types.d.ts" */

const PNG = "data:image/png;base64,";

/**
 * The picture that is kept: SIDE x SIDE, black on white, independent of theme, zoom and pixel density.
 *
 * A courtesy to the server, which inks the strokes itself where there is none: browsers that guard against being known by
 * their canvas give none, or one that shows something else.
 *
 * It is encoded where it is asked for: `toBlob` waits for an idle moment of the page, in Chromium up to a second.
 *
 * @param {Stroke[]} strokes
 * @param {number} side of the square that they are in
 * @returns {string | null} a data URL, or null where this browser makes none
 */
export function canonicalPicture(strokes, side) {
  try {
    const url = inkPicture(strokes, side).toDataURL("image/png");
    return url.startsWith(PNG) ? url : null;
  } catch {
    return null;
  }
}

/** @param {Stroke[]} strokes @param {number} side */
function inkPicture(strokes, side) {
  const canvas = document.createElement("canvas");
  canvas.width = SIDE;
  canvas.height = SIDE;
  // Read back at once, so kept in main memory and not with the GPU.
  const context = contextOf(canvas, { willReadFrequently: true });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, SIDE, SIDE);
  takePen(context, SIDE, "#000", side);
  for (const points of strokes) inkStroke(context, points);
  return canvas;
}
