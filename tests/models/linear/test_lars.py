"""Lars and LassoLars against scikit-learn, coordinate descent, and what defines the path."""

import numpy as np
import pytest

from models import Lars, Lasso, LassoLars, LinearRegression

linear_model = pytest.importorskip("sklearn.linear_model")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)
DIABETES = datasets.load_diabetes(return_X_y=True)
WIDE = RNG.normal(size=(20, 50)), RNG.normal(size=20)


@pytest.mark.parametrize("kind, settings", [
    (Lars, {}), (Lars, {"n_nonzero_coefs": 4}), (Lars, {"fit_intercept": False}), (LassoLars, {"alpha": 0.0}),
    (LassoLars, {"alpha": 0.1}), (LassoLars, {"alpha": 9.0}),
    (LassoLars, {"alpha": 0.0, "max_iter": 5}),
])  # fmt: skip
@pytest.mark.parametrize("data", ["diabetes", "wine", "wide"])
def test_the_same_path_as_scikit_learn(kind, settings, data):
    X, y = {"diabetes": DIABETES, "wide": WIDE, "wine": datasets.load_wine(return_X_y=True)}[data]
    if data == "wide":
        settings = {**settings, "alpha": 0.01} if kind is LassoLars else {"n_nonzero_coefs": 15}
    ours, theirs = kind(**settings).fit(X, y), getattr(linear_model, kind.__name__)(**settings)
    theirs.fit(X, y)
    shown = len(ours.alphas_)
    if kind is Lars:  # scikit-learn's path is another from where a weight crosses 0
        crosses = (ours.coef_path_[:, 1:] * ours.coef_path_[:, :-1] < 0).any(axis=0)
        shown = int(np.argmax([*crosses, True])) + 1
    assert shown > 3 or settings in ({"alpha": 9.0}, {"fit_intercept": False})
    np.testing.assert_allclose(ours.alphas_[:shown], theirs.alphas_[:shown], rtol=1e-6, atol=1e-7)
    size = np.abs(theirs.coef_path_).max() + 1e-9
    path, expected = ours.coef_path_[:, :shown], theirs.coef_path_[:, :shown]
    np.testing.assert_allclose(path, expected, atol=1e-6 * size)
    if shown == len(theirs.alphas_):
        assert ours.n_iter_ == max(theirs.n_iter_, 1)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6 * size)
        assert ours.intercept_ == pytest.approx(theirs.intercept_, rel=1e-6, abs=1e-9)
        if {*theirs.active_} == {*np.flatnonzero(theirs.coef_)}:  # it may forget one
            assert ours.active_ == list(theirs.active_)


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("data", [DIABETES, WIDE], ids=["tall", "wide"])
def test_every_corner_is_the_lasso(positive, data):
    X, y = data
    path = LassoLars(1e-3, positive=positive).fit(X, y)
    assert (np.diff(path.alphas_) < 0).all() and len(path.alphas_) > 5
    for alpha, w in zip(path.alphas_[1:], path.coef_path_.T[1:], strict=True):
        by_descent = Lasso(alpha, positive=positive, tol=1e-14).fit(X, y).coef_
        np.testing.assert_allclose(w, by_descent, atol=1e-6 * np.abs(w).max())


def test_all_active_features_correlate_equally():
    X, y = DIABETES
    model = Lars().fit(X, y)
    for step, w in enumerate(model.coef_path_.T):
        residual = y - y.mean() - (X - X.mean(axis=0)) @ w
        c = np.abs((X - X.mean(axis=0)).T @ residual) / len(X)
        np.testing.assert_allclose(c[model.active_[:step]], model.alphas_[step], atol=1e-10)
        assert c.max() <= model.alphas_[step] + 1e-10
    np.testing.assert_allclose(model.coef_, LinearRegression().fit(X, y).coef_, rtol=1e-8)


def test_several_targets_weights_and_short_results():
    X, y = DIABETES
    Y = np.column_stack([y, X[:, 2] + RNG.normal(size=len(X))])
    ours, theirs = Lars(n_nonzero_coefs=4).fit(X, Y), linear_model.Lars(n_nonzero_coefs=4).fit(X, Y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, rtol=1e-8)
    assert [len(a) for a in ours.active_] == [4, 4] and ours.n_iter_ == [4, 4]
    weight = RNG.integers(0, 3, size=len(X))
    rows = np.repeat(np.arange(len(X)), weight)
    weighted, repeated = LassoLars(0.1).fit(X, y, weight), LassoLars(0.1).fit(X[rows], y[rows])
    np.testing.assert_allclose(weighted.coef_path_, repeated.coef_path_, rtol=1e-7, atol=1e-9)
    short = LassoLars(0.1, fit_path=False).fit(X, y)
    np.testing.assert_array_equal(short.coef_, LassoLars(0.1).fit(X, y).coef_)
    assert not hasattr(short, "coef_path_") and short.alphas_ == pytest.approx([0.1])
    jittered = [LassoLars(0.1, jitter=9.0, random_state=r).fit(X, y).coef_ for r in (0, 0, 1)]
    np.testing.assert_array_equal(jittered[0], jittered[1])
    assert not np.allclose(jittered[0], jittered[2])


def test_a_copied_column_stays_out():
    X, y = DIABETES
    model = LassoLars(0.0).fit(np.column_stack([X, X[:, 2], X[:, 3] - X[:, 2]]), y)
    np.testing.assert_allclose(model.predict(np.column_stack([X, X[:, 2], X[:, 3] - X[:, 2]])),
                               LinearRegression().fit(X, y).predict(X), rtol=1e-8)  # fmt: skip
    assert np.count_nonzero(model.coef_) == 10


@pytest.mark.parametrize("positive", [False, True])
def test_features_that_depend_on_others_let_none_in_too_early(positive):
    """The conditions of the minimum hold with copies, negatives and sums of features among the features."""
    for seed in range(60):
        rng = np.random.default_rng(seed)
        X, y = rng.normal(size=(30, 5)), rng.normal(size=30)
        X /= np.linalg.norm(X, axis=0)
        both = (X[:, 0] + X[:, 1]) / np.linalg.norm(X[:, 0] + X[:, 1])
        X = np.column_stack([X, -X[:, :3], X[:, 1:4], both])
        w = LassoLars(alpha=0.1 / 30, fit_intercept=False, positive=positive).fit(X, y).coef_
        c = X.T @ (y - X @ w)
        assert (c if positive else np.abs(c)).max() < 0.1 + 1e-10
        np.testing.assert_allclose(c[w != 0], 0.1 * np.sign(w[w != 0]), atol=1e-10)


def test_a_path_ends_when_nothing_is_left_to_explain():
    """With fewer rows than columns all correlations reach 0 together, and rounding says which is first."""
    for seed in range(20):
        rng = np.random.default_rng(seed)
        X, y, weight = rng.random((20, 40)), rng.random(20), rng.integers(1, 5, 20)
        for kind in (Lars, LassoLars):
            model = kind(**({"alpha": 0.0} if kind is LassoLars else {})).fit(X, y)
            assert len(model.alphas_) < 100 and model.alphas_[-1] == 0
            assert (np.diff(model.alphas_) < 0).all()
            np.testing.assert_allclose(model.predict(X), y, atol=1e-9)
        weighted = LassoLars(0.0).fit(X, y, weight)
        rows = np.repeat(np.arange(20), weight)
        np.testing.assert_allclose(
            weighted.coef_, LassoLars(0.0).fit(X[rows], y[rows]).coef_, atol=1e-9
        )
