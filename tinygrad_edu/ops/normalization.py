"""Normalization: numbers shifted and scaled to mean 0 and variance 1, and then to β and γ².

    z = (x - μ) / σ,    y = γ z + β,    μ = mean of x,    σ² = mean of (x - μ)² + ε

Batch, layer and group normalization differ only in the numbers over which the means are taken. Here x is
always (S, M, G, c): S samples, each with G groups of c channels at M places. The means are over M and c.
γ and β are (G c,), one number for each channel.

    batch norm    (1, N H W, C, 1)          layer norm    (N, 1, 1, D)
    group norm    (N, H W, G, C / G)        (Ioffe and Szegedy 2015; Ba et al. 2016; Wu and He 2018)

RMS normalization does not subtract the mean (`centered=False`): z = x / σ, σ² = mean of x² + ε (Zhang
and Sennrich 2019).

Read `plain_normalize` first: the graph finds its derivatives, to every order. The rest computes the same
with one row, two to three times as fast. Since μ and σ depend on x, changing one x changes every z, and

    dL/dx = (u - mean(u) - z mean(u z)) / σ    with u = g γ

removes from u the directions of a shift and of a scaling of x, as neither changes z. This is linear in u
and symmetric. So the derivatives of the number <u, normalize(x, γ)> form a closed family, as those of the
convolutions do:

    normalize(x, γ, β)       of the shape of u
    normalize_back(u, x, γ)  of the shape of x
    normalize_gain(u, x)     of the shape of γ

Nothing of the forward pass is kept: μ and σ are functions of x, and a rule that took them for constants
would have a wrong second derivative. (A caller that knows them can pass `known=moments(x)`. That saves
computing them again for the value and first derivatives; higher derivatives ignore it.)
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from tinygrad_edu.ops.cases import Cases, real
from tinygrad_edu.ops.complex import demand_real
from tinygrad_edu.ops.formulas import documented
from tinygrad_edu.ops.recurrent import Once
from tinygrad_edu.ops.reductions import in_single, sum_of_rows, wide
from tinygrad_edu.tensor import Op, op


def plain_normalize(x: Any, gamma: Any, beta: Any, eps: float = 1e-3, centered: bool = True) -> Any:
    """`normalize` as in a textbook."""
    d = x - np.mean(x, axis=(1, 3), keepdims=True) if centered else x
    sigma = np.sqrt(np.mean(d * d, axis=(1, 3), keepdims=True) + eps)
    return d / sigma * np.reshape(gamma, x.shape[2:]) + np.reshape(beta, x.shape[2:])


# ---------------------------------------------------------------------------------- the fast way
#
# As many samples as fit in the cache are computed together, and sums are products with ones, by BLAS. Of rows
# (M = G = 1) z is computed directly. Over places, z is linear in x once μ and σ are known, and dL/dx is
# linear in u and x: one factor and one offset for each channel of each sample. NumPy is fast on long rows,
# so several places make such a row.

CACHE = 2**18  # bytes of a part; smaller ones would cost more calls
RUN = 1024  # numbers

Moments = tuple[np.ndarray, np.ndarray]


def _samples(x: np.ndarray) -> list[slice]:
    """The samples that are computed together."""
    if x.nbytes <= CACHE:
        return [slice(None)] if len(x) else []
    step = max(1, CACHE // max(x[:1].nbytes, 1))
    return [slice(i, i + step) for i in range(0, len(x), step)]


@in_single
def _normalize(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float = 1e-3, centered: bool = True,
    known: Moments | None = None,
) -> np.ndarray:  # fmt: skip
    demand_real(x, "normalize")
    y = np.empty(x.shape, x.dtype)
    some = _rows_forward if x.shape[1:3] == (1, 1) else _places_forward
    steepest = [some(x[part], gamma, beta, eps, centered, known, y[part]) for part in _samples(x)]
    for (s, k), unit in _huge(x, steepest).items():
        here, channels = _group(x, s, k)
        group = x[here] / unit
        y[here] = _normalize(group, gamma[channels], beta[channels], _tiny(x), centered)
    return y


def _gradients(
    u: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float = 1e-3, centered: bool = True,
    known: Moments | None = None,
) -> list[np.ndarray]:  # fmt: skip
    """dL/dx, dL/dγ and dL/dβ of y = normalize(x, γ, β) with u = dL/dy."""
    demand_real(u, "normalize")
    u, x, gamma = wide(u), wide(x), wide(gamma)
    dx, dgamma, dbeta = np.empty(x.shape, x.dtype), np.zeros_like(gamma), np.zeros_like(gamma)
    some, steepest = _rows_back if x.shape[1:3] == (1, 1) else _places_back, []
    for part in _samples(x):
        more = some(u[part], x[part], gamma, eps, centered, known, dx[part])
        dgamma += more[0]
        dbeta += more[1]
        steepest.append(more[2])
    huge = _huge(x, steepest)
    if huge:
        return _gradients_of_huge(huge, u, x, gamma, eps, centered)
    return [dx, dgamma, dbeta]


# Squares of numbers like 1e25 overflow in float32. Such groups are rare, and are computed one by one, in
# units of their largest number, beside which ε is nothing. (NumPy has warned of the overflow by then; to
# silence it would cost a twentieth of the time of small inputs.)


def _huge(x: np.ndarray, steepest: list[float]) -> dict[tuple[int, int], Any]:
    """(sample, group) -> its largest |x|, where σ³ overflows; usually none, as the largest σ tell.

    steepest   the smallest 1 / σ of each part
    """
    limit = _limit(x.dtype)
    if all([slope > limit for slope in steepest]):
        return {}
    largest = np.abs(x).max(axis=(1, 3), initial=0)
    return {
        (s, k): largest[s, k]
        for s, k in np.argwhere((largest > 1e-3 / limit) & (largest < np.inf)).tolist()
    }


@functools.cache
def _limit(dtype: np.dtype) -> float:
    return float(np.finfo(dtype).max) ** -0.3


def _group(x: np.ndarray, s: int, k: int) -> tuple[tuple[slice, ...], slice]:
    """Where group k of sample s is in x, and where its channels are in γ."""
    c = x.shape[3]
    return (slice(s, s + 1), slice(None), slice(k, k + 1)), slice(k * c, (k + 1) * c)


def _tiny(x: np.ndarray) -> float:
    return float(np.finfo(x.dtype).tiny)


def _gradients_of_huge(
    huge: dict[tuple[int, int], Any], u: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float,
    centered: bool,
) -> list[np.ndarray]:  # fmt: skip
    """`_gradients`, with some groups in other units: normalize(x / unit) has the same value."""
    rest, others = u.copy(), x.copy()
    for s, k in huge:
        rest[s, :, k] = others[s, :, k] = 0
    dx, dgamma, dbeta = _gradients(rest, others, gamma, eps, centered)
    for (s, k), unit in huge.items():
        here, channels = _group(x, s, k)
        more = _gradients(u[here], x[here] / unit, gamma[channels], _tiny(x), centered)
        dx[here] = more[0] / unit
        dgamma[channels] += more[1]
        dbeta[channels] += more[2]
    return [dx, dgamma, dbeta]


# Rows: (S, 1, 1, c).


def _standard(
    x: np.ndarray, eps: float, centered: bool, out: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """x - μ of some rows, in `out`, and 1 / σ. (If not centered: x itself.)"""
    if centered:
        mean = x @ np.full(x.shape[1], 1 / x.shape[1], x.dtype)
        x = np.subtract(x, mean[:, None], out=out)
    return x, 1 / np.sqrt(np.vecdot(x, x) / x.shape[1] + eps)


def _times(x: np.ndarray, gamma: np.ndarray, out: np.ndarray, by: np.ufunc = np.multiply) -> None:
    """Multiplies each row of x by γ (or adds it, ...), in runs of several rows."""
    k = math.gcd(len(x), 1 << max(0, (RUN // gamma.size).bit_length() - 1))
    run = np.concatenate([gamma] * k)
    by(x.reshape(-1, run.size), run, out=out.reshape(-1, run.size))


def _rows_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float, centered: bool,
    _: Any, y: np.ndarray,
) -> float:  # fmt: skip
    x, y = x[:, 0, 0], y[:, 0, 0]
    d, over_sigma = _standard(x, eps, centered, y)
    np.multiply(d, over_sigma[:, None], out=y)
    _times(y, gamma, y)
    _times(y, beta, y, np.add)
    return over_sigma[over_sigma.argmin()]


def _rows_back(
    u: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float, centered: bool,
    _: Any, dx: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, float]:  # fmt: skip
    u, x, dx = u[:, 0, 0], x[:, 0, 0], dx[:, 0, 0]
    d, over_sigma = _standard(x, eps, centered, np.empty_like(x))
    ud = u * d
    dgamma, dbeta = over_sigma @ ud, np.ones(len(u), u.dtype) @ u
    # (v - mean(v) - z mean(v z)) / σ with v = u γ and z = d / σ
    shares = gamma / gamma.size
    np.multiply(d, (ud @ shares * over_sigma * over_sigma)[:, None], out=dx)
    _times(u, gamma, ud)
    np.subtract(ud, dx, out=dx)
    if centered:
        dx -= (u @ shares)[:, None]
    dx *= over_sigma[:, None]
    return dgamma, dbeta, over_sigma[over_sigma.argmin()]


# Over places: (S, M, G, c).


def _runs(x: np.ndarray) -> np.ndarray:
    """(S, M, G, c) as (S, M / k, k G c), so that a row is about a RUN long."""
    samples, places, groups, each = x.shape
    k = math.gcd(places, 1 << max(0, (RUN // max(groups * each, 1)).bit_length() - 1))
    return x.reshape(samples, places // k, k * groups * each)


def _along(v: np.ndarray, x: np.ndarray) -> np.ndarray:
    """One number for each channel, or group, of each sample of x, repeated along a run."""
    samples, _, groups, each = x.shape
    if v.shape[3] < each:
        v = np.broadcast_to(v, (samples, 1, groups, each))
    v = v.reshape(samples, 1, groups * each)
    times = _runs(x).shape[2] // max(groups * each, 1)
    return v if times == 1 else np.concatenate([v] * times, axis=2)


def _parts(rows: np.ndarray) -> Iterator[Any]:
    """Yields the runs that are computed together: some of one sample, or all of several samples."""
    step = rows.shape[1] if len(rows) > 1 else max(1, CACHE // max(rows[:, :1].nbytes, 1))
    yield from ((slice(None), slice(i, i + step)) for i in range(0, rows.shape[1], step))


def _sums(rows: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Σ over the places, (S, 1, G, c), of some runs of x."""
    total = np.ones(rows.shape[1], rows.dtype) @ rows
    samples, _, groups, each = x.shape
    return total.reshape(samples, -1, groups, each).sum(axis=1, keepdims=True)


def _mean_of_group(sums: np.ndarray, x: np.ndarray) -> np.ndarray:
    """The mean over places and channels, (S, 1, G, 1), from the sums over places."""
    if x.shape[3] > 1:
        sums = sums.sum(axis=3, keepdims=True)
    return sums / (x.shape[1] * x.shape[3])


def moments(x: np.ndarray, centered: bool = True) -> Moments:
    """The mean and the variance of each group of each sample, both (S, 1, G, 1)."""
    x = wide(x)
    rows, squares = _runs(x), np.zeros((len(x), 1, *x.shape[2:]), x.dtype)
    mean = np.zeros((len(x), 1, x.shape[2], 1), x.dtype)
    if centered:
        mean = _mean_of_group(_sums(rows, x), x)
    along = _along(mean, x)
    for part in _parts(rows):
        d = rows[part] - along
        d *= d
        squares += _sums(d, x)
    return mean, _mean_of_group(squares, x)


def _places_forward(
    x: np.ndarray, gamma: np.ndarray, beta: np.ndarray, eps: float, centered: bool,
    known: Moments | None, y: np.ndarray,
) -> float:  # fmt: skip
    mean, variance = known or moments(x, centered)
    sigma = np.sqrt(variance + eps)
    factor = gamma.reshape(x.shape[2:]) / sigma
    factor, offset = _along(factor, x), _along(beta.reshape(x.shape[2:]) - mean * factor, x)
    rows, ys = _runs(x), _runs(y)
    for part in _parts(rows):
        np.multiply(rows[part], factor, out=ys[part])
        ys[part] += offset
    return 1 / sigma.item(sigma.argmax())


def _places_back(
    u: np.ndarray, x: np.ndarray, gamma: np.ndarray, eps: float, centered: bool,
    known: Moments | None, dx: np.ndarray,
) -> tuple[np.ndarray, np.ndarray, float]:  # fmt: skip
    mean, variance = known or moments(x, centered)
    gain, sigma = gamma.reshape(x.shape[2:]), np.sqrt(variance + eps)
    sums = np.zeros((2, len(x), 1, *x.shape[2:]), x.dtype)  # of u, and of u (x - μ)
    rows, us, dxs, along = _runs(x), _runs(u), _runs(dx), _along(mean, x)
    for part in _parts(rows):
        sums[0] += _sums(us[part], x)
        d = rows[part] - along
        d *= us[part]
        sums[1] += _sums(d, x)
    # (v - mean(v) - z mean(v z)) / σ is linear in u and in x; these are the factors
    of_x = -_mean_of_group(sums[1] * gain, x) / sigma**3
    offset = -mean * of_x
    if centered:
        offset = offset - _mean_of_group(sums[0] * gain, x) / sigma
    of_u, of_x, offset = (_along(v, x) for v in (gain / sigma, of_x, offset))
    for part in _parts(rows):
        some = rows[part] * of_x
        some += offset
        np.multiply(us[part], of_u, out=dxs[part])
        dxs[part] += some
    of_gamma = (sums[1] / sigma).sum(axis=(0, 1)).reshape(-1)
    return of_gamma, sums[0].sum(axis=(0, 1)).reshape(-1), 1 / sigma.item(sigma.argmax())


# ------------------------------------------------------------------------------------- the rows


def _curvature(
    g: Any, y: Any, u: Any, x: Any, gamma: Any, eps: float = 1e-3, centered: bool = True
) -> Any:
    """-(z mean(g y) + mean(g z) y + mean(u γ z) normalize_back(g, x)) / σ, z = (x - mean x) / σ

    With dσ/dx = z / n and d mean(v z)/dx = normalize_back(v, x) / n, n numbers to a mean.
    """
    g, y, u, x, gamma = map(wide, (g, y, u, x, gamma))
    ones = np.ones(gamma.shape, gamma.dtype)
    mean, about = _mean_of, {"eps": eps, "centered": centered}
    d = x - mean(x) if centered else x
    sigma = np.sqrt(mean(d * d) + eps)
    z, v = d / sigma, u * np.reshape(gamma, x.shape[2:])
    back = normalize_back(g, x, ones, **about)
    return -(z * mean(g * y) + mean(g * z) * y + mean(v * z) * back) / sigma


def _mean_of(x: Any) -> Any:
    return np.mean(x, axis=(1, 3), keepdims=True)


def sum_over_channels(x: Any, shape: tuple[int, ...]) -> Any:
    """The sum over everything but the channels."""
    rows = np.reshape(wide(x), (*x.shape[:2], x.shape[2] * x.shape[3]))
    return np.reshape(sum_of_rows(rows), shape)


_SHAPES: list[tuple[tuple[int, ...], bool]] = [
    ((1, 4, 3, 1), True), ((2, 3, 2, 2), True), ((3, 1, 1, 4), True), ((2, 1, 1, 3), False),
    ((1, 2, 2, 3), False), ((0, 2, 2, 3), True),
]  # fmt: skip


def _trio(kinds: str) -> Any:
    """Cases of one row of the family; kinds: is an input like x (or u), or like γ?"""

    def cases(rng: np.random.Generator) -> Cases:
        return [
            (
                tuple(real(rng, *({"x": shape, "c": (shape[2] * shape[3],)}[k] for k in kinds))),
                {"eps": 0.1, "centered": centered},
            )
            for shape, centered in _SHAPES
        ]

    return cases


_found = Once(lambda g, y, x, gamma, **settings: _gradients(g, x, gamma, **settings))


def _rule(number: int, by_rows: Callable, formula: str) -> Callable:
    """A rule of `normalize`. On arrays all three are found in one go; Tensors go through the rows."""

    def rule(
        g: Any, y: Any, x: Any, gamma: Any, beta: Any, eps: float = 1e-3, centered: bool = True,
        known: Any = None,
    ) -> Any:  # fmt: skip
        if all(type(z) is np.ndarray for z in (g, x, gamma)):
            return _found(g, y, x, gamma, eps=eps, centered=centered, known=known)[number]
        return by_rows(g, x, gamma, eps=eps, centered=centered)

    return documented(rule, formula)


normalize: Op = op(
    _normalize,
    _rule(0, lambda g, x, gamma, **settings: normalize_back(g, x, gamma, **settings),
          "γ (g - mean g - z mean(g z)) / √(var x + ε), z = (x - mean x) / √(var x + ε)"),
    _rule(1, lambda g, x, gamma, **settings: normalize_gain(g, x, **settings),
          "Σ g z over samples and places, z = (x - mean x) / √(var x + ε)"),
    _rule(2, lambda g, x, gamma, **settings: sum_over_channels(g, gamma.shape),
          "Σ g over samples and places"),
    name="normalize", formula="γ (x - mean x) / √(var x + ε) + β", cases=_trio("xcc"),
)  # fmt: skip
normalize_back: Op = op(
    lambda u, x, gamma, eps=1e-3, centered=True: _gradients(u, x, gamma, eps, centered)[0],
    lambda g, y, u, x, gamma, eps=1e-3, centered=True: (
        normalize_back(g, x, np.ones(gamma.shape, gamma.dtype), eps=eps, centered=centered)
        * np.reshape(gamma, x.shape[2:])),
    _curvature,
    documented(
        lambda g, y, u, x, gamma, eps=1e-3, centered=True: sum_over_channels(
            u * normalize_back(g, x, np.ones(gamma.shape, gamma.dtype), eps=eps, centered=centered),
            gamma.shape),
        "Σ u normalize_back(g, x) over samples and places"),
    name="normalize gradient", formula="dL/dx of normalize(x, γ), u = dL/dy", cases=_trio("xxc"),
)  # fmt: skip
normalize_gain: Op = op(
    lambda u, x, eps=1e-3, centered=True: (
        _gradients(u, x, np.ones(x.shape[2] * x.shape[3], x.dtype), eps, centered)[1]),
    lambda g, y, u, x, eps=1e-3, centered=True: (
        normalize(x, g, np.zeros(y.shape, y.dtype), eps=eps, centered=centered)),
    lambda g, y, u, x, eps=1e-3, centered=True: normalize_back(u, x, g, eps=eps, centered=centered),
    name="normalize gain gradient", formula="dL/dγ of normalize(x, γ), u = dL/dy", cases=_trio("xx"),
)  # fmt: skip
