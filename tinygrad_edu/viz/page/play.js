// Play: numbers that a reader moves, and steps of gradient descent. All results come from Python, which has
// computed the graph at each point; here one of them is put in the place of the last.
import { drawn } from "./drawing.js";
import { $, make } from "./elements.js";
import { G, lone, NODES, RESULT, valueOf } from "./graph.js";
import { format } from "./numbers.js";
import { changed, onChange } from "./state.js";
import { canvas } from "./view.js";

const knobs = /** @type {HTMLElement} */ ($("knobs").lastElementChild);
const IN_STEP = /** @type {const} */ (["contribution", "before", "after", "local"]); // of a step
const PULL = 3; // pixels from point to point

/** A number alone stands for its array. @param {Numbers | number} a @returns {Numbers} */
const unpacked = a =>
  typeof a == "number" ? { words: format(a), shape: [], dtype: "float64", numbers: [a] } : a;

const offset = G.arrays.length;
for (const a of G.play?.arrays ?? []) G.arrays.push(unpacked(a));

/** What is moved, and where it began. @type {{ of: Changes, start: number } | null} */
let shown = null;
let steps = 0; // down

/** Puts the results at a point into the graph. @param {Changes} changes @param {number} k */
function put({ slots, places, trouble }, k) {
  if (trouble) Object.assign(G, trouble[k]);
  slots.forEach((slot, column) => {
    const place = places[k][column];
    const now = place == null ? undefined : place + offset;
    if (slot < 2 * NODES.length) {
      const n = NODES[slot >> 1];
      if (slot % 2) n.gradient = now;
      else n.value = now ?? n.value;
    } else {
      const inStep = slot - 2 * NODES.length;
      Object.assign(G.steps[inStep >> 2], { [IN_STEP[inStep % 4]]: now });
    }
  });
}

/** Shows a point. What was moved before goes back to its start: one thing is moved at a time.
 * @param {Changes} changes @param {number} k @param {number} start */
function moveTo(changes, k, start) {
  if (shown && shown.of != changes) put(shown.of, shown.start);
  shown = { of: changes, start };
  put(changes, k);
  for (const knob of KNOBS) if (knob != changes) setKnob(knob, knob.start);
  if (changes != G.play?.descent) steps = 0;
  changed();
}

// -------------------------------------------------------------------------------------- sliders

/** @type {Knob[]} */
const KNOBS = (G.play?.sliders ?? []).map(slider => {
  const name = NODES[slider.node].called + (slider.place.length ? `[${slider.place.join(", ")}]` : "");
  const facts = { type: "range", min: 0, max: slider.points.length - 1, "aria-label": name };
  const knob = { ...slider, input: make("input", facts), output: make("output"), picture: drawCurve(slider) };
  const kept = slider.kept.map(i => NODES[i].called).join(", ");
  const title = kept && `The condition of ${kept} stays as it was: it left the graph.`;
  const row = make("div", { class: "knob", title: title || null }, make("b", {}, name), knob.input, knob.output);
  if (knob.picture) row.append(knob.picture.element);
  if (kept) row.append(make("small", {}, `${kept}: condition kept`));
  knob.input.addEventListener("input", () => turn(knob, Number(knob.input.value)));
  setKnob(knob, slider.start);
  knobs.append(row);
  return knob;
});

/** Moves a number to its k-th point. @param {Knob} knob @param {number} k */
function turn(knob, k) {
  const at = Math.max(0, Math.min(knob.points.length - 1, k));
  setKnob(knob, at);
  moveTo(knob, at, knob.start);
}

/** @param {Knob} knob @param {number} k */
function setKnob(knob, k) {
  const words = format(knob.points[k]);
  knob.input.value = String(k);
  knob.input.setAttribute("aria-valuetext", words);
  knob.output.textContent = "= " + words;
  knob.picture?.show(k);
}

/** The result over the number that is moved, with a point and its tangent. @param {WrittenSlider} slider */
function drawCurve({ node, curve }) {
  if (!curve) return null;
  const [tangent, dot] = [make("path", { class: "tangent" }), make("path", { class: "dot" })];
  const name = `${RESULT.called} over ${NODES[node].called}`;
  const facts = { viewBox: "-4 -4 104 38", width: 96, height: 30, role: "img", "aria-label": name };
  const show = (/** @type {number} */ k) => {
    dot.setAttribute("d", curve.dots[k]);
    tangent.setAttribute("d", curve.tangents[k]);
  };
  return { element: make("svg", facts, make("path", { d: curve.line }), tangent, dot), show };
}

// ---------------------------------------------------------------------- a number that is dragged

/** Of a node whose single number can be moved. @param {Element} target */
function knobUnder(target) {
  const key = target.closest("[data-key]")?.getAttribute("data-key");
  return KNOBS.find(knob => !knob.place.length && `n${NODES[knob.node].i}` == key);
}

/** @type {{ knob: Knob, x: number, from: number, moved: boolean } | null} */
let drag = null;

$("knobs").hidden = !G.play;
if (KNOBS.length) {
  // before the picture sees them, which would move
  canvas.addEventListener("pointerdown", e => {
    const knob = knobUnder(/** @type {Element} */ (e.target));
    if (!knob) return;
    e.stopPropagation();
    drag = { knob, x: e.clientX, from: Number(knob.input.value), moved: false };
  }, true);
  addEventListener("pointermove", e => {
    if (!drag) return;
    const by = Math.round((e.clientX - drag.x) / PULL);
    drag.moved ||= by != 0;
    if (drag.moved) turn(drag.knob, drag.from + by);
  });
  addEventListener("pointerup", () => {
    if (drag?.moved) addEventListener("click", e => e.stopPropagation(), { capture: true, once: true });
    drag = null;
  });
  addEventListener("pointercancel", () => { drag = null; });
}

/** Marks the nodes that can be dragged. */
function mark() {
  for (const { node, place } of KNOBS) {
    const found = place.length ? null : drawn.get("n" + node);
    if (!found) continue;
    const { x, y, w } = found.spot;
    found.element.classList.add("movable");
    found.facts.append(make("text", { x: x + w - 10, y: y + 19, "text-anchor": "end", class: "small" }, "↔"));
  }
}
onChange(mark);

// ------------------------------------------------------------------------------ gradient descent

const { descent, rate } = G.play ?? {};
if (descent) {
  const last = descent.places.length - 1;
  const [down, again, words] = [make("button"), make("button", {}, "start again"), make("span", { role: "status" })];
  const step = (/** @type {number} */ k) => {
    steps = k;
    moveTo(descent, k, 0);
  };
  down.addEventListener("click", () => step(Math.min(last, steps + 1)));
  again.addEventListener("click", () => step(0));
  knobs.append(make("div", { class: "knob" }, down, again, words));
  onChange(() => {
    down.textContent = steps ? "again" : "one step down";
    down.disabled = steps == last;
    again.disabled = !steps;
    const where = steps ? `step ${steps} of ${last}` : "each leaf minus rate × its gradient";
    words.textContent = `rate ${format(rate ?? 0)}, ${where}: ${RESULT.called} = ${format(lone(valueOf(RESULT)) ?? "?")}`;
  });
}
