// What is wrong with the graph: said above the picture, and shown in it. The way that the first NaN or
// infinity went is lit, and the rest pale.
import { closed } from "./boxes.js";
import { drawn, paths } from "./drawing.js";
import { $ } from "./elements.js";
import { called, G, GROUPS, NODES, RESULT } from "./graph.js";
import { units } from "./layout.js";
import { clean } from "./numbers.js";
import { onChange, state } from "./state.js";

const bad = G.first_bad;
const error = RESULT.kind == "failed" ? RESULT.change : undefined;
/** The nodes that NaN or infinity went through, if it reaches an end. */
const path = bad && !bad.ends ? bad.path : [];

/** The node that a page about an error begins with. */
export const culprit = error != null ? RESULT : path.length ? NODES[path[0]] : null;

/** Says what is wrong, before anything is drawn; the panel has the details of the culprit. */
export function warn() {
  const failed = error == null ? "" : `${called(RESULT)} failed: ${error.split(":")[0]}.`;
  const first = bad && (bad.ends ? bad.words : `NaN or infinity comes up first in ${called(NODES[bad.node])}.`);
  const said = [G.note, failed, first].flatMap(words => (words ? clean(words) : []));
  $("alert").textContent = said.join(" ");
  $("alert").hidden = !said.length;
}

/** Expands what hides the culprit. */
export function uncover() {
  if (!culprit) return;
  for (let g = culprit.group; g >= 0; g = GROUPS[g].outer) closed.delete(g);
}

/** Lights the way through the whole graph; in a step, the step alone matters. */
function lightPath() {
  const on = state.at == null && path.length > 0;
  const keys = new Set(path.map(i => units[i]));
  const lit = new Set();
  path.slice(1).forEach((to, k) => { // forwards, and backwards
    lit.add(`${units[path[k]]}>${units[to]}`).add(`${units[to]}>${units[path[k]]}`);
  });
  for (const [key, { element }] of drawn) element.classList.toggle("lost", on && !keys.has(key));
  for (const [key, line] of paths) {
    line.classList.toggle("lit", on && lit.has(key));
    line.classList.toggle("lost", on && !lit.has(key));
  }
}
if (path.length) onChange(lightPath);
