// The width of a line is the size of the gradient that came back along it, on one logarithmic scale.
import { paths } from "./drawing.js";
import { $, make } from "./elements.js";
import { array, G, sizeOf } from "./graph.js";
import { units } from "./layout.js";
import { format } from "./numbers.js";
import { onChange, state } from "./state.js";
import { FRAMES } from "./steps.js";

const [THIN, THICK] = [1, 5.5];
const [low, high] = G.decades ?? [0, 1]; // powers of 10 at both ends of the scale

/** @param {number} size */
function widthOf(size) {
  const share = size && G.decades ? (Math.log10(size) - low) / (high - low) : 0;
  return `${(THIN + Math.max(0, Math.min(1, share)) * (THICK - THIN)).toFixed(2)}px`;
}

/** The size of what has come back along each line until now. */
function arrived() {
  /** @type {Map<string, number>} */
  const sizes = new Map();
  for (const f of FRAMES.slice(0, state.at ?? FRAMES.length)) {
    if (f.kind != "back") continue;
    const key = `${units[f.source]}>${units[f.node]}`;
    sizes.set(key, Math.max(sizes.get(key) ?? 0, sizeOf(array(f.contribution))));
  }
  return sizes;
}

/** The size that each line shows: a step changes a few. @type {WeakMap<Element, number | undefined>} */
const shownSizes = new WeakMap();

onChange(() => {
  const sizes = arrived();
  for (const [key, path] of paths) {
    const size = sizes.get(key);
    if (shownSizes.has(path) && Object.is(shownSizes.get(path), size)) continue;
    shownSizes.set(path, size);
    path.classList.toggle("zero", size === 0);
    path.style.setProperty("--width", size == null || Number.isNaN(size) ? "" : widthOf(size));
  }
});

// what the widths mean: lines of both ends of the scale, and of its middle
if (G.decades) {
  const middle = (low + high) / 2;
  const samples = [low, middle, high].filter(Number.isInteger).map(power => {
    const line = make("path", { d: "M0 6h26", style: `--width:${widthOf(10 ** power)}` });
    const sample = make("svg", { width: 26, height: 12, "aria-hidden": "true" }, line);
    return [sample, make("span", {}, format(10 ** power))];
  });
  const title = "A line is as wide as the gradient that comes back along it is large; dotted: exactly 0";
  $("zoom").append(make("div", { id: "legend", title }, make("span", {}, "gradient"), samples.flat()));
}
