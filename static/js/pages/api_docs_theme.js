// The page for programs: Swagger has a dark of its own, which follows ours.

const page = document.documentElement;
const systemIsDark = matchMedia("(prefers-color-scheme: dark)");

function follow() {
  page.classList.toggle("dark-mode", page.dataset.theme ? page.dataset.theme === "dark" : systemIsDark.matches);
}

systemIsDark.addEventListener("change", follow);
new MutationObserver(follow).observe(page, { attributeFilter: ["data-theme"] });
follow();
