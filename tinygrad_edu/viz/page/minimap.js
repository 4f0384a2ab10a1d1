// The minimap: the whole graph, small, with the part that is seen. A click or a drag moves there.
import { bounds, drawn } from "./drawing.js";
import { $, make } from "./elements.js";
import { units } from "./layout.js";
import { round } from "./numbers.js";
import { onChange, state } from "./state.js";
import { current, keysOf } from "./steps.js";
import { canvas, move, onMove, view } from "./view.js";

const minimap = $("minimap");
const BORDER = 50; // around the graph
const every = make("path", { class: "all" });
const present = make("path", { class: "here" });
const frameSeen = make("rect", { rx: 6 });
minimap.append(every, present, frameSeen);

/** Rectangles for some keys, as one path. @param {Iterable<string>} keys */
function rectangles(keys) {
  let d = "";
  for (const key of keys) {
    const spot = drawn.get(key)?.spot;
    if (spot) d += `M${round(spot.x)} ${round(spot.y)}h${round(spot.w)}v${round(spot.h)}h${round(-spot.w)}z`;
  }
  return d;
}

/** @type {string[] | undefined} */
let shownUnits;

function paintMap() {
  if (shownUnits != units) { // drawn anew
    shownUnits = units;
    every.setAttribute("d", rectangles(drawn.keys()));
    const { left, top, right, bottom } = bounds;
    const box = [left - BORDER, top - BORDER, right - left + 2 * BORDER, bottom - top + 2 * BORDER];
    minimap.setAttribute("viewBox", box.map(round).join(" "));
  }
  present.setAttribute("d", rectangles([...keysOf(current()), state.chosen ?? ""]));
}
onChange(paintMap);

/** Shows which part of the graph is seen; nothing if it is all of it. */
function showWindow() {
  const { x, y, k } = view;
  const whole = -x / k <= bounds.left && -y / k <= bounds.top &&
    canvas.clientWidth - x >= bounds.right * k && canvas.clientHeight - y >= bounds.bottom * k;
  minimap.toggleAttribute("hidden", whole);
  // what is seen may lie beside the graph: the frame stays within the map
  const within = (/** @type {number} */ v, /** @type {number} */ low, /** @type {number} */ high) =>
    Math.min(Math.max(v, low - BORDER), high + BORDER);
  const left = within(-x / k, bounds.left, bounds.right);
  const top = within(-y / k, bounds.top, bounds.bottom);
  const width = within((canvas.clientWidth - x) / k, bounds.left, bounds.right) - left;
  const height = within((canvas.clientHeight - y) / k, bounds.top, bounds.bottom) - top;
  for (const [name, fact] of Object.entries({ x: left, y: top, width, height }))
    frameSeen.setAttribute(name, String(round(fact)));
}
onMove(showWindow);
new ResizeObserver(showWindow).observe(canvas); // the panel takes and gives room

/** Moves what is under the pointer to the middle. @param {PointerEvent} e */
function moveThere(e) {
  const matrix = /** @type {any} */ (minimap).getScreenCTM();
  if (!matrix) return;
  const { x, y } = DOMPoint.fromPoint({ x: e.clientX, y: e.clientY }).matrixTransform(matrix.inverse());
  move(canvas.clientWidth / 2 - x * view.k, canvas.clientHeight / 2 - y * view.k, view.k);
}

minimap.addEventListener("pointerdown", e => {
  minimap.setPointerCapture(e.pointerId);
  moveThere(e);
});
minimap.addEventListener("pointermove", e => e.buttons && moveThere(e));
