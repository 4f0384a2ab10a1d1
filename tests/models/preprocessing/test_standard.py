"""Standardization against scikit-learn's."""

import numpy as np
import pytest

from models import StandardScaler

preprocessing = pytest.importorskip("sklearn.preprocessing")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4)) * [1, 1e-8, 1e8, 3] + [0, 1, 5e8, -2]
WEIGHT = RNG.uniform(0.1, 3, size=50)


@pytest.mark.parametrize("with_mean", [True, False])
@pytest.mark.parametrize("with_std", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_the_same_as_scikit_learn(with_mean, with_std, weighted):
    weight = WEIGHT if weighted else None
    ours = StandardScaler(with_mean, with_std=with_std).fit(X, sample_weight=weight)
    theirs = preprocessing.StandardScaler(with_mean=with_mean, with_std=with_std).fit(
        X, sample_weight=weight
    )
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(ours.inverse_transform(ours.transform(X)), X, rtol=1e-12)
    assert list(ours.get_feature_names_out()) == ["x0", "x1", "x2", "x3"]


def test_the_result_has_mean_zero_and_deviation_one():
    Z = StandardScaler().fit_transform(X)
    # The second column differs in its last digits.
    np.testing.assert_allclose(Z.mean(axis=0), 0, atol=1e-7)
    np.testing.assert_allclose(Z.std(axis=0), 1, rtol=1e-12)


@pytest.mark.parametrize("constant", [0.0, 0.1, 1e8 / 3])
def test_a_constant_column_becomes_zero(constant):
    """The mean of a hundred times 0.1 is not 0.1: what is left over is rounding, and is not blown up."""
    model = StandardScaler().fit(np.full((100, 1), constant))
    assert model.scale_ == [1] and abs(model.transform([[constant]])[0, 0]) < 1e-7


@pytest.mark.parametrize("scale", [1e200, 1e-200, 1e300, -1e-290])
def test_columns_whose_squares_over_or_underflow(scale):
    Z = RNG.normal(size=(60, 3))
    expected = (Z - Z.mean(axis=0)) / Z.std(axis=0) * np.sign(scale)
    whole, in_parts = StandardScaler().fit(scale * Z), StandardScaler()
    for part in np.array_split(scale * Z, 4):
        in_parts.partial_fit(part)
    for scaler in (whole, in_parts):
        np.testing.assert_allclose(scaler.transform(scale * Z), expected, rtol=1e-11)
        np.testing.assert_allclose(scaler.scale_ / abs(scale), Z.std(axis=0), rtol=1e-12)
