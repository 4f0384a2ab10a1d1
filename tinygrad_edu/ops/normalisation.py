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
follows is the same in one piece, two to three times as fast. Since μ and σ depend on x, moving one x moves
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

import math
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
# Over parts that fit in the cache. Where a mean goes over channels alone (M = 1), z is computed part by
# part. Where it goes over places, z is linear in x once μ and σ are known, and so is the way back in u
# and x: one factor and one offset for each channel of each sample. That takes one sweep for the sums and
# one for the result, in runs of several places, as NumPy likes its rows long.

CACHE = 2**18  # bytes of a part: several arrays of this size are at work at once
RUN = 1024  # numbers


def _runs(x: np.ndarray) -> np.ndarray:
    """(S, M, G, c) as (S, M / k, k G c), so that a row is about a RUN long."""
    samples, places, groups, each = x.shape
    k = math.gcd(places, 1 << max(0, (RUN // max(groups * each, 1)).bit_length() - 1))
    return x.reshape(samples, places // k, k * groups * each)


def _along(v: np.ndarray, length: int) -> np.ndarray:
    """One number for each channel, or group, of each sample, again and again along a run."""
    channels = v.shape[2] * v.shape[3]
    return np.tile(v.reshape(len(v), 1, channels), length // channels)


def _channels(v: np.ndarray, x: np.ndarray) -> np.ndarray:
    """(S, 1, G, 1) as (S, 1, G, c)."""
    return np.broadcast_to(v, (len(v), 1, *x.shape[2:]))


def _parts(rows: np.ndarray) -> Iterator[tuple[slice, slice]]:
    """Which samples, or which rows of a single one, come together, turn by turn."""
    samples, places = rows.shape[:2]
    if samples == 1:
        step = max(1, CACHE // max(rows[:, :1].nbytes, 1))
        yield from ((slice(None), slice(i, i + step)) for i in range(0, places, step))
    else:
        step = max(1, CACHE // max(rows[:1].nbytes, 1))
        yield from ((slice(i, i + step), slice(None)) for i in range(0, samples, step))


def _sums(rows: np.ndarray, shape: tuple[int, ...]) -> np.ndarray:
    """Σ over the places, (S, 1, G, c), of parts of an x of that shape: ones times rows, by BLAS."""
    samples, count, length = rows.shape
    total = np.ones(count, rows.dtype) @ rows if count > 1 else rows[:, 0]
    channels = shape[2] * shape[3]
    if length > channels:
        total = total.reshape(samples, length // channels, channels).sum(axis=1)
    return total.reshape(samples, 1, *shape[2:])


def _mean_of_group(sums: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The mean over places and channels, (S, 1, G, 1), from the sums over places."""
    if x.shape[3] > 1:
        flat = sums.reshape(-1, x.shape[3]) @ np.ones(x.shape[3], x.dtype)
        sums = flat.reshape(len(sums), 1, x.shape[2], 1)
    return sums / (x.shape[1] * x.shape[3])


def moments(x: np.ndarray, centred: bool = True) -> tuple[np.ndarray, np.ndarray]:
    """The mean and the variance of each group of each sample, both (S, 1, G, 1)."""
    rows, sums = _runs(x), np.zeros((len(x), 1, *x.shape[2:]), x.dtype)
    mean = np.zeros((len(x), 1, x.shape[2], 1), x.dtype)
    if centred:
        mean = _mean_of_group(_sums(rows, x.shape), x)
    for part, d in _distances(rows, _channels(mean, x)):
        d *= d
        sums[part[0]] += _sums(d, x.shape)
    return mean, _mean_of_group(sums, x)


def _distances(rows: np.ndarray, mean: np.ndarray) -> Iterator[tuple[Any, np.ndarray]]:
    """Turn by turn: which part, and x - μ of it."""
    along = _along(mean, rows.shape[2])
    for part in _parts(rows):
        yield part, rows[part] - along[part[0]]


def _products(u: np.ndarray, x: np.ndarray, mean: np.ndarray) -> np.ndarray:
    """Σ of u (x - μ) over the places, (S, 1, G, c)."""
    u, total = _runs(u), np.zeros((len(x), 1, *x.shape[2:]), x.dtype)
    for part, d in _distances(_runs(x), _channels(mean, x)):
        d *= u[part]
        total[part[0]] += _sums(d, x.shape)
    return total


def _standard(
    x: np.ndarray, eps: float, centred: bool
) -> Iterator[tuple[slice, np.ndarray, np.ndarray]]:
    """Turn by turn, with M = 1: which samples, their z, and 1 / σ."""
    for samples, _ in _parts(x):
        z = x[samples]
        z = z - _mean_of_group(z, z) if centred else z
        over_sigma = 1 / np.sqrt(_mean_of_group(z * z, z) + eps)
        yield samples, z * over_sigma, over_sigma


def _normalise(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float = 1e-3, centred: bool = True
) -> np.ndarray:
    y, gain, offset = (
        np.empty(x.shape, x.dtype),
        gamma.reshape(x.shape[2:]),
        beta.reshape(x.shape[2:]),
    )
    if x.shape[1] == 1:
        for samples, z, _ in _standard(x, eps, centred):
            z *= gain
            np.add(z, offset, out=y[samples])
        return y
    mean, variance = moments(x, centred)
    factor = gain / np.sqrt(variance + eps)
    rows, ys = _runs(x), _runs(y)
    factor, offset = (_along(v, rows.shape[2]) for v in (factor, offset - mean * factor))
    for part in _parts(rows):
        np.multiply(rows[part], factor[part[0]], out=ys[part])
        ys[part] += offset[part[0]]
    return y


def _normalise_gain(
    u: np.ndarray, x: np.ndarray, eps: float = 1e-3, centred: bool = True
) -> np.ndarray:
    if x.shape[1] == 1:
        total = np.zeros(x.shape[2:], x.dtype)
        for samples, z, _ in _standard(x, eps, centred):
            z *= u[samples]
            total += (np.ones(len(z), z.dtype) @ z.reshape(len(z), total.size)).reshape(total.shape)
        return total.reshape(-1)
    mean, variance = moments(x, centred)
    return (_products(u, x, mean) / np.sqrt(variance + eps)).sum(axis=(0, 1)).reshape(-1)


def _normalise_back(
    u: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float = 1e-3, centred: bool = True
) -> np.ndarray:
    y, gain = np.empty(x.shape, x.dtype), gamma.reshape(x.shape[2:])
    if x.shape[1] == 1:
        for samples, z, over_sigma in _standard(x, eps, centred):
            v = u[samples] * gain
            z *= _mean_of_group(v * z, z)
            if centred:
                z += _mean_of_group(v, v)
            v -= z
            np.multiply(v, over_sigma, out=y[samples])
        return y
    # (v - mean(v) - z mean(v z)) / σ is linear in u and in x: what are the factors?
    mean, variance = moments(x, centred)
    sigma = np.sqrt(variance + eps)
    of_x = -_mean_of_group(_products(u, x, mean) * gain, x) / sigma**3
    offset = -mean * of_x
    if centred:
        offset = offset - _mean_of_group(_sums(_runs(u), x.shape) * gain, x) / sigma
    rows, us, ys = _runs(x), _runs(u), _runs(y)
    of_u, of_x, offset = (
        _along(_channels(v, x), rows.shape[2]) for v in (gain / sigma, of_x, offset)
    )
    for part in _parts(rows):
        some = rows[part] * of_x[part[0]]
        some += offset[part[0]]
        np.multiply(us[part], of_u[part[0]], out=ys[part])
        ys[part] += some
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
    """Summed over everything but the channels: ones times rows, by BLAS."""
    count = x.shape[0] * x.shape[1]
    rows = np.reshape(x, (count, x.shape[2] * x.shape[3]))
    return np.reshape(np.ones(count, x.dtype) @ rows, shape)


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
