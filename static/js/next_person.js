// One device, many hands: puts away what the last person left, on the server and in this tab.

import { ApiClient, ApiError } from "./api_client.js";
import { keep, ROUND, SHEET } from "./kept_sheet.js";
import { say } from "./words.js";

/**
 * @import { Alert } from "./alert.js"
 * @import { Outbox } from "./outbox.js"
 */

const LOOK_AGAIN_MS = 50;
const MOST_MS = 5_000; // that is waited for what the last person said: a slow line must not keep the device for ever

/**
 * Make room for the next person. Where that fails, the sentence says so, and nothing is put away.
 *
 * @param {HTMLElement} root
 * @param {Alert} alert
 * @param {Outbox | null} outbox
 * @param {() => void} freshSheet
 * @returns {Promise<void>}
 */
export function nextPerson(root, alert, outbox, freshSheet) {
  return alert.attempt(
    () => nextPerson(root, alert, outbox, freshSheet),
    async () => {
      await settled(root);
      const isTold = await endPerson(root.dataset, outbox);
      freshSheet();
      if (root.dataset.nextPlace) location.assign(root.dataset.nextPlace);
      else if (isTold && !document.fullscreenElement) location.reload(); // which would leave the full screen
    },
  );
}

/**
 * End a person's turn, after what waits of theirs. Without a network that waits, too: what comes after it is sent as the next
 * person's. Where the next one has to be asked for consent it cannot, and that is an error.
 *
 * @param {DOMStringMap} urls
 * @param {Outbox | null} outbox
 * @returns {Promise<boolean>} whether the server knows
 */
export async function endPerson(urls, outbox) {
  await outbox?.send();
  const isTold = await tell(new ApiClient(urls), urls.nextPlace ? null : outbox, outbox?.isEmpty ?? true);
  keep(SHEET, null);
  keep(ROUND, null);
  return isTold;
}

/** @param {ApiClient} api @param {Outbox | null} outbox that may hold it @param {boolean} isFirst nothing waits before it */
async function tell(api, outbox, isFirst) {
  if (!isFirst && !outbox) throw new ApiError("unsent", say("next_waits"));
  try {
    if (isFirst) {
      await api.call("POST", api.url("nextUrl"));
      return true;
    }
  } catch (error) {
    if (!(outbox && error instanceof ApiError && error.isPassing)) throw error;
  }
  await outbox?.endTurn();
  return false;
}

/** What is on its way is the last person's, and arrives as theirs. @param {HTMLElement} root */
async function settled(root) {
  for (let waited = 0; root.getAttribute("aria-busy") === "true" && waited < MOST_MS; waited += LOOK_AGAIN_MS) {
    await new Promise((resolve) => setTimeout(resolve, LOOK_AGAIN_MS));
  }
}
