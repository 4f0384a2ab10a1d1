"""The displays are where scikit-learn has them."""

import models.tree
import pytest

import models.inspection
import models.metrics
from models import DecisionTreeClassifier, LogisticRegression, Ridge
from tests.viz.displays.pairs import TABLE, TARGET, X, y


def test_where_the_names_are():
    assert "RocCurveDisplay" in models.offers.names("metrics")
    assert "plot_tree" in dir(models.tree)
    with pytest.raises(ImportError, match="RocCurveDisplay"):
        from models.metrics import RocCurvDisplay  # noqa: F401


def test_refusals_in_words():
    line = Ridge().fit(TABLE, TARGET)
    plane = LogisticRegression().fit(X[:, :2], y)
    stump = DecisionTreeClassifier(max_depth=1).fit(X, y)
    for draw, words in [
        (
            lambda: models.metrics.ConfusionMatrixDisplay.from_estimator(line, TABLE, TARGET),
            "only supports classifiers",
        ),
        (
            lambda: models.inspection.DecisionBoundaryDisplay.from_estimator(
                plane, X[:, :2], grid_resolution=1
            ),
            "grid_resolution must be greater than 1",
        ),
        (
            lambda: models.inspection.PartialDependenceDisplay.from_estimator(
                line, TABLE, [(0, 2)], kind="individual"
            ),
            "have one map, the average",
        ),
        (
            lambda: models.tree.plot_tree(stump, class_names=["a"]),
            "class_names has 1 names, and the tree has 2 classes",
        ),
    ]:
        with pytest.raises(ValueError, match=words):
            draw()
