// How numbers are written.
import assert from "node:assert/strict";
import test from "node:test";

import * as numbers from "../../../tinygrad_edu/viz/page/numbers.js";

test("numbers have four digits, as in Python's .4g", () => {
  const written = [
    [0, "0"], [2, "2"], [-3, "-3"], [123456, "123456"], [0.1, "0.1"], [2 / 3, "0.6667"],
    [1234.5678, "1235"], [12345.6, "12346"], [1e-5, "1e-5"], [0.00012345, "0.0001234"], [1.5e20, "1.5e+20"],
    ["nan", "nan"], ["-inf", "-inf"], [true, "true"], [NaN, "nan"], [Infinity, "inf"], [-Infinity, "-inf"],
  ];
  for (const [v, s] of written) assert.equal(numbers.format(v), s);
});

test("shapes are written as Python writes them", () => {
  assert.deepEqual([[], [4], [2, 3]].map(shape => numbers.dims({ shape })), ["()", "(4,)", "(2, 3)"]);
});

test("negative factors stand in parentheses", () => {
  assert.deepEqual([2, -0.5].map(v => numbers.factor(v)), ["2", "(-0.5)"]);
});
