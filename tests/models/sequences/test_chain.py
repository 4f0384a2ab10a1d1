"""Sums over paths: against all paths one by one, and a forward-backward algorithm by hand."""

import itertools

import numpy as np
import pytest

from models.sequences import chain
from tinygrad_edu import Tensor
from tinygrad_edu.gradcheck import gradcheck


def a_chain(steps, states, begins=(0,), seed=0):
    rng = np.random.default_rng(seed)
    first = np.isin(np.arange(steps), begins)
    start, transitions = rng.normal(size=states), rng.normal(size=(states, states))
    return start, transitions, rng.normal(size=(steps, states)), first


def score_of(path, start, transitions, scores, first):
    moves = [
        start[z] if b else transitions[path[t - 1], z]
        for t, (z, b) in enumerate(zip(path, first, strict=True))
    ]
    return sum(moves) + scores[np.arange(len(path)), list(path)].sum()


@pytest.mark.parametrize("begins", [(0,), (0, 1, 4)])
def test_against_all_paths(begins):
    parts = a_chain(6, 3, begins)
    paths = [*itertools.product(range(3), repeat=6)]
    scores = np.array([score_of(path, *parts) for path in paths])
    assert chain.log_partition(*parts) == pytest.approx(np.logaddexp.reduce(scores), abs=1e-12)
    best, path = chain.best_path(*parts)
    assert best == pytest.approx(scores.max(), abs=1e-12)
    assert tuple(path) == paths[np.argmax(scores)]
    log_Z, starts, transitions, states = chain.expected_counts(*parts)
    p = np.exp(scores - log_Z)
    for t, j in np.ndindex(6, 3):
        assert states[t, j] == pytest.approx(p @ [path[t] == j for path in paths], abs=1e-12)
    np.testing.assert_allclose(starts, states[list(begins)].sum(axis=0), atol=1e-12)
    assert transitions.sum() == pytest.approx(6 - len(begins), abs=1e-12)


def forward_backward(start, transitions, scores, first):
    """Rabiner's equations, in logarithms, for one sequence."""
    T, K = scores.shape
    alpha, beta = np.empty((T, K)), np.zeros((T, K))
    alpha[0] = start + scores[0]
    for t in range(1, T):
        alpha[t] = np.logaddexp.reduce(alpha[t - 1][:, None] + transitions, axis=0) + scores[t]
    for t in range(T - 2, -1, -1):
        beta[t] = np.logaddexp.reduce(transitions + scores[t + 1] + beta[t + 1], axis=1)
    log_Z = np.logaddexp.reduce(alpha[-1])
    pairs = alpha[:-1, :, None] + transitions + (scores + beta)[1:, None] - log_Z
    return log_Z, np.exp(pairs).sum(axis=0), np.exp(alpha + beta - log_Z)


def test_the_gradients_are_the_counts_of_forward_backward():
    parts = a_chain(500, 4)
    expected_Z, expected_transitions, expected_states = forward_backward(*parts)
    log_Z, starts, transitions, states = chain.expected_counts(*parts)
    assert log_Z == pytest.approx(expected_Z, abs=1e-10)
    np.testing.assert_allclose(transitions, expected_transitions, atol=1e-10)
    np.testing.assert_allclose(states, expected_states, atol=1e-10)
    np.testing.assert_allclose(starts, expected_states[0], atol=1e-10)


def test_the_best_path_is_the_gradient_of_the_maximum():
    start, transitions, scores, first = a_chain(40, 3, (0, 17))
    variable = Tensor(scores, requires_grad=True)
    chain.recursion(np.max, start, transitions, variable, first)[-1].max().backward()
    np.testing.assert_array_equal(
        variable.grad.argmax(axis=1), chain.best_path(start, transitions, scores, first)[1]
    )
    assert ((variable.grad == 0) | (variable.grad == 1)).all()


def test_derivatives_to_order_two():
    start, transitions, scores, first = a_chain(5, 2, (0, 3))
    report = gradcheck(
        lambda a, b, c: chain.log_partition(a, b, c, first), start, transitions, scores
    )
    assert report, report


def test_what_is_forbidden_never_happens():
    with np.errstate(divide="ignore"):
        transitions = np.log([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])
        start = np.log([1.0, 0.0, 0.0])
    scores, first = np.random.default_rng(0).normal(size=(9, 3)), np.arange(9) == 0
    log_Z, starts, moves, states = chain.expected_counts(start, transitions, scores, first)
    assert np.isfinite(log_Z) and starts.tolist() == [1, 0, 0]
    assert (moves[transitions == -np.inf] == 0).all() and np.isfinite(states).all()
    assert (np.diff(chain.best_path(start, transitions, scores, first)[1]) >= 0).all()
