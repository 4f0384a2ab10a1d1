// A box much taller than the screen is broken into columns, as a newspaper is: a long chain uses the width.
// A line from one column to the next goes below the first, up between the two, and over the second.
import { tall, TURN } from "./layers.js";

const BETTER = 1.25; // how much larger columns must let it appear
const MOST = 16; // columns
const GUTTER = 44; // between columns, and
const LANE = 9; // for each line in between
const CROSSING = 60; // where many lines cross it is not broken: each is worth so many pixels

/** @param {Cell[][]} rows */
const leftOf = rows => Math.min(...rows.flat().map(c => c.x - c.l));
/** @param {Cell[][]} rows */
const rightOf = rows => Math.max(...rows.flat().map(c => c.x + c.r));
/** @param {Cell[][]} rows */
const bottomOf = rows => Math.max(...rows.flat().map(c => c.bottom));

/** Breaks layers into columns if they appear larger so; returns the new height, or null if they do not.
 * @param {Cell[][]} layers @param {Line[]} lines @param {Map<string, Cell>} cells
 * @param {{ width: number, height: number }} room */
function breakIntoColumns(layers, lines, cells, room) {
  const columns = bestColumns(layers, room);
  if (columns.length < 2) return null;
  columns.forEach((rows, i) => {
    for (const c of rows.flat()) c.column = i;
  });
  const lanes = turns(lines, cells);
  let left = 0;
  columns.forEach((rows, i) => {
    const right = left - leftOf(rows);
    const up = TURN - rows[0][0].top;
    for (const c of rows.flat()) {
      c.x += right;
      for (const side of /** @type {const} */ (["y", "top", "bottom"])) c[side] += up;
    }
    const [edge, below] = [rightOf(rows), bottomOf(rows)];
    lanes[i]?.forEach((turn, lane) => {
      Object.assign(turn, { x: edge + GUTTER / 2 + lane * LANE, below, above: TURN });
    });
    left = edge + GUTTER + LANE * (lanes[i]?.length ?? 0);
  });
  return Math.max(...columns.map(bottomOf)) + TURN;
}

/** The columns that let the box appear largest; a single one if there is no great difference.
 * @param {Cell[][]} layers @param {{ width: number, height: number }} room */
function bestColumns(layers, room) {
  /** @type {Cell[][][]} */
  let best = [layers];
  let scale = fits(best, room);
  if (scale == 1) return best;
  for (let n = 2; n <= Math.min(MOST, layers.length / 2); n++) {
    const starts = cuts(layers, n);
    const columns = [0, ...starts].map((s, i) => layers.slice(s, starts[i]));
    const now = fits(columns, room);
    if (now > scale * (best.length == 1 ? BETTER : 1)) [best, scale] = [columns, now];
  }
  return best;
}

/** How large columns appear if they fill the room, at most 1.
 * @param {Cell[][][]} columns @param {{ width: number, height: number }} room */
function fits(columns, room) {
  const width = columns.reduce((s, rows) => s + rightOf(rows) - leftOf(rows) + GUTTER, -GUTTER);
  const height = Math.max(...columns.map(rows => bottomOf(rows) - rows[0][0].top)) + 2 * TURN;
  return Math.min(1, room.width / width, room.height / height);
}

/** The layers that columns begin with: near equal parts, where few lines cross.
 * @param {Cell[][]} layers @param {number} many */
function cuts(layers, many) {
  const height = bottomOf(layers);
  /** @type {number[]} */
  const starts = [];
  for (let i = 1; i < many; i++) {
    const cost = (/** @type {number} */ k) =>
      Math.abs(layers[k][0].top - (height * i) / many) +
      CROSSING * layers[k].reduce((s, c) => s + c.up.length, 0);
    let best = 0;
    for (let k = (starts.at(-1) ?? 0) + 2; k < layers.length - 1; k++)
      if (!best || cost(k) < cost(best)) best = k;
    if (best) starts.push(best);
  }
  return starts;
}

/** Gives each line a turn where it goes from one column to the next; returns the turns after each column.
 * @param {Line[]} lines @param {Map<string, Cell>} cells */
function turns(lines, cells) {
  /** @type {Turn[][]} */
  const after = [];
  for (const line of lines) {
    let last = cells.get(line.from);
    for (const c of [...line.through, cells.get(line.to)]) {
      if (c && last && c.column != last.column) {
        const turn = { x: 0, below: 0, above: 0 };
        (line.turns ??= new Map()).set(c, turn);
        (after[last.column ?? 0] ??= []).push(turn);
      }
      last = c;
    }
  }
  return after;
}

tall.breakIntoColumns = breakIntoColumns;
