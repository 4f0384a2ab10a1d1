// What counts as an answer, and as the right one.
import assert from "node:assert/strict";
import test from "node:test";

const nodes = [{ kind: "data", title: "x", called: "x", label: "x", extra: "" }];
globalThis.GRAPH = { groups: [], lines: [], rows: [], arrays: [], nodes, steps: [], closed: [] };
globalThis.document = {
  getElementById: () => ({ addEventListener() {}, getAttribute: () => null }),
  createElementNS: () => ({ append() {}, setAttribute() {}, getContext: () => ({}) }),
};
globalThis.matchMedia = () => ({ matches: true, addEventListener() {} });
globalThis.addEventListener = () => {};
const { understood, verdict } = await import("../../../tinygrad_edu/viz/page/quiz.js");

const right = (truth, said, kind = "number") => verdict({ kind, truth }, understood(kind, said))[0];

test("an answer is close if it is within 1 % of the number asked for", () => {
  assert.ok(right(1e-8, "1.005e-8"));
  assert.ok(!right(1e-8, "0"));
  assert.ok(!right(1e-8, "1.02e-8"));
  assert.ok(right(0, "0") && right(0, "-0") && !right(0, "1e-13"));
  assert.ok(right(1234.5678, "1235") && !right(1234.5678, "1250"));
});

test("NaN and infinity can be answered", () => {
  for (const text of ["nan", "NaN", " NAN "]) assert.ok(right(NaN, text));
  for (const text of ["inf", "+inf", "Infinity", "∞"]) assert.ok(right(Infinity, text));
  for (const text of ["-inf", "−∞", "-infinity"]) assert.ok(right(-Infinity, text));
  assert.ok(!right(Infinity, "-inf") && !right(NaN, "inf") && !right(Infinity, "1e300") && !right(NaN, "0"));
  assert.ok(!right(3, "nan") && !right(3, "inf"));
  assert.equal(verdict({ kind: "number", truth: NaN }, 3)[1], "You answered 3: it is nan.");
  assert.equal(verdict({ kind: "number", truth: -Infinity }, Infinity)[1], "You answered inf: it is -inf.");
});

test("signs", () => {
  assert.ok(right(1, "+", "sign") && right(-1, "−", "sign") && right(0, "0", "sign") && right(1, "inf", "sign"));
  assert.ok(right(NaN, "nan", "sign") && !right(NaN, "+", "sign"));
  assert.equal(verdict({ kind: "sign", truth: NaN }, 1)[1], "You answered positive: it is nan.");
});

test("shapes", () => {
  assert.equal(understood("shape", "(3, 4)"), "(3, 4)");
  assert.equal(understood("shape", "3x4"), "(3, 4)");
  assert.equal(understood("shape", "()"), "()");
});

test("what is no answer", () => {
  assert.equal(understood("number", "six"), null);
  assert.equal(understood("sign", "?"), null);
  assert.equal(understood("shape", "what"), null);
});
