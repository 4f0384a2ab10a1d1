"""Linear support vector machines against scikit-learn, their own objective, and kernels."""

import numpy as np
import pytest

from models import SVC, LinearSVC, LinearSVR
from models.foundation import ConvergenceWarning
from models.kernels.crammer_singer import minimize_joint, worst
from tinygrad_edu import grad

svm = pytest.importorskip("sklearn.svm")
datasets = pytest.importorskip("sklearn.datasets")


def scaled(name, classes=10):
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    X = (X - X.mean(axis=0)) / np.where(X.std(axis=0) == 0, 1, X.std(axis=0))
    return X[y < classes], y[y < classes]


CONVERGED = {"tol": 1e-10, "max_iter": 1_000_000}
SETTINGS = [
    {}, {"loss": "hinge", "C": 0.3}, {"class_weight": "balanced", "C": 3.0, "intercept_scaling": 5.0},
    {"fit_intercept": False}, {"class_weight": {1: 4.0}, "loss": "hinge", "C": 0.1},
]  # fmt: skip


@pytest.mark.parametrize("settings", SETTINGS)
@pytest.mark.parametrize("data, classes", [("wine", 3), ("breast_cancer", 2), ("iris", 3)])
@pytest.mark.parametrize("weighted", [True, False])
def test_the_same_as_scikit_learn(data, classes, settings, weighted):
    X, y = scaled(data, classes)
    weight = np.random.default_rng(0).uniform(0.3, 2, size=len(y)) if weighted else None
    ours = LinearSVC(**settings).fit(X, y, weight)
    theirs = svm.LinearSVC(**CONVERGED, **settings).fit(X, y, weight)
    assert ours.coef_.shape == theirs.coef_.shape
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6)
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), atol=1e-5)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))


def test_a_penalty_with_kinks():
    X, y = scaled("wine")
    same = {"penalty": "l1", "C": 0.05, "intercept_scaling": 3.0}
    ours = LinearSVC(tol=1e-9, max_iter=100_000, **same).fit(X, y)
    theirs = svm.LinearSVC(dual=False, **CONVERGED, **same).fit(X, y)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6)
    np.testing.assert_array_equal(ours.coef_ == 0, theirs.coef_ == 0)
    assert (ours.coef_ == 0).sum() > 10
    with pytest.raises(
        ValueError, match="combination of penalty='l1' and loss='hinge' is not supported"
    ):
        LinearSVC(penalty="l1", loss="hinge").fit(X, y)


@pytest.mark.parametrize("solver", ["newton-cg", "newton", "lbfgs"])
def test_solvers_that_know_nothing_but_the_objective(solver):
    X, y = scaled("wine")
    for kind, target, loss in (
        (LinearSVC, y, "squared_hinge"), (LinearSVR, 1.0 * y, "squared_epsilon_insensitive"),
    ):  # fmt: skip
        settings = {"loss": loss, "intercept_scaling": 2.0}
        exact = kind(**settings).fit(X, target)
        other = kind(solver=solver, tol=1e-10, **settings).fit(X, target)
        np.testing.assert_allclose(other.coef_, exact.coef_, atol=1e-7)
        np.testing.assert_allclose(other.intercept_, exact.intercept_, atol=1e-7)


def test_the_gradient_of_the_objective_is_zero():
    X, y = scaled("breast_cancer")
    weight = np.random.default_rng(0).uniform(0.3, 2, size=(1, len(y)))
    model = LinearSVC(C=2.0).fit(X, y, weight[0])

    def objective(coef, intercept):
        return model.objective(X, y, weight, coef, intercept)

    dw, db = grad(objective, (0, 1))(model.coef_, model.intercept_)
    assert np.abs(dw).max() < 1e-10 and np.abs(db).max() < 1e-10
    assert model.trace_.gradient_norm[0] < 1e-10


@pytest.mark.parametrize("kind, loss", [(LinearSVC, "hinge"), (LinearSVR, "epsilon_insensitive")])
def test_no_neighbor_has_a_smaller_sum_of_positive_parts(kind, loss):
    X, y = scaled("breast_cancer")
    model = kind(loss=loss, C=0.5).fit(X, y)
    weight = np.ones((1, len(y))) if kind is LinearSVC else np.ones(len(y))
    least = float(model.objective(X, y, weight, model.coef_, model.intercept_))
    rng = np.random.default_rng(0)
    for size in (1e-1, 1e-3, 1e-5):
        for _ in range(20):
            w = model.coef_ + size * rng.normal(size=model.coef_.shape)
            b = model.intercept_ + size * rng.normal(size=model.intercept_.shape)
            assert float(model.objective(X, y, weight, w, b)) > least


def test_the_hinge_loss_is_the_dual_problem_of_svc():
    """With a huge intercept_scaling b is free, as in SVC, which solves the dual problem with pairs."""
    X, y = scaled("breast_cancer")
    primal = LinearSVC(loss="hinge", C=0.2, intercept_scaling=1e4).fit(X, y)
    dual = SVC(kernel="linear", C=0.2).fit(X, y)
    np.testing.assert_allclose(primal.coef_, dual.coef_, atol=1e-6)
    np.testing.assert_allclose(primal.intercept_, dual.intercept_, atol=1e-6)


@pytest.mark.parametrize("settings", [
    {}, {"epsilon": 0.4, "C": 0.3}, {"loss": "squared_epsilon_insensitive", "epsilon": 0.2, "C": 5.0},
    {"fit_intercept": False}, {"intercept_scaling": 7.0, "epsilon": 0.1},
])  # fmt: skip
@pytest.mark.parametrize("weighted", [True, False])
def test_regression_as_in_scikit_learn(settings, weighted):
    X, y = datasets.load_diabetes(return_X_y=True)
    X, y = X / X.std(axis=0), (y - 100) / y.std()
    weight = np.random.default_rng(0).uniform(0.3, 2, size=len(y)) if weighted else None
    ours = LinearSVR(**settings).fit(X, y, weight)
    theirs = svm.LinearSVR(**CONVERGED, **settings).fit(X, y, weight)
    assert np.shape(ours.coef_) == np.shape(theirs.coef_)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, atol=1e-6)


def test_columns_that_depend_on_each_other_and_few_rows():
    X, y = scaled("breast_cancer")
    twice = np.hstack([X, X])
    model, single = LinearSVC(C=0.5).fit(twice, y), LinearSVC(C=1.0).fit(X, y)
    np.testing.assert_allclose(model.coef_[0, :30], model.coef_[0, 30:], atol=1e-9)
    few = LinearSVC(loss="hinge").fit(X[15:23], y[15:23])
    theirs = svm.LinearSVC(loss="hinge", **CONVERGED).fit(X[15:23], y[15:23])
    np.testing.assert_allclose(few.coef_, theirs.coef_, atol=1e-6)
    assert single.coef_.shape == (1, 30)


def test_stopping_too_soon_is_said():
    X, y = scaled("breast_cancer")
    for loss in ("hinge", "squared_hinge"):
        with pytest.warns(
            ConvergenceWarning, match="LinearSVC stopped after 2 steps.*raise max_iter"
        ):
            assert LinearSVC(loss=loss, max_iter=2).fit(X, y).n_iter_ == 2


@pytest.mark.parametrize("settings", [
    {}, {"C": 0.03}, {"fit_intercept": False}, {"class_weight": "balanced", "intercept_scaling": 4.0},
])  # fmt: skip
@pytest.mark.parametrize("data", ["iris", "wine", "breast_cancer"])
@pytest.mark.parametrize("weighted", [True, False])
def test_all_classes_at_once(settings, data, weighted):
    X, y = scaled(data)
    X = X[:, :8]
    weight = np.random.default_rng(0).uniform(0.3, 2, size=len(y)) if weighted else None
    ours = LinearSVC(multi_class="crammer_singer", **settings).fit(X, y, weight)
    theirs = svm.LinearSVC(
        multi_class="crammer_singer", tol=1e-9, max_iter=2_000_000, random_state=0, **settings
    ).fit(X, y, weight)
    assert ours.coef_.shape == theirs.coef_.shape
    data = ours._read(X, y, weight)
    least, reached = (
        float(ours.objective(**data, coef=m.coef_, intercept=m.intercept_ * np.ones(len(m.coef_))))
        for m in (ours, theirs)
    )
    assert least <= reached * (1 + 1e-12)
    assert least == pytest.approx(reached, rel=1e-6)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-3 * np.abs(theirs.coef_).max())
    f = ours.decision_function(X)
    np.testing.assert_allclose(f, theirs.decision_function(X), atol=1e-2)
    assert ours.trace_.loss[-1] == pytest.approx(least)


def test_all_classes_at_once_has_the_conditions_of_the_minimum():
    """No W near it costs less, the w of the classes add up to 0, and two classes are the hinge with 2 C."""
    X, y = scaled("iris")
    W, _, converged = minimize_joint(X, y, np.full(150, 0.5), 3, 100)
    cost = worst(X, W, y)
    primal = np.vdot(W, W) / 2 + 0.5 * cost.max(axis=1).sum()
    rng = np.random.default_rng(0)
    for _ in range(50):
        other = W + 1e-4 * rng.normal(size=W.shape)
        assert np.vdot(other, other) / 2 + 0.5 * worst(X, other, y).max(axis=1).sum() > primal
    assert converged and np.abs(W.sum(axis=0)).max() < 1e-8
    X, y = scaled("breast_cancer")
    joint = LinearSVC(multi_class="crammer_singer", C=0.2).fit(X, y)
    hinge = LinearSVC(loss="hinge", C=0.4).fit(X, y)
    np.testing.assert_allclose(joint.coef_, hinge.coef_, atol=1e-5)
