// A layer's forward and backward pass as a few sentences with numbers in them.
import { INSIDE } from "./boxes.js";
import { make } from "./elements.js";
import { array, broadcastAxes, called, GROUPS, isKind, NODES, rule, short, sizeOf, valueOf } from "./graph.js";
import { clean, dims, format } from "./numbers.js";
import { extras } from "./state.js";
import { FRAMES, sentence } from "./steps.js";

const LONG = 12; // operations: of more the story is too long to be read

/** The story of a group; none of a group that is too large or has nothing to tell. @param {number} g */
function storyOf(g) {
  const inside = new Set(INSIDE[g]);
  if (!inside.size || inside.size > LONG) return null;
  const forward = FRAMES.filter(f => f.kind == "forward" && inside.has(f.node)).map(sentence);
  /** @type {string[]} */
  const back = [];
  let last = -1;
  for (const f of FRAMES) {
    if (f.kind != "back" || !inside.has(f.node)) continue;
    if (f.node != last) back.push(`What came back to ${called(NODES[f.node])} is ${shapeAndSize(NODES[f.node].gradient)}.`);
    back.push(told(f));
    last = f.node;
  }
  return { forward: forward.map(s => s + "."), back };
}

/** "at most 0.3", or the number itself. @param {Numbers | null} a */
const largest = a => (a?.shape.length ? `at most ${format(+sizeOf(a).toPrecision(3))}` : short(a));

/** "(4, 3), at most 0.3" @param {number | undefined} place */
function shapeAndSize(place) {
  const a = array(place);
  return a?.shape.length ? `${dims(a)}, ${largest(a)}` : largest(a);
}

/** One edge of the backward pass. @param {BackFrame} f */
function told(f) {
  const name = called(NODES[f.source]);
  const whose = `${name}${name.endsWith("s") ? "'" : "'s"} gradient`;
  const subject = f.before == null ? `${whose} is` : `Added to ${whose} is`;
  return `${subject} ${phrase(f)}: ${shapeAndSize(f.contribution)}.`;
}

/** What a gradient is made of. @param {BackFrame} f */
function phrase(f) {
  const n = NODES[f.node];
  const [x, up] = [valueOf(NODES[f.source]), array(n.gradient)];
  const words = rule(n, f.i)?.[1] ?? "";
  if (n.title == "matmul")
    return f.i
      ? `what came in (${called(NODES[n.inputs[0]])}), transposed, times what came back`
      : `what came back, times ${called(NODES[n.inputs[1]])}, transposed`;
  const axes = up ? broadcastAxes(x, up) : [];
  if (isKind(n, "elementwise") && axes.length)
    return `what came back, summed over ${axes.length == 1 ? "axis" : "axes"} ${axes.join(", ")}`;
  if (words == "g") return "what came back, unchanged";
  if (words == "-g") return "what came back, with the other sign";
  if (f.local != null) return `what came back, times the local derivative (${largest(array(f.local))})`;
  if (words.startsWith("spread(g")) return "what came back, spread over all numbers that were combined";
  return words ? `what came back, by the rule ${words}` : "what came back, by the rules of the operations inside";
}

/** The story of a layer. @param {number} g @param {boolean} open */
function storyCard(g, open) {
  const story = storyOf(g);
  if (!story) return [];
  const pass = (/** @type {string} */ name, /** @type {string[]} */ sentences) =>
    sentences.length ? make("p", {}, make("b", {}, name + ". "), sentences.join(" ")) : null;
  const inside = [pass("Forward", story.forward), pass("Backward", story.back)];
  const title = make("summary", {}, "The story of " + clean(GROUPS[g].label));
  return [make("details", { class: "story", open: open ? "" : null }, title, ...inside)];
}

extras.details.push(storyCard);
