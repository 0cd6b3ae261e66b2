// Pictures to keep: a drawing beside what the network saw of it, or a round with its score. Paper and ink of the light page.

import { contextOf, inkStroke, SIDE, takePen } from "./ink.js";
import { language } from "./words.js";

/**
 * @import { Stroke } from "./api_types.d.ts"
 * @import { Mark } from "./round_of_ten.js"
 */

const SHEET = "#fdfaf3";
const PAGE = "#f4efe5";
const INK = "#1f1b16";
const MUTED = "#665e52";
const LINE = "#d9d0c0";
const VERMILION = "#bf3417";
const SERIF = 'Charter, "Palatino Linotype", Palatino, Georgia, "Liberation Serif", serif';
const SANS = '-apple-system, "Segoe UI", Roboto, "Noto Sans", "Liberation Sans", Arial, sans-serif';
const MARGIN = 40;
const HEAD = 84; // for the large words
const FOOT = 36; // for the small ones
const CELL = 180;
const COLUMNS = 5;

/**
 * @typedef {object} Seen
 * @property {Stroke[]} strokes empty where only a picture was kept
 * @property {number} side of the square that they are in
 * @property {string} image the kept picture, black on white
 * @property {string} preview what the network saw
 * @property {string} words what it said
 * @property {string} caption under what it saw
 */

/** @param {Seen} seen */
export async function drawingPicture({ strokes, side, image, preview, words, caption }) {
  const square = 400;
  const context = paper(2 * square + 3 * MARGIN, square + HEAD + FOOT + 2 * MARGIN);
  const top = MARGIN + HEAD;
  const right = square + 2 * MARGIN;
  title(context, words);
  if (strokes.length > 0) sheet(context, strokes, side, MARGIN, top, square, INK);
  else context.drawImage(await loaded(image), MARGIN, top, square, square);
  context.imageSmoothingEnabled = false; // 28 x 28 dots, and every one to be seen
  context.drawImage(await loaded(preview), right, top, square, square);
  context.strokeStyle = LINE;
  context.strokeRect(right + 0.5, top + 0.5, square - 1, square - 1);
  small(context, caption, right + square / 2, top + square + 26);
  sign(context);
  return context.canvas;
}

/** @param {Mark[]} marks @param {string} words the score */
export function roundPicture(marks, words) {
  const rows = Math.ceil(marks.length / COLUMNS);
  const context = paper(COLUMNS * CELL + 2 * MARGIN, rows * (CELL + FOOT) + HEAD + 2 * MARGIN + FOOT);
  title(context, words);
  for (const [i, { strokes, digit, read, counts, waits }] of marks.entries()) {
    const left = MARGIN + (i % COLUMNS) * CELL;
    const top = MARGIN + HEAD + Math.floor(i / COLUMNS) * (CELL + FOOT);
    const isWrong = counts && !waits && read !== digit;
    sheet(context, strokes, SIDE, left + 8, top, CELL - 16, counts ? INK : LINE);
    const said = waits ? "…" : read === null ? "?" : String(read);
    small(context, said, left + CELL / 2, top + CELL + 10, isWrong ? VERMILION : INK, `600 24px ${SERIF}`);
  }
  sign(context);
  return context.canvas;
}

/** @param {number} width @param {number} height */
function paper(width, height) {
  const canvas = document.createElement("canvas");
  canvas.width = width;
  canvas.height = height;
  const context = contextOf(canvas);
  context.fillStyle = PAGE;
  context.fillRect(0, 0, width, height);
  return context;
}

/** @param {CanvasRenderingContext2D} context @param {Stroke[]} strokes @param {number} side @param {number} left @param {number} top @param {number} size @param {string} colour */
function sheet(context, strokes, side, left, top, size, colour) {
  context.fillStyle = SHEET;
  context.fillRect(left, top, size, size);
  context.strokeStyle = LINE;
  context.strokeRect(left + 0.5, top + 0.5, size - 1, size - 1);
  context.save();
  takePen(context, size, colour, side);
  context.lineWidth *= side / SIDE;
  const scale = size / side;
  context.setTransform(scale, 0, 0, scale, left, top);
  for (const points of strokes) inkStroke(context, points);
  context.restore();
}

/** As large as fits. @param {CanvasRenderingContext2D} context @param {string} words */
function title(context, words) {
  const { width } = context.canvas;
  const wide = width - 2 * MARGIN;
  let size = 52;
  do {
    size -= 4;
    context.font = `500 ${size}px ${SERIF}`;
  } while (size > 20 && context.measureText(words).width > wide);
  write(context, words, width / 2, MARGIN + 44, INK, wide);
}

/** @param {CanvasRenderingContext2D} context @param {string} words @param {number} x @param {number} y @param {string} colour @param {string} font */
function small(context, words, x, y, colour = MUTED, font = `18px ${SANS}`) {
  context.font = font;
  write(context, words, x, y, colour);
}

/** Who made it and when. @param {CanvasRenderingContext2D} context */
function sign(context) {
  const { width, height } = context.canvas;
  const day = new Date().toLocaleDateString(`${language}-u-nu-latn`, { dateStyle: "medium" });
  small(context, `${location.host} · ${day}`, width / 2, height - 22);
}

/** @param {CanvasRenderingContext2D} context @param {string} words @param {number} x the middle @param {number} y @param {string} colour @param {number} [most] */
function write(context, words, x, y, colour, most) {
  context.fillStyle = colour;
  context.textAlign = "center";
  context.direction = document.documentElement.dir === "rtl" ? "rtl" : "ltr";
  context.fillText(words, x, y, most);
}

/** @param {string} address a data URL @returns {Promise<HTMLImageElement>} */
async function loaded(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  return image;
}
