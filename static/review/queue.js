// The review queue. Decisions show at once and are sent one after another; what cannot be sent is kept and tried again.

import { areSingleKeysOn, digitOf, isQuestionMark, letterOf } from "../js/keys.js";
import { article } from "../js/labels.js";
import { closest, find, part } from "../js/parts.js";
import { Hand } from "./hand.js";
import { Outbox } from "./outbox.js";

/** @import { Counts, Drawing, Held, Message, OpenDrawing } from "./desk_types.d.ts" */

const RENEW_SHARE = 0.4; // of the time that a claim lasts
const AGAIN_MS = 2_000;
const NOTICE_MS = 6_000;

const desk = find(document, "#desk", HTMLElement);
const isBlind = "blind" in desk.dataset;
const campaign = desk.dataset.campaign ?? ""; // its drawings alone, or all
const ahead = Number(desk.dataset.ahead); // the drawing on the desk and those behind it
const notADigit = Number(desk.dataset.notADigit); // as a label
const claimMs = 1_000 * Number(desk.dataset.claimSeconds);
const skippedKey = `digitre-skipped-${desk.dataset.user}`;

const picture = find(desk, "[data-part=picture]", HTMLImageElement);
const progress = find(desk, "[data-part=progress]", HTMLProgressElement);
const help = find(desk, "[data-part=help]", HTMLDialogElement);
const agreeButton = find(desk, "[data-act=agree]", HTMLButtonElement);
const undoButton = find(desk, "[data-act=undo]", HTMLButtonElement);

const hand = new Hand(restoreSkipped());
/** How many wait on the server. @type {Counts | null} */
let waiting = null;
let isClaiming = false;
let isWanted = false; // another claim, once the one under way is back
let isEnded = false; // the last claim brought nothing

const outbox = new Outbox({
  key: `digitre-review-${desk.dataset.user}`,
  token: find(desk, "[name=csrfmiddlewaretoken]", HTMLInputElement).value,
  urls: { decide: url("decide"), skip: url("skip"), undo: url("undo") },
  onAnswer: takeCounts,
  onRefused: refused,
  onChange: render,
});

/** @param {string} act */
function url(act) {
  const found = desk.dataset[`${act}Url`];
  if (!found) throw new Error(`The desk does not say where to ${act}.`);
  return found;
}

/** @param {Counts | {}} answer */
function takeCounts(answer) {
  if ("left" in answer) waiting = answer;
  render();
  refill();
}

/** @param {Message} message @param {string} detail */
function refused(message, detail) {
  if (message.kind === "undo") hand.drop(message.id);
  hand.forgetTurns(message.id);
  notify(detail);
  refill();
}

/** Claim so many that the desk never waits; those decided on but not yet sent are still ours. */
async function refill() {
  isWanted = true;
  if (isClaiming || hand.drawings.length >= ahead || outbox.isSignedOut) return;
  isWanted = false;
  isClaiming = true;
  hand.asking();
  const answer = await outbox.claim(url("claim"), inHand());
  isClaiming = false;
  if (answer === null) {
    setTimeout(refill, AGAIN_MS);
    return;
  }
  hand.take(answer, outbox.ids());
  isEnded = answer.drawings.length === 0;
  waiting = answer;
  render();
  if (isWanted) refill(); // what was sent meanwhile may have made the answer stale
}

/** A skip still on its way counts as unsent, so the drawing cannot come back before it is given back. @returns {Held} */
const inHand = () => ({ held: hand.ids, unsent: outbox.ids(), skipped: hand.skipped, blind: isBlind, campaign });

/** @param {number | null} label null rejects it */
function decide(label) {
  const drawing = hand.play("decide");
  if (drawing) send({ kind: "decide", id: drawing.id, label, blind: isBlind, campaign });
}

function skip() {
  const drawing = hand.play("skip");
  if (!drawing) return;
  keepSkipped();
  send({ kind: "skip", id: drawing.id, campaign });
}

/** @param {Message} message */
function send(message) {
  outbox.push(message);
  render();
  refill();
}

function agree() {
  const drawing = hand.current;
  if (drawing && !drawing.blind && drawing.label !== null) decide(drawing.label);
}

const reject = () => decide(null);

function undo() {
  const turn = hand.undo();
  if (!turn) return;
  const { id } = turn.drawing;
  keepSkipped();
  if (!outbox.withdraw(id)) outbox.push({ kind: "undo", id, decided: turn.kind === "decide", campaign });
  notify("Taken back.");
  render();
}

function unskip() {
  hand.skipped = [];
  keepSkipped();
  isEnded = false;
  refill();
}

/** For this tab, also through a reload; without storage they come back then. */
function keepSkipped() {
  try {
    sessionStorage.setItem(skippedKey, JSON.stringify(hand.skipped));
  } catch {
    // storage is full or switched off
  }
}

/** @returns {string[]} */
function restoreSkipped() {
  try {
    return JSON.parse(sessionStorage.getItem(skippedKey) ?? "[]");
  } catch {
    return [];
  }
}

/** @type {ReturnType<typeof setTimeout> | undefined} */
let noticeTimer;

/** @param {string} text */
function notify(text) {
  part(desk, "notice").textContent = text;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => {
    part(desk, "notice").textContent = "";
  }, NOTICE_MS);
}

function toggleHelp() {
  if (help.open) help.close();
  else help.showModal();
}

/** @type {Record<string, () => void>} */
const acts = { agree, skip, undo, unskip, reject, help: toggleHelp };
/** @type {Record<string, () => void>} */
const letters = { x: reject, n: () => decide(notADigit), s: skip, u: undo };

/** @param {KeyboardEvent} event */
function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || help.open) return;
  const control = closest(event, "button, a, input, select, textarea");
  if (event.key === "Enter" && control?.matches(":focus-visible")) return;
  if (event.key !== "Enter" && control?.matches("a, input, select, textarea")) return;
  const act = actOf(event);
  if (!act) return;
  event.preventDefault();
  act();
}

/** @param {KeyboardEvent} event @returns {(() => void) | undefined} */
function actOf(event) {
  if (event.key === "Enter") return agree;
  if (!areSingleKeysOn()) return undefined;
  if (isQuestionMark(event)) return toggleHelp;
  const digit = digitOf(event);
  return digit === null ? letters[letterOf(event)] : () => decide(digit);
}

/** @param {MouseEvent} event */
function onClick(event) {
  const button = closest(event, "button[data-label]:enabled, button[data-act]:enabled");
  if (!button) return;
  const { label, act } = button.dataset;
  if (label !== undefined) decide(Number(label));
  else if (act) acts[act]();
  if (event.detail > 0) button.blur(); // pressed by a pointer: Enter belongs to the drawing again
}

function render() {
  const [drawing, ...following] = hand.drawings;
  const isEmpty = !drawing && isEnded; // also while it is asked again, or the page would flicker
  part(desk, "work").hidden = !drawing;
  part(desk, "empty").hidden = !isEmpty;
  part(desk, "unskip").hidden = hand.skipped.length === 0;
  if (drawing) renderDrawing(drawing);
  part(desk, "next").replaceChildren(...following.map(preview));
  undoButton.disabled = !hand.canUndo;
  renderCounts();
}

/** @param {Drawing} drawing */
function renderDrawing(drawing) {
  if (picture.getAttribute("src") !== drawing.image) picture.src = drawing.image;
  picture.dataset.id = drawing.id;
  const hidden = drawing.check ? "a check: what was said of it is hidden" : "what was said of it is hidden";
  part(desk, "said").replaceChildren(...(drawing.blind ? [hidden] : saidOf(drawing)));
  const why = drawing.blind ? "" : drawing.why;
  part(desk, "why").hidden = !why;
  part(desk, "why").textContent = why;
  const label = drawing.blind ? null : labelWords(drawing);
  agreeButton.disabled = label === null;
  part(desk, "agree").textContent = label === null ? "As the person said" : `It is ${label}`;
}

/** What the person said it is: "a 7", "not a digit", or null. @param {OpenDrawing} drawing */
function labelWords({ label, person }) {
  if (label === null) return null;
  return label === notADigit ? person : `${article(label)} ${label}`;
}

/** @param {OpenDrawing} drawing */
function saidOf(drawing) {
  /** @param {string} text */
  const bold = (text) => Object.assign(document.createElement("b"), { textContent: text });
  return ["model ", bold(drawing.model), ` (${drawing.confidence}) \u2013 person `, bold(drawing.person)];
}

/** @param {Drawing} drawing */
function preview(drawing) {
  const item = document.createElement("li");
  const sheet = Object.assign(document.createElement("span"), { className: "sheet sheet-small" });
  sheet.append(Object.assign(document.createElement("img"), { src: drawing.image, alt: "", width: 56, height: 56 }));
  item.append(sheet);
  return item;
}

function renderCounts() {
  const left = waiting && Math.max(0, waiting.left - outbox.count("decide"));
  const number = left === null ? "" : `${waiting?.many ? "more than " : ""}${left.toLocaleString("en")}`;
  part(desk, "left").textContent = left === null ? "Looking ..." : `${number} left`;
  part(desk, "unsent").textContent = unsentWords();
  progress.max = Math.max(1, hand.done + (left ?? 0));
  progress.value = hand.done;
}

function unsentWords() {
  if (outbox.isSignedOut) return `You are signed out. Sign in again; ${outbox.size} decisions are kept here.`;
  return outbox.isOffline ? `No connection. ${outbox.size} decisions are kept and will be sent.` : "";
}

desk.addEventListener("click", onClick);
document.addEventListener("keydown", onKey);
setInterval(() => {
  if (hand.current) outbox.claim(url("claim"), inHand());
}, RENEW_SHARE * claimMs);
window.addEventListener("pagehide", () => outbox.farewell(url("leave"), { held: hand.ids }));
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
outbox.pump();
refill();
