"""Every iterative estimator, within `traced()`: a state for each iteration, the last of which is the result.

The estimators are found by themselves: those that store `n_iter_` or `trace_`.
"""

import inspect
import pickle

import numpy as np
import pytest

import models
from models.foundation import Clusterer, clone, integer, learned, traced
from models.foundation.iterate import Trace

# What has no states, and why.
WITHOUT = {
    "DistributionBoostingRegressor": "its members are the trace: staged_predict",
    "HistGradientBoostingClassifier": "its members are the trace: staged_predict",
    "HistGradientBoostingRegressor": "its members are the trace: staged_predict",
    "IterativeImputer": "imputation_sequence_ has the models of all rounds",
    "Lars": "coef_path_ is the trace",
    "LarsCV": "coef_path_ is the trace",
    "LassoLars": "coef_path_ is the trace",
    "LassoLarsCV": "coef_path_ is the trace",
    "LassoLarsIC": "coef_path_ is the trace",
    "LogisticRegressionCV": "n_iter_ counts the iterations of each fit to a fold",
    "SVC": "an iteration moves two of the dual variables: thousands of nearly equal states",
    "NuSVC": "as SVC",
    "SVR": "as SVC",
    "NuSVR": "as SVC",
    "OneClassSVM": "as SVC",
    "GaussianProcessClassifier": "tunes the kernel: trace_ has the evidence of every step",
    "GaussianProcessRegressor": "tunes the kernel: trace_ has the evidence of every step",
    "SparseGaussianProcessRegressor": "tunes the kernel: trace_ has the evidence of every step",
}
# Those whose `n_iter_` counts something else, and keep only the result.
IN_ONE_STEP = {"LinearSVC": "an interior point method", "LinearSVR": "an interior point method"}


def fitted(kind):
    """(untraced, traced) for each example of the kind."""
    for estimator, *arguments in kind.examples(np.random.default_rng(0)):
        if list(inspect.signature(estimator.fit).parameters) == ["y"]:
            continue  # it encodes labels
        plain = clone(estimator).fit(*arguments)
        with traced():
            yield plain, clone(estimator).fit(*arguments)


def iterates(model):
    return "n_iter_" in vars(model) or "trace_" in vars(model)


def parts(x):
    """Arrays in lists and tuples, one after the other."""
    return [p for part in x for p in parts(part)] if isinstance(x, (list, tuple)) else [x]


@pytest.mark.parametrize("name", models.__all__)
@pytest.mark.filterwarnings("ignore:.*[Gg]raph is (not fully connected|[0-9]+ > 1)")
@pytest.mark.filterwarnings("ignore::models.foundation.ConvergenceWarning")
def test_the_states_are_those_of_the_iterations(name):
    for plain, model in fitted(getattr(models, name)):
        if not iterates(model):
            continue
        if name in WITHOUT:
            assert not getattr(vars(model).get("trace_"), "states", [])
            continue
        # of several targets a list
        traces = [model.trace_] if isinstance(model.trace_, Trace) else model.trace_
        counts = vars(model).get("n_steps_", vars(model).get("n_iter_", traces[0].iteration[-1]))
        counts = [1] * len(traces) if name in IN_ONE_STEP else np.ravel(counts)
        for trace, count in zip(traces, counts, strict=True):
            assert trace.iteration == list(range(trace.iteration[0], count + 1))
            assert trace.iteration[0] in (0, 1) and len(trace.states) == len(trace)
        for attribute in traces[0].states[-1]:
            if attribute.endswith("_"):
                last = [trace.states[-1][attribute] for trace in traces]
                result = getattr(model, attribute)
                result = [result] if len(traces) == 1 else list(result)
                for a, b in zip(parts(last), parts(result), strict=True):
                    if np.asarray(b).dtype.kind == "f":
                        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)
                    else:
                        np.testing.assert_array_equal(a, b)
        # The trace changes no number, and without it nothing is kept.
        for attribute, value in vars(plain).items():
            if attribute.endswith("_") and isinstance(value, np.ndarray):
                np.testing.assert_array_equal(getattr(model, attribute), value)
        untraced = vars(plain).get("trace_", [])
        assert not any(trace.states for trace in np.ravel(untraced))


def test_the_exceptions_exist():
    for name in WITHOUT | IN_ONE_STEP:
        assert any(iterates(model) for _, model in fitted(getattr(models, name)))


@pytest.mark.filterwarnings("ignore::models.foundation.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_earlier_states_are_those_of_shorter_fits():
    X = np.abs(np.random.default_rng(0).normal(size=(60, 3)))
    y = (X[:, 0] + X[:, 1] ** 2 > 1.5).astype(int)
    for model in (
        models.GaussianMixture(3, random_state=0, tol=0, max_iter=9),
        models.LogisticRegression(solver="newton-cg", tol=1e-12),
        models.LogisticRegression(solver="adam", max_iter=9),
        models.SGDClassifier(random_state=0, max_iter=9, tol=None, average=20),
        models.MLPClassifier(5, random_state=0, max_iter=9),
        models.NMF(2, tol=0, max_iter=9),
        models.FuzzyCMeans(3, tol=0, max_iter=9, random_state=0),
        models.BayesianRidge(tol=1e-300, max_iter=9),
    ):
        arguments = X, y
        with traced():
            whole = clone(model).fit(*arguments)
        at = whole.trace_.iteration.index(2)
        short = clone(model).set_params(max_iter=2).fit(*arguments)
        for name, value in whole.trace_.states[at].items():
            for a, b in zip(parts(value), parts(getattr(short, name)), strict=True):
                if not isinstance(b, str):
                    np.testing.assert_allclose(a, b, rtol=1e-7, atol=1e-12)


def test_several_targets_have_a_trace_each():
    X = np.random.default_rng(0).normal(size=(40, 3))
    for model in (models.Lasso(0.1), models.Lasso(0.1, fit_intercept=False)):
        with traced():
            model.fit(X, X @ [[1, 0], [2, 1], [0, 3]] + 5)
        for k, trace in enumerate(model.trace_):
            np.testing.assert_allclose(trace.states[-1].coef_, model.coef_[k], rtol=1e-12)
            np.testing.assert_allclose(
                trace.states[-1].intercept_, np.broadcast_to(model.intercept_, 2)[k], atol=1e-12
            )


def test_fits_outside_keep_nothing_and_say_how_to_ask():
    X = np.random.default_rng(0).normal(size=(30, 2))
    with traced():
        with pytest.raises(ZeroDivisionError), traced():
            1 / 0  # noqa: B018
        assert models.KMeans(2).fit(X).trace_.states
    model = models.KMeans(2).fit(X)
    with pytest.raises(AttributeError) as error:
        model.trace_  # noqa: B018
    assert "this KMeans was fitted without a trace" in str(error.value)
    assert "Try: with traced(): KMeans(...).fit(...)" in str(error.value)
    assert models.PoissonRegressor().fit(X, [1] * 30).trace_.states == []


def test_states_are_copies_and_can_be_pickled():
    class Growing(Clusterer):
        """Changes its array in place."""

        max_iter: int = integer(3, at_least=1, doc="steps")
        centers_: np.ndarray = learned("counts")

        def _fit(self, X):
            centers, trace = np.zeros(2), Trace.of(self)
            for i in range(1, self.max_iter + 1):
                centers += 1
                if trace.keeps_states:
                    trace(i)
                    trace.keep(centers_=centers)
            self.centers_, self.trace_ = centers, trace

        def _predict(self, X):
            return np.zeros(len(X), dtype=int)

    with traced():
        model = Growing().fit(np.zeros((4, 2)))
    trace = pickle.loads(pickle.dumps(model.trace_))
    assert [state.centers_.tolist() for state in trace.states] == [[1, 1], [2, 2], [3, 3]]
    assert np.isnan(trace.loss).all() and len(trace) == 3
