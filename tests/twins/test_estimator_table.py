"""The table of all estimators, which `python -m models` prints and the README shows."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("sklearn")

import models
from models.__main__ import main
from tinygrad_edu.twins import estimator_table

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def test_every_estimator_is_in_the_table_and_says_what_it_is():
    found = estimator_table.entries()
    assert {entry.name for entry in found} == {*models.__all__}
    for entry in found:
        assert 20 < len(entry.words) < 150, entry


def test_what_is_measured_of_one():
    (entry,) = estimator_table.entries(["StandardScaler"])
    estimator_table.measure(entry, samples=50, features=3)
    passed, total = entry.checks
    assert passed == total > 40
    assert entry.agreement < 1e-12 and entry.time > 0 and entry.memory > 0
    (line,) = [s for s in estimator_table.text([entry]) if "checks" in s]
    assert f"{total} of {total} checks" in line and "time" in line


def test_the_program(capsys):
    assert main(["--list"]) == 0
    said = capsys.readouterr().out
    assert all(re.search(rf"^  {name} ", said, re.M) for name in models.__all__)
    assert main(["--list", "--markdown", "Ridge"]) == 0
    assert "| `Ridge` | y = x·w + b" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        main(["Rigde"])
    assert "no model is called Rigde" in capsys.readouterr().err


def test_it_ends_silently_with_its_reader():
    command = [sys.executable, "-m", "models", "--list"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as program:
        program.stdout.close()
        assert program.stderr.read() == b""


def test_the_readme_shows_this_table():
    """All columns that do not depend on the machine."""
    shown = {}
    for line in README.splitlines():
        cells = [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        if len(cells) == len(estimator_table.HEAD) and cells[0].startswith("`"):
            shown[cells[0].strip("`")] = cells
    for entry in estimator_table.entries():
        name, words, solver, *_ = entry.cells()
        assert name in shown, f"the README lacks {name}: python -m models --markdown"
        assert shown[name][1:3] == [words.replace("|", "\\|"), solver]
        passed = re.fullmatch(r"(\d+) of (\d+)|", shown[name][3])
        assert passed and passed[1] == passed[2]
    assert shown.keys() == {*models.__all__}


def test_without_scikit_learn_it_says_what_to_install(monkeypatch, capsys):
    monkeypatch.setitem(sys.modules, "sklearn.utils.estimator_checks", None)
    assert main(["Ridge"]) == 1
    assert "needs sklearn" in (said := capsys.readouterr().err) and "'.[compare]'" in said
