import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import "./browser_crypto.js";
import { ApiClient, ApiError, idempotencyKey } from "../../static/js/api_client.js";

const real = globalThis.fetch;
/** @type {{ url: string, request: RequestInit }[]} */
let asked;
/** @type {() => Promise<Response>} */
let answer;
const api = new ApiClient({ drawingsUrl: "/drawings/", guessesUrl: "/guesses/" });
const BODY = { image: "data:", strokes: [], canvas: { width: 280, height: 280 } };

beforeEach(() => {
  asked = [];
  Object.assign(globalThis, {
    fetch: (/** @type {string} */ url, /** @type {RequestInit} */ request) => {
      asked.push({ url, request });
      return answer();
    },
  });
  Object.defineProperty(globalThis, "navigator", { value: { onLine: true }, configurable: true });
});
afterEach(() => {
  globalThis.fetch = real;
});

/** @param {number} status @param {object | string} body @param {Record<string, string>} headers */
function answers(status, body, headers = {}) {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  answer = async () => new Response(status === 204 ? null : text, { status, headers });
}

/** @param {Promise<unknown>} call @returns {Promise<ApiError>} */
async function refusalOf(call) {
  const error = await call.then(
    () => assert.fail("was answered"),
    (error) => error,
  );
  assert.ok(error instanceof ApiError);
  return error;
}

test("a drawing is sent as JSON under its key", async () => {
  answers(201, { id: "1" });
  assert.deepEqual(await api.submit(BODY, "key"), { id: "1" });
  const [{ url, request }] = asked;
  assert.deepEqual([url, request.method, request.body], ["/drawings/", "POST", JSON.stringify(BODY)]);
  assert.deepEqual(request.headers, {
    Accept: "application/json",
    "Content-Type": "application/json",
    "Idempotency-Key": "key",
  });
});

test("a call without a body has no type, and 204 answers null", async () => {
  answers(204, "");
  assert.equal(await api.forget("a b/c"), null);
  const [{ url, request }] = asked;
  assert.equal(url, "/drawings/a%20b%2Fc/");
  assert.deepEqual(request.headers, { Accept: "application/json" });
});

test("an address that the page does not say is an error of the page", () => {
  assert.throws(() => api.prompts(), /roundsUrl/);
});

for (const [status, code, words] of /** @type {[number, string, RegExp][]} */ ([
  [404, "gone", /no longer holds the key/],
  [409, "decided", /already decided/],
  [429, "throttled", /try again in 20 seconds/],
  [502, "unavailable", /try again in 20 seconds/],
  [503, "unavailable", /try again in 20 seconds/],
  [504, "unavailable", /try again in 20 seconds/],
])) {
  test(`${status} is ${code}`, async () => {
    answers(status, "<h1>A proxy's page</h1>", { "Retry-After": "20" });
    const refusal = await refusalOf(api.drawing("1"));
    assert.equal(refusal.code, code);
    assert.match(refusal.message, words);
    assert.equal(refusal.retryAfter, status === 404 || status === 409 ? null : 20);
  });
}

test("how long to wait is said as people say it", async () => {
  for (const [seconds, words] of [
    ["1", "in 1 second."],
    ["89", "in 89 seconds."],
    ["90", "in 2 minutes."],
    ["7200", "in 2 hours."],
    ["soon", "in a moment."],
  ]) {
    answers(429, {}, { "Retry-After": seconds });
    assert.ok((await refusalOf(api.drawing("1"))).message.endsWith(words), words);
  }
});

test("any other refusal is the server's own sentence", async () => {
  answers(400, { code: "too_small", detail: "That is only a speck." });
  const refusal = await refusalOf(api.guess(BODY));
  assert.deepEqual([refusal.code, refusal.message], ["too_small", "That is only a speck."]);
});

test("a server that breaks with a page of its own is a sentence too", async () => {
  answers(500, "<h1>Broken</h1>");
  const refusal = await refusalOf(api.guess(BODY));
  assert.deepEqual([refusal.code, refusal.message], ["failed", "The server could not read that. Try again."]);
});

test("a server that cannot be reached, a browser that is offline, a body that is lost", async () => {
  answer = () => Promise.reject(new TypeError("failed to fetch"));
  assert.match((await refusalOf(api.guess(BODY))).message, /^I cannot reach the server/);
  Object.defineProperty(globalThis, "navigator", { value: { onLine: false }, configurable: true });
  assert.match((await refusalOf(api.guess(BODY))).message, /^You are offline/);
  answers(200, '{"id');
  assert.equal((await refusalOf(api.guess(BODY))).code, "offline");
});

test("what takes too long is said to", async () => {
  answer = () => Promise.reject(new DOMException("late", "TimeoutError"));
  assert.equal((await refusalOf(api.guess(BODY))).code, "timeout");
});

test("a key is thirty-two letters that nobody has seen", () => {
  assert.match(idempotencyKey(), /^[0-9a-f]{32}$/);
  assert.notEqual(idempotencyKey(), idempotencyKey());
});
