// What is wrong, shown in the picture: the way that the first NaN or infinity went is lit, and the rest pale.
import { drawn, paths } from "./drawing.js";
import { G } from "./graph.js";
import { units } from "./layout.js";
import { onChange, state } from "./state.js";

/** The nodes that NaN or infinity went through, if it reaches an end. */
const path = G.first_bad && !G.first_bad.ends ? G.first_bad.path : [];

/** Lights the way through the whole graph; in a step, the step alone matters. */
function lightPath() {
  const on = state.at == null;
  const keys = path.map(i => units[i]);
  // forwards, and backwards
  const lit = new Set(keys.flatMap((key, k) => [`${keys[k - 1]}>${key}`, `${key}>${keys[k - 1]}`]));
  for (const [key, { element }] of drawn) element.classList.toggle("lost", on && !keys.includes(key));
  for (const [key, line] of paths) {
    line.classList.toggle("lit", on && lit.has(key));
    line.classList.toggle("lost", on && !lit.has(key));
  }
}
if (path.length) onChange(lightPath);
