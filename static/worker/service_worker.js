// Opens the paper without a network. Keeps files and pages that are the same for everybody; calls of the API pass it by.

/**
 * What the site has put before this script, see recognizer/kept_pages.py.
 *
 * @typedef {object} Kept
 * @property {string} release changes with any of the files
 * @property {string[]} files
 * @property {string[]} pages
 * @property {string} kiosk kept by the device that shows it
 * @property {string} away stands in for pages that are not kept
 * @property {string} words where pages fetch further sentences, under addresses that change with them
 */

const worker = /** @type {ServiceWorkerGlobalScope & { kept: Kept }} */ (/** @type {unknown} */ (self));
const { release, files, pages, kiosk, away, words } = worker.kept;
const PREFIX = "digitre-";
const CACHE = `${PREFIX}${release}`;
const PATIENCE_MS = 4_000; // for a page: a line that is this slow shows the kept one
const SERVER_IS_AWAY = [502, 503, 504];
const IS_NAMED_BY_CONTENT = /\.[0-9a-f]{12}\.\w+$/; // by collectstatic: such a file never changes

worker.addEventListener("install", (event) => event.waitUntil(install()));
worker.addEventListener("activate", (event) => event.waitUntil(clearUp()));
worker.addEventListener("message", (event) => event.waitUntil(keepBesides(event.data?.keep)));
worker.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== location.origin) return;
  if (request.mode === "navigate") {
    if (isPublic(pathname)) event.respondWith(page(event));
  } else if (files.includes(pathname) || pathname.startsWith(words)) {
    event.respondWith(file(request, pathname));
  }
});

/** The admin and the API are never touched: there the browser shows what it finds. @param {string} pathname */
const isPublic = (pathname) => !/^\/(admin|api|static|metrics)\b/.test(pathname);

/** A new release takes over at once. Pages of the old one still find their files: those of one release before stay. */
async function install() {
  const cache = await caches.open(CACHE);
  await cache.addAll([...files, ...pages, away]);
  await worker.skipWaiting();
}

async function clearUp() {
  const others = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== CACHE);
  await Promise.all(others.slice(0, -1).map((name) => caches.delete(name)));
}

/** What a page needs besides: the words of its language, and itself where that is a kiosk. @param {unknown} address */
async function keepBesides(address) {
  if (typeof address !== "string" || !(address.startsWith(words) || keyOf(address))) return;
  const cache = await caches.open(CACHE);
  if (!(await cache.match(address))) await cache.add(address).catch(() => {}); // another time
}

/**
 * From the network while there is one, so that nobody stays with an old page.
 *
 * @param {FetchEvent} event
 */
async function page({ request }) {
  const key = keyOf(request.url);
  const online = fetch(request).then((response) => keepPage(key, response));
  const old = () => (key ? find(key) : undefined);
  try {
    const response = await Promise.race([online, late()]);
    if (response && !SERVER_IS_AWAY.includes(response.status)) return response;
    return (await old()) ?? response ?? (await online);
  } catch (error) {
    const stand = (await old()) ?? (await find(away));
    if (!stand) throw error;
    return stand;
  }
}

/** The kept page of an address; "" where none is kept. @param {string} address */
function keyOf(address) {
  const { pathname, searchParams } = new URL(address, location.origin);
  if (pathname === kiosk) return searchParams.has("rounds") ? `${kiosk}?rounds` : kiosk;
  return pages.includes(pathname) ? pathname : "";
}

/** @param {string} key @param {Response} response */
async function keepPage(key, response) {
  if (key && response.ok && response.type === "basic" && !response.redirected) {
    const cache = await caches.open(CACHE);
    await cache.put(key, response.clone()).catch(() => {}); // the device is full
  }
  return response;
}

/** @returns {Promise<undefined>} */
const late = () => new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, undefined));

/** What is named by its content is taken as it was kept; other files, of a site under development, only without a network. @param {Request} request @param {string} pathname */
async function file(request, pathname) {
  const isSure = IS_NAMED_BY_CONTENT.test(pathname) || pathname.startsWith(words);
  const kept = isSure ? await find(request) : undefined;
  if (kept) return kept;
  try {
    const response = await fetch(request);
    if (response.ok) await (await caches.open(CACHE)).put(request, response.clone()).catch(() => {});
    return response;
  } catch (error) {
    const before = await find(request);
    if (!before) throw error;
    return before;
  }
}

/** In this release, else in the one before; whatever cookies or language it was fetched with. @param {RequestInfo} what */
async function find(what) {
  const here = await (await caches.open(CACHE)).match(what, { ignoreVary: true });
  return here ?? (await caches.match(what, { ignoreVary: true }));
}
