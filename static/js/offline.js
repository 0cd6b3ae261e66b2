// Without a network: pages are kept to open again, and what is drawn and said waits in the outbox. Fetched after the page, for it
// must be there before the network is away.

import { ApiClient } from "./api_client.js";
import { openStore } from "./held_store.js";
import { Outbox } from "./outbox.js";
import { part } from "./parts.js";
import { learn, say } from "./words.js";

/** @import { ApiError } from "./api_client.js" */

const WORKER = "/service-worker.js";
const ONLINE_MS = 1_500; // a line that has just come back often goes again, and somebody may be about to press "Try again"

/**
 * Open the outbox, with the words for what waits.
 *
 * @param {DOMStringMap} urls
 */
export async function openOutbox(urls) {
  const response = await fetch(urls.offlineWordsUrl ?? "");
  if (!response.ok) throw new TypeError(response.url);
  learn(await response.json());
  return await Outbox.open(new ApiClient(urls), await openStore());
}

/**
 * Open the outbox, say on the page what waits, and send it.
 *
 * @param {HTMLElement} root whose data- attributes say where everything is
 */
export async function openOn(root) {
  const outbox = await openOutbox(root.dataset);
  sayWhatWaits(root, outbox);
  addEventListener("online", () => setTimeout(() => outbox.send(), ONLINE_MS));
  document.addEventListener("visibilitychange", () => document.hidden || outbox.send());
  outbox.send();
  const { offlineWordsUrl, wordsUrl } = root.dataset;
  keepPages([offlineWordsUrl, wordsUrl, location.pathname + location.search]);
  return outbox;
}

/** @param {HTMLElement} root @param {Outbox} outbox */
function sayWhatWaits(root, outbox) {
  const line = document.createElement("p");
  line.className = "waiting caption";
  line.dataset.part = "waiting";
  line.setAttribute("role", "status");
  line.hidden = true;
  part(root, "alert").after(line);
  let waited = 0;
  /** @type {ApiError | null} */
  let refused = null;
  const show = () => {
    const { size } = outbox;
    const words = [];
    if (refused) words.push(`${say("not_taken")} ${refused.message}`);
    if (size > 0) words.push(say("waiting", { count: size }));
    if (size > 0 && !outbox.isLasting) words.push(say("keep_open"));
    if (size === 0 && waited > 0 && !refused) words.push(say("all_sent"));
    line.textContent = words.join(" ");
    line.hidden = words.length === 0;
    waited = size;
  };
  outbox.addEventListener("refused", (event) => {
    refused = /** @type {CustomEvent<ApiError>} */ (event).detail;
    show();
  });
  outbox.addEventListener("change", show);
  show();
}

/** Only over TLS, or on this very machine. @param {(string | undefined)[]} besides what the worker does not know of */
async function keepPages(besides) {
  try {
    await navigator.serviceWorker?.register(WORKER);
    const { active } = (await navigator.serviceWorker?.ready) ?? {};
    for (const keep of besides) active?.postMessage({ keep });
  } catch {
    // A private window, or a site that may keep nothing: its pages need the network.
  }
}
