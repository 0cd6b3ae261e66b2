import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import { Outbox } from "../../static/review/outbox.js";
import { settle, useFakeClock } from "./fake_clock.js";

/** @import { Message } from "../../static/review/desk_types.d.ts" */

const clock = useFakeClock();
const real = globalThis.fetch;

/** A request that waits for a test to answer it. @typedef {{ url: string, id: string, answer: (response: object) => void, fail: () => void }} Sent */

/** @type {Sent[]} */
let sent;
/** @type {Map<string, string>} */
let storage;
/** @type {object[]} */
let answered;
/** @type {[string, string][]} */
let refused;

beforeEach(() => {
  [sent, storage, answered, refused] = [[], new Map(), [], []];
  Object.assign(globalThis, {
    window: new EventTarget(),
    fetch: (/** @type {string} */ url, /** @type {{ body: string }} */ { body }) =>
      new Promise((answer, reject) => {
        sent.push({ url, id: JSON.parse(body).id, answer, fail: () => reject(new TypeError("away")) });
      }),
  });
  Object.defineProperty(globalThis, "localStorage", {
    configurable: true,
    value: {
      getItem: (/** @type {string} */ key) => storage.get(key) ?? null,
      setItem: (/** @type {string} */ key, /** @type {string} */ value) => storage.set(key, value),
    },
  });
});
afterEach(() => {
  globalThis.fetch = real;
});

const open = () =>
  new Outbox({
    key: "box",
    token: "token",
    urls: { decide: "/decide/", skip: "/skip/", undo: "/undo/", note: "/note/" },
    onAnswer: (counts) => answered.push(counts),
    onRefused: (message, detail) => refused.push([message.id, detail]),
    onChange: () => {},
  });

/** @param {string} id @returns {Message} */
const decision = (id) => ({ kind: "decide", id, label: 7, blind: false });

/** @param {number} status */
const response = (status, body = {}) => ({ type: "basic", status, json: async () => body });

const kept = () => JSON.parse(storage.get("box") ?? "[]").map((/** @type {Message} */ message) => message.id);

/** Answer the latest request. @param {object} answer */
async function answerLast(answer) {
  sent.at(-1)?.answer(answer);
  await settle();
}

test("messages go out in order, one at a time, each to its address", async () => {
  const outbox = open();
  outbox.push(decision("a"));
  outbox.push({ kind: "skip", id: "b" });
  outbox.push({ kind: "undo", id: "a", decided: true });
  await settle();
  assert.deepEqual([sent.length, outbox.size, kept()], [1, 3, ["a", "b", "a"]]);
  for (let i = 0; i < 3; i += 1) await answerLast(response(200, { left: 3 - i }));
  assert.deepEqual(
    sent.map(({ url, id }) => [url, id]),
    [
      ["/decide/", "a"],
      ["/skip/", "b"],
      ["/undo/", "a"],
    ],
  );
  assert.deepEqual([outbox.size, kept(), answered], [0, [], [{ left: 3 }, { left: 2 }, { left: 1 }]]);
});

test("what the server refuses is told and does not hold up the others", async () => {
  const outbox = open();
  outbox.push(decision("a"));
  outbox.push(decision("b"));
  await settle();
  await answerLast(response(409, { detail: "Taken." }));
  await answerLast(response(400));
  assert.deepEqual(refused, [
    ["a", "Taken."],
    ["b", "The server would not take that."],
  ]);
  assert.deepEqual([answered, outbox.size], [[], 0]);
});

test("a lost connection keeps everything and tries again, less and less often", async () => {
  const outbox = open();
  outbox.push(decision("a"));
  await settle();
  sent[0].fail();
  await settle();
  assert.deepEqual([outbox.isOffline, kept()], [true, ["a"]]);
  const waits = [];
  for (let tries = 1; tries < 7; tries += 1) {
    let waited = 0;
    for (; sent.length === tries; waited += 500) await clock.pass(500);
    waits.push(waited);
    sent.at(-1)?.fail();
    await settle();
  }
  assert.deepEqual(waits, [1000, 2000, 4000, 8000, 15000, 15000]);
});

test("an error of the server is a lost connection", async () => {
  const outbox = open();
  outbox.push(decision("a"));
  await settle();
  await answerLast(response(500));
  assert.deepEqual([outbox.isOffline, outbox.size], [true, 1]);
  await clock.pass(1000);
  await answerLast(response(200));
  assert.deepEqual([outbox.isOffline, outbox.size], [false, 0]);
});

test("it sends at once when the browser is online again", async () => {
  const outbox = open();
  outbox.push(decision("a"));
  await settle();
  sent[0].fail();
  await settle();
  window.dispatchEvent(new Event("online"));
  await settle();
  assert.equal(sent.length, 2);
});

for (const [name, answer] of /** @type {[string, object][]} */ ([
  ["led to the door", { type: "opaqueredirect", status: 0 }],
  ["forbidden", response(403)],
])) {
  test(`who is ${name} is signed out, sends nothing more, and loses nothing`, async () => {
    const outbox = open();
    outbox.push(decision("a"));
    await settle();
    await answerLast(answer);
    outbox.push(decision("b"));
    await clock.pass(60_000);
    assert.deepEqual([outbox.isSignedOut, sent.length, kept()], [true, 1, ["a", "b"]]);
  });
}

test("what was kept through a reload is sent first", async () => {
  storage.set("box", JSON.stringify([decision("old")]));
  const outbox = open();
  outbox.push(decision("new"));
  await settle();
  await answerLast(response(200));
  assert.deepEqual(
    sent.map(({ id }) => id),
    ["old", "new"],
  );
});

for (const [name, value] of [
  ["nothing", ""],
  ["no list", "{}"],
  ["no JSON", "[{"],
]) {
  test(`storage that holds ${name} is an empty box`, () => {
    storage.set("box", value);
    assert.equal(open().size, 0);
  });
}

test("what has not been sent can be withdrawn; the first may be under way", async () => {
  const outbox = open();
  for (const id of ["a", "b", "c"]) outbox.push(decision(id));
  await settle();
  assert.equal(outbox.withdraw("a"), false);
  assert.equal(outbox.withdraw("b"), true);
  assert.equal(outbox.withdraw("z"), false);
  assert.deepEqual(outbox.ids(), ["a", "c"]);
  assert.equal(outbox.count("decide"), 2);
});

test("the first message can be withdrawn while nothing is under way", async () => {
  const outbox = open();
  outbox.push(decision("a"));
  await settle();
  sent[0].fail();
  await settle();
  assert.equal(outbox.withdraw("a"), true);
  assert.deepEqual(kept(), []);
});

test("the latest word on a drawing is withdrawn, never an undo", async () => {
  const outbox = open();
  outbox.push(decision("first"));
  outbox.push(decision("a"));
  outbox.push({ kind: "undo", id: "a", decided: true });
  outbox.push({ kind: "skip", id: "a" });
  assert.equal(outbox.withdraw("a"), true);
  assert.deepEqual(kept(), ["first", "a", "a"]);
  assert.equal(outbox.count("skip"), 0);
});

test("a claim is answered or null", async () => {
  const outbox = open();
  const held = { held: [], unsent: [], skipped: [], blind: false, window: "w", wanted: {} };
  const claim = outbox.claim("/claim/", held);
  await answerLast(response(200, { drawings: [] }));
  assert.deepEqual(await claim, { drawings: [] });
  const refusedClaim = outbox.claim("/claim/", held);
  await answerLast(response(400));
  assert.equal(await refusedClaim, null);
});
