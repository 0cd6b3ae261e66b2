// A page is in one phase at a time; `data-when` names those to which a part of it belongs.

/** @param {HTMLElement} root @param {string} phase */
export function showPhase(root, phase) {
  root.dataset.phase = phase;
  for (const part of /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-when]"))) {
    part.hidden = !part.dataset.when?.split(" ").includes(phase);
  }
}
