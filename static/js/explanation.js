// "How it sees it" and "Why": fetched and asked for only when the person opens them.

import { tellable } from "./api_client.js";
import { inkStroke, PEN } from "./ink.js";
import { find, part } from "./parts.js";

/**
 * @import { ApiClient } from "./api_client.js"
 * @import { Step, Stroke } from "./api_types.d.ts"
 * @import { MarksCanvas } from "./marks_canvas.js"
 * @import { ReadingSession } from "./reading_session.js"
 */

const CORE = 0.4; // of the pen's width: the hollow of a mark, which shows it on ink whatever its colour
export const DOTS = 28; // across the network's own picture: shown dot by dot, the larger ones smoothly

export class Explanation {
  #marks;
  #api;
  #session;
  #how;
  #steps;
  #why;
  #paper;

  /**
   * @param {HTMLElement} root
   * @param {MarksCanvas} marks
   * @param {ApiClient} api
   * @param {ReadingSession} session
   */
  constructor(root, marks, api, session) {
    this.#marks = marks;
    this.#api = api;
    this.#session = session;
    this.#how = find(root, "[data-part=how]", HTMLDetailsElement);
    this.#steps = part(root, "steps");
    this.#why = part(root, "why");
    this.#paper = find(root, ".paper", HTMLElement);
    this.#how.addEventListener("toggle", () => this.#showSteps());
    this.#showSteps(); // it may have been opened before this came
  }

  /** A new answer stands: if the person keeps the panel open, fill it. */
  answered() {
    this.#why.textContent = "";
    this.#steps.replaceChildren();
    this.#showSteps();
  }

  forget() {
    this.#why.textContent = "";
    this.#steps.replaceChildren();
    this.#marks.wipe();
  }

  async ask() {
    const { sheet, path } = this.#session;
    const answer = await this.#politely(() => this.#api.explain(path));
    if (!answer || this.#session.sheet !== sheet || this.#session.state.phase !== "answered") return;
    this.#why.textContent = answer.sentence;
    const span = answer.strongest;
    if (span) this.#pointAt(sheet[span.stroke].slice(span.start, span.end + 1));
    else this.#marks.wipe();
  }

  /** Mark a part of the drawing by a hollow line over the ink. @param {Stroke} points */
  #pointAt(points) {
    const context = this.#marks.begin();
    inkStroke(context, points);
    context.lineWidth = CORE * PEN;
    context.strokeStyle = getComputedStyle(this.#paper).backgroundColor;
    inkStroke(context, points);
  }

  async #showSteps() {
    const { sheet, state } = this.#session;
    if (!this.#how.open || !["answered", "saved"].includes(state.phase) || this.#steps.childElementCount > 0) return;
    const answer = await this.#politely(async () =>
      this.#api.guess({ ...(await this.#session.body()), explain: true }),
    );
    if (!answer?.steps || this.#session.sheet !== sheet) return;
    this.#steps.replaceChildren(...answer.steps.map(stepFigure));
  }

  /**
   * @template T
   * @param {() => Promise<T>} call
   */
  async #politely(call) {
    try {
      return await call();
    } catch (error) {
      this.#why.textContent = tellable(error).message;
      return null;
    }
  }
}

/** @param {Step} step */
function stepFigure({ name, image }) {
  const figure = document.createElement("figure");
  const picture = document.createElement("img");
  picture.addEventListener("load", () => picture.classList.toggle("is-dots", picture.naturalWidth <= DOTS));
  picture.src = image;
  picture.alt = "";
  picture.width = 84;
  picture.height = 84;
  const caption = document.createElement("figcaption");
  caption.textContent = name;
  const frame = document.createElement("span");
  frame.className = "frame";
  frame.append(picture);
  figure.append(frame, caption);
  return figure;
}
