// Strokes as a small picture in the page's own ink, whatever its paper.

import { PEN, SIDE } from "./ink.js";

/** @import { Stroke } from "./api_types.d.ts" */

const SVG = "http://www.w3.org/2000/svg";

/** @param {Stroke[]} strokes @param {number} side of the square that they are in */
export function strokeFigure(strokes, side = SIDE) {
  const figure = document.createElementNS(SVG, "svg");
  figure.setAttribute("viewBox", `0 0 ${side} ${side}`);
  figure.setAttribute("class", "strokes");
  figure.setAttribute("aria-hidden", "true");
  for (const points of strokes) {
    const path = document.createElementNS(SVG, "path");
    path.setAttribute("d", way(points));
    path.setAttribute("stroke-width", String((PEN * side) / SIDE));
    figure.append(path);
  }
  return figure;
}

/** A tap has one point, and a line of no length would not be inked. @param {Stroke} points */
function way([[x, y], ...others]) {
  const rest = others.length > 0 ? others : [[x + 0.01, y]];
  return `M${x} ${y}${rest.map(([x, y]) => `L${x} ${y}`).join("")}`;
}
