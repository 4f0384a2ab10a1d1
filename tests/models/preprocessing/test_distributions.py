"""Powers, ranks and intervals against scikit-learn's."""

import warnings

import numpy as np
import pytest

from models import KBinsDiscretizer, PowerTransformer, QuantileTransformer
from models.preprocessing import power_transform, quantile_transform
from tests.models.contract import assert_clear
from tinygrad_edu.gradcheck import gradcheck

preprocessing = pytest.importorskip("sklearn.preprocessing")

RNG = np.random.default_rng(0)
X = np.column_stack(
    [
        RNG.lognormal(size=300), RNG.gamma(2, size=300) + 0.1, RNG.normal(10, 1, size=300),
        RNG.exponential(size=300) ** 2 + 1e-3, RNG.integers(1, 6, size=300),
    ]
)  # fmt: skip
SIGNED = X - np.median(X, axis=0)
WITH_NAN = np.where(RNG.random(X.shape) < 0.1, np.nan, X)
NEW = RNG.gamma(1.5, 2, size=(40, 5)) + 0.01


# ---- powers --------------------------------------------------------------------------------------


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize(
    "method, data",
    [
        ("box-cox", X),
        ("box-cox", WITH_NAN),
        ("yeo-johnson", SIGNED),
        ("yeo-johnson", WITH_NAN),
        ("yeo-johnson", -X),
    ],
)
def test_powers_are_scikit_learns(method, data, standardize):
    ours = PowerTransformer(method, standardize=standardize).fit(data)
    theirs = preprocessing.PowerTransformer(method=method, standardize=standardize).fit(data)
    np.testing.assert_allclose(ours.lambdas_, theirs.lambdas_, rtol=1e-6, atol=1e-6)
    theirs = preprocessing.PowerTransformer(method=method, standardize=False).fit(data)
    theirs.lambdas_ = ours.lambdas_
    plain = PowerTransformer(method, standardize=False).fit(data)
    np.testing.assert_allclose(plain.transform(data), theirs.transform(data), rtol=1e-9, atol=1e-12)
    Z = ours.transform(data)
    np.testing.assert_allclose(ours.inverse_transform(Z), data, rtol=1e-9, atol=1e-12)


def test_lambda_is_where_the_derivative_is_0():
    model = PowerTransformer().fit(SIGNED)
    for x, λ in zip(SIGNED.T, model.lambdas_, strict=True):
        L, s = model._logarithms(x)
        around = [float(model.loss(λ + d, L, s)) for d in (-1e-3, 0, 1e-3)]
        assert around[1] < min(around[0], around[2])
        assert gradcheck(lambda p: model.loss(p, L, s), np.float64(0.3)), "L and s are read at once"  # noqa: B023


def test_limits_of_the_powers():
    """λ = 0 and λ = 2, where the formulas divide by 0."""
    model = PowerTransformer(standardize=False).fit(SIGNED[:, :2])
    model.lambdas_ = np.array([0.0, 2.0])
    Z = model.transform([[3.0, -3.0]])
    np.testing.assert_allclose(Z, [[np.log(4), -np.log(4)]])
    np.testing.assert_allclose(model.inverse_transform(Z), [[3.0, -3.0]])


def test_a_power_of_what_is_not_positive():
    with pytest.raises(
        ValueError, match="positive data, and X has 0.0 in row 1, column 0"
    ) as error:
        PowerTransformer("box-cox").fit([[1.0], [0.0]])
    assert_clear(error.value)
    model = PowerTransformer("box-cox", standardize=False).fit(X[:, :1])
    model.lambdas_[:] = 0.5
    with pytest.warns(UserWarning, match="column 0 of the inverse-transformed data are NaN"):
        model.inverse_transform([[-9.0]])


def test_powers_of_constants_and_of_extremes():
    constant = np.full((20, 2), 0.1)
    np.testing.assert_array_equal(PowerTransformer().fit(constant).lambdas_, 1)
    far = RNG.normal(size=(50, 1)) + 1e8
    for method in ("box-cox", "yeo-johnson"):
        assert np.isfinite(PowerTransformer(method).fit_transform(far)).all()
        assert np.isfinite(PowerTransformer(method).fit_transform(np.exp(far - 1e8) * 1e150)).all()


def test_as_functions():
    np.testing.assert_array_equal(power_transform(X), PowerTransformer().fit_transform(X))
    ours, theirs = (
        f(X, n_quantiles=4, axis=1) for f in (quantile_transform, preprocessing.quantile_transform)
    )
    np.testing.assert_allclose(ours, theirs, rtol=1e-13, atol=1e-14)


# ---- ranks ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("distribution", ["uniform", "normal"])
@pytest.mark.parametrize("data", [X, WITH_NAN])
@pytest.mark.parametrize("n", [2, 10, 300])
def test_ranks_are_scikit_learns(distribution, data, n):
    ours = QuantileTransformer(n_quantiles=n, output_distribution=distribution).fit(data)
    theirs = preprocessing.QuantileTransformer(n_quantiles=n, output_distribution=distribution).fit(
        data
    )
    np.testing.assert_array_equal(ours.quantiles_, theirs.quantiles_)
    np.testing.assert_array_equal(ours.references_, theirs.references_)
    for rows in (data, NEW):
        Z = theirs.transform(rows)
        np.testing.assert_allclose(ours.transform(rows), Z, rtol=1e-12, atol=1e-14)
        np.testing.assert_allclose(
            ours.inverse_transform(Z), theirs.inverse_transform(Z), rtol=1e-11
        )


def test_ranks_in_some_of_the_rows():
    many = RNG.normal(size=(500, 2))
    ours = QuantileTransformer(n_quantiles=20, subsample=100, random_state=3).fit(many)
    theirs = preprocessing.QuantileTransformer(n_quantiles=20, subsample=100, random_state=3).fit(
        many
    )
    np.testing.assert_array_equal(ours.quantiles_, theirs.quantiles_)
    with pytest.raises(ValueError, match="Got 200 quantiles and 100 samples") as error:
        QuantileTransformer(n_quantiles=200, subsample=100).fit(many)
    assert_clear(error.value)


# ---- intervals -----------------------------------------------------------------------------------


@pytest.mark.parametrize("strategy", ["uniform", "quantile", "kmeans"])
@pytest.mark.parametrize("encode", ["onehot", "onehot-dense", "ordinal"])
@pytest.mark.parametrize("weighted", [False, True])
def test_intervals_are_scikit_learns(strategy, encode, weighted):
    settings = {"n_bins": 4, "strategy": strategy, "encode": encode}
    data, new = X[:, :4], NEW[:, :4]  # integers may be as far from two centers
    weight = RNG.integers(0, 4, len(data)).astype(float) if weighted else None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ours = KBinsDiscretizer(**settings).fit(data, sample_weight=weight)
        theirs = preprocessing.KBinsDiscretizer(**settings).fit(data, sample_weight=weight)
    for found, expected in zip(ours.bin_edges_, theirs.bin_edges_, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-13)
    for rows in (data, new):
        Z = theirs.transform(rows)
        Z = Z.toarray() if encode == "onehot" else Z
        np.testing.assert_array_equal(ours.transform(rows), Z)
        np.testing.assert_allclose(
            ours.inverse_transform(Z), theirs.inverse_transform(Z), rtol=1e-13
        )
    np.testing.assert_array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())


@pytest.mark.parametrize("method", ["inverted_cdf", "linear", "hazen", "closest_observation"])
def test_methods_of_quantiles(method):
    settings = {"n_bins": [2, 3, 4, 5, 3], "quantile_method": method, "encode": "ordinal"}
    ours, theirs = (
        KBinsDiscretizer(**settings).fit(X),
        preprocessing.KBinsDiscretizer(**settings).fit(X),
    )
    np.testing.assert_array_equal(ours.n_bins_, theirs.n_bins_)
    np.testing.assert_array_equal(ours.transform(X), theirs.transform(X))


def test_intervals_from_some_of_the_rows():
    settings = {"subsample": 50, "random_state": 1, "encode": "ordinal", "strategy": "uniform"}
    for weight in (None, RNG.uniform(size=300)):
        ours = KBinsDiscretizer(**settings).fit(X, sample_weight=weight)
        theirs = preprocessing.KBinsDiscretizer(**settings).fit(X, sample_weight=weight)
        for found, expected in zip(ours.bin_edges_, theirs.bin_edges_, strict=True):
            np.testing.assert_allclose(found, expected)


def test_intervals_of_constants_and_of_equal_numbers():
    with pytest.warns(UserWarning, match="Feature 0 is constant and will be replaced with 0"):
        model = KBinsDiscretizer(encode="ordinal").fit(np.ones((9, 1)))
    assert model.transform([[5.0]]) == 0
    with pytest.warns(UserWarning, match=r"too small .* in feature 0 are removed"):
        model = KBinsDiscretizer().fit(np.repeat([[0.0], [1.0]], 20, axis=0))
    assert model.n_bins_ == [1] or model.n_bins_ == [2]
    for settings, words in (
        ({"n_bins": [2, 3]}, "n_bins must be a scalar or array"),
        ({"quantile_method": "hazen"}, "got 'hazen' instead"),
    ):
        with pytest.raises(ValueError, match=words) as error:
            KBinsDiscretizer(**settings).fit(X, sample_weight=np.ones(300))
        assert_clear(error.value)


@pytest.mark.parametrize("output", ["uniform", "normal"])
def test_a_missing_value_stays_missing_beside_a_single_row(output):
    model = QuantileTransformer(output_distribution=output).fit([[1.0, np.nan]])
    assert np.isnan(model.transform([[np.nan, 2.0], [1.0, np.nan]])[[0, 0, 1], [0, 1, 1]]).all()
