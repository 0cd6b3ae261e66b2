// What the scripts say, in the page's language: the page brings its sentences along, the modules know their names.

/** @import { Label } from "./api_types.d.ts" */
import { article } from "./labels.js";

/** A sentence, or its forms by plural category. @typedef {string | Record<string, string>} Words */

/** @type {Record<string, Words>} */
const sentences = {};

/** @param {Record<string, Words>} more */
export const learn = (more) => Object.assign(sentences, more);

const { document } = globalThis;
export const language = document?.documentElement.lang || "en";
const locale = `${language}-u-nu-latn`; // the digits that are drawn here, in Arabic too
learn(JSON.parse(document?.getElementById("words")?.textContent || "{}"));

/**
 * Say a sentence. `{a_digit}` in it is the value `digit` after "a" or "an", `{A_digit}` the same at a sentence's start; of
 * several plural forms that one is said which `count` asks for.
 *
 * @param {string} name
 * @param {Record<string, string | number>} values
 */
export function say(name, values = {}) {
  const words = sentences[name];
  if (words === undefined) throw new Error(`This page does not know how to say ${name}.`);
  const text = typeof words === "string" ? words : form(words, Number(values.count));
  return text.replace(/\{(?:(a|A)_)?(\w+)\}/g, (_, a, place) => {
    const word = a ? `${article(Number(values[place]))} ` : "";
    return `${a === "A" ? capital(word) : word}${values[place]}`;
  });
}

/** @param {Record<string, string>} words @param {number} count */
const form = (words, count) => words[new Intl.PluralRules(language).select(count)] ?? words.other;

/** @param {string} text */
const capital = (text) => `${text[0].toUpperCase()}${text.slice(1)}`;

/** @param {number} number @param {number} digits behind the point */
export const decimal = (number, digits) =>
  number.toLocaleString(locale, { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** @param {string} moment as the API says it */
export const localTime = (moment) => new Date(moment).toLocaleString(locale);

/** @param {Label} label */
export const labelName = (label) => (label === null ? say("not_a_digit") : String(label));

/** @param {string[]} items */
export const list = (items) => new Intl.ListFormat(locale, { type: "unit", style: "short" }).format(items);
