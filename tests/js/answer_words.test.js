import assert from "node:assert/strict";
import { test } from "node:test";
import * as words from "../../static/js/answer_words.js";
import { labelName } from "../../static/js/labels.js";
import { FOUR_OR_NINE, REFUSED, SEVEN } from "./answers.js";

test("a digit is read, a pair is asked about, a refusal says what the API says", () => {
  assert.deepEqual(words.verdict(SEVEN), { lead: "I read a", digit: "7", certainty: "Very sure.", isSmall: false });
  assert.deepEqual(words.verdict(FOUR_OR_NINE), {
    lead: "Too close to call",
    digit: "4 or 9?",
    certainty: "Not sure.",
    isSmall: true,
  });
  assert.deepEqual(words.verdict(REFUSED), { lead: "", digit: "?", certainty: REFUSED.message, isSmall: false });
});

test("an eight takes an an", () => {
  assert.equal(words.verdict({ ...SEVEN, digit: 8 }).lead, "I read an");
  assert.equal(words.savedVerdict(SEVEN, 8).certainty, "So that is an 8.");
  assert.equal(words.firstChoices({ ...FOUR_OR_NINE, digit: 8 })[0].words, "An 8");
});

test("a guess looks like something and scolds nobody", () => {
  assert.equal(words.guess(SEVEN).lead, "Looks like");
  assert.equal(words.guess(FOUR_OR_NINE).lead, "Too close to call");
  assert.deepEqual(words.guess(REFUSED), { lead: "", digit: "…", certainty: "No digit yet.", isSmall: true });
});

test("the first choices are what the answer offers", () => {
  assert.deepEqual(words.firstChoices(SEVEN), [{ label: 7, words: "Yes, 7" }]);
  assert.deepEqual(words.firstChoices(FOUR_OR_NINE), [
    { label: 4, words: "A 4" },
    { label: 9, words: "A 9" },
  ]);
  assert.deepEqual(words.firstChoices(REFUSED), [{ label: null, words: "Right, not a digit" }]);
});

test("what is said aloud is the API's sentence and the question", () => {
  assert.equal(words.spoken(SEVEN), "I read a 7. Very sure. Was that right?");
  assert.equal(words.spoken(FOUR_OR_NINE), "4 or 9? Which one?");
  assert.equal(words.spoken(REFUSED), REFUSED.message);
});

test("a label that differs from the reading is a correction", () => {
  assert.deepEqual(words.savedVerdict(SEVEN, 7), {
    lead: "I read",
    digit: "7",
    certainty: "I read it right.",
    isCorrection: false,
  });
  assert.deepEqual(words.savedVerdict(SEVEN, null), {
    lead: "You say",
    digit: "—",
    certainty: "Not a digit.",
    isCorrection: true,
  });
  assert.equal(words.savedVerdict(REFUSED, null).isCorrection, false);
  assert.equal(words.savedVerdict(FOUR_OR_NINE, 9).isCorrection, true);
});

test("only a correction goes to a reviewer", () => {
  assert.equal(words.thanks(SEVEN, 7), "Thanks.");
  assert.equal(words.thanks(REFUSED, null), "Thanks.");
  assert.equal(words.thanks(SEVEN, 1), "Thanks. A reviewer will look at it.");
});

test("nothing is certain", () => {
  assert.equal(words.percent(0), "0.0 %");
  assert.equal(words.percent(0.98765), "98.8 %");
  assert.equal(words.percent(0.9994), "99.9 %");
  assert.equal(words.percent(0.9995), "> 99.9 %");
  assert.equal(words.percent(1), "> 99.9 %");
});

test("memory counts corrections", () => {
  assert.equal(words.memoryWords(0), "");
  assert.equal(words.memoryWords(1), "using your last correction");
  assert.equal(words.memoryWords(12), "using your last 12 corrections");
});

test("news count drawings, and tell of the next training where there is one", () => {
  assert.equal(words.news({ new_since: 1, next_at: 100 }, 4), "1 new drawing since version 4; next training at 100.");
  assert.equal(words.news({ new_since: 83, next_at: null }, 4), "83 new drawings since version 4.");
});

test("a label is said as people say it", () => {
  assert.deepEqual([0, 9, null].map(labelName), ["0", "9", "not a digit"]);
});
