// Which window of a reviewer this is. Two of them get different drawings, and neither loses what the other has not sent yet.

/** @import { Message } from "./desk_types.d.ts" */

const STORED = "digitre-desk-window";

/**
 * Name this window, and take over what windows that are gone had kept for sending.
 *
 * A name lasts as long as the tab, through a reload. A tab that was duplicated has its elder's, who holds a lock on it, so it
 * takes another. Where a browser has no locks (on plain http), what is kept elsewhere stays there until that window comes back.
 *
 * @param {string} prefix of the keys under which messages are kept
 * @returns {Promise<{ id: string, kept: Message[] }>}
 */
export async function openWindow(prefix) {
  let id = stored() ?? newId();
  if (navigator.locks && !(await hold(`${prefix}-${id}`))) {
    id = newId();
    await hold(`${prefix}-${id}`);
  }
  try {
    sessionStorage.setItem(STORED, id);
  } catch {
    // storage is switched off: this page is a window of its own
  }
  return { id, kept: navigator.locks ? await takeOver(prefix, id) : [] };
}

function stored() {
  try {
    return sessionStorage.getItem(STORED);
  } catch {
    return null;
  }
}

/** Also where there is no `crypto.randomUUID`, on plain http. */
function newId() {
  return [...crypto.getRandomValues(new Uint8Array(12))].map((byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Hold a lock for as long as the page is open. Says whether it was free. @param {string} name @returns {Promise<boolean>} */
function hold(name) {
  return new Promise((resolve) => {
    navigator.locks.request(name, { ifAvailable: true }, (lock) => {
      resolve(lock !== null);
      return lock ? new Promise(() => {}) : undefined;
    });
  });
}

/**
 * @param {string} prefix
 * @param {string} id
 * @returns {Promise<Message[]>}
 */
async function takeOver(prefix, id) {
  const { held = [] } = await navigator.locks.query();
  const open = new Set(held.map((lock) => lock.name));
  try {
    const gone = Object.keys(localStorage).filter(
      (key) => (key === prefix || key.startsWith(`${prefix}-`)) && key !== `${prefix}-${id}` && !open.has(key),
    );
    return gone.flatMap((key) => {
      const kept = JSON.parse(localStorage.getItem(key) ?? "[]");
      localStorage.removeItem(key);
      return Array.isArray(kept) ? kept : [];
    });
  } catch {
    return [];
  }
}
