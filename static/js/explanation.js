// "How it sees it" and "Why": asked for only when the person opens them.

import { ApiError } from "./api_client.js";
import { inkStroke, takePen } from "./ink.js";

const DOTS = 28; // across the network's own picture: shown dot by dot, the larger ones smoothly

export class Explanation {
  #root;
  #marks;
  #api;
  #session;
  #how;
  #steps;
  #why;

  constructor(root, marks, api, session) {
    this.#root = root;
    this.#marks = marks;
    this.#api = api;
    this.#session = session;
    this.#how = root.querySelector("[data-part=how]");
    this.#steps = root.querySelector("[data-part=steps]");
    this.#why = root.querySelector("[data-part=why]");
    this.#how.addEventListener("toggle", () => this.#showSteps());
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
    this.#wipe();
  }

  async ask() {
    const { sheet } = this.#session;
    const body = await this.#session.body();
    const answer = await this.#politely(() => this.#api.explain(body));
    if (!answer || this.#session.sheet !== sheet || this.#session.state.phase !== "answered") return;
    this.#why.textContent = answer.sentence;
    this.#wipe();
    const part = answer.strongest;
    if (part) this.#highlight(body.strokes[part.stroke].slice(part.start, part.end + 1));
  }

  async #showSteps() {
    const { sheet, state: { phase } } = this.#session;
    if (!this.#how.open || !["answered", "saved"].includes(phase) || this.#steps.childElementCount > 0) return;
    const answer = await this.#politely(async () => this.#api.guess({ ...(await this.#session.body()), explain: true }));
    if (!answer?.steps || this.#session.sheet !== sheet) return;
    this.#steps.replaceChildren(...answer.steps.map(stepFigure));
  }

  async #politely(call) {
    try {
      return await call();
    } catch (error) {
      if (!(error instanceof ApiError)) throw error;
      this.#why.textContent = error.message;
      return null;
    }
  }

  #wipe() {
    this.#marks.width = this.#marks.clientWidth;
    this.#marks.height = this.#marks.clientWidth;
    return this.#marks.getContext("2d");
  }

  #highlight(points) {
    const context = this.#wipe();
    takePen(context, this.#marks.width, getComputedStyle(this.#marks).color);
    inkStroke(context, points);
  }
}

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
