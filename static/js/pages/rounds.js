// A round of ten: the digit is asked for before it is drawn. The label is still the person's to confirm.

import { Alert } from "../alert.js";
import { ApiClient, ApiError, idempotencyKey } from "../api_client.js";
import { DrawingPad } from "../drawing_pad.js";
import { keep, kept, ROUND } from "../kept_sheet.js";
import { KeyboardPen } from "../keyboard_pen.js";
import { MarksCanvas } from "../marks_canvas.js";
import { button, closest, find, part } from "../parts.js";
import { showPhase } from "../phases.js";
import { anyDigits, RoundOfTen } from "../round_of_ten.js";
import { strokeFigure } from "../stroke_figure.js";
import { Waiting } from "../waiting.js";
import { say } from "../words.js";

/**
 * @import { StoredAnswer } from "../api_types.d.ts"
 * @import { Outbox, Sent } from "../outbox.js"
 * @import { Mark } from "../round_of_ten.js"
 */

const root = find(document, "[data-page=rounds]", HTMLElement);
const ink = find(root, "[data-part=pad]", HTMLCanvasElement);
const api = new ApiClient(root.dataset);
const alert = new Alert(root);
const pad = new DrawingPad(ink);
new KeyboardPen(ink, pad, new MarksCanvas(find(root, "[data-part=marks]", HTMLCanvasElement)));

/**
 * @typedef {{ phase: "start" } | { phase: "asking", round: RoundOfTen }
 *   | { phase: "answered", round: RoundOfTen, answer: StoredAnswer | null } | { phase: "over", round: RoundOfTen }} State a
 * drawing that waits for the network has no answer
 */

/** @type {State} */
let state = { phase: "start" };
/** Of what lies on the pad; another sheet is another drawing. @type {string | null} */
let key = null;
let isBusy = false;
const waiting = new Waiting(root, api, follow);

/** @type {Record<string, () => unknown>} */
const actions = {
  start,
  undo: () => pad.undo(),
  redo: () => pad.redo(),
  clear: () => pad.clear(),
  read,
  confirm,
  skip: () => isBusy || next(false),
  retry: () => alert.retry(),
  next: async () => (await import("../next_person.js")).nextPerson(root, alert, await waiting.open(), begin),
  picture: keepPicture,
};

root.addEventListener("click", (event) => {
  const name = closest(event, "[data-action]")?.dataset.action;
  if (name) actions[name]?.(); // the kiosk has actions of its own
});
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.repeat) return; // a key that is held confirms no answer that nobody has read
  if (event.key === "Escape" && state.phase === "asking") pad.clear();
  if (event.key !== "Enter" || closest(event, "a, button")) return;
  if (state.phase === "asking") read();
  else if (state.phase === "answered") confirm();
});
pad.addEventListener("palm", () => alert.show(say("palm")));
pad.addEventListener("ink", () => {
  root.toggleAttribute("data-inked", true);
  waiting.open();
  reopen();
});
pad.addEventListener("change", () => {
  key = null;
  reopen();
  showTools();
});

async function start() {
  await attempt(start, async () => {
    const { digits } = await api.prompts().catch(unlessAway);
    ask(new RoundOfTen(digits));
  });
}

/** A round can be played without the server, if what is drawn in it can wait. @param {unknown} error */
async function unlessAway(error) {
  if (!(error instanceof ApiError && error.isOfTheWay && (await waiting.open()))) throw error;
  return { digits: anyDigits() };
}

/** As if nobody had been here. */
function begin() {
  pad.reset();
  enter({ phase: "start" });
}

/** What was read is not what lies on the pad any more: the digit is asked for anew, and the old drawing gets no label. */
function reopen() {
  if (state.phase === "answered" && !isBusy) enter({ phase: "asking", round: state.round });
}

/** @param {RoundOfTen} round */
function ask(round) {
  enter({ phase: "asking", round });
  pad.reset();
  showQuestion(round);
}

/** @param {RoundOfTen} round */
function showQuestion(round) {
  const words = say("draw", { digit: round.asked });
  part(root, "count").textContent = say("place", { number: round.marks.length + 1, length: round.length });
  part(root, "prompt").textContent = words;
  announce(words);
  showMarks(round);
}

async function read() {
  pad.end(); // Enter may come while the keyboard's pen is down
  if (pad.isEmpty || state.phase !== "asking") return;
  const { round } = state;
  key ??= idempotencyKey();
  const sent = key;
  await attempt(read, async () => {
    showReading(true);
    const body = { ...(await pad.body()), prompted: round.asked };
    const answer = await (await waiting.way()).submit(body, sent).catch(unlessHeld);
    if (sent === key) showAnswer(round, answer); // else drawn on while waiting
  });
}

/** What waits is safe, and the round goes on. @param {unknown} error */
function unlessHeld(error) {
  if (!(error instanceof ApiError && error.isHeld)) throw error;
  return null;
}

/** @param {RoundOfTen} round @param {StoredAnswer | null} answer */
function showAnswer(round, answer) {
  enter({ phase: "answered", round, answer });
  const words = verdict(answer);
  part(root, "verdict").textContent = words;
  button(root, "confirm").textContent = say("i_drew", { digit: round.asked });
  announce(words);
}

/** @param {StoredAnswer | null} answer */
function verdict(answer) {
  if (!answer) return say("round_held");
  return answer.kind === "refused" ? unread(answer) : say("it_reads", { digit: answer.digit });
}

/** In a round nobody is teased: the digit was asked for. @param {StoredAnswer} answer */
const unread = ({ message }) => (message === say("tease") ? say("it_reads_none") : message);

/** The label is stored by the person's tap, never by having been asked for. */
function confirm() {
  if (state.phase !== "answered") return;
  const { answer, round } = state;
  return store(answer?.id ?? null, round.asked);
}

/** @param {string | null} id null of a drawing that waits @param {number} digit */
async function store(id, digit) {
  const { sheet } = pad;
  await attempt(
    () => store(id, digit),
    async () => {
      if (id) await (await waiting.way()).confirm(id, digit).catch(unlessHeld).catch(explainIfGone);
      else await (await waiting.open())?.label(key ?? "", digit);
      next(true);
    },
  );
  if (pad.sheet !== sheet) reopen(); // drawn on while a label was under way that did not arrive
}

/** @param {unknown} error */
function explainIfGone(error) {
  if (error instanceof ApiError && error.code === "gone")
    throw new ApiError("gone", `${error.message} ${say("no_cookies")}`);
  throw error;
}

/** @param {boolean} counts */
function next(counts) {
  if (state.phase !== "answered") return;
  const { round, answer } = state;
  round.mark(answer?.digit ?? null, counts, pad.sheet, answer ? undefined : (key ?? undefined));
  alert.clear(); // what failed was about the digit that is done
  if (round.isOver) finish(round);
  else ask(round);
}

/** @param {RoundOfTen} round */
function finish(round) {
  enter({ phase: "over", round });
  pad.reset();
  showScore(round);
  announce(part(root, "score").textContent);
}

/** @param {RoundOfTen} round */
function showScore(round) {
  const { counted, right, waiting } = round.score;
  part(root, "score").textContent = say("score", { right, all: counted });
  part(root, "score-words").textContent = waiting
    ? say("score_waits", { count: waiting })
    : say(right === counted ? "all_right" : "misread");
  showMarks(round);
}

/** A drawing that waited has been read: it counts now. @param {Outbox} outbox */
function follow(outbox) {
  outbox.addEventListener("sent", (event) => {
    const { key: sent, answer } = /** @type {CustomEvent<Sent>} */ (event).detail;
    if (!answer || !("round" in state)) return;
    if (state.phase === "answered" && !state.answer && sent === key) showAnswer(state.round, answer);
    else if (!state.round.read(sent, answer.digit)) return;
    else if (state.phase === "over") showScore(state.round);
    else showMarks(state.round);
    showTools();
  });
}

/** The round as a picture, to keep or to share. */
async function keepPicture() {
  if (state.phase !== "over") return;
  const { round } = state;
  await attempt(keepPicture, async () => {
    const [{ roundPicture }, { hand }] = await Promise.all([import("../souvenir.js"), import("../sharing.js")]);
    const { counted, right } = round.score;
    await hand(roundPicture(round.marks, say("score", { right, all: counted })), "digitre-round.png");
  });
}

/** @param {RoundOfTen} round */
function showMarks(round) {
  part(root, "marks-list").replaceChildren(...round.marks.map(markItem));
}

/** @param {Mark} mark */
function markItem({ digit, read: seen, counts, strokes, waits }) {
  const item = document.createElement("li");
  const isRight = seen === digit;
  item.className = !counts ? "is-skipped" : waits ? "is-waiting" : isRight ? "is-right" : "is-wrong";
  const outcome = waits && counts ? say("mark_waiting") : markWords(isRight, seen, counts);
  item.title = `${digit}: ${outcome}`;
  const words = document.createElement("span");
  if (state.phase === "over") {
    item.append(strokeFigure(strokes)); // the round ends with its pictures
    words.textContent = outcome;
  } else {
    words.className = "unseen";
    words.textContent = `, ${outcome}`;
    item.textContent = String(digit);
  }
  item.append(words);
  return item;
}

/** @param {boolean} isRight @param {number | null} seen @param {boolean} counts */
function markWords(isRight, seen, counts) {
  if (!counts) return say("mark_skipped");
  if (isRight) return say("mark_right");
  return seen === null ? say("mark_refused") : say("mark_wrong", { digit: seen });
}

/** @param {State} entered */
function enter(entered) {
  state = entered;
  showPhase(root, state.phase);
  showTools();
}

function showTools() {
  root.toggleAttribute("data-inked", !pad.isEmpty);
  button(root, "undo").disabled = !pad.canUndo;
  button(root, "redo").disabled = !pad.canRedo;
  button(root, "clear").disabled = pad.isEmpty;
  button(root, "read").disabled = pad.isEmpty || state.phase !== "asking";
  keep(ROUND, state.phase === "asking" || state.phase === "answered" ? keptRound(state) : null);
}

/** @param {Extract<State, { round: RoundOfTen }>} state */
function keptRound(state) {
  const answer = state.phase === "answered" ? state.answer : null;
  return { ...state.round.kept, answer, key, strokes: pad.sheet };
}

/** The round goes on where it was before a reload, a link or Back. */
function comeBack() {
  const before = kept(ROUND);
  if (!before) return;
  const round = new RoundOfTen(before.digits, before.marks);
  enter({ phase: "asking", round });
  pad.restore(before.strokes);
  key = before.key;
  showQuestion(round);
  if (before.answer) showAnswer(round, before.answer);
}

/** A slow line must not look like a tap that was missed. @param {boolean} isUnderWay */
function showReading(isUnderWay) {
  part(root, "reading").hidden = !isUnderWay;
}

/** @param {string} text */
function announce(text) {
  part(root, "announcement").textContent = text;
}

/**
 * One call at a time: a second tap on a slow line must not answer for the next digit.
 *
 * @param {() => unknown} again
 * @param {() => Promise<void>} call
 */
async function attempt(again, call) {
  if (isBusy) return;
  isBusy = true;
  root.setAttribute("aria-busy", "true");
  try {
    await alert.attempt(again, call);
  } finally {
    isBusy = false;
    root.setAttribute("aria-busy", "false");
    showReading(false);
  }
}

comeBack();
