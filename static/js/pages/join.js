// Joining begins a new person: what waits of the one before is sent first, as theirs.

import { Alert } from "../alert.js";
import { ApiClient } from "../api_client.js";
import { find } from "../parts.js";
import { Waiting } from "../waiting.js";
import { say } from "../words.js";

const root = find(document, "[data-page=join]", HTMLElement);
const form = find(root, "form", HTMLFormElement);
const alert = new Alert(root);
const waiting = new Waiting(root, new ApiClient(root.dataset));
let isClear = false;

form.addEventListener("submit", (event) => {
  if (isClear) return;
  event.preventDefault();
  sendFirst(event.submitter);
});
find(root, "[data-part=alert-action]", HTMLButtonElement).addEventListener("click", () => alert.retry());

/** @param {HTMLElement | null} button that was pressed: it says what the form is for */
async function sendFirst(button) {
  const outbox = await waiting.open();
  await outbox?.send();
  isClear = outbox?.isEmpty ?? true;
  if (isClear) form.requestSubmit(button);
  else alert.show(say("join_waits"), () => sendFirst(button));
}
