import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";
import { openWindow } from "../../static/review/desk_window.js";

const PREFIX = "digitre-review-7";

/** @type {Set<string>} */
let held;
/** @type {Record<string, string>} */
let local;
/** @type {Map<string, string>} */
let session;

const locks = {
  request: (
    /** @type {string} */ name,
    /** @type {object} */ _,
    /** @type {(lock: object | null) => unknown} */ take,
  ) => {
    if (held.has(name)) return take(null);
    held.add(name);
    return take({ name });
  },
  query: async () => ({ held: [...held].map((name) => ({ name })) }),
};

/** @param {string} name @param {unknown} value */
const define = (name, value) => Object.defineProperty(globalThis, name, { configurable: true, value });

/** Storage whose keys are its own, as a browser's are. */
const storage = () =>
  Object.defineProperties(local, {
    getItem: { value: (/** @type {string} */ key) => local[key] ?? null, configurable: true },
    removeItem: { value: (/** @type {string} */ key) => delete local[key], configurable: true },
  });

/** Another tab, unless it was duplicated from one. @param {Map<string, string>} of */
function tab(of = new Map()) {
  session = of;
  define("sessionStorage", {
    getItem: (/** @type {string} */ key) => session.get(key) ?? null,
    setItem: (/** @type {string} */ key, /** @type {string} */ value) => session.set(key, value),
  });
}

beforeEach(() => {
  [held, local] = [new Set(), {}];
  define("navigator", { locks });
  define("localStorage", storage());
  tab();
});

test("a tab keeps its name through a reload", async () => {
  const { id } = await openWindow(PREFIX);
  held.clear();
  assert.equal((await openWindow(PREFIX)).id, id);
});

test("a duplicated tab takes another name", async () => {
  const { id } = await openWindow(PREFIX);
  tab(new Map(session));
  assert.notEqual((await openWindow(PREFIX)).id, id);
});

test("what a window that is gone had kept is taken over, once, and what an open one keeps is not", async () => {
  const open = await openWindow(PREFIX);
  local[`${PREFIX}-${open.id}`] = '[{"id":"theirs"}]';
  local[`${PREFIX}-gone`] = '[{"id":"kept"}]';
  local["digitre-review-77-gone"] = '[{"id":"another reviewer\'s"}]';
  tab();
  assert.deepEqual((await openWindow(PREFIX)).kept, [{ id: "kept" }]);
  assert.deepEqual(Object.keys(local).sort(), ["digitre-review-77-gone", `${PREFIX}-${open.id}`].sort());
});

test("without locks, on plain http, a tab has a name all the same and takes over nothing", async () => {
  define("navigator", {});
  local[`${PREFIX}-gone`] = '[{"id":"kept"}]';
  const { id, kept } = await openWindow(PREFIX);
  assert.match(id, /^[0-9a-f]{24}$/);
  assert.deepEqual(kept, []);
});
