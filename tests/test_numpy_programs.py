"""Ordinary NumPy programs, written for arrays, run unchanged on Tensors, with right derivatives."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, grad
from tinygrad_edu.gradcheck import gradcheck

RNG = np.random.default_rng(0)


def gaussian_process_likelihood(x, y, log_length, log_noise):
    """ln p(y | x) with a squared-exponential kernel (Rasmussen and Williams 2006, eq. 2.30)."""
    distance = np.sum((x[:, None, :] - x[None, :, :]) ** 2, axis=-1)
    k = np.exp(-0.5 * distance / np.exp(2 * log_length)) + np.exp(2 * log_noise) * np.eye(len(x))
    factor = np.linalg.cholesky(k)
    whitened = np.linalg.solve(factor, y)
    log_det = 2 * np.sum(np.log(np.diag(factor)))
    return -0.5 * (whitened @ whitened + log_det + len(x) * np.log(2 * np.pi))


def hidden_markov_forward(start, transition, emission, seen):
    """ln P(observations) by the forward algorithm, in logarithms (Bishop 2006, section 13.2)."""

    def log_normalized(scores):
        return scores - np.log(np.sum(np.exp(scores), axis=-1, keepdims=True))

    start, transition, emission = map(log_normalized, (start, transition, emission))
    alpha = start + emission[:, seen[0]]
    for symbol in seen[1:]:
        alpha = np.logaddexp.reduce(alpha[:, None] + transition, axis=0) + emission[:, symbol]
    return np.logaddexp.reduce(alpha)


def soft_dtw(x, y, gamma=0.5):
    """Dynamic time warping with a soft minimum (Cuturi and Blondel 2017, algorithm 1)."""
    cost = (x[:, None] - y[None, :]) ** 2
    total = {(-1, -1): 0.0}
    for i in range(len(x)):
        for j in range(len(y)):
            before = [total[p] for p in ((i - 1, j), (i, j - 1), (i - 1, j - 1)) if p in total]
            softest = -gamma * np.log(np.sum(np.exp(np.stack([-b / gamma for b in before]))))
            total[i, j] = cost[i, j] + softest
    return total[len(x) - 1, len(y) - 1]


def low_pass_energy(signal, cutoff):
    """How much of a signal is left behind a smooth low-pass filter, by the fast Fourier transform."""
    spectrum = np.fft.rfft(signal)
    frequency = np.fft.rfftfreq(len(signal))
    smooth = np.fft.irfft(spectrum / (1 + (frequency / cutoff) ** 4), n=len(signal))
    return np.sum(smooth**2)


def attention_block(x, query, key, value, hidden, out):
    """Self-attention with a residual and a feed-forward layer (Vaswani et al. 2017, section 3)."""
    q, k, v = x @ query, x @ key, x @ value
    scores = q @ np.swapaxes(k, -1, -2) / np.sqrt(k.shape[-1])
    mask = np.tril(np.ones(scores.shape[-2:], bool))
    scores = np.where(mask, scores, -1e9)
    weights = np.exp(scores - scores.max(axis=-1, keepdims=True))
    x = x + (weights / weights.sum(axis=-1, keepdims=True)) @ v
    centered = x - x.mean(axis=-1, keepdims=True)
    x = centered / np.sqrt(centered.var(axis=-1, keepdims=True) + 1e-5)
    return x + np.tanh(x @ hidden) @ out


PROGRAMS = {
    "Gaussian process": (
        gaussian_process_likelihood,
        (RNG.normal(size=(4, 2)), RNG.normal(size=4), 0.3, -0.5),
    ),
    "hidden Markov model": (
        lambda a, b, c: hidden_markov_forward(a, b, c, [0, 2, 1, 1]),
        (RNG.normal(size=2), RNG.normal(size=(2, 2)), RNG.normal(size=(2, 3))),
    ),
    "soft dynamic time warping": (soft_dtw, (RNG.normal(size=4), RNG.normal(size=3))),
    "low-pass filter": (low_pass_energy, (RNG.normal(size=9), 0.2)),
    "attention": (
        attention_block,
        (RNG.normal(size=(2, 3, 4)), *RNG.normal(size=(3, 4, 4)), RNG.normal(size=(4, 5)),
         RNG.normal(size=(5, 4))),
    ),
}  # fmt: skip


@pytest.mark.parametrize(("program", "inputs"), PROGRAMS.values(), ids=PROGRAMS)
def test_it_gives_the_same_on_tensors(program, inputs):
    tensors = [Tensor(x, requires_grad=True) for x in inputs]
    y = program(*tensors)
    assert isinstance(y, Tensor) and y.requires_grad
    assert np.allclose(y.data, program(*inputs), rtol=1e-12)


@pytest.mark.parametrize(("program", "inputs"), PROGRAMS.values(), ids=PROGRAMS)
def test_its_derivatives_agree_with_differences_to_order_two(program, inputs):
    report = gradcheck(program, *inputs, tolerance=1e-7)
    assert report, report


def test_the_backward_pass_of_a_hidden_markov_model_is_forward_backward():
    """∂ ln P / ∂ ln a_ij is the expected number of transitions: T - 1 of them in all."""
    seen = [0, 2, 1, 1, 0]
    log_a, log_b = np.log(RNG.dirichlet(np.ones(3), 3)), np.log(RNG.dirichlet(np.ones(3), 3))

    def log_likelihood(log_a):
        alpha = log_b[:, seen[0]] - np.log(3)
        for symbol in seen[1:]:
            alpha = np.logaddexp.reduce(alpha[:, None] + log_a, axis=0) + log_b[:, symbol]
        return np.logaddexp.reduce(alpha)

    a, b = np.exp(log_a), np.exp(log_b)
    forward, backward = [b[:, seen[0]] / 3], [np.ones(3)]
    for symbol in seen[1:]:
        forward.append(forward[-1] @ a * b[:, symbol])
    for symbol in seen[:0:-1]:
        backward.insert(0, a @ (b[:, symbol] * backward[0]))
    expected = sum(
        np.outer(forward[t], b[:, seen[t + 1]] * backward[t + 1]) * a for t in range(len(seen) - 1)
    ) / forward[-1].sum()  # fmt: skip
    transitions = grad(log_likelihood)(log_a)
    assert np.allclose(transitions, expected, rtol=1e-12) and np.isclose(transitions.sum(), 4)
