import assert from "node:assert/strict";
import { test } from "node:test";
import { extent, inkStroke, onCanvas, PEN, SIDE, takePen } from "../../static/js/ink.js";

/** @import { Stroke } from "../../static/js/api_types.d.ts" */

/** A context that writes down what is drawn. */
function recorder() {
  /** @type {[string, ...number[]][]} */
  const calls = [];
  const names = ["beginPath", "moveTo", "lineTo", "quadraticCurveTo", "stroke", "setTransform"];
  const methods = names.map((name) => [name, (/** @type {number[]} */ ...numbers) => calls.push([name, ...numbers])]);
  return { calls, context: /** @type {any} */ (Object.fromEntries(methods)) };
}

/** @type {Stroke} */
const BEND = [
  [0, 0, 0],
  [100, 0, 10],
  [100, 100, 20],
];

test("a stroke runs through the middles of its segments to its last point", () => {
  const { calls, context } = recorder();
  inkStroke(context, BEND);
  assert.deepEqual(calls, [
    ["beginPath"],
    ["moveTo", 0, 0],
    ["quadraticCurveTo", 0, 0, 50, 0],
    ["quadraticCurveTo", 100, 0, 100, 50],
    ["lineTo", 100.01, 100],
    ["stroke"],
  ]);
});

test("what a moving pen adds begins in the middle before it, so no gap is left", () => {
  const { calls, context } = recorder();
  inkStroke(context, BEND, 1);
  assert.deepEqual(calls.slice(1, 3), [
    ["moveTo", 50, 0],
    ["quadraticCurveTo", 100, 0, 100, 50],
  ]);
});

test("a tap is a line of almost no length, which the round pen makes a dot", () => {
  const { calls, context } = recorder();
  inkStroke(context, [[5, 6, 0]]);
  assert.deepEqual(calls, [["beginPath"], ["moveTo", 5, 6], ["lineTo", 5.01, 6], ["stroke"]]);
});

test("no points, no ink", () => {
  const { calls, context } = recorder();
  inkStroke(context, []);
  assert.deepEqual(calls, []);
});

test("the pen is as wide on every screen, measured in the canonical square", () => {
  const { calls, context } = recorder();
  takePen(context, 3 * SIDE, "red");
  assert.deepEqual(calls, [["setTransform", 3, 0, 0, 3, 0, 0]]);
  assert.deepEqual(
    [context.lineWidth, context.lineCap, context.lineJoin, context.strokeStyle],
    [PEN, "round", "round", "red"],
  );
});

test("the extent is the longer side of all strokes together", () => {
  assert.equal(extent([]), 0);
  assert.equal(extent([[[5, 6, 0]]]), 0);
  assert.equal(extent([BEND]), 100);
  assert.equal(extent([[[10, 20, 0]], [[70, 25, 0]]]), 60);
  assert.equal(extent([[[20, 10, 0]], [[25, 70, 0]]]), 60);
});

test("what stays on the paper is sent as it is, and what leaves it with a canvas that holds it", () => {
  assert.deepEqual(onCanvas([BEND]), { strokes: [BEND], canvas: { width: SIDE, height: SIDE } });
  /** @type {Stroke} */
  const beyond = [
    [-9.3, 140, 0],
    [300.2, 140, 10],
  ];
  assert.deepEqual(onCanvas([beyond, BEND]), {
    strokes: [
      [
        [0, 140, 0],
        [309.5, 140, 10],
      ],
      BEND.map(([x, y, time]) => [Math.round(10 * (x + 9.3)) / 10, y, time]),
    ],
    canvas: { width: 309.5, height: 309.5 },
  });
  assert.deepEqual(onCanvas([]), { strokes: [], canvas: { width: SIDE, height: SIDE } });
  for (const y of [-70, 350]) {
    const { strokes, canvas } = onCanvas([[[140, y, 0]]]);
    assert.equal(canvas.height, SIDE + 70);
    assert.ok(strokes[0][0][1] >= 0 && strokes[0][0][1] <= canvas.height);
  }
});
