// The columns of a tall box: near equal, nothing on top of anything else, and lines that go around.
import assert from "node:assert/strict";
import { test } from "node:test";

import { arrange, newCell } from "../../../tinygrad_edu/viz/page/layers.js";

const ROOM = { width: 900, height: 700 };

function chain(many) {
  const cells = new Map();
  const lines = [];
  for (let i = 0; i < many; i++) {
    cells.set("n" + i, newCell("n" + i, { l: 50, r: 50, h: 50 }));
    if (i) lines.push({ id: "e" + i, from: "n" + (i - 1), to: "n" + i, source: "n" + (i - 1) });
  }
  return { cells, lines };
}

test("a short chain stays whole", () => {
  const { cells, lines } = chain(5);
  arrange(cells, lines, ROOM);
  assert.equal(new Set([...cells.values()].map(c => c.x)).size, 1);
  assert.ok(lines.every(e => !e.turns));
});

test("a long chain is broken into columns of near equal height", () => {
  const { cells, lines } = chain(40);
  const { height, low, high } = arrange(cells, lines, ROOM);
  const columns = [];
  for (const c of cells.values()) (columns[c.column] ??= []).push(c);
  assert.ok(columns.length >= 3);
  const sizes = columns.map(all => all.length);
  assert.ok(Math.max(...sizes) - Math.min(...sizes) <= 3);
  assert.ok(high - low <= 2 * height, "about as wide as the room");
  let left = -Infinity;
  for (const all of columns) {
    const right = Math.max(...all.map(c => c.x + c.r));
    assert.ok(Math.min(...all.map(c => c.x - c.l)) > left);
    left = right;
  }
});

test("a line turns once between two columns, beside both and within the height", () => {
  const { cells, lines } = chain(40);
  const { height } = arrange(cells, lines, ROOM);
  const turning = lines.filter(e => e.turns);
  assert.equal(turning.length, new Set([...cells.values()].map(c => c.column)).size - 1);
  for (const e of turning) {
    const [from, to] = [cells.get(e.from), cells.get(e.to)];
    const turn = e.turns.get(to);
    assert.ok(from.x + from.r < turn.x && turn.x < to.x - to.l);
    assert.ok(turn.below >= from.bottom && turn.above <= to.top && turn.below < height);
  }
});

test("without room, as on a telephone, nothing is broken", () => {
  const { cells, lines } = chain(40);
  arrange(cells, lines);
  assert.ok([...cells.values()].every(c => c.column == 0));
});
