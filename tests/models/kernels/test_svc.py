"""Support vector classifiers against scikit-learn, their primal problem, and themselves.

scikit-learn keeps kernel values in single precision, so that it agrees to about six digits; that primal and
dual have the same value proves the others.
"""

import warnings

import numpy as np
import pytest

from models import SVC, NuSVC
from models.foundation import ConvergenceWarning

svm = pytest.importorskip("sklearn.svm")
datasets = pytest.importorskip("sklearn.datasets")


def scaled(name):
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return (X - X.mean(axis=0)) / np.where(X.std(axis=0) == 0, 1, X.std(axis=0)), y


def assert_same(ours, theirs, X, tolerance=1e-6):
    np.testing.assert_allclose(
        ours.decision_function(X), theirs.decision_function(X), rtol=tolerance, atol=3 * tolerance
    )
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=10 * tolerance)
    assert ours.fit_status_ == 0 and ours.shape_fit_ == theirs.shape_fit_
    for name in ("support_", "support_vectors_", "n_support_", "class_weight_"):
        np.testing.assert_array_equal(getattr(ours, name), getattr(theirs, name))
    np.testing.assert_allclose(ours.dual_coef_, theirs.dual_coef_, atol=1e-4)
    for name in ("support_", "n_support_", "dual_coef_", "intercept_", "n_iter_", "class_weight_"):
        a, b = getattr(ours, name), getattr(theirs, name)
        assert a.dtype == b.dtype and a.shape == b.shape


@pytest.mark.parametrize("kernel", ["rbf", "linear", "poly"])
@pytest.mark.parametrize("data", ["wine", "breast_cancer"])
def test_the_same_as_scikit_learn(data, kernel):
    X, y = scaled(data)
    same = {"kernel": kernel, "tol": 1e-9}
    assert_same(SVC(**same).fit(X, y), svm.SVC(**same).fit(X, y), X, 4e-6)
    same = {"kernel": kernel, "tol": 1e-9, "nu": 0.2}
    assert_same(NuSVC(**same).fit(X, y), svm.NuSVC(**same).fit(X, y), X)


def test_digits_ten_classes():
    X, y = datasets.load_digits(return_X_y=True)
    X, y = X[:600], y[:600]
    same = {"tol": 1e-8, "decision_function_shape": "ovo"}
    ours, theirs = SVC(**same).fit(X, y), svm.SVC(**same).fit(X, y)
    assert ours.decision_function(X).shape == (600, 45)
    assert_same(ours, theirs, X)


@pytest.mark.parametrize("C", [1e-3, 1.0, 1e6])
def test_equal_columns_few_rows_and_separable_classes(C):
    X, y = scaled("iris")
    for A, b in ((np.hstack([X, X + 1e-8]), y), (X[45:55], y[45:55]), (X[:100], y[:100])):
        same = {"C": C, "tol": 1e-9}
        ours, theirs = SVC(**same).fit(A, b), svm.SVC(**same).fit(A, b)
        np.testing.assert_allclose(
            ours.decision_function(A), theirs.decision_function(A), atol=3e-5
        )


@pytest.mark.parametrize("kernel", ["rbf", "linear", "poly"])
def test_primal_and_dual_have_the_same_value(kernel):
    """½ ‖w‖² + C Σ hinge = Σ y β - ½ βᵀ K β, which proves that both are optimal; and scikit-learn's is 1e-6
    from it. (Schölkopf and Smola 2002, section 7.5)"""
    X, y = scaled("breast_cancer")
    weight = np.random.default_rng(0).uniform(0.5, 2, size=len(y))
    settings = {"kernel": kernel, "C": 2.0, "gamma": 0.05}
    duals = []
    for model in (
        SVC(**settings).fit(X, y, weight),
        svm.SVC(tol=1e-7, **settings).fit(X, y, weight),
    ):
        β = np.zeros(len(y))
        β[model.support_] = model.dual_coef_[0]
        signs = np.where(y == 1, 1.0, -1.0)
        f = model.decision_function(X)
        norm = β @ (f - model.intercept_)  # βᵀ K β
        duals.append(signs @ β - norm / 2)
        if isinstance(model, SVC):
            primal = norm / 2 + 2.0 * weight @ np.maximum(0, 1 - signs * f)
            assert primal - duals[0] == pytest.approx(0, abs=1e-9 * primal)
            assert abs(β.sum()) < 1e-10 and (signs * β >= 0).all()
            assert (np.abs(β) <= 2.0 * weight).all()
    assert duals[1] == pytest.approx(duals[0], rel=1e-6)


def test_nu_bounds_the_errors_and_the_support_vectors():
    X, y = scaled("breast_cancer")
    for ν in (0.1, 0.3, 0.6):
        model = NuSVC(nu=ν).fit(X, y)
        signed = np.where(y == 1, 1, -1) * model.decision_function(X)
        assert (signed < 1 - 1e-9).mean() <= ν <= len(model.support_) / len(X)


def test_nu_is_another_name_of_c():
    """With C = 1 / (ρ n), SVC finds f of NuSVC (Schölkopf and Smola 2002, proposition 7.6)."""
    X, y = scaled("breast_cancer")
    nu = NuSVC(nu=0.2).fit(X, y)
    same = SVC(C=np.abs(nu.dual_coef_).max()).fit(X, y)  # β of rows inside of the margin is 1 / ρ
    np.testing.assert_allclose(nu.decision_function(X), same.decision_function(X), atol=1e-8)


def test_an_infeasible_nu():
    X, y = scaled("iris")
    with pytest.raises(ValueError, match=r"specified nu is infeasible: nu=0.9 .*part 0.333"):
        NuSVC(nu=0.9).fit(X, y == 1)


@pytest.mark.parametrize("settings", [{"decision_function_shape": "ovo"}, {"break_ties": True}, {}])
def test_scores_and_votes(settings):
    X, y = datasets.make_blobs(200, 2, centers=5, cluster_std=3.0, random_state=0)
    ours, theirs = SVC(tol=1e-9, **settings).fit(X, y), svm.SVC(tol=1e-9, **settings).fit(X, y)
    new = np.random.default_rng(0).uniform(-15, 15, size=(2000, 2))
    np.testing.assert_allclose(
        ours.decision_function(new), theirs.decision_function(new), atol=1e-6
    )
    np.testing.assert_array_equal(ours.predict(new), theirs.predict(new))


def test_ties_of_pairs_are_not_scores():
    X, y = scaled("iris")
    model = SVC(break_ties=True, decision_function_shape="ovo").fit(X, y)
    with pytest.raises(
        ValueError, match="break_ties must be False when decision_function_shape is 'ovo'"
    ):
        model.predict(X)


@pytest.mark.parametrize("classes", [2, 3])
def test_weights_of_classes_and_rows(classes):
    X, y = scaled("wine")
    X, y = X[y < classes], y[y < classes]
    weight = np.random.default_rng(0).uniform(0.2, 2, size=len(y))
    for class_weight in ("balanced", {1: 5.0}):
        same = {"class_weight": class_weight, "gamma": 0.1, "tol": 1e-9}
        ours, theirs = SVC(**same).fit(X, y, weight), svm.SVC(**same).fit(X, y, weight)
        if class_weight != "balanced":  # theirs balances without regard to the weights of rows
            assert_same(ours, theirs, X)
        assert_same(SVC(**same).fit(X, y), svm.SVC(**same).fit(X, y), X)


def test_rows_of_weight_zero_keep_their_places():
    X, y = scaled("wine")
    weight = np.arange(len(y)) % 3
    left = weight > 0
    ours, without = SVC().fit(X, y, weight), SVC().fit(X[left], y[left], weight[left])
    np.testing.assert_array_equal(ours.support_, np.flatnonzero(left)[without.support_])
    np.testing.assert_array_equal(ours.support_vectors_, X[ours.support_])
    given = SVC(kernel="precomputed").fit(X @ X.T, y, weight)
    linear = SVC(kernel="linear").fit(X, y, weight)
    np.testing.assert_allclose(
        given.decision_function(X @ X.T), linear.decision_function(X), atol=1e-8
    )
    assert given.support_vectors_.shape == (0, 0) and not given.support_vectors_.size


def test_a_kernel_of_ones_own():
    X, y = scaled("wine")
    ours = SVC(kernel=lambda A, B: A @ B.T, tol=1e-8).fit(X, y)
    np.testing.assert_allclose(
        ours.decision_function(X), SVC(kernel="linear").fit(X, y).decision_function(X), atol=1e-6
    )
    with pytest.raises(
        ValueError, match=r"the kernel returned shape \(178,\) for 178 and 178 rows"
    ):
        SVC(kernel=lambda A, B: A[:, 0]).fit(X, y)


def test_the_linear_kernel_has_coefficients():
    for y_of in (lambda y: y, lambda y: y == 1):
        X, y = scaled("wine")
        y = y_of(y)
        ours = SVC(kernel="linear", tol=1e-9).fit(X, y)
        theirs = svm.SVC(kernel="linear", tol=1e-9).fit(X, y)
        np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(
        X @ ours.coef_[0] + ours.intercept_, ours.decision_function(X), atol=1e-10
    )
    with pytest.raises(AttributeError, match="coef_ is only available when using a linear kernel"):
        SVC().fit(X, y).coef_  # noqa: B018


def test_little_memory():
    X, y = scaled("breast_cancer")
    whole, small = SVC().fit(X, y), SVC(cache_size=0.3, tol=1e-8).fit(X, y)  # 193 rows of 569
    np.testing.assert_allclose(small.decision_function(X), whole.decision_function(X), atol=1e-7)


def test_stopping_too_soon_is_said():
    X, y = scaled("breast_cancer")
    with pytest.warns(
        ConvergenceWarning, match=r"SVC stopped after 10 iterations, with gradients .* apart"
    ):
        model = SVC(max_iter=10).fit(X, y)
    assert model.fit_status_ == 1 and model.n_iter_.tolist() == [10]


@pytest.mark.parametrize("data", ["breast_cancer", "wine"])
def test_probabilities(data):
    X, y = scaled(data)
    model = SVC(probability=True, random_state=0).fit(X, y)
    P = model.predict_proba(X)
    np.testing.assert_allclose(P.sum(axis=1), 1, atol=1e-12)
    assert (P.argmax(axis=1) == model.predict(X)).mean() > 0.97
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        theirs = svm.SVC(probability=True, random_state=0).fit(X, y)
        assert model.probA_.shape == model.probB_.shape == theirs.probA_.shape
        assert np.abs(P - theirs.predict_proba(X)).mean() < 0.02  # the folds differ
    np.testing.assert_array_equal(
        P, SVC(probability=True, random_state=0).fit(X, y).predict_proba(X)
    )
    with pytest.raises(AttributeError, match="SVC has no predict_proba"):
        SVC().fit(X, y).predict_proba  # noqa: B018
