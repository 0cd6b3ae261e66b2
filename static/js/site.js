// What every page has: the menu on a phone, the theme switch, the list of shortcuts.

const page = document.documentElement;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");
const themeButton = document.querySelector("[data-action=theme]");
const shortcuts = document.querySelector("[data-part=shortcuts]");

const isDark = () => (page.dataset.theme ? page.dataset.theme === "dark" : systemIsDark.matches);

function showTheme() {
  themeButton.setAttribute("aria-label", isDark() ? "Switch to light paper" : "Switch to dark paper");
}

themeButton.addEventListener("click", () => {
  page.dataset.theme = isDark() ? "light" : "dark";
  showTheme();
  try {
    localStorage.setItem("digitre-theme", page.dataset.theme);
  } catch {
    // Storage is switched off: the choice lasts as long as the page.
  }
});
systemIsDark.addEventListener("change", showTheme);
showTheme();

const menuButton = document.querySelector("[data-action=menu]");
const places = document.getElementById("places");

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

if (shortcuts) {
  const open = () => shortcuts.open || shortcuts.showModal();
  document.querySelector("[data-action=shortcuts]").addEventListener("click", open);
  shortcuts.querySelector("[data-action=close]").addEventListener("click", () => shortcuts.close());
  document.addEventListener("keydown", (event) => {
    if (event.key === "?" && !event.ctrlKey && !event.metaKey) open();
  });
}
