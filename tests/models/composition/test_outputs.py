"""Several targets: scikit-learn's answers."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

import sklearn.multioutput as theirs
from sklearn.datasets import load_iris, load_linnerud
from sklearn.linear_model import LogisticRegression, Ridge

import models

X, Y = load_linnerud(return_X_y=True)
I, K = load_iris(return_X_y=True)
TABLE = np.stack([K > 0, K > 1, I[:, 0] > 5.8], axis=1).astype(int)
CASES = [
    ("MultiOutputRegressor", Ridge(), X, Y, {}),
    ("MultiOutputRegressor", Ridge(), X, Y, {"n_jobs": 2}),
    ("RegressorChain", Ridge(), X, Y, {}),
    ("RegressorChain", Ridge(), X, Y, {"order": [2, 0, 1], "cv": 3}),
    ("RegressorChain", Ridge(), X, Y, {"order": "random", "random_state": 3}),
    ("MultiOutputClassifier", LogisticRegression(max_iter=500), I, TABLE, {}),
    ("ClassifierChain", LogisticRegression(max_iter=500), I, TABLE, {}),
    ("ClassifierChain", LogisticRegression(max_iter=500), I, TABLE,
     {"cv": 3, "chain_method": "predict_proba", "order": [1, 2, 0]}),
]  # fmt: skip


@pytest.mark.parametrize("kind, part, x, y, given", CASES)
def test_the_same_answers(kind, part, x, y, given):
    ours = getattr(models, kind)(part, **given).fit(x, y)
    expected = getattr(theirs, kind)(part, **given).fit(x, y)
    for name in ("predict", "predict_proba", "decision_function"):
        if hasattr(expected, name):
            found, wanted = getattr(ours, name)(x), getattr(expected, name)(x)
            np.testing.assert_allclose(np.asarray(found), np.asarray(wanted), rtol=1e-9)
    assert ours.score(x, y) == pytest.approx(expected.score(x, y), rel=1e-9)


def test_weights_and_mistakes():
    weight = np.arange(20.0) + 1
    ours = models.MultiOutputRegressor(Ridge()).fit(X, Y, sample_weight=weight)
    expected = theirs.MultiOutputRegressor(Ridge()).fit(X, Y, sample_weight=weight)
    np.testing.assert_allclose(ours.predict(X), expected.predict(X))
    with pytest.raises(ValueError, match="y must have at least two dimensions"):
        models.MultiOutputRegressor(models.Ridge()).fit(X, Y[:, 0])
    with pytest.raises(ValueError, match="invalid order"):
        models.RegressorChain(models.Ridge(), order=[0, 0, 1]).fit(X, Y)
    with pytest.raises(ValueError, match="not fitted"):
        models.RegressorChain(models.Ridge()).predict(X)
