// How a label is said.

export const labelName = (label) => (label === null ? "not a digit" : String(label));
export const article = (digit) => (digit === 8 ? "an" : "a");
