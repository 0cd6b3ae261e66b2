// Digitre's HTTP API. Every failure becomes an ApiError with a sentence that says what to do.

/** @import * as api from "./api_types.d.ts" */
import { language, say } from "./words.js";

const TIMEOUT_MS = 15000;
const FAULTS_OF_A_PICTURE = ["invalid_image", "invalid_size", "too_large", "too_small", "empty"]; // as the API names them

export class ApiError extends Error {
  /**
   * @param {string} code offline, timeout, throttled, unavailable, gone, decided, or the server's own
   * @param {string} sentence
   * @param {number | null} retryAfter seconds
   */
  constructor(code, sentence, retryAfter = null) {
    super(sentence);
    this.name = "ApiError";
    this.code = code;
    this.retryAfter = retryAfter;
    /** What could not be sent is kept, and tried again by itself. */
    this.isHeld = false;
  }

  /** Trying again would change nothing. */
  get isFinal() {
    return ["gone", "decided"].includes(this.code);
  }

  /** The server was not there to be asked, or had too much to do. */
  get isOfTheWay() {
    return ["offline", "timeout", "throttled", "unavailable"].includes(this.code);
  }

  /** The same may be taken another time. */
  get isPassing() {
    return this.isOfTheWay || this.code === "failed";
  }

  thatIsHeld() {
    this.isHeld = true;
    return this;
  }
}

/**
 * Any failure as one that can be told. What is no ApiError is a fault of the page or of its browser: it goes to the console too.
 *
 * @param {unknown} error
 */
export function tellable(error) {
  if (error instanceof ApiError) return error;
  globalThis.reportError?.(error);
  return new ApiError("fault", say("fault"));
}

/** A key that lets the server recognise a retry. `crypto.randomUUID` is missing on plain HTTP. */
export function idempotencyKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class ApiClient {
  #urls;

  /** @param {DOMStringMap} urls the page's data- attributes, `{drawingsUrl, guessesUrl, ...}`: those that it needs */
  constructor(urls) {
    this.#urls = urls;
  }

  /**
   * @param {api.DrawingRequestRequest} body
   * @param {AbortSignal} [signal]
   * @returns {Promise<api.Answer>}
   */
  guess(body, signal) {
    return this.call("POST", this.url("guessesUrl"), { body, signal });
  }

  /**
   * Hand a drawing in. Some browsers falsify what is read from a canvas: where the picture is refused, its path goes alone.
   *
   * @param {api.DrawingRequestRequest} body
   * @param {string} key
   * @returns {Promise<api.StoredAnswer>}
   */
  async submit({ image, ...path }, key) {
    /** @param {api.DrawingRequestRequest} body */
    const send = (body) => this.call("POST", this.url("drawingsUrl"), { body, headers: { "Idempotency-Key": key } });
    if (!image) return await send(path);
    try {
      return await send({ image, ...path });
    } catch (error) {
      if (!path.strokes || !(error instanceof ApiError && FAULTS_OF_A_PICTURE.includes(error.code))) throw error;
      return await send(path);
    }
  }

  /**
   * @param {string} id
   * @param {api.Label} label
   * @returns {Promise<api.FeedbackAnswer>}
   */
  confirm(id, label) {
    return this.call("PUT", `${this.drawingUrl(id)}feedback/`, { body: { label } });
  }

  /** @param {string} id @returns {Promise<null>} */
  withdraw(id) {
    return this.call("DELETE", `${this.drawingUrl(id)}feedback/`);
  }

  /** @param {api.DrawingRequestRequest} body @returns {Promise<api.Explanation>} */
  explain(body) {
    return this.call("POST", this.url("explanationsUrl"), { body });
  }

  /** @returns {Promise<api.Round>} */
  prompts() {
    return this.call("GET", this.url("roundsUrl"));
  }

  /** How many drawings are new, and at how many the next training starts. @returns {Promise<api.Progress>} */
  progress() {
    return this.call("GET", this.url("progressUrl"));
  }

  /** @param {string} name */
  url(name) {
    const url = this.#urls[name];
    if (!url) throw new Error(`This page does not say its ${name}.`);
    return url;
  }

  /** @param {string} id */
  drawingUrl(id) {
    return `${this.url("drawingsUrl")}${encodeURIComponent(id)}/`;
  }

  /**
   * @param {string} method
   * @param {string} url
   * @param {{ body?: object, headers?: Record<string, string>, signal?: AbortSignal, keepalive?: boolean }} options
   */
  async call(method, url, { body, headers = {}, signal, keepalive } = {}) {
    const patience = new Patience(signal);
    try {
      const type = body && { "Content-Type": "application/json" };
      const response = await fetch(url, {
        method,
        headers: { Accept: "application/json", "Accept-Language": language, ...type, ...headers },
        body: body && JSON.stringify(body),
        credentials: "same-origin",
        keepalive,
        signal: patience.signal,
      }).catch(() => {
        throw networkError(patience);
      });
      const answer = await response.json().catch(() => {
        if (response.ok && response.status !== 204) throw networkError(patience); // its body was lost on the way
        return null; // 204, or a proxy's own page
      });
      if (!response.ok) throw httpError(response, answer);
      return answer;
    } finally {
      patience.end();
    }
  }
}

/** A call's end by time or by its caller; `AbortSignal.timeout` and `.any` are missing in older browsers. */
class Patience {
  #controller = new AbortController();
  #timer;
  isOver = false;

  /** @param {AbortSignal} [signal] the caller's own */
  constructor(signal) {
    this.#timer = setTimeout(() => {
      this.isOver = true;
      this.#controller.abort();
    }, TIMEOUT_MS);
    if (signal?.aborted) this.#controller.abort();
    signal?.addEventListener("abort", () => this.#controller.abort(), { once: true });
  }

  get signal() {
    return this.#controller.signal;
  }

  end() {
    clearTimeout(this.#timer);
  }
}

/** @param {Patience} patience */
function networkError(patience) {
  if (patience.isOver) {
    return new ApiError("timeout", say("timeout"));
  }
  return new ApiError("offline", navigator.onLine ? say("unreachable") : say("offline"));
}

/**
 * @param {Response} response
 * @param {Partial<api.Error> | null} answer
 */
function httpError(response, answer) {
  const wait = Number.parseInt(response.headers.get("Retry-After") ?? "", 10) || null;
  const when = wait ? inAWhile(wait) : say("in_a_moment");
  switch (response.status) {
    case 429:
      return new ApiError("throttled", say("throttled", { when }), wait);
    case 404:
      return new ApiError("gone", say("gone"));
    case 409:
      return new ApiError("decided", say("decided"));
    case 502:
    case 503:
    case 504:
      return new ApiError("unavailable", say("unavailable", { when }), wait);
    case 413: // the server's, or a page of the proxy before it
      return new ApiError("too_large", answer?.detail ?? say("too_large"));
    default:
      return new ApiError(answer?.code ?? "failed", answer?.detail ?? say("failed"), wait);
  }
}

/** @param {number} seconds */
function inAWhile(seconds) {
  if (seconds < 90) return say("in_seconds", { count: seconds });
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? say("in_minutes", { count: minutes }) : say("in_hours", { count: Math.round(minutes / 60) });
}
