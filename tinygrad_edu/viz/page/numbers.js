// How names and numbers are written on the page. Nothing here knows the graph or the document.

// control characters, spaces of width 0 (but for what joins two emoji to one), marks of direction, lone
// surrogates
const JOINER = "(?<![\\p{Extended_Pictographic}\\p{Emoji_Modifier}\\ufe0f])\\u200d";
const REST = "\\u200b\\u200c\\u200e\\u200f\\u2028-\\u202e\\u2066-\\u2069\\ud800-\\udfff";
const UNSEEN = new RegExp(`${JOINER}|[\\u0000-\\u001f\\u007f-\\u009f${REST}]`, "gu");

/** What a reader sees as one character, as a letter with its accents. @param {string} s */
const characters = s =>
  Intl.Segmenter ? [...new Intl.Segmenter().segment(s)].map(part => part.segment) : [...s];

/** A name with its invisible characters escaped: names come from anywhere. @param {unknown} s */
export const clean = s =>
  String(s).replace(UNSEEN, c => "\\u" + c.charCodeAt(0).toString(16).padStart(4, "0"));

/** Lines of a program, with invisible characters escaped. @param {string} s */
export const code = s => s.split("\n").map(clean).join("\n");

/** The name, or as much of it as fits into n characters. @param {string} s @param {number} n */
export function cut(s, n) {
  const whole = clean(s);
  if (whole.length <= n) return whole;
  const parts = characters(whole);
  return parts.length > n ? parts.slice(0, n - 1).join("") + "…" : whole;
}

/** @param {Value} v */
export const finite = v => !/nan|inf/i.test(String(v));

/** NaN and infinities as numbers. @param {Value} v @returns {any} */
export const numeric = v =>
  typeof v == "string" && /^(nan|-?inf)$/.test(v) ? Number(v.replace("inf", "Infinity")) : v;

/** A number with four digits, as Python's format ".4g" writes it. @param {Value} v @returns {string} */
export function format(v) {
  if (v !== v) return "nan";
  if (typeof v == "number" && Math.abs(v) == Infinity) return v > 0 ? "inf" : "-inf";
  if (typeof v != "number" || (Number.isInteger(v) && Math.abs(v) < 1e6)) return String(v);
  const exponent = Math.floor(Math.log10(Math.abs(v)));
  if (exponent < -4 || exponent > 5) return v.toExponential(3).replace(/\.?0+e/, "e");
  return String(+v.toPrecision(exponent > 3 ? exponent + 1 : 4));
}

/** "1 leaf", "2 leaves" @param {number} n @param {string} one @param {string} many */
export const plural = (n, one, many) => `${n} ${n == 1 ? one : many}`;

/** @param {Shaped} a */
export const count = a => a.shape.reduce((x, y) => x * y, 1);

/** The shape as Python writes it: "(2, 3)", "(4,)"; a list that is no array has none.
 * @param {Shaped & { dtype?: string }} a */
export const dims = a => a.dtype == "list" ? "list" : `(${a.shape.join(", ")}${a.shape.length == 1 ? "," : ""})`;

/** The place of the k-th number of an array. @param {number} k @param {number[]} shape */
export const index = (k, shape) =>
  shape.map((d, i) => Math.floor(k / count({ shape: shape.slice(i + 1) })) % d);

/** The place in `a` of the number that is broadcast to a place in the result.
 * @param {Shaped} a @param {number[]} place */
export const own = (a, place) =>
  a.shape.map((d, i) => (d == 1 ? 0 : place[place.length - a.shape.length + i]));

/** The number of `a` that is broadcast to a place in the result.
 * @param {Listed} a @param {number[]} place */
export const entry = (a, place) =>
  /** @type {number} */ (numeric(a.numbers[own(a, place).reduce((k, i, axis) => k * a.shape[axis] + i, 0)]));

/** "[1, 2]", or nothing for a single number @param {Shaped} a @param {number[]} place */
export const where = (a, place) => (a.shape.length ? `[${own(a, place).join(", ")}]` : "");

/** "2 × (-3)" @param {number[]} parts @param {(v: number) => string} write */
export const product = (parts, write = format) =>
  parts.map(v => (v < 0 ? `(${write(v)})` : write(v))).join(" × ");

/** A number with all its digits. @param {Value} v */
export const exact = v => (finite(v) ? String(v) : format(v));

/** A coordinate with one decimal, which is all that a screen shows. @param {number} v */
export const round = v => Math.round(v * 10) / 10;
