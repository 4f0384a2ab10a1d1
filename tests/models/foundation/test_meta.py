"""Estimators inside estimators: copies, and fits of copies."""

import numpy as np
import pytest

import models
from models.foundation import (
    Regressor,
    clone,
    fit_clone,
    learned,
    named_parts,
    part,
    takes_weights,
    where,
)
from tests.models.contract import checks_of, name_of

linear_model = pytest.importorskip("sklearn.linear_model")
neighbors = pytest.importorskip("sklearn.neighbors")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3))
Y = np.exp(X @ [1.0, 2.0, 0.0] / 4)


class Logarithm(Regressor):
    """Fits the logarithm of y by another regressor."""

    estimator: object = part(None, needs="fit predict", doc="of the logarithms; None: Ridge()")
    reads = "anything"
    y_above = 0
    estimator_: object = learned("fitted to the logarithms")

    def _fit(self, X, y, weight):
        self.estimator_ = fit_clone(self.estimator or models.Ridge(), X, np.log(y), weight)
        self.n_features_in_ = self.estimator_.n_features_in_

    def _predict(self, X):
        return np.exp(self.estimator_.predict(X))

    @where("estimator.sample_y")
    def sample_y(self, X):
        return np.exp(self.estimator_.sample_y(X))


@pytest.mark.parametrize("inner", [models.Ridge(0.1), linear_model.Ridge(0.1)])
def test_a_part_may_be_ours_or_scikit_learns(inner):
    model = Logarithm(inner).fit(X, Y, np.ones(30))
    expected = linear_model.Ridge(0.1).fit(X, np.log(Y))
    np.testing.assert_allclose(model.predict(X), np.exp(expected.predict(X)), rtol=1e-10)
    assert not hasattr(inner, "coef_") and model.estimator is inner
    model.set_params(estimator__alpha=3.0)
    assert inner.alpha == 3.0 and not hasattr(model, "sample_y")
    inner.set_params(alpha=0.1)


def test_frames_reach_the_part_as_they_are():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["a", "b", "c"])
    model = Logarithm(models.Ridge()).fit(frame, Y)
    assert list(model.estimator_.feature_names_in_) == ["a", "b", "c"]
    with pytest.raises(ValueError, match="in the same order"):
        model.predict(frame[["c", "b", "a"]])


def test_weights_go_to_parts_that_take_them():
    weight = RNG.uniform(0.5, 2, size=30)
    model = Logarithm(models.LinearRegression()).fit(X, Y, weight)
    by_hand = models.LinearRegression().fit(X, np.log(Y), weight)
    np.testing.assert_array_equal(model.estimator_.coef_, by_hand.coef_)
    assert not takes_weights(neighbors.KNeighborsRegressor())
    Logarithm(neighbors.KNeighborsRegressor()).fit(X, Y)
    with pytest.raises(ValueError, match=r"KNeighborsRegressor\.fit has no argument sample_weight"):
        Logarithm(neighbors.KNeighborsRegressor()).fit(X, Y, weight)
    rows = Logarithm(models.Ridge()).fit(list(X), Y, [0, *np.ones(29)])  # without row 0
    np.testing.assert_array_equal(
        rows.predict(X), Logarithm(models.Ridge()).fit(X[1:], Y[1:]).predict(X)
    )


def test_clones_share_nothing_and_have_learned_nothing():
    class Holder(Regressor):
        steps: list = named_parts()
        table: object = part(None)

        def _fit(self, X, y):
            pass

    init = np.zeros((2, 3))
    steps = [("kmeans", models.KMeans(2, init=init)), ("theirs", linear_model.Ridge(7.0))]
    steps[0][1].fit(X)
    made = clone(Holder(steps, table=models.Ridge()))
    assert made.steps[0][1].init is not init and not hasattr(made.steps[0][1], "labels_")
    assert made.steps[1][1].alpha == 7.0 and made.steps[1][1] is not steps[1][1]
    assert made.table is not None and repr(made.table) == "Ridge()"
    assert repr(clone([models.Ridge(2.0)])) == "[Ridge(alpha=2.0)]"
    scaler = models.StandardScaler().set_output(transform="pandas")
    assert clone(scaler)._sklearn_output_config == {"transform": "pandas"}
    frozen = pytest.importorskip("sklearn.frozen").FrozenEstimator(models.Ridge().fit(X, Y))
    assert hasattr(clone(frozen), "coef_")
    with pytest.raises(
        TypeError, match=r"(?s)cannot clone .*Ridge.*it is not an estimator.*Try: Ridge\(\)"
    ):
        clone(models.Ridge)
    with pytest.raises(TypeError, match="cannot clone 3"):
        clone(3)


@pytest.mark.parametrize(
    "check",
    [
        pytest.param(c, id=f"{name_of(c)}-{i}")
        for i, c in enumerate(checks_of(Logarithm(models.Ridge())))
    ],
)
@pytest.mark.filterwarnings("ignore:X .* feature names:UserWarning")
def test_scikit_learns_checks(check):
    check(Logarithm(models.Ridge()))
