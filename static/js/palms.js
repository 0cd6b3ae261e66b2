// Which touches are not meant to draw: the hand that holds a pen, and a palm that rests on the paper.

const PALM = 60; // CSS pixels; fingertips leave 20 to 40, a thumb lying flat up to 90 one way
const WIDEST_FINGER = 90;
const PEN_MEMORY_MS = 1500; // after a pen was near, touches are the hand that holds it

/** @typedef {Pick<PointerEvent, "pointerType" | "timeStamp" | "width" | "height">} Contact */

export class Palms {
  #penSeen = -Infinity;

  /** A pen draws, hovers or has just left. @param {Contact} event */
  notice({ pointerType, timeStamp }) {
    if (pointerType === "pen") this.#penSeen = timeStamp;
  }

  /** @param {Contact} event */
  isPalm(event) {
    if (event.pointerType !== "touch") return false;
    return this.isBesidePen(event) || isAsWideAsAHand(event);
  }

  /** @param {Contact} event */
  isBesidePen({ timeStamp }) {
    return timeStamp - this.#penSeen < PEN_MEMORY_MS;
  }
}

/** @param {Contact} event */
const isAsWideAsAHand = ({ width, height }) =>
  Math.min(width, height) > PALM || Math.max(width, height) > WIDEST_FINGER;
