// What this tab keeps while its page is away (a reload, a link, Back): ink, and what was said of it. Nothing leaves the browser.

/** @import { Stroke } from "./api_types.d.ts" */

export const SHEET = "digitre-sheet";
export const ROUND = "digitre-round";

/**
 * @param {string} name
 * @param {object | null} what null forgets it
 */
export function keep(name, what) {
  try {
    if (what) sessionStorage.setItem(name, JSON.stringify(what));
    else sessionStorage.removeItem(name);
  } catch {
    // Storage is full or switched off: what is on the page lasts as long as the page.
  }
}

/** What was kept under a name, or null where there is nothing of use: an older release may have kept it otherwise. @param {string} name */
export function kept(name) {
  try {
    const what = JSON.parse(sessionStorage.getItem(name) ?? "null");
    return what && isStrokes(what.strokes) ? what : null;
  } catch {
    return null;
  }
}

/** @param {unknown} strokes @returns {strokes is Stroke[]} */
const isStrokes = (strokes) =>
  Array.isArray(strokes) &&
  strokes.every((points) => Array.isArray(points) && points.length > 0 && points.every(isPoint));

/** @param {unknown} point */
const isPoint = (point) => Array.isArray(point) && point.length === 3 && point.every(Number.isFinite);
