// The draw page: joins pad, session, view and keys.

import { ApiClient } from "../api_client.js";
import { DrawingPad } from "../drawing_pad.js";
import { Explanation } from "../explanation.js";
import { KeyboardPen } from "../keyboard_pen.js";
import { LiveGuess } from "../live_guess.js";
import { ReadingSession } from "../reading_session.js";
import { ResultView, closePair } from "../result_view.js";

const root = document.querySelector("[data-page=draw]");
const ink = root.querySelector("[data-part=pad]");
const marks = root.querySelector("[data-part=marks]");

const api = new ApiClient(root.dataset);
const pad = new DrawingPad(ink);
const view = new ResultView(root);
const session = new ReadingSession(api, pad, view);
const live = new LiveGuess(
  async (signal) => (session.isSpeck ? null : api.guess(await session.body(), signal)),
  (answer) => session.guessed(answer),
);
const explanation = new Explanation(root, marks, api, session);
new KeyboardPen(ink, pad, marks);

const actions = {
  undo: () => pad.undo(),
  redo: () => pad.redo(),
  clear: () => (session.isLabelled ? pad.reset() : pad.clear()),
  read: submit,
  again: nextSheet,
  label: (button) => confirm(button.dataset.label === "none" ? null : Number(button.dataset.label)),
  withdraw: () => take(() => session.withdraw()),
  retry: () => take(() => session.retry()),
  why: () => explanation.ask(),
};

function submit() {
  pad.end(); // Enter may come while the keyboard's pen is down
  live.cancel();
  return take(() => session.submit());
}

function confirm(label) {
  return take(() => session.confirm(label));
}

/** Let the session take a step, for the first time or once more; the tools and the explanation follow. */
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
  offer("undo", pad.canUndo);
  offer("redo", pad.canRedo);
  offer("clear", !pad.isEmpty);
  offer("read", !pad.isEmpty && !["answered", "saved"].includes(session.state.phase));
  root.toggleAttribute("data-inked", !pad.isEmpty);
}

/** A button that is switched off gives up the focus at once: by itself it keeps it for a frame, and a key then is lost. */
function offer(action, isPossible) {
  const button = root.querySelector(`[data-action=${action}]`);
  if (!isPossible && button === document.activeElement) button.blur();
  button.disabled = !isPossible;
}

pad.addEventListener("beforestroke", () => {
  if (session.isLabelled) pad.reset(); // the last drawing is finished; this is the next one
});
pad.addEventListener("ink", () => {
  if (session.state.phase !== "drawing") session.sheetChanged();
  root.toggleAttribute("data-inked", true);
  live.penMoved();
});
pad.addEventListener("change", sheetChanged);
pad.addEventListener("full", () => view.error("That is a lot of strokes for one digit. Clear and start again."));

root.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (button && !button.disabled) actions[button.dataset.action]?.(button);
});

document.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || event.altKey || document.querySelector("dialog[open]")) return;
  const isCommand = event.ctrlKey || event.metaKey;
  if (isCommand && event.key.toLowerCase() === "z") {
    if (event.shiftKey) pad.redo();
    else pad.undo();
    event.preventDefault();
  } else if (!isCommand && !event.repeat) {
    pressed(event); // a key that is held says nothing new, least of all yes to an answer nobody has read
  }
});

function pressed(event) {
  const onControl = event.target.closest("a, button, summary, input, select, textarea");
  if (event.key === "Escape") actions.clear();
  else if (event.key === "Enter" && !onControl) enter();
  else if (/^[0-9]$/.test(event.key)) confirm(Number(event.key));
  else if (event.key.toLowerCase() === "x") confirm(null);
}

/** The obvious next step: read, say yes, take the next sheet. */
function enter() {
  const { phase, answer } = session.state;
  if (phase === "drawing") submit();
  else if (phase === "answered" && !closePair(answer)) confirm(answer.refused ? null : answer.digit);
  else if (phase === "saved") nextSheet();
}

function nextSheet() {
  pad.reset();
  ink.scrollIntoView({ block: "nearest" }); // on a phone the answer may have been read further down
}

view.phase("intro");
showTools();
