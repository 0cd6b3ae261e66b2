// English has two words where other languages have one, or none.

/** @param {number} digit */
export const article = (digit) => (digit === 8 ? "an" : "a");
