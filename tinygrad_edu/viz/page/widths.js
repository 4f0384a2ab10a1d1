// The width of a line is the size of the gradient that came back along it, on one logarithmic scale.
import { paths } from "./drawing.js";
import { $, make } from "./elements.js";
import { array, G, sizeOf } from "./graph.js";
import { units } from "./layout.js";
import { format } from "./numbers.js";
import { onChange, state } from "./state.js";
import { FRAMES } from "./steps.js";

const [THIN, THICK] = [1, 5.5];

/** The powers of 10 at both ends of the scale: of all gradients of the page. */
function decades() {
  const sizes = G.steps.map(s => sizeOf(array(s.contribution))).filter(v => v > 0 && Number.isFinite(v));
  if (!sizes.length) return null;
  const [least, most] = [Math.min(...sizes), Math.max(...sizes)].map(Math.log10);
  const low = Math.floor(least + 1e-9);
  return { low, high: Math.max(low + 1, Math.ceil(most - 1e-9)) };
}
const scale = decades();

/** @param {number} size */
function widthOf(size) {
  if (!scale || !size) return THIN;
  const share = (Math.log10(size) - scale.low) / (scale.high - scale.low);
  return THIN + Math.max(0, Math.min(1, share)) * (THICK - THIN);
}

/** The size of what has come back along each line until now. */
function arrived() {
  /** @type {Map<string, number>} */
  const sizes = new Map();
  FRAMES.forEach((f, k) => {
    if (f.kind != "back" || (state.at != null && k >= state.at)) return;
    const key = `${units[f.source]}>${units[f.node]}`;
    sizes.set(key, Math.max(sizes.get(key) ?? 0, sizeOf(array(f.contribution))));
  });
  return sizes;
}

/** The size that each line shows: a step changes a few. @type {WeakMap<Element, number | undefined>} */
const shownSizes = new WeakMap();

onChange(() => {
  const sizes = arrived();
  for (const [key, path] of paths) {
    const size = sizes.get(key);
    if (shownSizes.has(path) && shownSizes.get(path) === size) continue;
    shownSizes.set(path, size);
    const known = size != null && !Number.isNaN(size);
    path.classList.toggle("zero", size === 0);
    path.style.setProperty("--width", known ? `${widthOf(size).toFixed(2)}px` : "");
  }
});

/** What the widths mean: lines of both ends of the scale, and of its middle. */
function legend() {
  if (!scale) return;
  const { low, high } = scale;
  const middle = (low + high) / 2;
  const powers = [low, ...(Number.isInteger(middle) ? [middle] : []), high];
  const samples = powers.flatMap(power => {
    const line = make("path", { d: "M0 6h26", style: `--width:${widthOf(10 ** power)}px` });
    const sample = make("svg", { width: 26, height: 12, "aria-hidden": "true" }, line);
    return [sample, make("span", {}, format(10 ** power))];
  });
  const title = "A line is as wide as the gradient that comes back along it is large; dotted: exactly 0";
  $("zoom").append(make("div", { id: "legend", title }, make("span", {}, "gradient"), ...samples));
}
legend();
