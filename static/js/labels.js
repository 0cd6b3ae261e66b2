// How a label is said.

/** @import { Label } from "./api_types.d.ts" */

/** @param {Label} label */
export const labelName = (label) => (label === null ? "not a digit" : String(label));

/** @param {number} digit */
export const article = (digit) => (digit === 8 ? "an" : "a");
