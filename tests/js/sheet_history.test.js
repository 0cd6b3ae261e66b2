import assert from "node:assert/strict";
import { test } from "node:test";
import { SheetHistory } from "../../static/js/sheet_history.js";

/** @import { Stroke } from "../../static/js/api_types.d.ts" */

/** @param {number} x @returns {Stroke} */
const stroke = (x) => [[x, 0, 0]];

test("undo and redo step over whole sheets", () => {
  const history = new SheetHistory();
  history.add(stroke(1));
  history.add(stroke(2));
  history.undo();
  assert.deepEqual(history.strokes, [stroke(1)]);
  history.redo();
  assert.deepEqual(history.strokes, [stroke(1), stroke(2)]);
  assert.equal(history.canRedo, false);
});

test("at either end a step does nothing", () => {
  const history = new SheetHistory();
  history.undo();
  history.redo();
  assert.deepEqual(history.strokes, []);
  assert.equal(history.canUndo, false);
});

test("clearing can be undone, and an empty sheet is not cleared again", () => {
  const history = new SheetHistory();
  history.add(stroke(1));
  history.clear();
  history.clear();
  assert.deepEqual(history.strokes, []);
  history.undo();
  assert.deepEqual(history.strokes, [stroke(1)]);
});

test("a stroke after an undo forgets what was undone", () => {
  const history = new SheetHistory();
  history.add(stroke(1));
  history.undo();
  history.add(stroke(2));
  assert.equal(history.canRedo, false);
  history.undo();
  assert.deepEqual(history.strokes, []);
});

test("a sheet that undo brings back is the same object, by which a retry is known", () => {
  const history = new SheetHistory();
  history.add(stroke(1));
  const sheet = history.strokes;
  history.add(stroke(2));
  history.undo();
  assert.equal(history.strokes, sheet);
});

test("after a reset there is nothing to undo", () => {
  const history = new SheetHistory();
  history.add(stroke(1));
  history.reset();
  assert.deepEqual([history.canUndo, history.canRedo, history.strokes.length], [false, false, 0]);
});

test("strokes of another visit are taken back one by one", () => {
  const history = new SheetHistory();
  history.restore([stroke(1), stroke(2)]);
  assert.deepEqual(history.strokes, [stroke(1), stroke(2)]);
  history.undo();
  assert.deepEqual(history.strokes, [stroke(1)]);
  history.undo();
  assert.deepEqual([history.strokes, history.canUndo, history.canRedo], [[], false, true]);
});
