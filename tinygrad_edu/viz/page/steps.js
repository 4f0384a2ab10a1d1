// The steps: one for each operation, one for the loss's own gradient, one for each edge of the backward pass.
import { INSIDE, isGroup, numberOf } from "./boxes.js";
import { array, called, G, given, nameless, NODES, RESULT, short, tiny, valueOf } from "./graph.js";
import { units } from "./layout.js";
import { onChange, state } from "./state.js";

/** @type {Frame[]} */
export const FRAMES = [];
for (const n of NODES) if (!n.leaf) FRAMES.push({ kind: "forward", node: n.i });
if (G.steps.length) FRAMES.push({ kind: "seed", node: RESULT.i });
for (const step of G.steps) FRAMES.push(Object.assign(step, { kind: /** @type {const} */ ("back") }));

/** Does the step change anything outside of collapsed boxes? @param {Frame} f */
function isSeen(f) {
  const u = units[f.node];
  if (f.kind == "back") return units[f.source] != u;
  return !isGroup(u) || f.kind == "seed" || INSIDE[numberOf(u)].at(-1) == f.node;
}

/** @type {string[]} */
let seenUnits = [];
onChange(() => {
  if (seenUnits == units) return;
  seenUnits = units;
  state.visible = FRAMES.map((f, k) => (isSeen(f) ? k + 1 : 0)).filter(Boolean);
});

/** The step that was shown last. */
export const frame = () => (state.at ? FRAMES[state.at - 1] : null);

/** The number of the step that comes next. */
export const upcoming = () => state.visible.find(k => k > (state.at ?? 0));

/** The step that comes next. */
export const nextFrame = () => FRAMES[(upcoming() ?? 0) - 1];

/** The step that the page is about: the one that is asked for, or the last that was shown. */
export const current = () => (state.asking ? nextFrame() : frame());

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
    else gradients.set(NODES[f.node].same, NODES[f.node].gradient);
  }
  return { isKnown: n => n.leaf || done.has(n.i), gradientOf: n => gradients.get(n.same) };
}

/** A step in a sentence. @param {Frame} f */
export function sentence(f) {
  const n = NODES[f.node];
  if (f.kind == "forward") return forwardSentence(n);
  if (f.kind != "back")
    return `The backward pass begins: the gradient of ${called(n)} with respect to itself is 1`;
  const source = called(NODES[f.source]);
  const [local, contribution] = [array(f.local), tiny(array(f.contribution))];
  const came = local
    ? `${tiny(array(n.gradient))} × ${tiny(local)} = ${contribution}`
    : `${contribution} by the rule`;
  const sum = f.before == null ? "" : `: ${tiny(array(f.before))} + ${contribution}`;
  return `Backward from ${called(n)} to ${source}: ${came}. ${source}.grad${sum} = ${tiny(array(f.after))}`;
}

/** @param {GraphNode} n */
function forwardSentence(n) {
  const inputs = n.inputs.map(s => {
    const x = NODES[s];
    return nameless(x) ? short(valueOf(x)) : called(x) + given(valueOf(x));
  });
  const freed = n.kind == "freed" ? "Freed: " : "";
  const of = inputs.length ? ` of ${inputs.join(", ")}` : "";
  return freed + called(n) + of + (n.axes ? ` ${n.axes}` : "") + (n.kind == "failed" ? " fails" : ` gives ${tiny(valueOf(n))}`);
}
