"""Estimators that stay as they are."""

import pickle

import numpy as np
import pytest
from models.base import is_classifier
from models.frozen import FrozenEstimator
from models.pipeline import make_pipeline

from models import PCA, GaussianNB, Ridge, StandardScaler, clone
from models.foundation import NotFittedError
from models.selection import cross_val_score

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
y = (X[:, 0] > 0).astype(int)


def test_fit_and_clone_do_nothing():
    fitted = GaussianNB().fit(X[:20], y[:20])
    frozen = FrozenEstimator(fitted)
    assert frozen.fit(X, y) is frozen and clone(frozen) is frozen
    np.testing.assert_array_equal(frozen.theta_, fitted.theta_)
    np.testing.assert_array_equal(frozen.predict(X), fitted.predict(X))
    assert is_classifier(frozen) and frozen.get_params() == {"estimator": fitted}
    assert repr(frozen) == "FrozenEstimator(estimator=GaussianNB())"
    scores = cross_val_score(frozen, X, y, cv=4)
    np.testing.assert_allclose(scores, [fitted.score(X[r], y[r]) for r in folds(y)])


def folds(y):
    from models.selection import StratifiedKFold

    return [test for _, test in StratifiedKFold(4).split(X, y)]


def test_a_step_of_a_pipeline():
    scaler = StandardScaler().fit(10 * X)
    pipe = make_pipeline(FrozenEstimator(scaler), Ridge()).fit(X, y)
    np.testing.assert_array_equal(pipe[0].transform(X), scaler.transform(X))
    inner = FrozenEstimator(make_pipeline(StandardScaler(), PCA(1)).fit(X))
    assert inner[0].mean_.shape == (3,) and not hasattr(inner, "fit_transform")


def test_copies():
    frozen = FrozenEstimator(GaussianNB().fit(X, y))
    again = pickle.loads(pickle.dumps(frozen))
    np.testing.assert_array_equal(again.predict(X), frozen.predict(X))


def test_in_the_tools_of_scikit_learn():
    sklearn = pytest.importorskip("sklearn.calibration")
    frozen = FrozenEstimator(GaussianNB().fit(X, y))
    model = sklearn.CalibratedClassifierCV(frozen, ensemble=False).fit(X, y)
    assert model.score(X, y) > 0.8


def test_refusals():
    with pytest.raises(NotFittedError, match="GaussianNB is frozen, but not fitted"):
        FrozenEstimator(GaussianNB()).fit(X, y)
    with pytest.raises(ValueError, match="cannot set parameters of the inner estimator"):
        FrozenEstimator(Ridge().fit(X, y)).set_params(alpha=2.0)
    assert FrozenEstimator(Ridge()).set_params(estimator=PCA()).estimator.n_components is None
