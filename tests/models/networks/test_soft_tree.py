"""Soft decision trees: the formulas node by node, and hard trees at a low temperature."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.datasets import load_diabetes, load_wine
from sklearn.preprocessing import scale

from models import SoftDecisionTreeClassifier, SoftDecisionTreeRegressor
from tinygrad_edu import value_and_grad

WINE = scale(load_wine().data), load_wine().target


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def test_the_probabilities_of_the_leaves_node_by_node():
    model = SoftDecisionTreeClassifier(2, temperature=0.7, random_state=0).fit(*WINE)
    p = sigmoid((WINE[0] @ model.weights_.T + model.biases_) / 0.7)
    root, left, right = p.T
    expected = [(1 - root) * (1 - left), (1 - root) * left, root * (1 - right), root * right]
    P = model.leaf_probabilities(WINE[0])
    np.testing.assert_allclose(P, np.transpose(expected), rtol=1e-9, atol=1e-15)
    np.testing.assert_allclose(P.sum(axis=1), 1, rtol=1e-12)
    Q = np.exp(model.leaves_) / np.exp(model.leaves_).sum(axis=1, keepdims=True)
    np.testing.assert_allclose(model.predict_proba(WINE[0]), P @ Q, rtol=1e-9)
    # the loss: the likelihood, the balance of the splits, and the squares
    a = np.array([root.mean(), ((1 - root) @ left) / (1 - root).sum(), root @ right / root.sum()])
    uneven = -np.array([0.5, 0.25, 0.25]) @ (np.log(a) + np.log(1 - a))
    squares = (model.weights_**2).sum() + (model.leaves_**2).sum()
    likelihood = -np.log((P @ Q)[np.arange(178), WINE[1]]).mean()
    expected = likelihood + 0.01 * uneven + 0.0005 * squares
    np.testing.assert_allclose(model.trace_.loss[-1], expected, rtol=1e-9)


def test_it_learns_and_balance_makes_splits_even():
    assert SoftDecisionTreeClassifier(random_state=0).fit(*WINE).score(*WINE) > 0.98
    used = []
    for balance in (0.0, 1.0):
        model = SoftDecisionTreeClassifier(2, balance=balance, random_state=3, tol=1e-2)
        used.append(model.fit(*WINE).leaf_probabilities(WINE[0]).mean(axis=0))
    assert used[1].min() > 0.1 > used[0].min()


def test_a_low_temperature_is_a_hard_tree():
    model = SoftDecisionTreeClassifier(2, random_state=0).fit(*WINE)
    model.set_params(temperature=1e-6)
    P = model.leaf_probabilities(WINE[0])
    assert np.isin(np.round(P, 9), (0, 1)).all()
    z = WINE[0] @ model.weights_.T + model.biases_
    second = np.where(z[:, 0] > 0, z[:, 2], z[:, 1])
    np.testing.assert_array_equal(P.argmax(axis=1), 2 * (z[:, 0] > 0) + (second > 0))


def test_one_split_is_a_step_between_two_values():
    x = np.linspace(-1, 1, 200)[:, None]
    y = np.where(x[:, 0] > 0.3, 5.0, 2.0)
    model = SoftDecisionTreeRegressor(1, alpha=0.0, balance=0.0, random_state=0, tol=1e-3)
    model.fit(x, y)
    np.testing.assert_allclose(np.sort(model.leaves_), [2, 5], atol=0.15)
    assert -model.biases_[0] / model.weights_[0, 0] == pytest.approx(0.3, abs=0.02)


@pytest.mark.filterwarnings("ignore::models.foundation.ConvergenceWarning")
def test_a_regressor_is_better_than_a_line():
    X, y = load_diabetes(return_X_y=True)
    X = scale(X)
    line = np.linalg.lstsq(np.c_[X, np.ones(442)], y, rcond=None)[1][0] / np.sum(
        (y - y.mean()) ** 2
    )
    assert SoftDecisionTreeRegressor(3, random_state=0).fit(X, y).score(X, y) > 1 - line


@pytest.mark.parametrize("kind", [SoftDecisionTreeClassifier, SoftDecisionTreeRegressor])
def test_a_weight_is_a_number_of_repetitions(kind):
    """Of the start, the loss and its gradient; which of many minima follows, rounding decides."""
    X, y = WINE
    weight = np.random.default_rng(0).integers(0, 4, len(y))
    rows = np.repeat(np.arange(len(y)), weight)
    model = kind(random_state=0)
    weighted = model._read(X, y, weight)
    repeated = model._read(X[rows], y[rows], None)
    a, b = (model._packing(**data).vector() for data in (weighted, repeated))
    np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)
    packing = model._packing(**weighted)
    point = a + 0.3 * np.random.default_rng(1).normal(size=a.shape)
    for x, y in zip(*[
        value_and_grad(lambda w, data=data: model.loss(**data, **packing.unpack(w)))(point)
        for data in (weighted, repeated)
    ], strict=True):  # fmt: skip
        np.testing.assert_allclose(x, y, rtol=1e-10, atol=1e-12)
