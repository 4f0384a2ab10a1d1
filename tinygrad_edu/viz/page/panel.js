// The panel: what the step does, and the details of the chosen node.
import { isGroup, nodeOf, numberOf } from "./boxes.js";
import { drawn } from "./drawing.js";
import { $, make, shapeOf, show } from "./elements.js";
import { array, CLASH, fill, G, GROUPS, groupsFrom, NODES, RESULT, USES, valueOf } from "./graph.js";
import { units } from "./layout.js";
import { dims, format } from "./numbers.js";
import { choose, go, isOn, isPhone, toggle } from "./player.js";
import { codeOfScore, guess, hint, hintsRead, question, score } from "./quiz.js";
import { extras, onChange, state } from "./state.js";
import { current, FRAMES, progress, sentence } from "./steps.js";
import { formula, lighting, symbolsIn, symbolsOf } from "./symbols.js";

const MOST_LISTED = 400; // steps in the list: of more those that are near
const NEAR = 300;

const paragraph = (/** @type {any} */ words, kind = "") => make("p", { class: kind || null }, words);
const pale = (/** @type {any} */ words) => paragraph(words, "pale");
const sign = (/** @type {string} */ s) => make("span", {}, s);
/** What is asked for is not shown. @param {HTMLElement} answer */
const secret = answer => (state.asking ? sign("?") : answer);
/** An array with its name above it. @param {string} name @param {Numbers | null} a */
const term = (name, a) => make("div", {}, make("small", {}, name), show(a));

function showPanel() {
  const f = current();
  const { chosen } = state;
  const known = chosen && drawn.has(chosen) ? details(chosen) : null;
  const phone = isPhone();
  keepFocus(() => {
    const panel = $("panel");
    while (panel.firstElementChild && panel.firstElementChild != list) panel.firstElementChild.remove();
    panel.prepend(...[
      f && card(f), known, f || known || phone ? null : welcome(),
      isOn("predict") && score().asked ? scoreCard() : null,
    ].filter(part => part != null));
    showList(Boolean(f) || !phone);
  });
}
onChange(showPanel);

/** Fills the panel anew; what has the focus there, or the panel, still has it. @param {() => void} fill */
function keepFocus(fill) {
  const panel = $("panel");
  const focused = /** @type {HTMLElement} */ (document.activeElement);
  const within = panel.contains(focused);
  if (!within) return fill(); // the focus may be at the body, whose text is all of the page
  const { tagName, textContent } = focused;
  fill();
  if (panel.contains(document.activeElement)) return;
  const same = [...panel.querySelectorAll(tagName)].find(e => e.textContent == textContent) ?? panel;
  (panel.childElementCount ? /** @type {HTMLElement} */ (same) : $("next")).focus({ preventScroll: true });
}

const welcome = () => make(
  "section", {}, make("h2", {}, "How this number was made"),
  [G.note, G.no_gradient].map(words => words && paragraph(words, "bad")),
  paragraph("Each node is an operation with its value and, in violet, its gradient. Click a node to see its formula, its numbers and the line of your program."),
  paragraph("Press → to step through the forward pass, and then through the backward pass, edge by edge."),
);

// --------------------------------------------------------------------------------- all steps in words

const listTitle = make("summary");
const listItems = make("ol");
const list = make("section", {}, make("details", { id: "all", toggle: fillList }, listTitle, listItems));
/** The steps in the list, as long as they are the same: to build it anew takes longer than a frame.
 * @type {{ visible: number[], buttons: Map<number, HTMLElement> }} */
let listed = { visible: [], buttons: new Map() };

/** All steps in words, for screen readers and for reading. @param {boolean} on */
function showList(on) {
  const { visible } = state;
  listTitle.textContent = visible.length == 1 ? "The only step" : `All ${visible.length} steps`;
  if (!on) list.remove();
  else if (!list.isConnected) $("panel").append(list);
  fillList();
}

/** Fills the list once it is open, and marks the step in it. */
function fillList() {
  const { at, visible } = state;
  if (!list.firstChild.open) return;
  const known = listed.visible == visible && listed.buttons.has(at || visible[0]);
  if (!known || G.play) { // in play all sentences may change
    const close = visible.filter(k => Math.abs(k - (at ?? 0)) < NEAR).slice(0, MOST_LISTED);
    const near = visible.length > MOST_LISTED ? close : visible;
    const button = (/** @type {number} */ k) => make("button", { click: () => go(k) }, sentence(FRAMES[k - 1]));
    listed = { visible, buttons: new Map(near.map(k => [k, button(k)])) };
    listItems.start = visible.indexOf(near[0]) + 1;
    listItems.replaceChildren(...[...listed.buttons.values()].map(b => make("li", {}, b)));
  }
  listItems.querySelector("[aria-current]")?.removeAttribute("aria-current");
  listed.buttons.get(at ?? 0)?.setAttribute("aria-current", "step");
}

// ---------------------------------------------------------------------------- the card of a step

/** @param {Frame} f */
function card(f) {
  const said = state.told && make("p", { class: "grad", role: "status" }, state.told);
  const inside = f.kind == "back" ? backCard(f) : f.kind == "seed" ? seedCard() : forwardCard(f);
  return make("section", {}, said, inside, state.asking ? questionCard(f) : null);
}

function seedCard() {
  const words = `L is ${RESULT.called}. A small change of L is a change of L by the same amount.`;
  return [pale("Backward"), make("h2", {}, "∂L/∂L = 1"), paragraph(words)];
}

/** "x: points", or once what is twice the same. @param {string} symbol @param {number} i */
const operand = (symbol, i) => {
  const names = new Set([symbol, NODES[i].called].filter(Boolean));
  return lighting(i, term([...names].join(": "), valueOf(NODES[i])));
};

/** @param {ForwardFrame} f */
function forwardCard(f) {
  const n = NODES[f.node];
  const inputs = n.inputs.map((s, i) => operand(f.told.symbols?.[i] ?? "", s));
  return [
    pale("Forward"), make("h2", {}, n.called), n.row == null ? null : formula(n, G.rows[n.row].title),
    make("div", { class: "sum" }, inputs, sign("→"), secret(term("result", valueOf(n)))), extraCard(f),
  ];
}

/** While a question is open, they would give the answer away. @param {Frame} f */
const extraCard = f => (state.asking ? [] : extras.card.flatMap(add => add(f)));

/** @param {BackFrame} f */
function backCard(f) {
  const [n, x] = [NODES[f.node], NODES[f.source]];
  const { rule, how, worked } = f.told;
  const symbol = n.told?.symbols?.[f.i ?? 0];
  const [local, contribution] = [array(f.local), array(f.contribution)];
  const factors = local
    ? [term("upstream gradient", array(n.gradient)), "×", term("local derivative", local)]
    : operands(n, rule ?? "");
  const result = secret(term("contribution", contribution));
  const before = array(f.before);
  const sum = before && [show(before), sign("+"), secret(show(contribution)), sign("=")];
  return [
    pale("Backward, one edge"), make("h2", {}, `${n.called} → ${x.called}`), rule && formula(n, rule),
    symbol && symbol != x.called ? pale(`${symbol} is ${x.called}`) : null,
    make("div", { class: "sum" }, factors, sign(local ? "=" : "→"), result),
    how && pale(fill(how)), extraCard(f),
    worked && !state.asking ? pale(workedOut(worked, contribution)) : null,
    // how the gradient accumulates
    state.asking && f.before == null ? null : [
      make("h3", {}, x.called + ".grad, accumulated"),
      make("div", { class: "sum grad" }, sum, secret(show(array(f.after)))),
      f.rounding && !state.asking ? pale(f.rounding) : null,
    ],
  ];
}

/** @param {[number[], string]} worked @param {Numbers | null} a */
function workedOut([place, words], a) {
  const k = place.reduce((sum, i, axis) => sum * (a?.shape[axis] ?? 1) + i, 0);
  return `At [${place.join(", ")}]: ${fill(words)} = ${format(a?.numbers?.[k] ?? "?")}`;
}

/** All that the formula of a rule names, with its numbers. @param {GraphNode} n @param {string} rule */
function operands(n, rule) {
  const right = rule.split(" = ")[1]?.split(/[;:]/)[0] ?? ""; // conditions come after it
  const nodes = symbolsOf(n);
  return [...new Set([...symbolsIn(n, right), "g"])].map(symbol => {
    const i = nodes.get(symbol) ?? n.i;
    if (symbol == "g") return lighting(i, term("g, upstream gradient", array(n.gradient)));
    return operand(symbol, i);
  });
}

/** @param {Frame} f */
function questionCard(f) {
  const { words, hints } = question(f);
  const input = make("input", { id: "guess", "aria-label": words, inputmode: "text", autocomplete: "off" });
  const read = hintsRead();
  const help = make("button", { type: "button", click: hint }, "hint");
  const submit = (/** @type {Event} */ e) => {
    e.preventDefault();
    guess(input.value);
  };
  const buttons = [make("button", {}, "answer"), read.length < hints.length ? help : null];
  return [paragraph(words), read.map(pale), make("form", { submit }, input, buttons)];
}

/** The score, with a code that an assignment can ask for. */
function scoreCard() {
  const { right, asked, hints } = score();
  const output = make("code", {}, codeOfScore());
  const copy = () => navigator.clipboard?.writeText(output.textContent).then(
    () => { button.textContent = "copied"; }, () => getSelection()?.selectAllChildren(output));
  const button = make("button", { click: copy }, "copy my score");
  const words = `Score: ${right} of ${asked} right, ${hints} hints.`;
  return make("section", {}, paragraph(words), pale(output), button);
}

// ------------------------------------------------------------------------- the details of a node

/** @param {string} key */
function details(key) {
  const n = nodeOf(key);
  const a = valueOf(n);
  const failed = n.kind == "failed";
  const group = isGroup(key) ? numberOf(key) : null;
  const layer = group ?? n.group;
  const head = (/** @type {string} */ title, /** @type {any} */ inside) =>
    inside && inside.length != 0 ? [make("h3", {}, title), inside] : null;
  return make(
    "section", {}, group == null ? nodeHead(n) : groupHead(group),
    failed ? null : [
      head("Shape and type", paragraph(`${dims(a)} ${a.dtype}`, "number")),
      head("Value", progress().isKnown(n) ? show(a, true) : paragraph("not computed yet")),
      head("Gradient ∂L/∂" + (n.leaf ? n.called : "y"), gradientOf(n)),
    ],
    group != null ? null : [
      tableRow(n).flatMap(([title, words]) => head(title, words)),
      head("Your line", n.line == null ? null : make("pre", {}, G.lines[n.line])),
      head("Inputs", links(n.inputs)),
    ],
    head("Used by", links(n.uses ?? USES[n.i])),
    layer < 0 ? null : storyOf(layer, group != null),
  );
}

/** Names of modules around a node, from the outermost: "in Net › 0: Linear". @param {number} group */
const within = group =>
  group < 0 ? "" : "in " + groupsFrom(group).reverse().map(g => GROUPS[g].label).join(" › ");

/** @param {GraphNode} n */
function nodeHead(n) {
  const facts = [n.kind, n.settings, n.axes, within(n.group)].filter(Boolean).join(", ");
  const shapes = n.clash && n.inputs.map(s => {
    const axes = shapeOf(valueOf(NODES[s]), CLASH.get(s) ?? []);
    return paragraph([NODES[s].called + " ", axes], "number");
  });
  return [
    make("h2", {}, n.called), pale(facts),
    n.change && make("div", { class: "change" }, n.change.split("\n").map(line => paragraph(line))),
    shapes && [make("h3", {}, "Axes that do not fit"), shapes],
    G.first_bad?.node == n.i ? paragraph(G.first_bad.words, "bad") : null,
    n.rounding && pale(n.rounding),
  ];
}

/** @param {number} g */
function groupHead(g) {
  const { label, inside, outer } = GROUPS[g];
  const facts = [`${inside.length} operations; shown is the last of them`, within(outer)];
  return [
    make("h2", {}, label), pale(facts.filter(Boolean).join(", ")),
    make("button", { click: () => toggle(g) }, "expand"),
  ];
}

/** @param {GraphNode} n */
function gradientOf(n) {
  const gradient = progress().gradientOf(n);
  if (gradient != null) return make("div", { class: "grad" }, show(array(gradient), true));
  const none = G.no_gradient || "no gradient: nothing that it was made from requires one";
  return paragraph(state.at != null && n.gradient != null ? "no contribution yet" : none);
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
    name.startsWith("∂") ? formula(n, words) : make("pre", {}, words),
  ];
  return [["Formula", formula(n, title)], ...lines.map(row)];
}

/** Buttons that lead to other nodes; null if there are none. @param {number[]} nodes */
function links(nodes) {
  if (!nodes.length) return null;
  const link = (/** @type {number} */ i) =>
    lighting(i, make("button", { click: () => choose(units[i], true) }, NODES[i].called));
  return make("div", { class: "links" }, [...new Set(nodes)].map(link));
}

/** The story of a layer. @param {number} g @param {boolean} open */
function storyOf(g, open) {
  const { label, story = [] } = GROUPS[g];
  const passes = story.map((words, i) =>
    words && paragraph([make("b", {}, i ? "Backward. " : "Forward. "), fill(words)]));
  const title = make("summary", {}, "The story of " + label);
  return story.length ? make("details", { class: "story", open: open ? "" : null }, title, passes) : null;
}
