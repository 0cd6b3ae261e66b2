// One device, many hands: puts away what the last person left, on the server and in this tab.

import { ApiClient } from "./api_client.js";
import { keep, ROUND, SHEET } from "./kept_sheet.js";

/** @import { Alert } from "./alert.js" */

const LOOK_AGAIN_MS = 50;
const MOST_MS = 5_000; // that is waited for what the last person said: a slow line must not keep the device for ever

/**
 * Make room for the next person. Where that fails, the sentence says so, and nothing is put away.
 *
 * @param {HTMLElement} root
 * @param {Alert} alert
 * @param {() => void} freshSheet
 * @returns {Promise<void>}
 */
export function nextPerson(root, alert, freshSheet) {
  return alert.attempt(
    () => nextPerson(root, alert, freshSheet),
    async () => {
      await settled(root);
      await endPerson(root.dataset);
      freshSheet();
      if (root.dataset.nextPlace) location.assign(root.dataset.nextPlace);
      else if (!document.fullscreenElement) location.reload(); // which would leave the full screen
    },
  );
}

/** @param {DOMStringMap} urls */
export async function endPerson(urls) {
  const api = new ApiClient(urls);
  await api.call("POST", api.url("nextUrl"));
  keep(SHEET, null);
  keep(ROUND, null);
}

/** What is on its way is the last person's, and arrives as theirs. @param {HTMLElement} root */
async function settled(root) {
  for (let waited = 0; root.getAttribute("aria-busy") === "true" && waited < MOST_MS; waited += LOOK_AGAIN_MS) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}
