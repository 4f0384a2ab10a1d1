// The layout of one box.
import assert from "node:assert/strict";
import test from "node:test";

import { arrange, assignLayers, newCell, spread } from "../../../tinygrad_edu/viz/page/layers.js";

const graph = edges => {
  const names = new Set(edges.flatMap(e => e.split(">")));
  const cells = new Map([...names].map(key => [key, newCell(key, { l: 20, r: 30, h: 40 })]));
  const lines = edges.map(id => {
    const [from, to] = id.split(">");
    return { id, from, to, source: from, through: [] };
  });
  return { cells, lines };
};

const layersOf = edges => {
  const { cells, lines } = graph(edges);
  assignLayers(cells, lines);
  return Object.fromEntries([...cells.values()].map(c => [c.key, c.layer]));
};

test("a node is below all its inputs", () => {
  assert.deepEqual(layersOf(["a>b", "b>c", "a>c"]), { a: 0, b: 1, c: 2 });
});

test("a leaf is just above its first use", () => {
  assert.equal(layersOf(["a>b", "b>c", "c>d", "w>d"]).w, 2);
});

test("ports are at the border", () => {
  const layers = layersOf(["ix>a", "a>b", "w>a", "a>oy", "b>oz"]);
  assert.deepEqual(layers, { ix: 0, a: 2, b: 3, w: 1, oy: 4, oz: 4 });
});

test("nothing overlaps, and lines go down", () => {
  const { cells, lines } = graph(["a>c", "b>c", "c>d", "c>e", "c>f", "d>g", "e>g", "f>g", "a>g"]);
  const { height, low, high } = arrange(cells, lines);
  const all = [...cells.values()];
  for (const [i, c] of all.entries()) {
    assert.ok(c.x - c.l >= low && c.x + c.r <= high && c.y >= 0 && c.y + c.h <= height);
    for (const other of all.slice(0, i)) {
      const beside = c.x - c.l >= other.x + other.r || other.x - other.l >= c.x + c.r;
      assert.ok(c.layer != other.layer || beside, `${c.key} and ${other.key}`);
    }
  }
  for (const { from, to } of lines) assert.ok(cells.get(from).y + 40 <= cells.get(to).y);
  assert.equal(lines.at(-1).through.length, 2); // the long line from a to g
});

test("a chain is straight", () => {
  const { cells, lines } = graph(["a>b", "b>c", "c>d"]);
  arrange(cells, lines);
  assert.equal(new Set([...cells.values()].map(c => Math.round(c.x))).size, 1);
});

test("cells are where they want to be, unless they would overlap", () => {
  const row = [1, 2, 3].map(() => ({ l: 10, r: 10, x: 0 }));
  spread(row, [0, 100, 200], [1, 1, 1]);
  assert.deepEqual(row.map(c => c.x), [0, 100, 200]);
  spread(row, [0, 0, 0], [1, 1, 1]);
  assert.deepEqual(row.map(c => c.x), [-46, 0, 46]);
  spread(row, [1, 1, 1], [1e9, 1, 1]); // who is heavy stays
  assert.deepEqual(row.map(c => Math.round(c.x)), [1, 47, 93]);
});
