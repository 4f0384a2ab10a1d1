// One entry of the result of a step, worked out with numbers: "[1, 0] is 2 × (-3) + 0.5 × 4".
import { argument, array, called, isKind, lone, nameless, NODES, rule, valueOf } from "./graph.js";
import { count, entry, exact, format, index, own, product, where } from "./numbers.js";

const MOST_TERMS = 4; // of a sum that one works out in one's head
const MOST_REPEATED = 8;

/** @type {(a: Numbers | null) => a is Listed} */
const isListed = a => Boolean(a?.numbers);

/** @type {(a: Numbers | null) => a is Listed} */
const isMatrix = a => isListed(a) && a.shape.length == 2;

/** @param {number[]} place @param {number[][]} terms products of numbers @returns {Worked | null} */
function sum(place, terms) {
  if (!terms.length) return null;
  const size = terms.reduce((s, parts) => s + Math.abs(parts.reduce((x, y) => x * y)), 0);
  return { place, words: terms.map(parts => product(parts, write)).join(" + "), size };
}

/** How numbers are written: with four digits, or with all. @type {(v: Value) => string} */
let write = format;

/** An entry of the result of a step that few numbers make; null if there is none.
 * @param {Frame} f @param {boolean} [exactly] with all digits? @returns {Worked | null} */
export function worked(f, exactly = false) {
  write = exactly ? exact : format;
  if (f.kind == "seed") return null;
  const n = NODES[f.node];
  const y = f.kind == "back" ? array(f.contribution) : valueOf(n);
  if (!isListed(y) || y.numbers.length < 2 || y.dtype.startsWith("complex")) return null;
  const place = index((f.node * 5 + 1) % y.numbers.length, y.shape); // not always the first
  const matrices = factors(f);
  if (matrices) return workedProduct(matrices, place);
  return f.kind == "back" ? workedBack(n, f, y, place) : workedForward(n, y, place);
}

/** The matrices of a product, forward or back, where one of them is transposed; null for other steps and
 * where not all numbers are known. @param {Frame} f @returns {Factors | null} */
export function factors(f) {
  const n = NODES[f.node];
  if (n.title != "matmul" || f.kind == "seed") return null;
  const [x, w] = n.inputs.map(s => valueOf(NODES[s]));
  const [y, up] = f.kind == "back" ? [array(f.contribution), array(n.gradient)] : [valueOf(n), null];
  if (!isMatrix(x) || !isMatrix(w) || !isMatrix(y) || !y.numbers.length) return null;
  const [a, b] = n.inputs.map(s => called(NODES[s]));
  const result = matrixOf(y);
  if (f.kind != "back") return { names: [a, b, "result"], left: matrixOf(x), right: matrixOf(w), result };
  if (!isMatrix(up)) return null;
  const names = f.i ? [`${a}, transposed`, "g", "contribution"] : ["g", `${b}, transposed`, "contribution"];
  const [left, right] = f.i ? [transposed(x), matrixOf(up)] : [matrixOf(up), transposed(w)];
  return { names, left, right, result };
}

/** @param {Listed} a */
const matrixOf = a => upTo(a.shape[0]).map(i => upTo(a.shape[1]).map(j => entry(a, [i, j])));

/** @param {Listed} a */
const transposed = a => upTo(a.shape[1]).map(j => upTo(a.shape[0]).map(i => entry(a, [i, j])));

/** Row i times column j. @param {Factors} factors @param {number[]} place */
function workedProduct({ left, right }, place) {
  const [i, j] = place;
  return right.length > MOST_TERMS ? null : sum(place, left[i].map((v, k) => [v, right[k][j]]));
}

/** @param {GraphNode} n @param {Listed} y @param {number[]} place @returns {Worked | null} */
function workedForward(n, y, place) {
  const inputs = n.inputs.map(s => valueOf(NODES[s]));
  if (!isKind(n, "elementwise") || !inputs.every(isListed)) return null;
  const known = inputs.filter(isListed);
  const words = known.map((a, k) => {
    const source = NODES[n.inputs[k]];
    const name = nameless(source) ? "" : `${called(source)}${where(a, place)} = `;
    return name + write(entry(a, place));
  });
  const size = Math.max(...known.map(a => Math.abs(entry(a, place))));
  return { place, words: words.join(", "), size };
}

/** @param {GraphNode} n @param {BackFrame} f @param {Listed} y @param {number[]} place
 * @returns {Worked | null} */
function workedBack(n, f, y, place) {
  const up = array(n.gradient);
  if (!isListed(up)) return null;
  const local = array(f.local);
  if (isListed(local)) return sum(place, [[entry(up, place), entry(local, place)]]);
  return workedByRule(n, f, y, up, place);
}

/** Of the rules without a local derivative for each number, the two simple ones: a gradient that is spread
 * over all numbers, and one of an input that was broadcast.
 * @param {GraphNode} n @param {BackFrame} f @param {Listed} y @param {Listed} up @param {number[]} place */
function workedByRule(n, f, y, up, place) {
  const words = rule(n, f.i)?.[1] ?? "";
  const single = lone(up);
  if (words.startsWith("spread(g") && single != null) {
    if (!words.includes("count")) return sum(place, [[single]]);
    return { place, words: `${write(single)} / ${count(y)}`, size: 0 };
  }
  const simple = words.match(/^(-?)g(?: \* (\w+))?$/); // g, -g or g * w
  if (!simple || !isKind(n, "elementwise") || count(up) / count(y) > MOST_REPEATED) return null;
  const [, minus, name] = simple;
  const source = n.inputs.find((_, k) => name && argument(n, k) == name);
  const factor = source == null ? null : valueOf(NODES[source]);
  if (name && !isListed(factor)) return null;
  const places = up.numbers.map((_, k) => index(k, up.shape));
  const here = places.filter(p => String(own(y, p)) == String(place));
  const signed = (/** @type {number[]} */ p) => (minus ? -entry(up, p) : entry(up, p));
  return sum(place, here.map(p => (isListed(factor) ? [signed(p), entry(factor, p)] : [signed(p)])));
}

/** 0 ... n - 1. @param {number} n */
const upTo = n => [...Array(n).keys()];
