// Keeps a live run's page fresh; loads it anew when the run is over, for the gate's table.

const EVERY_MS = 2_000;
const LONGEST_MS = 30_000;
const run = document.getElementById("run");
const parts = [...document.querySelectorAll("[data-live]")];
let wait = EVERY_MS;

function show(live) {
  for (const part of parts) {
    const value = live[part.dataset.live];
    if (part.localName === "progress") part.value = value;
    else if (part.textContent !== value) part.textContent = value || "-";
    if (part.classList.contains("log")) part.scrollTop = part.scrollHeight;
  }
}

async function look() {
  try {
    const response = await fetch(run.dataset.progressUrl, { redirect: "error" });
    if (!response.ok) throw new Error(`status ${response.status}`);
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
