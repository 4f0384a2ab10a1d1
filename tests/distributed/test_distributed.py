"""Several processes under MPI compute what one does: weights, losses, outputs, metrics and histories."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("mpi4py", reason="mpi4py and an MPI are not installed: pip install '.[mpi]'")
HERE = Path(__file__).parent
MPIEXEC = Path(sys.executable).with_name("mpiexec")
# Adam moves a parameter whose exact gradient is 0 by what is left of it after rounding: the bias of a key
# shifts all scores of a query alike, and a bias before batch normalization is subtracted again.
MOVED_BY_ROUNDING = {
    "cnn": {"0.b", "1.moving_mean", "outputs"},  # the moving mean lags behind the bias in `outputs`
    "gpt": {"block.attention.key.b"},
}


def run(script, *arguments, ranks=None, fails=False):
    """Runs a script under mpiexec, or, with ranks=None, in one process. Returns what it printed."""
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    if ranks is not None:
        command = [str(MPIEXEC), "-n", str(ranks), *command]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240)
    assert (done.returncode != 0) == fails, done.stdout + done.stderr
    return done.stdout + done.stderr


@pytest.fixture(scope="module")
def alone(tmp_path_factory):
    """(case, optimizer) -> what one process got."""
    known = {}

    def get(case, optimizer):
        if (case, optimizer) not in known:
            file = tmp_path_factory.mktemp("one") / "one.npz"
            run("worker.py", case, optimizer, file, "one")
            known[case, optimizer] = dict(np.load(file))
        return known[case, optimizer]

    return get


CASES = [(case, optimizer, ranks) for case in ("mlp", "cnn", "lstm", "gpt") for optimizer in ("sgd", "adam")
         for ranks in (1, 2, 3, 4)]  # fmt: skip
CASES += [(case, "sgd", ranks) for case in ("ignored", "weighted", "tiny") for ranks in (2, 4)]
CASES += [("mlp", "clipped", 3), ("mlp", "accumulated", 3)]


@pytest.mark.parametrize(("case", "optimizer", "ranks"), CASES)
def test_ranks_compute_what_one_process_does(case, optimizer, ranks, alone, tmp_path):
    expected = alone(case, optimizer)
    run("worker.py", case, optimizer, tmp_path / "many.npz", ranks=ranks)
    found = dict(np.load(tmp_path / "many.npz"))
    assert found.keys() == expected.keys()
    for name, numbers in expected.items():
        moved = optimizer == "adam" and name in MOVED_BY_ROUNDING.get(case, ())
        limit = 1e-9 if moved else 1e-12
        np.testing.assert_allclose(found[name], numbers, atol=limit, rtol=0, err_msg=name)
    assert np.ptp(expected["losses"]) > 0.1  # it has learned, or there was nothing to compare


def numbers_of(file):
    saved = dict(np.load(file))
    history, judged = json.loads(str(saved.pop("history"))), json.loads(str(saved.pop("judged")))
    return saved | history | {f"judged {name}": number for name, number in judged.items()}


def assert_same(file, other):
    found, expected = numbers_of(file), numbers_of(other)
    assert found.keys() == expected.keys()
    for name, numbers in expected.items():
        np.testing.assert_allclose(found[name], numbers, atol=1e-12, rtol=0, err_msg=name)


@pytest.mark.parametrize("ranks", [2, 3])
@pytest.mark.parametrize("case", ["plain", "own loss", "weights"])
def test_trainers_have_one_history(case, ranks, tmp_path):
    run("fit.py", case, tmp_path / "one.npz", tmp_path)
    run("fit.py", case, tmp_path / "many.npz", tmp_path, ranks=ranks)
    assert_same(tmp_path / "many.npz", tmp_path / "one.npz")


def test_a_killed_run_resumes_on_another_number_of_ranks(tmp_path):
    for folder in ("one", "many"):
        (tmp_path / folder).mkdir()
    run("fit.py", "log", tmp_path / "one.npz", tmp_path / "one")
    run("fit.py", "half", tmp_path / "x.npz", tmp_path / "many", ranks=3, fails=True)
    printed = run("fit.py", "log", tmp_path / "many.npz", tmp_path / "many", ranks=2)
    assert printed.count("resumes from") == 1 and "step 12" in printed
    assert_same(tmp_path / "many.npz", tmp_path / "one.npz")
    logs = [
        np.genfromtxt(tmp_path / folder / "log.csv", delimiter=",", skip_header=1)
        for folder in ("one", "many")
    ]
    np.testing.assert_allclose(*logs, atol=1e-12)


@pytest.mark.parametrize(
    ("case", "words"),
    [
        ("epochs", "number of epochs is 6 on rank 0, and 7 on rank 1"),
        ("data", "data x is (61, 6) float64 (checksum 013b235a) on rank 0"),
        ("layers", "layer 3 is Dropout(p=0.2) on rank 0, and Dropout(p=0.3) on rank 1"),
    ],
)
def test_ranks_that_differ_are_named_before_training(case, words, tmp_path):
    assert words in run("fit.py", case, tmp_path / "x.npz", tmp_path, ranks=2, fails=True)
    assert not (tmp_path / "x.npz").exists()


@pytest.mark.parametrize(
    ("case", "words"),
    [("error", "[rank 2] ArithmeticError: as planned"), ("kill", "Killed (signal 9)")],
)
def test_a_rank_that_fails_ends_all(case, words, tmp_path):
    assert words in run("fit.py", case, tmp_path / "x.npz", tmp_path, ranks=3, fails=True)
