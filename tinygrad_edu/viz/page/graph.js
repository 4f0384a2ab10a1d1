// The graph: what page_graph.py has written, with what is missing there filled in.
import { factor, format, numeric } from "./numbers.js";

export const G = /** @type {WrittenGraph} */ (/** @type {any} */ (globalThis).GRAPH);

/** The place of the value of what failed: there is none. */
const NOTHING = G.arrays.push({ words: "", shape: [], dtype: "" }) - 1;
export const NODES = G.nodes.map((n, i) => {
  const missing = { title: "", order: 0, inputs: [], group: -1, same: i, value: NOTHING };
  return /** @type {GraphNode} */ ({ ...missing, ...n, i, leaf: !n.order });
});
export const GROUPS = G.groups.map(g => ({ ...g, outer: g.outer ?? -1 }));
export const RESULT = NODES[NODES.length - 1];

/** The nodes that use each node. @type {number[][]} */
export const USES = NODES.map(() => []);
for (const n of NODES) for (const s of n.inputs) USES[s].push(n.i);

/** Of the inputs of what failed: the axes that do not fit. @type {Map<number, number[]>} */
export const CLASH = new Map();
RESULT.clash?.forEach((axes, k) => {
  const i = RESULT.inputs[k];
  CLASH.set(i, [...(CLASH.get(i) ?? []), ...axes]);
});

/** A group and those around it, from the innermost. @param {number} group @returns {number[]} */
export const groupsFrom = group => (group < 0 ? [] : [group, ...groupsFrom(GROUPS[group].outer)]);

/** The array at a place in the list. @param {number | null} [place] */
export const array = place => (place == null ? null : G.arrays[place]);

/** @param {GraphNode} n */
export const valueOf = n => G.arrays[n.value];

/** The number, if the array has a single one. @param {Numbers | null | undefined} a */
export const lone = a => /** @type {number | null} */ (a?.numbers?.length == 1 ? a.numbers[0] : null);

/** An array in a few words. @param {Numbers | null} a */
export const short = a => (a ? format(lone(a) ?? a.words) : "?");

/** The size of the largest number; NaN if it is not known, or not finite. @param {Numbers | null} a */
export function sizeOf(a) {
  if (!a || a.bad) return NaN;
  const { numbers, low = NaN, high = NaN } = a;
  return numbers?.length == 1 ? Math.abs(numeric(numbers[0])) : Math.max(Math.abs(low), Math.abs(high));
}

// --------------------------------------------------------------------------- the texts of Python

/** The parts of a step. @type {Record<string, "contribution" | "local" | "before" | "after">} */
const PARTS = { c: "contribution", l: "local", b: "before", a: "after" };

/** The array that a text calls "v3", "g3", "c7", ...: see worked.py. @param {string} name */
export function named(name) {
  const [kind, i] = [name[0], Number(name.slice(1))];
  if (kind == "v") return valueOf(NODES[i]);
  return array(kind == "g" ? NODES[i].gradient : G.steps[i][PARTS[kind]]);
}

/** A text with its numbers. @param {string} text @param {(v: Value) => string} [write] of single numbers */
export const fill = (text, write = format) =>
  text.replace(/\{\{|\{(\w+)(?:\[(\d+)\])?([*^]?)\}/g, (_, name, place, mark) => {
    if (!name) return "{";
    const a = named(name);
    if (place) {
      const v = numeric(a?.numbers?.[place] ?? "?");
      return mark ? factor(v, write) : write(v);
    }
    if (mark && a?.shape.length) return `at most ${format(+sizeOf(a).toPrecision(3))}`;
    return short(a).replace(/ \[.*?\]$/, ""); // without the range of its numbers
  });
