// The symbols of a formula and the nodes of the picture light each other.
import { drawn } from "./drawing.js";
import { make } from "./elements.js";
import { units } from "./layout.js";

// names, but not the shape of something, which is no operand
const NAME = /(?<![\w.])[a-z]\w*(?!\w|\.(?:shape|ndim|size|dtype))/gi;

/** The node of each symbol in the formulas of n. Its own are y, and g, its gradient. @param {GraphNode} n */
export function symbolsOf(n) {
  const known = new Map([["y", n.i], ["g", n.i]]);
  n.told?.symbols?.forEach((symbol, i) => symbol && known.set(symbol, n.inputs[i]));
  return known;
}

/** The symbols of a formula, each once, in order. @param {GraphNode} n @param {string} text */
export const symbolsIn = (n, text) =>
  [...new Set(text.match(NAME))].filter(symbol => symbolsOf(n).has(symbol));

/** A formula of n, whose symbols light their nodes. @param {GraphNode} n @param {string} text */
export function formula(n, text) {
  const known = symbolsOf(n);
  const parts = text.split(new RegExp(`(${NAME.source})`, "i")).map(part => {
    const node = known.get(part);
    return node == null ? part : lighting(node, make("span", { class: "symbol" }, part));
  });
  return make("pre", {}, parts);
}

/** Lets an element light a node. @param {number} node @param {HTMLElement} element */
export function lighting(node, element) {
  element.dataset.lights = units[node];
  return element;
}

/** Lights a node, and all that stands for it in the panel. @param {string | undefined} key */
function lightUp(key) {
  for (const e of document.querySelectorAll(".lit:not(path)")) e.classList.remove("lit");
  if (!key) return;
  drawn.get(key)?.element.classList.add("lit");
  for (const e of document.querySelectorAll(`[data-lights="${key}"]`)) e.classList.add("lit");
}

for (const kind of ["pointerover", "focusin"])
  document.addEventListener(kind, e => {
    const over = /** @type {Element} */ (e.target).closest?.("[data-lights], [data-key]");
    const { lights, key } = /** @type {HTMLElement | null} */ (over)?.dataset ?? {};
    lightUp(lights ?? key);
  });
