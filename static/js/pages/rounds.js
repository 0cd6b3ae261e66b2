// A round of ten: the digit is asked for before it is drawn. The label is still the person's to confirm.

import { ApiClient, ApiError, idempotencyKey } from "../api_client.js";
import { DrawingPad } from "../drawing_pad.js";
import { SIDE, canonicalPicture } from "../ink.js";
import { KeyboardPen } from "../keyboard_pen.js";
import { article } from "../labels.js";

const root = document.querySelector("[data-page=rounds]");
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const button = (name) => root.querySelector(`[data-action=${name}]`);
const api = new ApiClient(root.dataset);
const pad = new DrawingPad(part("pad"));
new KeyboardPen(part("pad"), pad, part("marks"));

/** `marks`: one entry for each digit done, {digit, read, counts}. */
const state = { phase: "start", digits: [], marks: [], answer: null, key: null, failed: null, isBusy: false };

const actions = {
  start,
  undo: () => pad.undo(),
  redo: () => pad.redo(),
  clear: () => pad.clear(),
  read,
  confirm,
  skip: () => state.isBusy || next(false),
  retry: () => state.failed?.(),
};

root.addEventListener("click", (event) => {
  const name = event.target.closest("[data-action]")?.dataset.action;
  if (name) actions[name]();
});
document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.repeat) return; // a key that is held confirms no answer that nobody has read
  if (event.key === "Escape" && state.phase === "asking") pad.clear();
  if (event.key !== "Enter" || event.target.closest("a, button")) return;
  if (state.phase === "asking") read();
  else if (state.phase === "answered") confirm();
});
pad.addEventListener("ink", () => root.toggleAttribute("data-inked", true));
pad.addEventListener("change", () => {
  state.key = null;
  showTools();
});

async function start() {
  await attempt(start, async () => {
    const { digits } = await api.prompts();
    Object.assign(state, { digits, marks: [], answer: null });
    ask();
  });
}

const asked = () => state.digits[state.marks.length];

function ask() {
  const digit = asked();
  pad.reset();
  enter("asking");
  part("count").textContent = `${state.marks.length + 1} of ${state.digits.length}`;
  part("prompt").textContent = `Draw ${article(digit)} ${digit}.`;
  announce(`Draw ${article(digit)} ${digit}.`);
  showMarks();
}

async function read() {
  pad.end(); // Enter may come while the keyboard's pen is down
  if (pad.isEmpty || state.phase !== "asking") return;
  const prompted = asked();
  state.key ||= idempotencyKey();
  const key = state.key;
  await attempt(read, async () => {
    const image = await canonicalPicture(pad.strokes);
    const body = { image, strokes: pad.strokes, canvas: { width: SIDE, height: SIDE }, prompted };
    const answer = await api.submit(body, key);
    if (key !== state.key) return;
    state.answer = answer;
    enter("answered");
    const words = answer.refused ? "Huh... it sees no digit." : `It reads ${article(answer.digit)} ${answer.digit}.`;
    part("verdict").textContent = words;
    button("confirm").textContent = `Yes, I drew ${article(prompted)} ${prompted}`;
    announce(words);
  });
}

/** The label is stored by the person's tap, never by having been asked for. */
function confirm() {
  return store(state.answer.id, asked());
}

async function store(id, digit) {
  await attempt(() => store(id, digit), async () => {
    await api.confirm(id, digit);
    next(true);
  });
}

function next(counts) {
  state.marks.push({ digit: asked(), read: state.answer.digit, counts });
  state.answer = null;
  forgive(); // what failed was about the digit that is done
  if (state.marks.length < state.digits.length) ask();
  else finish();
}

function finish() {
  pad.reset();
  enter("over");
  const counted = state.marks.filter((mark) => mark.counts);
  const right = counted.filter((mark) => mark.read === mark.digit).length;
  part("score").textContent = `It read ${right} of ${counted.length}.`;
  part("score-words").textContent = right === counted.length
    ? "Every one. Your hand is an open book to it."
    : "What it misread is worth most: a reviewer will look, and the next version will learn.";
  announce(part("score").textContent);
  showMarks();
}

function showMarks() {
  part("marks-list").replaceChildren(...state.marks.map(markItem));
}

function markItem({ digit, read: seen, counts }) {
  const item = document.createElement("li");
  const isRight = seen === digit;
  item.textContent = String(digit);
  item.className = counts ? (isRight ? "is-right" : "is-wrong") : "is-skipped";
  const outcome = counts ? (isRight ? "read right" : `read as ${seen ?? "no digit"}`) : "left out";
  item.title = `${digit}: ${outcome}`;
  const words = document.createElement("span");
  words.className = "unseen";
  words.textContent = `, ${outcome}`;
  item.append(words);
  return item;
}

function enter(phase) {
  state.phase = phase;
  root.dataset.phase = phase;
  for (const element of root.querySelectorAll("[data-when]")) {
    element.hidden = !element.dataset.when.split(" ").includes(phase);
  }
  showTools();
}

function showTools() {
  root.toggleAttribute("data-inked", !pad.isEmpty);
  button("undo").disabled = !pad.canUndo;
  button("redo").disabled = !pad.canRedo;
  button("clear").disabled = pad.isEmpty;
  button("read").disabled = pad.isEmpty || state.phase !== "asking";
}

function announce(text) {
  part("announcement").textContent = text;
}

function forgive() {
  state.failed = null;
  part("alert").hidden = true;
}

/** One call at a time: a second tap on a slow line must not answer for the next digit. */
async function attempt(again, call) {
  if (state.isBusy) return;
  state.isBusy = true;
  forgive();
  try {
    await call();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    state.failed = again;
    part("alert-words").textContent = error.message;
    part("alert").hidden = false;
  } finally {
    state.isBusy = false;
  }
}
