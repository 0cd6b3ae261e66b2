import assert from "node:assert/strict";
import { test } from "node:test";
import { RoundOfTen } from "../../static/js/round_of_ten.js";

test("digits are asked for one after another until the round is over", () => {
  const round = new RoundOfTen([7, 1]);
  assert.deepEqual([round.asked, round.isOver], [7, false]);
  round.mark(7, true);
  assert.deepEqual([round.asked, round.isOver], [1, false]);
  round.mark(null, true);
  assert.equal(round.isOver, true);
  assert.deepEqual(round.marks, [
    { digit: 7, read: 7, counts: true },
    { digit: 1, read: null, counts: true },
  ]);
});

test("what was drawn as something else does not count, though it was read right", () => {
  const round = new RoundOfTen([7, 1, 0, 3]);
  round.mark(7, true);
  round.mark(1, false);
  round.mark(6, true);
  round.mark(3, true);
  assert.deepEqual(round.score, { counted: 3, right: 2 });
});

test("a round that is kept goes on where it was", () => {
  const round = new RoundOfTen([3, 8, 1]);
  round.mark(3, true);
  const { digits, marks } = JSON.parse(JSON.stringify(round.kept));
  const again = new RoundOfTen(digits, marks);
  assert.deepEqual([again.asked, again.length, again.score], [8, 3, { counted: 1, right: 1 }]);
});
