// Strokes in, ink out. A stroke is a list of [x, y, t] in a square of SIDE units, y growing downwards, t in ms.

export const SIDE = 280; // the canonical picture, whatever the screen
export const PEN = SIDE * 0.08; // about what a felt pen leaves in MNIST's 20-pixel box

const middle = (a, b) => [(a[0] + b[0]) / 2, (a[1] + b[1]) / 2];

/** Ink one stroke, or only its points from index `from` on: what a moving pen adds in one frame. */
export function inkStroke(context, points, from = 0) {
  if (points.length === 0) return;
  context.beginPath();
  const first = from > 0 ? middle(points[from - 1], points[from]) : points[0];
  context.moveTo(first[0], first[1]);
  for (let i = from; i < points.length - 1; i += 1) {
    const [x, y] = middle(points[i], points[i + 1]);
    context.quadraticCurveTo(points[i][0], points[i][1], x, y);
  }
  const last = points[points.length - 1];
  context.lineTo(last[0] + 0.01, last[1]); // a tap has one point, and a line of no length would not be inked
  context.stroke();
}

/** Set a context to draw in canonical units with the round pen. */
export function takePen(context, pixels, colour) {
  const scale = pixels / SIDE;
  context.setTransform(scale, 0, 0, scale, 0, 0);
  context.lineWidth = PEN;
  context.lineCap = "round";
  context.lineJoin = "round";
  context.strokeStyle = colour;
}

/** The picture that is sent: SIDE x SIDE, black on white, independent of theme, zoom and pixel density. */
export async function canonicalPicture(strokes) {
  const canvas = document.createElement("canvas");
  canvas.width = SIDE;
  canvas.height = SIDE;
  // Read back at once, so kept in main memory: a readback from the GPU would hold up the pen.
  const context = canvas.getContext("2d", { willReadFrequently: true });
  context.fillStyle = "#fff";
  context.fillRect(0, 0, SIDE, SIDE);
  takePen(context, SIDE, "#000");
  strokes.forEach((points) => inkStroke(context, points));
  // toBlob encodes off the main thread where toDataURL would block the pen.
  const blob = await new Promise((resolve) => canvas.toBlob(resolve, "image/png"));
  return readAsDataUrl(blob);
}

function readAsDataUrl(blob) {
  return new Promise((resolve, reject) => {
    const reader = new FileReader();
    reader.addEventListener("load", () => resolve(reader.result));
    reader.addEventListener("error", () => reject(reader.error));
    reader.readAsDataURL(blob);
  });
}

/** The longer side of what was drawn, in canonical units, the pen's own width left out. */
export function extent(strokes) {
  const points = strokes.flat();
  if (points.length === 0) return 0;
  let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
  for (const [x, y] of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return Math.max(right - left, bottom - top);
}
