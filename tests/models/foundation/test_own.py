"""Estimators written as scikit-learn's documentation shows, in our tools and in scikit-learn's."""

import pickle
import subprocess
import sys

import numpy as np
import pytest
from models.base import (
    BaseEstimator,
    ClassifierMixin,
    ClassNamePrefixFeaturesOutMixin,
    ClusterMixin,
    OneToOneFeatureMixin,
    OutlierMixin,
    RegressorMixin,
    TransformerMixin,
    is_classifier,
    is_clusterer,
    is_outlier_detector,
    is_regressor,
)
from models.pipeline import make_pipeline, make_union

from models import ColumnTransformer, GridSearchCV, Ridge, StandardScaler, clone, config_context
from models.foundation import NotFittedError
from models.selection import cross_val_score
from models.utils.validation import check_is_fitted, validate_data

RNG = np.random.default_rng(0)
X = RNG.normal(size=(60, 3))
y = X @ [1.0, 2.0, 0.0] + 0.1 * RNG.normal(size=60)
LABELS = np.array(["a", "b", "c"])[np.arange(60) % 3]


class Clipper(TransformerMixin, BaseEstimator):
    def __init__(self, bound=1.0):
        self.bound = bound

    def fit(self, X, y=None):
        return self

    def transform(self, X):
        return np.clip(X, -self.bound, self.bound)


class Scaler(OneToOneFeatureMixin, TransformerMixin, BaseEstimator):
    def __init__(self, with_mean=True, *, factor=1.0):
        self.with_mean = with_mean
        self.factor = factor

    def fit(self, X, y=None):
        X = validate_data(self, X)
        self.mean_ = X.mean(axis=0) if self.with_mean else np.zeros(X.shape[1])
        return self

    def transform(self, X):
        check_is_fitted(self)
        return self.factor * (validate_data(self, X, reset=False) - self.mean_)


class Nearest(ClassifierMixin, BaseEstimator):
    def __init__(self, power=2.0):
        self.power = power

    def fit(self, X, y):
        self.classes_ = np.unique(y)
        self.means_ = np.array([X[y == label].mean(axis=0) for label in self.classes_])
        return self

    def predict(self, X):
        far = (np.abs(X[:, None] - self.means_) ** self.power).sum(axis=2)
        return self.classes_[far.argmin(axis=1)]


class Mean(RegressorMixin, BaseEstimator):
    def __init__(self, inner=None):
        self.inner = inner

    def fit(self, X, y):
        self.model_ = clone(self.inner).fit(X, y)
        return self

    def predict(self, X):
        return self.model_.predict(X)


class Halves(ClusterMixin, BaseEstimator):
    def fit(self, X, y=None):
        self.labels_ = (X[:, 0] > 0).astype(int)
        return self


class Far(OutlierMixin, BaseEstimator):
    def fit(self, X, y=None):
        return self

    def predict(self, X):
        return np.where(np.abs(X).max(axis=1) > 2, -1, 1)


class Sums(ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        self._n_features_out = 1
        return self

    def transform(self, X):
        return X.sum(axis=1, keepdims=True)


def test_parameters_are_the_arguments_of_init():
    model = Scaler(False)
    assert model.get_params() == {"with_mean": False, "factor": 1.0}
    assert repr(model) == "Scaler(with_mean=False)" and repr(Halves()) == "Halves()"
    assert model.set_params(factor=2.0) is model and model.factor == 2.0
    with pytest.raises(
        ValueError, match=r"Invalid parameter 'factr' for estimator Scaler(?s:.*)factor"
    ):
        model.set_params(factr=1.0)
    nested = Mean(Ridge(alpha=3.0))
    assert nested.get_params()["inner__alpha"] == 3.0
    assert nested.set_params(inner__alpha=4.0).inner.alpha == 4.0


def test_clone_is_unfitted_and_has_copies():
    model = Mean(Ridge()).fit(X, y)
    copy = clone(model)
    assert type(copy) is Mean and not hasattr(copy, "model_") and copy.inner is not model.inner
    with pytest.raises(RuntimeError, match="parameters must have names"):

        class Many(BaseEstimator):
            def __init__(self, *parts):
                self.parts = parts


def test_in_a_pipeline_a_search_and_a_cross_validation():
    pipe = make_pipeline(Clipper(), Scaler(), Ridge(alpha=1e-6))
    search = GridSearchCV(pipe, {"clipper__bound": [0.5, 3.0], "scaler__factor": [1.0, 2.0]}, cv=3)
    search.fit(X, y)
    assert search.best_params_["clipper__bound"] == 3.0 and search.best_score_ > 0.95
    scores = cross_val_score(pipe, X, y, cv=3)
    by_hand = cross_val_score(Ridge(alpha=1e-6), np.clip(X, -1, 1), y, cv=3)
    np.testing.assert_allclose(scores, by_hand, rtol=1e-9)
    assert cross_val_score(Mean(Ridge()), X, y, cv=3).min() > 0.9
    both = make_union(Scaler(), Sums()).fit_transform(X)
    np.testing.assert_allclose(both, np.c_[X - X.mean(axis=0), X.sum(axis=1)])


def test_a_classifier_gets_stratified_folds():
    """LABELS sorted: folds of neighboring rows would lack a class in training."""
    order = np.argsort(LABELS, kind="stable")
    centers = {"a": 0.0, "b": 5.0, "c": 10.0}
    Z = X[order] + np.array([centers[label] for label in LABELS[order]])[:, None]
    assert cross_val_score(Nearest(), Z, LABELS[order], cv=3).min() > 0.9
    model = Nearest().fit(Z, LABELS[order])
    assert model.score(Z[:20], LABELS[order][:20]) == 1.0
    weight = np.arange(60) < 20
    assert model.score(Z, np.where(weight, "a", "none"), weight) == 1.0


def test_kinds():
    assert is_classifier(Nearest()) and not is_regressor(Nearest())
    assert is_regressor(Mean()) and is_regressor(Ridge())
    assert is_clusterer(Halves()) and is_outlier_detector(Far())
    assert is_classifier(make_pipeline(Clipper(), Nearest()))
    assert not is_classifier(Clipper())
    np.testing.assert_array_equal(Halves().fit_predict(X), X[:, 0] > 0)
    np.testing.assert_array_equal(Far().fit_predict(X) == -1, np.abs(X).max(axis=1) > 2)


def test_score_of_a_regressor():
    model = Mean(Ridge()).fit(X, y)
    weight = RNG.uniform(size=60)
    assert model.score(X, y, weight) == pytest.approx(Ridge().fit(X, y).score(X, y, weight))


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_set_output(container):
    library = pytest.importorskip(container)
    frame = library.DataFrame({"u": X[:, 0], "v": X[:, 1]})
    found = Scaler().set_output(transform=container).fit_transform(frame)
    assert isinstance(found, library.DataFrame) and list(found.columns) == ["u", "v"]
    columns = ColumnTransformer([("own", Scaler(), ["v"])], verbose_feature_names_out=False)
    assert list(columns.fit(frame).get_feature_names_out()) == ["v"]
    with config_context(transform_output=container):
        assert list(Sums().fit(X).transform(X).columns) == ["sums0"]
        assert isinstance(StandardScaler().fit_transform(X), library.DataFrame)
    assert isinstance(StandardScaler().fit_transform(X), np.ndarray)
    assert not hasattr(Clipper(), "set_output")  # it has no names for its columns


def test_names_before_fit():
    with pytest.raises(NotFittedError, match="has no n_features_in_"):
        Scaler().get_feature_names_out()
    with pytest.raises(NotFittedError, match="This Scaler instance is not fitted yet"):
        Scaler().transform(X)
    with pytest.raises(ValueError, match="X has 2 features, but Scaler is expecting 3"):
        Scaler().fit(X).transform(X[:, :2])


def test_pickled():
    model = pickle.loads(pickle.dumps(Scaler(factor=3.0).fit(X)))
    np.testing.assert_array_equal(model.transform(X), Scaler(factor=3.0).fit(X).transform(X))


def test_in_the_tools_of_scikit_learn():
    pytest.importorskip("sklearn")
    from sklearn.base import clone as cloned
    from sklearn.base import is_classifier as theirs
    from sklearn.model_selection import GridSearchCV as Search
    from sklearn.pipeline import make_pipeline as pipeline

    assert theirs(Nearest()) and cloned(Scaler(factor=2.0)).factor == 2.0
    search = Search(pipeline(Clipper(), Scaler(), Nearest()), {"nearest__power": [1.0, 2.0]}, cv=3)
    assert search.fit(X, LABELS).best_score_ > 0


def test_without_scikit_learn():
    """Folds and kinds are known although scikit-learn's classes for tags are not loaded."""
    program = """
import sys
sys.modules["sklearn"] = None
import numpy as np
from models.base import BaseEstimator, ClassifierMixin, is_classifier
from models.selection import cross_val_score
class First(ClassifierMixin, BaseEstimator):
    def fit(self, X, y):
        self.first_ = y[0]
        return self
    def predict(self, X):
        return np.full(len(X), self.first_)
assert is_classifier(First())
print(cross_val_score(First(), np.zeros((9, 1)), np.arange(9) // 3, cv=3).mean())
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert float(done.stdout) == pytest.approx(1 / 3)


def test_a_clone_has_the_same_parameters():
    class Doubling(BaseEstimator):
        def __init__(self, a=1):
            self.a = 2 * a

    with pytest.raises(RuntimeError, match="does not store the parameter a as it is"):
        clone(Doubling(1000))
