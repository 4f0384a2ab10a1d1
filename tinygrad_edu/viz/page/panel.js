// The panel: what the step does, and the details of the chosen node.
import { INSIDE, isGroup, nodeOf, numberOf } from "./boxes.js";
import { drawn } from "./drawing.js";
import { $, make, shapeOf, show } from "./elements.js";
import {
  argument, array, broadcastAxes, called, CLASH, G, GROUPS, isKind, NODES, pathTo, rule, usesOf, valueOf,
} from "./graph.js";
import { units } from "./layout.js";
import { clean, code, dims, entry, format } from "./numbers.js";
import { choose, go, isOn, isPhone, toggle } from "./player.js";
import { codeOfScore, guess, hint, hintsRead, question, score } from "./quiz.js";
import { extras, onChange, state } from "./state.js";
import { current, FRAMES, progress, sentence } from "./steps.js";
import { formula, lighting, symbolsIn, symbolsOf } from "./symbols.js";
import { worked } from "./worked.js";

const MOST_LISTED = 400; // steps in the list
const NEAR = 300;

/** @param {string} s */
const pale = s => make("p", { class: "pale" }, s);
const sign = (/** @type {string} */ s) => make("span", {}, s);
/** While a question is open, they would give the answer away. @param {Frame} f */
const extraCard = f => (state.asking ? [] : extras.card.flatMap(add => add(f)));
/** What is asked for is not shown. @param {Numbers | null} a */
const hidden = a => (state.asking ? sign("?") : show(a));

function showPanel() {
  const f = current();
  /** @type {any[]} */
  const parts = [];
  if (f) parts.push(card(f));
  if (state.chosen && drawn.has(state.chosen)) parts.push(details(state.chosen));
  if (!parts.length && !isPhone()) parts.push(welcome());
  if (isOn("predict") && score().asked) parts.push(scoreCard());
  if (f || !isPhone()) parts.push(listOfSteps());
  keepFocus(() => $("panel").replaceChildren(...parts));
}

/** Fills the panel anew; what has the focus there, or the panel, still has it. @param {() => void} fill */
function keepFocus(fill) {
  const panel = $("panel");
  const focused = /** @type {HTMLElement} */ (document.activeElement);
  const within = panel.contains(focused);
  // outside it may be the body, whose text is all of the page
  const { tagName, textContent } = within ? focused : panel;
  fill();
  if (!within || panel.contains(document.activeElement)) return;
  const same = [...panel.querySelectorAll(tagName)].find(e => e.textContent == textContent) ?? panel;
  (panel.childElementCount ? /** @type {HTMLElement} */ (same) : $("next")).focus({ preventScroll: true });
}
onChange(showPanel);

function welcome() {
  const said = [G.note, G.no_gradient].flatMap(s => s || []);
  return make(
    "section", {}, make("h2", {}, "How this number was made"),
    ...said.map(s => make("p", { class: "bad" }, clean(s))),
    make("p", {}, "Each node is an operation with its value and, in violet, its gradient. Click a node to see its formula, its numbers and the line of your program."),
    make("p", {}, "Press → to step through the forward pass, and then through the backward pass, edge by edge."),
  );
}

/** All steps in words, for screen readers and for reading; filled when it is opened. */
function listOfSteps() {
  const { at, visible } = state;
  const close = visible.filter(k => Math.abs(k - (at ?? 0)) < NEAR).slice(0, MOST_LISTED);
  const near = visible.length > MOST_LISTED ? close : visible;
  const title = visible.length == 1 ? "The only step" : `All ${visible.length} steps`;
  const list = make("ol", { start: visible.indexOf(near[0]) + 1 });
  const all = make("details", { id: "all" }, make("summary", {}, title), list);
  const item = (/** @type {number} */ k) => {
    const facts = { click: () => go(k), "aria-current": k == at ? "step" : null };
    return make("li", {}, make("button", facts, sentence(FRAMES[k - 1])));
  };
  const fill = () => all.open && !list.childElementCount && list.append(...near.map(item));
  all.addEventListener("toggle", fill);
  all.open = /** @type {HTMLDetailsElement | null} */ ($("all"))?.open ?? false;
  fill();
  return make("section", {}, all);
}

// ---------------------------------------------------------------------------- the card of a step

/** @param {Frame} f */
function card(f) {
  const all = make("section");
  if (state.told) all.append(make("p", { class: "grad", role: "status" }, state.told));
  const n = NODES[f.node];
  all.append(...(f.kind == "back" ? backCard(n, f) : f.kind == "seed" ? seedCard(n) : forwardCard(n)));
  if (state.asking) all.append(...questionCard(f));
  return all;
}

/** @param {GraphNode} n */
function seedCard(n) {
  const words = `L is ${called(n)}. A small change of L is a change of L by the same amount.`;
  return [pale("Backward"), make("h2", {}, "∂L/∂L = 1"), make("p", {}, words)];
}

/** An array with its name above it. @param {string} name @param {Numbers | null} a */
const term = (name, a) => make("div", {}, make("small", {}, name), show(a));

/** "x: points", or once what is twice the same. @param {string} symbol @param {GraphNode} n */
const symbolAndName = (symbol, n) => [...new Set([symbol, called(n)])].filter(Boolean).join(": ");

/** @param {GraphNode} n */
function forwardCard(n) {
  const inputs = n.inputs.map((s, i) =>
    lighting(s, term(symbolAndName(argument(n, i), NODES[s]), valueOf(NODES[s]))));
  const result = state.asking ? sign("?") : term("result", valueOf(n));
  return [
    pale("Forward"), make("h2", {}, called(n)),
    ...(n.row == null ? [] : [formula(n, G.rows[n.row].title)]),
    make("div", { class: "sum" }, ...inputs, sign("→"), result),
    ...extraCard({ kind: "forward", node: n.i }),
  ];
}

/** @param {GraphNode} n @param {BackFrame} f */
function backCard(n, f) {
  const x = NODES[f.source];
  const all = [pale("Backward, one edge"), make("h2", {}, `${called(n)} → ${called(x)}`)];
  const found = rule(n, f.i);
  if (found) {
    const symbol = argument(n, f.i);
    const known = ["", called(x)].includes(symbol);
    all.push(formula(n, found.join(" = ")), pale(known ? "" : `${symbol} is ${called(x)}`));
  }
  const [local, contribution] = [array(f.local), array(f.contribution)];
  const factors = local
    ? [term("upstream gradient", array(n.gradient)), "×", term("local derivative", local)]
    : operands(n, found);
  const made = state.asking ? sign("?") : term("contribution", contribution);
  all.push(make("div", { class: "sum" }, ...factors, sign(local ? "=" : "→"), made));
  if (!local) all.push(pale(explained(n, f)));
  all.push(...extraCard(f));
  const one = !state.asking && worked(f);
  if (one) {
    const result = format(entry(/** @type {any} */ (contribution), one.place));
    all.push(pale(`At [${one.place.join(", ")}]: ${one.words} = ${result}`));
  }
  return [...all, ...accumulation(x, f)];
}

/** The sum by which a gradient accumulates. @param {GraphNode} x @param {BackFrame} f */
function accumulation(x, f) {
  if (state.asking && f.before == null) return [];
  const sum = f.before == null ? [] : [
    show(array(f.before)), sign("+"), hidden(array(f.contribution)), sign("="),
  ];
  const parts = make("div", { class: "sum grad" }, ...sum, hidden(array(f.after)));
  const rounding = f.rounding && !state.asking ? pale(f.rounding) : "";
  return [make("h3", {}, called(x) + ".grad, accumulated"), parts, rounding];
}

/** All that the formula of a rule names, with its numbers.
 * @param {GraphNode} n @param {[string, string] | null} found */
function operands(n, found) {
  const formulaOnly = found?.[1].split(/[;:]/)[0] ?? ""; // conditions come after it
  const nodes = symbolsOf(n);
  return [...new Set([...symbolsIn(n, formulaOnly), "g"])].map(symbol => {
    const i = nodes.get(symbol) ?? n.i;
    if (symbol == "g") return lighting(i, term("g, upstream gradient", array(n.gradient)));
    return lighting(i, term(symbolAndName(symbol, NODES[i]), valueOf(NODES[i])));
  });
}

/** An edge without a local derivative for each number, explained in a sentence.
 * @param {GraphNode} n @param {BackFrame} f */
function explained(n, f) {
  const [x, up] = [valueOf(NODES[f.source]), array(n.gradient)];
  if (n.title == "matmul" && x.shape.length == 2 && up?.shape.length == 2)
    return `Entry [i, j] is the sum over k of ${f.i ? "x[k, i] × g[k, j]" : "g[i, k] × w[j, k]"}.`;
  const axes = up ? broadcastAxes(x, up) : [];
  if (isKind(n, "elementwise") && axes.length) {
    const named = `${axes.length == 1 ? "axis" : "axes"} ${axes.join(", ")}`;
    return `${called(NODES[f.source])} is broadcast along ${named} of the result, so its gradient is summed over ${named}.`;
  }
  if (rule(n, f.i)?.[1].startsWith("spread(g")) {
    return `${n.title} goes ${n.axes || "over all axes"}: all numbers that were combined into one get the same gradient.`;
  }
  return "The upstream gradient is multiplied by the local derivatives, and summed over all results that a number contributes to.";
}

/** @param {Frame} f */
function questionCard(f) {
  const { words, hints } = question(f);
  const facts = { id: "guess", "aria-label": words, inputmode: "text", autocomplete: "off" };
  const input = make("input", facts);
  const read = hintsRead();
  const more = read.length < hints.length;
  const help = more ? make("button", { type: "button", click: hint }, "hint") : null;
  const form = make("form", {}, input, make("button", {}, "answer"), help);
  form.addEventListener("submit", (/** @type {Event} */ e) => {
    e.preventDefault();
    guess(input.value);
  });
  return [make("p", {}, words), ...read.map(pale), form];
}

/** The score, with a code that an assignment can ask for. */
function scoreCard() {
  const { right, asked, hints } = score();
  const output = make("code", {}, codeOfScore());
  const copy = () => navigator.clipboard?.writeText(output.textContent).then(
    () => { button.textContent = "copied"; }, () => getSelection()?.selectAllChildren(output));
  const button = make("button", { click: copy }, "copy my score");
  const words = `Score: ${right} of ${asked} right, ${hints} hints.`;
  return make("section", {}, make("p", {}, words), make("p", { class: "pale" }, output), button);
}

// ------------------------------------------------------------------------- the details of a node

/** @param {string} key */
function details(key) {
  const n = nodeOf(key);
  const group = isGroup(key) ? numberOf(key) : null;
  const all = make("section");
  all.append(...(group == null ? nodeHead(n) : groupHead(group)));
  const head = (/** @type {string} */ title, /** @type {any[]} */ ...inside) =>
    all.append(make("h3", {}, title), ...inside.filter(Boolean));
  if (n.kind != "failed") {
    const { dtype } = valueOf(n);
    head("Shape and type", make("p", { class: "number" }, `${dims(valueOf(n))} ${clean(dtype)}`));
    head("Value", progress().isKnown(n) ? show(valueOf(n), true) : make("p", {}, "not computed yet"));
    head("Gradient ∂L/∂" + (n.leaf ? called(n) : "y"), gradientOf(n));
  }
  if (group == null) {
    for (const [title, words] of tableRow(n)) head(title, words);
    if (n.line != null) head("Your line", make("pre", {}, clean(G.lines[n.line])));
    if (n.inputs.length) head("Inputs", links(n.inputs));
  }
  if (usesOf(n).length) head("Used by", links(usesOf(n)));
  const layer = group ?? n.group;
  if (layer >= 0) all.append(...extras.details.flatMap(add => add(layer, group != null)));
  return all;
}

/** @param {GraphNode} n */
function nodeHead(n) {
  const path = pathTo(n.group);
  const facts = [n.kind, n.settings && clean(n.settings), n.axes, path.length && "in " + path.join(" › ")];
  const changes = n.change ? n.change.split("\n") : [];
  return [
    make("h2", {}, called(n)), pale(facts.filter(Boolean).join(", ")),
    changes.length ? make("div", { class: "change" }, ...changes.map(s => make("p", {}, clean(s)))) : "",
    ...clashes(n),
    G.first_bad?.node == n.i ? make("p", { class: "bad" }, clean(G.first_bad.words)) : "",
    n.rounding ? pale(n.rounding) : "",
  ];
}

/** The shapes of what an operation failed on, with the axes in red that do not fit. @param {GraphNode} n */
function clashes(n) {
  if (!n.clash) return [];
  const shapes = n.inputs.map(s =>
    make("p", { class: "number" }, called(NODES[s]) + " ", ...shapeOf(valueOf(NODES[s]), CLASH.get(s) ?? [])));
  return [make("h3", {}, "Axes that do not fit"), ...shapes];
}

/** @param {number} g */
function groupHead(g) {
  const path = pathTo(GROUPS[g].outer);
  const inside = `${INSIDE[g].length} operations; shown is the last of them`;
  return [
    make("h2", {}, clean(GROUPS[g].label)), pale(inside + (path.length ? ", in " + path.join(" › ") : "")),
    make("button", { click: () => toggle(g) }, "expand"),
  ];
}

/** @param {GraphNode} n */
function gradientOf(n) {
  const gradient = progress().gradientOf(n);
  if (gradient != null) return make("div", { class: "grad" }, show(array(gradient), true));
  const none = G.no_gradient || "no gradient: nothing that it was made from requires one";
  return make("p", {}, state.at != null && n.gradient != null ? "no contribution yet" : clean(none));
}

/** What the derivative table knows of an operation: [title, element].
 * @param {GraphNode} n @returns {[string, HTMLElement][]} */
function tableRow(n) {
  if (n.row == null) return [];
  const { title, lines } = G.rows[n.row];
  const titles = new Map([["in", "Source"], ["is", "Kind"]]);
  /** @type {(line: [string, string]) => [string, HTMLElement]} */
  const row = ([name, words]) => [
    titles.get(name) ?? name[0].toUpperCase() + name.slice(1),
    name.startsWith("∂") ? formula(n, words) : make("pre", {}, code(words)),
  ];
  return [["Formula", formula(n, title)], ...lines.map(row)];
}

/** Buttons that lead to other nodes. @param {number[]} nodes */
function links(nodes) {
  const link = (/** @type {number} */ i) =>
    lighting(i, make("button", { click: () => choose(units[i], true) }, called(NODES[i])));
  return make("div", { class: "links" }, ...[...new Set(nodes)].map(link));
}
