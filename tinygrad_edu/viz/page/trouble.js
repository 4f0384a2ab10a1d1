// What is wrong, shown in the picture: the way that the first NaN or infinity went is lit, and the rest pale.
import { drawn, paths } from "./drawing.js";
import { $ } from "./elements.js";
import { G } from "./graph.js";
import { units } from "./layout.js";
import { onChange, state } from "./state.js";

/** Lights the way through the whole graph, if it reaches an end; in a step, the step alone matters. */
function lightPath() {
  const { path, ends } = G.first_bad ?? { path: [], ends: true };
  const on = state.at == null && !ends;
  const keys = path.map(i => units[i]);
  // forwards, and backwards
  const lit = new Set(keys.flatMap((key, k) => [`${keys[k - 1]}>${key}`, `${key}>${keys[k - 1]}`]));
  for (const [key, { element }] of drawn) element.classList.toggle("lost", on && !keys.includes(key));
  for (const [key, line] of paths) {
    line.classList.toggle("lit", on && lit.has(key));
    line.classList.toggle("lost", on && !lit.has(key));
  }
}

/** In play, something else may be wrong at each point. */
function sayWhatIsWrong() {
  if (G.alert != null && $("alert").textContent != G.alert) $("alert").textContent = G.alert;
}
if (G.first_bad || G.play) onChange(lightPath);
if (G.play) onChange(sayWhatIsWrong);
