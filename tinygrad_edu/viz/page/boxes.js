// Modules are boxes around their nodes; a collapsed box is drawn as one node.
//
// A key names what is drawn: "n3" is the node 3, "g3" the group 3 as one node, "b3" its expanded box.
import { GROUPS, NODES } from "./graph.js";

const MANY = 70; // nodes that fit on a screen

/** The collapsed groups. @type {Set<number>} */
export const closed = new Set();

/** @param {string} key */
export const numberOf = key => +key.slice(1);

/** @param {string} key */
export const isGroup = key => key[0] == "g";

/** The operations of each group, inner ones included. @type {number[][]} */
export const INSIDE = GROUPS.map(() => []);
for (const n of NODES) {
  if (n.leaf) continue;
  for (let g = n.group; g >= 0; g = GROUPS[g].outer) INSIDE[g].push(n.i);
}

/** The key that a node is drawn as: itself, or the outermost collapsed group around it.
 * @param {number} i */
export function unit(i) {
  let found = "n" + i;
  for (let g = NODES[i].group; g >= 0; g = GROUPS[g].outer) if (closed.has(g)) found = "g" + g;
  return found;
}

/** The group around what is drawn, -1 for the page. @param {string} key */
export const groupAround = key =>
  isGroup(key) ? GROUPS[numberOf(key)].outer : NODES[numberOf(key)].group;

/** The node that is drawn; of a collapsed group its last operation, which makes its result.
 * @param {string} key */
export const nodeOf = key =>
  NODES[isGroup(key) ? (INSIDE[numberOf(key)].at(-1) ?? 0) : numberOf(key)];

/** How deep each group is in others. */
function levels() {
  /** @type {number[]} */
  const level = [];
  GROUPS.forEach((g, i) => {
    level[i] = g.outer < 0 ? 0 : level[g.outer] + 1;
  });
  return level;
}

/** Folds repeated blocks, and collapses so many modules that the rest fits on a screen. */
export function collapseAtFirst() {
  closed.clear();
  GROUPS.forEach((g, i) => {
    if (g.repeats || GROUPS[g.outer]?.repeats) closed.add(i);
  });
  const level = levels();
  const tooMany = () => new Set(NODES.map(n => unit(n.i))).size > MANY;
  for (let depth = Math.max(0, ...level); depth >= 0 && tooMany(); depth--)
    level.forEach((l, g) => l == depth && closed.add(g));
}
