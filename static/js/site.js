// What every page has: the menu on a phone, the theme switch, the list of shortcuts.

import { isDark, onSchemeChange } from "./colour_scheme.js";
import { areSingleKeysOn, isQuestionMark, switchSingleKeys } from "./keys.js";
import { button, find } from "./parts.js";

const themeButton = button(document, "theme");

function sayTheme() {
  const { toLight, toDark } = themeButton.dataset;
  themeButton.setAttribute("aria-label", (isDark() ? toLight : toDark) ?? "");
  const { backgroundColor } = getComputedStyle(document.body);
  // The frame that a browser draws around the page is of its paper, too
  for (const meta of document.querySelectorAll("[name=theme-color]")) meta.setAttribute("content", backgroundColor);
}

themeButton.addEventListener("click", () => {
  const theme = isDark() ? "light" : "dark";
  document.documentElement.dataset.theme = theme;
  try {
    localStorage.setItem("digitre-theme", theme); // theme.js reads it
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
  }
});
onSchemeChange(sayTheme);
sayTheme();

const menuButton = button(document, "menu");
const places = find(document, "#places", HTMLElement);

/** @param {boolean} isOpen */
function showMenu(isOpen) {
  menuButton.setAttribute("aria-expanded", String(isOpen));
  places.toggleAttribute("data-open", isOpen);
}

menuButton.addEventListener("click", () => showMenu(!places.hasAttribute("data-open")));
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || !places.hasAttribute("data-open")) return;
  event.preventDefault(); // closes the menu, not the drawing
  showMenu(false);
  menuButton.focus();
});

const shortcuts = document.querySelector("[data-part=shortcuts]");
if (shortcuts instanceof HTMLDialogElement) {
  const open = () => shortcuts.open || shortcuts.showModal();
  button(document, "shortcuts").addEventListener("click", open);
  button(shortcuts, "close").addEventListener("click", () => shortcuts.close());
  document.addEventListener("keydown", (event) => {
    if (isQuestionMark(event) && areSingleKeysOn()) open();
  });
  const singleKeys = find(shortcuts, "[data-part=single-keys]", HTMLInputElement);
  singleKeys.checked = areSingleKeysOn();
  singleKeys.addEventListener("change", () => switchSingleKeys(singleKeys.checked));
}
