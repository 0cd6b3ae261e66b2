import assert from "node:assert/strict";
import { afterEach, beforeEach, test } from "node:test";
import "./browser_crypto.js";
import "./english.js";
import { ApiError, idempotencyKey, tellable } from "../../static/js/api_client.js";
import { OwnDrawingsClient } from "../../static/js/own_drawings_client.js";
import { settle, useFakeClock } from "./fake_clock.js";

const clock = useFakeClock();
const real = globalThis.fetch;
/** @type {{ url: string, request: RequestInit }[]} */
let asked;
/** @type {() => Promise<Response>} */
let answer;
const api = new OwnDrawingsClient({ drawingsUrl: "/drawings/", guessesUrl: "/guesses/" });
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
    "Accept-Language": "en",
    "Content-Type": "application/json",
    "Idempotency-Key": "key",
  });
});

test("a call without a body has no type, and 204 answers null", async () => {
  answers(204, "");
  assert.equal(await api.forget("a b/c"), null);
  const [{ url, request }] = asked;
  assert.equal(url, "/drawings/a%20b%2Fc/");
  assert.deepEqual(request.headers, { Accept: "application/json", "Accept-Language": "en" });
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

/** A server that never answers. @returns {Promise<Response>} */
const silence = () =>
  new Promise((_, reject) => {
    asked.at(-1)?.request.signal?.addEventListener("abort", () => reject(new DOMException("over", "AbortError")));
  });

test("what takes too long is given up and said to, without the newest of browsers", async () => {
  const { timeout, any } = AbortSignal;
  Object.assign(AbortSignal, { timeout: undefined, any: undefined });
  answer = silence;
  const refusal = refusalOf(api.guess(BODY, new AbortController().signal));
  await clock.pass(15_000);
  assert.equal((await refusal).code, "timeout");
  Object.assign(AbortSignal, { timeout, any });
});

test("a caller may give up earlier", async () => {
  answer = silence;
  const caller = new AbortController();
  const refusal = refusalOf(api.guess(BODY, caller.signal));
  await settle();
  caller.abort();
  assert.equal((await refusal).code, "offline");
});

for (const [status, body] of /** @type {[number, object | string][]} */ ([
  [400, { code: "invalid_image", detail: "That is not a PNG picture." }],
  [400, { code: "empty", detail: "There is nothing drawn yet." }],
  [413, "<h1>A proxy's page</h1>"],
])) {
  test(`a falsified picture goes as its path (${JSON.stringify(body)})`, async () => {
    answer = async () => {
      const isPicture = "image" in JSON.parse(String(asked.at(-1)?.request.body));
      const said = isPicture ? body : { id: "1" };
      return new Response(typeof said === "string" ? said : JSON.stringify(said), { status: isPicture ? status : 201 });
    };
    assert.deepEqual(await api.submit(BODY, "key"), { id: "1" });
    assert.deepEqual(JSON.parse(String(asked[1].request.body)), { strokes: [], canvas: BODY.canvas });
    assert.deepEqual(new Set(asked.map(({ request }) => new Headers(request.headers).get("Idempotency-Key"))).size, 1);
  });
}

test("any other refusal of a picture stands", async () => {
  answers(400, { code: "invalid_strokes", detail: "A stroke leaves the canvas." });
  assert.equal((await refusalOf(api.submit(BODY, "key"))).code, "invalid_strokes");
  assert.equal(asked.length, 1);
});

test("a fault of the page is told too, and reported", () => {
  const reported = /** @type {unknown[]} */ ([]);
  Object.assign(globalThis, { reportError: (/** @type {unknown} */ error) => reported.push(error) });
  const fault = new TypeError("a fault");
  assert.equal(tellable(fault).code, "fault");
  assert.match(tellable(fault).message, /Your drawing is still here; try again/);
  assert.deepEqual(reported, [fault, fault]);
  const lost = new ApiError("offline", "Lost.");
  assert.equal(tellable(lost), lost);
  Object.assign(globalThis, { reportError: undefined });
});

test("a key is thirty-two letters that nobody has seen", () => {
  assert.match(idempotencyKey(), /^[0-9a-f]{32}$/);
  assert.notEqual(idempotencyKey(), idempotencyKey());
});
