"""Training on all data at once: closed forms, scikit-learn's optimum, and what is refused.

The minimizers themselves are tested in tests/models/test_minimize.py.
"""

import numpy as np
import pytest

from tinygrad_edu import hvp, nn, optim, value_and_grad
from tinygrad_edu.optim import minimize as module
from tinygrad_edu.optim.minimize import METHODS, NewtonCG, minimize

RNG = np.random.default_rng(0)


def quadratic(n):
    A = RNG.normal(size=(n, n))
    A, b = A @ A.T / n + np.eye(n), RNG.normal(size=n)
    return (lambda x: x @ A @ x / 2 - b @ x), A, b


@pytest.mark.parametrize("n", [2, 5, 9])
def test_conjugate_gradients_need_n_steps_for_n_dimensions(n, monkeypatch):
    """With a line search that is (nearly) exact. (N&W theorem 5.1)"""
    f, A, b = quadratic(n)
    monkeypatch.setattr(module.ConjugateGradient, "curvature", 1e-12)
    directions = []
    search = module.wolfe_step
    monkeypatch.setattr(
        module,
        "wolfe_step",
        lambda f, w, p, *rest, **how: directions.append(p) or search(f, w, p, *rest, **how),
    )
    found = minimize(value_and_grad(f), np.zeros(n), "cg", tol=1e-7)
    assert found.iterations == n
    np.testing.assert_allclose(found.point, np.linalg.solve(A, b), atol=1e-6)
    P = np.array([p / np.sqrt(p @ A @ p) for p in directions])
    np.testing.assert_allclose(P @ A @ P.T, np.eye(n), atol=1e-5)  # conjugate


def test_newton_cg_meets_the_hessian_in_products_alone():
    f, A, b = quadratic(6)
    products = []

    def product(w, v):
        products.append(v)
        return A @ v

    g = -b * 1e-12  # so near the minimum that the direction is to be exact to six digits
    p = NewtonCG(None, product)(np.zeros(6), g)
    np.testing.assert_allclose(p, -np.linalg.solve(A, g), rtol=1e-4)
    assert len(products) <= 7
    found = minimize(
        value_and_grad(f), np.zeros(6), "newton-cg", product=lambda w, v: hvp(f, (w,), (v,))
    )
    np.testing.assert_allclose(found.point, np.linalg.solve(A, b), atol=1e-7)


def test_newton_cg_turns_away_from_a_hill():
    A = np.diag([1.0, -1.0])
    p = NewtonCG(None, lambda w, v: A @ v)(np.zeros(2), np.array([0.0, 2.0]))
    assert p.tolist() == [0, -2], "the first direction bends downwards: the gradient's"
    A = np.diag([4.0, -0.1])
    p = NewtonCG(None, lambda w, v: A @ v)(np.zeros(2), np.array([1e-9, 1e-10]))
    assert p @ np.array([1e-9, 1e-10]) < 0
    with pytest.raises(ValueError, match=r'"newton-cg"\) needs product=, .* or hessian='):
        minimize(lambda w: (0.0, w), np.zeros(2), "newton-cg")


def data(n=40, features=3, classes=3):
    X = RNG.normal(size=(n, features))
    return X, (X @ RNG.normal(size=(features, classes)) + RNG.gumbel(size=(n, classes))).argmax(1)


@pytest.mark.parametrize("method", METHODS)
def test_a_linear_layer_finds_the_least_squares(method):
    X, Y = RNG.normal(size=(30, 4)), RNG.normal(size=(30, 2))
    model = nn.Linear(4, 2, rng=0, dtype=float)
    found = optim.minimize_loss(
        lambda: nn.mse(model(X), Y), model.parameters(), method, tol=1e-10, max_iter=200
    )
    with_ones = np.column_stack([X, np.ones(30)])
    best = np.linalg.lstsq(with_ones, Y, rcond=None)[0]
    np.testing.assert_allclose(np.vstack([model.W.data, model.b.data]), best, atol=1e-8)
    assert found.converged and found.value == pytest.approx(np.mean((with_ones @ best - Y) ** 2))


@pytest.mark.parametrize("method", METHODS)
def test_the_optimum_of_scikit_learns_logistic_regression(method):
    linear_model = pytest.importorskip("sklearn.linear_model")
    X, y = data()
    theirs = linear_model.LogisticRegression(C=2.0, tol=1e-10, max_iter=10_000).fit(X, y)
    model = nn.Linear(3, 3, rng=0, dtype=float)

    def loss():
        return nn.cross_entropy(model(X), y) + (model.W**2).sum() / (2 * 2.0 * len(X))

    found = optim.minimize_loss(loss, model.parameters(), method, tol=1e-9, max_iter=500)
    assert found.converged
    np.testing.assert_allclose(model.W.data, theirs.coef_.T, atol=1e-6)
    b = model.b.data - model.b.data.mean()  # the loss does not depend on their mean
    np.testing.assert_allclose(b, theirs.intercept_ - theirs.intercept_.mean(), atol=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_every_method_descends_on_a_network(method):
    X, y = data()
    model = nn.Sequential(
        nn.Linear(3, 5, rng=0, dtype=float), nn.Tanh(), nn.Linear(5, 3, rng=1, dtype=float)
    )

    def loss():
        return nn.cross_entropy(model(X), y) + 0.01 * sum((p**2).sum() for p in model.parameters())

    before = loss().item()
    grads = [p.grad for p in model.parameters()]
    found = optim.minimize_loss(loss, model.parameters(), method, max_iter=300)
    assert found.converged and found.value == loss().item() < before
    assert grads == [p.grad for p in model.parameters()], "gradients are the user's"
    loss().backward()
    for p in model.parameters():
        assert np.abs(p.grad).max() <= 1e-6


def test_float32_frozen_and_the_optimizer_of_the_same_weights():
    X, Y = RNG.normal(size=(30, 4)), RNG.normal(size=(30, 2))
    model = nn.Sequential(nn.Linear(4, 3, rng=0), nn.Linear(3, 2, rng=1))
    optimizer = optim.SGD(model.parameters(), 0.1)
    model[0].freeze()
    before = [p.data.copy() for p in model[0].parameters()]
    found = optim.minimize_loss(lambda: nn.mse(model(X), Y), model.parameters(), tol=1e-3)
    assert found.converged and found.point.size == model[1].W.size + 2
    assert all(
        np.array_equal(p.data, b) for p, b in zip(model[0].parameters(), before, strict=True)
    )
    assert {p.dtype for p in model.parameters()} == {np.dtype(np.float32)}
    assert optimizer.parameters[2].data is optimizer._vectors[0].views[2][0]


def test_what_is_refused_leaves_the_parameters():
    p, other = nn.Parameter([1.0, 2.0]), nn.Parameter([1.0])

    def failing_later():
        calls.append(1)
        if len(calls) > 1:
            raise KeyError("no more data")
        return (p**4).sum()

    calls = []
    for loss, parameters, error, words in [
        (lambda: p * 1, [p], ValueError, r"must be one number .* not .*\(2,\)"),
        (lambda: 3.0, [p], ValueError, "not float"),
        (lambda: (p.data**2).sum(), [p], ValueError, "not float64"),
        (lambda: (p * np.inf).sum(), [p], ValueError, "at the start the function is inf"),
        (failing_later, [p], KeyError, "no more data"),
        (lambda: other.sum(), [other.data], TypeError, "which is not a Parameter"),
    ]:
        with pytest.raises(error, match=words):
            optim.minimize_loss(loss, parameters)
        assert p.data.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="no minimizer 'bfgs'"):
        optim.minimize_loss(lambda: p.sum(), [p], "bfgs")
    p.requires_grad = False
    with pytest.raises(ValueError, match=r"all parameters are frozen(.|\n)*unfreeze"):
        optim.minimize_loss(lambda: (p * other).sum(), [p])
