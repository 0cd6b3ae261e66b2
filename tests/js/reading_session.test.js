import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import "./browser_crypto.js";
import { ApiError } from "../../static/js/api_client.js";
import { ReadingSession, SPECK, SPECK_WORDS } from "../../static/js/reading_session.js";
import { SheetHistory } from "../../static/js/sheet_history.js";
import { SEVEN } from "./answers.js";
import { settle, useFakeClock } from "./fake_clock.js";

const clock = useFakeClock();
Object.defineProperty(globalThis, "navigator", { value: { cookieEnabled: true }, configurable: true });

/** A server whose answers a test gives: calls wait until they are resolved or rejected. */
class Server {
  /** @type {{ name: string, given: any[], resolve: (answer: any) => void, reject: (error: Error) => void }[]} */
  calls = [];

  /** @param {string} name */
  named(name) {
    return this.calls.filter((call) => call.name === name);
  }

  /** @param {string} name @param {any[]} given */
  #call(name, ...given) {
    return new Promise((resolve, reject) => this.calls.push({ name, given, resolve, reject }));
  }

  submit = (/** @type {any[]} */ ...given) => this.#call("submit", ...given);
  confirm = (/** @type {any[]} */ ...given) => this.#call("confirm", ...given);
  withdraw = (/** @type {any[]} */ ...given) => this.#call("withdraw", ...given);
  progress = () => this.#call("progress");
}

/** Paper without pixels. */
class Pad {
  #history = new SheetHistory();

  get sheet() {
    return this.#history.strokes;
  }

  get strokes() {
    return this.#history.strokes;
  }

  get isEmpty() {
    return this.strokes.length === 0;
  }

  get path() {
    return { strokes: this.strokes };
  }

  async body() {
    return this.path;
  }

  draw(size = 100) {
    this.#history.add([
      [0, 0, 0],
      [size, 0, 10],
    ]);
    session.sheetChanged();
  }

  undo() {
    this.#history.undo();
    session.sheetChanged();
  }

  nextSheet() {
    this.#history.reset();
    session.sheetChanged();
  }
}

/** What the page would show. */
function view() {
  const seen = { phases: /** @type {string[]} */ ([]), undoable: false, news: "", answers: 0, isBusy: false };
  return {
    seen,
    phase: (/** @type {string} */ name) => seen.phases.push(name),
    blank: () => {},
    guess: () => {},
    answer: () => {
      seen.answers += 1;
    },
    saved: () => {},
    news: (/** @type {string} */ words) => {
      seen.news = words;
    },
    undoable: (/** @type {boolean} */ isUndoable) => {
      seen.undoable = isUndoable;
    },
    busy: (/** @type {boolean} */ isBusy) => {
      seen.isBusy = isBusy;
    },
  };
}

class Alert {
  words = "";
  /** @type {(() => unknown) | null} */
  again = null;

  /** @param {string} words @param {(() => unknown) | null} again */
  show(words, again = null) {
    Object.assign(this, { words, again });
  }

  clear() {
    this.show("");
  }
}

/** @type {Server} */
let server;
/** @type {Pad} */
let pad;
/** @type {ReturnType<typeof view>} */
let page;
/** @type {Alert} */
let alert;
/** @type {ReadingSession} */
let session;

beforeEach(() => {
  server = new Server();
  pad = new Pad();
  page = view();
  alert = new Alert();
  const any = /** @type {(fake: object) => any} */ ((fake) => fake);
  session = new ReadingSession(any(server), any(pad), any(page), any(alert));
});

const LOST = new ApiError("offline", "Lost.");

async function handIn() {
  pad.draw();
  session.submit();
  await settle();
  server.named("submit").at(-1)?.resolve(SEVEN);
  await settle();
  assert.equal(session.state.phase, "answered");
}

test("a sheet goes from drawing to reading to answered to saved", async () => {
  await handIn();
  session.confirm(7);
  await settle();
  assert.deepEqual(server.named("confirm")[0].given, ["seven", 7]);
  server.named("confirm")[0].resolve({});
  await settle();
  assert.deepEqual(session.state, { phase: "saved", answer: SEVEN });
  assert.equal(session.isLabelled, true);
  assert.deepEqual(page.seen.phases, ["drawing", "reading", "answered", "saved"]);
  assert.equal(page.seen.isBusy, false);
});

test("an empty sheet and a speck are not handed in", async () => {
  await session.submit();
  pad.draw(SPECK - 1);
  await session.submit();
  assert.equal(alert.words, SPECK_WORDS);
  assert.equal(server.calls.length, 0);
  pad.draw(SPECK);
  assert.equal(session.isSpeck, false);
});

test("a failure keeps the drawing, and trying again is the same drawing to the server", async () => {
  pad.draw();
  session.submit();
  await settle();
  server.named("submit")[0].reject(LOST);
  await settle();
  assert.equal(session.state.phase, "drawing");
  assert.equal(alert.words, "Lost.");
  alert.again?.();
  await settle();
  const [first, second] = server.named("submit");
  assert.equal(page.seen.isBusy, true);
  assert.equal(second.given[1], first.given[1]);
  assert.match(first.given[1], /^[0-9a-f]{32}$/);
});

test("what is being read or is saved is not handed in again", async () => {
  pad.draw();
  session.submit();
  session.submit();
  await settle();
  server.named("submit")[0].resolve(SEVEN);
  await settle();
  session.confirm(7);
  await settle();
  server.named("confirm")[0].resolve({});
  await settle();
  await session.submit();
  assert.equal(server.named("submit").length, 1);
});

test("a fault of our own ends the phase with a sentence too", async () => {
  pad.draw();
  session.submit();
  await settle();
  server.named("submit")[0].reject(new TypeError("a fault"));
  await settle();
  assert.deepEqual([session.state.phase, page.seen.isBusy], ["drawing", false]);
  assert.match(alert.words, /^Something went wrong on this page/);
  alert.again?.();
  await settle();
  assert.equal(server.named("submit").length, 2);
});

test("another sheet is another drawing, and one that undo brings back is not", async () => {
  await handIn();
  pad.draw();
  session.submit();
  await settle();
  pad.undo();
  session.submit();
  await settle();
  const keys = server.named("submit").map((call) => call.given[1]);
  assert.equal(new Set(keys).size, 2);
  assert.equal(keys[2], keys[0]);
});

test("an answer to a sheet that was drawn on is dropped", async () => {
  pad.draw();
  session.submit();
  await settle();
  pad.draw();
  server.named("submit")[0].resolve(SEVEN);
  await settle();
  assert.deepEqual([session.state.phase, session.isLabelled], ["drawing", false]);
  assert.equal(page.seen.answers, 0);
});

test("one label is on its way at a time", async () => {
  await handIn();
  session.confirm(7);
  session.confirm(1);
  await settle();
  assert.equal(server.named("confirm").length, 1);
  assert.equal(session.isLabelled, true);
});

test("a label that got stuck is sent with the next drawing", async () => {
  await handIn();
  session.confirm(1);
  await settle();
  pad.nextSheet();
  pad.draw();
  server.named("confirm")[0].reject(LOST);
  await settle();
  assert.equal(alert.words, "What you said of the last drawing is not saved. Lost.");
  pad.draw();
  assert.notEqual(alert.words, ""); // drawing on does not wipe it away

  session.submit();
  await settle();
  server.named("submit")[1].resolve({ ...SEVEN, id: "next" });
  await settle();
  assert.deepEqual(server.named("confirm")[1].given, ["seven", 1]);
  server.named("confirm")[1].resolve({});
  await settle();
  assert.equal(alert.words, "");
});

test("a label that gets stuck twice is still offered", async () => {
  await handIn();
  session.confirm(1);
  await settle();
  pad.nextSheet();
  server.named("confirm")[0].reject(LOST);
  await settle();
  for (const tried of [1, 2]) {
    alert.again?.();
    await settle();
    assert.equal(server.named("confirm").length, tried + 1);
    server.named("confirm")[tried].reject(LOST);
    await settle();
    assert.equal(alert.words, "What you said of the last drawing is not saved. Lost.");
  }
});

test("a label that can never be saved is told once and not sent again", async () => {
  await handIn();
  session.confirm(1);
  await settle();
  pad.nextSheet();
  pad.draw();
  server.named("confirm")[0].reject(new ApiError("decided", "Decided."));
  await settle();
  assert.equal(alert.words, "What you said of the last drawing is not saved. Decided.");
  assert.equal(alert.again, null);
});

test("whose drawing it was is lost: it is read afresh", async () => {
  await handIn();
  session.confirm(1);
  await settle();
  server.named("confirm")[0].reject(new ApiError("gone", "Gone."));
  await settle();
  assert.equal(session.state.phase, "drawing");
  assert.equal(alert.words, "Gone. Read it again, then tell me.");
  alert.again?.();
  await settle();
  const [first, second] = server.named("submit");
  assert.notEqual(second.given[1], first.given[1]);
});

test("a label can be taken back for ten seconds, and is asked for again", async () => {
  await handIn();
  session.confirm(1);
  await settle();
  server.named("confirm")[0].resolve({});
  await settle();
  assert.equal(page.seen.undoable, true);
  await clock.pass(10_000);
  assert.equal(page.seen.undoable, false);

  session.withdraw();
  await settle();
  server.named("withdraw")[0].resolve(null);
  await settle();
  assert.deepEqual(session.state, { phase: "answered", answer: SEVEN });
});

test("news that come after the next drawing was begun are not shown", async () => {
  await handIn();
  session.confirm(7);
  await settle();
  server.named("confirm")[0].resolve({});
  await settle();
  pad.nextSheet();
  server.named("progress")[0].resolve({ totals: { new_since: 3, next_at: null }, versions: [{ number: 2 }] });
  await settle();
  assert.equal(page.seen.news, "");
});

test("news are told while the label stands", async () => {
  await handIn();
  session.confirm(7);
  await settle();
  server.named("confirm")[0].resolve({});
  await settle();
  server.named("progress")[0].resolve({ totals: { new_since: 3, next_at: null }, versions: [{ number: 2 }] });
  await settle();
  assert.equal(page.seen.news, "3 new drawings since version 2.");
});

test("news that do not come are missed by nobody", async () => {
  await handIn();
  session.confirm(7);
  await settle();
  server.named("confirm")[0].resolve({});
  await settle();
  server.named("progress")[0].reject(LOST);
  await settle();
  assert.deepEqual([session.state.phase, alert.words, page.seen.news], ["saved", "", ""]);
});
