// Modules are boxes around their nodes; a collapsed box is drawn as one node.
//
// A key names what is drawn: "n3" is the node 3, "g3" the group 3 as one node, "b3" its expanded box.
import { G, GROUPS, groupsFrom, NODES } from "./graph.js";

/** The collapsed groups. @type {Set<number>} */
export const closed = new Set(G.closed);

/** @param {string} key */
export const numberOf = key => +key.slice(1);

/** @param {string} key */
export const isGroup = key => key[0] == "g";

/** The key that a node is drawn as: itself, or the outermost collapsed group around it.
 * @param {number} i */
export function unit(i) {
  const outermost = groupsFrom(NODES[i].group).findLast(g => closed.has(g));
  return outermost == null ? "n" + i : "g" + outermost;
}

/** The group around what is drawn, -1 for the page. @param {string} key */
export const groupAround = key =>
  isGroup(key) ? GROUPS[numberOf(key)].outer : NODES[numberOf(key)].group;

/** The node that is drawn; of a collapsed group its last operation, which makes its result.
 * @param {string} key */
export const nodeOf = key =>
  NODES[isGroup(key) ? (GROUPS[numberOf(key)].inside.at(-1) ?? 0) : numberOf(key)];
