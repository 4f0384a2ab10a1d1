// Elements of the page: made, found, and filled with the numbers of arrays.
import { lone } from "./graph.js";
import { dims, finite, format } from "./numbers.js";

const SVG = /^(svg|g|path|rect|text|tspan|image)$/;
const ABOVE_0 = [224, 123, 57];
const BELOW_0 = [59, 130, 196];
const NOT_FINITE = [224, 49, 49, 1];

/** The element of the page with this id. @param {string} id @returns {HTMLElement} */
export const $ = id => /** @type {HTMLElement} */ (document.getElementById(id));

/** An element. A fact that is a function is what an event of this name does, all others are attributes;
 * what is null, and empty texts, are left out. @param {string} tag @param {Record<string, any>} [facts]
 * @param {...any} inside elements and texts, or lists of them @returns {any} */
export function make(tag, facts = {}, ...inside) {
  const space = SVG.test(tag) ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml";
  const e = document.createElementNS(space, tag);
  for (const [name, fact] of Object.entries(facts)) {
    if (typeof fact == "function") e.addEventListener(name, fact);
    else if (fact != null) e.setAttribute(name, fact);
  }
  e.append(...inside.flat(3).filter(part => part != null && part !== ""));
  return e;
}

/** The colors of a heat map: orange above 0, blue below, stronger the farther from 0; red is NaN or
 * infinite. Null if there is nothing to color. @param {Numbers} a */
export function heat(a) {
  const { heat_low: low = 0, heat_high: high = 0 } = a;
  const mean = (/** @type {string} */ h) => h == "ff" ? NaN : low + (parseInt(h, 16) / 254) * (high - low);
  const cells = a.heat?.match(/../g)?.map(mean) ?? a.numbers?.map(Number) ?? [];
  if (cells.length < 2 || a.dtype.startsWith("complex")) return null;
  const columns = a.columns ?? a.shape[a.shape.length - 1];
  const most = Math.max(...cells.map(Math.abs).filter(Number.isFinite), 1e-300);
  const colors = cells.map(v =>
    Number.isFinite(v) ? [...(v > 0 ? ABOVE_0 : BELOW_0), Math.abs(v) / most] : NOT_FINITE);
  return { colors, width: columns, height: colors.length / columns };
}

/** @type {Map<Numbers, Picture | null>} */
const pictures = new Map();

/** The heat map as an image with one pixel for each number. @param {Numbers} a */
export function picture(a) {
  const found = pictures.has(a) ? null : heat(a);
  if (found) {
    const { colors, width, height } = found;
    /** @type {HTMLCanvasElement} */
    const canvas = make("canvas", { width, height });
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
    colors.forEach((color, k) => {
      pen.fillStyle = `rgba(${color})`;
      pen.fillRect(k % width, Math.floor(k / width), 1, 1);
    });
    pictures.set(a, { url: canvas.toDataURL(), width, height });
  }
  return pictures.get(a) ?? null;
}

/** One number: four digits to be seen, all in its title. @param {Value} [v] */
export const data = (v = "?") =>
  make("data", { value: v, title: String(v), class: finite(v) ? "number" : "number bad" }, format(v));

/** The shape of an array, with the axes marked that do not fit.
 * @param {Numbers} a @param {number[]} clash @param {string} [tag] */
export function shapeOf(a, clash, tag = "b") {
  let axis = -1;
  return dims(a).split(/(\d+)/).map(part => {
    if (!/^\d+$/.test(part)) return part;
    axis += 1;
    return clash.includes(axis) ? make(tag, { class: "clash" }, part) : part;
  });
}

/** The numbers of an array: one, a table, or a picture with statistics.
 * @param {Numbers | null} a @param {boolean} [large] @returns {HTMLElement} */
export function show(a, large = false) {
  if (!a) return make("span", {}, "?");
  const single = lone(a);
  if (single != null) return data(single);
  // a long list is a picture, and its numbers are folded away
  const long = Boolean(a.numbers && Math.max(...a.shape) > 16 && picture(a));
  const numbers = a.numbers?.length ? table(a, long) : null;
  const counted = a.mean != null;
  return make(
    "div", {},
    a.heat || long ? image(a, large, long) : null,
    numbers,
    a.bad || !(numbers || counted) ? make("p", { class: a.bad ? "bad" : "" }, a.words) : null,
    counted && (large || !a.numbers) ? statistics(a, large) : null,
  );
}

/** @param {Numbers} a @param {boolean} large @param {boolean} long */
function image(a, large, long) {
  const p = /** @type {Picture} */ (picture(a));
  const room = large ? 300 : long ? 140 : 72;
  const zoom = Math.max(1, Math.min(large ? 14 : 5, Math.floor(room / p.width)));
  const height = Math.max(long ? 14 : 1, p.height * zoom);
  return make("img", { src: p.url, width: p.width * zoom, height, alt: "Heat map: " + a.words });
}

/** @param {Numbers} a @param {boolean} folded */
function table(a, folded) {
  const { numbers = [], shape } = a;
  const tints = heat(a)?.colors;
  const columns = shape.length > 1 ? shape[shape.length - 1] : Math.min(4, shape[0]);
  const cell = (/** @type {Value} */ v, /** @type {number} */ k) => {
    const [red, green, blue, strength] = tints?.[k] ?? [0, 0, 0, 0];
    const style = tints && `background:rgba(${red},${green},${blue},${strength * 0.45})`;
    return make("td", { style }, data(v));
  };
  const body = make("table");
  const cells = numbers.map(cell);
  while (cells.length) body.append(make("tr", {}, cells.splice(0, columns)));
  const all = make("div", { class: "table", tabindex: 0, role: "group", "aria-label": "Numbers" }, body);
  return folded ? make("details", {}, make("summary", {}, `all ${numbers.length} numbers`), all) : all;
}

/** @param {Numbers} a @param {boolean} large */
function statistics(a, large) {
  const spread = large
    ? [", standard deviation ", data(a.spread), ", from ", data(a.low), " to ", data(a.high)]
    : a.spread ? [make("br"), "± ", data(a.spread)] : null;
  return make("p", { class: "pale" }, large ? "mean " : null, data(a.mean), spread);
}
