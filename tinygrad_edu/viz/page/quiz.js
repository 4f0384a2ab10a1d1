// Predictions: a question about the next step, and the verdict on the answer.
import { $ } from "./elements.js";
import { array, called, lone, NODES, rule, valueOf } from "./graph.js";
import { count, dims, entry, finite, format } from "./numbers.js";
import { go } from "./player.js";
import { changed, state } from "./state.js";
import { FRAMES, nextFrame, upcoming } from "./steps.js";
import { worked } from "./worked.js";

const CLOSE = 0.01; // relative to the truth
const ROUNDED = 5e-4; // relative to the numbers of the question, which are shown with four digits
const FEW = 4; // numbers that one can add up
const SIGNS = ["negative", "zero", "positive"];

export const score = { right: 0, asked: 0 };

/** Asks for a number if it can be worked out, else for a sign or a shape.
 * @param {Frame} f @returns {Question} */
export function question(f) {
  const n = NODES[f.node];
  if (f.kind == "seed") {
    const words = `What is the gradient of ${called(n)} with respect to itself?`;
    return { words, truth: 1, kind: "number", size: 0 };
  }
  const y = /** @type {Numbers} */ (f.kind == "back" ? array(f.after) : valueOf(n));
  return askForEntry(f, y) ?? askForNumber(f, y) ?? askForShape(f, y);
}

/** What a step asks for. @param {Exclude<Frame, { kind: "seed" }>} f */
function subject(f) {
  if (f.kind != "back") return "the result";
  const x = called(NODES[f.source]);
  if (f.before == null) return `the contribution to ${x}.grad`;
  return `${x}.grad, after this contribution is accumulated`;
}

/** @param {any} f @param {Numbers} y @returns {Question | null} */
function askForEntry(f, y) {
  const one = worked(f);
  if (!one) return null;
  const { place } = one;
  const before = /** @type {Listed | null} */ (array(f.before));
  const sum = (before ? format(entry(before, place)) + " + " : "") + one.words;
  const terms = f.kind == "back" ? `it is ${sum} = ?` : sum;
  const words = `What is ${subject(f)}, at [${place.join(", ")}]? There ${terms}`;
  const size = one.size + (before ? Math.abs(entry(before, place)) : 0);
  return { words, truth: entry(/** @type {Listed} */ (y), place), kind: "number", size };
}

/** @param {any} f @param {Numbers} y @returns {Question | null} */
function askForNumber(f, y) {
  const truth = lone(y);
  if (truth == null) return null;
  const n = NODES[f.node];
  const most = rule(n)?.[1].startsWith("spread(") ? 2 * FEW : FEW;
  const known = [...n.inputs.map(s => valueOf(NODES[s])), f.kind == "back" ? array(n.gradient) : null];
  if (known.every(a => !a || count(a) <= most))
    return { words: `What is ${subject(f)}?`, truth, kind: "number", size: 0 };
  const words = `Is ${subject(f)} positive, negative or zero? Answer +, - or 0.`;
  return { words, truth: Math.sign(truth), kind: "sign", size: 0 };
}

/** @param {any} f @param {Numbers} y @returns {Question} */
function askForShape(f, y) {
  const n = NODES[f.node];
  const back = f.kind == "back";
  const inputs = n.inputs.slice(0, 3).map(s => `${called(NODES[s])} has ${dims(valueOf(NODES[s]))}`);
  const up = array(n.gradient);
  const known = back ? `the upstream gradient has ${up ? dims(up) : "?"}` : inputs.join(", ");
  const what = back ? `the shape of the gradient of ${called(NODES[f.source])}` : "the shape of the result";
  const words = `What is ${what}? Answer like 3, 4. (${known})`;
  return { words, truth: dims(y), kind: "shape", size: 0 };
}

/** What was answered, as the truth is written; null if that is no answer.
 * @param {Question["kind"]} kind @param {string} text */
export function understood(kind, text) {
  if (kind == "shape") {
    const whole = text.match(/\d+/g);
    return whole && dims({ shape: whole.map(Number) });
  }
  const sign = kind == "sign" && /^ *[+\-−] *$/.test(text);
  const said = Number(sign ? text.replace("−", "-") + "1" : text.replace(",", "."));
  if (!Number.isFinite(said)) return null;
  return kind == "sign" ? Math.sign(said) : said;
}

/** An answer as it is written to the reader. @param {Question["kind"]} kind @param {number | string} v */
const tell = (kind, v) => (kind == "sign" ? (SIGNS[Number(v) + 1] ?? v) : format(v));

/** The verdict on an answer: [is it right?, in words].
 * @param {Question} asked @param {number | string} said @returns {[boolean, string]} */
export function verdict({ kind, truth, size }, said) {
  const exact = said === truth;
  const off = Math.abs(Number(said) - Number(truth));
  const allowed = CLOSE * Math.abs(Number(truth)) + ROUNDED * size + 1e-12;
  const right = exact || !finite(truth) || (kind == "number" && off <= allowed);
  const far = kind == "number" ? `, off by ${format(off)}` : "";
  const judged = exact ? "Exactly: " : right ? "Right: " : `You answered ${tell(kind, said)}${far}: `;
  return [right, `${judged}it is ${tell(kind, truth)}.`];
}

const UNCLEAR = {
  shape: "That is not a shape: try whole numbers, like 3, 4",
  sign: "Answer +, - or 0",
  number: "That is not a number: try digits, like -0.25",
};

/** Judges the answer, or tells the truth if there is none. @param {string} text */
export function guess(text) {
  const asked = question(nextFrame());
  const said = understood(asked.kind, text);
  if (text.trim() && said == null) {
    state.told = UNCLEAR[asked.kind];
    changed();
    $("guess").focus();
    return;
  }
  let told = `It is ${tell(asked.kind, asked.truth)}.`;
  if (text.trim() && said != null) {
    const [right, words] = verdict(asked, said);
    score.asked += 1;
    score.right += Number(right);
    told = `${words} ${score.right} of ${score.asked} right.`;
  }
  go(upcoming() ?? FRAMES.length, told);
  $("panel").focus({ preventScroll: true });
  $("panel").scrollTop = 0; // the verdict comes first
}
