"""The template of fit: on a copy, all or nothing, with what `_fit` names."""

import copy
import inspect
import subprocess
import sys

import numpy as np
import pytest

import models
from models.foundation import Estimator, boolean, learned
from tests.models.contract import assert_clear

X = np.random.default_rng(0).normal(size=(6, 2))


class Recorder(Estimator):
    """Keeps what its `_fit` is given."""

    fail: bool = boolean(False)
    warm_start: bool = boolean(False)
    data_: tuple = learned("X and weight")
    rounds_: int = learned("how many fits there were")

    def _fit(self, X, weight):
        self.data_ = X, weight
        self.rounds_ = getattr(self, "rounds_", 0) + 1
        if self.fail:
            raise RuntimeError("in the middle")


class Unweighted(Recorder):
    def _fit(self, X):
        super()._fit(X, None)


def test_fit_takes_what_its_fit_names():
    assert "sample_weight" in inspect.signature(Recorder.fit).parameters
    assert list(inspect.signature(Unweighted.fit).parameters) == ["self", "X", "y"]
    assert Unweighted.fit.__name__ == "fit" and Unweighted.fit.__doc__
    assert not Recorder._is_supervised() and models.Ridge._is_supervised()
    with pytest.raises(
        TypeError,
        match=r"_fit has the arguments X, sample_weight\.[\s\S]*Try: _fit\(self, X, y, weight",
    ):

        class Wrong(Estimator):
            def _fit(self, X, sample_weight):
                pass


class Either(Estimator):
    y_: np.ndarray = learned("the targets, or None")

    def _fit(self, X, y=None):
        self.y_ = y


def test_a_fit_of_its_own_is_inherited():
    class Sequences(Estimator):
        def fit(self, X, lengths=None):
            return "its own"

    class Model(Sequences):
        def _fit(self, X):
            pass

    assert Model().fit([[1.0]]) == "its own"


def test_targets_may_be_optional():
    assert not Either._is_supervised() and Either().fit(X).y_ is None
    assert Either().fit(X, [1, 2, 3, 4, 5, 6]).y_.tolist() == [1, 2, 3, 4, 5, 6]
    with pytest.raises(ValueError, match="X has 6 samples and y has 1"):
        Either().fit(X, [1])
    assert Unweighted().fit(X, ["ignored"]).rounds_ == 1


def test_rows_of_weight_zero_are_left_out():
    got, weight = Recorder().fit(X, sample_weight=[0, 1, 2, 0, 1, 1]).data_
    np.testing.assert_array_equal(got, X[[1, 2, 4, 5]])
    np.testing.assert_array_equal(weight, [1, 2, 1, 1])
    assert Recorder().fit(X, sample_weight=3).data_[1].tolist() == [3.0] * 6


def test_an_error_in_the_middle_leaves_the_earlier_fit():
    model = Recorder().fit(X)
    before = vars(model).copy()
    with pytest.raises(RuntimeError):
        model.set_params(fail=True).fit(X[:3])
    assert vars(model) == before | {"fail": True}
    new = Recorder(fail=True)
    with pytest.raises(RuntimeError):
        new.fit(X)
    assert set(vars(new)) == {"fail", "warm_start"}


def test_a_fit_starts_afresh_unless_it_is_warm():
    model = Recorder().fit(X).fit(X)
    assert model.rounds_ == 1
    model.note = "not ours"
    model._parent_context = "nor this"
    assert model.set_params(warm_start=True).fit(X).rounds_ == 2
    assert (model.note, model._parent_context) == ("not ours", "nor this")


@pytest.mark.filterwarnings("ignore::models.foundation.ConvergenceWarning")
def test_the_data_of_the_user_stay_as_they_are():
    for name in models.__all__:
        for estimator, X, y in getattr(models, name).examples(np.random.default_rng(0)):
            kept = copy.deepcopy(X)
            if isinstance(X, np.ndarray):
                X.flags.writeable = False
            estimator.fit(*((X,) if y is None else (X, y)))
            assert np.array_equal(X, kept) if isinstance(X, np.ndarray) else kept == X


def test_the_line_of_the_user_is_named_through_scikit_learns_tools():
    pipeline = pytest.importorskip("sklearn.pipeline")
    with pytest.raises(ValueError) as error:
        pipeline.make_pipeline(models.StandardScaler(), models.Ridge(-1)).fit(X, X[:, 0])
    assert_clear(error.value)
    assert "models.Ridge(-1)).fit(X, X[:, 0])" in str(error.value)


def test_importing_models_loads_nothing_and_an_estimator_only_its_chapter():
    code = """
import sys, numpy
import models
loaded = set(sys.modules)
files = {m for m in loaded if getattr(sys.modules[m], "__file__", None)}
assert [m for m in files if m.startswith(("models.", "tinygrad_edu"))] == ["models.offers"], files
assert {"KMeans", "Ridge"} <= set(dir(models))
from models import KMeans
assert "models.clusters.kmeans" in sys.modules and "models.linear" not in sys.modules
assert "tinygrad_edu.optim" not in sys.modules
assert KMeans is models.KMeans
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_names_that_are_not_there():
    with pytest.raises(AttributeError, match=r"models has no Kmeans\.[\s\S]*Try: KMeans"):
        models.Kmeans  # noqa: B018
    with pytest.raises(ImportError):
        from models import LogistcRegression  # noqa: F401


def test_texts_are_to_be_counted_first():
    with pytest.raises(ValueError, match="CountVectorizer"):
        models.LogisticRegression().fit(["good film", "bad film"], [1, 0])
