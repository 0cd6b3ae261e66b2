// Answers as the API gives them, for tests to change.

/** @import { DigitAnswer, PairAnswer, Refusal } from "../../static/js/api_types.d.ts" */

const FIELDS = {
  confidence: 0.99,
  margin: 0.98,
  probabilities: [0, 0, 0, 0, 0, 0, 0, 0.99, 0, 0.01],
  alternatives: [],
  likely_digit: 7,
  model_version: 1,
  memory: 0,
  people: 0,
  memory_changed: false,
  preview: "data:image/png;base64,",
};

/** @type {DigitAnswer & { id: string }} */
export const SEVEN = {
  ...FIELDS,
  id: "seven",
  kind: "digit",
  digit: 7,
  refused: false,
  message: "I read a 7. Very sure.",
  certainty: "very sure",
};

/** @type {PairAnswer & { id: string }} */
export const FOUR_OR_NINE = {
  ...FIELDS,
  id: "four or nine",
  kind: "pair",
  digit: 4,
  refused: false,
  message: "4 or 9?",
  certainty: "not sure",
  alternatives: [{ digit: 9, probability: 0.4 }],
};

/** @type {Refusal & { id: string }} */
export const REFUSED = {
  ...FIELDS,
  id: "refused",
  kind: "refused",
  digit: null,
  refused: true,
  message: "Huh... You call that a digit?",
  certainty: "no digit",
};
