// The steps: one for each operation, one for the loss's own gradient, one for each edge of the backward pass.
import { isGroup, numberOf } from "./boxes.js";
import { fill, G, GROUPS, NODES, RESULT } from "./graph.js";
import { units } from "./layout.js";
import { onChange, state } from "./state.js";

/** @type {Frame[]} */
export const FRAMES = [];
for (const { i, leaf, told } of NODES) if (!leaf && told) FRAMES.push({ kind: "forward", node: i, told });
if (G.steps.length) FRAMES.push({ kind: "seed", node: RESULT.i, told: G.seed });
for (const step of G.steps) FRAMES.push(Object.assign(step, { kind: /** @type {const} */ ("back") }));

/** A step in a sentence. @param {Frame} f */
export const sentence = f => fill(f.told.said);

/** Does the step change anything outside of collapsed boxes? @param {Frame} f */
function isSeen(f) {
  const u = units[f.node];
  if (f.kind == "back") return units[f.source] != u;
  return !isGroup(u) || f.kind == "seed" || GROUPS[numberOf(u)].inside.at(-1) == f.node;
}

/** @type {string[]} */
let seenUnits = [];
onChange(() => {
  if (seenUnits == units) return;
  seenUnits = units;
  state.visible = FRAMES.map((f, k) => (isSeen(f) ? k + 1 : 0)).filter(Boolean);
});

/** The number of the step that comes next. */
export const upcoming = () => state.visible.find(k => k > (state.at ?? 0));

/** The step that comes next. */
export const nextFrame = () => FRAMES[(upcoming() ?? 0) - 1];

/** The step that the page is about: the one that is asked for, or the last that was shown. */
export const current = () => (state.asking ? nextFrame() : state.at ? FRAMES[state.at - 1] : null);

/** The keys that a step is about. @param {Frame | null} f */
export function keysOf(f) {
  if (!f) return [];
  return f.kind == "back" ? [units[f.node], units[f.source]] : [units[f.node]];
}

/** @returns {Progress} */
export function progress() {
  if (state.at == null) return { isKnown: () => true, gradientOf: n => n.gradient };
  const done = new Set();
  /** @type {Map<number, number | undefined>} */
  const gradients = new Map();
  for (const f of FRAMES.slice(0, state.at)) {
    if (f.kind == "forward") done.add(f.node);
    else if (f.kind == "back") gradients.set(NODES[f.source].same, f.after);
    else gradients.set(RESULT.same, RESULT.gradient);
  }
  return { isKnown: n => n.leaf || done.has(n.i), gradientOf: n => gradients.get(n.same) };
}
