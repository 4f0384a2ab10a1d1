// Predictions: a question about the next step, hints, the verdict on the answer, and the score.
import { $ } from "./elements.js";
import { array, called, G, lone, NODES, rule, valueOf } from "./graph.js";
import { clean, count, dims, entry, exact, finite, format, numeric } from "./numbers.js";
import { go } from "./player.js";
import { changed, state } from "./state.js";
import { FRAMES, nextFrame, upcoming } from "./steps.js";
import { worked } from "./worked.js";

const CLOSE = 0.01; // relative to the truth
const ROUNDED = 5e-4; // how far a number may be from what is shown with four digits
const FEW = 4; // numbers that one can add up
const SIGNS = ["negative", "zero", "positive"];

/** Asks for a number if it can be worked out, else for a sign or a shape.
 * @param {Frame} f @returns {Question} */
export function question(f) {
  const n = NODES[f.node];
  if (f.kind == "seed") {
    const words = `What is the gradient of ${called(n)} with respect to itself?`;
    return { words, truth: 1, kind: "number", hints: ["By how much does L change if L changes by 1?"] };
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

/** Between which powers of ten a number lies. @param {number} v */
function range(v) {
  if (!finite(v)) return "It is not finite: nan, inf or -inf.";
  if (v == 0) return "It is neither positive nor negative.";
  const power = Math.floor(Math.log10(Math.abs(v)));
  const [low, high] = [power, power + 1].map(e => format(Math.sign(v) * Number(`1e${e}`)));
  return `It is between ${low} and ${high}.`;
}

/** @param {any} f @param {Numbers} y @returns {Question | null} */
function askForEntry(f, y) {
  const one = worked(f);
  if (!one) return null;
  const { place } = one;
  const before = /** @type {Listed | null} */ (array(f.before));
  const sum = (/** @type {(v: Value) => string} */ write, /** @type {string} */ words) => {
    const all = (before ? write(entry(before, place)) + " + " : "") + words;
    return f.kind == "back" ? `it is ${all} = ?` : all;
  };
  const truth = entry(/** @type {Listed} */ (y), place);
  const size = one.size + (before ? Math.abs(entry(before, place)) : 0);
  // where numbers cancel, four digits of each are not enough
  const exactly = ROUNDED * size > (CLOSE / 2) * Math.abs(truth);
  const whole = sum(exact, worked(f, true)?.words ?? one.words);
  const terms = exactly ? whole : sum(format, one.words);
  const words = `What is ${subject(f)}, at [${place.join(", ")}]? There ${terms}`;
  return { words, truth, kind: "number", hints: [`With all digits: ${whole}`, range(truth)] };
}

/** @param {any} f @param {Numbers} y @returns {Question | null} */
function askForNumber(f, y) {
  const single = lone(y);
  if (single == null) return null;
  const truth = numeric(single);
  const n = NODES[f.node];
  const inputs = n.inputs.map(s => /** @type {[string, Numbers]} */ ([called(NODES[s]), valueOf(NODES[s])]));
  /** @type {[string, Numbers | null][]} */
  const back = [
    ["upstream gradient", array(n.gradient)], ["local derivative", array(f.local)], ["before", array(f.before)],
  ];
  const all = [...(f.kind == "back" && f.local != null ? [] : inputs), ...(f.kind == "back" ? back : [])];
  const given = all.filter(([, a]) => a != null && lone(a) != null)
    .map(([name, a]) => `${name} = ${exact(numeric(lone(a) ?? 0))}`);
  const formula = f.kind == "back" ? (rule(n, f.i)?.join(" = ") ?? "") : n.row == null ? "" : G.rows[n.row].title;
  const hint = [formula.split("\n")[0], given.join(", ")].filter(Boolean).map(clean).join(", with ");
  const most = rule(n)?.[1].startsWith("spread(") ? 2 * FEW : FEW;
  const known = [...inputs.map(([, a]) => a), f.kind == "back" ? array(n.gradient) : null];
  if (known.every(a => !a || count(a) <= most)) {
    const size = Math.max(0, ...all.map(([, a]) => Math.abs(numeric(lone(a) ?? 0))).filter(Number.isFinite));
    const cancels = (/add|subtract/.test(n.title) || f.before != null) && size > 20 * Math.abs(truth);
    const use = cancels && finite(truth) ? ` With all digits: ${given.join(", ")}.` : "";
    return { words: `What is ${subject(f)}?${use}`, truth, kind: "number", hints: [hint, range(truth)] };
  }
  const words = `Is ${subject(f)} positive, negative or zero? Answer +, -, 0 or nan.`;
  const sign = Math.sign(truth);
  const not = SIGNS[sign > 0 ? 0 : 2];
  return { words, truth: sign, kind: "sign", hints: [hint, `It is not ${not}.`] };
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
  const hints = [
    back ? "A gradient has the shape of what it belongs to." : `It has ${y.shape.length} axes.`,
    y.shape.length ? `Its last axis is ${y.shape.at(-1)} long.` : "It is a single number: ().",
  ];
  return { words, truth: dims(y), kind: "shape", hints };
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
    const helped = so.hints ? `, with ${so.hints} ${so.hints == 1 ? "hint" : "hints"}` : "";
    told = `${words} ${so.right} of ${so.asked} right${helped}.`;
    publish();
  }
  go(step, told);
  $("panel").focus({ preventScroll: true });
  $("panel").scrollTop = 0; // the verdict comes first
}
