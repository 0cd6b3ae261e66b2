import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { SIDE } from "../../static/js/ink.js";
import { KeyboardPen } from "../../static/js/keyboard_pen.js";

/** Paper that writes down what the pen does. */
class Pad extends EventTarget {
  /** @type {(string | number)[][]} */
  calls = [];
  isDrawing = false;

  /** @param {number} x @param {number} y */
  begin(x, y) {
    this.isDrawing = true;
    this.calls.push(["begin", x, y]);
  }

  /** @param {number} x @param {number} y */
  extend(x, y) {
    this.calls.push(["extend", x, y]);
  }

  end() {
    this.isDrawing = false;
    this.calls.push(["end"]);
  }
}

const context = { beginPath() {}, arc() {}, stroke() {}, moveTo() {}, lineTo() {} };

/** @type {EventTarget} */
let canvas;
/** @type {Pad} */
let pad;
/** @type {{ cursor: string | undefined, wipe: () => void, begin: () => object }} */
let marks;

beforeEach(() => {
  canvas = new EventTarget();
  pad = new Pad();
  marks = { cursor: undefined, wipe() {}, begin: () => context };
  new KeyboardPen(/** @type {any} */ (canvas), /** @type {any} */ (pad), /** @type {any} */ (marks));
});

/** @param {string} key */
function down(key, options = {}) {
  const event = Object.assign(new Event("keydown", { cancelable: true }), { key, ...options });
  canvas.dispatchEvent(event);
  return event;
}

/** @param {string} key */
const up = (key) => canvas.dispatchEvent(Object.assign(new Event("keyup"), { key }));

/** @param {string} key */
function press(key, options = {}) {
  down(key, options);
  up(key);
}

test("space puts the pen down and lifts it, arrows draw between", () => {
  press(" ");
  press("ArrowRight");
  press("ArrowDown", { shiftKey: true });
  press(" ");
  assert.deepEqual(pad.calls, [
    ["begin", SIDE / 2, SIDE / 4],
    ["extend", SIDE / 2 + 8, SIDE / 4],
    ["extend", SIDE / 2 + 8, SIDE / 4 + 2],
    ["end"],
  ]);
});

for (const [key, dx, dy] of /** @type {[string, number, number][]} */ ([
  ["ArrowLeft", -8, 0],
  ["ArrowRight", 8, 0],
  ["ArrowUp", 0, -8],
  ["ArrowDown", 0, 8],
])) {
  test(`${key} moves one step`, () => {
    press(" ");
    press(key);
    assert.deepEqual(pad.calls.at(-1), ["extend", SIDE / 2 + dx, SIDE / 4 + dy]);
  });
}

test("two arrows held together move diagonally", () => {
  press(" ");
  down("ArrowRight");
  down("ArrowDown");
  assert.deepEqual(pad.calls.at(-1), ["extend", SIDE / 2 + 16, SIDE / 4 + 8]);
});

test("the pen stays on the paper", () => {
  press(" ");
  for (let i = 0; i < 100; i += 1) press("ArrowUp");
  assert.deepEqual(pad.calls.at(-1), ["extend", SIDE / 2, 0]);
});

test("a held space does not tap", () => {
  down(" ");
  down(" ", { repeat: true });
  assert.equal(pad.calls.length, 1);
});

test("the page does not scroll under the pen, and other keys are the page's", () => {
  assert.equal(down("ArrowDown").defaultPrevented, true);
  assert.equal(down("Tab").defaultPrevented, false);
  assert.equal(down("ArrowDown", { ctrlKey: true }).defaultPrevented, false);
});

test("leaving the pad lifts the pen and puts the cursor away", () => {
  press(" ");
  assert.equal(marks.cursor, "down");
  canvas.dispatchEvent(new Event("blur"));
  assert.deepEqual(pad.calls.at(-1), ["end"]);
  assert.equal(marks.cursor, undefined);
});

test("a sheet that was turned meanwhile lifts the pen", () => {
  press(" ");
  pad.isDrawing = false;
  pad.dispatchEvent(new Event("change"));
  assert.equal(marks.cursor, "up");
});
