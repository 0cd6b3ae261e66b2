import assert from "node:assert/strict";
import { test } from "node:test";
import { Hand } from "../../static/review/hand.js";

/** @param {string[]} ids */
const claimed = (...ids) => ({
  drawings: ids.map((id) => ({ id, image: "", blind: /** @type {const} */ (true), check: false })),
  left: ids.length,
  many: false,
});

/** @param {string[]} ids */
function holding(...ids) {
  const hand = new Hand([]);
  hand.take(claimed(...ids), []);
  return hand;
}

test("drawings are played in the order in which they were claimed", () => {
  const hand = holding("a", "b");
  assert.equal(hand.play("decide")?.id, "a");
  assert.equal(hand.current?.id, "b");
  assert.deepEqual([hand.done, hand.skipped], [1, []]);
  assert.equal(hand.play("skip")?.id, "b");
  assert.deepEqual([hand.done, hand.skipped], [1, ["b"]]);
  assert.equal(hand.play("decide"), undefined);
});

test("nothing is taken up twice: not what is held, unsent, or played since the claim was asked for", () => {
  const hand = holding("a", "b");
  hand.asking();
  hand.play("decide");
  hand.take(claimed("a", "b", "c", "d"), ["c"]);
  assert.deepEqual(hand.ids, ["b", "d"]);
});

test("what was played before the claim may come back with it", () => {
  const hand = holding("a");
  hand.play("skip");
  hand.asking();
  hand.take(claimed("a"), []);
  assert.deepEqual(hand.ids, ["a"]);
});

test("undo puts the last drawing back on the desk, decided or skipped", () => {
  const hand = holding("a", "b");
  hand.play("decide");
  hand.play("skip");
  assert.equal(hand.undo()?.kind, "skip");
  assert.deepEqual([hand.ids, hand.skipped, hand.done], [["b"], [], 1]);
  assert.equal(hand.canUndo, true);
  assert.equal(hand.undo()?.kind, "decide");
  assert.deepEqual([hand.ids, hand.done, hand.canUndo], [["a", "b"], 0, false]);
  assert.equal(hand.undo(), undefined);
});

test("what the server would not take cannot be taken back", () => {
  const hand = holding("a", "b");
  hand.play("decide");
  hand.play("decide");
  hand.forgetTurns("b");
  assert.equal(hand.undo()?.drawing.id, "a");
});

test("a drawing whose undo was refused leaves the hand", () => {
  const hand = holding("a", "b");
  hand.play("decide");
  hand.undo();
  hand.drop("a");
  assert.deepEqual(hand.ids, ["b"]);
});

test("skips outlive a reload, the latest two hundred of them", () => {
  const hand = new Hand(Array.from({ length: 200 }, (_, i) => `old ${i}`));
  hand.take(claimed("a"), []);
  hand.play("skip");
  assert.equal(hand.skipped.length, 200);
  assert.deepEqual([hand.skipped[0], hand.skipped.at(-1)], ["old 1", "a"]);
});
