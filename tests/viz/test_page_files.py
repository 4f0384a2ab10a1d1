"""What is packed into a page comes out of it again, whatever its length is."""

import json
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu.viz import page_files

UNPACK = """
import { unpack } from %s;
const texts = JSON.parse(await new Response(process.stdin).text());
globalThis.document = { getElementById: id => ({ textContent: texts[id] }) };
const all = await Promise.all(texts.map((_, id) => unpack(id)));
process.stdout.write(JSON.stringify(all));
"""


def test_a_page_unpacks_what_was_packed():
    node = shutil.which("node")
    if node is None:
        pytest.skip("there is no node on this machine")
    rng = np.random.default_rng(0)
    texts = ["".join(map(chr, rng.integers(32, 500, n))) for n in range(60)] + ["x" * 10_000]
    module = (Path(page_files.FOLDER) / "page/unpack.js").as_uri()
    packed = [page_files.packed(text) for text in texts]
    assert not set("".join(packed)) & set("<\\{ \n")
    assert {len(letters) % 2 for letters in packed} == {0, 1}
    done = subprocess.run(
        [node, "--input-type=module", "-e", UNPACK % json.dumps(module)],
        input=json.dumps(packed), capture_output=True, text=True, encoding="utf-8",
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == texts


def test_spaces_that_mean_nothing_are_left_out():
    squeezed = page_files._without_spaces
    assert squeezed('const a = [ b, "x = y" ];') == 'const a=[b,"x = y"];'
    assert squeezed("x = 1 - -1 + +y;") == "x=1 - -1 + +y;"
    assert squeezed("return `a = ${ b }`;") == "return `a = ${ b }`;"
    assert squeezed("x = a / b;") == "x = a / b;"
