// How numbers and names are written.
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

test("invisible characters are escaped, all others kept", () => {
  assert.equal(numbers.clean("a\u202eb\u0000\n\ud800"), "a\\u202eb\\u0000\\u000a\\ud800");
  assert.equal(numbers.clean("größe 重み 🙂"), "größe 重み 🙂");
  assert.equal(numbers.code("x\n\ty"), "x\n\\u0009y");
});

test("long names are cut", () => {
  assert.equal(numbers.cut("abcdef", 6), "abcdef");
  assert.equal(numbers.cut("abcdef", 4), "abc…");
  assert.equal(numbers.cut("👨‍👩‍👧‍👦👍🏽🇩🇪x", 4), "👨‍👩‍👧‍👦👍🏽🇩🇪x");
  assert.equal(numbers.cut("👨‍👩‍👧‍👦👍🏽🇩🇪xy", 4), "👨‍👩‍👧‍👦👍🏽🇩🇪…");
  assert.equal(numbers.cut("a\u200db", 20), "a\\u200db");
});

test("shapes are written as Python writes them", () => {
  assert.deepEqual([[], [4], [2, 3]].map(shape => numbers.dims({ shape })), ["()", "(4,)", "(2, 3)"]);
  assert.equal(numbers.count({ shape: [2, 3, 4] }), 24);
});

test("the k-th number of an array has a place, and a place has a number", () => {
  const a = { shape: [2, 3], numbers: [10, 11, 12, 20, 21, 22] };
  a.numbers.forEach((v, k) => assert.equal(numbers.entry(a, numbers.index(k, a.shape)), v));
  assert.deepEqual(numbers.index(5, [2, 3]), [1, 2]);
});

test("a broadcast number is found from the place in the result", () => {
  const row = { shape: [3], numbers: [1, 2, 3] };
  const column = { shape: [2, 1], numbers: [4, 5] };
  assert.equal(numbers.entry(row, [1, 2]), 3);
  assert.equal(numbers.entry(column, [1, 2]), 5);
  assert.equal(numbers.where(column, [1, 2]), "[1, 0]");
  assert.equal(numbers.where({ shape: [] }, [1, 2]), "");
});

test("negative factors stand in parentheses", () => {
  assert.equal(numbers.product([2, -0.5]), "2 × (-0.5)");
});
