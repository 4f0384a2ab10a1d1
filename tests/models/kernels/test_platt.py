"""Probabilities from scores: Platt's sigmoid against scikit-learn's, and the coupling of pairs."""

import numpy as np
import pytest

from models.kernels.platt import couple, probability_of, sigmoid_of_scores

calibration = pytest.importorskip("sklearn.calibration")

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("size", [1e-3, 1.0, 1e3])
def test_the_sigmoid_of_scikit_learn(size):
    signs = np.where(RNG.uniform(size=300) < 0.3, 1.0, -1.0)
    scores = size * (signs + RNG.normal(size=300))
    A, B = sigmoid_of_scores(scores, signs)
    theirs = calibration._SigmoidCalibration().fit(scores, signs)
    assert A * size == pytest.approx(theirs.a_ * size, rel=1e-4)
    assert pytest.approx(theirs.b_, rel=1e-3) == B
    p = probability_of(scores, A, B)
    n = (signs > 0).sum()
    t = np.where(signs > 0, (n + 1) / (n + 2), 1 / (300 - n + 2))
    assert abs((p - t).sum()) < 1e-6 and abs(scores @ (p - t)) / size < 1e-6  # the gradient


def test_scores_that_separate_or_say_nothing():
    signs = np.array([1.0, 1.0, -1.0, -1.0, -1.0])
    A, B = sigmoid_of_scores(signs, signs)
    np.testing.assert_allclose(
        probability_of(np.array([1.0, -1.0]), A, B), [3 / 4, 1 / 5], rtol=1e-8
    )
    A, B = sigmoid_of_scores(np.zeros(5), signs)
    assert np.isfinite([A, B]).all()
    assert probability_of(0.0, A, B) == pytest.approx((2 * 3 / 4 + 3 * 1 / 5) / 5)


@pytest.mark.parametrize("classes", [2, 3, 6])
def test_pairs_that_fit_together_give_their_probabilities(classes):
    p = RNG.dirichlet(np.ones(classes), size=20)
    i, j = np.triu_indices(classes, 1)
    np.testing.assert_allclose(couple(p[:, i] / (p[:, i] + p[:, j])), p, atol=1e-10)


def test_pairs_that_do_not_give_the_least_squares():
    pairs = RNG.uniform(0.05, 0.95, size=(1, 6))
    i, j = np.triu_indices(4, 1)

    def misfit(p):
        return 2 * ((1 - pairs[0]) * p[i] - pairs[0] * p[j]) ** 2

    best = couple(pairs)[0]
    for _ in range(100):
        other = best + 1e-3 * RNG.normal(size=4)
        assert misfit(other / other.sum()).sum() > misfit(best).sum()
