// Nobody has touched the page for a while: what is on it is put away, so that the next person does not go on as the last one.

import { endPerson } from "./next_person.js";
import { find } from "./parts.js";

const WARNING_SECONDS = 20; // before that, the page asks; of a shorter time, half
const TOUCHES = ["pointerdown", "pointermove", "keydown", "wheel", "scroll"];

const notice = find(document, "[data-part=idle]", HTMLElement);
const idleMs = 1_000 * Number(notice.dataset.idleSeconds);
const warningMs = Math.min(1_000 * WARNING_SECONDS, idleMs / 2);
/** @type {ReturnType<typeof setTimeout> | undefined} */
let timer;

/** The time begins with a touch: a page that nobody has touched has nothing to put away. */
function touched() {
  clearTimeout(timer);
  timer = setTimeout(warn, idleMs - warningMs);
  show(false);
}

function warn() {
  show(true);
  timer = setTimeout(putAway, warningMs);
}

async function putAway() {
  show(false);
  const button = document.querySelector("[data-action=next]");
  if (button instanceof HTMLElement) {
    button.click(); // the page knows best what to put away
    return;
  }
  try {
    await endPerson(notice.dataset, await outbox());
    location.assign(notice.dataset.nextPlace || "/");
  } catch {
    timer = setTimeout(putAway, warningMs); // the server is away; the device waits for it
  }
}

/** Where it cannot be fetched, what waits of the last person's cannot be sent, and the device waits as well. */
async function outbox() {
  const { openOutbox } = await import("./offline.js");
  return await openOutbox(notice.dataset);
}

/** @param {boolean} isShown */
function show(isShown) {
  if (notice.hidden !== isShown) return;
  notice.hidden = !isShown; // older browsers show it at the end of the page
  if (isShown) notice.showPopover?.();
  else notice.hidePopover?.();
}

for (const touch of TOUCHES) addEventListener(touch, touched, { capture: true, passive: true });
