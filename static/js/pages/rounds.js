// A round of ten: the digit is asked for before it is drawn. The label is still the person's to confirm.

import { Alert } from "../alert.js";
import { ApiClient, ApiError, idempotencyKey } from "../api_client.js";
import { DrawingPad } from "../drawing_pad.js";
import { keep, kept, ROUND } from "../kept_sheet.js";
import { KeyboardPen } from "../keyboard_pen.js";
import { MarksCanvas } from "../marks_canvas.js";
import { button, closest, find, part } from "../parts.js";
import { showPhase } from "../phases.js";
import { RoundOfTen } from "../round_of_ten.js";
import { say } from "../words.js";

/**
 * @import { StoredAnswer } from "../api_types.d.ts"
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
 *   | { phase: "answered", round: RoundOfTen, answer: StoredAnswer } | { phase: "over", round: RoundOfTen }} State
 */

/** @type {State} */
let state = { phase: "start" };
/** Of what lies on the pad; another sheet is another drawing. @type {string | null} */
let key = null;
let isBusy = false;

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
  reopen();
});
pad.addEventListener("change", () => {
  key = null;
  reopen();
  showTools();
});

async function start() {
  await attempt(start, async () => {
    const { digits } = await api.prompts();
    ask(new RoundOfTen(digits));
  });
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
    const answer = await api.submit({ ...(await pad.body()), prompted: round.asked }, sent);
    if (sent === key) showAnswer(round, answer); // else drawn on while waiting
  });
}

/** @param {RoundOfTen} round @param {StoredAnswer} answer */
function showAnswer(round, answer) {
  enter({ phase: "answered", round, answer });
  const words = answer.kind === "refused" ? unread(answer) : say("it_reads", { digit: answer.digit });
  part(root, "verdict").textContent = words;
  button(root, "confirm").textContent = say("i_drew", { digit: round.asked });
  announce(words);
}

/** In a round nobody is teased: the digit was asked for. @param {StoredAnswer} answer */
const unread = ({ message }) => (message === say("tease") ? say("it_reads_none") : message);

/** The label is stored by the person's tap, never by having been asked for. */
function confirm() {
  if (state.phase !== "answered") return;
  return store(state.answer.id, state.round.asked);
}

/** @param {string} id @param {number} digit */
async function store(id, digit) {
  const { sheet } = pad;
  await attempt(
    () => store(id, digit),
    async () => {
      await api.confirm(id, digit).catch(explainIfGone);
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
  round.mark(answer.digit, counts);
  alert.clear(); // what failed was about the digit that is done
  if (round.isOver) finish(round);
  else ask(round);
}

/** @param {RoundOfTen} round */
function finish(round) {
  enter({ phase: "over", round });
  pad.reset();
  const { counted, right } = round.score;
  const words = say("score", { right, all: counted });
  part(root, "score").textContent = words;
  part(root, "score-words").textContent = right === counted ? say("all_right") : say("misread");
  announce(words);
  showMarks(round);
}

/** @param {RoundOfTen} round */
function showMarks(round) {
  part(root, "marks-list").replaceChildren(...round.marks.map(markItem));
}

/** @param {Mark} mark */
function markItem({ digit, read: seen, counts }) {
  const item = document.createElement("li");
  const isRight = seen === digit;
  item.textContent = String(digit);
  item.className = counts ? (isRight ? "is-right" : "is-wrong") : "is-skipped";
  const outcome = markWords(isRight, seen, counts);
  item.title = `${digit}: ${outcome}`;
  const words = document.createElement("span");
  words.className = "unseen";
  words.textContent = `, ${outcome}`;
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
