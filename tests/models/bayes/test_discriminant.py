"""Discriminant analysis: scikit-learn's numbers, and what holds between the solvers."""

import numpy as np
import pytest

from models import LinearDiscriminantAnalysis, LogisticRegression, QuadraticDiscriminantAnalysis
from models.bayes.covariance import covariance, ledoit_wolf
from tests.models.contract import checks_of, name_of
from tinygrad_edu.twins.scikit_learn import to_sklearn

theirs = pytest.importorskip("sklearn.discriminant_analysis")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)
IRIS = datasets.load_iris(return_X_y=True)
DATA = {
    name: getattr(datasets, f"load_{name}")(return_X_y=True)
    for name in ("wine", "digits", "breast_cancer")
} | {
    "iris": IRIS,
    "fewer rows than columns": (RNG.normal(size=(20, 50)), np.arange(20) % 3),
    "ill-conditioned": (RNG.normal(size=(200, 6)) * 10.0 ** np.arange(-4, 2), np.arange(200) % 4),
    "collinear": (np.column_stack([IRIS[0], IRIS[0][:, 0] + IRIS[0][:, 1]]), IRIS[1]),
}
every_data = pytest.mark.parametrize("data", DATA)


def assert_close(ours, expected, tolerance=1e-10):
    size = np.abs(expected).max()
    np.testing.assert_allclose(ours, expected, rtol=tolerance, atol=tolerance * size)


@every_data
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"n_components": 1, "store_covariance": True},
        {"priors": "given"},
        {"solver": "eigen", "shrinkage": "auto"},
        {"solver": "eigen", "shrinkage": 0.3},
        {"solver": "lsqr", "shrinkage": "auto"},
        {"solver": "lsqr", "shrinkage": 0.1, "priors": "given"},
    ],
)
def test_linear_discriminants_are_those_of_scikit_learn(data, settings):
    X, y = DATA[data]
    if "priors" in settings:
        K = len(np.unique(y))
        settings = settings | {"priors": np.arange(1.0, K + 1) / np.arange(1.0, K + 1).sum()}
    ours = LinearDiscriminantAnalysis(**settings).fit(X, y)
    twin = theirs.LinearDiscriminantAnalysis(**settings).fit(X, y)
    for name in (
        "means_", "priors_", "xbar_", "covariance_", "coef_", "intercept_",
        "explained_variance_ratio_",
    ):  # fmt: skip
        assert hasattr(ours, name) == hasattr(twin, name), name
        if hasattr(twin, name):
            assert_close(getattr(ours, name), getattr(twin, name))
    assert_close(ours.decision_function(X), twin.decision_function(X))
    assert_close(ours.predict_proba(X), twin.predict_proba(X))
    np.testing.assert_array_equal(ours.predict(X), twin.predict(X))
    if settings.get("solver") != "lsqr":
        assert ours.scalings_.shape == twin.scalings_.shape
        Z, expected = ours.transform(X), twin.transform(X)
        assert_close(Z * np.sign((Z * expected).sum(axis=0)), expected)  # a direction has two signs


@every_data
@pytest.mark.parametrize(
    "settings",
    [
        {"reg_param": 0.1, "store_covariance": True},
        {"priors": "given", "reg_param": 0.01},
        {"solver": "eigen", "shrinkage": 0.1, "store_covariance": True},
        {"solver": "eigen", "shrinkage": "auto", "tol": 0.0},
    ],
)
def test_quadratic_discriminants_are_those_of_scikit_learn(data, settings):
    X, y = DATA[data]
    if "priors" in settings:
        K = len(np.unique(y))
        settings = settings | {"priors": np.arange(1.0, K + 1) / np.arange(1.0, K + 1).sum()}
    kinds = (QuadraticDiscriminantAnalysis, theirs.QuadraticDiscriminantAnalysis)
    if settings.get("solver") != "eigen" and data == "fewer rows than columns":
        for kind in kinds:  # both
            with pytest.raises(np.linalg.LinAlgError, match="of class 0 is not full rank"):
                kind(**settings).fit(X, y)
        return
    ours, twin = (kind(**settings).fit(X, y) for kind in kinds)
    for name in ("covariance_", "scalings_"):
        assert hasattr(ours, name) == hasattr(twin, name), name
        for found, expected in zip(getattr(ours, name, []), getattr(twin, name, []), strict=True):
            assert_close(found, expected)
    # Squares of distances in units of the narrowest direction lose digits with the condition number.
    widest, narrowest = (np.concatenate(twin.scalings_).max(), np.concatenate(twin.scalings_).min())
    tolerance = max(1e-10, 1e-15 * widest / narrowest)
    assert_close(ours.decision_function(X), twin.decision_function(X), tolerance)
    np.testing.assert_array_equal(ours.predict(X), twin.predict(X))


@pytest.mark.parametrize("data", ["iris", "wine", "breast_cancer"])
def test_the_solvers_agree(data):
    X, y = DATA[data]
    by_svd = LinearDiscriminantAnalysis(tol=0.0).fit(X, y)
    for solver in ("eigen", "lsqr"):
        other = LinearDiscriminantAnalysis(solver=solver).fit(X, y)
        W = other.coef_ - by_svd.priors_ @ other.coef_ if len(other.coef_) > 1 else other.coef_
        assert_close(W, by_svd.coef_, 1e-8)
        assert_close(other.predict_proba(X), by_svd.predict_proba(X), 1e-8)


def test_directions_make_the_classes_round_and_their_means_uncorrelated():
    """VᵀΣV = I and VᵀBV is diagonal, descending as explained_variance_ratio_ (Fisher's problem)."""
    X, y = DATA["wine"]
    model = LinearDiscriminantAnalysis(store_covariance=True).fit(X, y)
    V, Σ = model.scalings_, model.covariance_
    np.testing.assert_allclose(V.T @ Σ @ V, np.eye(2), atol=1e-10)
    B = covariance(X) - Σ
    λ = V.T @ B @ V
    np.testing.assert_allclose(λ, np.diag(λ.diagonal()), atol=1e-10)
    np.testing.assert_allclose(
        λ.diagonal() / λ.trace(), model.explained_variance_ratio_, atol=1e-10
    )
    np.testing.assert_allclose(model.transform(X).var(axis=0), 1 + λ.diagonal(), atol=1e-10)


def test_densities_are_those_of_scipy():
    normal = pytest.importorskip("scipy.stats").multivariate_normal
    X, y = DATA["iris"]
    for model, pooled in [
        (QuadraticDiscriminantAnalysis(store_covariance=True), False),
        (LinearDiscriminantAnalysis(store_covariance=True), True),
    ]:
        model.fit(X, y)
        Σ = [model.covariance_] * 3 if pooled else model.covariance_
        joint = [np.log(1 / 3) + normal.logpdf(X, model.means_[k], Σ[k]) for k in range(3)]
        logs = np.transpose(joint) - np.logaddexp.reduce(joint, axis=0)[:, None]
        np.testing.assert_allclose(model.predict_log_proba(X), logs, atol=1e-9)


def test_generative_and_discriminative_fits_of_the_same_logits():
    """The posterior of LDA is a softmax of linear functions; logistic regression fits these directly.
    So its likelihood of the labels is higher on the samples (ESL section 4.4.5)."""
    X, y = DATA["iris"]
    lda = LinearDiscriminantAnalysis().fit(X, y)
    logistic = LogisticRegression(C=1e4, max_iter=5000).fit(X, y)
    rows = np.arange(len(y))
    generative = lda.predict_log_proba(X)[rows, y].mean()
    discriminative = logistic.predict_log_proba(X)[rows, y].mean()
    assert generative < discriminative < 0


@pytest.mark.parametrize("n_components", [None, 1])
def test_scikit_learn_projects_with_what_was_learned_here(n_components):
    X, y = DATA["wine"]
    model = LinearDiscriminantAnalysis(n_components=n_components).fit(X, y)
    np.testing.assert_allclose(to_sklearn(model).transform(X), model.transform(X), rtol=1e-12)


def test_two_classes_have_one_border():
    X, y = DATA["breast_cancer"]
    model = LinearDiscriminantAnalysis().fit(X, y)
    assert model.coef_.shape == (1, 30) and model.transform(X).shape == (569, 1)
    z = model.decision_function(X)
    np.testing.assert_allclose(model.predict_proba(X)[:, 1], 1 / (1 + np.exp(-z)), atol=1e-12)


@pytest.mark.parametrize("n", [5, 40])
def test_ledoit_wolf_shrinks_as_scikit_learn_does(n):
    reference = pytest.importorskip("sklearn.covariance").ledoit_wolf
    A = np.random.default_rng(n).normal(size=(n, 10)) * np.arange(1, 11)
    A -= A.mean(axis=0)
    expected, δ = reference(A)
    assert ledoit_wolf(A, A.T @ A / n) == pytest.approx(δ, rel=1e-12)
    np.testing.assert_allclose(covariance(A, δ), expected, rtol=1e-10, atol=1e-12)


def test_another_estimate_of_the_covariance():
    estimator = pytest.importorskip("sklearn.covariance").OAS()
    X, y = DATA["wine"]
    for ours, twin in [
        (LinearDiscriminantAnalysis, theirs.LinearDiscriminantAnalysis),
        (QuadraticDiscriminantAnalysis, theirs.QuadraticDiscriminantAnalysis),
    ]:
        given = {"solver": "eigen", "covariance_estimator": estimator}
        found, expected = ours(**given).fit(X, y), twin(**given).fit(X, y)
        assert_close(found.predict_proba(X), expected.predict_proba(X))
        with pytest.raises(ValueError, match="Only one of the two can be set"):
            ours(shrinkage=0.1, **given).fit(X, y)


LDA, QDA = LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis


@pytest.mark.parametrize(
    "kind, make, message",
    [
        (NotImplementedError, lambda: LDA(shrinkage=0.1), "shrinkage not supported with 'svd' sol"),
        (NotImplementedError, lambda: QDA(shrinkage="auto"), "shrinkage not supported with 'svd'"),
        (ValueError, lambda: LDA(n_components=3), r"larger than min\(n_features, n_classes - 1\)"),
        (ValueError, lambda: LDA(priors=[0.5, 0.5]), "one for each of 3 classes"),
        (ValueError, lambda: QDA(priors=[0.5, 0.9, -0.4]), "priors must be non-negative"),
        (ValueError, lambda: QDA(solver="eigen", reg_param=0.1), "has no effect with solver='eig"),
    ],
)
def test_settings_that_do_not_go_together(kind, make, message):
    with pytest.raises(kind, match=message):
        make().fit(*IRIS)


def test_data_without_a_covariance_matrix():
    X, y = DATA["collinear"]
    with pytest.raises(np.linalg.LinAlgError, match="class 0 is not full rank.*`reg_param`"):
        QDA().fit(X, y)
    with pytest.raises(np.linalg.LinAlgError, match="class 0 is not full rank.*`shrinkage`"):
        QDA(solver="eigen").fit(X, y)
    with pytest.raises(np.linalg.LinAlgError, match="within the classes is not positive definite"):
        LDA(solver="eigen").fit(np.column_stack([X, np.ones(len(X))]), y)
    with pytest.raises(ValueError, match="only 1 sample in class 0, covariance is ill defined"):
        QDA().fit(X[[0, 60, 61, 62]], y[[0, 60, 61, 62]])
    with pytest.raises(ValueError, match="all rows of each class are equal"):
        LDA().fit(np.repeat(X[:2], 5, axis=0), np.repeat([0, 1], 5))
    with pytest.raises(ValueError, match="must be more than the number of classes, got 2 and 2"):
        LDA().fit(X[[0, 60]], [0, 1])


def test_scikit_learns_check_with_dependent_columns():
    """Without reg_param it is refused, as by theirs."""
    for check in checks_of(QDA()):
        if name_of(check) == "check_array_api_input":
            check(QDA(reg_param=1.0))


def test_lsqr_has_no_transform():
    model = LDA(solver="lsqr").fit(*IRIS)
    with pytest.raises(NotImplementedError, match="transform not implemented for 'lsqr' solver"):
        model.transform(IRIS[0])


@pytest.mark.parametrize("kind", [LDA, QDA])
def test_priors_that_do_not_sum_to_one_are_normalized(kind):
    with pytest.warns(UserWarning, match="The priors do not sum to 1. Renormalizing"):
        model = kind(priors=[1.0, 1.0, 2.0]).fit(*IRIS)
    assert model.priors_.tolist() == [0.25, 0.25, 0.5]
    certain = kind(priors=[0.0, 0.5, 0.5]).fit(*IRIS).predict_proba(IRIS[0])
    np.testing.assert_array_equal(certain[:, 0], 0)
