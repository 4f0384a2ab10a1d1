"""Ridge regression against scikit-learn, the formula, and its own loss."""

import numpy as np
import pytest

from models import LinearRegression, Ridge
from models.linear.ridge import SAME_MINIMUM
from tinygrad_edu import grad

linear_model = pytest.importorskip("sklearn.linear_model")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 5)) * [1.0, 10.0, 0.1, 5.0, 2.0] + [0, 100.0, 0, -3.0, 1.0]
WEIGHT = RNG.uniform(0.1, 3, size=40)


@pytest.mark.parametrize("targets", [None, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("alpha", [1e-6, 0.7, 300.0])
@pytest.mark.parametrize("rows", [40, 4])
def test_the_same_as_scikit_learn(targets, fit_intercept, weighted, alpha, rows):
    y = RNG.normal(size=(rows, targets or 1)) + X[:rows, :1]
    y = y[:, 0] if targets is None else y
    weight = WEIGHT[:rows] if weighted else None
    ours = Ridge(alpha, fit_intercept=fit_intercept).fit(X[:rows], y, sample_weight=weight)
    theirs = linear_model.Ridge(alpha, fit_intercept=fit_intercept, solver="svd")
    theirs.fit(X[:rows], y, weight)
    assert np.shape(ours.coef_) == np.shape(theirs.coef_)
    assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-8, atol=1e-9)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9, atol=1e-9)


def test_a_penalty_for_each_target():
    y = RNG.normal(size=(40, 3))
    ours = Ridge([0.1, 1.0, 10.0]).fit(X, y, WEIGHT)
    theirs = linear_model.Ridge([0.1, 1.0, 10.0], solver="svd").fit(X, y, WEIGHT)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-10)
    np.testing.assert_allclose(
        Ridge([0.1, 1, 10], solver="newton").fit(X, y, WEIGHT).coef_, ours.coef_, atol=1e-8
    )
    with pytest.raises(ValueError, match=r"alpha has shape \(2,\), and y has 3 targets"):
        Ridge([0.1, 1.0]).fit(X, y)


@pytest.mark.parametrize("alpha", [1e-9, 1.0])
def test_columns_that_depend_on_each_other_share_the_weight(alpha):
    """A column that stands there twice: each copy gets half of the weight, however small the penalty."""
    twice = np.column_stack([X, X[:, 0]])
    y = X @ np.arange(1.0, 6.0)
    coef = Ridge(alpha).fit(twice, y).coef_
    assert coef[5] == pytest.approx(coef[0], rel=1e-9)
    if alpha < 1e-6:
        np.testing.assert_allclose(coef, [0.5, 2, 3, 4, 5, 0.5], rtol=1e-6)


def test_a_weak_penalty_on_nearly_dependent_columns():
    """The smallest singular value squared is about as large as alpha, and 1e8 times less than the largest."""
    A = RNG.normal(size=(40, 5))
    A[:, 4] = A[:, 0] + 1e-4 * A[:, 4]
    y = RNG.normal(size=40)
    U, d, Vt = np.linalg.svd(A, full_matrices=False)
    expected = Vt.T @ (d / (d * d + 1e-6) * (U.T @ y))  # ESL 3.47
    assert d[0] ** 2 > 1e7 * (d[-1] ** 2 + 1e-6) and 0.1 < d[-1] ** 2 / 1e-6 < 10
    coef = Ridge(1e-6, fit_intercept=False).fit(A, y).coef_
    np.testing.assert_allclose(coef, expected, rtol=1e-9)


def test_the_gradient_of_the_loss_is_zero_there():
    y = RNG.normal(size=(40, 2))
    model = Ridge(3.0).fit(X, y, WEIGHT)

    def loss(coef, intercept):
        return model.loss(X, y, WEIGHT, coef, intercept)

    dw, db = grad(loss, (0, 1))(model.coef_, model.intercept_)
    assert np.abs(dw).max() < 1e-10 and np.abs(db).max() < 1e-10


def test_without_a_penalty_it_is_least_squares():
    y = RNG.normal(size=40)
    np.testing.assert_array_equal(Ridge(0.0).fit(X, y).coef_, LinearRegression().fit(X, y).coef_)
    shrunk = [np.linalg.norm(Ridge(alpha).fit(X, y).coef_) for alpha in (0, 1, 10, 100)]
    assert (np.diff(shrunk) < 0).all()


@pytest.mark.parametrize("solver", [*SAME_MINIMUM, "lbfgs", "newton", "cg"])
def test_solvers_of_scikit_learn_by_their_names(solver):
    y, A = RNG.normal(size=40), X / [1.0, 10.0, 0.1, 5.0, 2.0]
    model = Ridge(0.7, solver=solver, tol=1e-10).fit(A, y, WEIGHT)
    assert model.solver_ == SAME_MINIMUM.get(solver, solver)
    np.testing.assert_allclose(
        model.coef_, Ridge(0.7).fit(A, y, WEIGHT).coef_, rtol=1e-6, atol=1e-8
    )


@pytest.mark.parametrize("alpha", [0.0, 0.5, [0.1, 3.0]])
@pytest.mark.parametrize("fit_intercept", [True, False])
def test_positive_weights(alpha, fit_intercept):
    y = RNG.normal(size=(40, 2)) - X[:, [0]] + X[:, [1]]
    same = {"positive": True, "fit_intercept": fit_intercept}
    ours = Ridge(alpha, **same).fit(X, y, WEIGHT)
    theirs = linear_model.Ridge(alpha, **same, solver="lbfgs", tol=1e-8, max_iter=100_000)
    np.testing.assert_allclose(ours.coef_, theirs.fit(X, y, WEIGHT).coef_, atol=1e-3)
    assert (ours.coef_ >= 0).all() and (ours.coef_ == 0).any() and ours.solver_ == "exact"
    A = (X - X.mean(axis=0)) / X.std(axis=0)
    exact = Ridge(alpha, **same).fit(A, y, WEIGHT)
    near = Ridge(alpha, **same, solver="proximal", tol=1e-10).fit(A, y, WEIGHT)
    np.testing.assert_allclose(near.coef_, exact.coef_, atol=1e-8)
    assert exact.trace_.gradient_norm[-1] < 1e-10
    with pytest.raises(ValueError, match="its penalty has kinks"):
        Ridge(alpha, positive=True, solver="newton").fit(A, y)


def test_the_trace_is_the_loss_of_the_formula():
    y = RNG.normal(size=(40, 2))
    for alpha in (3.0, [0.5, 2.0]):
        model = Ridge(alpha).fit(X, y, WEIGHT)
        loss = model.loss(X, y, WEIGHT, model.coef_, model.intercept_)
        assert model.trace_.loss[-1] == pytest.approx(loss, rel=1e-12)
        assert model.trace_.gradient_norm[-1] < 1e-10
