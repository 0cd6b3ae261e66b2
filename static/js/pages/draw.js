// The draw page: joins pad, session, view and keys.

import { Alert } from "../alert.js";
import { ApiClient } from "../api_client.js";
import { DrawingPad } from "../drawing_pad.js";
import { keep, kept, SHEET } from "../kept_sheet.js";
import { areSingleKeysOn, digitOf, letterOf } from "../keys.js";
import { LateView } from "../late_view.js";
import { button, closest, find } from "../parts.js";
import { ReadingSession } from "../reading_session.js";
import { Waiting } from "../waiting.js";
import { say } from "../words.js";

/**
 * @import { Label } from "../api_types.d.ts"
 * @import { Explanation } from "../explanation.js"
 * @import { LiveGuess } from "../live_guess.js"
 * @import { Outbox, Sent } from "../outbox.js"
 */

const INVITED = "digitre-invited"; // in this browser's storage

const root = find(document, "[data-page=draw]", HTMLElement);
const ink = find(root, "[data-part=pad]", HTMLCanvasElement);

const api = new ApiClient(root.dataset);
const alert = new Alert(root);
const pad = new DrawingPad(ink);
const view = new LateView(root, alert);
const waiting = new Waiting(root, api, follow);
const session = new ReadingSession(api, pad, view, alert, waiting);
/** @type {Outbox | undefined} */
let outbox;
/** @type {LiveGuess | undefined} */
let live;
/** @type {Promise<Explanation> | undefined} */
let explanation;
// Fetched with the focus, a moment before the first key.
ink.addEventListener(
  "focus",
  async () => {
    const [{ KeyboardPen }, marks] = await Promise.all([import("../keyboard_pen.js"), marksCanvas()]);
    new KeyboardPen(ink, pad, marks);
    root.toggleAttribute("data-keys", true);
  },
  { once: true },
);

/** @type {Record<string, (control: HTMLElement) => unknown>} */
const actions = {
  undo,
  redo: () => session.isLabelled || pad.redo(),
  clear,
  read: submit,
  again: nextSheet,
  next: async () => (await import("../next_person.js")).nextPerson(root, alert, await waiting.open(), nextSheet),
  label: ({ dataset }) => confirm(dataset.label === "none" ? null : Number(dataset.label)),
  withdraw: () => take(() => session.withdraw()),
  retry: () => take(() => alert.retry()),
  why: async () => (await explain()).ask(),
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
  live?.cancel();
  return take(() => session.submit());
}

/** What waited has arrived, and may lie on the paper still. @param {Outbox} open */
function follow(open) {
  outbox = open;
  open.addEventListener("sent", (event) => {
    take(() => session.delivered(/** @type {CustomEvent<Sent>} */ (event).detail));
  });
}

/** Fetched with the first question: most people never ask why. */
function explain() {
  explanation ??= Promise.all([import("../explanation.js"), marksCanvas()]).then(
    ([{ Explanation }, marks]) => new Explanation(root, marks, api, session),
  );
  return explanation;
}

async function marksCanvas() {
  const { MarksCanvas } = await import("../marks_canvas.js");
  return new MarksCanvas(find(root, "[data-part=marks]", HTMLCanvasElement));
}

/** Guessing comes with the first stroke, as the panel does that shows it. @param {(live: LiveGuess) => void} step */
async function guess(step) {
  const { LiveGuess } = await import("../live_guess.js");
  // While it is between people, the server would take this person for the last one, and remember that one's hand
  live ??= new LiveGuess(
    async (signal) => (session.isSpeck || outbox?.isBetweenPeople ? null : api.guess(session.path, signal)),
    (answer) => session.guessed(answer),
  );
  if (session.state.phase === "drawing") step(live);
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
  if (phase !== before && phase === "answered") explanation?.then((open) => open.answered());
  if (phase !== before && phase === "saved") explanation?.then((open) => open.forget()); // it spoke of the reading, and the label stands now
  showTools();
}

/** One stroke more, one less, none at all: every way the sheet can change meets here. */
function sheetChanged() {
  live?.cancel();
  explanation?.then((open) => open.forget());
  session.sheetChanged();
  if (!pad.isEmpty) guess((live) => live.penLifted()).catch(() => {}); // the panel says what is wrong with the line
  showTools();
}

function showTools() {
  offer("undo", pad.canUndo || session.state.phase === "saved");
  offer("redo", pad.canRedo && !session.isLabelled);
  offer("clear", !pad.isEmpty);
  offer("read", !pad.isEmpty && !["answered", "saved"].includes(session.state.phase));
  root.toggleAttribute("data-inked", !pad.isEmpty);
  keep(SHEET, pad.isEmpty || pad.picture ? null : { ...session.kept, strokes: pad.sheet });
}

/** The sheet lies where it lay before a reload, a link or Back. */
function comeBack() {
  const sheet = kept(SHEET);
  if (!sheet) return;
  pad.restore(sheet.strokes);
  session.restore(sheet);
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
  waiting.open();
  guess((live) => live.penMoved()).catch(() => {});
});
pad.addEventListener("change", sheetChanged);
pad.addEventListener("palm", () => alert.show(say("palm")));
pad.addEventListener("full", () => alert.show(say("full")));

// A picture that is let go over the page would take its place, and the ink with it: it is put on the paper.
document.addEventListener("dragover", (event) => event.preventDefault());
document.addEventListener("drop", (event) => {
  event.preventDefault();
  put(event.dataTransfer?.files[0]);
});
document.addEventListener("paste", (event) => put(event.clipboardData?.files[0]));

/** @param {File | undefined} file */
async function put(file) {
  const picture = file && (await (await import("../picture_reader.js")).readPicture(file));
  if (picture) pad.put(picture);
  else if (file) alert.show(say("no_picture_read"));
}

find(root, "[data-part=how]", HTMLDetailsElement).addEventListener("toggle", explain, { once: true });

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

/** Single keys act on the pad, in the answer, and where nothing has the focus. @param {Event} event */
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
  if (state.phase === "drawing" || state.phase === "held") submit();
  else if (state.phase === "answered" && state.answer.kind === "digit") confirm(state.answer.digit);
  else if (state.phase === "saved") nextSheet();
}

function nextSheet() {
  pad.reset();
  ink.scrollIntoView({ block: "nearest" }); // on a phone the answer may have been read further down
}

function invite() {
  try {
    if (localStorage.getItem(INVITED)) return;
    localStorage.setItem(INVITED, "once");
    find(root, "[data-part=ghost]", SVGElement).removeAttribute("hidden");
  } catch {
    // Storage is switched off: nobody is invited.
  }
}

view.phase("intro");
comeBack();
invite();
showTools();
