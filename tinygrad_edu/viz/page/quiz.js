// Predictions: a question about the next step, hints, the verdict on the answer, and the score.
import { $ } from "./elements.js";
import { array, fill, G, NODES } from "./graph.js";
import { dims, exact, finite, format, numeric, plural } from "./numbers.js";
import { go } from "./player.js";
import { changed, state } from "./state.js";
import { FRAMES, nextFrame, upcoming } from "./steps.js";

const CLOSE = 0.01; // relative to the truth
const ROUNDED = 5e-4; // how far a number may be from what is shown with four digits
const SIGNS = ["negative", "zero", "positive"];

/** What Python asks about a step, with its numbers and what is true. @param {Frame} f @returns {Question} */
export function question(f) {
  const { kind, at = 0, words, terms = "", given = "", hint = "" } = f.told.ask;
  const { value, gradient } = NODES[f.node];
  const y = /** @type {Listed} */ (array(f.kind == "back" ? f.after : f.kind == "seed" ? gradient : value));
  if (kind == "shape") {
    const last = y.shape.length ? `Its last axis is ${y.shape.at(-1)} long.` : "It is a single number: ().";
    return { kind, words: fill(words), truth: dims(y), hints: [hint, last] };
  }
  const truth = numeric(y.numbers[at]);
  if (kind == "sign") {
    const sign = Math.sign(truth);
    return { kind, words, truth: sign, hints: [fill(hint), `It is not ${SIGNS[sign > 0 ? 0 : 2]}.`] };
  }
  const all = cancels(truth, terms + given);
  const asked = fill(words) + fill(terms, all ? exact : format) + (all ? fill(given, exact) : "");
  const first = terms ? "With all digits: " + fill(terms, exact) : fill(hint, exact);
  return { kind, words: asked, truth, hints: [first, range(truth)] };
}

/** Do the numbers of a text cancel, so that four digits of each are not enough to make the truth?
 * @param {Value} truth @param {string} text */
function cancels(truth, text) {
  let most = 0;
  fill(text, v => {
    if (finite(v)) most = Math.max(most, Math.abs(Number(v)));
    return "";
  });
  return finite(truth) && ROUNDED * most > (CLOSE / 2) * Math.abs(Number(truth));
}

/** Between which powers of ten a number lies. @param {number} v */
function range(v) {
  if (!finite(v)) return "It is not finite: nan, inf or -inf.";
  if (v == 0) return "It is neither positive nor negative.";
  const power = Math.floor(Math.log10(Math.abs(v)));
  const [low, high] = [power, power + 1].map(e => format(Math.sign(v) * Number(`1e${e}`)));
  return `It is between ${low} and ${high}.`;
}

/** What was answered, as the truth is written; null if that is no answer.
 * @param {Question["kind"]} kind @param {string} text */
export function understood(kind, text) {
  if (kind == "shape") {
    const whole = text.match(/\d+/g);
    return whole ? dims({ shape: whole.map(Number) }) : /^\s*\(\s*\)\s*$/.test(text) ? "()" : null;
  }
  const plain = text.trim().toLowerCase().replace("−", "-").replace(",", ".");
  if (plain == "nan") return NaN;
  const infinite = plain.match(/^([+-]?)(inf|infinity|∞)$/);
  if (infinite) return infinite[1] == "-" ? (kind == "sign" ? -1 : -Infinity) : kind == "sign" ? 1 : Infinity;
  const said = Number(kind == "sign" && /^[+-]$/.test(plain) ? plain + "1" : plain);
  if (!Number.isFinite(said)) return null;
  return kind == "sign" ? Math.sign(said) : said;
}

/** An answer as it is written to the reader. @param {Question["kind"]} kind @param {number | string} v */
const tell = (kind, v) => (kind == "sign" ? (SIGNS[Number(v) + 1] ?? format(v)) : format(v));

/** The verdict on an answer: [is it right?, in words].
 * @param {Omit<Question, "words" | "hints">} asked @param {number | string} said
 * @returns {[boolean, string]} */
export function verdict({ kind, truth }, said) {
  const same = said === truth || Object.is(said, truth);
  const off = Math.abs(Number(said) - Number(truth));
  const right = same || (kind == "number" && finite(truth) && off <= CLOSE * Math.abs(Number(truth)));
  const far = kind == "number" && Number.isFinite(off) ? `, off by ${format(off)}` : "";
  const judged = same ? "Exactly: " : right ? "Right: " : `You answered ${tell(kind, said)}${far}: `;
  return [right, `${judged}it is ${tell(kind, truth)}.`];
}

const UNCLEAR = {
  shape: "That is not a shape: try whole numbers, like 3, 4",
  sign: "Answer +, -, 0 or nan",
  number: "That is not a number: try digits, like -0.25, or nan, inf or -inf",
};

// ------------------------------------------------------------------------------------- the score

/** The first answer to each step: was it right, and how many hints came before it?
 * @type {Map<number, { right: boolean, hints: number }>} */
const answers = new Map();
/** How many hints have been read, and to which step. */
const read = { step: 0, count: 0 };

export function score() {
  const all = [...answers.values()];
  const right = all.filter(answer => answer.right).length;
  const hints = all.reduce((sum, answer) => sum + answer.hints, 0);
  return { right, asked: all.length, hints, steps: FRAMES.length };
}

/** The score as a code, which `viz.read_score` reads: TG-right-asked-hints-steps-graph-check. */
export function codeOfScore() {
  const { right, asked, hints, steps } = score();
  const text = `TG-${right}-${asked}-${hints}-${steps}-${G.id}`;
  let check = 0x811c9dc5; // FNV-1a
  for (const c of text) check = Math.imul(check ^ c.charCodeAt(0), 0x01000193) >>> 0;
  return `${text}-${check.toString(16).padStart(8, "0")}`;
}

/** Where programs find the score: in `data-score` of the page, and in a message to the page around it. */
function publish() {
  const known = { ...score(), code: codeOfScore() };
  document.body.dataset.score = JSON.stringify(known);
  if (parent != window) parent.postMessage({ tinygrad_edu: "score", ...known }, "*");
}

/** The hints to the open question that have been asked for. */
export function hintsRead() {
  if (read.step != upcoming()) Object.assign(read, { step: upcoming(), count: 0 });
  return question(nextFrame()).hints.slice(0, read.count);
}

/** Shows one more hint. */
export function hint() {
  read.count += 1;
  changed();
  $("guess").focus();
}

/** Judges the answer, or tells the truth if there is none. @param {string} text */
export function guess(text) {
  const asked = question(nextFrame());
  const step = upcoming() ?? FRAMES.length;
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
    if (!answers.has(step)) answers.set(step, { right, hints: hintsRead().length });
    const so = score();
    const helped = so.hints ? `, with ${plural(so.hints, "hint", "hints")}` : "";
    told = `${words} ${so.right} of ${so.asked} right${helped}.`;
    publish();
  }
  go(step, told);
  $("panel").focus({ preventScroll: true });
  $("panel").scrollTop = 0; // the verdict comes first
}
