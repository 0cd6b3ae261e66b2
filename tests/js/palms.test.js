import assert from "node:assert/strict";
import { test } from "node:test";
import { Palms } from "../../static/js/palms.js";

const touch = (/** @type {number} */ width, /** @type {number} */ height, timeStamp = 0) => ({
  pointerType: "touch",
  width,
  height,
  timeStamp,
});

test("a fingertip draws, a finger that lies flat too, and a palm does not", () => {
  const palms = new Palms();
  for (const [width, height] of [
    [20, 22],
    [61, 30],
    [40, 90],
    [60, 90],
  ]) {
    assert.equal(palms.isPalm(touch(width, height)), false, `${width} x ${height}`);
  }
  for (const [width, height] of [
    [80, 80],
    [61, 61],
    [30, 91],
  ]) {
    assert.equal(palms.isPalm(touch(width, height)), true, `${width} x ${height}`);
  }
});

test("a touch beside a pen is the hand that holds it, for a while", () => {
  const palms = new Palms();
  palms.notice({ pointerType: "pen", width: 1, height: 1, timeStamp: 1000 });
  assert.equal(palms.isPalm(touch(20, 20, 2499)), true);
  assert.equal(palms.isPalm(touch(20, 20, 2500)), false);
  palms.notice(touch(20, 20, 3000)); // a finger is no pen
  assert.equal(palms.isPalm(touch(20, 20, 3000)), false);
});

test("pens and mice have no palms", () => {
  for (const pointerType of ["pen", "mouse"]) {
    assert.equal(new Palms().isPalm({ pointerType, width: 200, height: 200, timeStamp: 0 }), false);
  }
});
