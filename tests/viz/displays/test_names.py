"""The displays are where scikit-learn has them."""

import models.tree
import pytest

import models.metrics


def test_where_the_names_are():
    assert "RocCurveDisplay" in models.offers.names("metrics")
    assert "plot_tree" in dir(models.tree)
    with pytest.raises(ImportError, match="RocCurveDisplay"):
        from models.metrics import RocCurvDisplay  # noqa: F401
