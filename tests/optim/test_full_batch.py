"""Training on all data at once: closed forms, scikit-learn's optimum, and what is refused.

The minimizers themselves are tested in test_minimize.py.
"""

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.optim.directions import DIRECTIONS

RNG = np.random.default_rng(0)


def data(n=40, features=3, classes=3):
    X = RNG.normal(size=(n, features))
    return X, (X @ RNG.normal(size=(features, classes)) + RNG.gumbel(size=(n, classes))).argmax(1)


@pytest.mark.parametrize("method", DIRECTIONS)
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


@pytest.mark.parametrize("method", DIRECTIONS)
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


@pytest.mark.parametrize("method", DIRECTIONS)
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
    assert optimizer.parameters[2].data is optimizer.flat_parameters[0].views[2][0]


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
    with pytest.raises(ValueError, match="no method 'bfgs'"):
        optim.minimize_loss(lambda: p.sum(), [p], "bfgs")
    p.requires_grad = False
    with pytest.raises(ValueError, match=r"all parameters are frozen(.|\n)*unfreeze"):
        optim.minimize_loss(lambda: (p * other).sum(), [p])
