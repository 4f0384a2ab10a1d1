// The beginning: buttons and keys, and the first look at the graph.
import { closed, nodeOf } from "./boxes.js";
import { bounds, draw } from "./drawing.js";
import { $ } from "./elements.js";
import { G, GROUPS, RESULT } from "./graph.js";
import { units } from "./layout.js";
import "./cells.js";
import "./columns.js";
import "./minimap.js";
import "./panel.js";
import "./play.js";
import "./trouble.js";
import "./widths.js";
import {
  activate, back, choose, forward, go, pause, play, predict, showAll,
} from "./player.js";
import { search } from "./search.js";
import { changed, onChange, state } from "./state.js";
import { current, sentence } from "./steps.js";
import { canvas, fit, move, reveal, wasDrag, zoom } from "./view.js";
import { along, aside, zoomToChosen } from "./walking.js";

// -------------------------------------------------------------------------------- the status

const slider = /** @type {HTMLInputElement} */ ($("at"));

/** Says where the reader is. */
function showStatus() {
  const { at, visible } = state;
  slider.max = String(visible.length);
  slider.value = String(at == null ? visible.length : visible.filter(k => k <= at).length);
  const words = status();
  slider.setAttribute("aria-valuetext", words);
  // screen readers speak whenever the text is set
  if ($("words").textContent != words) $("words").textContent = words;
}
onChange(showStatus);

function status() {
  const f = current();
  if (state.asking) return "What comes next?";
  if (f) return `${slider.value} of ${state.visible.length}: ${sentence(f)}`;
  if (state.at == 0) return "Before the first step: only the inputs are known";
  const failed = RESULT.kind == "failed" ? `${RESULT.called} failed` : "";
  return G.note || G.no_gradient || failed || "Press → to step through the graph";
}

slider.addEventListener("input", () => {
  pause();
  const k = Number(slider.value);
  go(k ? state.visible[k - 1] : 0);
});

// ---------------------------------------------------------------------------- buttons and keys

function expandAll() {
  closed.clear();
  draw();
  fit();
}

function collapseAll() {
  GROUPS.forEach((_, g) => closed.add(g));
  draw();
  fit();
}

const root = document.documentElement;
const help = /** @type {HTMLDialogElement} */ ($("keys"));

/** What each button does. @type {Record<string, () => void>} */
const TASKS = {
  first: () => go(0),
  back,
  next: forward,
  last: () => go(state.visible.at(-1) ?? 0),
  play,
  predict,
  fit: () => fit(true),
  in: () => zoom(1.25),
  out: () => zoom(0.8),
  open: expandAll,
  close: collapseAll,
  theme: () => root.classList.toggle("dark"),
  help: () => help.showModal(),
};
const GOES_ON = ["play", "theme"]; // all other buttons end playing

for (const [id, task] of Object.entries(TASKS))
  $(id).addEventListener("click", () => {
    if (!GOES_ON.includes(id)) pause();
    task();
  });

/** Does the key belong to what has the focus: a text being written, a button being pressed?
 * @param {string} key @param {Element} focused */
function isTaken(key, focused) {
  if (key == " " && /BUTTON|SUMMARY/.test(focused.tagName)) return true;
  if (!(focused instanceof HTMLInputElement)) return false;
  if (focused.type == "range")
    return focused.id == "at" ? /Arrow(Up|Down)/.test(key) : /^(Arrow|Home|End)/.test(key);
  if (key == "Escape") return false;
  return Boolean(focused.value) || !["ArrowRight", "ArrowLeft"].includes(key);
}

/** Keys without a button; those of buttons stand in the page. @type {Record<string, () => void>} */
const WAYS = {
  Escape: showAll,
  "/": search,
  z: zoomToChosen,
  ArrowUp: () => along(-1),
  ArrowDown: () => along(1),
  "Shift+ArrowLeft": () => aside(-1),
  "Shift+ArrowRight": () => aside(1),
};
/** @type {Record<string, string>} */
const SPELLED = { " ": "Space", "+": "Plus", "=": "Plus", "-": "Minus" };

addEventListener("keydown", e => {
  const focused = /** @type {HTMLElement} */ (e.target);
  if (e.ctrlKey || e.metaKey || e.altKey || help.open || isTaken(e.key, focused)) return;
  const node = /^(Enter| )$/.test(e.key) && keyUnder(e); // which that opens
  const name = (e.shiftKey && e.key.startsWith("Arrow") ? "Shift+" : "") + (SPELLED[e.key] ?? e.key);
  const way = node ? () => activate(node) : WAYS[name];
  const button = document.querySelector(`[aria-keyshortcuts="${CSS.escape(name)}"]`);
  if (way) way();
  else if (button) /** @type {HTMLElement} */ (button).click();
  else return;
  e.preventDefault();
});

/** The key of what is drawn there. @param {Event} e */
const keyUnder = e =>
  /** @type {HTMLElement | null} */ (/** @type {Element} */ (e.target).closest("[data-key]"))?.dataset.key;

canvas.addEventListener("click", e => {
  if (wasDrag()) return;
  const key = keyUnder(e);
  if (key) activate(key);
  else choose(null);
});

canvas.addEventListener("dblclick", e => {
  const key = keyUnder(e);
  if (key?.[0] == "n") zoomToChosen();
});

canvas.addEventListener("focusin", e => {
  const key = keyUnder(e);
  if (key && /** @type {Element} */ (e.target).matches(":focus-visible")) reveal([key]);
});

// ------------------------------------------------------------------------------- the first look

const scheme = matchMedia("(prefers-color-scheme: dark)");
const followScheme = () => root.classList.toggle("dark", scheme.matches);
followScheme();
scheme.addEventListener("change", followScheme);
if (!GROUPS.length) $("open").hidden = $("close").hidden = true;
draw();
if (G.culprit != null) state.chosen = units[G.culprit];
look();
addEventListener("resize", look);

/** Fits the graph to the screen, with what is chosen in sight. */
function look() {
  changed();
  fit();
  const { chosen } = state;
  if (chosen) reveal([...nodeOf(chosen).inputs.map(i => units[i]), chosen]);
}

// the picture is printed as a whole
matchMedia("print").addEventListener("change", e => {
  const { left, top, right, bottom } = bounds;
  const box = `${left - 8} ${top - 8} ${right - left + 16} ${bottom - top + 16}`;
  if (e.matches) canvas.setAttribute("viewBox", box);
  else canvas.removeAttribute("viewBox");
  if (e.matches) move(0, 0, 1);
  else fit();
});
