// Light or dark paper: what the system says, until somebody has chosen.

const page = document.documentElement;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

export const isDark = () => (page.dataset.theme ? page.dataset.theme === "dark" : systemIsDark.matches);

/** @param {() => void} follow called at each change, also the system's */
export function onSchemeChange(follow) {
  systemIsDark.addEventListener("change", follow);
  new MutationObserver(follow).observe(page, { attributeFilter: ["data-theme"] });
}
