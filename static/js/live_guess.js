// A guess while the pen moves: debounced, one request in flight, answers to a sheet that is gone dropped.

const WHILE_DRAWING_MS = 350; // often enough to feel alive, rare enough for a phone's radio
const AFTER_PEN_UP_MS = 20; // a held Ctrl+Z turns more sheets than that

export class LiveGuess {
  #ask;
  #show;
  #timer = 0;
  #inFlight = null;
  #isStale = false;
  #quietUntil = 0;

  /** `ask(signal)` resolves to an answer or null; `show(answer)` puts it on the page. */
  constructor(ask, show) {
    this.#ask = ask;
    this.#show = show;
  }

  penMoved() {
    this.#timer ||= setTimeout(() => this.#run(), WHILE_DRAWING_MS);
  }

  penLifted() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#run(), AFTER_PEN_UP_MS);
  }

  /** Forget what was asked: the sheet was cleared, turned or handed in. */
  cancel() {
    clearTimeout(this.#timer);
    this.#timer = 0;
    this.#isStale = false;
    this.#inFlight?.abort();
    this.#inFlight = null;
  }

  async #run() {
    this.#timer = 0;
    if (this.#inFlight) {
      this.#isStale = true; // ask once more when this one is back
      return;
    }
    const quiet = this.#quietUntil - performance.now();
    if (quiet > 0) {
      this.#timer = setTimeout(() => this.#run(), quiet);
      return;
    }
    const request = new AbortController();
    this.#inFlight = request;
    try {
      const answer = await this.#ask(request.signal);
      if (answer && !request.signal.aborted) this.#show(answer);
    } catch (error) {
      // A guess is a courtesy: what is wrong is said when the person hands the drawing in.
      // One that was given up says nothing about the server.
      if (!request.signal.aborted) this.#quietUntil = performance.now() + 1000 * (error.retryAfter ?? 2);
    }
    if (this.#inFlight !== request) return;
    this.#inFlight = null;
    if (this.#isStale) {
      this.#isStale = false;
      this.#run();
    }
  }
}
