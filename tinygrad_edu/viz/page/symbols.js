// The symbols of a formula and the nodes of the picture light each other.
import { drawn } from "./drawing.js";
import { make } from "./elements.js";
import { argument } from "./graph.js";
import { units } from "./layout.js";
import { code } from "./numbers.js";

// names, but not the shape of something, which is no operand
const NAME = /(?<![\w.])[a-z]\w*(?!\w|\.(?:shape|ndim|size|dtype))/gi;

/** The node of each symbol in the formulas of n. Its own are y, and g, its gradient. @param {GraphNode} n */
export function symbolsOf(n) {
  const known = new Map([["y", n.i], ["g", n.i]]);
  n.inputs.forEach((s, i) => known.set(argument(n, i), s));
  known.delete("");
  return known;
}

/** The symbols of a formula, each once, in order. @param {GraphNode} n @param {string} text */
export const symbolsIn = (n, text) =>
  [...new Set(text.match(NAME))].filter(symbol => symbolsOf(n).has(symbol));

/** A formula of n, whose symbols light their nodes. @param {GraphNode} n @param {string} text */
export function formula(n, text) {
  const known = symbolsOf(n);
  const parts = [];
  let end = 0;
  for (const { 0: symbol, index: start } of text.matchAll(NAME)) {
    const node = known.get(symbol);
    if (node == null) continue;
    const lit = lighting(node, make("span", { class: "symbol" }, symbol));
    parts.push(code(text.slice(end, start)), lit);
    end = start + symbol.length;
  }
  return make("pre", {}, ...parts, code(text.slice(end)));
}

/** Lets an element light a node. @param {number} node @param {HTMLElement} element */
export function lighting(node, element) {
  element.dataset.lights = units[node];
  return element;
}

/** Lights a node, and all that stands for it in the panel. @param {string | undefined} key */
function lightUp(key) {
  for (const e of document.querySelectorAll(".lit")) e.classList.remove("lit");
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
