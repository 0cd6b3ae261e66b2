import assert from "node:assert/strict";
import { test } from "node:test";
import { showPhase } from "../../static/js/phases.js";

/** @param {string[]} whens */
function page(...whens) {
  const parts = whens.map((when) => ({ dataset: { when }, hidden: false }));
  const dataset = /** @type {DOMStringMap} */ ({});
  return { parts, dataset, root: /** @type {any} */ ({ dataset, querySelectorAll: () => parts }) };
}

test("a part is shown in the phases that it names, and in no other", () => {
  const { parts, dataset, root } = page("intro", "answered saved", "drawing");
  showPhase(root, "saved");
  assert.equal(dataset.phase, "saved");
  assert.deepEqual(
    parts.map((part) => part.hidden),
    [true, false, true],
  );
});

test("a phase is a whole word", () => {
  const { parts, root } = page("answered");
  showPhase(root, "answer");
  assert.equal(parts[0].hidden, true);
});
