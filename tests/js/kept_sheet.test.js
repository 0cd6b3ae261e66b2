import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { keep, kept, SHEET } from "../../static/js/kept_sheet.js";

/** @type {Map<string, string>} */
let stored;

beforeEach(() => {
  stored = new Map();
  const sessionStorage = {
    getItem: (/** @type {string} */ name) => stored.get(name) ?? null,
    setItem: (/** @type {string} */ name, /** @type {string} */ text) => stored.set(name, text),
    removeItem: (/** @type {string} */ name) => stored.delete(name),
  };
  Object.defineProperty(globalThis, "sessionStorage", { value: sessionStorage, configurable: true });
});

const INK = { strokes: [[[1, 2, 0]]], key: "k" };

test("what is kept is there until it is forgotten", () => {
  assert.equal(kept(SHEET), null);
  keep(SHEET, INK);
  assert.deepEqual(kept(SHEET), INK);
  keep(SHEET, null);
  assert.equal(kept(SHEET), null);
});

test("what is of no use is passed over", () => {
  for (const text of ["{", "null", "7", "{}", '{"strokes":1}', '{"strokes":[[]]}', '{"strokes":[[[1,2]]]}']) {
    stored.set(SHEET, text);
    assert.equal(kept(SHEET), null, text);
  }
});

test("storage that is switched off keeps nothing and breaks nothing", () => {
  Object.defineProperty(globalThis, "sessionStorage", {
    get: () => {
      throw new DOMException("off", "SecurityError");
    },
    configurable: true,
  });
  keep(SHEET, INK);
  assert.equal(kept(SHEET), null);
});
