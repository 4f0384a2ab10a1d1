// Walking along the edges by keyboard: up to an input, down to a use, sideways between those that there are.
import { drawn, paths } from "./drawing.js";
import { units } from "./layout.js";
import { RESULT } from "./graph.js";
import { choose } from "./player.js";
import { state } from "./state.js";
import { current, keysOf } from "./steps.js";
import { zoomTo } from "./view.js";

/** What the last step up or down could also have led to, from left to right. @type {string[]} */
let siblings = [];

const spotOf = (/** @type {string} */ key) => drawn.get(key)?.spot ?? { x: 0, y: 0, w: 0, h: 0 };
const middle = (/** @type {string} */ key) => spotOf(key).x + spotOf(key).w / 2;

/** Where the reader is: at the node that is chosen or has the focus, or that the step is about. */
function here() {
  const focused = /** @type {HTMLElement | null} */ (document.activeElement)?.dataset.key ?? "";
  return [focused, state.chosen ?? "", keysOf(current())[0], units[RESULT.i]].find(key => drawn.has(key ?? ""));
}

/** The nodes at the other ends of the edges: inputs (-1) or uses (1).
 * @param {string} key @param {-1 | 1} way */
export function ends(key, way) {
  const all = [];
  for (const path of paths.keys()) {
    const [from, to] = path.split(">");
    if (way < 0 && to == key) all.push(from);
    if (way > 0 && from == key) all.push(to);
  }
  return all.filter(k => drawn.has(k));
}

/** @param {string} key */
function arrive(key) {
  choose(key, true);
  drawn.get(key)?.element.focus({ preventScroll: true });
}

/** Up to the first input, or down to the first use. @param {-1 | 1} way */
export function along(way) {
  const key = here();
  if (!key) return;
  const found = ends(key, way);
  if (!found.length) return arrive(key);
  siblings = [...found].sort((a, b) => middle(a) - middle(b));
  arrive(found[0]);
}

/** To the neighbor on the left or right: another input or use of where the reader came from, or what is
 * drawn beside it. @param {-1 | 1} way */
export function aside(way) {
  const key = here();
  if (!key) return;
  if (!siblings.includes(key) || siblings.length < 2) siblings = beside(key);
  arrive(siblings[siblings.indexOf(key) + way] ?? key);
}

/** What is drawn at the same height, from left to right. @param {string} key */
function beside(key) {
  const { y, h } = spotOf(key);
  const level = (/** @type {string} */ k) => {
    const spot = spotOf(k);
    return spot.y < y + h && spot.y + spot.h > y;
  };
  return [...drawn.keys()].filter(level).sort((a, b) => middle(a) - middle(b));
}

/** Zooms to the node where the reader is, and to its inputs and uses. */
export function zoomToChosen() {
  const key = here();
  if (key) zoomTo(key, [...ends(key, -1), ...ends(key, 1)]);
}
