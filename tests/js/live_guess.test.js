import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { ApiError } from "../../static/js/api_client.js";
import { LiveGuess } from "../../static/js/live_guess.js";
import { REFUSED, SEVEN } from "./answers.js";
import { settle, useFakeClock } from "./fake_clock.js";

/** @import { Answer } from "../../static/js/api_types.d.ts" */

const clock = useFakeClock();

/** A call that is under way. @typedef {{ signal: AbortSignal, answer: (answer: Answer | null) => void, fail: (error: Error) => void }} Call */

/** @type {Call[]} */
let calls;
/** @type {Answer[]} */
let shown;
/** @type {LiveGuess} */
let live;

beforeEach(() => {
  calls = [];
  shown = [];
  live = new LiveGuess(
    (signal) => new Promise((answer, fail) => calls.push({ signal, answer, fail })),
    (answer) => shown.push(answer),
  );
});

test("a moving pen asks once in a while, not at each point", async () => {
  for (let moved = 0; moved < 300; moved += 10) {
    live.penMoved();
    await clock.pass(10);
  }
  assert.equal(calls.length, 0);
  await clock.pass(50);
  assert.equal(calls.length, 1);
});

test("a lifted pen asks at once", async () => {
  live.penMoved();
  live.penLifted();
  await clock.pass(20);
  assert.equal(calls.length, 1);
  calls[0].answer(SEVEN);
  await clock.pass(1000);
  assert.deepEqual(shown, [SEVEN]);
  assert.equal(calls.length, 1);
});

test("one request is in flight; what came meanwhile is asked when it is back", async () => {
  live.penLifted();
  await clock.pass(20);
  for (let i = 0; i < 3; i += 1) {
    live.penLifted();
    await clock.pass(20);
  }
  assert.equal(calls.length, 1);
  calls[0].answer(REFUSED);
  await settle();
  assert.equal(calls.length, 2);
  calls[1].answer(SEVEN);
  await settle();
  assert.deepEqual(shown, [REFUSED, SEVEN]);
  assert.equal(calls.length, 2);
});

test("an answer to a sheet that is gone is dropped, and its request given up", async () => {
  live.penLifted();
  await clock.pass(20);
  live.cancel();
  assert.equal(calls[0].signal.aborted, true);
  calls[0].answer(SEVEN);
  await clock.pass(1000);
  assert.deepEqual(shown, []);
  assert.equal(calls.length, 1);
});

test("cancelling forgets that an answer had become stale", async () => {
  for (let i = 0; i < 2; i += 1) {
    live.penLifted();
    await clock.pass(20);
  }
  live.cancel();
  live.penLifted();
  await clock.pass(20);
  calls[1].answer(SEVEN);
  await clock.pass(1000);
  assert.equal(calls.length, 2);
});

test("cancelling forgets what was about to be asked", async () => {
  live.penLifted();
  live.cancel();
  await clock.pass(1000);
  assert.equal(calls.length, 0);
});

test("after a failure it keeps quiet for as long as the server asked", async () => {
  live.penLifted();
  await clock.pass(20);
  calls[0].fail(new ApiError("throttled", "A lot.", 7));
  await settle();
  live.penLifted();
  await clock.pass(6900);
  assert.equal(calls.length, 1);
  await clock.pass(200);
  assert.equal(calls.length, 2);
});

test("after a failure that does not say for how long it keeps quiet for two seconds", async () => {
  live.penLifted();
  await clock.pass(20);
  calls[0].fail(new ApiError("offline", "Away."));
  await settle();
  live.penLifted();
  await clock.pass(1900);
  assert.equal(calls.length, 1);
  await clock.pass(200);
  assert.equal(calls.length, 2);
});

test("a request that was given up says nothing about the server", async () => {
  live.penLifted();
  await clock.pass(20);
  live.cancel();
  calls[0].fail(new ApiError("offline", "Given up."));
  live.penLifted();
  await clock.pass(20);
  assert.equal(calls.length, 2);
});

test("nothing to guess yet shows nothing", async () => {
  live.penLifted();
  await clock.pass(20);
  calls[0].answer(null);
  await settle();
  assert.deepEqual(shown, []);
});
