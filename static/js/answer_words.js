// An answer in words. What kind it is, how sure it is and its sentence are the API's; how the page puts them is here.

/** @import { Answer, Label, PairAnswer, Totals } from "./api_types.d.ts" */
import { article } from "./labels.js";

/**
 * @typedef {object} Verdict
 * @property {string} lead before the digit
 * @property {string} digit in large type
 * @property {string} certainty after it
 * @property {boolean} isSmall too many letters for large type
 */

/** @typedef {{ label: Label, words: string }} Choice */

/** @param {string} words */
const capital = (words) => `${words[0].toUpperCase()}${words.slice(1)}`;

/** @param {string} words */
const sentence = (words) => `${capital(words)}.`;

/** @type {Verdict} */
export const NOTHING_YET = { lead: "", digit: "…", certainty: "", isSmall: true };

/** Nothing is certain: what would round to 100.0 % is said to be more than 99.9 %. @param {number} share */
export const percent = (share) => (share >= 0.9995 ? "> 99.9 %" : `${(100 * share).toFixed(1)} %`);

/** What stands beside the paper once the answer is final. @param {Answer} answer @returns {Verdict} */
export function verdict(answer) {
  if (answer.kind === "refused") return { lead: "", digit: "?", certainty: answer.message, isSmall: false };
  return reading(answer, answer.kind === "digit" ? `I read ${article(answer.digit)}` : "");
}

/** What stands there while the pen moves. @param {Answer} answer @returns {Verdict} */
export function guess(answer) {
  // half a digit is no reason to scold
  if (answer.kind === "refused") return { ...NOTHING_YET, certainty: "No digit yet." };
  return reading(answer, "Looks like");
}

/** @param {Exclude<Answer, { kind: "refused" }>} answer @param {string} lead */
function reading(answer, lead) {
  const certainty = sentence(answer.certainty);
  if (answer.kind === "digit") return { lead, digit: String(answer.digit), certainty, isSmall: false };
  return { lead: "Too close to call", digit: answer.message, certainty, isSmall: true };
}

/** @param {Answer} answer */
export const question = (answer) => (answer.kind === "digit" ? "Was that right?" : "Which one?");

/** The labels that it offers before all others. @param {Answer} answer @returns {Choice[]} */
export function firstChoices(answer) {
  switch (answer.kind) {
    case "refused":
      return [{ label: null, words: "Right, not a digit" }];
    case "digit":
      return [{ label: answer.digit, words: `Yes, ${answer.digit}` }];
    case "pair":
      return pair(answer).map((digit) => ({ label: digit, words: capital(`${article(digit)} ${digit}`) }));
  }
}

/** @param {PairAnswer} answer */
const pair = (answer) => [answer.digit, answer.alternatives[0].digit];

/** For who listens: final answers only. @param {Answer} answer */
export const spoken = (answer) =>
  answer.kind === "refused" ? answer.message : `${answer.message} ${question(answer)}`;

/** How many of this person's corrections spoke with the network. @param {number} used */
export function memoryWords(used) {
  if (used === 0) return "";
  return `using your last ${used === 1 ? "correction" : `${used} corrections`}`;
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

/** @param {Answer} answer @param {Label} label */
export const thanks = (answer, label) => (label === answer.digit ? "Thanks." : "Thanks. A reviewer will look at it.");

/** What the label adds up to. @param {Totals} totals @param {number} version the newest */
export function news(totals, version) {
  const drawings = totals.new_since === 1 ? "1 new drawing" : `${totals.new_since} new drawings`;
  const next = totals.next_at ? `; next training at ${totals.next_at}` : "";
  return `${drawings} since version ${version}${next}.`;
}
