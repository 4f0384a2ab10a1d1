"""Logistic regression against scikit-learn, closed forms, and what theory says of it."""

import numpy as np
import pytest

from models import LogisticRegression
from tinygrad_edu import grad, hessian

linear_model = pytest.importorskip("sklearn.linear_model")


def data(n=60, p=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * [1.0, 10.0, 0.1, 5.0, 2.0][:p] + [0, 100.0, 0, -3.0, 1.0][:p]
    return X, rng


def classes_data(n_classes, n=90, seed=1):
    X, rng = data(n, 4, seed)
    X = (X - X.mean(axis=0)) / X.std(axis=0)
    scores = X @ rng.normal(size=(4, n_classes)) + rng.gumbel(size=(n, n_classes))
    return X, scores.argmax(axis=1), rng


@pytest.mark.parametrize("solver", ["lbfgs", "newton"])
@pytest.mark.parametrize("n_classes", [2, 3, 5])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_logistic_regression_agrees_with_scikit_learn(solver, n_classes, fit_intercept, weighted):
    X, y, rng = classes_data(n_classes)
    weight = rng.uniform(0, 2, size=len(y)) if weighted else None
    same = {"C": 0.7, "fit_intercept": fit_intercept, "tol": 1e-10, "max_iter": 1000}
    ours = LogisticRegression(solver=solver, **same).fit(X, y, sample_weight=weight)
    # Their "lbfgs" ends where the loss no longer changes, with half of the digits: not so this one.
    theirs = linear_model.LogisticRegression(solver="newton-cholesky", **same).fit(X, y, weight)
    assert ours.coef_.shape == theirs.coef_.shape
    assert ours.intercept_.shape == theirs.intercept_.shape
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-8)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-8)
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-8)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-7)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


def test_newton_is_iteratively_reweighted_least_squares():
    """∇² of the loss, by differentiating twice, is XᵀWX with W = p (1 - p) (Bishop equation 4.97);
    and one step of it is a weighted least-squares fit to the working response (4.99, 4.100)."""
    X, y, rng = classes_data(2)
    model = LogisticRegression(C=1e30)  # no penalty
    weight, w = np.ones(len(y)), rng.normal(size=4)

    def loss(w):
        return model.loss(X, y, weight, w.reshape(1, 4)) * len(y)

    p = 1 / (1 + np.exp(-X @ w))
    W = p * (1 - p)
    H = hessian(loss)(w)
    np.testing.assert_allclose(H, X.T @ (W[:, None] * X), atol=1e-10, rtol=0)

    newton = w - np.linalg.solve(H, grad(loss)(w))
    response = X @ w + (y - p) / W
    irls = np.linalg.lstsq(np.sqrt(W)[:, None] * X, np.sqrt(W) * response, rcond=None)[0]
    np.testing.assert_allclose(newton, irls, atol=1e-10, rtol=0)


def test_the_loss_is_the_negative_log_likelihood_and_its_penalty():
    X, y, rng = classes_data(3)
    W, b, weight = rng.normal(size=(3, 4)), rng.normal(size=3), rng.uniform(size=len(y))
    scores = np.exp(X @ W.T + b)
    P = scores / scores.sum(axis=1, keepdims=True)
    expected = -(weight * np.log(P[np.arange(len(y)), y])).sum() / weight.sum() + (W**2).sum() / (
        2 * 0.3 * weight.sum()
    )
    ours = LogisticRegression(C=0.3).loss(X, y, weight, W, b)
    assert float(ours) == pytest.approx(expected, rel=1e-13)


def test_far_from_the_border_nothing_overflows():
    X = np.array([[-1e4], [-2e4], [1e4], [3e4]])
    model = LogisticRegression().fit(X, ["low", "low", "high", "high"])
    assert model.predict([[1e300], [-1e300]]).tolist() == ["high", "low"]
    np.testing.assert_array_equal(model.predict_proba([[1e300]]), [[1.0, 0.0]])
    assert model.predict_log_proba([[1e300]])[0, 1] == -np.inf


@pytest.mark.parametrize("n_classes", [2, 3])
@pytest.mark.parametrize("weighted", [False, True])
def test_weights_of_classes(n_classes, weighted):
    X, y, rng = classes_data(n_classes)
    y = y + 5
    weight = rng.uniform(0, 2, size=len(y)) if weighted else None
    for class_weight in ("balanced", {5: 3.0, 6: 0.5}):
        same = {"class_weight": class_weight, "tol": 1e-10, "max_iter": 1000}
        ours = LogisticRegression(**same).fit(X, y, sample_weight=weight)
        theirs = linear_model.LogisticRegression(solver="newton-cholesky", **same).fit(X, y, weight)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-8)
    with pytest.raises(
        ValueError, match=r"class_weight of LogisticRegression has 0, which is not a class"
    ):
        LogisticRegression(class_weight={0: 1.0}).fit(X, y)


def test_a_fit_that_ends_early_says_so_in_scikit_learns_words():
    X, y, _ = classes_data(2)
    with pytest.warns(
        UserWarning, match="stopped after 1 steps(?s:.*)failed to converge. Try: raise"
    ):
        LogisticRegression(max_iter=1, tol=1e-12).fit(X, y)
