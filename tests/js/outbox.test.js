import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import "./browser_crypto.js";
import "./english.js";
import { ApiError } from "../../static/js/api_client.js";
import { PassingStore } from "../../static/js/held_store.js";
import { MOST, Outbox } from "../../static/js/outbox.js";
import { useFakeClock } from "./fake_clock.js";

const clock = useFakeClock(); // what is tried again by itself waits for a test that wants it
const AWAY = new ApiError("offline", "Away.");

/** A server that is there or not, knows retries by their key, and may lose its answer. */
class Server {
  /** @type {string[]} */
  said = [];
  /** @type {Map<string, string>} */
  drawings = new Map();
  /** @type {ApiError | null} */
  trouble = null;
  /** How many calls are carried out without an answer. */
  lost = 0;

  /** @param {string} what @param {() => any} carryOut */
  async #call(what, carryOut) {
    await undefined;
    if (this.trouble) throw this.trouble;
    this.said.push(what);
    const answer = carryOut();
    if (this.lost > 0) {
      this.lost -= 1;
      throw AWAY;
    }
    return answer;
  }

  /** @param {object} _ @param {string} key */
  submit = (_, key) =>
    this.#call(`draw ${key}`, () => {
      this.drawings.set(key, `id of ${key}`);
      return { id: `id of ${key}` };
    });

  /** @param {string} id @param {number | null} label */
  confirm = (id, label) => this.#call(`${id} is ${label}`, () => ({ id, label, status: "waiting" }));

  /** @param {string} id */
  withdraw = (id) => this.#call(`${id} is not known`, () => null);

  /** @param {string} method @param {string} url */
  call = (method, url) => this.#call(`${method} ${url}`, () => null);

  /** @param {string} name */
  url = (name) => name;
}

const BODY = { strokes: [], canvas: { width: 280, height: 280 } };
/** @type {Server} */
let server;
/** @type {PassingStore} */
let store;
/** @type {Outbox} */
let outbox;

async function open() {
  return await Outbox.open(/** @type {any} */ (server), store);
}

beforeEach(async () => {
  server = new Server();
  store = new PassingStore();
  outbox = await open();
});

/** @param {string} key */
async function drawWithout(key) {
  server.trouble = AWAY;
  await assert.rejects(outbox.submit(BODY, key), { code: "offline", isHeld: true });
}

async function sendAgain() {
  server.trouble = null;
  await outbox.send();
}

test("with a server nothing waits", async () => {
  assert.equal((await outbox.submit(BODY, "a")).id, "id of a");
  assert.equal(outbox.isEmpty, true);
});

test("what waits is sent in order, each drawing with its label", async () => {
  await drawWithout("a");
  await outbox.label("a", 7);
  await drawWithout("b");
  await sendAgain();
  assert.deepEqual(server.said, ["draw a", "id of a is 7", "draw b"]);
  assert.equal(outbox.size, 0);
});

test("not a digit is a label, and none is none", async () => {
  await drawWithout("a");
  await outbox.label("a", null);
  await drawWithout("b");
  await outbox.label("b", 3);
  await outbox.label("b", undefined);
  await sendAgain();
  assert.deepEqual(server.said, ["draw a", "id of a is null", "draw b"]);
});

test("it goes on after a reload, and where an answer was lost", async () => {
  await drawWithout("a");
  await outbox.label("a", 7);
  await drawWithout("b");
  server.lost = 1;
  await sendAgain();
  assert.equal(outbox.size, 2);
  outbox = await open();
  await outbox.send();
  assert.deepEqual(server.said, ["draw a", "draw a", "id of a is 7", "draw b"]);
  assert.equal(server.drawings.size, 2);
});

test("what is said while a drawing is on its way goes after it", async () => {
  await drawWithout("a");
  server.trouble = null;
  const sending = outbox.send();
  await outbox.label("a", 7);
  await sending;
  assert.deepEqual(server.said.at(-1), "id of a is 7");
});

test("what is taken back while it is on its way is taken back there", async () => {
  await drawWithout("a");
  await outbox.label("a", 7);
  server.confirm = ((confirm) => async (/** @type {string} */ id, /** @type {number | null} */ label) => {
    const answer = await confirm(id, label);
    await outbox.label("a", undefined);
    return answer;
  })(server.confirm);
  await sendAgain();
  assert.deepEqual(server.said, ["draw a", "id of a is 7", "id of a is not known"]);
});

test("of a drawing that has just been sent the label goes straight", async () => {
  await drawWithout("a");
  await sendAgain();
  await outbox.label("a", 5);
  assert.deepEqual(server.said, ["draw a", "id of a is 5"]);
});

test("a drawing is handed in after all that waits", async () => {
  await drawWithout("a");
  server.trouble = null;
  await outbox.submit(BODY, "b");
  assert.deepEqual(server.said, ["draw a", "draw b"]);
});

test("a drawing that waits is handed in once, however often that is tried", async () => {
  await drawWithout("a");
  await drawWithout("a");
  assert.equal(outbox.size, 1);
  server.trouble = null;
  assert.equal((await outbox.submit(BODY, "a")).id, "id of a");
  assert.deepEqual(server.said, ["draw a"]);
});

test("a label alone waits, and a later one takes its place", async () => {
  server.trouble = AWAY;
  for (const label of [1, 7]) await assert.rejects(outbox.confirm("id", label), { isHeld: true });
  await sendAgain();
  assert.deepEqual(server.said, ["id is 7"]);
});

test("a later label that goes straight leaves no earlier one behind", async () => {
  server.trouble = AWAY;
  await assert.rejects(outbox.confirm("id", 1), { isHeld: true });
  server.trouble = null;
  await outbox.confirm("id", 7);
  await outbox.send();
  assert.equal(server.said.at(-1), "id is 7");
  assert.equal(outbox.isEmpty, true);
});

test("a label that waits is taken back here, and one that does not there", async () => {
  server.trouble = AWAY;
  await assert.rejects(outbox.confirm("a", 1), { isHeld: true });
  await outbox.withdraw("a");
  server.trouble = null;
  await outbox.withdraw("b");
  await outbox.send();
  assert.deepEqual(server.said, ["b is not known"]);
});

test("a person's turn ends between what they drew and what the next one did", async () => {
  await drawWithout("a");
  await outbox.endTurn();
  assert.equal(outbox.isBetweenPeople, true);
  await drawWithout("b");
  assert.equal(outbox.size, 2);
  await sendAgain();
  assert.deepEqual(server.said, ["draw a", "POST nextUrl", "draw b"]);
  assert.equal(outbox.isBetweenPeople, false);
});

test("what the server refuses is told, and holds nothing up", async () => {
  await drawWithout("a");
  await drawWithout("b");
  /** @type {string[]} */
  const told = [];
  outbox.addEventListener("refused", (event) => {
    told.push(/** @type {CustomEvent<ApiError>} */ (event).detail.message);
    server.trouble = null;
  });
  server.trouble = new ApiError("campaign_closed", "Over.");
  await outbox.send();
  assert.deepEqual([told, server.said], [["Over."], ["draw b"]]);
});

test("what the server refuses at once does not wait", async () => {
  server.trouble = new ApiError("empty", "Nothing drawn.");
  await assert.rejects(outbox.submit(BODY, "a"), { code: "empty", isHeld: false });
  assert.equal(outbox.isEmpty, true);
});

test("what the server stumbles over is given up one day", async () => {
  await drawWithout("a");
  server.trouble = new ApiError("failed", "Failed.");
  for (let tries = 0; tries < 30; tries += 1) await outbox.send();
  assert.equal(outbox.isEmpty, true);
});

test("it is tried again by itself, as late as the server asked for", async () => {
  server.trouble = new ApiError("throttled", "Busy.", 40);
  await assert.rejects(outbox.submit(BODY, "a"), { isHeld: true });
  server.trouble = null;
  await clock.pass(39_000);
  assert.equal(server.said.length, 0);
  await clock.pass(1_000);
  await outbox.send();
  assert.deepEqual(server.said, ["draw a"]);
});

test("so much waits and no more", async () => {
  for (let i = 0; i < MOST; i += 1) await drawWithout(`${i}`);
  await assert.rejects(outbox.submit(BODY, "more"), { code: "full", isHeld: false });
  assert.equal(outbox.size, MOST);
});

test("what is forgotten is not sent", async () => {
  await drawWithout("a");
  await outbox.clear();
  await sendAgain();
  assert.deepEqual(server.said, []);
});
