"""Prediction errors are drawn at the points of scikit-learn's."""

import numpy as np
import pytest

from models import Ridge
from tests.viz.displays.pairs import TABLE, TARGET, assert_same, pair, texts


def test_prediction_error():
    model = Ridge(alpha=0.1).fit(TABLE, TARGET)
    for settings in (
        {},
        {"kind": "actual_vs_predicted"},
        {"subsample": 50, "random_state": 0},
        {"subsample": 0.2, "random_state": 0},
    ):
        ours, theirs = pair(
            "metrics", "PredictionErrorDisplay", "from_estimator", model, TABLE, TARGET, **settings
        )
        assert_same(ours, theirs, "y_true", "y_pred")
        assert texts(ours)[:2] == texts(theirs)[:2]
        np.testing.assert_allclose(ours.scatter_.get_offsets(), theirs.scatter_.get_offsets())
        np.testing.assert_allclose(ours.line_.get_xydata(), theirs.line_.get_xydata())
    with pytest.raises(ValueError, match="`kind` must be one of"):
        ours.plot(kind="other")
