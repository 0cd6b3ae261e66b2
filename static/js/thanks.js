// What became of a drawing by its label.

/** @import { StatusEnum } from "./api_types.d.ts" */
import { say } from "./words.js";

/** @param {StatusEnum} [status] */
export function thanks(status) {
  if (status === "approved") return say("thanks_accepted");
  return status === "waiting" || status === "quarantined" ? say("thanks_waiting") : say("thanks");
}
