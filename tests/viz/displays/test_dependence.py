"""Partial dependence has the curves of scikit-learn's."""

import numpy as np
import pytest

from models import GaussianNB, GradientBoostingRegressor
from tests.viz.displays.pairs import IRIS, SPECIES, TABLE, TARGET, axes, both


def test_partial_dependence():
    kind, other = both("inspection", "PartialDependenceDisplay")
    model = GradientBoostingRegressor(n_estimators=20, random_state=0).fit(TABLE[:, :4], TARGET)
    for settings in (
        {"features": [0, 2, (0, 2)], "grid_resolution": 8},
        {"features": [2], "kind": "both", "subsample": 20, "random_state": 0, "centered": True},
        {"features": [2, 3], "kind": ["individual", "average"], "n_cols": 1},
    ):
        ours = kind.from_estimator(model, TABLE[:, :4], ax=axes(), **settings)
        theirs = other.from_estimator(model, TABLE[:, :4], ax=axes(), method="brute", **settings)
        for a, b in zip(ours.pd_results, theirs.pd_results, strict=True):
            assert a.keys() & {"average", "individual"} == b.keys() & {"average", "individual"}
            for name in a.keys() & {"average", "individual"}:
                np.testing.assert_allclose(a[name], b[name], rtol=1e-10)
        assert ours.axes_.shape == theirs.axes_.shape
        for i, pair_ in enumerate(ours.features):
            axis, there = ours.axes_.flat[i], theirs.axes_.flat[i]
            if len(pair_) == 1:
                mine = np.sort([line.get_ydata()[-1] for line in axis.lines])
                assert len(mine) == len([line for line in there.lines if len(line.get_ydata()) > 2])
                assert axis.get_xlabel() == there.get_xlabel()
    three = GaussianNB().fit(IRIS, SPECIES)
    a, b = (k.from_estimator(three, IRIS, [0], target=2, ax=axes()) for k in (kind, other))
    np.testing.assert_allclose(
        a.lines_[0].get_ydata(), np.ravel(b.lines_)[0].get_ydata(), rtol=1e-10
    )
    with pytest.raises(ValueError, match="target must be specified for multi-class"):
        kind.from_estimator(three, IRIS, [0])
