"""Curves of the scores of two classes: with the same arguments they show the same numbers."""

import numpy as np
import pytest

import models.metrics
from models import GaussianNB, LinearSVC, LogisticRegression, Ridge
from models.selection import cross_validate
from tests.viz.displays.pairs import (
    BAYES,
    IRIS,
    SPECIES,
    X,
    assert_same,
    axes,
    both,
    pair,
    texts,
    y,
)

NAMED = GaussianNB().fit(X, np.array(["bad", "good"])[y])

CURVES = [
    ("RocCurveDisplay", ("fpr", "tpr", "roc_auc")),
    (
        "PrecisionRecallDisplay",
        ("precision", "recall", "average_precision", "prevalence_pos_label"),
    ),
    ("DetCurveDisplay", ("fpr", "fnr")),
]


@pytest.mark.parametrize("name, numbers", CURVES)
def test_curves_of_two_classes(name, numbers):
    score = BAYES.predict_proba(X)[:, 1]
    weight = np.arange(len(y)) % 3 + 1.0
    settings = [{}, {"sample_weight": weight, "name": "mine"}, {"drop_intermediate": True}]
    for more in settings:
        ours, theirs = pair("metrics", name, "from_predictions", y, score, **more)
        assert_same(ours, theirs, *numbers)
        assert texts(ours) == texts(theirs)
        for axis in ("get_xdata", "get_ydata"):
            np.testing.assert_allclose(
                getattr(ours.line_, axis)(), getattr(theirs.line_, axis)(), rtol=1e-9
            )
    for estimator, labels in ((BAYES, y), (LinearSVC(tol=1e-3).fit(X, y), y)):
        ours, theirs = pair("metrics", name, "from_estimator", estimator, X, labels)
        assert_same(ours, theirs, *numbers)
        assert texts(ours) == texts(theirs)
    labels = np.array(["bad", "good"])[y]
    for label in (None, "bad"):
        ours, theirs = pair("metrics", name, "from_estimator", NAMED, X, labels, pos_label=label)
        assert_same(ours, theirs, *numbers)
        assert texts(ours) == texts(theirs)
    assert ours.figure_ is ours.ax_.figure


@pytest.mark.parametrize("name, numbers", CURVES[:2])
def test_curves_of_the_splits_and_of_chance(name, numbers):
    score = BAYES.predict_proba(X)[:, 1]
    look = {"plot_chance_level": True, "despine": True, "curve_kwargs": {"color": "green"}}
    ours, theirs = pair("metrics", name, "from_predictions", y, score, **look)
    assert texts(ours) == texts(theirs) and ours.line_.get_color() == "green"
    level = [line.get_ydata() for line in (ours.chance_level_, theirs.chance_level_)]
    np.testing.assert_allclose(*level)
    found = cross_validate(
        LogisticRegression(tol=1e-3), X, y, cv=3, return_estimator=True, return_indices=True
    )
    kind, other = both("metrics", name)
    named = {"name": ["a", "b", "c"], "curve_kwargs": [{"color": c} for c in "rgb"]}
    ours = kind.from_cv_results(found, X, y, ax=axes(), **named)
    theirs = other.from_cv_results(found, X, y, ax=axes(), drop_intermediate=True, **named)
    for number in numbers[:3]:
        for a, b in zip(getattr(ours, number), getattr(theirs, number), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)
    assert len(ours.line_) == 3 and texts(ours)[2] == texts(theirs)[2]
    mean = [k.from_cv_results(found, X, y, ax=axes(), name="all") for k in (kind, other)]
    assert texts(mean[0])[2] == texts(mean[1])[2]
    with pytest.raises(ValueError, match="required keys"):
        kind.from_cv_results({}, X, y)


@pytest.mark.parametrize("name, numbers", CURVES[:2])
def test_the_weights_of_the_rows_go_with_the_splits(name, numbers):
    found = cross_validate(
        LogisticRegression(tol=1e-3), X, y, cv=3, return_estimator=True, return_indices=True
    )
    given = {"sample_weight": np.arange(len(y)) % 3 + 1.0, "drop_intermediate": True}
    ours, theirs = pair("metrics", name, "from_cv_results", found, X, y, **given)
    for number in numbers[:3]:
        for a, b in zip(getattr(ours, number), getattr(theirs, number), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)


def test_curves_of_other_estimators_are_refused():
    from models.metrics import RocCurveDisplay

    with pytest.raises(ValueError, match="classifier of 3 classes"):
        RocCurveDisplay.from_estimator(GaussianNB().fit(IRIS, SPECIES), IRIS, SPECIES)
    with pytest.raises(ValueError, match="Ridge is no classifier"):
        RocCurveDisplay.from_estimator(Ridge().fit(X, y), X, y)


@pytest.mark.filterwarnings("ignore:No positive samples")
def test_the_area_of_one_class_is_nan():
    drawn = models.metrics.RocCurveDisplay.from_predictions(0 * y, X[:, 0])
    assert np.isnan(drawn.roc_auc)
