// The wall: asks for what is new every few seconds, by itself, and moves nothing but a drawing that is new.

import { find, part } from "../parts.js";
import { decimal, language, say } from "../words.js";

/** @typedef {{ id: string, image: string, label: number, digit: number | null, mended: boolean }} Shown */
/** @typedef {{ people: number, drawings: number, shown: Shown[], curve: [number, number][], learned: string }} Wall */

const EVERY_MS = 4_000;
const LONGEST_MS = 60_000; // between two tries while the server is away
const PATIENCE_MS = 15_000;
const SVG = "http://www.w3.org/2000/svg";
const WIDTH = 400;
const HEIGHT = 180;
const MARGIN = 36; // around the curve, for the names of the versions and the shares

const root = find(document, "main", HTMLElement);
const sheets = part(root, "sheets");
const plot = find(root, "[data-part=plot]", SVGElement);
const template = find(root, "[data-part=sheet]", HTMLTemplateElement);
const url = root.dataset.wallUrl ?? "";
let wait = EVERY_MS;
let tag = "";

async function look() {
  try {
    const response = await fetch(url, {
      headers: { "Accept-Language": language, ...(tag && { "If-None-Match": tag }) },
      cache: "no-store",
      signal: deadline(),
    });
    if (response.status === 404) return location.reload(); // the campaign or its wall is gone, and the page says so
    if (!response.ok && response.status !== 304) throw new Error(`status ${response.status}`);
    if (response.ok) {
      show(await response.json());
      tag = response.headers.get("ETag") ?? "";
    }
    wait = EVERY_MS;
  } catch {
    wait = Math.min(LONGEST_MS, wait * 2);
  }
  part(root, "away").hidden = wait === EVERY_MS;
  setTimeout(look, wait);
}

function deadline() {
  const controller = new AbortController();
  setTimeout(() => controller.abort(), PATIENCE_MS);
  return controller.signal;
}

/** @param {Wall} wall */
function show(wall) {
  part(root, "people").textContent = decimal(wall.people, 0);
  part(root, "people-word").textContent = say("people", { count: wall.people });
  part(root, "drawings").textContent = decimal(wall.drawings, 0);
  part(root, "drawings-word").textContent = say("drawings", { count: wall.drawings });
  part(root, "learned").textContent = wall.learned;
  part(root, "empty").hidden = wall.shown.length > 0;
  showSheets(wall.shown);
  showCurve(wall.curve);
}

/** Sheets that stay keep their element: only what is new slides in. @param {Shown[]} shown */
function showSheets(shown) {
  const isFirst = sheets.childElementCount === 0;
  const before = new Map([...sheets.children].map((sheet) => [sheet.getAttribute("data-id"), sheet]));
  sheets.replaceChildren(
    ...shown.map((drawing) => {
      const known = before.get(drawing.id);
      const sheet = known ?? newSheet(drawing, !isFirst);
      if (known) known.classList.remove("is-new");
      fill(sheet, drawing);
      return sheet;
    }),
  );
}

/** @param {Shown} drawing @param {boolean} isNew */
function newSheet(drawing, isNew) {
  const sheet = find(/** @type {DocumentFragment} */ (template.content.cloneNode(true)), "li", HTMLElement);
  sheet.dataset.id = drawing.id;
  sheet.classList.toggle("is-new", isNew);
  find(sheet, "img", HTMLImageElement).src = drawing.image;
  return sheet;
}

/** @param {Element} sheet @param {Shown} drawing */
function fill(sheet, drawing) {
  const digit = find(sheet, ".wall-digit", HTMLElement);
  digit.textContent = drawing.digit === null ? "?" : String(drawing.digit);
  find(sheet, "img", HTMLImageElement).alt = String(drawing.label);
  sheet.classList.toggle("is-mended", drawing.mended);
  sheet.classList.toggle("is-missed", drawing.digit !== drawing.label);
}

/** @param {[number, number][]} curve */
function showCurve(curve) {
  part(root, "curve").hidden = curve.length === 0;
  if (curve.length === 0) return;
  const lowest = Math.min(0.9, ...curve.map(([, share]) => share));
  const dots = curve.map(([version, share], i) => ({
    version,
    share,
    x: MARGIN + (WIDTH - 2 * MARGIN) * (curve.length === 1 ? 0.5 : i / (curve.length - 1)),
    y: HEIGHT - MARGIN - ((HEIGHT - 2 * MARGIN) * (share - lowest)) / (1 - lowest || 1),
  }));
  const line = element("polyline", { points: dots.map(({ x, y }) => `${x},${y}`).join(" ") });
  plot.replaceChildren(
    line,
    ...dots.flatMap(({ version, share, x, y }) => [
      element("circle", { cx: x, cy: y, r: 6 }),
      element("text", { x, y: y - 14 }, say("share", { number: Math.round(100 * share) })),
      element("text", { x, y: HEIGHT - 6, class: "wall-version" }, `v${version}`),
    ]),
  );
}

/** @param {string} name @param {Record<string, string | number>} attributes @param {string} text */
function element(name, attributes, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, String(value));
  made.textContent = text;
  return made;
}

look();
