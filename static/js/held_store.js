// Where the outbox keeps what waits: the browser's own database, which outlives the page; memory where it has none.

/** @import { DrawingRequestRequest, Label } from "./api_types.d.ts" */

/**
 * What waits: a drawing, with its label once there is one; a label of a drawing that is stored already, under that one's id;
 * or the end of a person's turn, which has neither.
 *
 * @typedef {object} Held
 * @property {string} key an idempotency key, or an id; nothing else waits under it
 * @property {DrawingRequestRequest} [body] of a drawing that is not stored yet
 * @property {string} [id] of one that is
 * @property {Label} [label] undefined while nothing was said
 * @property {boolean} [isEnd]
 */

/** Given what waits under a key, returns what shall wait there, or null for nothing any more. @typedef {(held: Held) => Held | null} Change */

const NAME = "digitre-outbox";
const STORE = "held";
const BY_KEY = "key";

/** @returns {Promise<KeptStore | PassingStore>} */
export async function openStore() {
  try {
    return new KeptStore(await open());
  } catch {
    return new PassingStore(); // a private window perhaps
  }
}

/** @returns {Promise<IDBDatabase>} */
function open() {
  return new Promise((resolve, reject) => {
    const request = indexedDB.open(NAME, 1);
    request.onupgradeneeded = () => {
      const store = request.result.createObjectStore(STORE, { autoIncrement: true }); // numbers, in the order of coming
      store.createIndex(BY_KEY, "key", { unique: true });
    };
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error);
    request.onblocked = () => reject(new Error("An older page holds the outbox."));
  });
}

class KeptStore {
  #database;
  isLasting = true;

  /** @param {IDBDatabase} database */
  constructor(database) {
    this.#database = database;
    database.onversionchange = () => database.close();
  }

  /** In their order. @returns {Promise<string[]>} */
  async keys() {
    /** @type {string[]} */
    const keys = [];
    await this.#walk("readonly", (cursor) => {
      keys.push(cursor.value.key);
      return true;
    });
    return keys;
  }

  /** @returns {Promise<Held | undefined>} */
  async first() {
    /** @type {Held | undefined} */
    let first;
    await this.#walk("readonly", (cursor) => {
      first = cursor.value;
      return false;
    });
    return first;
  }

  /** @param {Held} held */
  async add(held) {
    await this.#finished("readwrite", (store) => store.add(held));
  }

  /** Nobody gets between the look and the change. @param {string} key @param {Change} change @returns {Promise<Held | null>} what waits there now */
  async change(key, change) {
    /** @type {Held | null} */
    let after = null;
    await this.#finished("readwrite", (store) => {
      const request = store.index(BY_KEY).openCursor(key);
      request.onsuccess = () => {
        const cursor = request.result;
        if (!cursor) return;
        after = change(cursor.value);
        if (after) cursor.update(after);
        else cursor.delete();
      };
    });
    return after;
  }

  async clear() {
    await this.#finished("readwrite", (store) => store.clear());
  }

  /** @param {IDBTransactionMode} mode @param {(cursor: IDBCursorWithValue) => boolean} step whether to go on */
  #walk(mode, step) {
    return this.#finished(mode, (store) => {
      const request = store.openCursor();
      request.onsuccess = () => {
        const cursor = request.result;
        if (cursor && step(cursor)) cursor.continue();
      };
    });
  }

  /** @param {IDBTransactionMode} mode @param {(store: IDBObjectStore) => unknown} work @returns {Promise<void>} */
  #finished(mode, work) {
    return new Promise((resolve, reject) => {
      const transaction = this.#database.transaction(STORE, mode);
      transaction.oncomplete = () => resolve();
      transaction.onabort = () => reject(transaction.error);
      work(transaction.objectStore(STORE));
    });
  }
}

export class PassingStore {
  /** @type {Map<string, Held>} */
  #held = new Map();
  isLasting = false;

  async keys() {
    return [...this.#held.keys()];
  }

  async first() {
    return this.#held.values().next().value;
  }

  /** @param {Held} held */
  async add(held) {
    this.#held.set(held.key, held);
  }

  /** @param {string} key @param {Change} change */
  async change(key, change) {
    const before = this.#held.get(key);
    const after = before ? change(before) : null;
    if (after) this.#held.set(key, after);
    else this.#held.delete(key);
    return after;
  }

  async clear() {
    this.#held.clear();
  }
}
