"""What the log-partition implies, for every family: mean, variance, link, deviance, gradient."""

import numpy as np
import pytest

from models import (
    BinomialRegressor,
    GammaRegressor,
    NegativeBinomialRegressor,
    PoissonRegressor,
    TweedieRegressor,
)
from tinygrad_edu import grad, hessian, hvp, value_and_grad

linear_model = pytest.importorskip("sklearn.linear_model")
datasets = pytest.importorskip("sklearn.datasets")

# Each family with its variance as a function of the mean, in books.
FAMILIES = {
    "Poisson": (PoissonRegressor(), lambda μ: μ),
    "gamma": (GammaRegressor(), lambda μ: μ**2),
    "normal": (TweedieRegressor(power=0), lambda μ: np.ones_like(μ)),
    "Poisson by power": (TweedieRegressor(power=1), lambda μ: μ),
    "between": (TweedieRegressor(power=1.5), lambda μ: μ**1.5),
    "gamma by power": (TweedieRegressor(power=2), lambda μ: μ**2),
    "inverse Gaussian": (TweedieRegressor(power=3), lambda μ: μ**3),
    "extreme stable": (TweedieRegressor(power=-1), lambda μ: 1 / μ),
    "negative binomial": (NegativeBinomialRegressor(dispersion=0.4), lambda μ: μ + 0.4 * μ**2),
    "binomial": (BinomialRegressor(), lambda μ: μ * (1 - μ)),
}
every = pytest.mark.parametrize("family", FAMILIES)
MEANS = np.array([0.03, 0.2, 0.5, 0.7, 0.97])


def θ_of(model, μ):
    return model.natural(np.asarray(model.link_of(μ)))


@every
def test_the_mean_and_the_variance_are_derivatives_of_the_log_partition(family):
    model, variance = FAMILIES[family]
    θ = θ_of(model, MEANS)
    np.testing.assert_allclose(model.mean(θ), MEANS, rtol=1e-10)
    np.testing.assert_allclose(model.variance(θ), variance(MEANS), rtol=1e-10)


@every
def test_the_conjugate_is_the_largest_value_of_μθ_minus_the_log_partition(family):
    """A*(μ) = μ θ - A(θ) at the θ with the mean μ, and less at any other."""
    model, _ = FAMILIES[family]
    θ = θ_of(model, MEANS)
    best = MEANS * θ - model.log_partition(θ)
    np.testing.assert_allclose(model.conjugate(MEANS), best, rtol=1e-10, atol=1e-12)
    for other in (θ * 0.9, θ * 1.1):
        assert (MEANS * other - model.log_partition(other) <= best + 1e-12).all()


@every
def test_the_deviance_is_twice_the_loss_above_its_least_value(family):
    model, _ = FAMILIES[family]
    y, μ = MEANS[::-1], MEANS
    loss = model.row_loss(np.asarray(model.link_of(μ)), y) + model.conjugate(y)
    np.testing.assert_allclose(model.deviance(y, μ), 2 * loss, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(model.deviance(y, y), 0, atol=1e-14)


@pytest.mark.parametrize("link", ["log", "identity"])
@pytest.mark.parametrize("power", [-1, 0, 1, 1.5, 2, 3])
def test_the_fast_derivatives_of_tweedie_are_those_of_its_loss(power, link):
    model = TweedieRegressor(power=power, link=link)
    η, y, weight = MEANS, MEANS[::-1] + 1, MEANS + 0.5
    value, slopes = value_and_grad(lambda η: weight @ model.row_loss(η, y))(η)
    fast_value, fast = model.row_slopes(η, y, weight)
    assert fast_value == pytest.approx(float(value), rel=1e-12)
    np.testing.assert_allclose(fast, slopes, rtol=1e-10)
    curvature = hvp(lambda η: model.row_loss(η, y).sum(), (η,), (np.ones_like(η),))
    np.testing.assert_allclose(model.row_curvature(η, y), curvature, rtol=1e-10)


@every
def test_the_link_has_the_slope_of_its_conjugate(family):
    """θ(μ) = A*'(μ), the natural parameter with the mean μ."""
    model, _ = FAMILIES[family]
    slope = grad(lambda μ: model.conjugate(μ).sum())(MEANS)
    np.testing.assert_allclose(θ_of(model, MEANS), slope, rtol=1e-10, atol=1e-12)


def problem(family, n=200, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, 3)) * [1.0, 5.0, 0.2]
    η = X @ [0.4, -0.05, 1.0] - 0.3
    weight = rng.uniform(0.1, 3, size=n)
    if family == "binomial":
        return X, rng.binomial(7, 1 / (1 + np.exp(-η))).astype(float), weight
    if family in ("normal", "extreme stable"):
        return X, 10 + η + rng.normal(size=n), weight
    counts = rng.poisson(rng.gamma(3.0, np.exp(η) / 3)).astype(float)
    positive = {"gamma", "gamma by power", "inverse Gaussian"}
    return X, counts + 0.1 if family in positive else counts, weight


@every
def test_the_fast_hessian_is_that_of_the_loss(family):
    model, _ = FAMILIES[family]
    X, y, weight = problem(family)
    data = model._read(X, y, weight)
    packing = model._packing(**data)

    def objective(vector):
        return model.loss(**data, **packing.unpack(vector))

    point = packing.vector() + np.array([0.03, 0.01, 0.02, 0.1])
    fast = model._hessian(objective, packing, **data)(point)
    np.testing.assert_allclose(fast, hessian(objective)(point), rtol=1e-10, atol=1e-12)


@every
def test_solvers_find_the_same_minimum(family):
    model, _ = FAMILIES[family]
    X, y, weight = problem(family)
    settings = {**model.get_params(), "alpha": 0.1, "tol": 1e-9, "max_iter": 500}
    found = [
        type(model)(**{**settings, "solver": solver}).fit(X, y, weight)
        for solver in ("newton", "lbfgs", "newton-cholesky", "newton-cg")
    ]
    for other in found[1:]:
        np.testing.assert_allclose(other.coef_, found[0].coef_, rtol=1e-6, atol=1e-8)
    assert found[1].n_iter_ < 12


@every
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_the_score_is_1_for_perfect_and_0_for_the_mean(family, fit_intercept):
    model, _ = FAMILIES[family]
    X, y, weight = problem(family)
    constant = type(model)(**{**model.get_params(), "alpha": 1e9}).fit(X, y, weight)
    assert constant.score(X, y, weight) == pytest.approx(0, abs=1e-6)
    fitted = type(model)(**{**model.get_params(), "alpha": 0}).fit(X, y, weight)
    assert 0 < fitted.score(X, y, weight) < 1
    exact = fitted.predict(X)
    if family != "binomial":
        assert fitted.score(X, exact) == pytest.approx(1, abs=1e-12)


# ---- against scikit-learn ------------------------------------------------------------------------

TWINS = {
    "Poisson": (PoissonRegressor, linear_model.PoissonRegressor, {}),
    "gamma": (GammaRegressor, linear_model.GammaRegressor, {}),
    **{
        f"Tweedie {power} {link}": (
            TweedieRegressor,
            linear_model.TweedieRegressor,
            {"power": power, "link": link},
        )
        for power, link in [
            (0.0, "auto"), (0.0, "log"), (1.0, "log"), (1.5, "auto"), (1.9, "log"), (2.0, "auto"),
            (3.0, "auto"), (1.5, "identity"), (-0.5, "log"),
        ]
    },
}  # fmt: skip


def both(twin, X, y, weight=None, **settings):
    kind, theirs, own = TWINS[twin]
    ours = kind(**own, **settings, tol=1e-11, max_iter=1000).fit(X, y, weight)
    theirs = theirs(solver="newton-cholesky", **own, **settings, tol=1e-11, max_iter=1000)
    return ours, theirs.fit(X, y, weight)


def assert_equal(ours, theirs, X, y, weight=None, tolerance=1e-6):
    largest = np.abs(theirs.coef_).max()
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=tolerance, atol=tolerance * largest)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=tolerance, atol=1e-8)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=tolerance)
    assert ours.score(X, y, weight) == pytest.approx(theirs.score(X, y, weight), rel=tolerance)
    assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)


@pytest.mark.parametrize("twin", TWINS)
@pytest.mark.parametrize("alpha", [0.0, 0.01])
@pytest.mark.parametrize("weighted", [False, True])
def test_the_same_as_scikit_learn_on_diabetes(twin, alpha, weighted):
    X, y = datasets.load_diabetes(return_X_y=True, scaled=False)
    X = X / X.std(axis=0)
    y = y / 100
    weight = np.random.default_rng(0).uniform(0.1, 3, len(y)) if weighted else None
    ours, theirs = both(twin, X, y, weight, alpha=alpha)
    assert_equal(ours, theirs, X, y, weight)


@pytest.mark.parametrize("twin", ["Poisson", "gamma", "Tweedie 1.5 auto"])
@pytest.mark.parametrize("solver", ["lbfgs", "newton-cholesky"])
# Rounding hides the end of the way for "lbfgs".
@pytest.mark.filterwarnings("ignore:.*stopped after")
def test_ill_conditioned_columns(twin, solver):
    """A condition number of 1e8: X = Z T, so that w = T⁻¹ v if v is the solution for the good columns Z."""
    rng = np.random.default_rng(0)
    Z = rng.normal(size=(200, 4))
    T = np.diag([1.0, 1e4, 1.0, 1e-4])
    T[0, 3] = 1.0  # the last column is nearly the first
    y = rng.gamma(2.0, np.exp(Z[:, 2] / 3))
    kind, theirs, own = TWINS[twin]
    ours = kind(**own, alpha=0, solver=solver, tol=1e-8, max_iter=1000).fit(Z @ T, y)
    theirs = theirs(solver="newton-cholesky", **own, alpha=0, tol=1e-12).fit(Z, y)
    np.testing.assert_allclose(ours.predict(Z @ T), theirs.predict(Z), rtol=1e-6)
    if solver == "newton-cholesky":
        np.testing.assert_allclose(T @ ours.coef_, theirs.coef_, rtol=1e-6)


@pytest.mark.parametrize("twin", ["Poisson", "gamma"])
def test_fewer_rows_than_columns_and_copies(twin):
    rng = np.random.default_rng(0)
    X = rng.normal(size=(20, 30))
    X[:, 1] = X[:, 0]
    y = rng.gamma(2.0, 1.0, size=20)
    ours, theirs = both(twin, X, y, alpha=0.1)
    assert_equal(ours, theirs, X, y)


def test_the_numbers_of_scikit_learns_manual():
    X, y = [[1, 2], [2, 3], [3, 4], [4, 3]], [2, 3.5, 5, 5.5]
    model = TweedieRegressor().fit(X, y)
    np.testing.assert_allclose(model.coef_, [0.599, 0.299], atol=1e-3)
    assert model.score(X, y) == pytest.approx(0.839, abs=2e-3)
    model = GammaRegressor().fit([[1, 2], [2, 3], [3, 4], [4, 3]], [19, 26, 33, 30])
    np.testing.assert_allclose(model.coef_, [0.073, 0.067], atol=1e-3)
    np.testing.assert_allclose(model.predict([[1, 0], [2, 8]]), [19.483, 35.795], rtol=1e-3)


# ---- targets that the family cannot have ---------------------------------------------------------


@pytest.mark.parametrize(
    "model, bad, said",
    [
        (PoissonRegressor(), -1.0, "PoissonRegressor is for targets ≥ 0, and y has -1.0 in row 0"),
        (GammaRegressor(), 0.0, "GammaRegressor is for targets > 0, and y has 0.0 in row 0"),
        (TweedieRegressor(power=1.5), -1.0, "is for targets ≥ 0"),
        (TweedieRegressor(power=2), 0.0, "is for targets > 0"),
        (NegativeBinomialRegressor(), -1.0, "is for targets ≥ 0"),
        (BinomialRegressor(n_trials=3), 5.0, "y has 5 successes in 3 trials"),
    ],
)
def test_a_target_out_of_range_is_named(model, bad, said):
    with pytest.raises(ValueError, match=said):
        model.fit([[1.0], [2.0], [3.0]], [bad, 1.0, 2.0])


def test_a_warm_start_goes_on():
    X, y, _ = problem("Poisson")
    model = PoissonRegressor(warm_start=True, tol=1e-8).fit(X, y)
    first, coef = model.n_iter_, model.coef_
    assert model.fit(X, y).n_iter_ == 0 < first
    np.testing.assert_array_equal(model.coef_, coef)
