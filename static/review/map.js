// Lets a reviewer draw around drawings on the map, and leads to their sheet. The map, its table and its list need no script.

import { find } from "../js/parts.js";

const STEP = 8; // between two corners, in the map's own units of a thousand
const MOST_CORNERS = 100;
const PRESSED = 25; // around a place that was only pressed
const ROUND = 16; // corners of that

const map = find(document, "#map", HTMLElement);
const picture = find(map, "svg", SVGSVGElement);
const outline = find(map, "[data-part=outline]", SVGPolylineElement);
const side = Number(map.dataset.side);

/** @typedef {{ x: number, y: number }} Corner */
/** @type {Corner[]} */
let corners = [];
/** @type {number | null} */
let pointer = null;

/**
 * Where a pointer is on the map, in its own units.
 * @param {PointerEvent} event
 * @returns {Corner}
 */
function place(event) {
  const matrix = picture.getScreenCTM();
  const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(matrix?.inverse());
  return { x: within(at.x), y: within(at.y) };
}

/** @param {number} value */
function within(value) {
  return Math.round(Math.min(side, Math.max(0, value)));
}

function show() {
  outline.setAttribute("points", corners.map(({ x, y }) => `${x},${y}`).join(" "));
}

/**
 * A small circle, for who pressed a place and drew around nothing.
 * @param {Corner} centre
 * @returns {Corner[]}
 */
function around({ x, y }) {
  return Array.from({ length: ROUND }, (_, part) => {
    const angle = (2 * Math.PI * part) / ROUND;
    return { x: within(x + PRESSED * Math.cos(angle)), y: within(y + PRESSED * Math.sin(angle)) };
  });
}

/** @param {Corner[]} drawn */
function thinned(drawn) {
  const every = Math.ceil(drawn.length / MOST_CORNERS);
  return drawn.filter((_, number) => number % every === 0);
}

function leave() {
  const drawn = corners.length < 3 ? around(/** @type {Corner} */ (corners[0])) : thinned(corners);
  const address = new URL(map.dataset.sheetUrl ?? "", location.href);
  address.searchParams.set("within", drawn.map(({ x, y }) => `${x},${y}`).join(","));
  location.assign(address);
}

function forget() {
  corners = [];
  pointer = null;
  show();
}

picture.addEventListener("pointerdown", (event) => {
  if (event.button !== 0 || pointer !== null) return; // a second finger draws around nothing
  pointer = event.pointerId;
  picture.setPointerCapture(pointer);
  corners = [place(event)];
});

picture.addEventListener("pointermove", (event) => {
  if (event.pointerId !== pointer) return;
  const at = place(event);
  const last = corners.at(-1);
  if (last && Math.hypot(at.x - last.x, at.y - last.y) < STEP) return;
  corners.push(at);
  show();
});

picture.addEventListener("pointerup", (event) => {
  if (event.pointerId !== pointer) return;
  leave();
  pointer = null;
});

picture.addEventListener("pointercancel", forget);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") forget();
});
window.addEventListener("pageshow", forget); // come back from the sheet, a browser shows the page as it was left

map.classList.add("is-alive");
find(map, "[data-part=hint]", HTMLElement).hidden = false;
