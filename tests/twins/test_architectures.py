"""Five networks of five kinds, 50 steps each, and the table that a newcomer reads."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.twins import Report, Run, five_architectures, summary
from tinygrad_edu.twins.__main__ import main
from tinygrad_edu.twins.architectures import ARCHITECTURES


@pytest.fixture(scope="module")
def reports() -> dict[str, Report]:
    pytest.importorskip("tensorflow")
    return dict(five_architectures())


@pytest.mark.parametrize("name", ARCHITECTURES)
def test_fifty_steps_of_five_networks(reports: dict[str, Report], name: str) -> None:
    report = reports[name]
    assert len(report) == 50
    assert report.tolerance == 1e-10, "nothing is rounded that would ask for more"
    assert max(report.max_difference().values()) <= 1e-10
    assert report.ours.losses[-5:].mean() < 0.8 * report.ours.losses[:5].mean(), "it learns"
    assert all(len(steps) == 50 and steps.any() for p, steps in report.ours.gradients.items()
               if not p.endswith("key.b"))  # fmt: skip


def test_the_table(reports: dict[str, Report]) -> None:
    table = summary(reports)
    over, head, rule, *lines, last_rule, told = table.split("\n")
    assert over.split() == ["largest", "difference", "in", "ms", "a", "step", "MB"]
    assert head.split()[:3] == ["network", "layers", "parameters"]
    assert [line.split()[0] for line in lines] == ["MLP", "CNN", "LSTM", "GRU", "GPT"]
    assert {len(line) for line in (head, rule, *lines, last_rule)} == {len(head)}
    assert len(head) <= 110
    for title, last in (("largest difference in", "weights"), ("ms a step", "Keras")):
        assert over.index(title) + len(title) == head.index(last) + len(last)
    assert told == "In all 50 steps no output, loss, gradient or weight differs by more than 1e-10."
    mlp, cells = reports["MLP"], lines[0].split()
    assert cells[1:5] == ["5", "6,570", f"{mlp.ours.losses[0]:.4f}", f"{mlp.ours.losses[-1]:.4f}"]
    largest = mlp.max_difference()
    assert cells[5:8] == [f"{largest[k]:.1e}" for k in ("outputs", "gradients", "weights")]
    times = mlp.milliseconds()
    assert times is not None
    assert cells[8:10] == [f"{times['ours']:.2f}", f"{times['keras']:.2f}"]


def two_runs(apart: float) -> Report:
    def run(loss: float) -> Run:
        return Run([loss], {"W": [np.ones(3)]}, {"W": [np.ones(3), np.ones(3)]})

    return Report(run(1.0), run(1.0 + apart))


def test_who_diverges_is_told() -> None:
    table = summary({"one": two_runs(0), "other": two_runs(1e-3)})
    assert table.endswith("other: the two diverge. print(report) shows where.")
    assert table.count("?") == 8, "neither times nor memory were measured"
    assert "3" in table.split("\n")[3]


def test_the_command(capsys: pytest.CaptureFixture, tmp_path: Path) -> None:
    pytest.importorskip("tensorflow")
    page = tmp_path / "mlp.html"
    assert main(["MLP", "--steps", "3", "--html", str(page)]) == 0
    out = capsys.readouterr().out
    assert "They agree in all 3 steps" in out
    assert "In all 3 steps no output, loss, gradient or weight differs by more than 1e-10." in out
    assert page.read_text().startswith("<!doctype html>")


def test_the_command_refuses(capsys: pytest.CaptureFixture) -> None:
    assert main(["RNN"]) == 1
    assert "there is no architecture RNN" in capsys.readouterr().err
    for wrong in (["--steps", "0"], ["--html", "x.html"]):
        with pytest.raises(SystemExit) as stop:
            main(wrong)
        assert stop.value.code == 2


def test_the_command_without_keras(monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    assert main(["MLP"]) == 1
    assert re.search(r"pip install -e '.\[compare\]'", capsys.readouterr().err)


def test_help_is_quick() -> None:
    command = [sys.executable, "-X", "importtime", "-m", "tinygrad_edu.twins", "--help"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "of MLP, CNN, LSTM, GRU, GPT" in done.stdout
    assert "tensorflow" not in done.stderr
