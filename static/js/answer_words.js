// An answer in words. What kind it is, how sure it is and its sentence are the API's; how the page puts them is here.

/** @import { Answer, DigitAnswer, Label, PairAnswer, StatusEnum, Totals } from "./api_types.d.ts" */
import { article } from "./labels.js";

/**
 * @typedef {object} Verdict
 * @property {string} lead before the digit
 * @property {string} digit in large type
 * @property {string} certainty after it
 * @property {boolean} isSmall too many letters for large type
 */

/** @typedef {{ label: Label, words: string }} Choice */

export const TEASE = "Huh... You call that a digit?"; // the API's, of a scribble
const AFTER_THE_TEASE = "I see no digit in it."; // nobody is teased twice
const WORTH_A_BUTTON = 0.15; // of a digit, where the drawing was refused

/** @param {string} words */
const capital = (words) => `${words[0].toUpperCase()}${words.slice(1)}`;

/** @param {string} words */
const sentence = (words) => `${capital(words)}.`;

/** @param {number} digit */
const named = (digit) => `${article(digit)} ${digit}`;

/** @type {Verdict} */
export const NOTHING_YET = { lead: "", digit: "…", certainty: "", isSmall: true };

/** Nothing is certain: what would round to 100.0 % is said to be more than 99.9 %. @param {number} share */
export const percent = (share) => (share >= 0.9995 ? "> 99.9 %" : `${(100 * share).toFixed(1)} %`);

/** @param {number} share of what may be no digit at all */
export const roughly = (share) => (share >= 0.995 ? "> 99 %" : `${Math.round(100 * share)} %`);

/** @param {Answer} answer @returns {answer is DigitAnswer} */
export const isSure = (answer) => answer.kind === "digit" && answer.certainty === "very sure";

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
  return reading(answer, answer.kind === "digit" ? `I read ${article(answer.digit)}` : "");
}

/** @param {string} message @param {boolean} wasTeased */
const refusal = (message, wasTeased) => (message === TEASE && wasTeased ? AFTER_THE_TEASE : message);

/**
 * What stands there while somebody draws. Half a digit is no reason to scold, and nothing is sure before the pen is up.
 *
 * @param {Answer} answer
 * @param {boolean} isPenDown
 * @returns {Verdict}
 */
export function guess(answer, isPenDown) {
  if (answer.kind === "refused") return isPenDown ? NOTHING_YET : { ...NOTHING_YET, certainty: "No digit yet." };
  const words = reading(answer, "Looks like");
  return isPenDown ? { ...words, certainty: "" } : words;
}

/** @param {Exclude<Answer, { kind: "refused" }>} answer @param {string} lead */
function reading(answer, lead) {
  const certainty = sentence(answer.certainty);
  if (answer.kind === "digit") return { lead, digit: String(answer.digit), certainty, isSmall: false };
  return { lead: "Too close to call", digit: answer.message, certainty, isSmall: true };
}

/** A refusal asks by itself, or is no question. @param {Answer} answer */
export function question(answer) {
  if (answer.kind === "refused") return answer.message === TEASE ? "If it is one: which?" : "";
  return answer.kind === "digit" ? "Was that right?" : "Which one?";
}

/** The labels that it offers before all others. @param {Answer} answer @returns {Choice[]} */
export function firstChoices(answer) {
  if (answer.kind === "digit") return [{ label: answer.digit, words: `Yes, ${answer.digit}` }];
  const digits = answer.kind === "pair" ? pair(answer) : likeliest(answer);
  return digits.map((digit) => ({ label: digit, words: capital(named(digit)) }));
}

/** @param {PairAnswer} answer */
const pair = (answer) => [answer.digit, answer.alternatives[0].digit];

/** "Not a digit" was said of what is read for sure. @param {Answer} answer @returns {{ question: string, choices: Choice[] }} */
export function doubt(answer) {
  const words = named(answer.likely_digit);
  return {
    question: `Really not a digit? I am very sure of ${words}.`,
    choices: [
      { label: answer.likely_digit, words: `It is ${words}` },
      { label: null, words: "Not a digit" },
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
  if (answer.kind === "refused") return "You said that one like it is no digit.";
  return answer.kind === "digit" ? `You draw your ${answer.digit}s like this.` : "You have drawn both like this.";
}

/** The person's label stands. @param {Answer} answer @param {Label} label */
export function savedVerdict(answer, label) {
  const isCorrection = label !== answer.digit;
  const certainty =
    label === null ? "Not a digit." : isCorrection ? `So that is ${article(label)} ${label}.` : "I read it right.";
  return {
    lead: isCorrection ? "You say" : "I read",
    digit: label === null ? "—" : String(label),
    certainty,
    isCorrection,
  };
}

/** What became of the drawing by its label. @param {StatusEnum} [status] */
export function thanks(status) {
  switch (status) {
    case "approved":
      return "Thanks. It is accepted.";
    case "waiting":
    case "quarantined":
      return "Thanks. A reviewer will look at it.";
    default:
      return "Thanks.";
  }
}

/** What labels add up to, where they do yet. @param {Totals} totals @param {number} version the newest */
export function news(totals, version) {
  if (totals.new_since === 0) return "";
  const drawings = totals.new_since === 1 ? "1 new drawing" : `${totals.new_since} new drawings`;
  const next = totals.next_at ? `; next training at ${totals.next_at}` : "";
  return `${drawings} since version ${version}${next}.`;
}
