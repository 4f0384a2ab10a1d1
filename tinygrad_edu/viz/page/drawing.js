// The picture: drawn when boxes open or close, and filled with what is known after each step.
import { numberOf } from "./boxes.js";
import { $, make, picture, shapeOf } from "./elements.js";
import { array, CLASH, GROUPS, groupsFrom, NODES, short, valueOf } from "./graph.js";
import { around, layOut, lines, pointsOf, spots, units } from "./layout.js";
import { dims, round } from "./numbers.js";
import { changed, onChange, state } from "./state.js";
import { current, keysOf, progress } from "./steps.js";

/** @type {Map<string, Drawn>} */
export const drawn = new Map();
/** The lines, by "from>to". @type {Map<string, SVGPathElement>} */
export const paths = new Map();
export let bounds = around([]);

/** Draws the graph anew. */
export function draw() {
  layOut();
  drawn.clear();
  paths.clear();
  const [edges, nodes, labels] = [make("g"), make("g"), make("g", { class: "labels" })];
  for (const [key, line] of lines) paths.set(key, edge(curve(pointsOf(line))));
  for (const key of inOrder()) {
    const spot = spots.get(key);
    if (!spot) continue;
    if (!spot.about) {
      drawBox(key, spot, nodes, labels);
      continue;
    }
    if (spot.of) paths.set(`${key}>${spot.of}`, edge(shortLine(spot, spots.get(spot.of) ?? spot)));
    const node = drawNode(key, spot, spot.about);
    drawn.set(key, node);
    nodes.append(node.element);
  }
  edges.append(...paths.values());
  $("world").replaceChildren(edges, nodes, labels);
  bounds = around([...spots.values()]);
  changed();
}

/** The keys in the order of the graph, in which the Tab key follows it: a box before what is in it. */
function inOrder() {
  const keys = new Set();
  for (const n of NODES) {
    for (const g of groupsFrom(n.group).reverse()) keys.add("b" + g);
    keys.add(units[n.i]);
  }
  return keys;
}

/** @param {string} key @param {Spot} spot @param {SVGGElement} boxes @param {SVGGElement} labels */
function drawBox(key, { x, y, w, h }, boxes, labels) {
  const name = GROUPS[numberOf(key)].short;
  const facts = {
    class: "box", tabindex: 0, role: "button", "data-key": key,
    "aria-expanded": "true", "aria-label": "Collapse " + name,
  };
  boxes.append(make("g", facts, make("rect", { x, y, width: w, height: h, rx: 10 })));
  labels.append(make("text", { x: x + 12, y: y + 19, class: "small" }, "− " + name));
}

const edge = (/** @type {string} */ d) => make("path", { class: "edge", d, "marker-end": "url(#arrow)" });

/** A line through the points, with bends that begin and end vertically.
 * @param {Point[]} points */
function curve(points) {
  const parts = [`M${points[0].slice(0, 2).map(v => round(v ?? 0))}`];
  points.slice(1).forEach(([u, v, bend], i) => {
    const [x, y] = points[i];
    const middle = round(bend ?? (y + v) / 2);
    const end = `${round(u)} ${round(v)}`;
    if (Math.abs(x - u) >= 0.5) parts.push(`C${round(x)} ${middle} ${round(u)} ${middle} ${end}`);
    else if (x != u || y != v) parts.push("L" + end);
  });
  return parts.join("");
}

/** From a leaf to the node beside it. @param {Spot} leaf @param {Spot} node */
function shortLine(leaf, node) {
  const y = round(leaf.y + leaf.h / 2);
  const end = Math.max(node.y + 8, Math.min(node.y + node.h - 8, y));
  return `M${round(leaf.x)} ${y}L${round(node.x + node.w)} ${round(end)}`;
}

/** @param {string} key @param {Spot} spot @param {Label} about @returns {Drawn} */
function drawNode(key, spot, about) {
  const { x, y, w, h } = spot;
  const { n, group, title, number, extra, bare } = about;
  const kind = group ? "module" : n.kind;
  const element = make("g", {
    class: `node ${kind}${n.shade && !group ? " shaded" : ""}`, tabindex: 0, role: "button", "data-key": key,
    "aria-expanded": group ? "false" : null,
  });
  const stacked = kind == "module"; // two sheets: there is more inside
  if (stacked) element.append(make("rect", { x: x + 4, y: y + 4, width: w, height: h, rx: 8 }));
  const rx = n.leaf && !group ? Math.min(14, h / 2) : 8;
  const sheet = make("rect", { x, y, width: w, height: h, rx });
  if (n.shade && !group)
    sheet.style.fill = `color-mix(in srgb, var(--change) ${Math.round(60 * n.shade)}%, var(--operation))`;
  const place = bare
    ? { x: x + w / 2, y: y + 18, "text-anchor": "middle" }
    : { x: x + 12, y: y + 19 };
  const facts = make("g");
  element.append(sheet, make("text", { ...place, "font-weight": 600 }, title));
  if (number)
    element.append(make("text", { x: x + w - 10, y: y + 19, "text-anchor": "end", class: "small" }, number));
  if (extra) element.append(make("text", { x: x + 12, y: y + 34, class: "small" }, extra));
  element.append(facts);
  for (const text of element.querySelectorAll("text")) text.after(" "); // between words, for screen readers
  return { element, facts, spot, about, look: "" };
}

/** Shows the current step in the picture. */
function paint() {
  const f = current();
  const now = keysOf(f);
  const { isKnown, gradientOf } = progress();
  for (const [key, node] of drawn) {
    const { n } = node.about;
    const known = isKnown(n);
    const gradient = known ? array(gradientOf(n)) : null;
    const chosen = key == state.chosen;
    // of a thousand nodes a step changes a few
    const look = [known, n.value, known && gradientOf(n), now.includes(key), chosen, state.asking].join();
    if (look == node.look) continue;
    node.look = look;
    const { classList } = node.element;
    classList.toggle("later", !known && !now.includes(key));
    classList.toggle("now", now.includes(key));
    classList.toggle("chosen", chosen);
    classList.toggle("wrong", Boolean((known && valueOf(n).bad) || gradient?.bad));
    node.element.setAttribute("aria-label", spoken(key, node.about, known, gradient));
    node.facts.replaceChildren(...factsOf(node, known, gradient));
  }
  for (const path of active) path.classList.remove("now");
  active = [...paths].flatMap(([key, path]) => (isActive(key, f) ? [path] : []));
  for (const path of active) {
    path.classList.add("now");
    path.style.animationDirection = f?.kind == "back" ? "normal" : "reverse";
  }
}
onChange(paint);
/** The lines that the step is about. @type {SVGPathElement[]} */
let active = [];

/** Does something go along this line in the step?
 * @param {string} key @param {Frame | null} f */
function isActive(key, f) {
  if (f?.kind == "back") return key == `${units[f.source]}>${units[f.node]}`;
  return f?.kind == "forward" && key.endsWith(">" + units[f.node]);
}

/** A node in words, for screen readers: all that is written on it, in the same order.
 * @param {string} key @param {Label} about @param {boolean} known @param {Numbers | null} gradient */
function spoken(key, { n, group, title, number, extra, single }, known, gradient) {
  const kind = n.kind == "freed" ? "" : n.kind == "failed" ? "operation " : n.kind + " ";
  const shape = single || n.kind == "failed" || (state.asking && !known) ? "" : dims(valueOf(n));
  const words = group ? [`Module ${GROUPS[numberOf(key)].label},`, extra] : [kind + title.trim(), number, extra];
  const name = [...words, shape].filter(Boolean).join(" ");
  if (n.kind == "failed") return name + ", failed";
  const value = known ? ", value " + short(valueOf(n)) : ", not computed yet";
  return name + value + (gradient ? ", gradient " + short(gradient) : "");
}

/** A word of the spoken name that is not seen, as it is outside of a text. @param {string} word */
const quiet = word => make("tspan", {}, ` ${word} `);

/** The last line of a node: value and gradient, as numbers or as small pictures.
 * @param {Drawn} node @param {boolean} known @param {Numbers | null} gradient */
function factsOf({ spot, about }, known, gradient) {
  if (about.bare) return []; // its value is its name
  const a = valueOf(about.n);
  const y = spot.y + about.height - 9;
  const bad = known && a.bad ? "small bad" : "small";
  const right = spot.x + spot.w;
  const value = (/** @type {any[]} */ ...words) => make("text", { x: spot.x + 12, y, class: bad }, ...words);
  if (about.single) {
    const facts = { x: right - 10, y, "text-anchor": "end", class: gradient?.bad ? "small bad" : "small g" };
    const seen = known ? [quiet("value"), value(short(a))] : [value("?")];
    const back = gradient ? [quiet("gradient"), make("text", facts, "∂ " + short(gradient))] : [];
    return [...seen, ...back];
  }
  const hidden = state.asking && !known;
  return [
    about.n.kind == "failed" ? value("failed")
      : hidden ? value("?") : value(...shapeOf(a, CLASH.get(about.n.i) ?? [], "tspan")),
    ...thumb(gradient, right - 38, y, "var(--grad)"),
    ...thumb(known ? a : null, right - 70, y, "var(--edge)"),
  ];
}

/** @param {Numbers | null} a @param {number} x @param {number} y @param {string} color */
function thumb(a, x, y, color) {
  const p = a && picture(a);
  if (!p) return [];
  const style = "image-rendering:pixelated";
  const size = { width: 28, height: 18 };
  const frame = `fill:none;stroke:${color};stroke-width:1`;
  return [
    make("image", { href: p.url, x, y: y - 14, ...size, preserveAspectRatio: "none", style }),
    make("rect", { x: x - 0.5, y: y - 14.5, width: 29, height: 19, rx: 2, style: frame }),
  ];
}
