"""The quadratic problems of support vector machines: optimality, and working sets in bounded memory."""

import numpy as np
import pytest

from models.foundation.kernel_functions import kernel_matrix
from models.kernels.smo import FLAT, Point, minimize_by_pairs, newton_steps, solve

optimize = pytest.importorskip("scipy.optimize")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(80, 3))
Y = np.where(X[:, 0] + 0.5 * RNG.normal(size=80) > 0, 1.0, -1.0)
K = kernel_matrix("rbf", X, X)


def gram(i, j):
    return K[np.ix_(i, j)]


def classification(C=1.0):
    return {"q": -Y, "lo": np.minimum(0, C * Y), "hi": np.maximum(0, C * Y), "beta": np.zeros(80),
            "group": np.zeros(80, dtype=int)}  # fmt: skip


def regression(groups=1):
    zero, y = np.zeros(80), 3 * X[:, 1]
    start = np.repeat([0.4, -0.4], 80) if groups == 2 else np.zeros(160)
    return {"q": np.concatenate([0.1 - y, -0.1 - y]), "lo": np.concatenate([zero, zero - 1]),
            "hi": np.concatenate([zero + 1, zero]), "beta": start,
            "group": np.repeat([0, groups - 1], 80)}  # fmt: skip


PROBLEMS = {"classification": classification, "hard": lambda: classification(1e4),
            "regression": regression, "two groups": lambda: regression(2)}  # fmt: skip


def settings(**others):
    return {"rows": 80, "tol": 1e-3, "max_iter": -1, "keep": 1000} | others


@pytest.mark.parametrize("name", PROBLEMS)
def test_the_conditions_of_karush_kuhn_and_tucker(name):
    problem = PROBLEMS[name]()
    point, pairs = solve(gram, **problem, **settings())
    β, copies = point.beta, len(problem["q"]) // 80
    g = problem["q"] + np.tile(K @ β.reshape(copies, 80).sum(axis=0), copies)
    slope = g + point.intercepts()[problem["group"]]
    assert pairs > 10 and (problem["lo"] <= β).all() and (β <= problem["hi"]).all()
    for k in {*problem["group"]}:
        member = problem["group"] == k
        assert β[member].sum() == pytest.approx(problem["beta"][member].sum(), abs=1e-10)
    size = 1e-12 * (1 + np.abs(β).sum())
    free = (problem["lo"] < β) & (β < problem["hi"])
    assert free.sum() > 3
    assert np.abs(slope[free]).max() < size
    assert slope[β == problem["lo"]].min() > -size
    assert slope[β == problem["hi"]].max(initial=-1) < size
    np.testing.assert_allclose(point.gradient, g, atol=size)


@pytest.mark.parametrize("name", ["classification", "two groups"])
def test_the_minimum_is_that_of_another_method(name):
    problem = PROBLEMS[name]()
    copies = len(problem["q"]) // 80
    Q = np.tile(K, (copies, copies))

    def D(β):
        return β @ Q @ β / 2 + problem["q"] @ β

    point, _ = solve(gram, **problem, **settings())
    sums = [{"type": "eq", "fun": lambda β, k=k: (β - problem["beta"])[problem["group"] == k].sum()}
            for k in {*problem["group"]}]  # fmt: skip
    other = optimize.minimize(
        D, problem["beta"], jac=lambda β: Q @ β + problem["q"], method="SLSQP",
        bounds=list(zip(problem["lo"], problem["hi"], strict=True)), constraints=sums,
        options={"maxiter": 1000, "ftol": 1e-12},
    )  # fmt: skip
    assert D(point.beta) <= other.fun + 1e-9
    assert D(point.beta) == pytest.approx(other.fun, rel=1e-6)


@pytest.mark.parametrize("name", PROBLEMS)
def test_with_little_memory_the_minimum_is_the_same(name):
    largest = []

    def counted(i, j):
        largest.append(len(i) if i is j else 0)
        return K[np.ix_(i, j)]

    problem = PROBLEMS[name]()
    keep = 60 if name == "hard" else 25
    small, _ = solve(counted, **problem, **settings(keep=keep, tol=1e-9))
    whole, _ = solve(gram, **problem, **settings())
    np.testing.assert_allclose(small.gradient, whole.gradient, atol=1e-6)
    assert max(largest) == keep


def test_each_pair_goes_downhill_and_newton_ends_there():
    values = []
    for steps in range(0, 43, 7):
        point = Point(
            -Y.copy(), *(classification()[n].copy() for n in ("lo", "hi", "beta", "group"))
        )
        assert minimize_by_pairs(K, point, 1e-3, steps) == steps
        values.append(point.beta @ (point.gradient - Y) / 2)
    assert (np.diff(values) < 0).all()
    minimize_by_pairs(K, point, 1e-3, 10_000)
    before = point.violation()
    assert newton_steps(K, point)
    assert 1e-6 < before <= 1e-3 and point.violation() < 1e-12


def test_equal_rows_and_kernels_that_are_not_positive():
    twice = np.concatenate([X, X])
    for matrix in (
        kernel_matrix("rbf", twice, twice),
        np.tanh(twice @ twice.T - 1),
        np.ones((160, 160)),
    ):
        problem = {n: np.concatenate([x, x]) for n, x in classification().items()}
        point, _ = solve(lambda i, j, K=matrix: K[np.ix_(i, j)], **problem, **settings(rows=160))
        assert np.isfinite(point.beta).all() and point.violation() <= 1e-3
        assert abs(point.beta.sum()) < 1e-10
    assert FLAT > 0


def test_the_limit_of_iterations():
    _, pairs = solve(gram, **classification(), **settings(max_iter=5))
    assert pairs == 5
