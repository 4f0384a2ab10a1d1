"""What compositions print with verbose=True, and what a pipeline stores with memory."""

import re

import numpy as np
import pytest
from models.base import BaseEstimator, TransformerMixin
from models.pipeline import make_pipeline

import models
from models import GridSearchCV, MinMaxScaler, Pipeline, Ridge, StandardScaler

RNG = np.random.default_rng(0)
X = RNG.normal(size=(30, 3))
y = X @ [1.0, 2.0, 3.0]


def lines(text):
    """Without the seconds."""
    return [re.sub(r" +\d+\.\d+s$", "", line) for line in text.splitlines()]


PARTS = [("one", "StandardScaler"), ("two", "MinMaxScaler")]


@pytest.mark.parametrize("kind", ["Pipeline", "FeatureUnion", "ColumnTransformer"])
def test_lines_are_those_of_scikit_learn(kind, capsys):
    pytest.importorskip("sklearn")
    import sklearn.compose
    import sklearn.pipeline
    import sklearn.preprocessing

    home = sklearn.compose if kind == "ColumnTransformer" else sklearn.pipeline
    printed = []
    for composed, scalers in ((models, models), (home, sklearn.preprocessing)):
        parts = [(name, getattr(scalers, scaler)()) for name, scaler in PARTS]
        if kind == "ColumnTransformer":
            parts = [(*pair, [i]) for i, pair in enumerate(parts)]
        getattr(composed, kind)(parts, verbose=True).fit_transform(X)
        printed.append(lines(capsys.readouterr().out))
    assert printed[0] == printed[1] and len(printed[0]) == 2


def test_nothing_is_printed_by_default(capsys):
    make_pipeline(StandardScaler(), Ridge()).fit(X, y)
    assert capsys.readouterr().out == ""


class Counted(TransformerMixin, BaseEstimator):
    fits = 0

    def fit(self, X, y=None):
        Counted.fits += 1
        self.mean_ = X.mean(axis=0)
        return self

    def transform(self, X):
        return X - self.mean_


def test_memory_fits_a_transformer_once(tmp_path):
    joblib = pytest.importorskip("joblib")
    for memory in (str(tmp_path / "a"), tmp_path / "b", joblib.Memory(tmp_path / "c", verbose=0)):
        Counted.fits = 0
        pipe = Pipeline([("own", Counted()), ("model", Ridge())], memory=memory)
        search = GridSearchCV(pipe, {"model__alpha": [0.1, 1.0, 10.0]}, cv=2).fit(X, y)
        assert Counted.fits == 3  # two folds, and all rows
        plain = GridSearchCV(
            Pipeline([("own", Counted()), ("model", Ridge())]),
            {"model__alpha": [0.1, 1.0, 10.0]},
            cv=2,
        )
        np.testing.assert_array_equal(search.predict(X), plain.fit(X, y).predict(X))
        np.testing.assert_array_equal(search.best_estimator_["own"].mean_, X.mean(axis=0))


def test_a_memory_that_is_none():
    with pytest.raises(ValueError, match="None, a folder or a joblib.Memory"):
        Pipeline([("one", MinMaxScaler()), ("model", Ridge())], memory=3).fit(X, y)
