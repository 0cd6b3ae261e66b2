// The kiosk: what the draw page or the round of ten does besides where people come and go.

import { button, find } from "../parts.js";

const root = find(document, "main", HTMLElement);
const fullScreen = button(root, "full-screen");

function offerFullScreen() {
  fullScreen.hidden = !document.fullscreenEnabled || document.fullscreenElement !== null;
}

fullScreen.addEventListener("click", () => document.documentElement.requestFullscreen().catch(() => {}));
document.addEventListener("fullscreenchange", offerFullScreen);
offerFullScreen();

root.querySelector("[data-part=ghost]")?.removeAttribute("hidden"); // it draws a 7 until somebody touches the paper
