// Where everything is. Each expanded box is laid out on its own, and then takes its place in the box around
// it. A line that crosses a border is a line within each box, from port to port.
import { closed, groupAround, isGroup, nodeOf, numberOf, unit } from "./boxes.js";
import { $, make, picture } from "./elements.js";
import { GROUPS, groupsFrom, lone, NODES, USES, valueOf } from "./graph.js";
import { arrange, newCell, TURN } from "./layers.js";
import { dims } from "./numbers.js";

const CHIP = 14; // between a node and the leaves that it alone uses
const CHIP_GAP = 8;
const HEAD = 30; // of a box, for its name
const PAD = 16;
const PAGE = -1; // the group that all others are in
const FONT = " system-ui, -apple-system, 'Segoe UI', Roboto, Helvetica, Arial, sans-serif";

/** The keys that the nodes are drawn as. @type {string[]} */
export let units = [];
/** @type {Map<string, Spot>} */
export const spots = new Map();
/** @type {Map<string, LongLine>} */
export const lines = new Map();
/** The points of each line within a box. @type {Map<string, Point[]>} */
const routes = new Map();
/** Leaves that are drawn beside the only node that uses them. @type {Map<string, number[]>} */
const chips = new Map();
/** What is in each expanded group. @type {Map<number, Set<string>>} */
const items = new Map();
/** The lines within each expanded group. @type {Map<number, Map<string, Line>>} */
const local = new Map();
/** @type {Map<number, Box>} */
const boxes = new Map();

/** @type {CanvasRenderingContext2D} */
const ruler = make("canvas").getContext("2d");

/** The width of a text on the page. @param {string} s @param {string} font */
function wide(s, font) {
  ruler.font = font + FONT;
  return ruler.measureText(s).width;
}

/** Finds the place of everything that is not inside of a collapsed group: fills `spots` and `lines`. */
export function layOut() {
  for (const all of [spots, lines, routes, chips, items, local, boxes]) all.clear();
  units = NODES.map(n => unit(n.i));
  addGroup(PAGE);
  const beside = findChips();
  NODES.forEach((n, i) => {
    const hidden = beside.has(i) || (isGroup(units[i]) && n.leaf);
    if (!hidden) addItem(units[i]);
  });
  for (const n of NODES) for (const s of n.inputs) if (!beside.has(s)) addLine(units[s], units[n.i]);
  layOutGroup(PAGE);
  placeGroup(PAGE, 0, 0);
}

/** Finds parameters and constants with a single use. */
function findChips() {
  /** @type {Set<number>} */
  const beside = new Set();
  for (const n of NODES) {
    if (isGroup(units[n.i]) || n.leaf) continue;
    const own = n.inputs.filter(s => {
      const x = NODES[s];
      return x.leaf && /parameter|constant/.test(x.kind) && USES[s].length == 1 && x.group == n.group;
    });
    chips.set("n" + n.i, own);
    for (const s of own) beside.add(s);
  }
  return beside;
}

/** @param {number} g */
function addGroup(g) {
  items.set(g, new Set());
  local.set(g, new Map());
}

/** @param {string} key */
function addItem(key) {
  const g = groupAround(key);
  if (!items.has(g)) {
    addGroup(g);
    addItem("g" + g);
  }
  items.get(g)?.add(key);
}

/** The groups around what is drawn, from the innermost to the page. @param {string} key */
const chain = key => [...groupsFrom(groupAround(key)), PAGE];

/** Adds a line, in parts: out of the boxes around a, through the box that both are in, into those around
 * b.
 * @param {string} a @param {string} b */
function addLine(a, b) {
  const key = a + ">" + b;
  if (a == b || lines.has(key)) return;
  const [up, down] = [chain(a), chain(b)];
  const shared = up.find(g => down.includes(g)) ?? PAGE;
  /** @type {[number, string][]} */
  const out = [];
  /** @type {[number, string][]} */
  const into = [];
  let [from, to] = [a, b];
  for (const g of up.slice(0, up.indexOf(shared))) {
    out.push(addPart(g, from, "o" + a, a));
    from = "g" + g;
  }
  for (const g of down.slice(0, down.indexOf(shared))) {
    into.unshift(addPart(g, "i" + a, to, a));
    to = "g" + g;
  }
  lines.set(key, { a, b, parts: [...out, addPart(shared, from, to, a), ...into] });
}

/** @param {number} g @param {string} from @param {string} to @param {string} source
 * @returns {[number, string]} */
function addPart(g, from, to, source) {
  const id = `${from}>${to}>${source}`;
  const weak = from[0] == "n" && NODES[numberOf(from)].leaf;
  local.get(g)?.set(id, { id, from, to, source, weak, through: [], startOffset: 0, endOffset: 0 });
  return [g, id];
}

// ---------------------------------------------------------------------------------------- sizes

/** @param {string} key @returns {Label} */
function label(key) {
  const group = isGroup(key);
  const n = nodeOf(key);
  const a = valueOf(n);
  const { short, inside } = GROUPS[group ? numberOf(key) : -1] ?? {};
  const title = group ? "+ " + short : n.label;
  const extra = group ? `${inside.length} operations` : n.extra;
  const number = group || n.leaf ? "" : "#" + n.order;
  const single = lone(a) != null;
  const bare = n.kind == "constant" && single && !group;
  const heading = wide(title, "600 13px") + (number ? wide(number, "11px") + 14 : 0);
  if (bare) return { n, group, title, number, extra, single, bare, width: heading + 20, height: 26 };
  const pictured = !single && picture(a);
  const numbers = n.gradient != null || !n.leaf ? 118 : 0;
  const below = single ? numbers : 24 + wide(dims(a), "11px") + (pictured ? 66 : 0);
  const width = Math.max(54, heading + 24, wide(extra, "11px") + 24, below);
  const height = 30 + (extra ? 16 : 0) + (pictured ? 24 : 16);
  return { n, group, title, number, extra, single, bare, width, height };
}

/** @param {Label[]} own */
const heightOf = own => own.reduce((h, chip) => h + chip.height + CHIP_GAP, -CHIP_GAP);

/** The room that a node with its chips, or an expanded box, takes.
 * @param {string} key @returns {Partial<Cell>} */
function size(key) {
  if (isGroup(key) && !closed.has(numberOf(key))) return layOutGroup(numberOf(key));
  const about = label(key);
  const own = (chips.get(key) ?? []).map(s => label("n" + s));
  const half = about.width / 2;
  const beside = own.length ? CHIP + Math.max(...own.map(c => c.width)) : 0;
  return { about, own, l: half, r: half + beside, h: Math.max(about.height, heightOf(own)) };
}

/** The room for columns: none on a telephone, which shows one at a time. */
function room() {
  const { clientWidth: width, clientHeight: height } = $("canvas");
  return innerWidth > 768 ? { width, height } : undefined;
}

/** Lays out the inside of a box; returns the room that it takes.
 * @param {number} g @returns {Partial<Cell>} */
function layOutGroup(g) {
  const inner = [...(local.get(g)?.values() ?? [])];
  /** @type {Map<string, Cell>} */
  const cells = new Map();
  for (const key of items.get(g) ?? []) cells.set(key, newCell(key, size(key)));
  for (const key of inner.flatMap(e => [e.from, e.to]))
    if (!cells.has(key)) cells.set(key, newCell(key, { l: 5, r: 5, port: true }));
  const { height, low, high, middle, entries, exits } = arrange(cells, inner, room());
  const page = g == PAGE;
  const name = page ? 0 : wide("− " + GROUPS[g].short, "600 12px") + 24;
  const pad = page ? 0 : PAD;
  const l = middle - low + pad;
  const r = Math.max(high - middle + pad, name - l);
  const h = page ? height : HEAD + height + (exits.length ? 2 : 14);
  boxes.set(g, { cells, inner, middle, l, r, h });
  /** @type {(ports: Cell[]) => Map<string, number>} */
  const offsets = ports => new Map(ports.map(c => [c.key.slice(1), c.x - middle]));
  return { l, r, h, child: g, ins: offsets(entries), outs: offsets(exits) };
}

// --------------------------------------------------------------------------------------- places

/** Places a box and what is in it. (x, y) is the middle of its upper side.
 * @param {number} g @param {number} x @param {number} y */
function placeGroup(g, x, y) {
  const box = /** @type {Box} */ (boxes.get(g));
  const top = g == PAGE ? y : y + HEAD;
  if (g != PAGE) spots.set("b" + g, { x: x - box.l, y, w: box.l + box.r, h: box.h, middle: x });
  for (const c of box.cells.values()) {
    const middle = x - box.middle + c.x;
    if (c.child != null) placeGroup(c.child, middle, top + c.y);
    else if (c.about) placeNode(c, c.about, middle, top + c.y);
  }
  for (const line of box.inner) routes.set(`${g}:${line.id}`, route(g, line, x - box.middle, y));
}

/** @param {Cell} c @param {Label} about @param {number} x the middle @param {number} y */
function placeNode(c, about, x, y) {
  const { own = [], key } = c;
  const { width: w, height: h } = about;
  spots.set(key, { x: x - w / 2, y: y + (c.h - h) / 2, w, h, about });
  let chipY = y + (c.h - heightOf(own)) / 2;
  for (const chip of own) {
    const size = { w: chip.width, h: chip.height };
    spots.set("n" + chip.n.i, { x: x + w / 2 + CHIP, y: chipY, ...size, about: chip, of: key });
    chipY += chip.height + CHIP_GAP;
  }
}

/** The points of a line within a box whose upper left is at (left, y).
 * @param {number} g @param {Line} line @param {number} left @param {number} y @returns {Point[]} */
function route(g, line, left, y) {
  const { cells, h } = /** @type {Box} */ (boxes.get(g));
  const [from, to] = [cells.get(line.from), cells.get(line.to)];
  if (!from || !to) return [];
  const top = g == PAGE ? y : y + HEAD;
  const [start, end] = [left + from.x + line.startOffset, left + to.x + line.endOffset];
  const edge = (/** @type {Cell} */ c, /** @type {1 | -1} */ side) => // of the node, not of its chips
    top + c.y + (c.h + side * (c.about?.height ?? c.h)) / 2;
  /** @type {Point[]} */
  const points = from.port ? [[start, y]] : [[start, edge(from, 1)], [start, top + from.bottom]];
  const turn = (/** @type {Cell} */ c, /** @type {number} */ x) => { // from one column to the next
    const t = line.turns?.get(c);
    if (!t) return;
    const [below, above] = [top + t.below, top + t.above];
    const lane = left + t.x;
    points.push([lane, below, below + TURN], [lane, above], [x, above, above - TURN]);
  };
  for (const c of line.through) {
    turn(c, left + c.x);
    points.push([left + c.x, top + c.top], [left + c.x, top + c.bottom]);
  }
  turn(to, end);
  if (to.port) points.push([end, y + h]);
  else points.push([end, top + to.top], [end, edge(to, -1)]);
  return points;
}

/** All points of a line. @param {LongLine} line */
export const pointsOf = line => line.parts.flatMap(([g, id]) => routes.get(`${g}:${id}`) ?? []);

/** The rectangle around some spots. @param {Spot[]} all */
export const around = all => ({
  left: Math.min(...all.map(s => s.x)),
  top: Math.min(...all.map(s => s.y)),
  right: Math.max(...all.map(s => s.x + s.w)),
  bottom: Math.max(...all.map(s => s.y + s.h)),
});
