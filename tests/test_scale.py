"""The model of data-parallel training: its replay agrees with the formula, and the page with both."""

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def scale():
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(str(ROOT / "benchmarks"))
        yield importlib.import_module("scale")


GIVEN = (256, 2e-3, 1e-3, 4e6, 3e-6, 2e-10)  # samples, o, c, bytes, α, β


@pytest.mark.parametrize("p", [1, 2, 3, 8, 100, 1000])
def test_the_replay_of_equal_ranks_is_the_formula(p, scale):
    assert scale.simulate(p, *GIVEN) == pytest.approx(scale.closed_form(p, *GIVEN), rel=1e-12)


def test_two_ranks_send_two_messages_by_hand(scale):
    samples, o, c, n, alpha, beta = GIVEN
    by_hand = o + c * samples / 2 + 2 * (alpha + beta * n / 2)
    assert scale.closed_form(2, *GIVEN) == pytest.approx(by_hand, rel=1e-12)


def test_the_slowest_rank_decides(scale):
    without = scale.simulate(64, *GIVEN)
    slow = scale.simulate(64, *GIVEN, jitter=0.2, steps=20)
    # the largest of 64 |normal| numbers is about 2.6 on average
    assert without * 1.2 < slow < without * 1.9


def test_constants_are_found_again(scale):
    alpha, beta = 2e-6, 3e-10
    seconds = [2 * (alpha + beta * size / 2) for size in scale.SIZES]
    np.testing.assert_allclose(scale.fit(scale.SIZES, seconds), (alpha, beta), rtol=1e-9)


def test_the_page_shows_the_measured_run(scale):
    found = json.loads(scale.RESULTS.read_text(encoding="utf-8"))
    text = scale.PAGE.read_text(encoding="utf-8")
    assert scale.written(text, found) == text
    assert text.count("| ---") + text.count("| :--") >= 2
