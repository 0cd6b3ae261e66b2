// "Yours": what this browser handed in, what became of it, and how to take or delete it.

import { Alert } from "../alert.js";
import { ApiError } from "../api_client.js";
import { keep, kept, SHEET } from "../kept_sheet.js";
import { OwnDrawingsClient } from "../own_drawings_client.js";
import { button, closest, find, part } from "../parts.js";
import { thanks } from "../thanks.js";
import { Waiting } from "../waiting.js";
import { labelName, list as listed, localTime, say } from "../words.js";

/** @import { DrawingSummary, Label, Provenance, VersionAnswer } from "../api_types.d.ts" */

const root = find(document, "[data-page=drawings]", HTMLElement);
const dialog = find(document, "[data-part=forget-all]", HTMLDialogElement);
const template = find(root, "[data-part=sheet]", HTMLTemplateElement);
const list = part(root, "list");
const moreButton = button(root, "more");
const api = new OwnDrawingsClient(root.dataset);
const alert = new Alert(root);
const waiting = new Waiting(root, api);

const UNDO_MS = 8000;

/** What will be deleted, with the timer that does it. @type {Map<HTMLElement, ReturnType<typeof setTimeout>>} */
const going = new Map();
/** What a call is under way for. @type {Set<Element>} */
const busy = new Set();
/** @type {string | undefined} */
let nextUrl;
/** Number of the version that answers now. */
let champion = 0;
/** By drawing id. @type {Record<string, Provenance>} */
let lessons = {};

/** @type {Record<string, (control: HTMLElement) => unknown>} */
const actions = {
  more: () => load(nextUrl),
  retry: () => alert.retry(),
  versions: (control) => showVersions(control),
  replay: (control) => showReplay(control),
  picture: (control) => keepPicture(control),
  "open-labels": openLabels,
  label: confirm,
  forget: (control) => forget(itemOf(control)),
  keep: (control) => keepItem(itemOf(control)),
  "ask-forget-all": () => dialog.showModal(),
};

root.addEventListener("click", (event) => {
  const control = closest(event, "[data-action]");
  if (control?.dataset.action) actions[control.dataset.action]?.(control);
});
dialog.addEventListener("click", (event) => {
  const action = closest(event, "[data-action]")?.dataset.action;
  if (!action) return;
  dialog.close();
  if (action === "forget-all") forgetAll();
});

/** @param {string} [url] the first page, where it is left out */
async function load(url) {
  await attempt(
    list,
    () => load(url),
    async () => {
      const [page, known, model] = await Promise.all([api.drawings(url), api.lessons(), api.model()]);
      nextUrl = page.next ? here(page.next) : undefined;
      lessons = known.drawings;
      champion = model.version;
      const items = page.results.map(sheet);
      list.append(...items);
      showFrame();
      for (const item of items) overtaken.observe(item);
    },
  );
}

/** The server may be known by another name behind its proxy; this page may ask nobody but its own. @param {string} address */
function here(address) {
  const { pathname, search } = new URL(address, location.href);
  return pathname + search;
}

/** A drawing that an older version answered says by itself what the newer ones make of it, once it is in sight. */
const overtaken = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting || !(target instanceof HTMLElement)) continue;
    overtaken.unobserve(target);
    if (Number(target.dataset.version) < champion) showVersions(button(target, "versions"));
  }
});

/** @param {DrawingSummary} drawing */
function sheet(drawing) {
  const item = find(/** @type {DocumentFragment} */ (template.content.cloneNode(true)), "li", HTMLLIElement);
  const image = find(item, "[data-field=image]", HTMLImageElement);
  item.dataset.id = drawing.id;
  item.dataset.version = String(drawing.model_version);
  image.src = drawing.image;
  image.alt = say("drawn_at", { moment: localTime(drawing.created_at) });
  showSaid(item, drawing.is_confirmed ? drawing.confirmed : undefined);
  button(item, "open-labels").hidden = drawing.is_reviewed;
  field(item, "read").textContent = reading(drawing);
  field(item, "fate").textContent = fate(drawing);
  return item;
}

/** @param {HTMLElement} item @param {string} name */
const field = (item, name) => find(item, `[data-field=${name}]`, HTMLElement);

/** @param {DrawingSummary} drawing */
const reading = ({ model_version: version, predicted: digit }) =>
  digit === null ? say("version_refused", { version }) : say("version_read", { version, digit });

/** @param {DrawingSummary} drawing */
function fate(drawing) {
  const lesson = lessons[drawing.id];
  if (lesson?.versions.length > 0) return say("learned_from", { versions: lesson.versions.join(", ") });
  const why =
    drawing.status === "approved" && lesson?.left_out ? ` ${say("done_without", { reason: lesson.left_out })}` : "";
  return `${drawing.fate}${why}`;
}

/** @param {VersionAnswer} answer */
function said({ version, digit }) {
  const isNow = version === champion;
  if (digit === null) return say(isNow ? "says_none" : "said_none", { version });
  return say(isNow ? "says" : "said", { version, digit });
}

/** @param {HTMLElement} control that asks for it */
async function showVersions(control) {
  const item = itemOf(control);
  await attempt(
    control,
    () => showVersions(control),
    async () => {
      const { answers } = await api.drawing(idOf(item));
      const words = field(item, "versions");
      words.textContent = listed(answers.map(said));
      words.hidden = false;
      control.hidden = true;
    },
  );
}

/** The drawing once more, as the hand went, where its picture stands. @param {HTMLElement} control */
async function showReplay(control) {
  const item = itemOf(control);
  await attempt(
    control,
    () => showReplay(control),
    async () => {
      const [{ strokes, canvas }, { replay }] = await Promise.all([api.drawing(idOf(item)), import("../replay.js")]);
      if (!strokes || !canvas) throw new ApiError("no_strokes", say("no_strokes"));
      const image = find(item, "[data-field=image]", HTMLImageElement);
      const paper = find(item, "[data-field=replay]", HTMLCanvasElement);
      image.hidden = true;
      paper.hidden = false;
      await replay(paper, strokes, Math.max(canvas.width, canvas.height));
    },
  );
}

/** What was drawn and what the network saw, as a picture to keep or to share. @param {HTMLElement} control */
async function keepPicture(control) {
  const item = itemOf(control);
  await attempt(
    control,
    () => keepPicture(control),
    async () => {
      const [drawing, { drawingPicture }, { hand }] = await Promise.all([
        api.drawing(idOf(item)),
        import("../souvenir.js"),
        import("../sharing.js"),
      ]);
      if (!drawing.preview) throw new ApiError("no_picture", say("no_picture"));
      const { image, preview, canvas } = drawing;
      const strokes = canvas ? (drawing.strokes ?? []) : [];
      const side = canvas ? Math.max(canvas.width, canvas.height) : 1;
      const words = field(item, "read").textContent ?? "";
      const picture = await drawingPicture({ strokes, side, image, preview, words, caption: say("what_it_saw") });
      await hand(picture, "digitre-drawing.png");
    },
  );
}

/**
 * A deletion may be a slip: it is carried out after a while, or when the page is left.
 *
 * @param {HTMLElement} item
 */
function forget(item) {
  if (going.has(item)) return;
  show(item, "going");
  announce(say("deleted"));
  going.set(
    item,
    setTimeout(() => carryOut(item), UNDO_MS),
  );
  button(item, "keep").focus();
}

/** @param {HTMLElement} item */
function keepItem(item) {
  clearTimeout(going.get(item));
  going.delete(item);
  show(item, "here");
  announce(say("kept"));
  button(item, "forget").focus();
}

/** @param {HTMLElement} item @param {"here" | "going"} state */
function show(item, state) {
  part(item, "words").hidden = state === "going";
  part(item, "gone").hidden = state === "here";
  item.toggleAttribute("data-going", state === "going");
}

/** @param {HTMLElement} item */
async function carryOut(item) {
  going.delete(item);
  await attempt(
    item,
    () => carryOut(item),
    async () => {
      await api.forget(idOf(item)).catch(unlessGone);
      forgetSheet(idOf(item));
      const hasFocus = item.contains(document.activeElement);
      const neighbour = /** @type {HTMLElement | null} */ (item.nextElementSibling ?? item.previousElementSibling);
      item.remove();
      showFrame();
      if (hasFocus) (neighbour ? button(neighbour, "forget") : root).focus();
    },
  );
  if (item.isConnected) show(item, "here"); // it is not gone, and the alert says why
}

/** The draw page must not bring back what its owner has deleted. @param {string} [id] of one, or all of them */
function forgetSheet(id) {
  const answer = kept(SHEET)?.state?.answer;
  if (answer && (id === undefined || answer.id === id)) keep(SHEET, null);
}

/** @param {HTMLElement} control */
function openLabels(control) {
  const item = itemOf(control);
  const choices = part(item, "labels");
  choices.hidden = !choices.hidden;
  control.setAttribute("aria-expanded", String(!choices.hidden));
}

/** Correct or confirm a drawing: it may be said anew until a reviewer has decided. @param {HTMLElement} control */
async function confirm(control) {
  const item = itemOf(control);
  const label = control.dataset.label === "none" ? null : Number(control.dataset.label);
  await attempt(
    item,
    () => confirm(control),
    async () => {
      const { status } = await (await waiting.way()).confirm(idOf(item), label).catch(unlessHeld);
      forgetSheet(idOf(item)); // what the draw page holds of it is out of date
      showSaid(item, label);
      const outlook = status ? thanks(status) : say("held_thanks");
      field(item, "fate").textContent = outlook;
      openLabels(button(item, "open-labels"));
      button(item, "open-labels").focus();
      announce(`${say(status ? "saved_as" : "held_as", { label: labelName(label) })} ${outlook}`);
    },
  );
}

/** @param {HTMLElement} item @param {Label | undefined} label undefined where its owner has not said */
function showSaid(item, label) {
  field(item, "said").textContent =
    label === undefined ? say("not_confirmed") : say("you_said", { label: labelName(label) });
  button(item, "open-labels").textContent = label === undefined ? say("say_what") : say("correct");
  for (const choice of item.querySelectorAll("[data-action=label]")) {
    if (!(choice instanceof HTMLElement)) continue;
    choice.setAttribute(
      "aria-pressed",
      String(label !== undefined && choice.dataset.label === String(label ?? "none")),
    );
  }
}

/** The list's item that a button belongs to. @param {HTMLElement} control */
function itemOf(control) {
  const item = control.closest("li");
  if (!item) throw new Error("This button belongs to no drawing.");
  return item;
}

/** @param {HTMLElement} item */
const idOf = (item) => item.dataset.id ?? "";

/** What waits for the network is safe. @param {unknown} error @returns {{ status?: undefined }} */
function unlessHeld(error) {
  if (!(error instanceof ApiError && error.isHeld)) throw error;
  return {};
}

/** What is gone already, deleted from another tab perhaps, is as the person wants it. @param {unknown} error */
function unlessGone(error) {
  if (!(error instanceof ApiError) || error.code !== "gone") throw error;
}

async function forgetAll() {
  await attempt(dialog, forgetAll, async () => {
    await api.forgetAll();
    await (await waiting.open())?.clear(); // what was not sent yet is theirs as well
    for (const timer of going.values()) clearTimeout(timer);
    going.clear();
    forgetSheet();
    nextUrl = undefined;
    list.replaceChildren();
    showFrame();
    announce(say("all_deleted"));
  });
}

/** What stands around the list: nothing yet, or what to do with all of them. */
function showFrame() {
  const isEmpty = list.childElementCount === 0 && !nextUrl;
  part(root, "empty").hidden = !isEmpty;
  part(root, "all-actions").hidden = isEmpty;
  moreButton.hidden = !nextUrl;
}

/** @param {string} text */
function announce(text) {
  part(root, "announcement").textContent = text;
}

/**
 * One call at a time about the same thing: a second click must not fetch a page twice, or delete what is gone.
 *
 * @param {Element} what
 * @param {() => unknown} again
 * @param {() => Promise<void>} call
 */
async function attempt(what, again, call) {
  if (busy.has(what)) return;
  busy.add(what);
  try {
    await alert.attempt(again, call);
  } finally {
    busy.delete(what);
  }
}

window.addEventListener("pagehide", () => {
  for (const [item, timer] of going) {
    clearTimeout(timer);
    forgetSheet(idOf(item));
    api.forgetOnLeaving(idOf(item));
  }
  going.clear();
});
window.addEventListener("pageshow", ({ persisted }) => {
  if (persisted) location.reload(); // what was deleted on leaving is still shown here
});

/** What waits for the network comes first: it may be a drawing of this person's, or the end of the last one's turn. */
async function begin() {
  const outbox = await waiting.open();
  await outbox?.send();
  if (outbox?.isBetweenPeople) alert.show(say("others_wait"), begin);
  else await load();
}

begin();
