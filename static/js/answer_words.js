// An answer in words. What kind it is, how sure it is and its sentence are the API's; how the page puts them is here.

/** @import { Answer, Label, PairAnswer, Totals } from "./api_types.d.ts" */
import { article } from "./labels.js";
import { decimal, say } from "./words.js";

/**
 * @typedef {object} Verdict
 * @property {string} lead before the digit
 * @property {string} digit in large type
 * @property {string} certainty after it
 * @property {boolean} isSmall too many letters for large type
 */

/** @typedef {{ label: Label, words: string }} Choice */

/** What the API says of a scribble. @param {string} message */
export const isTease = (message) => message === say("tease");

const WORTH_A_BUTTON = 0.15; // of a digit, where the drawing was refused

/** @type {Verdict} */
export const NOTHING_YET = { lead: "", digit: "…", certainty: "", isSmall: true };

/** Nothing is certain: what would round to 100.0 % is said to be more than 99.9 %. @param {number} share */
export const percent = (share) => (share >= 0.9995 ? `> ${written(99.9, 1)}` : written(100 * share, 1));

/** @param {number} share of what may be no digit at all */
export const roughly = (share) => (share >= 0.995 ? `> ${written(99, 0)}` : written(100 * share, 0));

/** @param {number} percent @param {number} digits */
const written = (percent, digits) => say("share", { number: decimal(percent, digits) });

/** The digits that a refused drawing may be, the likeliest first; none where all are alike. @param {Answer} answer */
export function likeliest({ probabilities }) {
  const digits = [...probabilities.keys()].filter((digit) => probabilities[digit] >= WORTH_A_BUTTON);
  return digits.sort((a, b) => probabilities[b] - probabilities[a]).slice(0, 3);
}

/**
 * What stands beside the paper once the answer is final.
 *
 * @param {Answer} answer
 * @param {boolean} wasTeased whether this person has met the tease before
 * @returns {Verdict}
 */
export function verdict(answer, wasTeased = false) {
  if (answer.kind === "refused") {
    return { lead: "", digit: "?", certainty: refusal(answer.message, wasTeased), isSmall: false };
  }
  return reading(answer, answer.kind === "digit" ? say("i_read_a", { article: article(answer.digit) }) : "");
}

/** @param {string} message @param {boolean} wasTeased */
const refusal = (message, wasTeased) => (wasTeased && isTease(message) ? say("after_tease") : message); // nobody is teased twice

/**
 * What stands there while somebody draws. Half a digit is no reason to scold, and nothing is sure before the pen is up.
 *
 * @param {Answer} answer
 * @param {boolean} isPenDown
 * @returns {Verdict}
 */
export function guess(answer, isPenDown) {
  if (answer.kind === "refused") return isPenDown ? NOTHING_YET : { ...NOTHING_YET, certainty: say("no_digit_yet") };
  const words = reading(answer, say("looks_like"));
  return isPenDown ? { ...words, certainty: "" } : words;
}

/** @param {Exclude<Answer, { kind: "refused" }>} answer @param {string} lead */
function reading(answer, lead) {
  const certainty = say(answer.certainty);
  if (answer.kind === "digit") return { lead, digit: String(answer.digit), certainty, isSmall: false };
  return { lead: say("too_close"), digit: answer.message, certainty, isSmall: true };
}

/** A refusal asks by itself, or is no question. @param {Answer} answer */
export function question(answer) {
  if (answer.kind === "refused") return isTease(answer.message) ? say("which_if_any") : "";
  return answer.kind === "digit" ? say("was_right") : say("which_one");
}

/** The labels that it offers before all others. @param {Answer} answer @returns {Choice[]} */
export function firstChoices(answer) {
  if (answer.kind === "digit") return [{ label: answer.digit, words: say("yes", { digit: answer.digit }) }];
  const digits = answer.kind === "pair" ? pair(answer) : likeliest(answer);
  return digits.map((digit) => ({ label: digit, words: say("choice", { digit }) }));
}

/** @param {PairAnswer} answer */
const pair = (answer) => [answer.digit, answer.alternatives[0].digit];

/** "Not a digit" was said of what is read for sure. @param {Answer} answer @returns {{ question: string, choices: Choice[] }} */
export function doubt(answer) {
  const digit = answer.likely_digit;
  return {
    question: say("really_none", { digit }),
    choices: [
      { label: digit, words: say("it_is", { digit }) },
      { label: null, words: say("none") },
    ],
  };
}

/** For who listens: final answers only. @param {Answer} answer */
export const spoken = (answer, wasTeased = false) =>
  answer.kind === "refused"
    ? [refusal(answer.message, wasTeased), question(answer)].filter(Boolean).join(" ")
    : `${answer.message} ${question(answer)}`;

/** This person's corrections are spoken of only where they made the answer another one. @param {Answer} answer */
export function memoryWords(answer) {
  if (!answer.memory_changed) return "";
  if (answer.kind === "refused") return say("like_none");
  return answer.kind === "digit" ? say("like_this", { digit: answer.digit }) : say("like_both");
}

/** The person's label stands. @param {Answer} answer @param {Label} label */
export function savedVerdict(answer, label) {
  const isCorrection = label !== answer.digit;
  const certainty =
    label === null ? say("that_is_none") : isCorrection ? say("so_that_is", { digit: label }) : say("read_right");
  return {
    lead: isCorrection ? say("you_say") : say("i_read"),
    digit: label === null ? "—" : String(label),
    certainty,
    isCorrection,
  };
}

/** Nobody has read it yet: before its owner has said what it is, and after. @param {Label} [label] */
export function heldVerdict(label) {
  if (label === undefined) return { lead: "", digit: "?", certainty: say("held"), isSmall: false };
  const digit = label === null ? "—" : String(label);
  return { lead: say("you_say"), digit, certainty: "", isSmall: false, isCorrection: false };
}

/** What labels add up to, where they do yet. @param {Totals} totals @param {number} version the newest */
export function news(totals, version) {
  if (totals.new_since === 0) return "";
  const count = totals.new_since;
  return totals.next_at ? say("news_next", { count, version, next: totals.next_at }) : say("news", { count, version });
}
