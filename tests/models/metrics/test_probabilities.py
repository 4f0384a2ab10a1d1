"""Probabilities and decision values: equal to scikit-learn's, to the last digits."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from hypothesis import given, settings
from hypothesis import strategies as st

from models import metrics
from tests.models.metrics.cases import same

NAMES = [[0, 1], ["no", "yes"], [-1, 1], [0, 1, 2], ["a", "b", "c", "d"]]


@st.composite
def probabilities(draw, many=None):
    """(y, probabilities, weights, labels)"""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    labels = np.array(draw(st.sampled_from(NAMES)))
    n = draw(st.integers(1, 20))
    p = rng.random((n, len(labels)))
    if draw(st.booleans()):
        p = np.round(p) + 1e-9
    p /= p.sum(axis=1, keepdims=True)
    if draw(st.booleans()) and len(labels) == 2:
        p = p[:, 1]
    weight = draw(
        st.sampled_from([None, rng.integers(0, 3, n) + (np.arange(n) == 0), rng.random(n)])
    )
    return rng.choice(labels, n), p, weight, draw(st.sampled_from([None, labels]))


@pytest.mark.parametrize(
    "name", ["log_loss", "d2_log_loss_score", "brier_score_loss", "d2_brier_score"]
)
@settings(max_examples=80, deadline=None)
@given(case=probabilities())
def test_probabilities(name, case):
    y, p, weight, labels = case
    same(name, y, p, sample_weight=weight, labels=labels)


@settings(max_examples=40, deadline=None)
@given(case=probabilities())
def test_settings(case):
    y, p, weight, labels = case
    same("log_loss", y, p, sample_weight=weight, labels=labels, normalize=False)
    for scale in (True, False):
        same("brier_score_loss", y, p, labels=labels, scale_by_half=scale)
    if p.ndim == 1:
        same("brier_score_loss", y, p, pos_label=y[0])
    if len({*y.tolist()}) == 1:
        labels = None  # theirs then forgets the labels
    same("hinge_loss", y, 4 * p - 2, sample_weight=weight, labels=labels)


def test_what_does_not_fit_together():
    with pytest.raises(ValueError, match=r"y_prob contains values greater than 1: 1\.5"):
        metrics.log_loss([0, 1], [0.5, 1.5])
    with pytest.raises(
        ValueError, match=r"only one label \(1\).*(?s:.*)Try: labels=model.classes_"
    ):
        metrics.log_loss([1, 1], [0.5, 0.5])
    with pytest.raises(ValueError, match="different number of classes: 2 vs 3"):
        metrics.log_loss([0, 1], np.full((2, 3), 1 / 3))
    with pytest.raises(ValueError, match="pos_label is not specified"):
        metrics.brier_score_loss(["a", "b"], [0.5, 0.5])
    with pytest.raises(ValueError, match=r"must be \(n_samples, n_classes\), that is \(3, 3\)"):
        metrics.hinge_loss([0, 1, 2], [0.5, 0.5, 0.5])
    with pytest.warns(UserWarning, match="do not sum to one"):
        metrics.log_loss([0, 1], [[0.3, 0.3], [0.5, 0.5]])
