// The layout of one box: its cells in layers, from the inputs down to the result, joined by lines.
// It knows nothing of what is drawn in a cell.

const GAP = 26; // between neighbors of a layer
const RISE = 34; // between layers
export const TURN = 26; // the height of a line's bend
const NARROW = 12;
const STAIR = 80;

/** @param {string} key @param {Partial<Cell>} facts @returns {Cell} */
export const newCell = (key, facts) => ({
  key, l: 0, r: 0, h: 0, layer: 0, column: 0, pos: 0, x: 0, y: 0, top: 0, bottom: 0, up: [], down: [],
  ...facts,
});

/** How a tall box is broken into columns, of a graph that is large enough: columns.js sets it.
 * @type {{ breakIntoColumns?: (layers: Cell[][], lines: Line[], cells: Map<string, Cell>,
 *   room: { width: number, height: number }) => number | null }} */
export const tall = {};

const isEntry = (/** @type {string} */ key) => key[0] == "i";
const isExit = (/** @type {string} */ key) => key[0] == "o";
const mean = (/** @type {number[]} */ all) => all.reduce((s, x) => s + x, 0) / all.length;

/** Cell of a line's end. @param {Map<string, Cell>} cells @param {string} key */
const at = (cells, key) => /** @type {Cell} */ (cells.get(key));

/** Gives all cells their places. Returns the height, and where the middle, left and right side are.
 * @param {Map<string, Cell>} cells @param {Line[]} lines
 * @param {{ width: number, height: number }} [room] on the screen, if columns are allowed */
export function arrange(cells, lines, room) {
  assignLayers(cells, lines);
  for (const line of lines) thread(cells, line);
  const layers = rowsOf(cells);
  orderRows(layers);
  placeAcross(layers);
  const stacked = placeDown(layers);
  const broken = room && tall.breakIntoColumns ? tall.breakIntoColumns(layers, lines, cells, room) : null;
  const all = [...cells.values()];
  const low = Math.min(...all.map(c => c.x - c.l));
  const high = Math.max(...all.map(c => c.x + c.r));
  const exits = all.filter(c => isExit(c.key));
  const entries = all.filter(c => isEntry(c.key));
  // what has columns is read from its first one on
  const main = exits.length && broken == null ? exits : entries;
  const middle = main.length ? mean(main.map(c => c.x)) : (low + high) / 2;
  return { height: broken ?? stacked, low, high, middle, entries, exits };
}

/** A cell is below its inputs; one without inputs is just above its first use; ports are at the border.
 * @param {Map<string, Cell>} cells @param {Line[]} lines */
export function assignLayers(cells, lines) {
  const keys = [...cells.keys()];
  /** @type {Map<string, string[]>} */
  const before = new Map(keys.map(k => [k, []]));
  /** @type {Map<string, string[]>} */
  const after = new Map(keys.map(k => [k, []]));
  for (const { from, to } of lines) {
    before.get(to)?.push(from);
    after.get(from)?.push(to);
  }
  const outputs = (/** @type {string} */ k) => (after.get(k) ?? []).map(t => at(cells, t));
  const first = lines.some(e => isEntry(e.from)) ? 1 : 0;
  for (const c of cells.values()) c.layer = isEntry(c.key) ? 0 : first;
  const sorted = fromInputs(keys, before, after);
  for (const k of sorted)
    for (const c of outputs(k)) c.layer = Math.max(c.layer, at(cells, k).layer + 1);
  for (const k of sorted.reverse()) {
    const free = !before.get(k)?.length && !isEntry(k) && outputs(k).length;
    if (free) at(cells, k).layer = Math.min(...outputs(k).map(c => c.layer)) - 1;
  }
  const inner = keys.filter(k => !isExit(k)).map(k => at(cells, k).layer);
  const deepest = Math.max(0, ...inner) + 1;
  for (const k of keys) if (isExit(k)) at(cells, k).layer = deepest;
}

/** The keys in an order in which each comes after its inputs.
 * @param {string[]} keys @param {Map<string, string[]>} before @param {Map<string, string[]>} after */
function fromInputs(keys, before, after) {
  const missing = new Map(keys.map(k => [k, before.get(k)?.length ?? 0]));
  const sorted = keys.filter(k => !missing.get(k));
  for (const k of sorted) { // which grows meanwhile
    for (const t of after.get(k) ?? []) {
      const left = (missing.get(t) ?? 0) - 1;
      missing.set(t, left);
      if (!left) sorted.push(t);
    }
  }
  return sorted;
}

/** Gives a long line a place in each layer that it passes, and tells neighbors of each other.
 * @param {Map<string, Cell>} cells @param {Line} line */
function thread(cells, line) {
  const [from, to] = [at(cells, line.from), at(cells, line.to)];
  line.startOffset = from.outs?.get(line.source) ?? 0;
  line.endOffset = to.ins?.get(line.source) ?? 0;
  line.through = [];
  // boxes with their entry and exit far apart are stacked straight, or many would make a staircase
  const far = Math.abs(line.endOffset - line.startOffset) > STAIR;
  const straightUp = from.child != null && to.child != null && far;
  const [start, end] = straightUp ? [0, 0] : [line.startOffset, line.endOffset];
  let [last, offset] = [from, start];
  for (let layer = from.layer + 1; layer <= to.layer; layer++) {
    const key = line.id + "@" + layer;
    const next = layer == to.layer ? to : newCell(key, { l: 4, r: 4, layer, dummy: true });
    const shift = next == to ? end : 0;
    // long lines are straight first of all
    const straight = next.dummy && last.dummy ? 6 : next.dummy || last.dummy ? 1.5 : 2;
    const pull = straight * (line.weak ? 0.3 : 1);
    last.down.push({ cell: next, offset: shift - offset, pull });
    next.up.push({ cell: last, offset: offset - shift, pull });
    if (next != to) {
      cells.set(key, next);
      line.through.push(next);
    }
    [last, offset] = [next, shift];
  }
}

/** @param {Map<string, Cell>} cells */
function rowsOf(cells) {
  const deepest = Math.max(0, ...[...cells.values()].map(c => c.layer));
  /** @type {Cell[][]} */
  const layers = Array.from({ length: deepest + 1 }, () => []);
  for (const c of cells.values()) layers[c.layer].push(c);
  return layers;
}

/** @param {Cell[]} row */
const countFromMiddle = row => row.forEach((c, i) => { c.pos = i - (row.length - 1) / 2; });

/** Orders each layer: in a few sweeps down and up, each cell moves to the mean of its neighbors.
 * @param {Cell[][]} layers */
function orderRows(layers) {
  layers.forEach(countFromMiddle);
  for (let sweep = 0; sweep < 8; sweep++) {
    const upwards = sweep % 2 == 1;
    /** @type {(c: Cell) => number} */
    const wanted = c => {
      const near = upwards ? c.down : c.up;
      return near.length ? mean(near.map(n => n.cell.pos + n.offset / 1e4)) : c.pos;
    };
    for (const row of upwards ? [...layers].reverse() : layers) {
      const means = new Map(row.map(c => [c, wanted(c)]));
      row.sort((a, b) => Number(means.get(a)) - Number(means.get(b)));
      countFromMiddle(row);
    }
  }
}

/** Places the cells of each layer near their neighbors, with the main line straight.
 * @param {Cell[][]} layers */
function placeAcross(layers) {
  for (const row of layers) spread(row, row.map(() => 0), row.map(() => 1));
  for (let sweep = 0; sweep < 16; sweep++) {
    const upwards = sweep <= 12 && sweep % 2 == 1; // the last sweeps go down, as a reader does
    for (const row of upwards ? [...layers].reverse() : layers) pullTogether(row, upwards);
  }
  for (const row of layers) placeSources(row);
}

/** @param {Cell[]} row @param {boolean} upwards */
function pullTogether(row, upwards) {
  const wanted = row.map(c => {
    const near = upwards ? c.down : c.up;
    const total = near.reduce((s, n) => s + n.pull, 0);
    const sum = near.reduce((s, n) => s + (n.cell.x + n.offset) * n.pull, 0);
    return { x: total ? sum / total : c.x, weight: (total || 0.05) * (c.dummy ? 4 : 1) };
  });
  spread(row, wanted.map(w => w.x), wanted.map(w => w.weight));
}

/** Moves cells without inputs above what they go to; all others stay as far as possible.
 * @param {Cell[]} row */
function placeSources(row) {
  const source = (/** @type {Cell} */ c) => !c.up.length && c.down.length;
  const wanted = row.map(c => (source(c) ? mean(c.down.map(n => n.cell.x + n.offset)) : c.x));
  spread(row, wanted, row.map(c => (c.up.length ? 50 : 1)));
}

/** Places a row as near to the wanted places as its order and the distances between neighbors allow: the
 * least squares by weight. Cells that would overlap form a block, which is at its mean (the algorithm
 * is called Pool Adjacent Violators).
 * @param {Pick<Cell, "l" | "r" | "x" | "dummy">[]} row @param {number[]} wanted @param {number[]} weights */
export function spread(row, wanted, weights) {
  const tight = [0]; // the places with no room left between neighbors
  for (let i = 1; i < row.length; i++) {
    const [a, b] = [row[i - 1], row[i]];
    tight[i] = tight[i - 1] + a.r + (a.dummy && b.dummy ? NARROW : GAP) + b.l;
  }
  /** @type {{ sum: number, weight: number, size: number }[]} */
  const blocks = [];
  row.forEach((_, i) => {
    const block = { sum: (wanted[i] - tight[i]) * weights[i], weight: weights[i], size: 1 };
    let last = blocks.at(-1);
    while (last && last.sum / last.weight > block.sum / block.weight) {
      block.sum += last.sum;
      block.weight += last.weight;
      block.size += last.size;
      blocks.pop();
      last = blocks.at(-1);
    }
    blocks.push(block);
  });
  let i = 0;
  for (const { sum, weight, size } of blocks)
    for (const end = i + size; i < end; i++) row[i].x = sum / weight + tight[i];
}

/** Stacks the layers; returns their height. @param {Cell[][]} layers */
function placeDown(layers) {
  const lean = (/** @type {Cell[]} */ row) => row.every(c => c.port || c.dummy);
  let y = 0;
  layers.forEach((row, i) => {
    const h = Math.max(0, ...row.map(c => c.h));
    for (const c of row) Object.assign(c, { top: y, bottom: y + h, y: y + (h - c.h) / 2 });
    y += h;
    if (i + 1 < layers.length) y += lean(row) || lean(layers[i + 1]) ? NARROW : RISE;
  });
  return y;
}
