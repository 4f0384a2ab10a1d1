"""The page and the README show the latest run of `make bench`, and each line has a work that can be run.

No test here depends on a time.
"""

import importlib
import json
import sys
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu import nn

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module", autouse=True)
def benchmarks():
    """Puts the folder on the path, as for a script there. With the variable `timing` would restart Python."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("OPENBLAS_CORETYPE", raising=False)
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        yield
    for name in list(sys.modules):
        if name.partition(".")[0] in ("page", "peers", "works", "compare", "cold_jobs", "timing"):
            del sys.modules[name]


@pytest.fixture(scope="module")
def run():
    return json.loads((ROOT / "benchmarks/results/latest.json").read_text(encoding="utf-8"))


def imported(name):
    return importlib.import_module(name)


def test_the_readme_shows_the_latest_run(run):
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    assert imported("page").readme(text, run) == text


def test_the_page_shows_the_latest_run(run):
    page = imported("page")
    assert page.PAGE.read_text(encoding="utf-8") == page.page(run)


def test_another_run_is_another_table(run):
    page = imported("page")
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    other = json.loads(json.dumps(run))
    other["works"]["mlp-small"]["seconds"]["eager"]["best"] *= 2
    assert page.readme(text, other) != text and page.page(other) != page.page(run)


def test_a_readme_without_the_comments_is_refused(run):
    with pytest.raises(ValueError, match="put them back"):
        imported("page").readme("# no table here", run)


def test_each_line_has_a_work_and_each_work_a_line(run):
    assert list(run["works"]) == [*imported("works").WORKS, "job"]
    assert list(run["curves"]) == list(imported("works").CURVES)
    for curve in run["curves"].values():
        assert all(len(best) == len(curve["sizes"]) for best in curve["best"].values())


def test_each_peer_has_a_number_or_a_reason(run):
    assert set(run["peers"]) <= set(imported("peers").PEERS)
    assert run["quick"] or len(run["peers"]) == len(imported("peers").PEERS)
    for key, result in run["works"].items():
        told = {**result["seconds"], **result["out"]}
        assert set(told) == set(run["peers"]), key
        assert all(0 < of["best"] <= of["median"] for of in result["seconds"].values())


def test_the_variable_that_slows_numpy_was_not_set(run):
    assert run["machine"]["coretype"] == "unset"


@pytest.mark.parametrize("key", ["tanh-10", "mlp-small"])
def test_ours_by_hand_and_compiled_do_the_same_work(key):
    steps, out = imported("compare").ready(
        imported("works").WORKS[key], ["eager", "compiled", "hand"]
    )
    assert list(steps) == ["eager", "compiled", "hand"] and not out


@pytest.mark.parametrize("kind", ["layer_norm", "batch_norm"])
def test_normalization_by_hand_is_that_of_the_library(kind, monkeypatch):
    works, by_hand, ours = imported("works"), imported("peers.by_hand"), imported("peers.ours")
    x, (scale, shift, g) = works.layer((3, 4, 5, 6), (6,), (6,), (3, 4, 5, 6))
    monkeypatch.setattr(works, kind, lambda: (x, scale, shift, g))

    module = {"layer_norm": nn.LayerNorm, "batch_norm": nn.BatchNorm}[kind](6, eps=works.EPS)
    expected = ours.normalization(module, x, scale, shift, g, False)()
    for mine, theirs in zip(getattr(by_hand, kind)()(), expected, strict=True):
        assert np.allclose(mine.reshape(theirs.shape), theirs, atol=1e-4)


def fake(monkeypatch, **steps):
    """Peers that do what a test says: name -> a step, or an error that building raises."""
    compare = imported("compare")

    def build(name, work):
        if isinstance(steps[name], Exception):
            raise steps[name]
        return steps[name]

    monkeypatch.setattr(compare.peers, "build", build)
    monkeypatch.setattr(compare, "absent", lambda name: False)
    return compare


def test_another_work_is_left_out_with_its_numbers(monkeypatch):
    compare = fake(monkeypatch, eager=lambda: np.float32(2), hand=lambda: np.float32(3))
    steps, out = compare.ready(imported("works").WORKS["tanh-10"], ["eager", "hand"])
    assert list(steps) == ["eager"] and out == {"hand": "different numbers: 3 instead of 2"}


def test_one_number_too_few_is_another_work(monkeypatch):
    both = lambda: (np.float32(2), np.ones(3))
    compare = fake(monkeypatch, eager=both, hand=lambda: np.float32(2))
    assert list(compare.ready(imported("works").WORKS["tanh-10"], ["eager", "hand"])[0]) == [
        "eager"
    ]


def test_a_peer_that_fails_is_left_out_with_its_words(monkeypatch):
    compare = fake(monkeypatch, eager=lambda: np.float32(2), jax=AttributeError("no such thing"))
    _, out = compare.ready(imported("works").WORKS["tanh-10"], ["eager", "jax"])
    assert out == {"jax": "AttributeError: no such thing"}


def test_a_failure_of_ours_is_an_error(monkeypatch):
    compare = fake(monkeypatch, eager=AttributeError("no such thing"))
    with pytest.raises(AttributeError, match="no such thing"):
        compare.ready(imported("works").WORKS["tanh-10"], ["eager"])


def test_a_library_that_is_missing_says_so(monkeypatch):
    peers = imported("peers")
    monkeypatch.setitem(
        peers.PEERS, "dezero", peers.Peer("DeZero", "none", {}, ("no_such_package",))
    )
    steps, out = imported("compare").ready(imported("works").WORKS["tanh-10"], ["eager", "dezero"])
    assert list(steps) == ["eager"] and out == {"dezero": "not installed"}


def test_times_have_three_digits():
    time_of = imported("page").time_of
    found = [
        time_of(s) for s in (3e-6, 4.567e-5, 1.2345e-4, 0.99996e-3, 0.01234, 0.1234, 2.346, 12.3)
    ]
    assert found == [
        "3.00 µs",
        "45.7 µs",
        "123 µs",
        "1.00 ms",
        "12.3 ms",
        "123 ms",
        "2.35 s",
        "12.3 s",
    ]
