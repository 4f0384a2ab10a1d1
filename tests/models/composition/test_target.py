"""Transformed targets: scikit-learn's answers."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

import sklearn.compose as theirs
from sklearn.datasets import load_diabetes
from sklearn.linear_model import Ridge
from sklearn.preprocessing import StandardScaler

import models

X, Y = load_diabetes(return_X_y=True)


@pytest.mark.parametrize(
    "given", [{"func": np.log, "inverse_func": np.exp}, {"transformer": StandardScaler()}, {}]
)
def test_the_same_answers(given):
    two = np.stack([Y, Y + 1], axis=1)
    for y in (Y, Y[:, None], two):
        ours = models.TransformedTargetRegressor(Ridge(), **given).fit(X, y)
        expected = theirs.TransformedTargetRegressor(Ridge(), **given).fit(X, y)
        np.testing.assert_allclose(ours.predict(X), expected.predict(X), rtol=1e-12)
    weight = np.arange(442.0)
    ours = models.TransformedTargetRegressor(**given).fit(X, Y, sample_weight=weight)
    expected = theirs.TransformedTargetRegressor(**given).fit(X, Y, sample_weight=weight)
    np.testing.assert_allclose(ours.predict(X), expected.predict(X), rtol=1e-9)


def test_mistakes():
    with pytest.raises(ValueError, match="'inverse_func' must also be provided"):
        models.TransformedTargetRegressor(func=np.log).fit(X, Y)
    with pytest.raises(ValueError, match="cannot both be set"):
        models.TransformedTargetRegressor(func=np.log, transformer=StandardScaler()).fit(X, Y)
    with pytest.warns(UserWarning, match="not strictly inverse of each other"):
        models.TransformedTargetRegressor(func=np.log, inverse_func=np.sqrt).fit(X, Y)
