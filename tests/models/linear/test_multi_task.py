"""The lasso and the elastic net for several tasks: scikit-learn, the conditions of the minimum, a prox."""

import numpy as np
import pytest

from models import (
    ElasticNet,
    Lasso,
    LinearRegression,
    MultiTaskElasticNet,
    MultiTaskElasticNetCV,
    MultiTaskLasso,
    MultiTaskLassoCV,
    Ridge,
)
from models.linear.path import enet_path, kkt_residuals

linear_model = pytest.importorskip("sklearn.linear_model")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 12)) * RNG.choice([0.3, 1, 5], 12) + 2.0
Y = X[:, :4] @ RNG.normal(size=(4, 3)) + RNG.normal(size=(50, 3)) * [1, 2, 0.5]
STRICT = {"tol": 1e-13, "max_iter": 200_000}


def of_classes(load, columns=20):
    """A table with the indicators of its classes as targets."""
    A, y = getattr(datasets, f"load_{load}")(return_X_y=True)
    A = A[:, A.std(axis=0) > 0.5 * np.median(A.std(axis=0))][:, :columns]
    return A, np.eye(int(y.max()) + 1)[y.astype(int)]


def assert_at_the_minimum(model, A, B, weight=None):
    """slope_j = λ w_j / ‖w_j‖ where w_j ≠ 0, and ‖slope_j‖ ≤ λ where w_j = 0."""
    s = np.ones(len(A)) if weight is None else weight
    α, ρ = model.alpha, getattr(model, "l1_ratio", 1.0)
    A, B = A - s @ A / s.sum(), B - s @ B / s.sum()
    W = model.coef_.T
    slope = A.T @ (s[:, None] * (B - A @ W)) / s.sum() - α * (1 - ρ) * W
    length = np.linalg.norm(W, axis=1)
    on, scale = length > 0, np.abs(A).max() * np.abs(B).max()
    expected = α * ρ * W[on] / length[on, None]
    np.testing.assert_allclose(slope[on], expected, atol=1e-9 * scale)
    assert (np.linalg.norm(slope[~on], axis=1) <= α * ρ + 1e-9 * scale).all()
    return on


@pytest.mark.parametrize("load", ["iris", "wine", "digits", "breast_cancer"])
@pytest.mark.parametrize("kind", ["MultiTaskLasso", "MultiTaskElasticNet"])
@pytest.mark.parametrize("alpha", [0.01, 0.1])
def test_the_same_as_scikit_learn_on_real_data(load, kind, alpha):
    A, B = of_classes(load)
    ours = {"MultiTaskLasso": MultiTaskLasso, "MultiTaskElasticNet": MultiTaskElasticNet}[kind]
    ours = ours(alpha, tol=1e-13).fit(A, B)
    theirs = getattr(linear_model, kind)(alpha, **STRICT).fit(A, B)
    size = np.abs(theirs.coef_).max()
    assert ours.coef_.shape == theirs.coef_.shape
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6 * size)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-6)
    np.testing.assert_array_equal(ours.coef_ == 0, np.abs(theirs.coef_) < 1e-9 * size)
    assert 0 <= ours.dual_gap_ <= 1e-12 and np.ndim(ours.n_iter_) == 0
    assert_at_the_minimum(ours, A, B)


@pytest.mark.parametrize("solver", ["cd", "proximal"])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.3])
@pytest.mark.parametrize("rows", [50, 9])
def test_coordinate_descent_and_the_prox_find_the_same_minimum(
    solver, fit_intercept, l1_ratio, rows
):
    same = {"alpha": 0.4, "l1_ratio": l1_ratio, "fit_intercept": fit_intercept}
    A, B = X[:rows], Y[:rows]
    precise = {"tol": 1e-13} if solver == "cd" else {"tol": 1e-11, "max_iter": 100_000}
    ours = MultiTaskElasticNet(**same, solver=solver, **precise).fit(A, B)
    theirs = linear_model.MultiTaskElasticNet(**same, **STRICT).fit(A, B)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-5, atol=1e-5)
    assert 0 <= ours.dual_gap_ < 1e-6
    if fit_intercept:
        on = assert_at_the_minimum(ours, A, B)
        assert 0 < on.sum() < 12


def test_weights_count_rows_and_one_target_is_the_lasso():
    weight = RNG.integers(0, 4, 50)
    rows = np.repeat(np.arange(50), weight)
    weighted = MultiTaskLasso(0.3, tol=1e-13).fit(X, Y, weight)
    np.testing.assert_allclose(
        weighted.coef_, MultiTaskLasso(0.3, tol=1e-13).fit(X[rows], Y[rows]).coef_
    )
    assert_at_the_minimum(weighted, X, Y, weight.astype(float))
    lasso = Lasso(0.3, tol=1e-13).fit(X, Y[:, 0])
    column, plain = (MultiTaskLasso(0.3, tol=1e-13).fit(X, y) for y in (Y[:, :1], Y[:, 0]))
    assert column.coef_.shape == (1, 12) and plain.coef_.shape == (12,)
    np.testing.assert_allclose(column.coef_[0], lasso.coef_, atol=1e-9)
    np.testing.assert_allclose(plain.coef_, lasso.coef_, atol=1e-12)


def test_the_ends_of_the_penalty():
    """α = 0 is least squares, ρ = 0 is ridge, and from α = max ‖x_jᵀ(Y - Ȳ)‖ / n on all weights are 0."""
    free = MultiTaskLasso(0.0, tol=1e-15).fit(X, Y)
    np.testing.assert_allclose(free.coef_, LinearRegression().fit(X, Y).coef_, atol=1e-7)
    ridge = MultiTaskElasticNet(0.2, l1_ratio=0.0, tol=1e-15).fit(X, Y)
    np.testing.assert_allclose(ridge.coef_, Ridge(0.2 * 50).fit(X, Y).coef_, atol=1e-7)
    largest = np.linalg.norm((X - X.mean(axis=0)).T @ (Y - Y.mean(axis=0)), axis=1).max() / 50
    assert not MultiTaskLasso(largest * (1 + 1e-9)).fit(X, Y).coef_.any()
    assert MultiTaskLasso(largest * 0.99).fit(X, Y).coef_.any(axis=0).sum() == 1


def test_data_that_are_hard():
    """Collinear columns, a condition number of 1e8, and more columns than rows."""
    wide, B = RNG.normal(size=(15, 60)), RNG.normal(size=(15, 4))
    for A in (
        np.column_stack([X, X[:, 0], X[:, 1] - X[:, 2]])[:15],
        X[:15] * np.geomspace(1, 1e8, 12),
        wide,
    ):
        model = MultiTaskElasticNet(0.05, l1_ratio=0.9, tol=1e-13).fit(A, B)
        assert_at_the_minimum(model, A, B)
        assert model.dual_gap_ < 1e-9


def test_the_path_of_several_targets():
    A, B = X - X.mean(axis=0), Y - Y.mean(axis=0)
    alphas, coefs, gaps = enet_path(A, B, alphas=15, l1_ratio=0.7, tol=1e-13)
    theirs = linear_model.enet_path(A, B, alphas=15, l1_ratio=0.7, **STRICT)
    np.testing.assert_allclose(alphas, theirs[0], rtol=1e-10)
    assert coefs.shape == (3, 12, 15)
    np.testing.assert_allclose(coefs, theirs[1], atol=1e-5)
    assert (kkt_residuals(A, B, alphas, coefs, 0.7) <= 1e-6 * alphas[0]).all()
    assert (kkt_residuals(A, B, alphas, coefs + 0.1, 0.7) > 0.01 * alphas).all()
    assert (gaps <= 1e-12 * (B**2).sum()).all() and not coefs[..., 0].any()


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("alphas", [12, [0.01, 1.0, 0.1]])
def test_cross_validation_as_in_scikit_learn(fit_intercept, alphas):
    same = {"alphas": alphas, "fit_intercept": fit_intercept, "cv": 4, **STRICT}
    for ours, theirs in (
        (MultiTaskLassoCV(**same), linear_model.MultiTaskLassoCV(**same)),
        (
            MultiTaskElasticNetCV(l1_ratio=[0.2, 0.9], **same),
            linear_model.MultiTaskElasticNetCV(l1_ratio=[0.2, 0.9], **same),
        ),
    ):
        ours.fit(X, Y), theirs.fit(X, Y)
        np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-5, atol=1e-6)
        for name in ("alphas_", "alpha_", "mse_path_", "coef_"):
            found, expected = getattr(ours, name), getattr(theirs, name)
            assert np.shape(found) == np.shape(expected), name
            np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6, err_msg=name)
    assert ours.l1_ratio_ == theirs.l1_ratio_ and ours.dual_gap_ < 1e-10


def test_the_parameters_are_those_of_scikit_learn():
    names = {*linear_model.MultiTaskLasso().get_params()}
    assert names <= {*MultiTaskLasso().get_params()}
    assert not {"positive", "precompute"} & {*MultiTaskElasticNetCV().get_params()}
    assert ElasticNet().get_params().keys() >= {"positive", "precompute"}
    with pytest.warns(UserWarning, match="stopped after 1 rounds of 'cd' with a duality gap"):
        MultiTaskLasso(0.01, max_iter=1, tol=1e-15).fit(RNG.normal(size=(50, 300)), Y)
