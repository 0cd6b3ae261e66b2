// Digitre's HTTP API. Every failure becomes an ApiError with a sentence that says what to do.

const TIMEOUT_MS = 15000;

export class ApiError extends Error {
  /** `code`: offline, timeout, throttled, unavailable, gone, decided, or the server's own; `retryAfter`: seconds. */
  constructor(code, sentence, retryAfter = null) {
    super(sentence);
    this.name = "ApiError";
    this.code = code;
    this.retryAfter = retryAfter;
  }
}

/** A key that lets the server recognise a retry. `crypto.randomUUID` is missing on plain HTTP. */
export function idempotencyKey() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

export class ApiClient {
  #urls;

  /** `urls`: the data- attributes of the page's root, `{drawingsUrl, guessesUrl, ...}`: those that the page needs. */
  constructor(urls) {
    this.#urls = urls;
  }

  guess(body, signal) {
    return this.#call("POST", this.#urls.guessesUrl, { body, signal });
  }

  submit(body, key) {
    return this.#call("POST", this.#urls.drawingsUrl, { body, headers: { "Idempotency-Key": key } });
  }

  confirm(id, label) {
    return this.#call("PUT", `${this.#drawing(id)}feedback/`, { body: { label } });
  }

  withdraw(id) {
    return this.#call("DELETE", `${this.#drawing(id)}feedback/`);
  }

  explain(body) {
    return this.#call("POST", this.#urls.explanationsUrl, { body });
  }

  prompts() {
    return this.#call("GET", this.#urls.roundsUrl);
  }

  /** How many drawings are new, and at how many the next training starts. */
  progress() {
    return this.#call("GET", this.#urls.progressUrl);
  }

  /** Which versions learned from which of this contributor's drawings. */
  lessons() {
    return this.#call("GET", this.#urls.lessonsUrl);
  }

  model() {
    return this.#call("GET", this.#urls.modelUrl);
  }

  /** One page of this contributor's drawings; `url` is the `next` of the page before. */
  drawings(url = this.#urls.drawingsUrl) {
    return this.#call("GET", url);
  }

  drawing(id) {
    return this.#call("GET", this.#drawing(id));
  }

  forget(id) {
    return this.#call("DELETE", this.#drawing(id));
  }

  forgetAll() {
    return this.#call("DELETE", this.#urls.drawingsUrl);
  }

  #drawing(id) {
    return `${this.#urls.drawingsUrl}${encodeURIComponent(id)}/`;
  }

  async #call(method, url, { body, headers = {}, signal } = {}) {
    const timeout = AbortSignal.timeout(TIMEOUT_MS);
    const request = {
      method,
      headers: { Accept: "application/json", ...headers },
      credentials: "same-origin",
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    };
    if (body !== undefined) {
      request.headers["Content-Type"] = "application/json";
      request.body = JSON.stringify(body);
    }
    let response;
    try {
      response = await fetch(url, request);
    } catch (error) {
      throw networkError(error);
    }
    const answer = await response.json().catch((error) => {
      if (response.ok && response.status !== 204) throw networkError(error); // its body was lost on the way
      return null; // 204, or a proxy's own page
    });
    if (!response.ok) throw httpError(response, answer);
    return answer;
  }
}

function networkError(error) {
  if (error.name === "TimeoutError") {
    return new ApiError("timeout", "That takes too long. Your drawing is still here; try again.");
  }
  const sentence = navigator.onLine
    ? "I cannot reach the server. Your drawing is still here; try again in a moment."
    : "You are offline. Your drawing is still here; try again when you are back.";
  return new ApiError("offline", sentence);
}

function httpError(response, answer) {
  const wait = Number.parseInt(response.headers.get("Retry-After"), 10) || null;
  const inAWhile = wait ? `in ${duration(wait)}` : "in a moment";
  switch (response.status) {
    case 429:
      return new ApiError("throttled", `That was a lot in a short time. Nothing is lost; try again ${inAWhile}.`, wait);
    case 404:
      return new ApiError("gone", "This browser no longer holds the key to that drawing.");
    case 409:
      return new ApiError("decided", "A reviewer has already decided on this one. Thanks all the same.");
    case 502:
    case 503:
    case 504:
      return new ApiError("unavailable", `The reader is not ready. Nothing is lost; try again ${inAWhile}.`, wait);
    default:
      return new ApiError(answer?.code ?? "failed", answer?.detail ?? "The server could not read that. Try again.", wait);
  }
}

function duration(seconds) {
  if (seconds < 90) return `${seconds} second${seconds === 1 ? "" : "s"}`;
  const minutes = Math.round(seconds / 60);
  return minutes < 90 ? `${minutes} minutes` : `${Math.round(minutes / 60)} hours`;
}
