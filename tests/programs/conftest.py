"""A table of digits, a run on it, images of digits, and a run on them; made once."""

import os

import numpy as np
import pytest
from PIL import Image

from tinygrad_edu.__main__ import main
from tinygrad_edu.data import load_digits, write_csv

QUICK = ["--model", "mlp", "--epochs", "2", "--batch-size", "32"]


@pytest.fixture(scope="session")
def kept(tmp_path_factory):
    folder = tmp_path_factory.mktemp("programs")
    digits = load_digits()
    x, y = np.rint(digits.x[:400] * (255 / 16)).astype(np.uint8), digits.y[:400]
    write_csv(folder / "digits.csv", x, y)
    (folder / "files").mkdir()
    lines = ["image,label"]
    for i, (pixels, label) in enumerate(zip(x[:200], y[:200], strict=True)):
        Image.fromarray(255 - pixels).save(folder / "files" / f"{i}.png")
        lines.append(f"files/{i}.png,{'abcdefghij'[label]}")
    (folder / "images.csv").write_text("\n".join(lines) + "\n")
    here = os.getcwd()
    os.chdir(folder)
    assert main(["train", "digits.csv", "--out", "run", *QUICK]) == 0
    assert main(["train", "images.csv", "--out", "files-run", "--size", "8", *QUICK]) == 0
    assert main(["train", "digits.csv", "--out", "cnn", "--epochs", "2"]) == 0
    os.chdir(here)
    return folder


@pytest.fixture(autouse=True)
def somewhere(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
