"""The programs as scripts: short, and running from nothing but a table."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu.data import load_digits, write_characters, write_csv

ROOT = Path(__file__).parents[2]
SCRIPTS = ["mnist_from_csv.py", "characters_62.py", "keras_comparison.py", "classical_in_keras.py"]


def run(script, *arguments, where):
    done = subprocess.run(
        [sys.executable, str(ROOT / "tutorials" / script), *arguments], cwd=where, text=True,
        capture_output=True, env={**os.environ, "PYTHONPATH": str(ROOT), "TF_CPP_MIN_LOG_LEVEL": "3"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout


def table(path):
    with open(path, newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("script", SCRIPTS)
def test_they_can_be_read_in_one_sitting(script):
    lines = (ROOT / "tutorials" / script).read_text(encoding="utf-8").splitlines()
    assert len(lines) <= 80 and max(map(len, lines)) <= 110


def test_mnist_from_csv(tmp_path):
    digits = load_digits()
    x = np.rint(digits.x * (255 / 16)).astype(np.uint8)
    write_csv(tmp_path / "train.csv", x[:1500], digits.y[:1500])
    write_csv(tmp_path / "test.csv", x[1500:])
    said = run("mnist_from_csv.py", "train.csv", "test.csv", where=tmp_path)
    size, accuracy = re.search(r"test accuracy on (\d+) images: ([\d.]+)%", said).groups()
    assert size == "150" and float(accuracy) >= 90
    rows = table(tmp_path / "results.csv")
    assert rows[0] == ["ImageId", "Label"] and len(rows) == 298
    answers = np.array([int(label) for _, label in rows[1:]])
    assert (answers == digits.y[1500:]).mean() > 0.85  # in the order of test.csv


def test_characters(tmp_path):
    write_characters(tmp_path / "few", per_class=60, characters="AbC7", seed=0)
    said = run("characters_62.py", "few/train.csv", "few/test.csv", where=tmp_path)
    right = float(re.search(r"test accuracy on 48 images: ([\d.]+)%", said)[1])
    answers, truth = table(tmp_path / "results.csv"), table(tmp_path / "few" / "test.csv")
    assert [row[0] for row in answers[1:]] == [os.path.basename(row[0]) for row in truth[1:]]
    hits = sum(a[1] == b[1] for a, b in zip(answers[1:], truth[1:], strict=True))
    assert right == pytest.approx(100 * hits / 48, abs=0.01) and hits > 36


def test_keras_comparison(tmp_path):
    pytest.importorskip("keras")
    write_characters(tmp_path / "few", per_class=100, characters="AbC7", seed=0)
    said = run("keras_comparison.py", "few/train.csv", where=tmp_path)
    assert "They agree in all 5 steps: no difference exceeds 1e-10" in said
    rows = re.findall(
        r"^ +(\d) +([\d.]+) +([\d.]+) +([\d.]+) % +([\d.]+) %", said, flags=re.MULTILINE
    )
    assert [row[0] for row in rows] == list("12345")
    assert abs(float(rows[0][1]) - float(rows[0][2])) < 0.3


def test_classical_in_keras(tmp_path):
    pytest.importorskip("keras")
    said = run("classical_in_keras.py", where=tmp_path)
    gaps = re.findall(r"^ +(?:here|in Keras) +loss [\d.]+ +gradient differs by (\S+)$", said, re.M)
    assert len(gaps) == 2 and max(map(float, gaps)) < 1e-10
    rows = re.findall(r"^([A-Z]\w+) +[\d.]+ +(\S+) +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+$", said, re.M)
    assert {"LinearRegression", "LogisticRegression", "VAE"} <= {name for name, _ in rows}
    assert max(float(difference) for _, difference in rows) < 1e-10
