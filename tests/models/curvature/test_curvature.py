"""Laplace, influence, hyper-gradients and natural gradients, held against closed forms and refits."""

import numpy as np
import pytest

import models
from models.curvature import fisher, hyper_gradient, influence, laplace, natural_gradient
from models.foundation import ConvergenceWarning, NotFittedError

rng = np.random.default_rng(0)
X = rng.normal(size=(40, 3))
NUMBERS = X @ [1.0, -2.0, 0.5] + rng.normal(size=40)
CLASSES = (X @ [2.0, -1.0, 0.0] + rng.normal(size=40) > 0).astype(int)
THREE = np.argmax(X + 0.5 * rng.normal(size=X.shape), axis=1)
COUNTS = rng.poisson(np.exp(0.3 * X[:, 0]))
ONES = np.column_stack([X, np.ones(40)])
precise = {"tol": 1e-12, "max_iter": 1000}


def logistic(y=CLASSES, **settings):
    return models.LogisticRegression(solver="newton", **precise, **settings).fit(X, y)


# ---- Laplace -------------------------------------------------------------------------------------


def test_laplace_of_ridge_is_bayesian_linear_regression():
    """Bishop (3.53), (3.54) and (3.59): here both the prior and the noise are normal, and it is exact."""
    noise = 0.7
    posterior = laplace(
        models.Ridge(alpha=2.0, fit_intercept=False).fit(X, NUMBERS),
        X,
        NUMBERS,
        scale=1 / (2 * noise),
    )
    S = noise * np.linalg.inv(X.T @ X + 2.0 * np.eye(3))
    np.testing.assert_allclose(posterior.covariance, S, rtol=1e-10)
    np.testing.assert_allclose(posterior.standard_errors["coef"], np.sqrt(np.diag(S)), rtol=1e-10)
    prediction, spread = posterior.predict(X)
    np.testing.assert_allclose(prediction, X @ posterior.mean)
    np.testing.assert_allclose(spread, np.sqrt(np.einsum("ij,jk,ik->i", X, S, X)), rtol=1e-10)


def test_laplace_of_logistic_regression_is_the_textbooks():
    """Bishop (4.143): S⁻¹ = 1/C + Σ p (1 - p) x xᵀ."""
    model = logistic()
    p = model.predict_proba(X)[:, 1]
    expected = np.linalg.inv(ONES.T @ (ONES * (p * (1 - p))[:, None]) + np.diag([1.0, 1, 1, 0]))
    posterior = laplace(model, X, CLASSES)
    np.testing.assert_allclose(posterior.covariance, expected, rtol=1e-9)
    np.testing.assert_allclose(posterior.standard_errors["intercept"], [expected[3, 3] ** 0.5])
    probabilities, spread = posterior.predict(X)
    slope = p * (1 - p) * np.sqrt(np.einsum("ij,jk,ik->i", ONES, expected, ONES))
    np.testing.assert_allclose(spread, np.stack([slope, slope], axis=1), rtol=1e-9)
    np.testing.assert_allclose(probabilities[:, 1], p)


def test_draws_have_the_mean_and_the_covariance():
    posterior = laplace(logistic(), X, CLASSES)
    draws = posterior.sample(20_000, random_state=0)
    assert draws["coef"].shape == (20_000, 1, 3) and draws["intercept"].shape == (20_000, 1)
    flat = np.column_stack([draws["coef"][:, 0], draws["intercept"]])
    np.testing.assert_allclose(flat.mean(axis=0), posterior.mean, atol=0.02)
    np.testing.assert_allclose(np.cov(flat.T), posterior.covariance, atol=0.02)
    again = posterior.sample(3, random_state=0)["coef"]
    np.testing.assert_array_equal(again, posterior.sample(3, random_state=0)["coef"])


def test_a_common_shift_of_softmax_has_no_variance():
    posterior = laplace(logistic(THREE), X, THREE)
    shift = np.zeros(12)
    shift[9:] = 1
    np.testing.assert_allclose(shift @ posterior.covariance @ shift, 0, atol=1e-12)
    assert (posterior.standard_errors["coef"] > 0.1).all()


def test_weights_count_as_repetitions():
    weight = rng.integers(1, 4, 40)
    rows = np.repeat(np.arange(40), weight)
    fit = models.PoissonRegressor(**precise)
    weighted = laplace(fit.fit(X, COUNTS, weight), X, COUNTS, sample_weight=weight)
    repeated = laplace(fit.fit(X[rows], COUNTS[rows]), X[rows], COUNTS[rows])
    np.testing.assert_allclose(weighted.covariance, repeated.covariance, rtol=1e-7)


# ---- influence -----------------------------------------------------------------------------------


def test_influence_of_ridge_in_closed_form():
    """Without its row, the fit of ridge regression changes by (XᵀX + αI)⁻¹ x e / (1 - h) exactly, of which
    influence is the part without 1 - h."""
    model = models.Ridge(alpha=2.0, fit_intercept=False).fit(X, NUMBERS)
    inverse = np.linalg.inv(X.T @ X + 2.0 * np.eye(3))
    error = NUMBERS - model.predict(X)
    found = influence(model, X, NUMBERS)["coef"]
    np.testing.assert_allclose(found, (X @ inverse) * error[:, None], rtol=1e-9, atol=1e-14)
    leverage = np.einsum("ij,jk,ik->i", X, inverse, X)
    for i in range(5):
        without = models.Ridge(alpha=2.0, fit_intercept=False).fit(
            np.delete(X, i, 0), np.delete(NUMBERS, i)
        )
        exact = model.coef_ - without.coef_
        np.testing.assert_allclose(exact, found[i] / (1 - leverage[i]), rtol=1e-8)


@pytest.mark.parametrize(
    "model, y",
    [
        (models.LogisticRegression(solver="newton", **precise), CLASSES),
        (models.LogisticRegression(solver="newton", **precise), THREE),
        (models.PoissonRegressor(alpha=0.1, **precise), COUNTS),
        (models.Ridge(alpha=0.5), NUMBERS),
    ],
    ids=["logistic", "softmax", "poisson", "ridge"],
)
def test_influence_is_the_derivative_of_the_fit(model, y):
    """Held against fits with slightly other weights."""
    weight = rng.uniform(0.5, 2, 40)
    found = influence(model.fit(X, y, weight), X, y, sample_weight=weight)
    X_test = X[:7] + 0.1
    ask = "predict_proba" if model.kind == "classifier" else "predict"

    def total(fitted):
        return (getattr(fitted, ask)(X_test) ** 2).sum()

    on = influence(model, X, y, sample_weight=weight, on=total)
    for i in (0, 11, 39):
        sides = []
        for h in (1e-4, -1e-4):
            moved = weight.copy()
            moved[i] += h
            fitted = model._copy(with_learned=False).fit(X, y, moved)
            sides.append((fitted.coef_, fitted.intercept_, total(fitted)))
        numeric = [(a - b) / 2e-4 for a, b in zip(*sides, strict=True)]
        np.testing.assert_allclose(found["coef"][i], numeric[0], rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(found["intercept"][i], numeric[1], rtol=1e-5, atol=1e-7)
        np.testing.assert_allclose(on[i], numeric[2], rtol=1e-5, atol=1e-7)


def test_influence_predicts_the_effect_of_leaving_a_sample_out():
    model = logistic()
    predicted = -influence(model, X, CLASSES)["coef"][:, 0]
    true = np.array(
        [
            logistic()._copy(False).fit(np.delete(X, i, 0), np.delete(CLASSES, i)).coef_[0]
            - model.coef_[0]
            for i in range(40)
        ]
    )
    assert np.corrcoef(predicted.ravel(), true.ravel())[0, 1] > 0.99
    assert abs(predicted - true).max() < 0.25 * abs(true).max()


# ---- hyper-gradients -----------------------------------------------------------------------------

X_VAL = rng.normal(size=(30, 3))
NUMBERS_VAL = X_VAL @ [1.0, -2.0, 0.5] + rng.normal(size=30)
CLASSES_VAL = (X_VAL @ [2.0, -1.0, 0.0] > 0).astype(int)


def test_the_hyper_gradient_of_ridge_against_differences():
    def validation(alpha):
        fitted = models.Ridge(alpha=alpha).fit(X, NUMBERS)
        return np.mean((NUMBERS_VAL - fitted.predict(X_VAL)) ** 2)

    model = models.Ridge(alpha=2.0).fit(X, NUMBERS)
    found = hyper_gradient(model, X, NUMBERS, X_VAL, NUMBERS_VAL)
    numeric = (validation(2.0 + 1e-4) - validation(2.0 - 1e-4)) / 2e-4
    np.testing.assert_allclose(found["alpha"], numeric, rtol=1e-7)


def test_the_hyper_gradient_of_logistic_regression_against_differences():
    def validation(C):
        P = logistic(C=C).predict_proba(X_VAL)
        return -np.log(P[np.arange(30), CLASSES_VAL]).mean()

    found = hyper_gradient(logistic(C=0.8), X, CLASSES, X_VAL, CLASSES_VAL, "C")
    numeric = (validation(0.8 + 1e-4) - validation(0.8 - 1e-4)) / 2e-4
    np.testing.assert_allclose(found["C"], numeric, rtol=1e-6)

    def brier(fitted):
        return ((fitted.predict_proba(X_VAL)[:, 1] - CLASSES_VAL) ** 2).mean()

    numeric = (brier(logistic(C=0.8 + 1e-4)) - brier(logistic(C=0.8 - 1e-4))) / 2e-4
    own = hyper_gradient(logistic(C=0.8), X, CLASSES, X_VAL, CLASSES_VAL, "C", validation=brier)
    np.testing.assert_allclose(own["C"], numeric, rtol=1e-6)


def test_descent_by_the_hyper_gradient_finds_the_alpha_of_a_fine_grid():
    few, y = X[:8], NUMBERS[:8]

    def validation(alpha):
        fitted = models.Ridge(alpha=alpha).fit(few, y)
        return np.mean((NUMBERS_VAL - fitted.predict(X_VAL)) ** 2)

    grid = np.geomspace(1e-3, 1e3, 3001)
    best = grid[np.argmin([validation(alpha) for alpha in grid])]
    log_alpha = 0.0
    for _ in range(200):
        alpha = float(np.exp(log_alpha))
        model = models.Ridge(alpha=alpha).fit(few, y)
        log_alpha -= 2.0 * alpha * hyper_gradient(model, few, y, X_VAL, NUMBERS_VAL)["alpha"]
    np.testing.assert_allclose(np.exp(log_alpha), best, rtol=0.01)


# ---- natural gradients ---------------------------------------------------------------------------


def test_the_natural_gradient_of_logistic_regression_is_newtons_step():
    """The canonical link makes F equal to the Hessian (Amari 1998; McCullagh and Nelder, section 2.5)."""
    early = models.LogisticRegression(solver="newton", C=np.inf, max_iter=2)
    with pytest.warns(ConvergenceWarning):
        early.fit(X, CLASSES)
    p = early.predict_proba(X)[:, 1]
    H = ONES.T @ (ONES * (p * (1 - p))[:, None]) / 40
    slope = ONES.T @ (p - CLASSES) / 40
    np.testing.assert_allclose(fisher(early, X, CLASSES), H, rtol=1e-10)
    step = natural_gradient(early, X, CLASSES)
    found = np.append(step["coef"], step["intercept"])
    np.testing.assert_allclose(found, np.linalg.solve(H, slope), rtol=1e-9)


def test_a_penalty_does_not_change_the_information():
    free, held = logistic(C=np.inf), logistic(C=0.1)
    held.coef_, held.intercept_ = free.coef_, free.intercept_
    np.testing.assert_allclose(fisher(held, X, CLASSES), fisher(free, X, CLASSES), rtol=1e-10)


def test_the_empirical_information_is_the_mean_of_squared_gradients():
    model = models.Ridge(alpha=0.0, fit_intercept=False).fit(X, NUMBERS)
    g = -2 * X * (NUMBERS - model.predict(X))[:, None]
    np.testing.assert_allclose(fisher(model, X, NUMBERS), g.T @ g / 40, rtol=1e-8)


# ---- what cannot be differentiated ---------------------------------------------------------------

EACH = [laplace, influence, natural_gradient]


@pytest.mark.parametrize("function", EACH)
def test_unsuitable_models_are_refused(function):
    with pytest.raises(
        TypeError, match=r"KMeans is not a model that is a loss[\s\S]*Try: a LossModel"
    ):
        function(models.KMeans(2, random_state=0).fit(X), X)
    with pytest.raises(NotFittedError):
        function(models.Ridge(), X, NUMBERS)
    sparse = models.LogisticRegression(penalty="l1", solver="proximal", max_iter=1000).fit(
        X, CLASSES
    )
    with pytest.raises(ValueError, match="its loss has kinks"):
        function(sparse, X, CLASSES)
    with pytest.raises(ValueError, match="sample_weight is 0 for 1 of 40 samples"):
        weight = np.ones(40)
        weight[3] = 0
        function(models.Ridge().fit(X, NUMBERS), X, NUMBERS, sample_weight=weight)
    with pytest.raises(ValueError, match="X has 2 features, but Ridge is expecting 3"):
        function(models.Ridge().fit(X, NUMBERS), X[:, :2], NUMBERS)


def test_a_fit_that_has_not_arrived_is_noticed():
    early = models.LogisticRegression(solver="newton", C=np.inf, max_iter=1)
    with pytest.warns(ConvergenceWarning):
        early.fit(X, CLASSES)
    with pytest.warns(ConvergenceWarning, match="its loss can still fall by about"):
        influence(early, X, CLASSES)


def test_a_parameter_that_is_no_number_is_refused():
    model = models.Ridge().fit(X, NUMBERS)
    for name in ("solver", "nonsense", "fit_intercept"):
        with pytest.raises(ValueError, match=r"which is not a number[\s\S]*one of alpha"):
            hyper_gradient(model, X, NUMBERS, X_VAL, NUMBERS_VAL, name)
    with pytest.raises(ValueError, match=r"knows the classes \[0, 1\], and y has 5"):
        hyper_gradient(logistic(), X, CLASSES, X_VAL, CLASSES_VAL + 5, "C")
