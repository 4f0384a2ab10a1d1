// How a picture becomes the next one: an element stays if its key and its tag do.
import assert from "node:assert/strict";
import test from "node:test";

import { changes } from "../../../tinygrad_edu/viz/frames/page/morph.js";

test("what keeps its key and its tag stays", () => {
  const { gone, made } = changes([["a", "path"], ["b", "circle"]], [["b", "circle"], ["a", "path"]]);
  assert.equal(gone.size, 0);
  assert.equal(made.size, 0);
});

test("a new key is made, a missing one goes", () => {
  const { gone, made } = changes([["a", "path"], ["b", "circle"]], [["c", "text"], ["a", "path"]]);
  assert.deepEqual([...gone], ["b"]);
  assert.deepEqual([...made], ["c"]);
});

test("a key with another tag is replaced", () => {
  const { gone, made } = changes([["a", "path"]], [["a", "text"]]);
  assert.deepEqual([...gone], ["a"]);
  assert.deepEqual([...made], ["a"]);
});
