// The answer panel: puts a state on the page. Its words come from answer_words.js and the API.

import {
  doubt,
  firstChoices,
  guess,
  heldVerdict,
  isTease,
  likeliest,
  memoryWords,
  NOTHING_YET,
  news,
  percent,
  question,
  roughly,
  savedVerdict,
  spoken,
  verdict,
} from "./answer_words.js";
import { find, part } from "./parts.js";
import { thanks } from "./thanks.js";
import { labelName, say } from "./words.js";

/**
 * @import { Choice, Verdict } from "./answer_words.js"
 * @import { Answer, Label, StatusEnum, Totals } from "./api_types.d.ts"
 */

export class ResultView {
  #root;
  #digit;
  #preview;
  #choices;
  #bars;
  #noPicture;
  #wasTeased = false;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    this.#digit = part(root, "digit");
    this.#preview = find(root, "[data-part=preview]", HTMLImageElement);
    this.#choices = [...part(root, "first-choices").querySelectorAll("button")];
    const bars = /** @type {NodeListOf<HTMLElement>} */ (root.querySelectorAll("[data-bar]"));
    this.#bars = [...bars].map((bar) => new Bar(bar));
    this.#noPicture = this.#preview.src;
  }

  /** Nothing is known of this sheet yet. */
  blank() {
    this.#verdict(NOTHING_YET);
    this.#text("memory", "");
    this.#text("question", "");
    this.#root.dataset.guess = "early";
    delete this.#root.dataset.kind;
    this.#root.removeAttribute("data-clueless");
    this.#preview.src = this.#noPicture;
    for (const bar of this.#bars) bar.show(0, false);
  }

  /** @param {Answer} answer @param {boolean} isPenDown */
  guess(answer, isPenDown) {
    this.#verdict(guess(answer, isPenDown));
    this.#text("question", isPenDown || answer.kind === "refused" ? "" : question(answer));
    this.#offer(isPenDown || answer.kind === "refused" ? [] : firstChoices(answer));
    this.#evidence(answer, isPenDown);
    this.#root.dataset.guess = isPenDown || answer.kind === "refused" ? "early" : "ready";
  }

  /** Handed in: that it is read is said at once, however long the line takes. */
  reading() {
    this.#text("certainty", say("reading"));
  }

  /** @param {Answer} answer */
  answer(answer) {
    this.#verdict(verdict(answer, this.#wasTeased));
    this.#text("question", question(answer));
    this.#offer(firstChoices(answer));
    this.#evidence(answer, false);
    this.#announce(spoken(answer, this.#wasTeased));
    if (isTease(answer.message)) this.#wasTeased = true;
  }

  /** Nobody can read it now: it is asked what it is. */
  held() {
    this.blank();
    this.#verdict(heldVerdict());
    this.#text("question", say("held_which"));
    this.#offer([]);
    this.#root.dataset.kind = "refused";
    this.#root.toggleAttribute("data-clueless", true); // no digit is likelier than another
    this.#root.dataset.guess = "ready"; // the labels are within reach
    find(this.#root, ".patience", HTMLElement).hidden = true; // it is kept
    this.#announce(`${say("held")} ${say("held_which")}`);
    find(this.#root, ".feedback", HTMLElement).scrollIntoView({ block: "nearest" }); // the sentence above it is long on a phone
  }

  /** Ask once more before "not a digit" is believed. @param {Answer} answer */
  doubt(answer) {
    const { question, choices } = doubt(answer);
    this.#text("question", question);
    this.#offer(choices);
    this.#root.toggleAttribute("data-doubt", true);
    this.#announce(question);
  }

  /**
   * The person's label stands; where it differs from the reading, the digit turns over.
   *
   * @param {Answer | null} answer null where nobody has read it yet
   * @param {Label} label
   * @param {StatusEnum | null} status null where it waits for the network
   */
  saved(answer, label, status) {
    if (answer) this.#evidence(answer, false); // of what waited it comes only now
    const { isCorrection, ...words } = answer ? savedVerdict(answer, label) : heldVerdict(label);
    this.#verdict({ ...words, isSmall: false });
    this.#digit.classList.toggle("is-turned", isCorrection);
    this.#text("memory", "");
    const saved = say(status ? "saved_as" : "held_as", { label: labelName(label) });
    const outlook = status ? thanks(status) : say("held_thanks");
    this.#text("saved-words", saved);
    this.#text("thanks", outlook);
    this.#text("news", "");
    this.#announce(`${saved} ${outlook}`);
  }

  /** What labels add up to. @param {Totals} totals @param {number} version the newest */
  news(totals, version) {
    this.#text("news", news(totals, version));
  }

  /** @param {Verdict} words */
  #verdict({ lead, digit, certainty, isSmall }) {
    this.#text("lead", lead);
    this.#text("certainty", certainty);
    if (this.#digit.textContent !== digit) this.#digit.textContent = digit;
    this.#digit.classList.toggle("is-small", isSmall);
    this.#digit.classList.remove("is-turned");
  }

  /** @param {Choice[]} choices */
  #offer(choices) {
    for (const [i, button] of this.#choices.entries()) {
      const choice = choices[i];
      button.hidden = !choice;
      if (!choice) continue;
      button.dataset.label = String(choice.label ?? "none");
      button.textContent = choice.words;
    }
    this.#root.removeAttribute("data-doubt");
  }

  /** How likely it finds each digit, what it saw, what it remembered. @param {Answer} answer @param {boolean} isPenDown */
  #evidence(answer, isPenDown) {
    const isRefused = answer.kind === "refused";
    const top = isRefused || isPenDown ? -1 : answer.probabilities.indexOf(Math.max(...answer.probabilities));
    const words = isPenDown ? () => "" : isRefused ? roughly : percent;
    for (const [digit, bar] of this.#bars.entries()) bar.show(answer.probabilities[digit], digit === top, words);
    this.#root.dataset.kind = answer.kind;
    this.#root.toggleAttribute("data-clueless", isRefused && likeliest(answer).length === 0);
    if (answer.preview) this.#preview.src = answer.preview;
    this.#text("memory", memoryWords(answer));
  }

  /** @param {string} name @param {string} text */
  #text(name, text) {
    part(this.#root, name).textContent = text;
  }

  /** Final answers only: a live guess would talk over the person. @param {string} text */
  #announce(text) {
    this.#text("announcement", text);
  }
}

class Bar {
  #bar;
  #share;

  /** @param {HTMLElement} bar */
  constructor(bar) {
    this.#bar = bar;
    this.#share = find(bar, "[data-share]", HTMLElement);
  }

  /** @param {number} share @param {boolean} isTop @param {(share: number) => string} words */
  show(share, isTop, words = percent) {
    this.#bar.style.setProperty("--share", share.toFixed(4));
    this.#bar.classList.toggle("is-top", isTop);
    this.#share.textContent = words(share);
  }
}
