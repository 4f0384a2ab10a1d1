"""Sums over all paths through a chain of states: one recursion, its derivatives, and its maximum.

A path z_1 ... z_T has the score

    start[z_1] + scores[1, z_1] + Σ_(t > 1) (transitions[z_(t-1), z_t] + scores[t, z_t]),

the logarithm of its probability in a hidden Markov model. `log_partition` is log Z, the logarithm of the sum
of e^score over all paths. Its gradients are expectations over paths, each with the weight e^score / Z:

    ∂ log Z / ∂ start[j]            how often a sequence starts in state j
    ∂ log Z / ∂ transitions[i, j]   how often state j follows state i
    ∂ log Z / ∂ scores[t, j]        the probability of state j at step t

So the backward pass of the engine is the backward half of the forward-backward algorithm.

Source: L. Rabiner, A tutorial on hidden Markov models, Proceedings of the IEEE 77 (1989), section III;
C. Bishop, Pattern Recognition and Machine Learning (2006), section 13.2.
"""

from typing import Any

import numpy as np

from tinygrad_edu import Tensor, scan


def recursion(total: Any, start: Any, transitions: Any, scores: Any, first: Any) -> Any:
    """α_t[j] = total_i (α_(t-1)[i] + transitions[i, j]) + scores[t, j], shape (steps, states).

    total   np.logaddexp.reduce for the sum of all paths to j (Rabiner 20), np.max for the best (33)
    first   (steps,): does a sequence begin here? Then start[j] takes the place of transitions[i, j]. So α
            goes on through all sequences, and at the end is about all of them.
    """

    def step(alpha, x):
        score, begins = x
        moves = np.where(begins, start, transitions)
        return total(alpha[:, None] + moves, axis=0) + score

    nothing_yet = np.where(np.arange(np.shape(scores)[1]) == 0, 0.0, -np.inf)  # with the total 0
    return scan(step, nothing_yet, (scores, first))


def log_partition(start: Any, transitions: Any, scores: Any, first: Any) -> Any:
    """log Z of all sequences together."""
    alpha = recursion(np.logaddexp.reduce, start, transitions, scores, first)
    return np.logaddexp.reduce(alpha[-1])


def log_probability(path: Any, start: Any, transitions: Any, scores: Any, first: Any) -> Any:
    """log of e^score / Z of one path through all sequences, (steps,)."""
    moves = np.flatnonzero(~first)
    score = (
        scores[np.arange(len(path)), path].sum()
        + transitions[path[moves - 1], path[moves]].sum()
        + start[path[first]].sum()
    )
    return score - log_partition(start, transitions, scores, first)


def expected_counts(start: Any, transitions: Any, scores: Any, first: Any) -> tuple[Any, ...]:
    """log Z, and its gradients by start, transitions and scores: the expected counts."""
    parts = [Tensor(part, requires_grad=True) for part in (start, transitions, scores)]
    a, A, b = parts
    log_Z = log_partition(a, A, b, first)
    if np.isfinite(log_Z.item()):
        log_Z.backward()
        return log_Z.item(), *(part.grad for part in parts)
    return log_Z.item(), *(np.full(part.shape, np.nan) for part in parts)


def best_path(start: Any, transitions: Any, scores: Any, first: Any) -> tuple[float, np.ndarray]:
    """The highest score of a path, and that path: Viterbi's algorithm (Rabiner 32-35)."""
    delta = recursion(np.max, start, transitions, scores, first)
    path = np.empty(len(scores), dtype=np.intp)
    path[-1] = np.argmax(delta[-1])
    for t in range(len(scores) - 1, 0, -1):
        arrivals = 0.0 if first[t] else transitions[:, path[t]]
        path[t - 1] = np.argmax(delta[t - 1] + arrivals)
    return float(delta[-1].max()), path
