"""Polynomial features against scikit-learn's, and against the definition."""

import math

import numpy as np
import pytest

from models import LinearRegression, PolynomialFeatures
from models.foundation import NotFittedError

preprocessing = pytest.importorskip("sklearn.preprocessing")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 4)) * [1, 1e-3, 1e3, 2] + [0, 0, 0, 5]


@pytest.mark.parametrize("features", [1, 2, 4])
@pytest.mark.parametrize("degree", [0, 1, 2, 3, 5, (0, 2), (1, 3), (2, 2), (3, 5), [2, 4], (0, 0)])
@pytest.mark.parametrize("interaction_only", [False, True])
@pytest.mark.parametrize("order", ["C", "F"])
def test_the_same_as_scikit_learn(features, degree, interaction_only, order):
    settings = {"interaction_only": interaction_only, "include_bias": True, "order": order}
    ours = PolynomialFeatures(degree, **settings)
    theirs = preprocessing.PolynomialFeatures(degree, **settings)
    for _ in range(2):
        found = ours.fit_transform(X[:, :features])
        np.testing.assert_allclose(found, theirs.fit_transform(X[:, :features]), rtol=1e-13)
        np.testing.assert_array_equal(ours.powers_, theirs.powers_)
        assert ours.n_output_features_ == theirs.n_output_features_ == found.shape[1]
        assert list(ours.get_feature_names_out()) == list(theirs.get_feature_names_out())
        assert found.flags[f"{order}_CONTIGUOUS"]
        if theirs.n_output_features_ == 1:
            break
        ours.set_params(include_bias=False)
        theirs.set_params(include_bias=False)


def test_columns_are_the_powers_that_they_say():
    model = PolynomialFeatures((2, 4)).fit(X)
    expected = np.prod(X[:, None] ** model.powers_, axis=2)
    np.testing.assert_allclose(model.transform(X), expected, rtol=1e-13)
    assert len(model.powers_) == 1 + sum(math.comb(4 + k - 1, k) for k in (2, 3, 4))


def test_names_of_given_columns():
    model = PolynomialFeatures().fit(X[:, :2])
    assert list(model.get_feature_names_out(["a", "b"])) == ["1", "a", "b", "a^2", "a b", "b^2"]


def test_a_linear_model_of_them_is_a_polynomial():
    x = np.linspace(-1, 1, 20)[:, None]
    y = 3 - 2 * x[:, 0] + 0.5 * x[:, 0] ** 3
    P = PolynomialFeatures(3, include_bias=False).fit_transform(x)
    model = LinearRegression().fit(P, y)
    np.testing.assert_allclose([model.intercept_, *model.coef_], [3, -2, 0, 0.5], atol=1e-12)


@pytest.mark.parametrize("degree", [(2, 1), (1, 2, 3), (0.5, 2), (1,)])
def test_wrong_pairs_of_degrees(degree):
    with pytest.raises(ValueError, match="must be non-negative integers that fulfil min_degree <="):
        PolynomialFeatures(degree).fit(X)


@pytest.mark.parametrize("degree", [0, (0, 0)])
def test_no_columns_at_all(degree):
    with pytest.raises(ValueError, match="would result in an empty output array"):
        PolynomialFeatures(degree, include_bias=False).fit(X)
    with pytest.raises(ValueError, match="empty output array"):
        PolynomialFeatures((2, 3), interaction_only=True, include_bias=False).fit(X[:, :1])


def test_more_columns_than_can_be_numbered():
    with pytest.raises(ValueError, match="too large to be indexed"):
        PolynomialFeatures(60).fit(np.ones((1, 60)))


def test_a_product_that_overflows_is_no_silent_infinity():
    model = PolynomialFeatures(3).fit(X)
    with pytest.raises(ValueError, match="too large for float64") as error:
        model.transform(np.full((2, 4), 1e150))
    assert "StandardScaler" in str(error.value)
    assert np.isfinite(PolynomialFeatures(2).fit_transform(np.full((2, 4), 1e150))).all()


def test_powers_before_fit():
    with pytest.raises(NotFittedError):
        _ = PolynomialFeatures().powers_
