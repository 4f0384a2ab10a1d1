"""Calibration curves go through the points of scikit-learn's."""

from tests.viz.displays.pairs import BAYES, X, assert_same, pair, texts, y


def test_calibration():
    p = BAYES.predict_proba(X)[:, 1]
    for settings in (
        {},
        {"n_bins": 8, "strategy": "quantile", "name": "mine"},
        {"ref_line": False},
    ):
        ours, theirs = pair(
            "calibration", "CalibrationDisplay", "from_predictions", y, p, **settings
        )
        assert_same(ours, theirs, "prob_true", "prob_pred", "y_prob")
        assert texts(ours) == texts(theirs)
    ours, theirs = pair("calibration", "CalibrationDisplay", "from_estimator", BAYES, X, y)
    assert_same(ours, theirs, "prob_true", "prob_pred")
    assert texts(ours) == texts(theirs)
