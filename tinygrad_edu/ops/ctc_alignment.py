"""Connectionist temporal classification: the probability of a text whose timing is unknown.

At each of T times the network gives a probability for each letter and for a blank. A path is one letter or
blank for each time. It spells a text if merging repetitions and then dropping blanks gives the text. The
loss is -ln of the sum of the probabilities of all paths that spell the text (Graves et al. 2006, section 4).

The sum is computed over S = 2 L + 1 states: the text with a blank before, between and after its letters.
From one time to the next a path stays, or moves by one state, or by two if that skips a blank between
different letters. Everything is computed in logarithms, because the probabilities underflow.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.ops.activations import log_softmax, logsumexp, softmax
from tinygrad_edu.ops.cases import real
from tinygrad_edu.ops.indexing import scatter_add
from tinygrad_edu.tensor import op

NEVER = -1e30  # ln 0, but finite, because differences of infinities are nan


class _States:
    """The states of the paths that spell the labels, for a batch of N texts in arrays of S states."""

    def __init__(self, labels: np.ndarray, times: np.ndarray, lengths: np.ndarray, blank: int):
        n, longest = labels.shape
        self.letters = np.full((n, 2 * longest + 1), blank)
        self.letters[:, 1::2] = labels
        places = np.arange(2 * longest + 1)
        self.start = np.where(places < 2, 0.0, NEVER)  # in the first blank, or the first letter
        last = 2 * lengths[:, None]
        self.end = np.where((places == last) | (places == last - 1), 0.0, NEVER)
        two_back = np.roll(self.letters, 2, axis=1)
        self.skip = np.where((places % 2 == 1) & (self.letters != two_back), 0.0, NEVER)
        self.skip[:, :2] = NEVER
        self.times = times

    def going_on(self, t: int) -> np.ndarray:
        """(N, 1): is time t still part of the sample?"""
        return (t < self.times)[:, None]


def _scores(x: Any, states: _States) -> list:
    """For each time, ln P of each state's letter: (N, S)."""
    n, rows = len(x), np.arange(len(x))[:, None]
    y = log_softmax(x)
    return [y[rows, t, states.letters] for t in range(x.shape[1])] if n else []


def _moved(a: Any, by: int) -> Any:
    """a[s - by], and NEVER where there is no such state."""
    n, size = a.shape
    gone = np.full((n, min(abs(by), size)), NEVER, a.dtype)
    parts = (gone, a[:, : max(size - by, 0)]) if by > 0 else (a[:, min(-by, size) :], gone)
    return np.concatenate(parts, axis=1)


def _sum_of(*ways: Any) -> Any:
    return logsumexp(np.stack(ways), axis=0)


def _forward(scores: list, states: _States) -> list:
    """α_t: ln P of all path beginnings up to time t, by the state that they reach."""
    a = scores[0] + states.start.astype(scores[0].dtype)
    skip = states.skip.astype(a.dtype)
    found = [a]
    for t in range(1, len(scores)):
        grown = scores[t] + _sum_of(a, _moved(a, 1), _moved(a, 2) + skip)
        a = np.where(states.going_on(t), grown, a)
        found.append(a)
    return found


def _backward(scores: list, states: _States) -> list:
    """β_t: ln P of all path ends after time t, by the state that they start from."""
    end = states.end.astype(scores[0].dtype)
    skip = _moved(states.skip.astype(end.dtype), -2)
    b, found = end, [end]
    for t in range(len(scores) - 1, 0, -1):
        ahead = scores[t] + b
        grown = _sum_of(ahead, _moved(ahead, -1), _moved(ahead, -2) + skip)
        b = np.where(states.going_on(t), grown, end)
        found.append(b)
    return found[::-1]


def plain_ctc(x: Any, labels: Any, times: Any, lengths: Any, blank: int = 0) -> Any:
    """-ln of the sum over all paths, by the forward recursion alone; autodiff finds the derivative."""
    states = _States(labels, times, lengths, blank)
    last = _forward(_scores(x, states), states)[-1]
    return -logsumexp(last + states.end.astype(last.dtype), axis=1)


def _ctc_rule(g: Any, y: Any, x: Any, labels: Any, times: Any, lengths: Any, blank: int = 0) -> Any:
    """g (softmax(x) - s), s the share of paths, among those that spell the labels, with a letter at a time

    (Graves et al. 2006, eq. 16.) The share of paths in state s at time t is e^(α + β) / P.
    """
    states = _States(labels, times, lengths, blank)
    scores = _scores(x, states)
    a, b = _forward(scores, states), _backward(scores, states)
    n, size, _ = x.shape
    shares = np.exp(np.stack(a, axis=1) + np.stack(b, axis=1) + y[:, None, None])
    index = np.arange(n)[:, None, None], np.arange(size)[:, None], states.letters[:, None, :]
    said = scatter_add(shares, index=index, shape=x.shape)
    inside = (np.arange(size) < times[:, None])[:, :, None]
    return np.where(inside, g[:, None, None] * (softmax(x) - said), np.zeros((), x.dtype))


ctc = op(
    plain_ctc, _ctc_rule, None, None, None,
    name="ctc", formula="-ln Σ over paths that spell the labels of Π softmax(x)",
    cases=lambda rng: [
        ((*real(rng, (2, 4, 3)), np.array([[1, 2], [2, 2]]), np.array([4, 4]), np.array([2, 2])), {}),
        ((*real(rng, (2, 3, 3)), np.array([[0, 0], [1, 2]]), np.array([3, 2]), np.array([2, 1])),
         {"blank": 2}),
    ],
)  # fmt: skip

__all__ = ["ctc", "plain_ctc"]
