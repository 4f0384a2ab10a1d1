// Elements of the page: made, found, and filled with the numbers of arrays.
import { lone } from "./graph.js";
import { count, cut, dims, finite, format } from "./numbers.js";

const SVG = /^(svg|g|path|rect|text|tspan|image)$/;
/** @type {[number, number, number]} */
const ABOVE_0 = [224, 123, 57];
/** @type {[number, number, number]} */
const BELOW_0 = [59, 130, 196];
/** @type {Color} */
const NOT_FINITE = [224, 49, 49, 1];

/** The element of the page with this id. @param {string} id @returns {HTMLElement} */
export const $ = id => /** @type {HTMLElement} */ (document.getElementById(id));

/** An element. The fact "click" is what a click does, all others are attributes; what is null is left out.
 * @param {string} tag @param {Record<string, any>} [facts]
 * @param {...(Node | string | null | undefined)} inside @returns {any} */
export function make(tag, facts = {}, ...inside) {
  const space = SVG.test(tag) ? "http://www.w3.org/2000/svg" : "http://www.w3.org/1999/xhtml";
  const e = document.createElementNS(space, tag);
  for (const [name, fact] of Object.entries(facts)) {
    if (name == "click") e.addEventListener("click", fact);
    else if (fact != null) e.setAttribute(name, fact);
  }
  e.append(...inside.filter(x => x != null));
  return e;
}

/** The numbers of a heat map and how many make a row, or null if there is nothing to color.
 * @param {Numbers} a */
function cellsOf(a) {
  if (a.heat) {
    const { heat_low: low = 0, heat_high: high = 0, columns = 1 } = a;
    const number = (/** @type {string} */ h) =>
      h == "ff" ? NaN : low + (parseInt(h, 16) / 254) * (high - low);
    return { cells: (a.heat.match(/../g) ?? []).map(number), columns };
  }
  if (!a.numbers || a.numbers.length < 2 || a.dtype.startsWith("complex")) return null;
  return { cells: a.numbers.map(Number), columns: a.shape[a.shape.length - 1] };
}

/** Rows of colors: orange above 0, blue below, stronger the farther from 0; red is NaN or infinite.
 * @param {Numbers} a */
export function heat(a) {
  const found = cellsOf(a);
  if (!found) return null;
  const { cells, columns } = found;
  const most = Math.max(...cells.map(Math.abs).filter(Number.isFinite), 1e-300);
  /** @type {(v: number) => Color} */
  const color = v =>
    Number.isFinite(v) ? [...(v > 0 ? ABOVE_0 : BELOW_0), Math.abs(v) / most] : NOT_FINITE;
  const rows = [];
  for (let i = 0; i < cells.length; i += columns)
    rows.push(cells.slice(i, i + columns).map(color));
  return rows;
}

/** @type {Map<Numbers, Picture | null>} */
const pictures = new Map();

/** The heat map as an image with one pixel for each number. @param {Numbers} a */
export function picture(a) {
  const known = pictures.get(a);
  if (known !== undefined) return known;
  const rows = heat(a);
  const made = rows && painted(rows);
  pictures.set(a, made);
  return made;
}

/** @param {Color[][]} rows @returns {Picture} */
function painted(rows) {
  const [width, height] = [rows[0].length, rows.length];
  /** @type {HTMLCanvasElement} */
  const canvas = make("canvas", { width, height });
  const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext("2d"));
  rows.forEach((row, y) =>
    row.forEach((color, x) => {
      pen.fillStyle = `rgba(${color})`;
      pen.fillRect(x, y, 1, 1);
    })
  );
  return { url: canvas.toDataURL(), width, height };
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
  const listed = Boolean(a.numbers?.length);
  const counted = a.mean != null;
  return make(
    "div", {},
    a.heat || long ? image(a, large, long) : null,
    listed ? (long ? folded(a) : table(a)) : null,
    a.bad || !(listed || counted) ? make("p", { class: a.bad ? "bad" : "" }, cut(a.words, 80)) : null,
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

/** @param {Numbers} a */
const folded = a => make("details", {}, make("summary", {}, `all ${count(a)} numbers`), table(a));

/** @param {Numbers} a */
function table(a) {
  const { numbers = [], shape } = a;
  const tints = heat(a)?.flat();
  const columns = shape.length > 1 ? shape[shape.length - 1] : Math.min(4, shape[0]);
  const cell = (/** @type {Value} */ v, /** @type {number} */ k) => {
    const [red, green, blue, strength] = tints?.[k] ?? [0, 0, 0, 0];
    const style = tints && `background:rgba(${red},${green},${blue},${strength * 0.45})`;
    return make("td", { style }, data(v));
  };
  const body = make("table");
  for (let i = 0; i < numbers.length; i += columns) {
    const row = numbers.slice(i, i + columns);
    body.append(make("tr", {}, ...row.map((v, j) => cell(v, i + j))));
  }
  return make("div", { class: "table", tabindex: 0, role: "group", "aria-label": "Numbers" }, body);
}

/** @param {Numbers} a @param {boolean} large */
function statistics(a, large) {
  if (!large) {
    const spread = a.spread ? [make("br"), "± ", data(a.spread)] : [];
    return make("p", { class: "pale" }, data(a.mean), ...spread);
  }
  const spread = [", standard deviation ", data(a.spread), ", from ", data(a.low), " to ", data(a.high)];
  return make("p", { class: "pale" }, "mean ", data(a.mean), ...spread);
}
