// How numbers are written on the page. Nothing here knows the graph or the document.

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

/** A number with all its digits. @param {Value} v */
export const exact = v => (finite(v) ? String(v) : format(v));

/** A factor: a negative one stands in parentheses. @param {Value} v */
export const factor = (v, write = format) => (Number(v) < 0 ? `(${write(v)})` : write(v));

/** "1 leaf", "2 leaves" @param {number} n @param {string} one @param {string} many */
export const plural = (n, one, many) => `${n} ${n == 1 ? one : many}`;

/** The shape as Python writes it: "(2, 3)", "(4,)"; a list that is no array has none.
 * @param {Shaped & { dtype?: string }} a */
export const dims = a => a.dtype == "list" ? "list" : `(${a.shape.join(", ")}${a.shape.length == 1 ? "," : ""})`;

/** A coordinate with one decimal, which is all that a screen shows. @param {number} v */
export const round = v => Math.round(v * 10) / 10;
