"""Least squares against scikit-learn, closed forms, and what theory says of it."""

import numpy as np
import pytest

from models import LinearRegression
from models.linear.least_squares import (
    ROWS,
    centered,
    least_squares,
    moments,
    nonnegative_least_squares,
)
from tinygrad_edu import grad

linear_model = pytest.importorskip("sklearn.linear_model")


def data(n=60, p=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(n, p)) * [1.0, 10.0, 0.1, 5.0, 2.0][:p] + [0, 100.0, 0, -3.0, 1.0][:p]
    return X, rng


@pytest.mark.parametrize("targets", [None, 1, 3])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_linear_regression_agrees_with_scikit_learn(targets, fit_intercept, weighted):
    X, rng = data()
    y = rng.normal(size=60 if targets is None else (60, targets)) + X[:, :1].sum()
    weight = rng.uniform(0, 3, size=60).round() if weighted else None
    ours = LinearRegression(fit_intercept=fit_intercept).fit(X, y, sample_weight=weight)
    theirs = linear_model.LinearRegression(fit_intercept=fit_intercept).fit(X, y, weight)
    assert np.shape(ours.coef_) == np.shape(theirs.coef_)
    assert np.shape(ours.intercept_) == np.shape(theirs.intercept_)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-9, atol=1e-10)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9)
    assert ours.score(X, y) == pytest.approx(theirs.score(X, y), rel=1e-9)


def test_the_gradient_of_the_squared_error_is_zero_there():
    X, rng = data()
    y = rng.normal(size=60)
    model = LinearRegression().fit(X, y)

    def squared_error(w, b):
        return ((X @ w + b - y) ** 2).sum()

    dw, db = grad(squared_error, (0, 1))(model.coef_, np.array(model.intercept_))
    assert np.abs(dw).max() < 1e-8 and abs(db) < 1e-9


@pytest.mark.parametrize("case", ["copied column", "constant column", "fewer rows than columns"])
def test_of_many_solutions_the_shortest(case):
    """The pseudo-inverse of the centered X gives it (ESL exercise 3.4; Golub and Van Loan 5.5)."""
    X, rng = data()
    if case == "copied column":
        X[:, 4] = X[:, 0]
    elif case == "constant column":
        X[:, 4] = 7.0
    else:
        X = X[:4]
    y = rng.normal(size=len(X))
    model = LinearRegression().fit(X, y)
    shortest = np.linalg.pinv(X - X.mean(axis=0), rcond=1e-12) @ (y - y.mean())
    np.testing.assert_allclose(model.coef_, shortest, rtol=1e-8, atol=1e-12)


def test_nearly_dependent_columns_keep_their_digits():
    """The condition number is 1e7, that of the Gram matrix 1e14: it would leave two digits."""
    X, _ = data()
    X = X - X.mean(axis=0)
    X[:, 4] = X[:, 0] + 1e-7 * X[:, 4]
    truth = np.arange(1.0, 6.0)
    coef = LinearRegression(fit_intercept=False).fit(X, X @ truth).coef_
    np.testing.assert_allclose(coef, truth, rtol=1e-7)
    through_gram = np.linalg.solve(X.T @ X, X.T @ (X @ truth))
    assert np.abs(through_gram / truth - 1).max() > 1e-5


def test_units_do_not_make_it_ill_conditioned(monkeypatch):
    """Meters beside nanometers are well conditioned: the Gram matrix serves, without an SVD."""
    X, rng = data()
    B = rng.normal(size=60)
    expected = np.linalg.lstsq(X, B, rcond=None)[0]
    monkeypatch.delattr(np.linalg, "lstsq")
    units = np.array([1, 1e-9, 1, 1e9, 1])
    np.testing.assert_allclose(least_squares(X * units, B) * units, expected, rtol=1e-9)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("positive", [False, True])
def test_columns_whose_squares_overflow(positive):
    X, rng = data()
    y = rng.normal(size=60)
    plain = LinearRegression(positive=positive).fit(X, y)
    huge = LinearRegression(positive=positive).fit(X * 1e200, y)
    assert np.abs(plain.coef_).max() > 0
    np.testing.assert_allclose(huge.coef_ * 1e200, plain.coef_, rtol=1e-7)
    np.testing.assert_allclose(huge.predict(X * 1e200), plain.predict(X), rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("targets", [(), (3,)])
@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
def test_positive_weights_agree_with_scikit_learn(targets, fit_intercept, weighted):
    X, rng = data()
    X = X / [1.0, 10.0, 0.1, 5.0, 2.0]
    y = X[:, :2].sum(axis=1) - X[:, 2] + rng.normal(size=(*targets, 60))
    weight = rng.uniform(0, 3, size=60).round() if weighted else None
    same = {"positive": True, "fit_intercept": fit_intercept}
    ours = LinearRegression(**same).fit(X, y.T, weight)
    theirs = linear_model.LinearRegression(**same).fit(X, y.T, weight)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-6, atol=1e-10)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-6, atol=1e-9)
    assert (ours.coef_ == 0).any() and (ours.coef_ > 0).any() and (ours.coef_ >= 0).all()


@pytest.mark.parametrize("seed", range(20))
def test_nonnegative_least_squares_is_at_a_minimum(seed):
    """Its conditions (Lawson and Hanson 23.3): no gradient at w > 0, none downhill at w = 0."""
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(rng.integers(2, 30), rng.integers(1, 20)))
    if seed % 3 == 0:
        A = np.abs(A)
    if seed % 4 == 0:
        A = np.hstack([A, A[:, :1], np.zeros((len(A), 1))])
    if seed % 5 == 0:
        A *= 10.0 ** rng.integers(-8, 8, size=A.shape[1])
    b = rng.normal(size=len(A)) * 10.0 ** rng.integers(-5, 5)
    w = nonnegative_least_squares(A, b)
    size = np.linalg.norm(A, axis=0) + (A == 0).all(axis=0)
    downhill = A.T @ (b - A @ w) / size / np.linalg.norm(b)
    assert (w >= 0).all() and downhill.max() < 1e-10
    assert np.abs(downhill[w > 0]).max(initial=0) < 1e-10


def test_what_has_no_effect_changes_nothing():
    X, rng = data()
    y, before = rng.normal(size=60), X.copy()
    plain = LinearRegression().fit(X, y).coef_
    other = LinearRegression(copy_X=False, tol=0.1, n_jobs=2).fit(X, y).coef_
    np.testing.assert_array_equal(plain, other)
    np.testing.assert_array_equal(X, before)


@pytest.mark.parametrize("case", ["plain", "units", "copied column", "fewer rows than columns"])
def test_rank_and_singular_values(case):
    X, rng = data()
    if case == "units":
        X = X * [1, 1e-4, 1, 1e4, 1]
    elif case == "copied column":
        X[:, 4] = X[:, 0]
    elif case == "fewer rows than columns":
        X = X[:4]
    y, weight = rng.normal(size=len(X)), rng.uniform(1, 2, size=len(X))
    ours, theirs = LinearRegression().fit(X, y, weight), linear_model.LinearRegression(tol=1e-13)
    theirs.fit(X, y, weight)
    assert ours.rank_ == theirs.rank_
    kept = theirs.singular_[: theirs.rank_]
    np.testing.assert_allclose(ours.singular_[: ours.rank_], kept, rtol=1e-7)
    assert ours.singular_.shape == theirs.singular_.shape


@pytest.mark.parametrize("offset", [0, 1e2, 1e4, 1e8])
def test_far_from_the_origin_it_keeps_its_digits(offset):
    """Sums of squares that are not centered would lose twice the digits of the offset."""
    X, rng = data()
    X = np.round(rng.normal(size=(60, 5)), 3)
    y = rng.normal(size=60)
    expected = LinearRegression().fit(X, y).coef_
    coef = LinearRegression().fit(X + offset, y).coef_
    np.testing.assert_allclose(coef, expected, rtol=1e-15 * max(offset, 1e5))


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("targets", [(), (2,)])
def test_moments_in_blocks_are_those_of_the_centered_data(fit_intercept, weighted, targets):
    n = 2 * ROWS + 7
    X, rng = data(n)
    y = rng.normal(size=(n, *targets)) + X[:, :1].reshape(n, *[1] * len(targets))
    weight = rng.uniform(0.5, 2, size=n) if weighted else np.ones(n)
    found = moments(X, y, weight, fit_intercept)
    A, B, x_mean, y_mean = centered(X, y, weight, fit_intercept)
    expected = A.T @ A, A.T @ B, x_mean, y_mean, B, weight @ X**2
    for name, value, right in zip(found._fields, found, expected, strict=True):
        size = np.abs(right).max()
        np.testing.assert_allclose(value, right, rtol=1e-9, atol=1e-9 * size, err_msg=name)
