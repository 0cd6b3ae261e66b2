import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import "./browser_crypto.js";
import "./english.js";
import { news } from "../../static/js/answer_words.js";
import { ApiError } from "../../static/js/api_client.js";
import { isSure, ReadingSession, SPECK } from "../../static/js/reading_session.js";
import { SheetHistory } from "../../static/js/sheet_history.js";
import { say } from "../../static/js/words.js";
import { FOUR_OR_NINE, REFUSED, SEVEN } from "./answers.js";
import { settle } from "./fake_clock.js";

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

  isDrawing = false;

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
  const seen = {
    phases: /** @type {string[]} */ ([]),
    news: "",
    status: /** @type {string | null | undefined} */ (undefined),
    answers: 0,
    held: 0,
    doubts: 0,
    isBusy: false,
  };
  return {
    seen,
    phase: (/** @type {string} */ name) => seen.phases.push(name),
    blank: () => {},
    guess: () => {},
    reading: () => {},
    doubt: () => {
      seen.doubts += 1;
    },
    answer: () => {
      seen.answers += 1;
    },
    held: () => {
      seen.held += 1;
    },
    saved: (/** @type {any[]} */ ...[, , words]) => {
      seen.status = words;
    },
    news: (/** @type {any} */ totals, /** @type {number} */ version) => {
      seen.news = news(totals, version);
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
/** What the outbox was told of drawings that wait. @type {any[][]} */
let labels;
/** @type {ReadingSession} */
let session;

beforeEach(() => {
  server = new Server();
  labels = [];
  pad = new Pad();
  page = view();
  alert = new Alert();
  const any = /** @type {(fake: object) => any} */ ((fake) => fake);
  session = new ReadingSession(any(server), any(pad), any(page), any(alert), any(waiting()));
});

/** The way to the server, and an outbox that is told what is said of drawings that wait. */
function waiting() {
  return {
    way: async () => server,
    open: async () => ({ label: async (/** @type {any[]} */ ...given) => labels.push(given) }),
  };
}

const LOST = new ApiError("offline", "Lost.");

/** Hand in what must wait. */
async function handInWithout() {
  pad.draw();
  session.submit();
  await settle();
  server.named("submit").at(-1)?.reject(new ApiError("offline", "Lost.").thatIsHeld());
  await settle();
}

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
  server.named("confirm")[0].resolve({ status: "waiting" });
  await settle();
  assert.deepEqual(session.state, { phase: "saved", answer: SEVEN, label: 7, status: "waiting", isHeld: false });
  assert.equal(page.seen.status, "waiting");
  assert.equal(session.isLabelled, true);
  assert.deepEqual(page.seen.phases, ["drawing", "reading", "answered", "saved"]);
  assert.equal(page.seen.isBusy, false);
});

test("an empty sheet and a speck are not handed in", async () => {
  await session.submit();
  pad.draw(SPECK - 1);
  await session.submit();
  assert.equal(alert.words, say("speck"));
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

test("what cannot be read now waits, and is asked about", async () => {
  await handInWithout();
  assert.deepEqual([session.state.phase, page.seen.held, alert.words], ["held", 1, "Lost."]);
  session.confirm(4);
  await settle();
  const key = server.named("submit")[0].given[1];
  assert.deepEqual(labels, [[key, 4]]);
  assert.deepEqual(session.state, { phase: "saved", answer: null, label: 4, status: undefined, isHeld: true });

  session.withdraw();
  await settle();
  assert.deepEqual(labels[1], [key, undefined]);
  assert.equal(session.state.phase, "held");
});

test("what waited is answered where it still lies on the paper", async () => {
  await handInWithout();
  const key = server.named("submit")[0].given[1];
  session.delivered({ key: "another", id: "another", answer: /** @type {any} */ (SEVEN), label: undefined });
  assert.equal(session.state.phase, "held");
  session.delivered({ key, id: "seven", answer: /** @type {any} */ (SEVEN), label: undefined });
  assert.deepEqual([session.state.phase, alert.words], ["answered", ""]);
});

test("a label that waits is told to have arrived", async () => {
  await handIn();
  session.confirm(1);
  await settle();
  server.named("confirm")[0].reject(new ApiError("offline", "Lost.").thatIsHeld());
  await settle();
  assert.deepEqual([page.seen.status, alert.words, labels], [null, "", []]); // the label alone waits, under the drawing's id
  session.delivered({ key: "seven", id: "seven", answer: null, label: 1, status: "waiting" });
  assert.equal(page.seen.status, "waiting");
});

test("a sheet that is drawn on while it waits is another one", async () => {
  await handInWithout();
  const key = server.named("submit")[0].given[1];
  pad.draw();
  session.delivered({ key, id: "seven", answer: /** @type {any} */ (SEVEN), label: undefined });
  assert.equal(session.state.phase, "drawing");
});

test("a label that got stuck after its drawing had left the paper is told to be lost", async () => {
  await handIn();
  session.confirm(1);
  await settle();
  pad.nextSheet();
  pad.draw();
  server.named("confirm")[0].reject(LOST);
  await settle();
  assert.equal(alert.words, "What you said of the last drawing is not saved. Lost.");
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

test("a key that is gone twice in a row is not asked for a third time", async () => {
  const gone = new ApiError("gone", "Gone.");
  for (const time of [0, 1]) {
    session.submit();
    if (time === 0) pad.draw();
    if (time === 0) session.submit();
    await settle();
    server.named("submit")[time].resolve({ ...SEVEN, id: `${time}` });
    await settle();
    session.confirm(7);
    await settle();
    server.named("confirm")[time].reject(gone);
    await settle();
  }
  assert.match(alert.words, /^Gone\. Cookies seem to be blocked here/);
  assert.equal(alert.again, null);
});

test("a label can be taken back for as long as the drawing is shown, and is asked for again", async () => {
  await handIn();
  session.confirm(1);
  await settle();
  server.named("confirm")[0].resolve({});
  await settle();
  session.withdraw();
  await settle();
  server.named("withdraw")[0].resolve(null);
  await settle();
  assert.deepEqual(session.state, { phase: "answered", answer: SEVEN });
});

/** A sheet of which something is guessed. @param {any} answer */
function drawAndGuess(answer) {
  pad.draw();
  session.guessed(answer);
}

test("a guess is confirmed or corrected where it stands: the drawing goes first, then its label", async () => {
  drawAndGuess(SEVEN);
  session.confirm(1);
  await settle();
  assert.equal(session.isLabelled, true);
  server.named("submit")[0].resolve(SEVEN);
  await settle();
  assert.deepEqual(server.named("confirm")[0].given, ["seven", 1]);
  server.named("confirm")[0].resolve({ status: "waiting" });
  await settle();
  assert.equal(session.state.phase, "saved");
  assert.equal(page.seen.answers, 0);
});

test("nothing is labelled that is not guessed yet, is a speck, or is under the pen", async () => {
  pad.draw();
  session.confirm(7);
  session.guessed(SEVEN);
  pad.isDrawing = true;
  session.confirm(7);
  pad.isDrawing = false;
  pad.nextSheet();
  pad.draw(SPECK - 1);
  session.guessed(SEVEN);
  session.confirm(7);
  await settle();
  assert.equal(server.calls.length, 0);
  assert.equal(alert.words, say("speck"));
});

test("a guess is of its own sheet: another one has none until it is guessed anew", async () => {
  drawAndGuess(SEVEN);
  pad.draw();
  session.confirm(7);
  await settle();
  assert.equal(server.calls.length, 0);
});

test("a labelled guess that gets stuck is drawn on, and sent whole when tried again", async () => {
  drawAndGuess(SEVEN);
  session.confirm(7);
  await settle();
  server.named("submit")[0].reject(LOST);
  await settle();
  assert.deepEqual([session.state.phase, session.isLabelled, alert.words], ["drawing", false, "Lost."]);
  alert.again?.();
  await settle();
  const [first, second] = server.named("submit");
  assert.equal(second.given[1], first.given[1]);
  second.resolve(SEVEN);
  await settle();
  server.named("confirm")[0].reject(LOST);
  await settle();
  assert.deepEqual([session.state.phase, page.seen.answers], ["answered", 1]); // it is there, and still asked about
});

test("a labelled guess that waits is kept with its label, also where the next sheet is begun", async () => {
  drawAndGuess(SEVEN);
  session.confirm(1);
  await settle();
  pad.nextSheet();
  pad.draw(150);
  const [, key] = server.named("submit")[0].given;
  server.named("submit")[0].reject(new ApiError("offline", "Lost.").thatIsHeld());
  await settle();
  assert.deepEqual([labels, session.state.phase, alert.words], [[[key, 1]], "drawing", ""]);
});

test("not a digit is asked about once where a digit is read for sure", async () => {
  await handIn();
  session.confirm(null);
  await settle();
  assert.deepEqual([page.seen.doubts, server.named("confirm").length], [1, 0]);
  session.confirm(null);
  await settle();
  assert.deepEqual(server.named("confirm")[0].given, ["seven", null]);
});

test("not a digit is believed at once where nothing is sure", async () => {
  for (const answer of [FOUR_OR_NINE, REFUSED, { ...SEVEN, certainty: "pretty sure" }]) {
    drawAndGuess(answer);
    session.confirm(null);
    await settle();
    assert.equal(page.seen.doubts, 0);
    assert.ok(session.isLabelled);
    pad.nextSheet();
  }
});

test("a sheet that is kept is taken up where it was", async () => {
  await handIn();
  const { key } = session.kept;
  const answered = session.kept;
  session.confirm(1);
  await settle();
  server.named("confirm")[0].resolve({ status: "waiting" });
  await settle();
  const saved = session.kept;
  for (const [kept, phase] of /** @type {[any, string][]} */ ([
    [answered, "answered"],
    [saved, "saved"],
  ])) {
    pad.nextSheet();
    pad.draw();
    session.restore(JSON.parse(JSON.stringify(kept)));
    assert.equal(session.state.phase, phase);
    assert.equal(session.kept.key, key);
  }
});

test("a sheet that was under way is one that is drawn on, under its key", async () => {
  pad.draw();
  session.submit();
  await settle();
  const { state, key } = session.kept;
  assert.deepEqual(state, { phase: "drawing" });
  assert.equal(key, server.named("submit")[0].given[1]);
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

test("sure is a digit that is said to be so", () => {
  assert.equal(isSure(SEVEN), true);
  assert.equal(isSure({ ...SEVEN, certainty: "pretty sure" }), false);
  assert.equal(isSure(REFUSED), false);
});
