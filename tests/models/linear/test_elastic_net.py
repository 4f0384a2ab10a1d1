"""The lasso and the elastic net against scikit-learn, the conditions of the minimum, and their own loss."""

import numpy as np
import pytest

from models import ElasticNet, Lasso, LinearRegression, Ridge
from models.foundation import ConvergenceWarning
from models.linear.coordinate_descent import Penalty, SquaredErrors

linear_model = pytest.importorskip("sklearn.linear_model")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 5)) * [1.0, 10.0, 0.1, 5.0, 2.0] + [0, 100.0, 0, -3.0, 1.0]
Y = RNG.normal(size=(40, 3)) + X[:, :3] * [2.0, 0.1, 1.0]
WEIGHT = RNG.uniform(0.1, 3, size=40)
LOADERS = ["load_diabetes", "load_iris", "load_wine", "load_breast_cancer", "load_digits"]


def strictly(kind, **settings):
    return kind(**settings, tol=1e-14, max_iter=100_000)


def slope_and_bound(model, X, y, weight=None):
    """The gradient of the smooth part for w, and the strength of ‖w‖₁."""
    weight = np.ones(len(X)) if weight is None else weight
    residual = y - model.predict(X)
    α, ρ = model.alpha, model.l1_ratio
    return (weight * residual) @ X / weight.sum() - α * (1 - ρ) * model.coef_, α * ρ


@pytest.mark.parametrize("load", LOADERS)
@pytest.mark.parametrize("alpha", [0.03, 1.0])
@pytest.mark.parametrize("positive", [False, True])
def test_the_same_as_scikit_learn_on_real_data(load, alpha, positive):
    X, y = getattr(datasets, load)(return_X_y=True)
    same = {"alpha": alpha, "positive": positive}
    ours, theirs = Lasso(**same, tol=1e-12), strictly(linear_model.Lasso, **same)
    ours.fit(X, y), theirs.fit(X, y)
    size = np.abs(theirs.coef_).max()
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-9 * size)
    np.testing.assert_array_equal(ours.coef_ == 0, np.abs(theirs.coef_) <= 1e-12 * size)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-9)
    assert 0 <= ours.dual_gap_ <= 1e-12 * y.var()


@pytest.mark.parametrize("targets", [None, 1, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("positive", [True, False])
@pytest.mark.parametrize("rows", [40, 4])
def test_the_same_as_scikit_learn(targets, fit_intercept, weighted, positive, rows):
    y = Y[:rows, 0] if targets is None else Y[:rows, :targets]
    weight = WEIGHT[:rows] if weighted else None
    same = {
        "alpha": 0.1, "l1_ratio": 0.3, "fit_intercept": fit_intercept, "positive": positive, "tol": 1e-12,
        "max_iter": 100_000,
    }  # fmt: skip
    ours = ElasticNet(**same).fit(X[:rows], y, weight)
    theirs = linear_model.ElasticNet(**same).fit(X[:rows], y, weight)
    for name in ("coef_", "dual_gap_"):
        assert np.shape(getattr(ours, name)) == np.shape(getattr(theirs, name))
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-7)
    np.testing.assert_allclose(ours.intercept_, np.squeeze(theirs.intercept_), rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-5, atol=1e-5)
    assert np.shape(ours.n_iter_) == np.shape(theirs.n_iter_)


@pytest.mark.parametrize("solver", ["cd", "proximal"])
@pytest.mark.parametrize("l1_ratio", [0.2, 1.0])
@pytest.mark.parametrize("positive", [True, False])
def test_the_conditions_of_the_minimum(solver, l1_ratio, positive):
    """slope = λ sign(w) where w ≠ 0, and |slope| ≤ λ where w = 0 (ESL exercise 3.27)."""
    A, y = (X - X.mean(axis=0)) / X.std(axis=0), Y[:, 0]
    model = ElasticNet(0.2, l1_ratio=l1_ratio, positive=positive, solver=solver, tol=1e-12)
    model.fit(A, y, WEIGHT)
    slope, λ = slope_and_bound(model, A, y, WEIGHT)
    on = model.coef_ != 0
    np.testing.assert_allclose(slope[on], λ * np.sign(model.coef_[on]), atol=1e-10)
    assert (slope[~on] <= λ).all() and (positive or (slope[~on] >= -λ).all())
    assert on.any() and (~on).any() and np.abs(WEIGHT @ (y - model.predict(A))) < 1e-9
    if positive:
        assert (model.coef_ >= 0).all()


def test_the_trace_goes_down_to_the_loss():
    X, y = datasets.load_diabetes(return_X_y=True)
    for solver in ("cd", "proximal"):
        model = ElasticNet(0.001, l1_ratio=0.9, solver=solver, tol=1e-10, max_iter=10_000).fit(X, y)
        weight = np.ones(len(X))
        loss = model.loss(X, y, weight, model.coef_, model.intercept_)
        total = loss + model.kinked_penalty(model.coef_, model.intercept_)
        assert model.trace_.loss[-1] == pytest.approx(total, rel=1e-12)
        assert (np.diff(model.trace_.loss) <= 1e-9 * total).all()
        assert len(model.trace_) == model.n_iter_ + 1


def test_the_duality_gap_bounds_the_distance_from_the_minimum():
    A = RNG.normal(size=(60, 300))
    y, weight = A[:, :9].sum(axis=1) + RNG.normal(size=60), np.ones(60)

    def objective(model):
        w, b = model.coef_, model.intercept_
        return model.loss(A, y, weight, w, b) + model.kinked_penalty(w, b)

    least = objective(Lasso(0.01, tol=1e-15).fit(A, y))
    for solver, said in (
        ("cd", "stopped after 2 rounds of 'cd' with a duality gap"),
        ("proximal", ""),
    ):
        with pytest.warns(ConvergenceWarning, match=said):
            model = Lasso(0.01, tol=1e-15, max_iter=2, solver=solver).fit(A, y)
        assert 0 < objective(model) - least <= model.dual_gap_
    theirs = linear_model.Lasso(alpha=0.01, tol=1e-2).fit(A, y)
    errors = SquaredErrors(A, y, weight, fit_intercept=True).target(0)
    gap = errors.gap(Penalty(0.01 * 60, 0.0), theirs.coef_) / 60
    assert gap == pytest.approx(theirs.dual_gap_, rel=1e-9)


def test_its_limits():
    """Without ‖w‖₁ it is ridge regression, without any penalty least squares; at α max all weights are 0."""
    y = Y[:, 0]
    ridge = Ridge(0.3 * 40).fit(X, y)
    for solver in ("cd", "lbfgs", "newton"):
        net = ElasticNet(0.3, l1_ratio=0, solver=solver, tol=1e-12, max_iter=10_000).fit(X, y)
        np.testing.assert_allclose(net.coef_, ridge.coef_, rtol=1e-6)
    plain = LinearRegression().fit(X, y)
    np.testing.assert_allclose(Lasso(0.0, tol=1e-12).fit(X, y).coef_, plain.coef_, rtol=1e-6)
    largest = np.abs((X - X.mean(axis=0)).T @ (y - y.mean())).max() / len(X)
    assert (Lasso(largest * 1.000001).fit(X, y).coef_ == 0).all()
    assert np.count_nonzero(Lasso(largest * 0.999999).fit(X, y).coef_) == 1


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize(
    "case", ["condition 1e8", "copied column", "more columns than rows", "units"]
)
def test_ill_conditioned_data(case):
    """The conditions hold to rounding, where coordinate descent alone takes forever."""
    A, y = RNG.normal(size=(60, 20)), RNG.normal(size=60)
    if case == "condition 1e8":
        U, _, Vt = np.linalg.svd(A, full_matrices=False)
        A = U * np.geomspace(1, 1e-8, 20) @ Vt
    elif case == "copied column":
        A[:, 1], A[:, 3] = A[:, 0], -A[:, 2]
    elif case == "more columns than rows":
        A = RNG.normal(size=(60, 300))
    else:
        A = A * 10.0 ** RNG.integers(-100, 100, size=20)
    alpha = 1e-3 * np.abs(A.T @ (y - y.mean())).max() / 60
    model = Lasso(alpha, tol=1e-13).fit(A, y)
    slope, λ = slope_and_bound(model, A, y)
    on = model.coef_ != 0
    assert on.any() and np.abs(slope).max() <= λ * (1 + 1e-6)
    np.testing.assert_allclose(slope[on], λ * np.sign(model.coef_[on]), rtol=1e-6)


def test_a_penalty_on_collinear_columns_shares_or_selects():
    """The elastic net gives equal columns equal weights (Zou and Hastie, lemma 2)."""
    A = np.column_stack([X[:, 0], X[:, 0], X[:, 3]])
    y = 2 * X[:, 0] + Y[:, 0]
    w = ElasticNet(0.1, l1_ratio=0.5, tol=1e-14).fit(A, y).coef_
    assert w[0] == pytest.approx(w[1], rel=1e-7) and w[0] > 0
    sparse = Lasso(0.1, tol=1e-14).fit(A, y)
    assert sparse.coef_[:2].sum() == pytest.approx(
        Lasso(0.1, tol=1e-14).fit(A[:, 1:], y).coef_[0], rel=1e-9
    )


def test_a_warm_start_and_a_random_order_arrive_at_the_same_minimum():
    X = RNG.normal(size=(60, 300))
    y = X[:, :9].sum(axis=1) + RNG.normal(size=60)
    model = Lasso(0.1, warm_start=True, tol=1e-10).fit(X, y)
    cold, coef = model.n_iter_, model.coef_
    assert model.fit(X, y).n_iter_ == 1 < cold
    np.testing.assert_allclose(model.coef_, coef, rtol=1e-9)
    shuffled = Lasso(0.1, selection="random", random_state=0, tol=1e-10).fit(X, y)
    np.testing.assert_allclose(shuffled.coef_, coef, rtol=1e-6, atol=1e-9)
    assert not np.array_equal(
        shuffled.trace_.loss[:3], Lasso(0.1, tol=1e-10).fit(X, y).trace_.loss[:3]
    )


def test_sparse_weights_and_what_has_no_effect():
    y = Y[:, 0]
    model = Lasso(0.5).fit(X, y)
    expected, zeros = model.predict(X), np.count_nonzero(model.coef_ == 0)
    assert zeros > 0
    other = Lasso(0.5, precompute=X.T @ X, copy_X=False).fit(X, y)
    np.testing.assert_array_equal(other.coef_, model.coef_)
    assert model.sparsify().coef_.nnz == 5 - zeros
    np.testing.assert_allclose(model.densify().predict(X), expected)


def test_solvers_that_miss_the_kinks_are_refused():
    with pytest.raises(ValueError, match="its penalty has kinks, which that solver misses"):
        Lasso(solver="lbfgs").fit(X, Y[:, 0])


def test_excess_is_the_distance_from_the_conditions():
    penalty = Penalty(2.0, 0.0)
    excess = penalty.excess(np.array([2.0, -2.0, 1.5, -3.0, 2.5]), np.array([1.0, 1.0, 0, 0, -1.0]))
    np.testing.assert_array_equal(excess, [0, 4, 0, 1, 4.5])
    positive = Penalty(2.0, 0.0, positive=True)
    np.testing.assert_array_equal(positive.excess(np.array([-9.0, 3.0]), np.zeros(2)), [0, 1])
