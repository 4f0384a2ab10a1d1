"""Scaling to ranges, rows to norm 1, thresholds and kernels against scikit-learn's, with missing values."""

import numpy as np
import pytest

import models
from tests.models.contract import learned

preprocessing = pytest.importorskip("sklearn.preprocessing")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4)) * [1, 1e-8, 1e8, 3] + [0, 1, 5e8, -2]
WITH_NAN = np.where(RNG.random(X.shape) < 0.2, np.nan, X)
NEW = RNG.normal(size=(20, 4)) * [3, 1e-8, 1e8, 9] + [0, 1, 5e8, -2]

CASES = [
    ("StandardScaler", {}),
    ("MinMaxScaler", {}),
    ("MinMaxScaler", {"feature_range": (-2, 5), "clip": True}),
    ("MaxAbsScaler", {}),
    ("MaxAbsScaler", {"clip": True}),
    ("RobustScaler", {}),
    ("RobustScaler", {"with_centering": False}),
    ("RobustScaler", {"with_scaling": False}),
    ("RobustScaler", {"quantile_range": (10.0, 70.0), "unit_variance": True}),
]


@pytest.mark.parametrize("name, settings", CASES)
@pytest.mark.parametrize("data", [X, WITH_NAN, X[:1], X[:2]])
@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning:sklearn")
def test_the_same_as_scikit_learn(name, settings, data):
    ours = getattr(models, name)(**settings).fit(data)
    theirs = getattr(preprocessing, name)(**settings).fit(data)
    for key, found in learned(ours).items():
        expected = getattr(theirs, key)
        if expected is None:
            assert found is None
        else:
            np.testing.assert_allclose(found, expected, rtol=1e-13, err_msg=key)
    for rows in (data, NEW):
        Z = ours.transform(rows)
        np.testing.assert_allclose(Z, theirs.transform(rows), rtol=1e-10, atol=1e-6)
        np.testing.assert_allclose(
            ours.inverse_transform(Z), theirs.inverse_transform(Z), rtol=1e-12, atol=1e-15
        )


@pytest.mark.parametrize("name", ["MinMaxScaler", "MaxAbsScaler", "RobustScaler"])
def test_extremes_are_the_same_to_the_last_digit(name):
    ours, theirs = getattr(models, name)(), getattr(preprocessing, name)()
    np.testing.assert_array_equal(ours.fit_transform(X), theirs.fit_transform(X))
    np.testing.assert_array_equal(ours.fit_transform(WITH_NAN), theirs.fit_transform(WITH_NAN))


@pytest.mark.parametrize("name", ["StandardScaler", "MinMaxScaler", "MaxAbsScaler"])
def test_in_parts_with_missing_values(name):
    whole, parts = getattr(models, name)().fit(WITH_NAN), getattr(models, name)()
    for part in np.split(WITH_NAN, [1, 2, 20]):
        parts.partial_fit(part)
    for key, found in learned(parts).items():
        np.testing.assert_allclose(found, getattr(whole, key), rtol=1e-7, err_msg=key)


@pytest.mark.parametrize("name", ["StandardScaler", "MinMaxScaler", "MaxAbsScaler", "RobustScaler"])
def test_missing_values_stay_and_a_column_without_values_too(name):
    data = WITH_NAN.copy()
    data[:, 1] = np.nan
    Z = getattr(models, name)().fit_transform(data)
    np.testing.assert_array_equal(np.isnan(Z), np.isnan(data))


@pytest.mark.parametrize("wrong", [(1, 0), (1, 1), (0, 1, 2)])
def test_ranges_that_are_none(wrong):
    with pytest.raises(ValueError, match=r"(?s)must be smaller.*Try: feature_range=\(0, 1\)"):
        models.MinMaxScaler(wrong).fit(X)
    with pytest.raises(ValueError, match="Invalid quantile range"):
        models.RobustScaler(quantile_range=(*wrong, 0)).fit(X)


# ---- rows, numbers, kernels ----------------------------------------------------------------------


@pytest.mark.parametrize("norm", ["l1", "l2", "max"])
def test_rows_of_norm_one(norm):
    rows = np.vstack([X, np.zeros(4)])
    expected = preprocessing.Normalizer(norm=norm).transform(rows)
    np.testing.assert_array_equal(models.Normalizer(norm).fit_transform(rows), expected)
    np.testing.assert_array_equal(models.Normalizer(norm).transform(rows), expected)


@pytest.mark.parametrize("scale", [1e-200, 1e200])
def test_rows_whose_squares_over_or_underflow(scale):
    rows = RNG.normal(size=(20, 3))
    found = models.Normalizer().transform(rows * scale)
    np.testing.assert_allclose(found, models.Normalizer().transform(rows), rtol=1e-14)


def test_a_threshold():
    expected = preprocessing.Binarizer(threshold=0.5).transform(X)
    np.testing.assert_array_equal(models.Binarizer(threshold=0.5).transform(X), expected)


def test_a_centered_kernel():
    K, new = X[:, :2] @ X[:, :2].T, NEW[:, :2] @ X[:, :2].T
    ours, theirs = models.KernelCenterer().fit(K), preprocessing.KernelCenterer().fit(K)
    for each in (K, new):
        np.testing.assert_allclose(ours.transform(each), theirs.transform(each), atol=1e-12)
    features = X[:, :2] - X[:, :2].mean(axis=0)
    np.testing.assert_allclose(ours.transform(K), features @ features.T, atol=1e-12)
    with pytest.raises(ValueError, match="Input is a 50x2 matrix"):
        models.KernelCenterer().fit(X[:, :2])
