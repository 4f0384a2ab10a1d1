"""B-splines against scikit-learn's, and against their identities."""

import numpy as np
import pytest

from models import LinearRegression, SplineTransformer

preprocessing = pytest.importorskip("sklearn.preprocessing")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 3)) * [1, 1e-6, 1e6] + [0, 1, 5e6]
BEYOND = np.concatenate([X, X.mean(axis=0) + 6 * (X - X.mean(axis=0))])
GIVEN = np.quantile(X, [0.05, 0.2, 0.3, 0.8, 0.95], axis=0)
WEIGHT = RNG.uniform(0.1, 3, size=50) * (np.arange(50) % 7 > 0)
OUTSIDE = ["constant", "linear", "continue", "periodic"]


def both(fitted_to=X, weight=None, **settings):
    models = SplineTransformer(**settings), preprocessing.SplineTransformer(**settings)
    return [model.fit(fitted_to, sample_weight=weight) for model in models]


def assert_the_same(ours, theirs, X):
    expected = theirs.transform(X)
    size = np.abs(expected).max()
    np.testing.assert_allclose(ours.transform(X), expected, rtol=1e-10, atol=1e-12 * size)
    assert ours.n_features_out_ == theirs.n_features_out_ == expected.shape[1]
    assert list(ours.get_feature_names_out()) == list(theirs.get_feature_names_out())


@pytest.mark.parametrize("extrapolation", OUTSIDE)
@pytest.mark.parametrize("degree", [0, 1, 2, 3, 4])
@pytest.mark.parametrize("knots", ["uniform", "quantile", "given"])
@pytest.mark.parametrize("include_bias", [True, False])
def test_the_same_as_scikit_learn(extrapolation, degree, knots, include_bias):
    knots = GIVEN if knots == "given" else knots
    settings = {"degree": degree, "extrapolation": extrapolation, "include_bias": include_bias}
    rows = BEYOND
    if degree == 0 and extrapolation == "constant":
        rows = GIVEN  # theirs fails outside
    if degree <= 1 and extrapolation == "linear":  # theirs is right for the first feature only
        for i in range(3):
            column = knots if isinstance(knots, str) else knots[:, [i]]
            assert_the_same(*both(X[:, [i]], knots=column, **settings), rows[:, [i]])
        return
    assert_the_same(*both(knots=knots, **settings), rows)


@pytest.mark.parametrize("knots", ["uniform", "quantile"])
@pytest.mark.parametrize("n_knots", [2, 3, 8])
def test_weights_choose_the_knots_as_in_scikit_learn(knots, n_knots):
    for weight in (WEIGHT, np.ones(50), np.arange(50) % 3):
        assert_the_same(*both(weight=weight, knots=knots, n_knots=n_knots), BEYOND)


@pytest.mark.parametrize("knots", ["uniform", "quantile"])
@pytest.mark.parametrize("extrapolation", [*OUTSIDE, "error"])
def test_missing_values_become_zeros(knots, extrapolation):
    holes = np.where(RNG.uniform(size=X.shape) < 0.2, np.nan, X)
    for weight in (None, WEIGHT):
        settings = {"knots": knots, "extrapolation": extrapolation, "handle_missing": "zeros"}
        ours, theirs = both(holes, weight, **settings)
        rows = holes[weight > 0] if weight is not None else holes
        assert_the_same(ours, theirs, rows)
        assert (ours.transform([[np.nan] * 3]) == 0).all()
    with pytest.raises(ValueError, match="contains NaN"):
        SplineTransformer().fit(holes)


def test_a_column_without_any_value():
    holes = np.where([True, False, False], np.nan, X)
    for knots in ("uniform", "quantile"):
        model = SplineTransformer(knots=knots, handle_missing="zeros").fit(holes)
        assert np.isfinite(model.transform(X)).all()


@pytest.mark.parametrize("ties", [1, 3])
def test_repeated_and_constant_values(ties):
    """Quantiles of few different values are the same knot several times."""
    few = np.round(X[:, [0]] * ties)
    assert_the_same(*both(few, knots="quantile", n_knots=7), few)
    constant = np.full((10, 2), 3.0)
    for degree in (0, 1, 3):
        assert_the_same(*both(constant, degree=degree), constant)


@pytest.mark.parametrize("extrapolation", ["constant", "linear"])
@pytest.mark.parametrize("n_knots", [3, 4, 6, 9])
def test_their_sum_is_one_where_knots_coincide(extrapolation, n_knots):
    """Also outside, where that of scikit-learn is 0 or 2."""
    x = np.repeat([0.0, 1, 2, 3], [30, 3, 3, 4])[:, None]
    model = SplineTransformer(n_knots, knots="quantile", extrapolation=extrapolation).fit(x)
    np.testing.assert_allclose(model.transform([[-1.0], [0], [1.5], [3], [4]]).sum(axis=1), 1)


@pytest.mark.parametrize("extrapolation", OUTSIDE)
@pytest.mark.parametrize("degree", [0, 1, 2, 5])
def test_their_sum_is_one_everywhere(extrapolation, degree):
    model = SplineTransformer(7, degree=degree, extrapolation=extrapolation).fit(X)
    total = model.transform(BEYOND).reshape(100, 3, -1).sum(axis=2)
    np.testing.assert_allclose(total, 1, atol=1e-6 if extrapolation == "continue" else 1e-10)


def test_constant_and_linear_are_the_formulas():
    """Of degree 0 and 1 too, for each of several features, where scikit-learn's are not."""
    low, high = X.min(axis=0), X.max(axis=0)
    for degree in (0, 1, 3):
        constant = SplineTransformer(degree=degree).fit(X)
        linear = SplineTransformer(degree=degree, extrapolation="linear").fit(X)
        at_edge = constant.transform([low, high])
        np.testing.assert_allclose(constant.transform([low - 9e6, high + 9e6]), at_edge)
        step = (high - low) / 100
        once, twice = (linear.transform([low - s, high + s]) for s in (step, 2 * step))
        np.testing.assert_allclose(twice - once, once - at_edge, atol=1e-9)
        inside = linear.transform([low + step / 1e3, high - step / 1e3])
        np.testing.assert_allclose((at_edge - inside) * 1e3, once - at_edge, atol=1e-3)


def test_periodic_splines_repeat():
    model = SplineTransformer(6, extrapolation="periodic").fit(X[:, [0]])
    period = np.ptp(X[:, 0])
    for shift in (-3, 1, 10):
        moved = model.transform(X[:, [0]] + shift * period)
        np.testing.assert_allclose(moved, model.transform(X[:, [0]]), atol=1e-12)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("include_bias", [True, False])
def test_memory_order(order, include_bias):
    found = SplineTransformer(order=order, include_bias=include_bias).fit_transform(X)
    assert found.flags[f"{order}_CONTIGUOUS"]


def test_cubic_splines_contain_the_cubic_polynomials():
    x = np.linspace(-1, 1, 40)[:, None]
    y = 3 - 2 * x[:, 0] + 0.5 * x[:, 0] ** 3
    B = SplineTransformer(include_bias=False).fit_transform(x)
    np.testing.assert_allclose(LinearRegression().fit(B, y).predict(B), y, atol=1e-10)


def test_values_outside_of_the_knots_are_named():
    model = SplineTransformer(extrapolation="error").fit(X)
    assert_the_same(*both(extrapolation="error"), X)
    wrong = X.copy()
    wrong[4, 2] = 1e9
    with pytest.raises(
        ValueError, match="beyond the limits of the knots.*1000000000.0 in row 4, column 2"
    ):
        model.transform(wrong)


@pytest.mark.parametrize(
    "settings, message",
    [
        ({"knots": GIVEN[:, :2]}, r"knots.shape\[1\] == n_features is violated"),
        ({"knots": [1.0, 2.0, 3.0]}, r"knots.shape\[1\] == n_features is violated"),
        ({"knots": GIVEN[:1]}, "must be >= 2"),
        ({"knots": GIVEN[::-1]}, "must be sorted without duplicates"),
        ({"extrapolation": "periodic", "n_knots": 3}, "Periodic splines require degree < n_knots"),
        ({"sparse_output": True}, "'sparse_output' parameter of SplineTransformer must be False"),
    ],
)  # fmt: skip
def test_wrong_settings(settings, message):
    with pytest.raises(ValueError, match=message):
        SplineTransformer(**settings).fit(X)


def test_what_is_too_large_for_float64_is_an_error():
    with pytest.raises(ValueError, match="knots are too large"):
        SplineTransformer().fit([[-1.7e308], [1.7e308]])
    model = SplineTransformer(extrapolation="continue").fit(X)
    with pytest.raises(ValueError, match="too large for float64 so far outside"):
        model.transform(np.full((1, 3), 1e150))
