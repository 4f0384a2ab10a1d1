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
  return f.kind == "back" ? workedBack(n, f, y, place) : workedForward(n, y, place);
}

/** @param {GraphNode} n @param {Listed} y @param {number[]} place @returns {Worked | null} */
function workedForward(n, y, place) {
  const inputs = n.inputs.map(s => valueOf(NODES[s]));
  const [x, w] = inputs;
  if (n.title == "matmul" && isMatrix(x) && isMatrix(w) && isMatrix(y)) {
    const [i, j] = place;
    return sum(place, upTo(w.shape[0]).map(k => [entry(x, [i, k]), entry(w, [k, j])]));
  }
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
  const [x, w] = n.inputs.map(s => valueOf(NODES[s]));
  if (n.title == "matmul" && isMatrix(x) && isMatrix(w) && isMatrix(y) && isMatrix(up)) {
    const [i, j] = place;
    const terms = f.i
      ? upTo(up.shape[0]).map(k => [entry(x, [k, i]), entry(up, [k, j])])
      : upTo(up.shape[1]).map(k => [entry(up, [i, k]), entry(w, [j, k])]);
    return sum(place, terms);
  }
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

/** 0 ... n - 1, or nothing if they are too many. @param {number} n */
const upTo = n => (n > MOST_TERMS ? [] : [...Array(n).keys()]);
