"""Quantile regression against scikit-learn's linear program, and what defines a quantile."""

import numpy as np
import pytest

from models import QuantileRegressor

linear_model = pytest.importorskip("sklearn.linear_model")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(61, 4)) * [1.0, 10.0, 0.1, 5.0] + [0, 30.0, 0, -3.0]
Y = X @ [1.0, 0.1, 0, 0.2] + RNG.standard_t(2, size=61)
WEIGHT = RNG.uniform(0.1, 3, size=61)


def loss(model, X, y, weight=None):
    r, q = y - model.predict(X), model.quantile
    pinball = np.average(np.where(r > 0, q * r, (q - 1) * r), weights=weight)
    return pinball + model.alpha * np.abs(model.coef_).sum()


@pytest.mark.parametrize("load", ["diabetes", "iris", "wine", "breast_cancer"])
@pytest.mark.parametrize(
    "settings", [{"alpha": 0.01}, {"alpha": 0.3, "quantile": 0.3}, {"alpha": 0, "quantile": 0.37}]
)
def test_the_same_as_scikit_learn_on_real_data(load, settings):
    A, y = getattr(datasets, f"load_{load}")(return_X_y=True)
    ours = QuantileRegressor(**settings).fit(A, y)
    theirs = linear_model.QuantileRegressor(**settings).fit(A, y)
    assert loss(ours, A, y) == pytest.approx(loss(theirs, A, y), rel=1e-10, abs=1e-12)
    np.testing.assert_allclose(
        ours.coef_, theirs.coef_, atol=1e-6 * (1e-6 + np.abs(theirs.coef_).max())
    )
    assert ours.intercept_ == pytest.approx(theirs.intercept_, rel=1e-6, abs=1e-6)
    np.testing.assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)


@pytest.mark.parametrize("quantile", [0.1, 0.5, 0.83])
@pytest.mark.parametrize("alpha", [0.0, 0.02, 0.3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_the_same_as_scikit_learn(quantile, alpha, fit_intercept, weighted):
    same = {"quantile": quantile, "alpha": alpha, "fit_intercept": fit_intercept}
    weight = WEIGHT if weighted else None
    ours = QuantileRegressor(**same).fit(X, Y, weight)
    theirs = linear_model.QuantileRegressor(**same).fit(X, Y, weight)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-8)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, rel=1e-6, abs=1e-8)


@pytest.mark.parametrize("quantile", [0.25, 0.5, 0.9])
def test_a_part_of_the_samples_is_below(quantile):
    """And as many samples are on the line, exactly, as there are parameters (Koenker 2.2)."""
    model = QuantileRegressor(quantile=quantile, alpha=0).fit(X, Y)
    r = Y - model.predict(X)
    on = np.abs(r) < 1e-12 * np.abs(Y).max()
    assert on.sum() == 5
    assert (r[~on] < 0).mean() == pytest.approx(quantile, abs=5 / 61)
    assert (r[~on] < 0).sum() <= quantile * 61 <= (r[~on] < 0).sum() + 5


def test_a_constant_is_the_quantile():
    y = RNG.permutation(np.arange(11.0))
    for q, expected in ((0.5, 5.0), (0.05, 0.0), (0.72, 7.0)):
        model = QuantileRegressor(quantile=q, alpha=1.0).fit(np.zeros((11, 1)), y)
        assert model.intercept_ == pytest.approx(expected, abs=1e-12) and model.coef_ == 0


@pytest.mark.parametrize("rows", [2, 4])
def test_with_few_samples_or_several_solutions_it_is_one_of_them(rows):
    for alpha in (0.0, 0.01):
        ours = QuantileRegressor(alpha=alpha).fit(X[:rows], Y[:rows])
        theirs = linear_model.QuantileRegressor(alpha=alpha).fit(X[:rows], Y[:rows])
        expected = loss(theirs, X[:rows], Y[:rows])
        assert loss(ours, X[:rows], Y[:rows]) == pytest.approx(expected, rel=1e-9, abs=1e-10)


def test_units_do_not_matter():
    units = np.array([1e-150, 1.0, 1e100, 1e150])
    plain = QuantileRegressor(alpha=0).fit(X, Y)
    other = QuantileRegressor(alpha=0).fit(X * units, Y * 1e50)
    np.testing.assert_allclose(other.coef_ * units / 1e50, plain.coef_, rtol=1e-9)
