// Search: what does not match is pale, and Enter goes to the next match, into collapsed modules too.
import { closed, unit } from "./boxes.js";
import { draw, drawn } from "./drawing.js";
import { $ } from "./elements.js";
import { GROUPS, groupsFrom, NODES, valueOf } from "./graph.js";
import { units } from "./layout.js";
import { dims } from "./numbers.js";
import { choose } from "./player.js";
import { onChange } from "./state.js";

const searchBox = /** @type {HTMLInputElement} */ ($("search"));
/** @type {number[]} */
let matches = [];
let atMatch = -1; // in the matches

/** All that a node can be found by: name, operation, number, settings, shape, modules around it.
 * @type {string[]} */
const searched = NODES.map(n => {
  const modules = groupsFrom(n.group).map(g => GROUPS[g].label);
  const kind = n.kind == "result" || n.kind == "module" ? "" : n.kind;
  return [n.called, n.title, n.settings, n.axes, dims(valueOf(n)), kind, ...modules].join("\n").toLowerCase();
});

/** The nodes that have every word of the text; "#3" is the node of this number. @param {string} text */
export function find(text) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  const has = (/** @type {GraphNode} */ n, /** @type {string} */ word) =>
    /^#\d+$/.test(word) ? word == "#" + n.order : searched[n.i].includes(word);
  return words.length ? NODES.filter(n => words.every(word => has(n, word))).map(n => n.i) : [];
}

/** Marks what matches; in a collapsed module it is the module. */
function paintMatches() {
  const on = Boolean(searchBox.value.trim());
  const found = new Set(matches.map(i => units[i]));
  for (const [key, { element }] of drawn) {
    element.classList.toggle("pale", on && !found.has(key));
    element.classList.toggle("found", found.has(key));
  }
  const where = atMatch < 0 ? "" : `${atMatch + 1} of `;
  $("found").textContent = !on ? "" : matches.length ? where + matches.length : "none";
}

let lastUnits = units;
onChange(() => {
  if (lastUnits != units && searchBox.value) paintMatches(); // drawn anew
  lastUnits = units;
});

/** Goes to the next match (1), or to the one before (-1). @param {number} step */
function goTo(step) {
  const many = matches.length;
  if (!many) return;
  atMatch = atMatch < 0 && step < 0 ? many - 1 : (atMatch + step + many) % many;
  const i = matches[atMatch];
  const hidden = units[i] != "n" + i;
  for (const g of groupsFrom(NODES[i].group)) closed.delete(g);
  if (hidden) draw();
  choose(unit(i), true);
  paintMatches();
}

searchBox.addEventListener("input", () => {
  matches = find(searchBox.value);
  atMatch = -1;
  paintMatches();
});

searchBox.addEventListener("keydown", e => {
  if (e.key == "Enter") goTo(e.shiftKey ? -1 : 1);
  else if (e.key == "Escape") {
    searchBox.value = "";
    searchBox.dispatchEvent(new Event("input"));
    searchBox.blur();
  } else return;
  e.preventDefault();
  e.stopPropagation();
});

/** Puts the cursor into the search box. */
export function search() {
  searchBox.focus();
  searchBox.select();
}
