// The answer panel: puts a state on the page. It decides words and nothing else.

import { article, labelName } from "./labels.js";

const capital = (words) => `${words[0].toUpperCase()}${words.slice(1)}`;
const sentence = (words) => `${capital(words)}.`;
// Nothing is certain: what would round to 100.0 % is said to be more than 99.9 %.
const percent = (share) => (share >= 0.9995 ? "> 99.9 %" : `${(100 * share).toFixed(1)} %`);

const CLOSE_CALL_MARGIN = 0.5; // as in recognizer/answers.py: below it the server's message asks "4 or 9?"

/** The two digits of a close call, or null. */
export function closePair(answer) {
  const second = answer.alternatives[0];
  if (answer.refused || answer.margin >= CLOSE_CALL_MARGIN || !second) return null;
  return [answer.digit, second.digit];
}

export class ResultView {
  #root;
  #parts;
  #bars;
  #noPicture;

  constructor(root) {
    this.#root = root;
    this.#parts = Object.fromEntries([...root.querySelectorAll("[data-part]")].map((part) => [part.dataset.part, part]));
    this.#bars = [...root.querySelectorAll("[data-bar]")];
    this.#noPicture = this.#parts.preview.src;
  }

  /** Show what belongs to a phase: intro, drawing, reading, answered, saved. */
  phase(name) {
    this.#root.dataset.phase = name;
    for (const part of this.#root.querySelectorAll("[data-when]")) {
      part.hidden = !part.dataset.when.split(" ").includes(name);
    }
  }

  /** Nothing is known of this sheet yet. */
  blank() {
    for (const part of ["lead", "certainty", "memory"]) this.#text(part, "");
    this.#noDigit();
    this.#parts.preview.src = this.#noPicture;
    this.#bars.forEach((bar) => showShare(bar, 0, false));
  }

  guess(answer) {
    this.#verdict(answer, "Looks like");
    if (answer.refused) {
      this.#noDigit(); // half a digit is no reason to scold
      this.#text("certainty", "No digit yet.");
    }
    this.#showBars(answer);
    this.#picture(answer);
  }

  answer(answer) {
    const pair = closePair(answer);
    this.#verdict(answer, answer.refused ? "" : `I read ${article(answer.digit)}`);
    this.#text("question", answer.refused || pair ? "Which one?" : "Was that right?");
    this.#firstChoices(answer, pair);
    this.#showBars(answer);
    this.#picture(answer);
    this.#announce(spoken(answer, pair));
  }

  /** The person's label stands; where it differs from the reading, the digit turns over. */
  saved(answer, label, thanks) {
    const isCorrection = label !== (answer.refused ? null : answer.digit);
    this.#text("lead", isCorrection ? "You say" : "I read");
    this.#digit(label === null ? "—" : String(label));
    this.#parts.digit.classList.toggle("is-turned", isCorrection);
    this.#parts.digit.classList.remove("is-small");
    this.#text("memory", "");
    this.#text("certainty", label === null ? "Not a digit." : isCorrection ? `So that is ${article(label)} ${label}.` : "I read it right.");
    this.#text("saved-words", `Saved as ${labelName(label)}.`);
    this.#text("thanks", thanks);
    this.#text("news", "");
    this.#announce(`Saved as ${labelName(label)}. ${thanks}`);
  }

  news(sentence) {
    this.#text("news", sentence);
  }

  undoable(isUndoable) {
    this.#parts.undo.hidden = !isUndoable;
  }

  error(sentence, action = "") {
    this.#parts.alert.hidden = !sentence;
    this.#text("alert-words", sentence);
    this.#parts["alert-action"].hidden = !action;
    this.#text("alert-action", action);
  }

  busy(isBusy) {
    this.#root.setAttribute("aria-busy", String(isBusy));
  }

  #verdict(answer, lead) {
    const pair = closePair(answer);
    this.#parts.digit.classList.remove("is-turned");
    this.#parts.digit.classList.toggle("is-small", Boolean(pair));
    this.#digit(answer.refused ? "?" : pair ? `${pair[0]} or ${pair[1]}?` : String(answer.digit));
    this.#text("lead", answer.refused ? "" : pair ? "Too close to call" : lead);
    this.#text("certainty", answer.refused ? "Huh... You call that a digit?" : sentence(answer.certainty));
    const used = answer.memory ?? 0;
    this.#text("memory", used > 0 ? `using your last ${used === 1 ? "correction" : `${used} corrections`}` : "");
  }

  #firstChoices(answer, pair) {
    const labels = answer.refused ? [null] : pair ?? [answer.digit];
    for (const [i, button] of [...this.#parts["first-choices"].children].entries()) {
      button.hidden = i >= labels.length;
      if (button.hidden) continue;
      button.dataset.label = labels[i] ?? "none";
      button.textContent = labels[i] === null ? "Right, not a digit" : pair ? capital(`${article(labels[i])} ${labels[i]}`) : `Yes, ${labels[i]}`;
    }
    this.#parts["not-a-digit"].hidden = answer.refused;
  }

  #showBars(answer) {
    const top = answer.refused ? -1 : answer.probabilities.indexOf(Math.max(...answer.probabilities));
    this.#bars.forEach((bar, digit) => showShare(bar, answer.probabilities[digit], digit === top));
  }

  #picture(answer) {
    if (answer.preview) this.#parts.preview.src = answer.preview;
  }

  #digit(text) {
    if (this.#parts.digit.textContent !== text) this.#parts.digit.textContent = text;
  }

  #noDigit() {
    this.#digit("…");
    this.#parts.digit.classList.remove("is-turned");
    this.#parts.digit.classList.add("is-small");
  }

  #text(part, text) {
    this.#parts[part].textContent = text;
  }

  /** Final answers only: a live guess would talk over the person. */
  #announce(text) {
    this.#text("announcement", text);
  }
}

function showShare(bar, share, isTop) {
  bar.style.setProperty("--share", share.toFixed(4));
  bar.classList.toggle("is-top", isTop);
  bar.querySelector("[data-share]").textContent = percent(share);
}

function spoken(answer, pair) {
  if (answer.refused) return "Huh... You call that a digit?";
  if (pair) return `${pair[0]} or ${pair[1]}? Which one?`;
  return `I read ${article(answer.digit)} ${answer.digit}. ${sentence(answer.certainty)} Was that right?`;
}
