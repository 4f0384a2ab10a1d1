"""Expected counts of a hidden Markov model: backward() through `scan`, beside forward-backward by hand.

python benchmarks/recursion.py

8 states, 10,000 steps, in logarithms, float64. The gradient of ln Z with respect to ln A is the expected
number of transitions, which the forward-backward algorithm (Rabiner 1989) computes with two loops and one
large product. Also: the peak memory of each, measured in separate processes.
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import sys

import numpy as np

from tinygrad_edu import Tensor, ops, scan

STATES, STEPS = 8, 10_000
LIMITS = {"by hand": 2.0}


def data():
    rng = np.random.default_rng(0)
    A = ops.log_softmax(rng.normal(size=(STATES, STATES)))
    return ops.log_softmax(rng.normal(size=STATES)), A, rng.normal(size=(STEPS, STATES))


def by_hand():
    start, A, b = data()

    def counts():
        alpha, beta = np.empty_like(b), np.zeros_like(b)
        alpha[0] = start + b[0]
        for t in range(1, STEPS):
            alpha[t] = np.logaddexp.reduce(alpha[t - 1][:, None] + A, axis=0) + b[t]
        for t in range(STEPS - 2, -1, -1):
            beta[t] = np.logaddexp.reduce(A + (b[t + 1] + beta[t + 1]), axis=1)
        log_z = np.logaddexp.reduce(alpha[-1])
        ahead = (b[1:] + beta[1:])[:, None, :]
        return np.exp(alpha[:-1, :, None] + A + ahead - log_z).sum(axis=0)

    return counts


def by_backward():
    start, log_A, b = data()

    def counts():
        A = Tensor(log_A, requires_grad=True)

        def step(alpha, b):
            return np.logaddexp.reduce(alpha[:, None] + A, axis=0) + b

        alphas = scan(step, start + b[0], b[1:])
        ops.logsumexp(alphas[-1]).backward()
        return A.grad

    return counts


WAYS = {"scan and backward()": by_backward, "by hand": by_hand}


def main():
    if sys.argv[1:2] == ["--peak"]:
        timing.tell_peak(WAYS[sys.argv[2]])
        return
    title = f"expected counts of a hidden Markov model, {STATES} states, {STEPS:,} steps"
    timing.peaks(title, WAYS)
    works = {name: way() for name, way in WAYS.items()}
    best = timing.interleave(works, rounds=30, seconds=0.05, budget=60.0)
    timing.report(title, best, "scan and backward()", LIMITS)


if __name__ == "__main__":
    main()
