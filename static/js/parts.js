// Finds what a page is made of. A page that lacks a part is broken and says so at once.

/**
 * @template {Element} T
 * @param {ParentNode} root
 * @param {string} selector
 * @param {new () => T} kind
 * @returns {T}
 */
export function find(root, selector, kind) {
  const found = root.querySelector(selector);
  if (!(found instanceof kind)) throw new Error(`This page has no ${selector}.`);
  return found;
}

/** @param {ParentNode} root @param {string} name */
export const part = (root, name) => find(root, `[data-part="${name}"]`, HTMLElement);

/** @param {ParentNode} root @param {string} action */
export const button = (root, action) => find(root, `[data-action="${action}"]`, HTMLButtonElement);

/** The element that an event happened to, or the nearest one around it. @param {Event} event @param {string} selector */
export function closest({ target }, selector) {
  const found = target instanceof Element ? target.closest(selector) : null;
  return found instanceof HTMLElement ? found : null;
}
