// The calls of "Yours": what this browser handed in, and how to take it back.

import { ApiClient } from "./api_client.js";

/** @import * as api from "./api_types.d.ts" */

export class OwnDrawingsClient extends ApiClient {
  /** Which versions learned from which of this contributor's drawings. @returns {Promise<api.Provenances>} */
  lessons() {
    return this.call("GET", this.url("lessonsUrl"));
  }

  /** @returns {Promise<api.Model>} */
  model() {
    return this.call("GET", this.url("modelUrl"));
  }

  /** One page of this contributor's drawings; `url` is the `next` of the page before. @returns {Promise<api.PaginatedDrawingSummaryList>} */
  drawings(url = this.url("drawingsUrl")) {
    return this.call("GET", url);
  }

  /** @param {string} id @returns {Promise<api.DrawingDetail>} */
  drawing(id) {
    return this.call("GET", this.drawingUrl(id));
  }

  /** @param {string} id @returns {Promise<null>} */
  forget(id) {
    return this.call("DELETE", this.drawingUrl(id));
  }

  /** The same from a page that is being left: nobody waits for the answer. @param {string} id */
  forgetOnLeaving(id) {
    this.call("DELETE", this.drawingUrl(id), { keepalive: true }).catch(() => {}); // nobody is there to be told
  }

  /** @returns {Promise<null>} */
  forgetAll() {
    return this.call("DELETE", this.url("drawingsUrl"));
  }
}
