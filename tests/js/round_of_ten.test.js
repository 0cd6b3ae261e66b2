import assert from "node:assert/strict";
import { test } from "node:test";
import { anyDigits, RoundOfTen } from "../../static/js/round_of_ten.js";

test("digits are asked for one after another until the round is over", () => {
  const round = new RoundOfTen([7, 1]);
  assert.deepEqual([round.asked, round.isOver], [7, false]);
  round.mark(7, true);
  assert.deepEqual([round.asked, round.isOver], [1, false]);
  round.mark(null, true);
  assert.equal(round.isOver, true);
  assert.deepEqual(round.marks, [
    { digit: 7, read: 7, counts: true, strokes: [] },
    { digit: 1, read: null, counts: true, strokes: [] },
  ]);
});

test("what was drawn as something else does not count, though it was read right", () => {
  const round = new RoundOfTen([7, 1, 0, 3]);
  round.mark(7, true);
  round.mark(1, false);
  round.mark(6, true);
  round.mark(3, true);
  assert.deepEqual(round.score, { counted: 3, right: 2, waiting: 0 });
});

test("a round that is kept goes on where it was", () => {
  const round = new RoundOfTen([3, 8, 1]);
  round.mark(3, true);
  const { digits, marks } = JSON.parse(JSON.stringify(round.kept));
  const again = new RoundOfTen(digits, marks);
  assert.deepEqual([again.asked, again.length, again.score], [8, 3, { counted: 1, right: 1, waiting: 0 }]);
});

test("what waits for the network counts once it is read", () => {
  const round = new RoundOfTen([3, 8]);
  round.mark(null, true, [], "key");
  round.mark(8, true);
  assert.deepEqual(round.score, { counted: 1, right: 1, waiting: 1 });
  assert.deepEqual([round.read("another", 3), round.read("key", 3)], [false, true]);
  assert.deepEqual(round.score, { counted: 2, right: 2, waiting: 0 });
});

test("without a server any digit is asked for, each once", () => {
  assert.deepEqual(anyDigits().sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
});
