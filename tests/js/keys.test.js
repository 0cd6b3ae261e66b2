import assert from "node:assert/strict";
import { test } from "node:test";
import { areSingleKeysOn, digitOf, isQuestionMark, letterOf, switchSingleKeys } from "../../static/js/keys.js";

/** @param {string} key @param {string} code @param {object} modifiers */
const pressed = (key, code = "", modifiers = {}) => /** @type {KeyboardEvent} */ ({ key, code, ...modifiers });

test("a digit is its value in any script", () => {
  for (const zero of ["0", "٠", "۰", "०", "０", "๐", "\u{1d7ce}", "\u{1d7f6}"]) {
    const first = /** @type {number} */ (zero.codePointAt(0));
    const signs = Array.from({ length: 10 }, (_, i) => String.fromCodePoint(first + i));
    assert.deepEqual(
      signs.map((sign) => digitOf(pressed(sign))),
      [0, 1, 2, 3, 4, 5, 6, 7, 8, 9],
      zero,
    );
  }
  assert.equal(digitOf(pressed("7", "Numpad7")), 7);
  assert.equal(digitOf(pressed("3", "Digit3", { shiftKey: true })), 3); // AZERTY writes its digits with Shift
});

test("a key of the row of digits counts where it writes another sign, alone", () => {
  assert.equal(digitOf(pressed('"', "Digit3")), 3); // AZERTY
  assert.equal(digitOf(pressed("ě", "Digit2")), 2); // Czech
  assert.equal(digitOf(pressed("Process", "Digit5")), 5); // an input method has it
  for (const modifier of ["shiftKey", "ctrlKey", "metaKey", "altKey"]) {
    assert.equal(digitOf(pressed("#", "Digit3", { [modifier]: true })), null, modifier);
  }
  assert.equal(digitOf(pressed("#", "Digit3", { getModifierState: () => true })), null);
  assert.equal(digitOf(pressed("Home", "Numpad7")), null); // moves, and writes nothing
});

test("a command is no digit, and neither are other numbers", () => {
  assert.equal(digitOf(pressed("1", "Digit1", { ctrlKey: true })), null); // another tab
  assert.equal(digitOf(pressed("1", "Digit1", { altKey: true })), null);
  for (const key of ["½", "²", "Ⅷ", "十", "x", "F1", ""]) assert.equal(digitOf(pressed(key)), null, key);
});

test("a letter counts as it is written, or by its key where the script is not Latin", () => {
  assert.equal(letterOf(pressed("Z", "KeyW")), "z"); // AZERTY
  assert.equal(letterOf(pressed("ы", "KeyS")), "s");
  assert.equal(letterOf(pressed("я", "KeyZ", { ctrlKey: true })), "z");
  assert.equal(letterOf(pressed("ء", "KeyX")), "x");
  assert.equal(letterOf(pressed("ี", "KeyU")), "u"); // Thai: a mark, no letter
  assert.equal(letterOf(pressed("Process", "KeyX")), "x");
  for (const [key, code] of [
    ["ß", "KeyX"], // Latin, but no x
    [";", "KeyZ"], // Dvorak: its z is elsewhere
    ["Enter", "Enter"],
  ]) {
    assert.equal(letterOf(pressed(key, code)), "", key);
  }
});

test("a question mark asks in any script", () => {
  assert.deepEqual(
    ["?", "؟", "？", "/"].map((key) => isQuestionMark(pressed(key))),
    [true, true, true, false],
  );
  assert.equal(isQuestionMark(pressed("?", "", { ctrlKey: true })), false);
});

test("single keys are on until they are switched off, and without storage", () => {
  assert.equal(areSingleKeysOn(), true);
  const kept = new Map();
  const localStorage = {
    getItem: (/** @type {string} */ name) => kept.get(name) ?? null,
    setItem: (/** @type {string} */ name, /** @type {string} */ value) => kept.set(name, value),
    removeItem: (/** @type {string} */ name) => kept.delete(name),
  };
  Object.defineProperty(globalThis, "localStorage", { value: localStorage, configurable: true });
  switchSingleKeys(false);
  assert.equal(areSingleKeysOn(), false);
  switchSingleKeys(true);
  assert.equal(areSingleKeysOn(), true);
});
