// What a key means, whatever layout it is pressed on; and whether single keys mean anything at all.

const OFF = "digitre-single-keys"; // in this browser's storage, "off" where they are switched off
const DECIMAL = /^\p{Nd}$/u;
const LATIN = /^\p{Script=Latin}$/u;
const LETTER = /^[\p{L}\p{M}]$/u;

/** Not with another key that makes a command or another sign of it. @param {KeyboardEvent} event */
const isAlone = (event) =>
  !event.ctrlKey && !event.metaKey && !event.altKey && !event.shiftKey && !event.getModifierState?.("AltGraph");

/** An input method has taken it, or it waits for the next one. @param {string} key */
const isMute = (key) => ["Process", "Unidentified", "Dead"].includes(key);

/** Digits of any script come in tens, from nothing to nine. @param {string} sign */
function decimalValue(sign) {
  const code = /** @type {number} */ (sign.codePointAt(0));
  let before = 0;
  while (before < code && DECIMAL.test(String.fromCodePoint(code - before - 1))) before += 1;
  return before % 10;
}

/** Or null. Where the row of digits writes other signs (AZERTY, Czech), the key counts. @param {KeyboardEvent} event */
export function digitOf(event) {
  if (event.ctrlKey || event.metaKey) return null;
  if (DECIMAL.test(event.key)) return event.altKey ? null : decimalValue(event.key);
  const [, digit] = /^Digit([0-9])$/.exec(event.code) ?? [];
  return digit !== undefined && isAlone(event) ? Number(digit) : null;
}

/** Small, or "". On a keyboard of another script the key counts. @param {KeyboardEvent} event */
export function letterOf(event) {
  if (/^[a-z]$/i.test(event.key)) return event.key.toLowerCase();
  const [, letter] = /^Key([A-Z])$/.exec(event.code) ?? [];
  const isForeign = isMute(event.key) || (LETTER.test(event.key) && !LATIN.test(event.key));
  return letter && isForeign ? letter.toLowerCase() : "";
}

/** A question mark, as any keyboard writes it. @param {KeyboardEvent} event */
export const isQuestionMark = (event) => !event.ctrlKey && !event.metaKey && ["?", "؟", "？"].includes(event.key);

/** Who dictates or leans on the keys may switch single ones off. */
export function areSingleKeysOn() {
  try {
    return localStorage.getItem(OFF) !== "off";
  } catch {
    return true; // storage is switched off
  }
}

/** @param {boolean} areOn */
export function switchSingleKeys(areOn) {
  try {
    if (areOn) localStorage.removeItem(OFF);
    else localStorage.setItem(OFF, "off");
  } catch {
    // Storage is switched off: they stay on.
  }
}
