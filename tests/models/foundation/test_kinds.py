"""What the kinds make of the formulas of a subclass."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn import metrics
from sklearn.neighbors import KernelDensity

import models
from models.foundation import (
    Classifier,
    Clusterer,
    Density,
    OutlierDetector,
    Transformer,
    choice,
    learned,
    number,
    positive,
    where,
)
from tests.models.contract import checks_of, name_of

RNG = np.random.default_rng(1)
X, Y = RNG.normal(size=(12, 3)), np.arange(12) % 2


class Parzen(Density):
    """log p(x) = log of the mean of Gaussians around the rows of fit."""

    bandwidth: float = positive(1.0)
    rows_: np.ndarray = learned("(samples, features)")
    log_weights_: np.ndarray = learned("(samples,)")

    def _fit(self, X, weight):
        self.rows_, self.log_weights_ = X, np.log(weight / weight.sum())

    def _score_samples(self, X):
        squares = ((X[:, None] - self.rows_) ** 2).sum(axis=2) / self.bandwidth**2
        norm = X.shape[1] * np.log(self.bandwidth * np.sqrt(2 * np.pi))
        return np.logaddexp.reduce(self.log_weights_ - squares / 2, axis=1) - norm


class FarAway(OutlierDetector):
    """The score is minus the distance from the median."""

    contamination: object = choice("auto") | number(above=0, at_most=0.5)
    center_: np.ndarray = learned("(features,)")

    def _fit(self, X):
        self.center_ = np.median(X, axis=0)
        self.offset_ = 2 * np.median(self._score_samples(X))

    def _score_samples(self, X):
        return -np.linalg.norm(X - self.center_, axis=1)


class NearestMean(Classifier):
    """By the distance to the mean of each class; of two classes the difference of the distances."""

    means_: np.ndarray = learned("(classes, features)")

    def _fit(self, X, y, weight):
        rows = [y == k for k in range(len(self.classes_))]
        self.means_ = np.stack([weight[r] @ X[r] / weight[r].sum() for r in rows])

    def _decision(self, X):
        near = -np.linalg.norm(X[:, None] - self.means_, axis=2)
        return near[:, 1] - near[:, 0] if near.shape[1] == 2 else near


class Signs(Clusterer):
    """Two groups, told by the sign of the first feature; for the rows of fit alone."""

    def _fit(self, X):
        _, self.labels_ = np.unique(X[:, 0] > 0, return_inverse=True)


class Halves(Transformer):
    """Learns nothing."""

    requires_fit = False

    def _fit(self, X):
        pass

    def _transform(self, X):
        return X / 2

    def _names_out(self, names):
        return [f"half_{name}" for name in names]


class Counts(Halves):
    nonnegative_X = True


class Gaps(Halves):
    allow_nan = True


class Sparse(Halves):
    accepts_sparse = True


class Words(Halves):
    reads = "categories"

    def _transform(self, X):
        return np.zeros(X.shape)


KINDS = [Parzen(), FarAway(), NearestMean(), Halves(), Counts(), Gaps(), Sparse()]
CHECKS = [
    pytest.param(estimator, check, id=f"{estimator}-{name_of(check)}-{i}")
    for estimator in KINDS
    for i, check in enumerate(checks_of(estimator))
]


@pytest.mark.parametrize("estimator, check", CHECKS)
@pytest.mark.filterwarnings("ignore:X .* feature names:UserWarning")
def test_scikit_learns_checks_of_each_kind(estimator, check):
    check(estimator)


def test_scores_agree_with_scikit_learn():
    weight, y2 = RNG.uniform(size=12), RNG.normal(size=(12, 2))
    model = models.LinearRegression().fit(X, y2)
    expected = metrics.r2_score(y2, model.predict(X), sample_weight=weight)
    assert model.score(X, y2, weight) == pytest.approx(expected, rel=1e-12)
    y2[:, 1] = 3.0  # a target without variance: 0 if it is missed
    expected = metrics.r2_score(y2, model.predict(X))
    assert model.score(X, y2) == pytest.approx(expected, rel=1e-12)
    assert models.LinearRegression().fit(X, np.zeros(12)).score(X, np.zeros(12)) == 1  # 1 if met
    tree = models.DecisionTreeClassifier(max_depth=1).fit(X, Y)
    expected = metrics.accuracy_score(Y, tree.predict(X), sample_weight=weight)
    assert 0 < tree.score(X, Y, weight) < 1
    assert tree.score(X, Y, weight) == pytest.approx(expected, rel=1e-12)


def test_a_density_against_scikit_learns():
    theirs = KernelDensity(bandwidth=0.5).fit(X)
    ours = Parzen(0.5).fit(X)
    np.testing.assert_allclose(ours.score_samples(X + 1), theirs.score_samples(X + 1), rtol=1e-10)
    assert ours.score(X) == pytest.approx(theirs.score(X) / 12, rel=1e-10)


def test_the_share_of_outliers_is_what_was_asked_for():
    X = np.random.default_rng(0).normal(size=(100, 2))
    model = FarAway(contamination=0.1)
    assert (model.fit_predict(X) == -1).sum() == 10
    np.testing.assert_array_equal(model.predict(X) == 1, model.decision_function(X) >= 0)
    auto = FarAway().fit(X)
    assert auto.offset_ == 2 * np.median(auto.score_samples(X))


def test_a_method_is_there_only_if_its_formula_is():
    assert not hasattr(NearestMean(), "predict_proba") and not hasattr(NearestMean, "predict_proba")
    assert hasattr(NearestMean(), "decision_function")
    assert hasattr(models.DecisionTreeClassifier(), "predict_log_proba")
    assert not hasattr(models.DecisionTreeClassifier(), "decision_function")
    assert not hasattr(models.StandardScaler(), "predict") and not hasattr(Signs(), "predict")
    assert Signs().fit_predict(X).shape == (12,)
    with pytest.raises(
        AttributeError,
        match=r"this NearestMean has no predict_proba\.[\s\S]*Try: predict, decision_function",
    ):
        NearestMean().predict_proba(X)
    assert NearestMean.decision_function.__doc__.startswith("The score of each class")

    class Holder:
        inner = None

        @where("inner.transform")
        def transform(self, X):
            return self.inner.transform(X)

    holder = Holder()
    assert hasattr(Holder, "transform") and not hasattr(holder, "transform")
    holder.inner = models.StandardScaler().fit(X)
    assert holder.transform(X).shape == X.shape


def test_one_class_and_two_and_three():
    message = (
        "This solver needs samples of at least 2 classes in the data, but LogisticRegression got one "
        r"class only: 7\.\s"
    )
    with pytest.raises(ValueError, match=message):
        models.LogisticRegression().fit(X, np.full(12, 7))
    tree = models.DecisionTreeClassifier().fit(X, np.full(12, 7))
    assert tree.predict(X).tolist() == [7] * 12 and tree.get_depth() == 0
    model = NearestMean().fit(X, np.array(["a", "b"])[Y])
    np.testing.assert_array_equal(model.predict(X) == "b", model.decision_function(X) > 0)
    model = NearestMean().fit(X, np.arange(12) % 3)
    np.testing.assert_array_equal(model.predict(X), model.decision_function(X).argmax(axis=1))

    class OnlyTwo(NearestMean):
        several_classes = False

    with pytest.raises(ValueError, match="Only binary classification is supported.*3 classes"):
        OnlyTwo().fit(X, np.arange(12) % 3)


@pytest.mark.parametrize(
    "y, message",
    [
        (
            Y * 0.5,
            r"Unknown label type: continuous\. .* has 0\.5 in row 1.\s.*\s.*Try: a regressor",
        ),
        (np.array(["a", 1] * 6, dtype=object), "Unknown label type: y mixes int, str"),
        (
            np.array(["a", None] * 6, dtype=object),
            r"y contains NaN or None: 6 of its 12 values, the first \(None\) in row 1",
        ),
        (
            [np.nan, "a"] * 6,
            r"y contains NaN or None: 6 of its 12 values, the first \(nan\) in row 0",
        ),
        ([[1], [2, 3]] * 6, "NearestMean cannot read y: setting an array element with a sequence"),
        (np.stack([Y, Y], axis=1), r"y should be a 1d array.*got shape \(12, 2\)"),
    ],
)
def test_targets_that_are_no_classes(y, message):
    with pytest.raises(ValueError, match=message):
        NearestMean().fit(X, y)


def test_classes_of_every_type():
    pandas = pytest.importorskip("pandas")
    for labels in (
        Y.astype(bool), Y.astype(np.int8), Y.astype(float), np.array(["no", "yes"])[Y], Y.tolist(),
        np.array(["no", "yes"], dtype=object)[Y], pandas.Series(Y, dtype="Int64"),
        pandas.Series(np.array(["no", "yes"])[Y], dtype="category"),
    ):  # fmt: skip
        model = NearestMean().fit(X, labels)
        assert list(model.classes_) == sorted(set(labels))
        np.testing.assert_array_equal(model._predict(X), NearestMean().fit(X, Y).predict(X))
        assert model.score(X, labels) == NearestMean().fit(X, Y).score(X, Y)


@pytest.mark.parametrize(
    "y, message",
    [
        (
            ["1", "red"] * 6,
            r"predicts numbers, and y has 'red' in row 1\.\s.*\s.*Try: a classifier",
        ),
        (np.stack([Y, Y], axis=1), r"got shape \(12, 2\)"),
        (Y - 1.0, "PoissonRegressor is for targets ≥ 0, and y has -1.0 in row 0"),
    ],
)
def test_targets_that_are_no_numbers(y, message):
    with pytest.raises(ValueError, match=message):
        models.PoissonRegressor().fit(X, y)


def test_inverse_transform_wants_the_new_columns():
    scaler = models.StandardScaler().fit(X)
    np.testing.assert_allclose(scaler.inverse_transform(scaler.transform(X)), X, atol=1e-12)
    with pytest.raises(ValueError, match="StandardScaler transforms into 3 columns, X has 2"):
        scaler.inverse_transform(X[:, :2])


def test_facts_about_data_are_refused_and_told_to_scikit_learn():
    with pytest.raises(
        ValueError, match=r"Negative values in data passed to Counts: -1.0 in row 1"
    ):
        Counts().fit([[1.0], [-1.0]])

    assert np.isnan(Gaps().fit_transform([[np.nan]])).all()
    with pytest.raises(ValueError, match="Input X contains infinity: 1 of its 1 values"):
        Gaps().fit([[np.inf]])
    csr = pytest.importorskip("scipy.sparse").csr_array
    with pytest.raises(
        ValueError, match=r"1 of its 3 values, the first \(nan\) in row 2, column 1"
    ):
        Sparse().fit(csr(np.array([[1.0, 0], [2, 0], [0, np.nan]])))
    lazy = pytest.importorskip("polars").DataFrame({"a": [1.0]}).lazy()
    with pytest.raises(TypeError, match=r"Halves got a lazy frame[\s\S]*X\.collect\(\)"):
        Halves().fit(lazy)

    assert Words().fit_transform([["a", "b"]]).shape == (1, 2)
    for kind, fact in (
        (Counts, "positive_only"),
        (Gaps, "allow_nan"),
        (Sparse, "sparse"),
        (Words, "string"),
    ):
        assert getattr(kind().__sklearn_tags__().input_tags, fact)
