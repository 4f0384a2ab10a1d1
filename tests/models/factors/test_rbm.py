"""The restricted Boltzmann machine: its gradient by the engine, scikit-learn's step, exact probabilities."""

import itertools

import numpy as np
import pytest

from models import BernoulliRBM
from tinygrad_edu import grad
from tinygrad_edu.gradcheck import gradcheck

neural_network = pytest.importorskip("sklearn.neural_network")
datasets = pytest.importorskip("sklearn.datasets")


def digits():
    return (datasets.load_digits().data > 7).astype(float)


def some(seed=0, k=5, d=6, n=9):
    rng = np.random.default_rng(seed)
    return (
        rng.normal(size=(k, d)), rng.normal(size=d), rng.normal(size=k), (rng.random((n, d)) < 0.5) * 1.0,
        (rng.random((n + 2, d)) < 0.5) * 1.0,
    )  # fmt: skip


def set_to(model, W, b, c):
    model.components_, model.intercept_visible_, model.intercept_hidden_ = W, b, c
    model.n_features_in_ = W.shape[1]
    return model


def test_the_gradient_of_contrastive_divergence_is_that_of_the_free_energies():
    W, b, c, v, v_model = some()
    model = set_to(BernoulliRBM(), W, b, c)
    by_engine = grad(lambda W, b, c: model.contrast(v, v_model, W, b, c), argnums=(0, 1, 2))(
        W, b, c
    )
    by_formula, _ = model.step(v, v_model)
    for ours, engine in zip(by_formula, by_engine, strict=True):
        np.testing.assert_allclose(ours, -engine, rtol=0, atol=1e-10)
    report = gradcheck(lambda W, b, c: model.contrast(v, v_model, W, b, c), W, b, c)
    assert report, report


def all_patterns(d):
    return np.array([*itertools.product([0.0, 1.0], repeat=d)])


def test_the_free_energy_sums_over_the_hidden_units():
    W, b, c, v, _ = some()
    h = all_patterns(5)
    energies = -(v @ b)[:, None] - h @ c - v @ W.T @ h.T
    expected = -np.log(np.exp(-energies).sum(axis=1))
    np.testing.assert_allclose(BernoulliRBM().free_energy(v, W, b, c), expected, rtol=1e-12)


def test_the_likelihood_has_the_gradient_of_data_and_model():
    """∂ ln p / ∂W = -(E_data - E_model)[∂F/∂W], with the exact expectation over all patterns."""
    W, b, c, v, _ = some(d=4)
    model, patterns = BernoulliRBM(), all_patterns(4)

    def likelihood(W):
        F = model.free_energy(patterns, W, b, c)
        return -model.free_energy(v, W, b, c).mean() - np.log(np.exp(-F).sum())

    p = np.exp(-model.free_energy(patterns, W, b, c))
    p = p / p.sum()
    slope = grad(
        lambda W: model.free_energy(v, W, b, c).mean() - p @ model.free_energy(patterns, W, b, c)
    )(W)
    np.testing.assert_allclose(grad(likelihood)(W), -slope, rtol=0, atol=1e-10)


def test_the_pseudo_likelihood_is_exact():
    W, b, c, v, _ = some()
    model = set_to(BernoulliRBM(), W, b, c)
    expected = np.zeros(len(v))
    for i in range(6):
        other = v.copy()
        other[:, i] = 1 - v[:, i]
        F, F_other = (model.free_energy(rows, W, b, c) for rows in (v, other))
        expected -= np.log1p(np.exp(F - F_other))
    np.testing.assert_allclose(model.score_samples(v), expected, rtol=1e-12)


def test_scikit_learn_estimates_the_same_pseudo_likelihood():
    X = digits()[:300]
    model = BernoulliRBM(16, random_state=0).fit(X)
    theirs = neural_network.BernoulliRBM(16)
    theirs.components_, theirs.n_features_in_ = model.components_, 64
    theirs.intercept_hidden_, theirs.intercept_visible_ = (
        model.intercept_hidden_,
        model.intercept_visible_,
    )
    estimates = [theirs.set_params(random_state=s).score_samples(X).mean() for s in range(40)]
    error = np.std(estimates) / np.sqrt(40)
    assert abs(np.mean(estimates) - model.score_samples(X).mean()) < 4 * error
    np.testing.assert_allclose(model.transform(X), theirs.transform(X), rtol=1e-12)


def test_a_step_is_scikit_learns_with_the_same_random_numbers():
    W, b, c, v, _ = some(k=5, d=6, n=10)
    theirs = neural_network.BernoulliRBM(5, random_state=0)
    theirs.components_, theirs.intercept_visible_, theirs.intercept_hidden_ = (
        W.copy(),
        b.copy(),
        c.copy(),
    )
    theirs.h_samples_ = np.zeros((10, 5))
    stream = np.random.RandomState(3)
    ours = set_to(BernoulliRBM(5), W, b, c)
    ours.h_samples_ = np.zeros((10, 5))
    ours._rng_ = np.random.Generator(np.random.RandomState(3)._bit_generator)
    for _ in range(4):
        theirs._fit(v, stream)
        ours = ours.partial_fit(v)
    np.testing.assert_allclose(ours.components_, theirs.components_, rtol=0, atol=1e-12)
    np.testing.assert_allclose(ours.intercept_hidden_, theirs.intercept_hidden_, atol=1e-12)
    np.testing.assert_allclose(ours.intercept_visible_, theirs.intercept_visible_, atol=1e-12)
    np.testing.assert_array_equal(ours.h_samples_, theirs.h_samples_)


def test_it_learns_what_scikit_learn_learns():
    X = digits()
    same = {"n_components": 32, "random_state": 0, "n_iter": 5}
    ours = BernoulliRBM(**same).fit(X)
    theirs = neural_network.BernoulliRBM(**same).fit(X)
    for name in ("components_", "intercept_hidden_", "intercept_visible_", "h_samples_"):
        assert getattr(ours, name).shape == getattr(theirs, name).shape
    chance = (
        set_to(BernoulliRBM(), np.zeros((1, 64)), np.zeros(64), np.zeros(1)).score_samples(X).mean()
    )
    found = ours.score_samples(X).mean()
    assert found > 0.6 * chance and len(ours.trace_) == 5
    assert found > theirs.score_samples(X).mean() - 2


def test_gibbs_steps_draw_from_the_model():
    W, b, c, _, _ = some(k=3, d=3, seed=5)
    model = set_to(BernoulliRBM(3), W, b, c)
    model._rng_ = np.random.default_rng(0)
    v = np.zeros((4000, 3))
    for _ in range(50):
        v = model.gibbs(v).astype(float)
    patterns = all_patterns(3)
    p = np.exp(-model.free_energy(patterns, W, b, c))
    seen = [(v == pattern).all(axis=1).mean() for pattern in patterns]
    np.testing.assert_allclose(seen, p / p.sum(), atol=0.03)


def test_numbers_that_blow_up_are_refused():
    with pytest.raises(ValueError, match="values from 0 to 1"):
        BernoulliRBM(4, learning_rate=1e200, random_state=0).fit(digits() * 1e200)
