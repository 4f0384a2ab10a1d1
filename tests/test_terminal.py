"""Output in terminals whose encoding lacks most characters: shown with others, never an error."""

import io
import os
import subprocess
import sys

import pytest

from tinygrad_edu.terminal import make_printable, printable
from tinygrad_edu.training.progress import Progress

NARROW = ["ascii", "cp1252", "cp437"]

PROGRAM = """
import numpy as np
from tinygrad_edu import Tensor, explain, nn, optim
from tinygrad_edu.training import Trainer
from tinygrad_edu.viz import Graph

model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.ReLU(), nn.Linear(3, 1, rng=1))
x = np.ones((8, 2), np.float32)
Trainer(model, nn.mse, optim.SGD(model.parameters(), lr=0.1)).fit(x, x[:, :1], epochs=2)
print(model.summary((2,)))
print(explain(np.tanh), explain(np.std))
print(Graph(model(x).sum()))
"""


def output(encoding: str, *command: str) -> str:
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    done = subprocess.run(
        [sys.executable, *command], capture_output=True, env=environment, timeout=120
    )
    assert done.returncode == 0, done.stderr.decode(encoding)
    return done.stdout.decode(encoding)


@pytest.mark.parametrize("encoding", NARROW)
def test_a_program_prints_its_model_its_graph_and_its_progress(encoding: str) -> None:
    shown = output(encoding, "-c", PROGRAM)
    assert "epoch 2/2" in shown and "Sequential: 13 parameters" in shown
    assert "?" not in shown
    rules = {"ascii": "-" * 40, "cp1252": "-" * 40, "cp437": "─" * 40}
    assert rules[encoding] in shown


@pytest.mark.parametrize("encoding", NARROW)
@pytest.mark.parametrize(
    "command", ["explain tanh", "rows", "train --help", "demo --no-page --epochs 1"]
)
def test_commands(encoding: str, command: str) -> None:
    shown = output(encoding, "-m", "tinygrad_edu", *command.split())
    assert len(shown) > 100 and "?" not in shown


def test_what_the_encoding_has_is_kept() -> None:
    text = "tanh 25° é 日本 ∂L/∂x ─ x² a⁻¹"
    for encoding, expected in {
        "utf-8": text,
        "ascii": "tanh 25 degrees e ?? dL/dx - x^2 a^-1",
    }.items():
        stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
        assert printable(text, stream) == expected
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="cp437")
    make_printable(stream)
    stream.write(text)
    stream.flush()
    assert raw.getvalue().decode("cp437") == "tanh 25° é ?? dL/dx ─ x² a^-1"


def test_the_bar_of_a_live_terminal() -> None:
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    raw = io.BytesIO()
    progress = Progress(1, 4, Terminal(raw, encoding="cp1252"))
    progress.batch(1, 2, {"loss": 0.5})
    progress.stream.flush()
    assert b"==========.........." in raw.getvalue()
