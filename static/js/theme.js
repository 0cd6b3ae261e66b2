// Runs before the first paint (a classic script in the head), so that a chosen theme never flashes.
(() => {
  try {
    const theme = localStorage.getItem("digitre-theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
  } catch {
    // Storage is switched off: the system's theme holds.
  }
})();
