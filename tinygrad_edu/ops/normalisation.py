"""Normalisation: numbers shifted and scaled to mean 0 and variance 1, and from there to β and γ².

    z = (x - μ) / σ,    y = γ z + β,    μ = mean of x,    σ² = mean of (x - μ)² + ε

Over which numbers the means go is all that tells batch, layer and group normalisation apart. Here x is
always (S, M, G, c), and the means are over M and c: S samples, each with G groups of c channels at M
places. γ and β are (G c,), one number for each channel.

    batch norm    (1, N H W, C, 1)          layer norm    (N, 1, 1, D)
    group norm    (N, H W, G, C / G)        (Ioffe and Szegedy 2015; Ba et al. 2016; Wu and He 2018)

RMS normalisation leaves the mean where it is (`centred=False`): z = x / σ, σ² = mean of x² + ε (Zhang
and Sennrich 2019).

Read `plain_normalise` first. Its derivatives are derived by the graph, and right to every order; what
follows is the same in one piece, in a quarter of the time. Since μ and σ depend on x, moving one x moves
every z, and

    dL/dx = (u - mean(u) - z mean(u z)) / σ    with u = g γ

takes out of u what a shift and a scaling of x would do, because z does not see either. This is linear in
u and symmetric. So, with the number <u, normalise(x, γ)> in mind, the family is closed as that of the
convolutions is:

    normalise(x, γ, β)       of the shape of u
    normalise_back(u, x, γ)  of the shape of x
    normalise_gain(u, x)     of the shape of γ

Nothing of the way forward is kept: μ and σ are functions of x, and a rule that took them for constants
would have a wrong second derivative.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tinygrad_edu.ops.cases import Cases, real
from tinygrad_edu.tensor import Op, op


def plain_normalise(x: Any, gamma: Any, beta: Any, eps: float = 1e-3, centred: bool = True) -> Any:
    """`normalise` as a textbook has it."""
    d = x - np.mean(x, axis=(1, 3), keepdims=True) if centred else x
    sigma = np.sqrt(np.mean(d * d, axis=(1, 3), keepdims=True) + eps)
    return d / sigma * np.reshape(gamma, x.shape[2:]) + np.reshape(beta, x.shape[2:])


# ---------------------------------------------------------------------------------- the fast way
#
# Turn by turn over parts that fit in the cache: some samples, or some places where there is one sample
# (then its means have to be known before).

CACHE = 2**18  # bytes of a part: several arrays of this size are at work at once


def moments(x: np.ndarray, centred: bool = True) -> tuple[Any, np.ndarray]:
    """The mean and the variance of each group of each sample, both (S, 1, G, 1)."""
    mean = _mean(x) if centred else np.zeros((), x.dtype)
    total = np.zeros((len(x), 1, x.shape[2], 1), x.dtype)
    for part in _parts(x):
        d = x[part] - (mean[part[0]] if mean.ndim else mean)
        d *= d
        total[part[0]] += _sum(d)
    return mean, total / (x.shape[1] * x.shape[3])


def _parts(x: np.ndarray) -> Iterator[tuple[slice, slice]]:
    """Which samples and which of their places come together, turn by turn."""
    samples, places = x.shape[:2]
    if samples == 1:
        step = max(1, CACHE // max(x[:, :1].nbytes, 1))
        yield from ((slice(None), slice(i, i + step)) for i in range(0, places, step))
    else:
        step = max(1, CACHE // max(x[:1].nbytes, 1))
        yield from ((slice(i, i + step), slice(None)) for i in range(0, samples, step))


def _sum(x: np.ndarray) -> np.ndarray:
    """np.sum(x, axis=(1, 3), keepdims=True), as products with ones: BLAS adds up faster."""
    samples, places, groups, each = x.shape
    if places > 1:
        x = np.ones(places, x.dtype) @ x.reshape(samples, places, groups * each)
    if each > 1:
        x = x.reshape(samples * groups, each) @ np.ones(each, x.dtype)
    return x.reshape(samples, 1, groups, 1)


def _mean(x: np.ndarray) -> np.ndarray:
    return _sum(x) / (x.shape[1] * x.shape[3])


def _standard(x: np.ndarray, eps: float, centred: bool) -> Iterator[tuple[Any, Any, Any]]:
    """Turn by turn: which part, its z, and σ."""
    whole = moments(x, centred) if len(x) == 1 else None
    for part in _parts(x):
        mean, variance = whole or moments(x[part], centred)
        sigma = np.sqrt(variance + eps)
        z = x[part] - mean
        z /= sigma
        yield part, z, sigma


def _normalise(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float = 1e-3, centred: bool = True
) -> np.ndarray:
    y, channels = np.empty(x.shape, x.dtype), x.shape[2:]
    for part, z, _ in _standard(x, eps, centred):
        z *= gamma.reshape(channels)
        np.add(z, beta.reshape(channels), out=y[part])
    return y


def _normalise_gain(
    u: np.ndarray, x: np.ndarray, eps: float = 1e-3, centred: bool = True
) -> np.ndarray:
    total = np.zeros(x.shape[2] * x.shape[3], x.dtype)
    for part, z, _ in _standard(x, eps, centred):
        z *= u[part]
        total += np.ones(z.shape[0] * z.shape[1], z.dtype) @ z.reshape(-1, total.size)
    return total


def _normalise_back(
    u: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float = 1e-3, centred: bool = True
) -> np.ndarray:
    y, gain = np.empty(x.shape, x.dtype), gamma.reshape(x.shape[2:])
    places, each = x.shape[1], x.shape[3]
    shift = scale = None
    if len(x) == 1:  # the two means are of the whole sample: one sweep for them, another for y
        shift = _mean(u * gain) if each > 1 else _mean(u) * gain
        scale = np.zeros(shift.shape, x.dtype)
        for part, z, _ in _standard(x, eps, centred):
            z *= u[part]
            z *= gain
            scale += _sum(z)
        scale /= places * each
    for part, z, sigma in _standard(x, eps, centred):
        v = u[part] * gain
        z *= _mean(v * z) if scale is None else scale
        if centred:
            z += _mean(v) if shift is None else shift
        v -= z
        np.divide(v, sigma, out=y[part])
    return y


# ------------------------------------------------------------------------------------- the rows


def _curvature(
    g: Any, y: Any, u: Any, x: Any, gamma: Any, eps: float = 1e-3, centred: bool = True
) -> Any:
    """d<g, y>/dx of y = normalise_back(u, x, γ): how the way back changes when x does.

    With dσ/dx = z / n and d mean(v z)/dx = normalise_back(v, x) / n, n numbers to a mean.
    """
    ones = np.ones(gamma.shape, gamma.dtype)
    mean, about = _mean_of, {"eps": eps, "centred": centred}
    d = x - mean(x) if centred else x
    sigma = np.sqrt(mean(d * d) + eps)
    z, v = d / sigma, u * np.reshape(gamma, x.shape[2:])
    back = normalise_back(g, x, ones, **about)
    return -(z * mean(g * y) + mean(g * z) * y + mean(v * z) * back) / sigma


def _mean_of(x: Any) -> Any:
    return np.mean(x, axis=(1, 3), keepdims=True)


def _over_channels(x: Any, shape: tuple[int, ...]) -> Any:
    """Summed over everything but the channels."""
    return np.reshape(np.sum(x, axis=(0, 1)), shape)


_SHAPES: list[tuple[tuple[int, ...], bool]] = [
    ((1, 4, 3, 1), True), ((2, 3, 2, 2), True), ((3, 1, 1, 4), True), ((2, 1, 1, 3), False),
    ((1, 2, 2, 3), False), ((0, 2, 2, 3), True),
]  # fmt: skip


def _trio(kinds: str) -> Any:
    """Cases of one row of the family; kinds: which of x (or u) and γ its inputs are like."""

    def cases(rng: np.random.Generator) -> Cases:
        return [
            (
                tuple(real(rng, *({"x": shape, "c": (shape[2] * shape[3],)}[k] for k in kinds))),
                {"eps": 0.1, "centred": centred},
            )
            for shape, centred in _SHAPES
        ]

    return cases


normalise: Op = op(
    _normalise,
    lambda g, y, x, gamma, beta, eps=1e-3, centred=True: (
        normalise_back(g, x, gamma, eps=eps, centred=centred)),
    lambda g, y, x, gamma, beta, eps=1e-3, centred=True: (
        normalise_gain(g, x, eps=eps, centred=centred)),
    lambda g, y, x, gamma, beta, eps=1e-3, centred=True: _over_channels(g, beta.shape),
    name="normalise", formula="γ (x - mean x) / √(var x + ε) + β", cases=_trio("xcc"),
)  # fmt: skip
normalise_back: Op = op(
    _normalise_back,
    lambda g, y, u, x, gamma, eps=1e-3, centred=True: (
        normalise_back(g, x, np.ones(gamma.shape, gamma.dtype), eps=eps, centred=centred)
        * np.reshape(gamma, x.shape[2:])),
    _curvature,
    lambda g, y, u, x, gamma, eps=1e-3, centred=True: _over_channels(
        u * normalise_back(g, x, np.ones(gamma.shape, gamma.dtype), eps=eps, centred=centred),
        gamma.shape),
    name="normalise_back", formula="dL/dx of normalise(x, γ), u = dL/dy", cases=_trio("xxc"),
)  # fmt: skip
normalise_gain: Op = op(
    _normalise_gain,
    lambda g, y, u, x, eps=1e-3, centred=True: (
        normalise(x, g, np.zeros(y.shape, y.dtype), eps=eps, centred=centred)),
    lambda g, y, u, x, eps=1e-3, centred=True: normalise_back(u, x, g, eps=eps, centred=centred),
    name="normalise_gain", formula="dL/dγ of normalise(x, γ), u = dL/dy", cases=_trio("xx"),
)  # fmt: skip
