"""Support vector regression against scikit-learn and its primal problem.

scikit-learn keeps kernel values in single precision, so that it agrees to five or six digits; that primal and
dual have the same value proves the others.
"""

import numpy as np
import pytest

from models import SVR, NuSVR

svm = pytest.importorskip("sklearn.svm")
datasets = pytest.importorskip("sklearn.datasets")

X, Y = datasets.load_diabetes(return_X_y=True)
X, Y = X / X.std(axis=0), (Y - Y.mean()) / Y.std()
WEIGHT = np.random.default_rng(0).uniform(0.3, 2, size=len(Y))


@pytest.mark.parametrize("kernel", ["rbf", "linear", "poly"])
@pytest.mark.parametrize("weighted", [True, False])
def test_the_same_as_scikit_learn(kernel, weighted):
    weight = WEIGHT if weighted else None
    for ours, theirs, own in ((SVR, svm.SVR, {"epsilon": 0.3}), (NuSVR, svm.NuSVR, {"nu": 0.4})):
        same = {"kernel": kernel, "gamma": 0.05, "C": 0.5, "tol": 1e-9} | own
        a, b = ours(**same).fit(X, Y, weight), theirs(**same).fit(X, Y, weight)
        np.testing.assert_allclose(a.predict(X), b.predict(X), atol=2e-5)
        np.testing.assert_allclose(a.intercept_, b.intercept_, atol=2e-5)
        np.testing.assert_array_equal(a.support_, b.support_)
        np.testing.assert_allclose(a.dual_coef_, b.dual_coef_, atol=1e-4)
        np.testing.assert_array_equal(a.n_support_, b.n_support_)
        assert type(a.n_iter_) is int and a.fit_status_ == 0
        if kernel == "linear":
            np.testing.assert_allclose(a.coef_, b.coef_, atol=2e-5)


@pytest.mark.parametrize("kernel", ["rbf", "linear"])
def test_primal_and_dual_have_the_same_value(kernel):
    C, ε = 2.0, 0.2
    model = SVR(kernel=kernel, C=C, epsilon=ε).fit(X, Y, WEIGHT)
    β = np.zeros(len(Y))
    β[model.support_] = model.dual_coef_[0]
    f = model.predict(X)
    norm = β @ (f - model.intercept_)
    primal = norm / 2 + C * WEIGHT @ np.maximum(0, np.abs(Y - f) - ε)
    dual = Y @ β - ε * np.abs(β).sum() - norm / 2
    assert primal - dual == pytest.approx(0, abs=1e-9 * primal)
    assert abs(β.sum()) < 1e-10 and (np.abs(β) <= C * WEIGHT).all()


def test_nu_bounds_the_fraction_outside_of_the_tube():
    for ν in (0.1, 0.5):
        model = NuSVR(nu=ν, gamma=0.05).fit(X, Y)
        error = np.abs(Y - model.predict(X))
        free = (np.abs(model.dual_coef_[0]) < 1 - 1e-9).nonzero()[0]
        ε = error[model.support_[free]]  # on the border of the tube
        np.testing.assert_allclose(ε, ε[0], atol=1e-9)
        assert (error > ε[0] + 1e-9).mean() <= ν <= len(model.support_) / len(Y)
        same = SVR(epsilon=ε[0], gamma=0.05).fit(X, Y)
        np.testing.assert_allclose(model.predict(X), same.predict(X), atol=1e-8)


def test_a_tube_that_holds_everything_needs_no_vectors():
    model = SVR(epsilon=10.0).fit(X, Y)
    assert model.support_.shape == (0,) and model.dual_coef_.shape == (1, 0)
    np.testing.assert_allclose(model.predict(X), (Y.max() + Y.min()) / 2)


def test_targets_of_any_size():
    for size in (1e-6, 1e6):
        a = SVR(C=size, epsilon=0.1 * size, tol=1e-9 * size).fit(X, size * Y).predict(X)
        np.testing.assert_allclose(a / size, SVR().fit(X, Y).predict(X), atol=1e-8)


def test_little_memory():
    small = SVR(cache_size=0.2, tol=1e-9).fit(X, Y).predict(X)  # 158 rows of 442
    np.testing.assert_allclose(small, SVR().fit(X, Y).predict(X), atol=1e-7)
