// The review queue. Decisions show at once and are sent one after another; what cannot be sent is kept and tried again.

import { Outbox } from "./outbox.js";

const AHEAD = 4; // the drawing on the desk and three behind it
const RENEW_MS = 120_000; // claims last five minutes
const NOT_A_DIGIT = 10;
const NOTICE_MS = 6_000;
const SKIPS_KEPT = 200; // an id each, sent with every claim

const desk = document.getElementById("desk");
const isBlind = "blind" in desk.dataset;
const skippedKey = `digitre-skipped-${desk.dataset.user}`;
const parts = Object.fromEntries([...desk.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
const state = { hand: [], history: [], done: 0, left: null, many: false, skipped: restoreSkipped(), claiming: false, isWanted: false, ended: false, sent: new Set() };

const outbox = new Outbox({
  key: `digitre-review-${desk.dataset.user}`,
  token: desk.querySelector("[name=csrfmiddlewaretoken]").value,
  urls: { decide: desk.dataset.decideUrl, skip: desk.dataset.skipUrl, undo: desk.dataset.undoUrl, claim: desk.dataset.claimUrl },
  onAnswer: takeCounts,
  onRefused: refused,
  onChange: render,
});

function takeCounts(answer) {
  if ("left" in answer) Object.assign(state, { left: answer.left, many: answer.many });
  render();
  refill();
}

function refused(message, detail) {
  state.hand = state.hand.filter((drawing) => drawing.id !== message.id || message.kind !== "undo");
  state.history = state.history.filter((entry) => entry.drawing.id !== message.id);
  notify(detail);
  refill();
}

// Claim so many that the desk never waits; those decided on but not yet sent are still ours.
async function refill() {
  state.isWanted = true;
  if (state.claiming || state.hand.length >= AHEAD || outbox.isSignedOut) return;
  state.isWanted = false;
  state.claiming = true;
  state.sent.clear();
  const answer = await outbox.ask("claim", inHand());
  state.claiming = false;
  if (answer === null) {
    setTimeout(refill, 2_000);
    return;
  }
  // an answer under way may still offer what was taken back and decided anew in the meantime
  const known = new Set([...state.hand.map((drawing) => drawing.id), ...outbox.ids(), ...state.sent]);
  state.hand.push(...answer.drawings.filter((drawing) => !known.has(drawing.id)));
  state.ended = answer.drawings.length === 0;
  Object.assign(state, { left: answer.left, many: answer.many });
  render();
  if (state.isWanted) refill(); // what was sent meanwhile may have made the answer stale
}

// A skip still on its way counts as unsent, so the drawing cannot come back before it is given back.
const inHand = () => ({ held: state.hand.map((drawing) => drawing.id), unsent: outbox.ids(), skipped: state.skipped, blind: isBlind });

function send(kind, message) {
  const drawing = state.hand.shift();
  if (!drawing) return;
  state.history.push({ kind, drawing });
  state.sent.add(drawing.id);
  state.done += kind === "decide" ? 1 : 0;
  outbox.push({ kind, id: drawing.id, ...message });
  render();
  refill();
}

const decide = (label) => send("decide", { label, blind: isBlind });

function skip() {
  if (state.hand.length === 0) return;
  keepSkipped([...state.skipped, state.hand[0].id].slice(-SKIPS_KEPT));
  send("skip", {});
}

function agree() {
  const drawing = state.hand[0];
  if (drawing && !drawing.blind && drawing.label !== null) decide(drawing.label);
}

function undo() {
  const last = state.history.pop();
  if (!last) return;
  state.done -= last.kind === "decide" ? 1 : 0;
  state.hand.unshift(last.drawing);
  keepSkipped(state.skipped.filter((id) => id !== last.drawing.id));
  if (!outbox.withdraw(last.drawing.id)) {
    outbox.push({ kind: "undo", id: last.drawing.id, decided: last.kind === "decide" });
  }
  notify("Taken back.");
  render();
}

function unskip() {
  keepSkipped([]);
  state.ended = false;
  refill();
}

// For this tab, also through a reload; without storage they come back then.
function keepSkipped(ids) {
  state.skipped = ids;
  try {
    sessionStorage.setItem(skippedKey, JSON.stringify(ids));
  } catch {
    // storage is full or switched off
  }
}

function restoreSkipped() {
  try {
    return JSON.parse(sessionStorage.getItem(skippedKey)) ?? [];
  } catch {
    return [];
  }
}

let noticeTimer;
function notify(text) {
  parts.notice.textContent = text;
  clearTimeout(noticeTimer);
  noticeTimer = setTimeout(() => (parts.notice.textContent = ""), NOTICE_MS);
}

const help = () => (parts.help.open ? parts.help.close() : parts.help.showModal());
const acts = { agree, skip, undo, unskip, help, reject: () => decide(null) };
const keys = { Enter: agree, x: acts.reject, n: () => decide(NOT_A_DIGIT), s: skip, u: undo, "?": help };

function onKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || parts.help.open) return;
  const onControl = event.target.closest("button, a, input, select, textarea");
  if (event.key === "Enter" && onControl?.matches(":focus-visible")) return;
  const act = /^[0-9]$/.test(event.key) ? () => decide(Number(event.key)) : keys[event.key.length === 1 ? event.key.toLowerCase() : event.key];
  if (!act) return;
  event.preventDefault();
  act();
}

function onClick(event) {
  const button = event.target.closest("button[data-label], button[data-act]");
  if (!button || button.disabled) return;
  if (button.dataset.label !== undefined) decide(Number(button.dataset.label));
  else acts[button.dataset.act]();
  if (event.detail > 0) button.blur(); // pressed by a pointer: Enter belongs to the drawing again
}

function render() {
  const [drawing, ...following] = state.hand;
  const isEmpty = !drawing && state.ended; // also while it is asked again, or the page would flicker
  parts.work.hidden = !drawing;
  parts.empty.hidden = !isEmpty;
  parts.unskip.hidden = state.skipped.length === 0;
  if (drawing) renderDrawing(drawing);
  parts.next.replaceChildren(...following.map(preview));
  desk.querySelector("[data-act=undo]").disabled = state.history.length === 0;
  renderCounts();
}

function renderDrawing(drawing) {
  if (parts.picture.getAttribute("src") !== drawing.image) parts.picture.src = drawing.image;
  parts.picture.dataset.id = drawing.id;
  const hidden = drawing.check ? "a check: what was said of it is hidden" : "what was said of it is hidden";
  parts.said.replaceChildren(...(drawing.blind ? [hidden] : saidOf(drawing)));
  parts.why.hidden = !drawing.why;
  parts.why.textContent = drawing.why ?? "";
  const agreeButton = desk.querySelector("[data-act=agree]");
  agreeButton.disabled = drawing.blind || drawing.label === null;
  parts.agree.textContent = agreeButton.disabled ? "As the person said" : `It is ${drawing.label === NOT_A_DIGIT ? "not a digit" : `a ${drawing.label}`}`;
}

function saidOf(drawing) {
  const bold = (text) => Object.assign(document.createElement("b"), { textContent: text });
  return ["model ", bold(drawing.model), ` (${drawing.confidence}) \u2013 person `, bold(drawing.person)];
}

function preview(drawing) {
  const item = document.createElement("li");
  const sheet = Object.assign(document.createElement("span"), { className: "sheet sheet-small" });
  sheet.append(Object.assign(document.createElement("img"), { src: drawing.image, alt: "", width: 56, height: 56 }));
  item.append(sheet);
  return item;
}

function renderCounts() {
  const unsent = outbox.size;
  const left = state.left === null ? null : Math.max(0, state.left - outbox.count("decide"));
  const number = left === null ? "" : state.many ? `more than ${left.toLocaleString("en")}` : left.toLocaleString("en");
  parts.left.textContent = left === null ? "Looking ..." : `${number} left`;
  parts.unsent.textContent = outbox.isSignedOut
    ? `You are signed out. Sign in again; ${unsent} decisions are kept here.`
    : outbox.isOffline
      ? `No connection. ${unsent} decisions are kept and will be sent.`
      : "";
  parts.progress.max = Math.max(1, state.done + (left ?? 0));
  parts.progress.value = state.done;
}

desk.addEventListener("click", onClick);
document.addEventListener("keydown", onKey);
setInterval(() => state.hand.length && outbox.ask("claim", inHand()), RENEW_MS);
window.addEventListener("pagehide", () => {
  outbox.farewell(desk.dataset.leaveUrl, { held: state.hand.map((drawing) => drawing.id) });
});
window.addEventListener("pageshow", (event) => event.persisted && location.reload());
outbox.pump();
refill();
