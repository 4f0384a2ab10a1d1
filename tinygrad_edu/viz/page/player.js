// What a reader does: goes from step to step, chooses nodes, opens and closes boxes.
import { closed, numberOf } from "./boxes.js";
import { draw } from "./drawing.js";
import { $ } from "./elements.js";
import { GROUPS } from "./graph.js";
import { spots } from "./layout.js";
import { changed, state } from "./state.js";
import { upcoming } from "./steps.js";
import { keepInPlace, reveal } from "./view.js";

const PACE = 900; // milliseconds from step to step
let timer = 0;

export const isPhone = () => innerWidth <= 768;

/** @param {string} id */
export const isOn = id => $(id).getAttribute("aria-pressed") == "true";

/** @param {string} id @param {boolean} on */
const press = (id, on) => $(id).setAttribute("aria-pressed", String(on));

/** Goes to a step. @param {number} k @param {string} [told] what is said of the answer that led there */
export function go(k, told = "") {
  Object.assign(state, { at: k, told, asking: false });
  changed();
  reveal();
}

/** To the next step, or to the question about it. */
export function forward() {
  const k = upcoming();
  if (k == null) return pause();
  if (isOn("predict") && !state.asking) ask();
  else go(k);
}

/** To the step before. */
export function back() {
  const { at, asking, visible } = state;
  if (asking) return go(at ?? 0);
  go((at == null ? visible : visible.filter(k => k < at)).at(-1) ?? 0);
}

function ask() {
  Object.assign(state, { at: state.at ?? 0, asking: true, told: "" });
  changed();
  reveal();
  $("guess").focus({ preventScroll: true });
  $("guess").scrollIntoView({ block: "end" });
}

/** Turns questions on or off. */
export function predict() {
  const on = !isOn("predict");
  press("predict", on);
  if (on) {
    pause();
    state.asking = false;
    if (upcoming() == null) state.at = 0;
    forward();
  } else if (state.asking) {
    state.asking = false;
    changed();
  }
}

export function pause() {
  clearInterval(timer);
  timer = 0;
  press("play", false);
}

/** Starts or stops going from step to step by itself. */
export function play() {
  if (timer) return pause();
  if (upcoming() == null) state.at = 0;
  timer = setInterval(forward, PACE);
  press("play", true);
  forward();
}

/** Leaves the steps: shows the whole graph. */
export function showAll() {
  pause();
  Object.assign(state, { at: null, chosen: null, asking: false, told: "" });
  changed();
}

/** Shows the details of a node; null: of none.
 * @param {string | null} key @param {boolean} [show] and brings it into sight */
export function choose(key, show = false) {
  state.chosen = key;
  changed();
  if (!key) return;
  const panel = $("panel");
  if (isPhone() || show) panel.scrollTop = 0;
  // in a step its card comes first, and the details below
  if (state.at && !show) panel.querySelectorAll("section")[1]?.scrollIntoView({ block: "start" });
  if (show || isPhone()) reveal([key]); // on a telephone the panel may have covered it
}

/** Expands or collapses a group. @param {number} g */
export function toggle(g) {
  const expand = closed.has(g);
  const [before, after] = expand ? ["g" + g, "b" + g] : ["b" + g, "g" + g];
  const old = spots.get(before);
  if (expand) closed.delete(g);
  else closed.add(g);
  // of repetitions that are unfolded each is still collapsed
  if (GROUPS[g].repeats) GROUPS.forEach((inner, i) => inner.outer == g && closed.add(i));
  state.chosen = null;
  draw();
  keepInPlace(old, spots.get(after));
  /** @type {HTMLElement | null} */ ($("world").querySelector(`[data-key=${after}]`))?.focus({ preventScroll: true });
}

/** What a click on something in the picture does: a collapsed group opens with the second one.
 * @param {string} key */
export function activate(key) {
  if (key[0] == "b" || (key[0] == "g" && state.chosen == key)) toggle(numberOf(key));
  else choose(key);
}
