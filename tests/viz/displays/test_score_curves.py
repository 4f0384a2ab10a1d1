"""Learning and validation curves have the scores of scikit-learn's."""

import numpy as np
import pytest

from models import Ridge
from tests.viz.displays.pairs import TABLE, TARGET, assert_same, pair, texts


def test_learning_curve():
    for settings in (
        {"scoring": "neg_mean_squared_error", "negate_score": True},
        {
            "scoring": "neg_mean_squared_error",
            "score_type": "test",
            "std_display_style": "errorbar",
        },
        {"std_display_style": None, "score_name": "R"},
    ):
        ours, theirs = pair(
            "model_selection", "LearningCurveDisplay", "from_estimator", Ridge(), TABLE, TARGET, cv=3,
            **settings,
        )  # fmt: skip
        assert_same(ours, theirs, "train_sizes", "train_scores", "test_scores")
        assert texts(ours) == texts(theirs)
        assert [len(ours.lines_ or ()), len(ours.fill_between_ or ()), len(ours.errorbar_ or ())] == [
            len(theirs.lines_ or ()), len(theirs.fill_between_ or ()), len(theirs.errorbar_ or ()),
        ]  # fmt: skip


def test_validation_curve():
    given = {"param_name": "alpha", "param_range": np.logspace(-3, 1, 5)}
    ours, theirs = pair(
        "model_selection", "ValidationCurveDisplay", "from_estimator", Ridge(), TABLE, TARGET, cv=3, **given
    )  # fmt: skip
    assert_same(ours, theirs, "train_scores", "test_scores", "param_range")
    assert (
        texts(ours) == texts(theirs) and ours.ax_.get_xscale() == theirs.ax_.get_xscale() == "log"
    )
    with pytest.raises(ValueError, match="score_type='none'"):
        ours.plot(score_type="none")
