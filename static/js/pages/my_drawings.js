// "Yours": what this browser handed in, what became of it, and how to take or delete it.

import { ApiClient, ApiError } from "../api_client.js";
import { labelName } from "../labels.js";

const root = document.querySelector("[data-page=drawings]");
const dialog = document.querySelector("[data-part=forget-all]");
const part = (name) => root.querySelector(`[data-part="${name}"]`);
const list = part("list");
const moreButton = root.querySelector("[data-action=more]");
const api = new ApiClient(root.dataset);

const busy = new Set(); // what a call is under way for
let nextUrl = null;
let failed = null;
let champion = null; // number of the version that answers now
let lessons = {}; // by drawing id: {versions, left_out}

const actions = {
  more: () => load(nextUrl),
  retry: () => failed?.(),
  versions: (button) => showVersions(button),
  forget: (button) => forget(button.closest("li")),
  "ask-forget-all": () => dialog.showModal(),
};

root.addEventListener("click", (event) => {
  const button = event.target.closest("[data-action]");
  if (button) actions[button.dataset.action]?.(button);
});
dialog.addEventListener("click", (event) => {
  const action = event.target.closest("[data-action]")?.dataset.action;
  if (!action) return;
  dialog.close();
  if (action === "forget-all") forgetAll();
});

async function load(url) {
  await attempt(list, () => load(url), async () => {
    const [page, known, model] = await Promise.all([api.drawings(url), api.lessons(), api.model()]);
    nextUrl = page.next && here(page.next);
    lessons = known.drawings;
    champion = model.version;
    const items = page.results.map(sheet);
    list.append(...items);
    showFrame();
    items.forEach((item) => overtaken.observe(item));
  });
}

/** The server may be known by another name behind its proxy; this page may ask nobody but its own. */
function here(address) {
  const { pathname, search } = new URL(address, location.href);
  return pathname + search;
}

/** A drawing that an older version answered says by itself what the newer ones make of it, once it is in sight. */
const overtaken = new IntersectionObserver((entries) => {
  for (const { isIntersecting, target } of entries) {
    if (!isIntersecting) continue;
    overtaken.unobserve(target);
    if (Number(target.dataset.version) < champion) showVersions(target.querySelector("[data-action=versions]"));
  }
});

function sheet(drawing) {
  const item = part("sheet").content.firstElementChild.cloneNode(true);
  const field = (name) => item.querySelector(`[data-field=${name}]`);
  item.dataset.id = drawing.id;
  item.dataset.version = drawing.model_version;
  field("image").src = drawing.image;
  field("image").alt = `Your drawing of ${new Date(drawing.created_at).toLocaleString()}`;
  field("said").textContent = drawing.is_confirmed ? `You said ${labelName(drawing.confirmed)}.` : "Not confirmed.";
  const read = drawing.predicted === null ? "refused it" : `read ${drawing.predicted}`;
  field("read").textContent = `Version ${drawing.model_version} ${read}.`;
  field("fate").textContent = fate(drawing);
  return item;
}

function fate(drawing) {
  const lesson = lessons[drawing.id];
  if (lesson?.versions.length > 0) return `Among what version ${lesson.versions.join(", ")} learned from.`;
  const why = drawing.status === "approved" && lesson?.left_out ? ` The newest version did without it: ${lesson.left_out}.` : "";
  return `${drawing.fate}${why}`;
}

const said = ({ version, digit }) => `version ${version} ${version === champion ? "says" : "said"} ${digit ?? "no digit"}`;

async function showVersions(button) {
  const item = button.closest("li");
  await attempt(button, () => showVersions(button), async () => {
    const { answers } = await api.drawing(item.dataset.id);
    const words = item.querySelector("[data-field=versions]");
    words.textContent = answers.map(said).join(", ");
    words.hidden = false;
    button.hidden = true;
  });
}

async function forget(item) {
  await attempt(item, () => forget(item), async () => {
    await api.forget(item.dataset.id).catch(unlessGone);
    const neighbour = item.nextElementSibling ?? item.previousElementSibling;
    item.remove();
    showFrame();
    announce("Deleted.");
    (neighbour?.querySelector("[data-action=forget]") ?? root).focus();
  });
}

/** What is gone already, deleted from another tab perhaps, is as the person wants it. */
function unlessGone(error) {
  if (error.code !== "gone") throw error;
}

async function forgetAll() {
  await attempt(dialog, forgetAll, async () => {
    await api.forgetAll();
    nextUrl = null;
    list.replaceChildren();
    showFrame();
    announce("All your drawings are deleted.");
  });
}

/** What stands around the list: nothing yet, or what to do with all of them. */
function showFrame() {
  const isEmpty = list.childElementCount === 0 && !nextUrl;
  part("empty").hidden = !isEmpty;
  part("all-actions").hidden = isEmpty;
  moreButton.hidden = !nextUrl;
}

function announce(text) {
  part("announcement").textContent = text;
}

/** One call at a time about the same thing: a second click must not fetch a page twice, or delete what is gone. */
async function attempt(what, again, call) {
  if (busy.has(what)) return;
  busy.add(what);
  failed = null;
  part("alert").hidden = true;
  try {
    await call();
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    failed = again;
    part("alert-words").textContent = error.message;
    part("alert").hidden = false;
  } finally {
    busy.delete(what);
  }
}

load();
