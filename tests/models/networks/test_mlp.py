"""Multilayer perceptrons: the same steps as scikit-learn's, with gradients from the engine."""

import pickle
import warnings

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn import neural_network
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

import models
from models import MLPClassifier, MLPRegressor
from models.foundation import ConvergenceWarning
from tinygrad_edu import value_and_grad


def standardized(load):
    X, y = load(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


DATA = {
    "three classes": (MLPClassifier, *standardized(load_iris)),
    "two classes": (MLPClassifier, *standardized(load_breast_cancer)),
    "numbers": (MLPRegressor, *standardized(load_diabetes)),
}
SETTINGS = [
    {},
    {"activation": "tanh", "hidden_layer_sizes": (12, 7), "batch_size": 25, "alpha": 0.1},
    {"activation": "logistic", "shuffle": False, "beta_1": 0.8, "beta_2": 0.9, "epsilon": 1e-3},
    {"solver": "sgd", "learning_rate": "invscaling", "learning_rate_init": 1e-4, "power_t": 0.1},
    {
        "solver": "sgd",
        "learning_rate": "adaptive",
        "tol": 1e3,
        "n_iter_no_change": 3,
        "learning_rate_init": 1e-4,
    },
    {"solver": "sgd", "nesterovs_momentum": False, "momentum": 0.5, "learning_rate_init": 1e-4},
    {"activation": "identity", "hidden_layer_sizes": (), "max_iter": 7},
]  # fmt: skip


def both(kind, **settings):
    theirs = getattr(neural_network, kind.__name__)(random_state=3, **settings)
    return kind(random_state=3, **settings), theirs


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("settings", SETTINGS, ids=str)
@pytest.mark.parametrize("data", DATA)
def test_every_step_is_scikit_learns(data, settings):
    kind, X, y = DATA[data]
    ours, theirs = both(kind, **({"max_iter": 12} | settings))
    ours.fit(X, y), theirs.fit(X, y)
    assert (ours.n_iter_, ours.t_) == (theirs.n_iter_, theirs.t_)
    assert (ours.n_layers_, ours.n_outputs_) == (theirs.n_layers_, theirs.n_outputs_)
    assert ours.out_activation_ == theirs.out_activation_
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-10)
    np.testing.assert_allclose(ours.best_loss_, theirs.best_loss_, rtol=1e-10)
    for W, V in zip(
        ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True
    ):
        np.testing.assert_allclose(W, V, rtol=1e-9, atol=1e-10 * np.abs(V).max())
    np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_weights_of_samples_are_scikit_learns():
    kind, X, y = DATA["three classes"]
    weight = np.random.default_rng(0).uniform(0.5, 2, len(X))
    ours, theirs = both(kind, max_iter=5)
    theirs.fit(X, y, sample_weight=weight)
    np.testing.assert_allclose(
        ours.fit(X, y, weight).coefs_[0], theirs.coefs_[0], rtol=1e-9, atol=1e-12
    )


def test_without_hidden_layers_it_is_logistic_regression():
    _, X, y = DATA["three classes"]
    settings = {"hidden_layer_sizes": (), "solver": "newton-cg", "alpha": 1.0, "tol": 1e-10}
    net = MLPClassifier(**settings, random_state=0).fit(X, y)
    softmax = models.LogisticRegression(C=1.0, solver="newton", tol=1e-10).fit(X, y)
    np.testing.assert_allclose(net.predict_proba(X), softmax.predict_proba(X), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("solver", ["lbfgs", "newton-cg"])
def test_a_minimum_has_no_slope(solver):
    kind, X, y = DATA["numbers"]
    net = kind(
        hidden_layer_sizes=(5,),
        solver=solver,
        activation="tanh",
        alpha=50.0,
        tol=1e-7,
        max_iter=3000,
        random_state=0,
    ).fit(X[:60], y[:60] / 100)
    found = net._packing(X[:60], y[:60] / 100, np.ones(60))  # a fitted network starts where it is
    value, slope = value_and_grad(
        lambda z: net.objective(X[:60], y[:60] / 100, np.ones(60), **found.unpack(z))
    )(found.vector())
    assert np.abs(slope).max() < 1e-6 and value == pytest.approx(net.loss_)


def test_early_stopping_keeps_the_best_epoch():
    kind, X, y = DATA["two classes"]
    net = kind(early_stopping=True, random_state=0, max_iter=300, validation_fraction=0.3).fit(X, y)
    assert net.n_iter_ < 300 and len(net.validation_scores_) == net.n_iter_
    assert (
        net.best_validation_score_ == max(net.validation_scores_) > 0.9 and net.best_loss_ is None
    )
    best = int(np.argmax(net.validation_scores_)) + 1
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        until = kind(
            early_stopping=True, random_state=0, max_iter=best, validation_fraction=0.3
        ).fit(X, y)
    np.testing.assert_array_equal(until.coefs_[0], net.coefs_[0])
    with pytest.raises(ValueError, match=r"validation set is too small: 1 of 15 samples"):
        kind(early_stopping=True, validation_fraction=0.05).fit(X[:15], y[:15])


def test_warm_start_goes_on_where_it_was():
    kind, X, y = DATA["three classes"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        net = kind(warm_start=True, max_iter=3, random_state=0, solver="lbfgs").fit(X, y)
        first = net.loss_
        assert net.fit(X, y).loss_ < first
        twice = kind(warm_start=True, max_iter=3, random_state=0).fit(X, y)
        assert twice.fit(X, y).loss_curve_[0] < twice.loss_curve_[0] + 1
        assert twice.loss_ < kind(max_iter=3, random_state=0).fit(X, y).loss_


@pytest.mark.parametrize("settings", SETTINGS[:6], ids=str)
@pytest.mark.parametrize("data", DATA)
def test_partial_fit_goes_on_as_scikit_learns(data, settings):
    kind, X, y = DATA[data]
    ours, theirs = both(kind, **settings)
    first = {} if kind is MLPRegressor else {"classes": np.unique(y)}
    ours.partial_fit(X[:50], y[:50], **first), theirs.partial_fit(X[:50], y[:50], **first)
    before, loss = ours.coefs_[0].copy(), ours.loss_curve_
    held, copied = ours.coefs_[0], clone_of(ours)
    for part in np.array_split(np.arange(len(X)), 5) * 3:
        ours.partial_fit(X[part], y[part]), theirs.partial_fit(X[part], y[part])
    np.testing.assert_array_equal(held, before)  # what an earlier fit has returned stays as it was
    assert len(loss) == 1 and (ours.n_iter_, ours.t_) == (theirs.n_iter_, theirs.t_)
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-9)
    np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=1e-8, atol=1e-10)
    for part in np.array_split(np.arange(len(X)), 5) * 3:
        copied.partial_fit(X[part], y[part])
    np.testing.assert_array_equal(copied.coefs_[0], ours.coefs_[0])  # a pickled one goes on, too


def clone_of(model):
    return pickle.loads(pickle.dumps(model))


def test_only_solvers_of_batches_have_partial_fit():
    kind, X, y = DATA["numbers"]
    assert hasattr(kind(), "partial_fit") and not hasattr(kind(solver="lbfgs"), "partial_fit")
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        kind(early_stopping=True).partial_fit(X, y)


def test_what_goes_wrong_is_said():
    kind, X, y = DATA["numbers"]
    with pytest.warns(
        ConvergenceWarning, match=r"Maximum iterations \(2\) reached and the optimization"
    ):
        kind(max_iter=2).fit(X, y)
    with pytest.raises(ValueError, match=r"loss is not finite after[\s\S]*StandardScaler"):
        kind(solver="sgd", learning_rate_init=100.0).fit(X * 1e100, y)
    with pytest.raises(
        ValueError, match=r"'hidden_layer_sizes' parameter of MLPRegressor must be a tuple"
    ):
        kind(hidden_layer_sizes=(0,)).fit(X, y)
