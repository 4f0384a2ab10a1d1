"""The losses, their derivatives by the engine, and their best constants."""

import pickle

import numpy as np
import pytest

from models.boosting.derivatives import best_constants, checked, gradient, gradient_and_curvature
from models.boosting.losses import LOSSES, Loss, huber_loss, quantile_loss, quantile_of
from models.generalized.cox import CoxPHRegressor
from tinygrad_edu import grad, hessian

RNG = np.random.default_rng(0)
F = RNG.normal(size=40)
Y = RNG.normal(size=40)
SIGNS = (Y > 0).astype(float)
# name -> (loss, y, its gradient and curvature as formulas)
SIGMOID = 1 / (1 + np.exp(-F))
CASES = {
    "squared_error": (LOSSES["squared_error"], Y, F - Y, np.ones(40)),
    "absolute_error": (LOSSES["absolute_error"], Y, np.sign(F - Y), np.zeros(40)),
    "quantile": (quantile_loss(0.8), Y, np.where(Y > F, -0.8, 0.2), np.zeros(40)),
    "huber": (huber_loss(0.9, 0.5), Y, np.clip(F - Y, -0.5, 0.5), (np.abs(F - Y) <= 0.5) * 1.0),
    "log_loss": (LOSSES["log_loss"], SIGNS, SIGMOID - SIGNS, SIGMOID * (1 - SIGMOID)),
    "exponential": (
        LOSSES["exponential"], SIGNS, (1 - 2 * SIGNS) * np.exp((1 - 2 * SIGNS) * F),
        np.exp((1 - 2 * SIGNS) * F),
    ),
    "poisson": (LOSSES["poisson"], np.abs(Y), np.exp(F) - np.abs(Y), np.exp(F)),
    "gamma": (LOSSES["gamma"], np.abs(Y), 1 - np.abs(Y) * np.exp(-F), np.abs(Y) * np.exp(-F)),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_gradient_and_curvature_are_the_textbooks(name):
    loss, y, g, h = CASES[name]
    found = gradient_and_curvature(loss, F, y)
    np.testing.assert_allclose(found[0], g, atol=1e-14)
    np.testing.assert_allclose(found[1], h, atol=1e-14)
    np.testing.assert_allclose(gradient(loss, F, y), g, atol=1e-14)


def test_softmax_has_the_diagonal_of_its_hessian():
    f, y = RNG.normal(size=(20, 3)), np.eye(3)[RNG.integers(0, 3, 20)]
    p = np.exp(f) / np.exp(f).sum(axis=1, keepdims=True)
    g, h = gradient_and_curvature(LOSSES["softmax"], f, y)
    np.testing.assert_allclose(g, p - y, atol=1e-14)
    np.testing.assert_allclose(h, p * (1 - p), atol=1e-14)


def test_at_a_kink_the_slope_is_that_of_scikit_learn():
    y = np.zeros(3)
    assert np.all(gradient(LOSSES["absolute_error"], y, y) == -1)
    assert np.all(gradient(quantile_loss(0.3), y, y) == -0.3)


SURVIVAL = np.column_stack([np.ceil(5 * RNG.random(40)), RNG.random(40) < 0.7])
RANKING = np.column_stack([RNG.integers(0, 4, 40), np.arange(40) // 10]).astype(float)


@pytest.mark.parametrize(
    "name, y, exact", [("cox", SURVIVAL, False), ("lambdarank", RANKING, True)]
)
def test_bounds_have_the_gradient_of_the_loss_and_no_less_curvature(name, y, exact):
    def total(f):
        return LOSSES[name].formula(f, y).sum()

    g, h = gradient_and_curvature(LOSSES[name], F, y)
    np.testing.assert_allclose(g, grad(total)(F), atol=1e-12)
    diagonal = np.diag(hessian(total)(F))
    assert np.all(h >= diagonal - 1e-12) and diagonal.max() > 0.01
    if exact:
        np.testing.assert_allclose(h, diagonal, atol=1e-12)


def test_cox_is_the_loss_of_the_cox_regression():
    X = RNG.normal(size=(40, 2))
    w = np.array([0.3, -0.5])
    expected = float(CoxPHRegressor().loss(X, SURVIVAL, np.ones(40), w))
    assert LOSSES["cox"].mean(X @ w, SURVIVAL) == pytest.approx(expected, rel=1e-12)


def test_lambda_rank_is_zero_for_equal_relevance_and_falls_with_the_right_order():
    y = np.array([[3.0, 0], [2, 0], [1, 0], [0, 0]])
    order = np.arange(4.0)
    assert LOSSES["lambdarank"].mean(-order, y) < LOSSES["lambdarank"].mean(order, y)
    equal = np.column_stack([np.ones(4), np.zeros(4)])
    assert np.all(gradient_and_curvature(LOSSES["lambdarank"], order, equal)[0] == 0)


@pytest.mark.parametrize("name", ["squared_error", "log_loss", "exponential", "poisson", "gamma"])
def test_best_constants_are_those_of_the_closed_forms(name):
    loss, y = CASES[name][:2]
    weight = RNG.random(40)
    found = best_constants(loss, np.zeros(40), y, weight, np.zeros(40, int), 1)
    np.testing.assert_allclose(found, loss.start(y, weight), rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("q", [0.1, 0.5, 0.77])
def test_best_constants_of_the_pinball_loss_are_quantiles_of_every_group(q):
    group = np.arange(99) % 3
    y = RNG.normal(size=99)
    found = best_constants(quantile_loss(q), np.zeros(99), y, np.ones(99), group, 3)
    expected = [quantile_of(y[group == k], q, np.ones(33)) for k in range(3)]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_a_loss_without_a_best_constant_is_refused():
    with pytest.raises(ValueError, match="falls without end"):
        best_constants(Loss(lambda f, y: 3 * y * y - f), F, Y, np.ones(40), np.zeros(40, int), 1)


def test_functions_are_tried_and_judged_by_their_curvature():
    assert checked(lambda f, y: np.logaddexp(0, f) - y * f, F, SIGNS, "Booster").newton
    assert not checked(lambda f, y: np.abs(y - f), F, Y, "Booster").newton
    assert checked(lambda f, y: 0.5 * (y - f) ** 2, F, Y, "Booster").constant_curvature
    with pytest.raises(
        ValueError, match=r"(?s)returned shape \(\) for 40 rows.*one number for each row"
    ):
        checked(lambda f, y: ((y - f) ** 2).mean(), F, Y, "Booster")
    with pytest.raises(ValueError, match="not finite at f"), np.errstate(all="ignore"):
        checked(lambda f, y: y * np.log(f), np.zeros(40), Y, "Booster")


def test_gradients_without_finite_squares_are_refused():
    for size in (1e200, np.nan):
        message = "squares gradients of the loss, which are up to"
        with pytest.raises(ValueError, match=message), np.errstate(all="ignore"):
            gradient_and_curvature(LOSSES["squared_error"], F, size * Y)
    gradient_and_curvature(LOSSES["squared_error"], F, 1e150 * Y)


@pytest.mark.parametrize("name", CASES)
def test_losses_with_names_can_be_stored(name):
    loss, y = CASES[name][:2]
    again = pickle.loads(pickle.dumps(loss))
    assert again.mean(F, y) == loss.mean(F, y)
