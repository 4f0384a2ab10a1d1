"""Naive Bayes: scikit-learn's numbers, parts that make a whole, and what is impossible."""

import numpy as np
import pytest

import models
from models.bayes.bayes_rule import posterior

theirs = pytest.importorskip("sklearn.naive_bayes")
datasets = pytest.importorskip("sklearn.datasets")

DATA = {
    name: getattr(datasets, f"load_{name}")(return_X_y=True)
    for name in ("iris", "wine", "digits", "breast_cancer")
}
CASES = {
    "GaussianNB": [{}, {"priors": "given"}, {"var_smoothing": 1e-3}],
    "MultinomialNB": [{}, {"alpha": 0.1, "fit_prior": False}, {"class_prior": "given"}],
    "ComplementNB": [{}, {"norm": True}, {"alpha": 0.01}],
    "BernoulliNB": [{}, {"binarize": 3.0}, {"alpha": 1e-3, "class_prior": "given"}],
    "CategoricalNB": [{}, {"alpha": 0.5, "min_categories": 900}, {"fit_prior": False}],
}
LEARNED = {
    "GaussianNB": ["class_count_", "class_prior_", "theta_", "var_", "epsilon_"],
    "MultinomialNB": ["class_count_", "class_log_prior_", "feature_count_", "feature_log_prob_"],
    "ComplementNB": ["class_count_", "class_log_prior_", "feature_all_", "feature_log_prob_"],
    "BernoulliNB": ["class_count_", "class_log_prior_", "feature_count_", "feature_log_prob_"],
    "CategoricalNB": ["class_count_", "class_log_prior_", "n_categories_"],
}
every_model = pytest.mark.parametrize("name", CASES)


def given(settings, classes):
    """The settings, with a prior for that many classes."""
    prior = np.arange(1.0, classes + 1) / np.arange(1.0, classes + 1).sum()
    return {key: prior if value == "given" else value for key, value in settings.items()}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize(
    "name, settings", [(name, settings) for name, cases in CASES.items() for settings in cases]
)
def test_the_numbers_are_those_of_scikit_learn(name, settings, data, weighted):
    X, y = DATA[data]
    settings = given(settings, len(np.unique(y)))
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y)) if weighted else None
    if name == "GaussianNB" and weighted:
        # Their variance for the smoothing has no weights: a thousandth of it is added anyway.
        pytest.skip("tested with the variances alone, below")
    ours = getattr(models, name)(**settings).fit(X, y, weight)
    twin = getattr(theirs, name)(**settings).fit(X, y, weight)
    for learned in LEARNED[name]:
        np.testing.assert_allclose(getattr(ours, learned), getattr(twin, learned), rtol=1e-10)
    expected = twin.predict_joint_log_proba(X)
    size = np.abs(expected).max()
    np.testing.assert_allclose(
        ours.predict_joint_log_proba(X), expected, rtol=1e-10, atol=1e-13 * size
    )
    np.testing.assert_array_equal(ours.predict(X), twin.predict(X))


def test_weighted_gaussians_are_those_of_scikit_learn():
    X, y = DATA["wine"]
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y))
    ours = models.GaussianNB(var_smoothing=0).fit(X, y, weight)
    twin = theirs.GaussianNB(var_smoothing=0).fit(X, y, weight)
    for learned in LEARNED["GaussianNB"]:
        np.testing.assert_allclose(getattr(ours, learned), getattr(twin, learned), rtol=1e-10)


def test_categories_are_counted_as_scikit_learn_counts_them():
    X, y = DATA["digits"]
    ours, twin = models.CategoricalNB().fit(X, y), theirs.CategoricalNB().fit(X, y)
    for name in ("category_count_", "feature_log_prob_"):
        for found, expected in zip(getattr(ours, name), getattr(twin, name), strict=True):
            np.testing.assert_allclose(found, expected, rtol=1e-12)


@every_model
@pytest.mark.parametrize("weighted", [False, True])
def test_in_parts_or_at_once(name, weighted):
    X, y = DATA["wine"]
    weight = np.random.default_rng(0).uniform(0.5, 2, len(y)) if weighted else np.ones(len(y))
    model = getattr(models, name)()
    for part in np.split(np.arange(len(y)), [1, 20, 140]):  # the first parts lack classes
        model.partial_fit(X[part], y[part], classes=[0, 1, 2], sample_weight=weight[part])
    whole = getattr(models, name)().fit(X, y, weight)
    np.testing.assert_allclose(
        model.predict_joint_log_proba(X), whole.predict_joint_log_proba(X), rtol=1e-10
    )


@every_model
def test_the_probabilities_follow_from_bayes_rule(name):
    X, y = DATA["iris"]
    model = getattr(models, name)().fit(X, y)
    joint = model.predict_joint_log_proba(X)
    evidence = np.log(np.exp(joint).sum(axis=1, keepdims=True))
    np.testing.assert_allclose(model.predict_log_proba(X), joint - evidence, atol=1e-10)
    np.testing.assert_allclose(np.exp(model.predict_log_proba(X)), model.predict_proba(X))


def test_gaussian_densities_are_those_of_scipy():
    norm = pytest.importorskip("scipy.stats").norm
    X, y = DATA["iris"]
    model = models.GaussianNB(var_smoothing=0.0).fit(X, y)
    for k in range(3):
        rows = X[y == k]
        expected = norm.logpdf(X, rows.mean(axis=0), rows.std(axis=0)).sum(axis=1) + np.log(1 / 3)
        np.testing.assert_allclose(model.predict_joint_log_proba(X)[:, k], expected, rtol=1e-10)


def test_multinomial_documents_of_a_textbook():
    """Manning, Raghavan and Schütze, example 13.1: p(China | d5) ∝ 0.0003, p(other | d5) ∝ 0.0001."""
    X = [[2, 1, 0, 0, 0, 0], [2, 0, 1, 0, 0, 0], [1, 0, 0, 1, 0, 0], [1, 0, 0, 0, 1, 1]]
    model = models.MultinomialNB().fit(X, ["China", "China", "China", "other"])
    p, _ = np.exp(model.feature_log_prob_)
    assert p.tolist() == pytest.approx([6 / 14, 2 / 14, 2 / 14, 2 / 14, 1 / 14, 1 / 14])
    joint = np.exp(model.predict_joint_log_proba([[3, 0, 0, 0, 1, 1]]))[0]
    expected = [3 / 4 * (3 / 7) ** 3 / 14**2, 1 / 4 * (2 / 9) ** 5]
    assert joint.tolist() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("container", ["csr_matrix", "csr_array", "coo_array"])
@pytest.mark.parametrize("settings", [{}, {"alpha": 0.0}])
@pytest.mark.parametrize("name", ["MultinomialNB", "ComplementNB", "BernoulliNB"])
def test_sparse_counts_of_words(name, settings, container):
    sparse = pytest.importorskip("scipy.sparse")
    rng = np.random.default_rng(0)
    X, y = rng.poisson(0.2, size=(60, 30)), rng.integers(0, 3, 60)
    weight = rng.integers(0, 3, 60)
    table = getattr(sparse, container)(X)
    ours = getattr(models, name)(**settings).fit(table, y, weight)
    dense = getattr(models, name)(**settings).fit(X, y, weight)
    np.testing.assert_allclose(ours.feature_log_prob_, dense.feature_log_prob_, rtol=1e-12)
    expected = dense.predict_joint_log_proba(X)
    np.testing.assert_allclose(ours.predict_joint_log_proba(table), expected, rtol=1e-10)
    again = getattr(models, name)(**settings)
    for part in (slice(0, 25), slice(25, 60)):
        again.partial_fit(
            table.tocsr()[part], y[part], classes=[0, 1, 2], sample_weight=weight[part]
        )
    np.testing.assert_allclose(again.predict_joint_log_proba(X), expected, rtol=1e-10)
    with pytest.raises(ValueError, match="Negative values in data passed to"):
        models.MultinomialNB().fit(-table, y)


def test_sparse_data_of_bernoulli():
    sparse = pytest.importorskip("scipy.sparse")
    X, y = np.array([[0, 2.0], [1, 0], [0, 0], [1, 1]]), [0, 1, 0, 1]
    table = sparse.csr_array(X)
    for binarize in (-1.0, 0.0, 1.5):
        ours = models.BernoulliNB(binarize=binarize)
        expected = models.BernoulliNB(binarize=binarize).fit(X, y).predict_proba(X)
        np.testing.assert_allclose(ours.fit(table, y).predict_proba(table), expected, rtol=1e-12)
    with pytest.raises(ValueError, match="reads 0 and 1, and X has other numbers"):
        models.BernoulliNB(binarize=None).fit(table, y)


@pytest.mark.parametrize("name", ["MultinomialNB", "BernoulliNB", "CategoricalNB"])
def test_without_smoothing_what_was_never_seen_is_impossible(name):
    X, y = np.array([[1, 0], [1, 1], [0, 1], [0, 1]]), [0, 0, 1, 1]
    model = getattr(models, name)(alpha=0.0).fit(X, y)
    assert model.predict_joint_log_proba([[1, 0]])[0, 1] == -np.inf
    np.testing.assert_array_equal(model.predict_proba([[1, 0]]), [[1, 0]])
    assert np.isfinite(model.predict_joint_log_proba([[1, 1]])[0, 0])  # 0 · ln 0 = 0


def test_a_complement_without_smoothing_stays_finite():
    model = models.ComplementNB(alpha=0.0).fit([[1, 0], [0, 1]], [0, 1])
    assert model.predict([[3, 0], [0, 2]]).tolist() == [0, 1]
    assert np.isfinite(model.predict_joint_log_proba([[3, 0]])).all()


def test_posterior_of_what_no_class_can_have():
    found = posterior(np.array([[-np.inf, -np.inf], [-np.inf, -1.0], [-1e5, -1e5 - 1]]))
    np.testing.assert_allclose(np.exp(found)[:2], [[0.5, 0.5], [0, 1]])
    np.testing.assert_allclose(found[2], [-np.log1p(np.exp(-1)), -1 - np.log1p(np.exp(-1))])


def test_constant_features():
    X, y = np.ones((6, 2)), [0, 0, 1, 1, 1, 1]
    np.testing.assert_allclose(models.GaussianNB().fit(X, y).predict_proba(X)[0], [1 / 3, 2 / 3])
    tiny = np.column_stack([X, [0, 1e-150, 2e-150, 3e-150, 4e-150, 5e-150]])  # ε is below 1e-308
    assert np.isfinite(models.GaussianNB().fit(tiny, y).predict_joint_log_proba(tiny)).all()
    with pytest.raises(ValueError, match="feature 0 is constant in class 0: its density has no"):
        models.GaussianNB(var_smoothing=0.0).fit(X, y).predict(X)


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: models.GaussianNB(priors=[0.5, 0.5]), "Number of priors must match number of cl"),
        (lambda: models.GaussianNB(priors=[0.5, 0.5, 0.5]), "sum of the priors should be 1"),
        (lambda: models.GaussianNB(priors=[1.5, -0.5, 0.0]), "Priors must be non-negative"),
        (
            lambda: models.MultinomialNB(alpha=[1.0]),
            r"alpha has shape \(1,\), and X has 4 features",
        ),
        (lambda: models.BernoulliNB(binarize=None), "reads 0 and 1, and X has other numbers"),
        (lambda: models.CategoricalNB(min_categories=[1, 2]), r"\[1, 2\], and X has 4 features"),
    ],
)
def test_settings_that_do_not_fit_the_data(make, message):
    with pytest.raises(ValueError, match=message):
        make().fit(*DATA["iris"])


def test_a_small_alpha_without_force():
    with pytest.warns(UserWarning, match="alpha too small will result in numeric errors"):
        model = models.MultinomialNB(alpha=0.0, force_alpha=False).fit([[1, 0], [0, 1]], [0, 1])
    assert np.exp(model.feature_log_prob_[0, 1]) == pytest.approx(1e-10)


def test_categories_that_fit_has_not_seen():
    model = models.CategoricalNB().fit([[0, 1], [2, 0]], [0, 1])
    with pytest.raises(
        ValueError, match="category 5 in row 1, column 1, and fit knew only 2 categ"
    ):
        model.predict([[0, 0], [0, 5]])
    with pytest.raises(ValueError, match="has the category 3000000: every number up to it"):
        model.fit([[3_000_000]], [0])
    model.partial_fit([[0, 5]], [0])
    assert model.n_categories_.tolist() == [3, 6]
