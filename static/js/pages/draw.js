// The draw page: joins pad, session, view and keys.

import { Alert } from "../alert.js";
import { ApiClient } from "../api_client.js";
import { DrawingPad } from "../drawing_pad.js";
import { Explanation } from "../explanation.js";
import { keep, kept, SHEET } from "../kept_sheet.js";
import { KeyboardPen } from "../keyboard_pen.js";
import { areSingleKeysOn, digitOf, letterOf } from "../keys.js";
import { LiveGuess } from "../live_guess.js";
import { MarksCanvas } from "../marks_canvas.js";
import { button, closest, find } from "../parts.js";
import { ReadingSession } from "../reading_session.js";
import { ResultView } from "../result_view.js";

/** @import { Label } from "../api_types.d.ts" */

const NO_PICTURES = "I read what is drawn here, not pictures. Draw the digit on the paper.";

const root = find(document, "[data-page=draw]", HTMLElement);
const ink = find(root, "[data-part=pad]", HTMLCanvasElement);
const marks = new MarksCanvas(find(root, "[data-part=marks]", HTMLCanvasElement));

const api = new ApiClient(root.dataset);
const alert = new Alert(root);
const pad = new DrawingPad(ink);
const view = new ResultView(root);
const session = new ReadingSession(api, pad, view, alert);
const live = new LiveGuess(
  async (signal) => (session.isSpeck ? null : api.guess(session.path, signal)),
  (answer) => session.guessed(answer),
);
const explanation = new Explanation(root, marks, api, session);
new KeyboardPen(ink, pad, marks);

/** @type {Record<string, (control: HTMLElement) => unknown>} */
const actions = {
  undo,
  redo: () => session.isLabelled || pad.redo(),
  clear,
  read: submit,
  again: nextSheet,
  label: ({ dataset }) => confirm(dataset.label === "none" ? null : Number(dataset.label)),
  withdraw: () => take(() => session.withdraw()),
  retry: () => take(() => alert.retry()),
  why: () => explanation.ask(),
};

/** The last thing done is taken back: a label first, and the stroke only where there is none. */
function undo() {
  if (session.state.phase === "saved") take(() => session.withdraw());
  else if (!session.isLabelled) pad.undo();
}

function clear() {
  if (session.isLabelled) pad.reset();
  else pad.clear();
}

function submit() {
  pad.end(); // Enter may come while the keyboard's pen is down
  live.cancel();
  return take(() => session.submit());
}

/** @param {Label} label */
function confirm(label) {
  return take(() => session.confirm(label));
}

/**
 * Let the session take a step, for the first time or once more; the tools and the explanation follow.
 *
 * @param {() => unknown} step
 */
async function take(step) {
  const before = session.state.phase;
  await step();
  const { phase } = session.state;
  if (phase !== before && phase === "answered") explanation.answered();
  if (phase !== before && phase === "saved") explanation.forget(); // it spoke of the reading, and the label stands now
  showTools();
}

/** One stroke more, one less, none at all: every way the sheet can change meets here. */
function sheetChanged() {
  live.cancel();
  explanation.forget();
  session.sheetChanged();
  if (!pad.isEmpty) live.penLifted();
  showTools();
}

function showTools() {
  offer("undo", pad.canUndo || session.state.phase === "saved");
  offer("redo", pad.canRedo && !session.isLabelled);
  offer("clear", !pad.isEmpty);
  offer("read", !pad.isEmpty && !["answered", "saved"].includes(session.state.phase));
  root.toggleAttribute("data-inked", !pad.isEmpty);
  keep(SHEET, pad.isEmpty ? null : { ...session.kept, strokes: pad.sheet });
}

/** The sheet lies where it lay before a reload, a link or Back. */
function comeBack() {
  const sheet = kept(SHEET);
  if (!sheet) return;
  pad.restore(sheet.strokes);
  session.restore(sheet);
  if (session.state.phase !== "drawing") live.cancel();
  if (session.state.phase === "answered") explanation.answered();
}

/**
 * A button that is switched off gives up the focus at once: by itself it keeps it for a frame, and a key then is lost.
 *
 * @param {string} action
 * @param {boolean} isPossible
 */
function offer(action, isPossible) {
  const tool = button(root, action);
  if (!isPossible && tool === document.activeElement) tool.blur();
  tool.disabled = !isPossible;
}

pad.addEventListener("beforestroke", () => {
  if (session.isLabelled) pad.reset(); // the last drawing is finished; this is the next one
});
pad.addEventListener("ink", () => {
  root.dataset.guess = "early"; // what was guessed while the pen was up no longer stands
  if (session.state.phase !== "drawing") session.sheetChanged();
  root.toggleAttribute("data-inked", true);
  live.penMoved();
});
pad.addEventListener("change", sheetChanged);
pad.addEventListener("palm", () => alert.show("That was as wide as a hand and left no ink. Draw with a fingertip."));
pad.addEventListener("full", () => alert.show("That is a lot of strokes for one digit. Clear and start again."));

// A picture that is let go over the page would take its place, and the ink with it.
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  if (event.dataTransfer?.files.length) alert.show(NO_PICTURES);
});
document.addEventListener("paste", (event) => {
  if (event.clipboardData?.files.length) alert.show(NO_PICTURES);
});

root.addEventListener("click", (event) => {
  const control = closest(event, "[data-action]:not(:disabled)");
  if (control?.dataset.action) actions[control.dataset.action]?.(control);
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || document.querySelector("dialog[open]")) return;
  const isCommand = event.ctrlKey || event.metaKey;
  if (isCommand && letterOf(event) === "z") {
    if (!event.shiftKey) undo();
    else if (!session.isLabelled) pad.redo();
    event.preventDefault();
  } else if (!isCommand && !event.repeat) {
    pressed(event); // a key that is held says nothing new, least of all yes to an answer nobody has read
  }
});

/** @param {KeyboardEvent} event */
function pressed(event) {
  const onControl = closest(event, "a, button, summary, input, select, textarea");
  if (event.key === "Escape") clear();
  else if (event.key === "Enter" && !onControl) enter();
  else if (areSingleKeysOn() && isAboutTheDrawing(event)) labelKey(event);
}

/** A single key acts on the pad and in the answer, or where nothing has the focus; never on a link. @param {Event} event */
function isAboutTheDrawing(event) {
  if (closest(event, "a, input, select, textarea")) return false;
  return event.target === document.body || event.target === root || closest(event, ".desk, .reading") !== null;
}

/** @param {KeyboardEvent} event */
function labelKey(event) {
  const digit = digitOf(event);
  if (digit !== null) confirm(digit);
  else if (letterOf(event) === "x") confirm(null);
}

/** The obvious next step: read, say yes, take the next sheet. */
function enter() {
  const { state } = session;
  if (state.phase === "drawing") submit();
  else if (state.phase === "answered" && state.answer.kind === "digit") confirm(state.answer.digit);
  else if (state.phase === "saved") nextSheet();
}

function nextSheet() {
  pad.reset();
  ink.scrollIntoView({ block: "nearest" }); // on a phone the answer may have been read further down
}

view.phase("intro");
comeBack();
showTools();
