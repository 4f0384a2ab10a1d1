// Texts of Python with their numbers: y = x w, s = sum of y.
import assert from "node:assert/strict";
import test from "node:test";

const listed = (shape, numbers) => ({ words: String(numbers), shape, dtype: "float64", numbers });
const many = { words: "0.5 ± 0.2 [-1, 2]", shape: [30], dtype: "float64", low: -1, high: 2 };
const arrays = [listed([2], [1, -2]), listed([], [1 / 3]), many, listed([], ["nan"])];
const step = { node: 1, source: 0, contribution: 2, after: 2 };
const nodes = [
  { kind: "variable", title: "x", value: 0, gradient: 2 },
  { kind: "result", title: "sum", value: 1, gradient: 3, order: 1, inputs: [0] },
];
globalThis.GRAPH = { groups: [], lines: [], rows: [], arrays, nodes, steps: [step], closed: [] };
const { fill, lone, NODES, sizeOf, USES, valueOf } = await import("../../../tinygrad_edu/viz/page/graph.js");
const { exact } = await import("../../../tinygrad_edu/viz/page/numbers.js");

test("what is missing is filled in", () => {
  assert.deepEqual(NODES.map(n => [n.leaf, n.order, n.group]), [[true, 0, -1], [false, 1, -1]]);
  assert.deepEqual(USES, [[1], []]);
  assert.equal(lone(valueOf(NODES[1])), 1 / 3);
});

test("a text has the value of a node, its gradient, and the parts of a step", () => {
  assert.equal(fill("x = {v0}, s = {v1}"), "x = 1,-2, s = 0.3333");
  assert.equal(fill("{g1}; {c0} = {a0}"), "nan; 0.5 ± 0.2 = 0.5 ± 0.2");
  assert.equal(fill("{b0}"), "?");
});

test("a text has single numbers, with four digits or all, in parentheses where they are factors", () => {
  assert.equal(fill("{v0[1]} and {v0[1]*} and {v0[0]*}"), "-2 and (-2) and 1");
  assert.equal(fill("{v1[0]}", exact), "0.3333333333333333");
});

test("a text has the size of the largest number", () => {
  assert.equal(fill("{c0^}, {v1^}"), "at most 2, 0.3333");
  assert.ok(Number.isNaN(sizeOf({ ...many, bad: ["nan"] })));
});

test("braces of names stay", () => {
  assert.equal(fill("{{v1} = {v1}"), "{v1} = 0.3333");
});
