"""The trellis: the forward sums of Rabiner, and the path that predict returns."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

import models
from tinygrad_edu import viz

START = np.array([0.6, 0.3, 0.1])
A = np.array([[0.7, 0.2, 0.1], [0.3, 0.5, 0.2], [0.0, 0.4, 0.6]])
B = np.array([[0.1, 0.4, 0.5], [0.6, 0.3, 0.1], [0.3, 0.3, 0.4]])
X = np.array([0, 1, 2, 2, 0, 1, 0, 0, 2])[:, None]


def categorical():
    model = models.CategoricalHMM(3)
    model.startprob_, model.transmat_, model.emissionprob_ = START, A, B
    return model


def forward(b):
    """α by its recursion, with the emission probabilities b (steps, states)."""
    alpha = [START * b[0]]
    for row in b[1:]:
        alpha.append((alpha[-1] @ A) * row)
    return np.array(alpha)


def areas(frame):
    """P(state | x_1 ... x_t) from the disks: (steps so far, states)."""
    disks = {s.key: s.radius for s in frame.shapes if s.key.startswith("disk")}
    steps = 1 + max(int(re.match(r"disk(\d+)", key)[1]) for key in disks)
    return np.array([[(disks[f"disk{t}.{j}"] / 18) ** 2 for j in range(3)] for t in range(steps)])


def test_disks_are_the_forward_sums_as_shares():
    found = viz.trellis_frames(categorical(), X)
    alpha = forward(B[:, X[:, 0]].T)
    shares = alpha / alpha.sum(axis=1, keepdims=True)
    assert len(found) == 2 * len(X)
    for t in range(len(X)):
        assert_allclose(areas(found[t]), shares[: t + 1], atol=1e-10)
        assert f"it has {shares[t].max():.3g}." in found[t].words
        assert found[t].words.endswith(f" = {np.log(alpha[t].sum()):.4g}.")


def test_the_path_is_that_of_predict():
    model = categorical()
    found = viz.trellis_frames(model, X)
    path = model.predict(X)
    rings = [s for s in found[-1].shapes if s.key.startswith("ring") and s.edge == "grad"]
    assert [s.key for s in rings] == [f"ring{t}.{j}" for t, j in enumerate(path)]
    lines = [s.key for s in found[-1].shapes if s.key.startswith("move") and s.width == 4.5]
    assert sorted(lines) == [f"move{t}.{path[t - 1]}.{path[t]}" for t in range(1, len(X))]
    log_p = (
        np.log(START[path[0]])
        + np.log(A[path[:-1], path[1:]]).sum()
        + np.log(B[path, X[:, 0]]).sum()
    )
    assert f"ln p(X, path) = {log_p:.4g}." in found[len(X)].words


def test_states_that_show_numbers():
    model = models.GaussianHMM(3, covariance_type="spherical")
    model.startprob_, model.transmat_ = START, A
    model.means_, model.covars_ = np.array([[0.0], [1.0], [3.0]]), np.array([1.0, 0.5, 2.0])
    seen = np.array([[0.1], [0.9], [2.5], [3.0], [-0.4]])
    variance = np.array([1.0, 0.5, 2.0])
    b = np.exp(-((seen - model.means_[:, 0]) ** 2) / (2 * variance)) / np.sqrt(2 * np.pi * variance)
    alpha = forward(b)
    found = viz.trellis_frames(model, seen, state_names=["low", "middle", "high"])
    assert_allclose(areas(found[4]), alpha / alpha.sum(axis=1, keepdims=True), atol=1e-10)
    assert found[2].title == "Time 3: x = 2.5"
    assert "middle has" in found[2].words or "high has" in found[2].words


def test_hmmlearn_draws_as_well():
    hmm = pytest.importorskip("hmmlearn.hmm")
    theirs = hmm.CategoricalHMM(3)
    theirs.startprob_, theirs.transmat_, theirs.emissionprob_ = START, A, B
    theirs.n_features = 3
    ours = viz.trellis_frames(categorical(), X)
    for a, b in zip(ours, viz.trellis_frames(theirs, X), strict=True):
        assert a.words == b.words


def test_what_is_refused():
    with pytest.raises(ValueError, match="draws 2 to 40 steps of at most 8 states, not X of shape"):
        viz.trellis_frames(categorical(), np.zeros((41, 1), int))
    with pytest.raises(ValueError, match="state_names has 2 names for 3 states"):
        viz.trellis_frames(categorical(), X, state_names=["a", "b"])
    with pytest.raises(TypeError, match="needs startprob_"):
        viz.trellis_frames(models.Ridge(), X)
