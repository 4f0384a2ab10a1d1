// Entries worked out, on a small graph: y = x w, s = sum of y.
import assert from "node:assert/strict";
import test from "node:test";

const listed = (shape, numbers) => ({ words: String(numbers), shape, dtype: "float64", numbers });
const arrays = [
  listed([2, 2], [1, 2, 3, 4]), listed([2, 2], [5, 6, 7, 8]), listed([2, 2], [19, 22, 43, 50]),
  listed([], [134]), listed([], [1]), listed([2, 2], [1, 1, 1, 1]), listed([2, 2], [11, 15, 11, 15]),
  listed([2, 2], [4, 4, 6, 6]),
];
const rows = [
  { title: "matmul:  y = x @ w", lines: [["∂L/∂x", "g @ w.T"], ["∂L/∂w", "x.T @ g"]] },
  { title: "sum:  y = sum(x)", lines: [["∂L/∂x", "spread(g)"]] },
];
const graph = {
  groups: [], lines: [], rows, arrays, note: "", no_gradient: "",
  nodes: [
    { kind: "variable", title: "x", value: 0, gradient: 6 },
    { kind: "variable", title: "w", value: 1, gradient: 7 },
    { kind: "operation", title: "matmul", value: 2, gradient: 5, inputs: [0, 1], row: 0 },
    { kind: "result", title: "sum", value: 3, gradient: 4, inputs: [2], row: 1 },
  ],
  steps: [
    { node: 3, source: 2, i: 0, contribution: 5, after: 5 },
    { node: 2, source: 0, i: 0, contribution: 6, after: 6 },
    { node: 2, source: 1, i: 1, contribution: 7, after: 7 },
  ],
};
globalThis.GRAPH = graph;
const { called, NODES, rule, USES } = await import("../../../tinygrad_edu/viz/page/graph.js");
const { entry } = await import("../../../tinygrad_edu/viz/page/numbers.js");
const { worked } = await import("../../../tinygrad_edu/viz/page/worked.js");

const evaluate = words => Function(`return ${words.replaceAll("×", "*")}`)();

test("operations are numbered, leaves are not", () => {
  assert.deepEqual(NODES.map(called), ["x", "w", "matmul #1", "sum #2"]);
  assert.deepEqual(USES, [[2], [2], [3], []]);
  assert.deepEqual(rule(NODES[2], 1), ["∂L/∂w", "x.T @ g"]);
});

test("an entry of a product is a row times a column", () => {
  const { place, words, size } = worked({ kind: "forward", node: 2 });
  assert.equal(evaluate(words), entry(arrays[2], place));
  assert.equal(size, evaluate(words));
});

test("an entry of a gradient is worked out by its rule", () => {
  for (const step of graph.steps) {
    const { place, words } = worked({ kind: "back", ...step });
    assert.equal(evaluate(words), entry(arrays[step.contribution], place));
  }
});

test("nothing is worked out of a single number, nor of the beginning", () => {
  assert.equal(worked({ kind: "forward", node: 3 }), null);
  assert.equal(worked({ kind: "seed", node: 3 }), null);
});
