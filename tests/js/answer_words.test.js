import assert from "node:assert/strict";
import { test } from "node:test";
import "./english.js";
import * as words from "../../static/js/answer_words.js";
import { thanks } from "../../static/js/thanks.js";
import { labelName } from "../../static/js/words.js";
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
  assert.deepEqual(words.guess(SEVEN, false), {
    lead: "Looks like",
    digit: "7",
    certainty: "Very sure.",
    isSmall: false,
  });
  assert.equal(words.guess(FOUR_OR_NINE, false).lead, "Too close to call");
  assert.deepEqual(words.guess(REFUSED, false), { lead: "", digit: "…", certainty: "No digit yet.", isSmall: true });
});

test("nothing is sure before the pen is up", () => {
  for (const answer of [SEVEN, FOUR_OR_NINE, REFUSED]) assert.equal(words.guess(answer, true).certainty, "");
});

test("the first choices are what the answer offers", () => {
  assert.deepEqual(words.firstChoices(SEVEN), [{ label: 7, words: "Yes, 7" }]);
  assert.deepEqual(words.firstChoices(FOUR_OR_NINE), [
    { label: 4, words: "A 4" },
    { label: 9, words: "A 9" },
  ]);
});

const UNSURE = [0, 0, 0, 0.2, 0, 0, 0, 0.1, 0.6, 0.1];

test("a refusal offers the likeliest digits, and never that it is none", () => {
  assert.deepEqual(words.firstChoices({ ...REFUSED, probabilities: UNSURE }), [
    { label: 8, words: "An 8" },
    { label: 3, words: "A 3" },
  ]);
  const all = new Array(10).fill(0.1);
  assert.deepEqual(words.firstChoices({ ...REFUSED, probabilities: all }), []);
  assert.deepEqual(words.likeliest({ ...REFUSED, probabilities: [0.2, 0.2, 0.2, 0.2, 0.2, 0, 0, 0, 0, 0] }), [0, 1, 2]);
});

test("what is said aloud is the API's sentence and the question", () => {
  assert.equal(words.spoken(SEVEN), "I read a 7. Very sure. Was that right?");
  assert.equal(words.spoken(FOUR_OR_NINE), "4 or 9? Which one?");
  assert.equal(words.spoken(REFUSED), "Huh... You call that a digit? If it is one: which?");
  const asking = { ...REFUSED, message: "I cannot read it. Which digit is it?" };
  assert.equal(words.spoken(asking), asking.message);
});

test("nobody is teased twice", () => {
  assert.equal(words.verdict(REFUSED, true).certainty, "I see no digit in it.");
  assert.equal(words.spoken(REFUSED, true), "I see no digit in it. If it is one: which?");
  const asking = { ...REFUSED, message: "Two digits? One at a time." };
  assert.equal(words.verdict(asking, true).certainty, asking.message);
});

test("not a digit is doubted where one is read for sure", () => {
  assert.deepEqual(words.doubt({ ...SEVEN, likely_digit: 8 }), {
    question: "Really not a digit? I am very sure of an 8.",
    choices: [
      { label: 8, words: "It is an 8" },
      { label: null, words: "Not a digit" },
    ],
  });
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

test("thanks say what became of this drawing", () => {
  assert.equal(thanks("approved"), "Thanks. It is accepted.");
  assert.equal(thanks("waiting"), "Thanks. A reviewer will look at it.");
  assert.equal(thanks("quarantined"), "Thanks. A reviewer will look at it.");
  assert.equal(thanks(undefined), "Thanks.");
});

test("nothing is certain", () => {
  assert.equal(words.percent(0), "0.0 %");
  assert.equal(words.percent(0.98765), "98.8 %");
  assert.equal(words.percent(0.9994), "99.9 %");
  assert.equal(words.percent(0.9995), "> 99.9 %");
  assert.equal(words.percent(1), "> 99.9 %");
});

test("a refused drawing's shares have no decimals", () => {
  assert.deepEqual([0, 0.424, 0.994, 0.996].map(words.roughly), ["0 %", "42 %", "99 %", "> 99 %"]);
});

test("memory speaks only where it changed the answer", () => {
  assert.equal(words.memoryWords({ ...SEVEN, memory: 12 }), "");
  assert.equal(words.memoryWords({ ...SEVEN, memory_changed: true }), "You draw your 7s like this.");
  assert.equal(words.memoryWords({ ...FOUR_OR_NINE, memory_changed: true }), "You have drawn both like this.");
  assert.equal(words.memoryWords({ ...REFUSED, memory_changed: true }), "You said that one like it is no digit.");
});

test("news of nothing are none", () => {
  assert.equal(words.news({ new_since: 0, next_at: 100 }, 1), "");
});

test("news count drawings, and tell of the next training where there is one", () => {
  assert.equal(words.news({ new_since: 1, next_at: 100 }, 4), "1 new drawing since version 4; next training at 100.");
  assert.equal(words.news({ new_since: 83, next_at: null }, 4), "83 new drawings since version 4.");
});

test("a label is said as people say it", () => {
  assert.deepEqual([0, 9, null].map(labelName), ["0", "9", "not a digit"]);
});
