"""Curves and areas: equal to scikit-learn's, to the last digits."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from hypothesis import given, settings
from hypothesis import strategies as st

from models import metrics
from tests.models.metrics.cases import same


@st.composite
def scores(draw, columns=None, labels=(0, 1)):
    """(y, scores, weights); with columns several labels"""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(2, 30))
    shape = n if columns is None else (n, columns)
    found = rng.normal(size=shape)
    if draw(st.booleans()):
        found = np.round(found)  # ties
    weight = draw(
        st.sampled_from([None, rng.integers(0, 3, n) + (np.arange(n) == 0), rng.random(n)])
    )
    return rng.choice(np.array(labels), shape), found, weight


@pytest.mark.parametrize("drop", [True, False])
@pytest.mark.parametrize("name", ["roc_curve", "precision_recall_curve", "det_curve"])
@settings(max_examples=50, deadline=None)
@given(case=scores())
def test_curves(name, drop, case):
    same(name, *case[:2], sample_weight=case[2], drop_intermediate=drop)


@settings(max_examples=30, deadline=None)
@given(case=scores(labels=("a", "b")), many=scores(labels=(0, 1, 2)))
def test_positive_labels(case, many):
    for name in ("roc_curve", "precision_recall_curve", "det_curve", "average_precision_score"):
        same(name, *case[:2], pos_label="a")
        same(name, *case[:2])
    for name in ("roc_curve", "precision_recall_curve"):
        same(name, *many[:2], pos_label=2)
    same("confusion_matrix_at_thresholds", *case[:2], pos_label="b", sample_weight=case[2])


@pytest.mark.parametrize("average", ["macro", "micro", "weighted", "samples", None])
@pytest.mark.parametrize("name", ["roc_auc_score", "average_precision_score"])
@settings(max_examples=30, deadline=None)
@given(case=st.one_of(scores(), scores(columns=3)))
def test_areas(name, average, case):
    same(name, *case[:2], sample_weight=case[2], average=average)


@settings(max_examples=40, deadline=None)
@given(case=scores(), part=st.sampled_from([0.1, 0.5, 1]), words=scores(labels=("a", "b")))
def test_a_part_of_the_area(case, part, words):
    weight = None if case[2] is None else case[2] + 0.1
    same("roc_auc_score", *case[:2], sample_weight=weight, max_fpr=part)
    same("roc_auc_score", *words[:2])


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32), n=st.integers(2, 30), words=st.booleans(), weighted=st.booleans()
)
def test_areas_of_several_classes(seed, n, words, weighted):
    rng = np.random.default_rng(seed)
    classes = np.array(["a", "b", "c"] if words else [0, 2, 5])
    y, p = rng.choice(classes, n), np.round(rng.random((n, 3)), 1) + 0.01
    p /= p.sum(axis=1, keepdims=True)
    weight = rng.random(n) if weighted else None
    for labels in (None, classes):
        for average in ("macro", "weighted", "micro", None):
            for how in ("ovr", "ovo"):
                given_ = {"average": average, "labels": labels, "multi_class": how}
                same("roc_auc_score", y, p, sample_weight=weight, **given_)
    same("average_precision_score", y, p, sample_weight=weight)


def test_auc():
    same("auc", [0, 0.5, 1], [0, 1, 1])
    same("auc", [1, 0.5, 0], [0, 1, 1])
    with pytest.raises(ValueError, match="neither increasing nor decreasing"):
        metrics.auc([0, 1, 0.5], [0, 1, 1])
    with pytest.raises(ValueError, match="At least 2 points"):
        metrics.auc([0], [0])


def test_what_does_not_fit_together():
    with pytest.raises(ValueError, match="multi_class must be in"):
        metrics.roc_auc_score([0, 1, 2], np.full((3, 3), 1 / 3))
    with pytest.raises(ValueError, match="should sum up to 1.0 over classes"):
        metrics.roc_auc_score([0, 1, 2], np.ones((3, 3)), multi_class="ovr")
    with pytest.raises(ValueError, match="columns in 'y_score'.*(?s:.*)Try: labels=model.classes_"):
        metrics.roc_auc_score([0, 1, 2], np.full((3, 4), 0.25), multi_class="ovr")
    with pytest.raises(ValueError, match="multiclass format is not supported"):
        metrics.roc_curve([0, 1, 2], [0.1, 0.2, 0.3])
    with pytest.raises(ValueError, match="y_score contains NaN"):
        metrics.roc_curve([0, 1], [0.1, np.nan])
    with pytest.raises(ValueError, match="at least one non-zero number"):
        metrics.roc_auc_score([0, 1], [0.1, 0.2], sample_weight=[0, 0])
