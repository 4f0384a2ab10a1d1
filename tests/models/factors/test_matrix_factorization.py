"""Matrix factorization: alternating least squares and the gradient on one loss, and new users."""

import pickle

import numpy as np
import pytest

from models import MatrixFactorization
from models.foundation import ConvergenceWarning, NotFittedError
from tinygrad_edu.gradcheck import gradcheck


def ratings(n=400, users=20, items=15, rank=2, noise=0.1):
    rng = np.random.default_rng(0)
    X = np.stack([rng.integers(0, users, n), rng.integers(0, items, n)], axis=1)
    P, Q = rng.normal(size=(users, rank)), rng.normal(size=(items, rank))
    y = 3 + (P[X[:, 0]] * Q[X[:, 1]]).sum(axis=1) + noise * rng.normal(size=n)
    return X, y, rng


@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_als_and_the_gradient_reach_the_same_minimum(biases, weighted):
    X, y, rng = ratings()
    weight = rng.uniform(0.5, 2, size=len(y)) if weighted else None
    same = {"alpha": 0.5, "biases": biases, "random_state": 0, "tol": 1e-10, "max_iter": 20_000}
    als, lbfgs = (
        MatrixFactorization(3, solver=s, **same).fit(X, y, sample_weight=weight)
        for s in ("als", "lbfgs")
    )
    assert als.trace_.loss[-1] == pytest.approx(lbfgs.trace_.loss[-1], rel=1e-12)
    np.testing.assert_allclose(als.predict(X), lbfgs.predict(X), rtol=0, atol=1e-6)
    products = [m.user_factors_ @ m.item_factors_.T for m in (als, lbfgs)]
    np.testing.assert_allclose(*products, rtol=0, atol=1e-6)
    assert (np.diff(als.trace_.loss) <= 1e-14).all()  # no half step raises it
    assert (als.user_bias_ == 0).all() == (not biases)


def test_each_half_step_is_a_ridge_regression():
    from sklearn.linear_model import Ridge

    X, y, rng = ratings()
    Q, weight = rng.normal(size=(15, 3)), rng.uniform(0.5, 2, size=len(y))
    model = MatrixFactorization(3, alpha=0.7, biases=False)
    found, _ = model._ridges(X[:, 0], 20, Q[X[:, 1]], y, weight)
    for user in range(20):
        rows = X[:, 0] == user
        theirs = Ridge(alpha=0.7, fit_intercept=False).fit(Q[X[rows, 1]], y[rows], weight[rows])
        np.testing.assert_allclose(found[user], theirs.coef_, atol=1e-10)


def test_the_loss_is_what_it_says_and_its_derivatives_are_right():
    X, y, rng = ratings(n=25, users=4, items=3)
    weight = rng.uniform(0.5, 2, size=25)
    model = MatrixFactorization(2, alpha=0.3, random_state=0)
    model.users_, model.items_ = np.arange(4), np.arange(3)
    packing = model._packing(X, y, weight)
    at = {n: x + 0.1 for n, x in packing.unpack(packing.vector()).items()}
    r = [
        at["mean"]
        + at["user_bias"][u]
        + at["item_bias"][i]
        + at["user_factors"][u] @ at["item_factors"][i]
        for u, i in X
    ]
    penalty = sum((x**2).sum() for n, x in at.items() if n != "mean")
    expected = ((weight * (y - r) ** 2).sum() + 0.3 * penalty) / (2 * weight.sum())
    assert float(model.loss(X, y, weight, **at)) == pytest.approx(expected, rel=1e-12)
    report = gradcheck(
        lambda z: model.loss(X, y, weight, **packing.unpack(z)), packing.vector() + 0.1
    )
    assert report, report


def test_ratings_of_low_rank_are_found_again():
    X, y, _ = ratings(n=800, noise=0.0)
    model = MatrixFactorization(2, alpha=1e-4, random_state=0, tol=1e-4).fit(X[:600], y[:600])
    assert model.score(X[600:], y[600:]) > 0.999


def test_names_as_users_and_items_of_frames_and_new_ones():
    pandas = pytest.importorskip("pandas")
    X, y, _ = ratings()
    plain = MatrixFactorization(2, random_state=0).fit(X, y)
    table = pandas.DataFrame({"user": [f"u{u:02}" for u in X[:, 0]], "item": X[:, 1]})
    model = MatrixFactorization(2, random_state=0).fit(table, y)
    assert list(model.feature_names_in_) == ["user", "item"] and model.users_[0] == "u00"
    np.testing.assert_allclose(model.predict(table), plain.predict(X), rtol=1e-12)
    new = np.array([["nobody", 3], ["u03", 999], ["nobody", 999]], dtype=object)
    with pytest.warns(UserWarning, match="does not have valid feature names"):
        found = model.predict(new)
    m = model.mean_
    expected = [m + model.item_bias_[3], m + model.user_bias_[3], m]
    np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_weights_are_repetitions():
    X, y, rng = ratings(100)
    weight = rng.integers(0, 3, 100)
    weight[np.unique(X[:, 0], return_index=True)[1]] = 1
    weight[np.unique(X[:, 1], return_index=True)[1]] = 1
    rows = np.repeat(np.arange(100), weight)
    same = {"n_components": 2, "random_state": 0, "tol": 1e-10, "max_iter": 20_000}
    a = MatrixFactorization(**same).fit(X, y, sample_weight=weight)
    b = MatrixFactorization(**same).fit(X[rows], y[rows])
    np.testing.assert_allclose(a.predict(X), b.predict(X), atol=1e-7)


@pytest.mark.parametrize(
    "X, y, message",
    [
        (np.ones((5, 3)), np.ones(5), "needs two columns, user and item; X has 3"),
        (np.ones((5, 2)), np.full(5, np.nan), "Input y contains NaN"),
        (np.array([["a", None]] * 5, dtype=object), np.ones(5), "None"),
        (np.ones((5, 2)), np.ones(4), r"\[5, 4\]"),
        (np.full((5, 2), 0.5), np.ones(5), "has 0.5 in row 0"),
    ],
)
def test_what_is_refused(X, y, message):
    model = MatrixFactorization(2, random_state=0).fit(*ratings()[:2])
    before = pickle.dumps(vars(model))
    with pytest.raises(ValueError, match=message) as error:
        model.fit(X, y)
    assert "Try: " in str(error.value) and pickle.dumps(vars(model)) == before


def test_it_says_when_it_is_not_fitted_or_did_not_arrive():
    X, y, _ = ratings()
    with pytest.raises(NotFittedError):
        MatrixFactorization().predict(X)
    with pytest.warns(ConvergenceWarning, match="stopped after 1 rounds of 'als'"):
        MatrixFactorization(max_iter=1, tol=1e-12).fit(X, y)


def test_a_single_rating_and_no_penalty():
    one = MatrixFactorization(2, random_state=0).fit([[7, 8]], [4.0])
    assert one.predict([[7, 8]])[0] == pytest.approx(4.0)
    X, y, _ = ratings(30)
    model = MatrixFactorization(2, alpha=0.0, random_state=0, tol=1e-3)
    assert np.isfinite(model.fit(X, y).predict(X)).all()
