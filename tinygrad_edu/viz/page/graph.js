// The graph: what json_export.py has written, with what is missing there filled in.
import { clean, cut, dims, format } from "./numbers.js";

export const G = /** @type {WrittenGraph} */ (/** @type {any} */ (globalThis).GRAPH);

/** The place of the value of what failed: there is none. */
const NOTHING = G.arrays.push({ words: "", shape: [], dtype: "" }) - 1;
let operations = 0;
export const NODES = G.nodes.map((n, i) => {
  const inputs = n.inputs ?? [];
  const leaf = !inputs.length && !["module", "freed", "failed"].includes(n.kind);
  const order = leaf ? 0 : ++operations; // the number that tells operations of one name apart
  const value = n.value ?? NOTHING;
  /** @type {GraphNode} */
  const whole = { ...n, i, value, inputs, leaf, order, title: n.title ?? "", group: n.group ?? -1, same: n.same ?? i };
  return whole;
});

export const GROUPS = G.groups.map(g => ({ ...g, label: g.label ?? "", outer: g.outer ?? -1 }));
export const RESULT = NODES[NODES.length - 1];
export const OPERATIONS = operations;

/** The nodes that use each node. @type {number[][]} */
export const USES = NODES.map(() => []);
for (const n of NODES) for (const s of n.inputs) USES[s].push(n.i);

/** The same, with the uses of a leaf that is drawn beside each of them. @param {GraphNode} n */
export const usesOf = n => n.uses ?? USES[n.i];

/** Of the inputs of what failed: the axes that do not fit. @type {Map<number, number[]>} */
export const CLASH = new Map();
RESULT.clash?.forEach((axes, k) => {
  const i = RESULT.inputs[k];
  CLASH.set(i, [...(CLASH.get(i) ?? []), ...axes]);
});

/** The array at a place in the list. @param {number | null} [place] */
export const array = place => (place == null ? null : G.arrays[place]);

/** @param {GraphNode} n */
export const valueOf = n => G.arrays[n.value];

/** The number, if the array has a single one. @param {Numbers | null | undefined} a */
export const lone = a => /** @type {number | null} */ (a?.numbers?.length == 1 ? a.numbers[0] : null);

/** An array in a few words. @param {Numbers | null} a */
export function short(a) {
  const single = lone(a);
  if (!a) return "?";
  return single != null ? format(single) : cut(a.words, 60);
}

/** The same without the range of its numbers. @param {Numbers | null} a */
export const tiny = a => short(a).replace(/ \[.*?\]$/, "");

/** What follows the name of an input: its value, or, of many numbers, its shape. @param {Numbers} a */
export const given = a => (a.words.includes("±") ? " " + dims(a) : " = " + short(a));

/** What the page calls a node: "x", "multiply #3". @param {GraphNode} n */
export function called(n) {
  if (n.leaf) return cut(n.title, 40);
  return n.name ? cut(n.name, 40) : `${cut(n.title, 40)} #${n.order}`;
}

/** A constant that has no other name than its number. @param {GraphNode} n */
export const nameless = n => n.leaf && n.title == valueOf(n).words;

/** The rule for the gradient of the i-th input: [its left side, its right side].
 * @param {GraphNode} n @param {number} [i] */
export function rule(n, i = 0) {
  const rules = n.row == null ? [] : G.rows[n.row].lines.filter(([name]) => name.startsWith("∂L/∂"));
  return rules[Math.min(i, rules.length - 1)] ?? null;
}

/** The symbol of the i-th input in the formula of a node, "" if it has none of its own.
 * @param {GraphNode} n @param {number} [i] */
export function argument(n, i) {
  const found = rule(n, i);
  return found && !found[0].includes("_") ? found[0].slice("∂L/∂".length) : "";
}

/** Does the derivative table say that the operation is of this kind ("elementwise", ...)?
 * @param {GraphNode} n @param {string} kind */
export const isKind = (n, kind) =>
  n.row != null && G.rows[n.row].lines.some(([name, words]) => name == "is" && words.includes(kind));

/** The size of the largest number; NaN if it is not known, or not finite. @param {Numbers | null} a */
export function sizeOf(a) {
  if (!a || a.bad) return NaN;
  const single = lone(a);
  return single != null ? Math.abs(single) : Math.max(Math.abs(a.low ?? NaN), Math.abs(a.high ?? NaN));
}

/** The axes of a result along which its input x was repeated. @param {Numbers} x @param {Numbers} result */
export function broadcastAxes(x, result) {
  const added = result.shape.length - x.shape.length;
  return result.shape.flatMap((d, i) => (i < added || (x.shape[i - added] == 1 && d > 1) ? [i] : []));
}

/** Names of modules around a node, from the outermost. @param {number} group */
export function pathTo(group) {
  const path = [];
  for (let g = group; g >= 0; g = GROUPS[g].outer) path.unshift(clean(GROUPS[g].label));
  return path;
}
