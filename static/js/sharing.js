// Hands a picture over: to whatever the device shares with, or into a file.

import { ApiError } from "./api_client.js";
import { say } from "./words.js";

const PNG = "data:image/png;base64,";

/**
 * @param {HTMLCanvasElement} canvas
 * @param {string} name of the file
 */
export async function hand(canvas, name) {
  const file = new File([png(canvas)], name, { type: "image/png" });
  if (!(await share(file))) download(file);
}

/** @param {File} file @returns {Promise<boolean>} whether that is settled: somebody who closes the device's sheet wants no file either */
async function share(file) {
  const data = { files: [file], title: document.title };
  if (!matchMedia("(pointer: coarse)").matches || !navigator.canShare?.(data)) return false; // a desk keeps files
  try {
    await navigator.share(data);
    return true;
  } catch (error) {
    return error instanceof DOMException && error.name === "AbortError";
  }
}

/** @param {File} file */
function download(file) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(file);
  link.download = file.name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // some browsers ask first where to put it
}

/**
 * Encode it where it is asked for: `toBlob` waits for an idle moment of the page, in Chromium up to a second.
 *
 * @param {HTMLCanvasElement} canvas
 */
function png(canvas) {
  try {
    const [, base64] = canvas.toDataURL("image/png").split(PNG);
    if (base64) return Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  } catch {
    // a browser that guards its canvas: said below, as where it gives nothing
  }
  throw new ApiError("no_picture", say("no_picture"));
}
