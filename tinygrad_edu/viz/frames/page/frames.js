// The page of a picture in steps: shows one frame after the other, by buttons, slider and keys.
import { morph } from "./morph.js";

/** A frame: its title, its sentence, the place that matters now, the numbers of its elements.
 * @typedef {[string, string, Point | null, number[]]} Still
 * @typedef {{ name: string, width: number, height: number, frames: Still[] }} Series
 * @typedef {import("./morph.js").Shape} Shape
 * @typedef {{ title: string, about: string, choice: string, series: Series[], elements: Shape[] }}
 *   WrittenPicture */

const PICTURE = /** @type {WrittenPicture} */ (/** @type {any} */ (globalThis).PICTURE);
const PAUSE = 1300; // milliseconds between frames
const SMALLEST = 0.72, LARGEST = 1.5; // scales of the picture

/** The first element that a selector finds. @param {string} selector @returns {any} */
const find = selector => document.querySelector(selector);

const stage = find("#stage"), svg = find("#picture"), slider = find("#at"), select = find("select");
const calm = matchMedia("(prefers-reduced-motion: reduce)");
let series = PICTURE.series[0], at = 0, timer = 0;

// ---------------------------------------------------------------------------------- one frame

function show(/** @type {number} */ wanted) {
  const last = series.frames.length - 1;
  at = Math.max(0, Math.min(last, wanted));
  const [title, words, place, shapes] = series.frames[at];
  morph(svg, shapes.map(number => PICTURE.elements[number]));
  svg.setAttribute("aria-label", `${title}. ${words}`);
  find("#said h2").textContent = title;
  find("#said p").textContent = words;
  slider.value = String(at);
  slider.setAttribute("aria-valuetext", `${at + 1} of ${last + 1}: ${title}`);
  find("#count").textContent = `${at + 1} of ${last + 1}`;
  for (const id of ["first", "back"]) find("#" + id).setAttribute("aria-disabled", String(at === 0));
  for (const id of ["next", "last"]) find("#" + id).setAttribute("aria-disabled", String(at === last));
  if (at === last) pause();
  if (place) center(place);
}

/** Scrolls to a place of the picture, where it is wider or higher than the stage. @param {Point} place */
function center([x, y]) {
  const drawn = svg.getBoundingClientRect(), seen = stage.getBoundingClientRect();
  const scale = drawn.width / series.width;
  stage.scrollBy({
    left: drawn.left + x * scale - seen.left - seen.width / 2,
    top: drawn.top + y * scale - seen.top - seen.height / 2,
    behavior: calm.matches ? "auto" : "smooth",
  });
}

/** Makes the picture as large as the stage, within limits: too large for it rather than unreadable. */
function fit() {
  const { width, height } = series, margin = 2 * parseFloat(getComputedStyle(stage).paddingLeft);
  const across = (stage.clientWidth - margin) / width, up = (stage.clientHeight - margin) / height;
  const scale = Math.max(SMALLEST, Math.min(LARGEST, across, Math.max(1, up)));
  svg.setAttribute("viewBox", `0 0 ${width} ${height}`);
  svg.style.width = `${Math.floor(width * scale)}px`;
  const place = series.frames[at][2];
  if (place) center(place);
}

function choose(/** @type {number} */ number) {
  pause();
  series = PICTURE.series[number];
  slider.max = String(series.frames.length - 1);
  svg.replaceChildren(); // nothing of one series moves to the next
  show(0);
  fit();
}

// ------------------------------------------------------------------------------------- playing

function pause() {
  clearInterval(timer);
  timer = 0;
  showPlaying(false);
}

function play() {
  if (timer) return pause();
  if (at === series.frames.length - 1) show(0);
  timer = setInterval(() => show(at + 1), PAUSE);
  showPlaying(true);
}

function showPlaying(/** @type {boolean} */ playing) {
  find("#play").setAttribute("aria-pressed", String(playing));
  find("#play").textContent = playing ? "❚❚" : "▷";
}

/** A step by hand ends the playing. @param {number} wanted */
function go(wanted) {
  pause();
  show(wanted);
}

// ----------------------------------------------------------------------------- buttons and keys

function switchTheme() {
  const root = document.documentElement, chosen = root.style.colorScheme;
  const dark = chosen ? chosen === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  root.style.colorScheme = dark ? "light" : "dark";
}

/** @type {Record<string, () => void>} */
const acts = {
  first: () => go(0),
  back: () => go(at - 1),
  play,
  next: () => go(at + 1),
  last: () => go(series.frames.length - 1),
  theme: switchTheme,
};
for (const id in acts) find("#" + id).addEventListener("click", acts[id]);
slider.addEventListener("input", () => go(Number(slider.value)));
select.addEventListener("change", () => choose(select.selectedIndex));
addEventListener("resize", fit);

/** @type {Record<string, string>} */
const keys = { ArrowRight: "next", ArrowLeft: "back", Home: "first", End: "last", " ": "play" };
addEventListener("keydown", event => {
  const target = /** @type {Element} */ (event.target), act = keys[event.key];
  if (!act || event.ctrlKey || event.metaKey || event.altKey || target === select) return;
  // a button has its own use for the space bar, and the slider for the arrows
  if (event.key === " " ? target.tagName === "BUTTON" : target === slider) return;
  event.preventDefault();
  acts[act]();
});

// -------------------------------------------------------------------------------- the beginning

find("h1").textContent = PICTURE.title;
find("#about").textContent = PICTURE.about;
find("#choice").hidden = PICTURE.series.length < 2;
find("#choice span").textContent = PICTURE.choice;
for (const { name } of PICTURE.series) {
  const option = document.createElement("option");
  option.textContent = name;
  select.append(option);
}
choose(0);
