// A picture that was dropped or pasted, as the API takes it: a PNG of a certain size.

/** @typedef {{ url: string, image: CanvasImageSource, width: number, height: number }} Picture a data URL, and what to show */

const MOST_BYTES = 128 * 1024; // that the API decodes
const LONGEST_SIDES = [512, 360, 256, 180, 128]; // the first that fits into those; the network sees 28 dots
const MOST_SIDE = 1024; // that it takes as it is

/**
 * @param {File} file
 * @returns {Promise<Picture | null>} null where this browser cannot open it
 */
export async function readPicture(file) {
  try {
    const bitmap = await createImageBitmap(file);
    const { width, height } = bitmap;
    const fits = file.type === "image/png" && file.size <= MOST_BYTES && Math.max(width, height) <= MOST_SIDE;
    const url = fits ? await dataUrl(file) : smaller(bitmap);
    return url ? { url, image: bitmap, width, height } : null;
  } catch {
    return null;
  }
}

/** @param {ImageBitmap} bitmap */
function smaller(bitmap) {
  const longer = Math.max(bitmap.width, bitmap.height);
  const canvas = document.createElement("canvas");
  for (const side of LONGEST_SIDES) {
    const scale = Math.min(1, side / longer);
    canvas.width = Math.max(1, Math.round(bitmap.width * scale));
    canvas.height = Math.max(1, Math.round(bitmap.height * scale));
    const context = canvas.getContext("2d");
    if (!context) return null;
    context.imageSmoothingQuality = "high";
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
    const url = canvas.toDataURL("image/png");
    if (url.length * 0.75 <= MOST_BYTES) return url;
  }
  return null;
}

/** @param {Blob} blob @returns {Promise<string>} */
function dataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.onload = () => resolve(String(reader.result));
    reader.onerror = () => reject(reader.error);
    reader.readAsDataURL(blob);
  });
}
