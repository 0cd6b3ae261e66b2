import assert from "node:assert/strict";
import { test } from "node:test";
import { decimal, learn, say } from "../../static/js/words.js";

test("values come into their places", () => {
  learn({ score: "It read {right} of {all}." });
  assert.equal(say("score", { right: 7, all: 10 }), "It read 7 of 10.");
});

test("a digit takes its article, with a capital at a sentence's start", () => {
  learn({ button: "{A_digit}", sentence: "So that is {a_digit}.", translated: "Das ist also eine {digit}." });
  assert.equal(say("button", { digit: 8 }), "An 8");
  assert.equal(say("sentence", { digit: 7 }), "So that is a 7.");
  assert.equal(say("translated", { digit: 7 }), "Das ist also eine 7.");
});

test("of several forms the one that the number asks for is said", () => {
  learn({ news: { one: "{count} new drawing", other: "{count} new drawings" } });
  assert.equal(say("news", { count: 1 }), "1 new drawing");
  assert.equal(say("news", { count: 0 }), "0 new drawings");
});

test("a form that is as the others are need not be brought along", () => {
  learn({ news: { other: "{count} yeni çizim" } });
  assert.equal(say("news", { count: 1 }), "1 yeni çizim");
});

test("what a page cannot say is a fault, not an empty place", () => {
  assert.throws(() => say("nothing_of_the_kind"), /nothing_of_the_kind/);
});

test("a number has as many digits behind its point as asked for", () => {
  assert.equal(decimal(98.74, 1), "98.7");
  assert.equal(decimal(7, 1), "7.0");
});
