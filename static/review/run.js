// Keeps a live run's page fresh; loads it anew when the run is over, for the gate's table.

import { find } from "../js/parts.js";

/** @import { LiveRun } from "./desk_types.d.ts" */

const EVERY_MS = 2_000;
const LONGEST_MS = 30_000;
const url = find(document, "#run", HTMLElement).dataset.progressUrl ?? "";
const parts = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-live]")]);
let wait = EVERY_MS;

/** @param {LiveRun} live */
function show(live) {
  for (const part of parts) {
    const value = live[/** @type {keyof LiveRun} */ (part.dataset.live)];
    const words = String(value) || "-";
    if (part instanceof HTMLProgressElement) part.value = Number(value);
    else if (part.textContent !== words) part.textContent = words;
    if (part.classList.contains("log")) part.scrollTop = part.scrollHeight;
  }
}

async function look() {
  try {
    const response = await fetch(url, { redirect: "error" });
    if (!response.ok) throw new Error(`status ${response.status}`);
    /** @type {LiveRun} */
    const live = await response.json();
    show(live);
    if (!live.is_live) return location.reload();
    wait = EVERY_MS;
  } catch {
    wait = Math.min(LONGEST_MS, wait * 2); // the server or the network is away: what is shown stays
  }
  setTimeout(look, wait);
}

setTimeout(look, EVERY_MS);
