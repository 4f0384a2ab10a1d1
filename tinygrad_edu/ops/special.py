"""Special functions: the error function, Γ and its relatives, sinc, Bessel; and activations made of them.

The derivatives are as short as in the other chapters, because each of these functions belongs to a
family that is closed under differentiation (polygamma of order n gives order n + 1). What takes space
here is computing the values from ordinary arithmetic, to about the last digit of float64.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import user_line
from tinygrad_edu.ops.activations import softplus
from tinygrad_edu.ops.cases import each, inside_unit, nonzero, positive, real
from tinygrad_edu.ops.complex import demand_real
from tinygrad_edu.ops.elementwise import LN2, finite, row, sech2, sigmoid
from tinygrad_edu.ops.formulas import documented
from tinygrad_edu.ops.pieces import in_pieces, pieces
from tinygrad_edu.tensor import ROWS, Op, value


def polynomial(coefficients: Sequence[float], x: np.ndarray) -> np.ndarray:
    """c₀ xⁿ + c₁ xⁿ⁻¹ + ... + cₙ, by Horner's rule."""
    y = np.full_like(x, coefficients[0])
    for c in coefficients[1:]:
        y *= x
        y += c
    return y


# ------------------------------------------------------------------------------ the error function
#
# W. J. Cody, "Rational Chebyshev approximations for the error function", Mathematics of Computation 23
# (1969): one quotient of polynomials for |x| ≤ 0.46875, one up to 4, one beyond. For float32, where
# erf 4 = 1, a single quotient (the one of the Eigen library) leaves an error of 4e-7, and is 6 times faster.

_ERF = (
    (1.85777706184603153e-1, 3.16112374387056560, 1.13864154151050156e2, 3.77485237685302021e2,
     3.20937758913846947e3),
    (1, 2.36012909523441209e1, 2.44024637934444173e2, 1.28261652607737228e3, 2.84423683343917062e3),
)  # fmt: skip
_ERFC = (
    (2.15311535474403846e-8, 5.64188496988670089e-1, 8.88314979438837594, 6.61191906371416295e1,
     2.98635138197400131e2, 8.81952221241769090e2, 1.71204761263407058e3, 2.05107837782607147e3,
     1.23033935479799725e3),
    (1, 1.57449261107098347e1, 1.17693950891312499e2, 5.37181101862009858e2, 1.62138957456669019e3,
     3.29079923573345963e3, 4.36261909014324716e3, 3.43936767414372164e3, 1.23033935480374942e3),
)  # fmt: skip
_TAIL = (
    (1.63153871373020978e-2, 3.05326634961232344e-1, 3.60344899949804439e-1, 1.25781726111229246e-1,
     1.60837851487422766e-2, 6.58749161529837803e-4),
    (1, 2.56852019228982242, 1.87295284992346725, 5.27905102951428412e-1, 6.05183413124413191e-2,
     2.33520497626869185e-3),
)  # fmt: skip
_SINGLE = (
    (-2.72614225801306e-10, 2.77068142495902e-08, -2.10102402082508e-06, -5.69250639462346e-05,
     -7.34990630326855e-04, -2.95459980854025e-03, -1.60960333262415e-02),
    (-1.45660718464996e-05, -2.13374055278905e-04, -1.68282697438203e-03, -7.37332916720468e-03,
     -1.42647390514189e-02),
)  # fmt: skip


def _quotient(c: tuple, x: np.ndarray) -> np.ndarray:
    y = polynomial(c[0], x)
    y /= polynomial(c[1], x)
    return y


def _scaled_erfc(a: np.ndarray) -> np.ndarray:
    """e^(a²) erfc a, for 0.46875 < a < 40."""
    y = _quotient(_ERFC, a)
    far = np.flatnonzero(a > 4)
    if far.size:
        u = 1 / (a[far] * a[far])
        y[far] = (1 / math.sqrt(math.pi) - u * _quotient(_TAIL, u)) / a[far]
    return y


def _bell(x: np.ndarray, c: float = 1.0) -> np.ndarray:
    """e^(-c x²) in two factors: the square of a rounded x is exact."""
    x = np.minimum(np.abs(x), 40.0)  # where it is 0
    rounded = np.trunc(x * 256) / 256
    return np.exp(-c * rounded * rounded) * np.exp(-c * (x - rounded) * (x + rounded))


def _bell_single(x: np.ndarray, c: float = 1.0) -> np.ndarray:
    squares = np.square(x, dtype=np.float64)  # exact
    squares *= -c
    return np.exp(squares, out=squares)


def _erfc_of_size(a: np.ndarray) -> np.ndarray:
    """erfc of |x| > 0.46875."""
    a = np.minimum(a, 40.0)
    return _scaled_erfc(a) * _bell(a)


def _erf_near_0(x: np.ndarray) -> np.ndarray:
    return x * _quotient(_ERF, x * x)


def _erf_double(x: np.ndarray) -> np.ndarray:
    a = np.abs(x)
    return np.where(a <= 0.46875, _erf_near_0(x), np.copysign(1 - _erfc_of_size(a), x))


def _erf_single(x: np.ndarray) -> np.ndarray:
    x = np.clip(x, -4, 4)
    return x * _quotient(_SINGLE, x * x)


def _erfc_double(x: np.ndarray) -> np.ndarray:
    a = np.abs(x)
    far = _erfc_of_size(a)
    return np.where(a <= 0.46875, 1 - _erf_near_0(x), np.where(x > 0, far, 2 - far))


@in_pieces
def _erfinv(x: np.ndarray) -> np.ndarray:
    """Three of Halley's steps, each of which triples the digits, from Winitzki's formula (2008)."""
    a = np.abs(x)
    rest = 1 - a  # exact where it is small
    log = np.log(rest * (1 + a))
    t = 2 / (math.pi * 0.147) + log / 2
    y = np.where(a < 0.3, a * math.sqrt(math.pi) / 2, np.sqrt(np.sqrt(t * t - log / 0.147) - t))
    for _ in range(3):
        error = np.where(a < 0.5, _erf_double(y) - a, rest - _erfc_double(y))
        step = error * (math.sqrt(math.pi) / 2) / _bell(y)
        y -= step / (1 + y * step)
    return np.copysign(np.where(a == 1, np.inf, y), x)


# The normal distribution, Φ(x) = erfc(-x / √2) / 2. The last digit of x / √2 would matter in e^(-x²/2), but
# not in the other factor. In float32 that is a polynomial in t = 1 / (1 + 0.35 |x|), fitted to have the
# smallest relative error (3e-8).

_MILLS = (
    -2.915727451e-2, 1.440289280e-1, -2.558369966e-1, 1.593197330e-1, -2.321379581e-2, 1.055535759e-1,
    1.198209431e-1, 1.398635668e-1, 1.396213039e-1,
)  # fmt: skip


def _normal_cdf_double(x: np.ndarray) -> np.ndarray:
    a = np.minimum(np.abs(x), 40.0)
    far = 0.5 * _scaled_erfc(a * math.sqrt(0.5)) * _bell(a, 0.5)
    near = 0.5 + 0.5 * _erf_near_0(x * math.sqrt(0.5))
    return np.where(a <= 0.66, near, np.where(x > 0, 1 - far, far))


def _normal_cdf_single(x: np.ndarray) -> np.ndarray:
    a = np.minimum(np.abs(x), 40.0)
    t = 1 / (1 + 0.35 * a)
    far = t * polynomial(_MILLS, t) * _bell_single(a, 0.5)
    above = (x > 0).astype(x.dtype)  # np.where takes ten times as long where signs are mixed
    return far * (1 - 2 * above) + above


_normal_cdf = in_pieces(_normal_cdf_double, _normal_cdf_single)


# ------------------------------------------------------------------------------------ Γ and its kin
#
# ln Γ: between 2 and 3 the rational approximation of S. L. Moshier's Cephes library; from 13 on
# Stirling's series; in between and below, Γ(x + 1) = x Γ(x). Abramowitz and Stegun, chapter 6.

DENSITY = math.sqrt(0.5 / math.pi)  # of the normal distribution at 0

_GAMMA = (
    (-1.37825152569120859100e3, -3.88016315134637840924e4, -3.31612992738871184744e5,
     -1.16237097492762307383e6, -1.72173700820839662146e6, -8.53555664245765465627e5),
    (1, -3.51815701436523470549e2, -1.70642106651881159223e4, -2.20528590553854454839e5,
     -1.13933444367982507207e6, -2.53252307177582951285e6, -2.01889141433532773231e6),
)  # fmt: skip
_BERNOULLI = (
    1 / 6,
    -1 / 30,
    1 / 42,
    -1 / 30,
    5 / 66,
    -691 / 2730,
    7 / 6,
    -3617 / 510,
)  # B₂, B₄, ...


def _lgamma_positive(x: np.ndarray) -> np.ndarray:
    """ln Γ(x) for x > 0: Stirling's series, and ln of the product of steps plus the rational part."""
    big = np.maximum(x, 13.0)
    series = polynomial(
        [b / ((2 * k + 2) * (2 * k + 1)) for k, b in enumerate(_BERNOULLI)][::-1], big**-2.0
    )
    stirling = (big - 0.5) * np.log(big) - big + 0.5 * math.log(2 * math.pi) + series / big
    x, above = np.minimum(x, 13.0), np.ones_like(x)
    below = np.where(x < 1.9, x, 1) * np.where(x < 0.9, x + 1, 1)
    u = x - (x >= 0.9) - (x >= 1.9)  # the distance from 2 of x, x + 1 or x + 2: near 0 it is exact
    while (high := u >= 1).any():
        above *= np.where(high, u + 1, 1)
        u = u - high
    small = np.log(above) - np.log(below) + u * _quotient(_GAMMA, u)
    return np.where(big > 13, stirling, small)


@in_pieces
def _lgamma(x: np.ndarray) -> np.ndarray:
    """ln |Γ(x)|; below 0 by Γ(x) Γ(1 - x) = π / sin πx."""
    y = _lgamma_positive(np.where(x > 0, x, 1 - x))
    if (x <= 0).any():
        mirrored = math.log(math.pi) - np.log(np.abs(np.sin(np.pi * (x - np.rint(x))))) - y
        y = np.where(x > 0, y, mirrored)
    return np.where(np.isinf(x), np.inf, y)


def _cot_derivative(x: np.ndarray, n: int) -> np.ndarray:
    """The n-th derivative of π cot πx, a polynomial in c = cot πx, because c' = -π (1 + c²)."""
    p = np.polynomial.Polynomial([0.0, 1.0])
    for _ in range(n):
        p = p.deriv() * np.polynomial.Polynomial([-1.0, 0.0, -1.0])
    return math.pi ** (n + 1) * p(1 / np.tan(np.pi * (x - np.rint(x))))


@in_pieces
def _polygamma(x: np.ndarray, n: int = 1) -> np.ndarray:
    """ψ⁽ⁿ⁾(x), the derivative of order n + 1 of ln Γ.

    ψ⁽ⁿ⁾(x) = ψ⁽ⁿ⁾(x + 1) - dⁿ/dxⁿ 1/x up to x > 10 + n, where the series of Abramowitz and Stegun (6.3.18,
    6.4.11) has all its digits; below 0 by ψ(1 - x) - ψ(x) = π cot πx.
    """
    u, steps = np.where(x > 0, x, 1 - x), np.zeros_like(x)
    while (low := u < 10 + n).any():
        steps += np.where(low, u ** -(n + 1.0), 0)
        u = u + low
    if n == 0:
        y = np.log(u) - 0.5 / u - steps
        y -= polynomial([b / (2 * k + 2) for k, b in enumerate(_BERNOULLI)][::-1], u**-2.0) / (
            u * u
        )
    else:
        terms = [
            b * math.factorial(2 * k + 1 + n) / math.factorial(2 * k + 2)
            for k, b in enumerate(_BERNOULLI)
        ]
        y = (
            math.factorial(n - 1)
            + math.factorial(n) / (2 * u)
            + polynomial(terms[::-1], u**-2.0) / (u * u)
        )
        y = (-1) ** (n + 1) * (y * u ** -float(n) + math.factorial(n) * steps)
    if (x <= 0).any():
        y = np.where(x > 0, y, (-1) ** n * y - _cot_derivative(x, n))
        poles = (x <= 0) & (x == np.rint(x))
        if poles.any():
            name = "digamma" if n == 0 else "polygamma"
            warnings.warn(
                f"{name}: 0, -1, -2, ... are poles, where it is nan.{user_line()}",
                RuntimeWarning,
                stacklevel=2,
            )
            y[poles] = np.nan
    return y


def _digamma(x: np.ndarray) -> np.ndarray:
    return _polygamma(x, n=0)


# ------------------------------------------------------------------------------- sinc, and Bessel's I


@in_pieces
def _sinc_derivative(x: np.ndarray, n: int = 1) -> np.ndarray:
    """The n-th derivative of f = sin u / u, u = πx.

    u f = sin u, differentiated n times, is u f⁽ⁿ⁾ + n f⁽ⁿ⁻¹⁾ = sin(u + nπ/2): a recurrence that is exact for
    large u. For |u| < n + 1 the power series of f, differentiated term by term.
    """
    u = math.pi * x
    near = np.abs(u) < n + 1
    far = np.where(near, n + 1.0, u)
    angle = math.pi * np.where(near, (n + 1) / math.pi, x - 2 * np.rint(x / 2))  # whole turns less
    f = np.sin(angle) / far
    for k in range(1, n + 1):
        f = (np.sin(angle + k * (math.pi / 2)) - k * f) / far
    terms = [
        (-1) ** k * (math.factorial(2 * k) // math.factorial(2 * k - n)) / math.factorial(2 * k + 1)
        for k in range((n + 1) // 2, n + 16)
    ]
    u = np.where(near, u, 0)
    series = polynomial(terms[::-1], u * u) * (u if n % 2 else 1)
    return math.pi**n * np.where(near, series, f)


def _sinc(x: np.ndarray) -> np.ndarray:
    return _sinc_derivative(x, n=0)


@in_pieces
def _bessel_i(x: np.ndarray, n: int = 1) -> np.ndarray:
    """I_n(x) = Σ (x/2)^(2k + n) / k! (k + n)!: all terms have one sign, so that no digit is lost.

    For large |x| e^x / √(2πx) (1 - (4n² - 1) / 8x + ...), Abramowitz and Stegun 9.7.1: in a long series the
    rounding of x² would add up.
    """
    far = np.abs(x) > max(25, n * n)
    near = np.where(far, 0, x)
    term = (near / 2) ** n / math.factorial(n)
    total, k = term.copy(), 0
    while (np.abs(term) > 1e-17 * np.abs(total)).any():
        k += 1
        term *= near * near / (4 * k * (k + n))
        total += term
    if far.any():
        a = np.minimum(np.abs(x[far]), 1e4)
        term = np.ones_like(a)
        asymptotic = term.copy()
        for k in range(1, 40):
            term *= ((2 * k - 1) ** 2 - 4 * n * n) / (8 * k * a)
            asymptotic += term
        root = np.exp(a / 2)
        y = root / np.sqrt(2 * math.pi * a) * asymptotic * root
        total[far] = np.where(x[far] < 0, (-1) ** n * y, y)
    return total


def _i0(x: np.ndarray) -> np.ndarray:
    return _bessel_i(x, n=0)


# ---------------------------------------------------------------------------------------- the rows


erf = row(
    in_pieces(_erf_double, _erf_single), lambda g, y, x: g * (2 / math.sqrt(math.pi) * bell(x)),
    name="erf", formula="2/√π ∫₀ˣ e^(-t²) dt",
)  # fmt: skip
erfc = row(
    in_pieces(_erfc_double), lambda g, y, x: g * (-2 / math.sqrt(math.pi) * bell(x)),
    name="erfc", formula="1 - erf x, exact for large x",
)  # fmt: skip
erfinv = row(
    _erfinv, lambda g, y, x: g * (math.sqrt(math.pi) / 2 / bell(y)), name="erfinv",
    formula="the y with erf y = x", domain="-1 < x < 1", draw=inside_unit,
)  # fmt: skip
normal_cdf = row(
    _normal_cdf, lambda g, y, x: g * (DENSITY * bell(x, c=0.5)),
    name="normal_cdf", formula="Φ(x), the probability that a standard normal number is smaller than x",
)  # fmt: skip
bell: Op = row(
    in_pieces(_bell, _bell_single),
    documented(lambda g, y, x, c=1.0: g * (finite(x) * y * (-2 * c)), "g * (x * y * (-2 * c))"),
    name="bell", formula="e^(-c x²)", conditioning="near the zeros of its second derivative",
    cases=each(real, ((3, 4), {}), ((3,), {"c": 0.5})),
)  # fmt: skip
lgamma = row(
    _lgamma, lambda g, y, x: g * digamma(x),
    name="lgamma", formula="ln |Γ(x)|", domain="x > 0, or no whole number", draw=positive,
    conditioning="near the zeros of its derivatives",
)  # fmt: skip
digamma: Op = row(
    _digamma, lambda g, y, x: g * polygamma(x, n=1),
    name="digamma", formula="ψ(x), the derivative of ln Γ(x)", domain="x > 0, or no whole number",
    draw=positive, conditioning="near its zeros",
)  # fmt: skip
polygamma: Op = row(
    _polygamma, lambda g, y, x, n=1: g * polygamma(x, n=n + 1),
    name="polygamma", formula="ψ⁽ⁿ⁾(x), the n-th derivative of ψ", domain="x > 0, or no whole number",
    cases=lambda rng: [((*positive(rng, (3, 4)),), {"n": 1}), ((np.array([2.5, -0.6]),), {"n": 2})],
)  # fmt: skip
sinc = row(
    _sinc, lambda g, y, x: g * sinc_derivative(x, n=1),
    name="sinc", formula="sin πx / πx, and 1 at 0", conditioning="near its zeros",
)  # fmt: skip
ROWS[np.sinc] = sinc
sinc_derivative: Op = row(
    _sinc_derivative, lambda g, y, x, n=1: g * sinc_derivative(x, n=n + 1),
    name="sinc derivative", formula="the n-th derivative of sin πx / πx", conditioning="near its zeros",
    cases=lambda rng: [((np.array([0.0, 1e-9, -2, 7.3]),), {"n": 1}), ((rng.normal(size=3),), {"n": 3})],
)  # fmt: skip
i0 = row(
    _i0,
    lambda g, y, x: g * bessel_i(x, n=1),
    name="i0",
    formula="I₀(x), the modified Bessel function",
)
ROWS[np.i0] = i0
bessel_i: Op = row(
    _bessel_i,
    lambda g, y, x, n=1: g * ((bessel_i(x, n=abs(n - 1)) + bessel_i(x, n=n + 1)) / 2),
    name="bessel_i", formula="Iₙ(x)",
    cases=lambda rng: [((*nonzero(rng, (3, 4)),), {"n": 1}), ((np.array([0.0, 2.0]),), {"n": 0})],
)  # fmt: skip

# ------------------------------------------------------------------------------------- activations
#
# These are x times a gate that rises from 0 to 1. Only a gate with all digits where it is nearly 0, and slope
# with all digits at both ends, leave the products right.


def gated(gate: Op, slope: Callable, **about: Any) -> Op:
    """The row of x gate(x), where slope(x) = gate'(x)."""

    def rule(g: Any, y: Any, x: Any) -> Any:
        """g (s(x) + x s'(x)), where s is the factor of x"""
        infinite = np.isinf(value(x))  # where the slope is 0
        return g * (gate(x) + (np.where(infinite, 0, x) if infinite.any() else x) * slope(x))

    def forward(x: np.ndarray) -> np.ndarray:
        nothing = np.min(x, initial=0) == -np.inf  # times 0
        return (np.where(np.isneginf(x), 0, x) if nothing else x) * gate.forward(x)

    return row(
        forward, rule,
        conditioning="near the zeros of its derivatives", **about,
    )  # fmt: skip


silu = gated(sigmoid, lambda x: sech2(x, c=0.5), name="silu", formula="x / (1 + e⁻ˣ)")
gelu = gated(
    normal_cdf, lambda x: DENSITY * bell(x, c=0.5),
    name="gelu", formula="x Φ(x), Φ the normal distribution",
)  # fmt: skip


def _log_cosh(x: np.ndarray) -> np.ndarray:
    demand_real(x, "log_cosh")
    # cosh x = 1 + 2 sinh²(x / 2); for large x that overflows
    size = np.abs(x)
    near = np.sinh(0.5 * np.minimum(size, 1))
    return np.where(size < 1, np.log1p(2 * near * near), size + np.log1p(np.exp(-2 * size)) - LN2)


log_cosh = row(_log_cosh, lambda g, y, x: g * np.tanh(x), name="log_cosh", formula="ln cosh x")


def _tanh_shrink(x: np.ndarray) -> np.ndarray:
    """x - tanh x. Around 0, where the difference would lose its digits, x c / (1 + c).

    That is from tanh x = x / (1 + c) with
    c = x² / (3 + x² / (5 + x² / (7 + ...))), which is Lambert's continued fraction.
    """
    demand_real(x, "tanh_shrink")
    x = np.asarray(x)
    y = np.asarray(x - np.tanh(x))
    near = np.abs(x) < 1
    if near.any():
        small = x[near]
        square, c = small * small, 0.0
        for odd in (19, 17, 15, 13, 11, 9, 7, 5, 3):
            c = square / (odd + c)
        y[near] = small * (c / (1 + c))
    return y


tanh_shrink = row(
    _tanh_shrink,
    lambda g, y, x: g * np.square(np.tanh(x)),
    name="tanh_shrink",
    formula="x - tanh x",
)


def _log_sigmoid(x: np.ndarray) -> np.ndarray:
    return -softplus(-x)


log_sigmoid = row(
    _log_sigmoid, lambda g, y, x: g * sigmoid(-x), name="log_sigmoid", formula="-ln(1 + e⁻ˣ)"
)

# tanh(ln(1 + eˣ)) = n / (n + 2) with n = eˣ (eˣ + 2)


def _mish_gate(x: np.ndarray) -> np.ndarray:
    y = np.exp(np.minimum(x, 20))  # from there on it is 1
    y *= y + 2
    return y / (y + 2)


def _mish_slope(x: Any) -> Any:
    """4 s r² / (1 + r²)², s = sigmoid(x), r = sigmoid(-x)"""
    r = sigmoid(-x)
    share = r / (1 + r * r)
    return 4 * sigmoid(x) * share * share


mish_gate = row(
    in_pieces(_mish_gate, _mish_gate),
    documented(lambda g, y, x: g * _mish_slope(x), "g 4 s r² / (1 + r²)², s = sigmoid(x), r = sigmoid(-x)"),
    name="mish gate", formula="tanh(ln(1 + eˣ))", conditioning="near the zeros of its derivatives",
)  # fmt: skip
mish = gated(mish_gate, _mish_slope, name="mish", formula="x tanh(ln(1 + eˣ))")

# GELU's form with a tanh: x/2 (1 + tanh(u/2)) = x sigmoid(u), u = a x + b x³. From x = 10 on sigmoid(u) is 1,
# up to x = -30 it is 0.

A, B = 2 * math.sqrt(2 / math.pi), 2 * math.sqrt(2 / math.pi) * 0.044715
# a = A₁ + A₂ and b = B₁ + B₂, so that A₁ x and B₁ x³ are exact for an x of few digits
A1, A2 = 1.5957691216044623, 1.2684411348486127e-12
B1, B2 = 0.07135009765625, 4.718616350248776e-06


def _u(x: Any) -> tuple[Any, Any]:
    """u and du/dx."""
    x = np.clip(x, -30, 30)
    return x * (A + B * x * x), A + 3 * B * x * x


def _small_exp_of_u(x: np.ndarray) -> np.ndarray:
    """e^u for x < 0, where the last digit of u matters: in three factors, two of them of exact numbers."""
    if x.dtype == np.float32:
        x = x.astype(np.float64)
        return np.exp(x * (A + B * x * x))
    short = np.rint(x * 256) / 256
    cube = short * short * short
    rest = (x - short) * (A + B * (x * x + x * short + short * short))
    return np.exp(A1 * short) * np.exp(B1 * cube) * np.exp(A2 * short + B2 * cube + rest)


def _clipped(x: np.ndarray) -> np.ndarray:
    return np.clip(x, -30, 10) if x.max() > 10 or x.min() < -30 else x


def _exp_of_u(x: np.ndarray, squares: np.ndarray) -> np.ndarray:
    t = squares * B
    t += A
    t *= x
    np.exp(t, out=t)
    low = np.flatnonzero(x < -2)
    if low.size:
        t[low] = _small_exp_of_u(x[low])
    return t


def _gelu_gate(x: np.ndarray) -> np.ndarray:
    x = _clipped(x)
    t = _exp_of_u(x, x * x)
    t /= 1 + t
    return t


def _gelu_bell(x: np.ndarray) -> np.ndarray:
    x = _clipped(-np.abs(x))
    t = _exp_of_u(x, x * x)
    return t / (1 + t) / (1 + t)


def _gelu_tanh(x: np.ndarray) -> np.ndarray:
    y = _gelu_gate(x)
    y *= x if x.min() > -np.inf else np.where(np.isneginf(x), 0, x)
    return y


def _gelu_tanh_dx(g: Any, y: Any, x: Any) -> Any:
    """g (s + x s'), s = sigmoid(u), u = a x + b x³, s' = s sigmoid(-u) (a + 3 b x²)"""
    if not (type(g) is type(x) is np.ndarray and g.shape == x.shape and x.dtype.char in "fd"):
        return g * (gelu_gate(x) + np.clip(x, -30, 30) * (gelu_bell(x) * _u(x)[1]))
    dx = np.empty(x.shape, x.dtype)
    for dy, some, out in pieces(g, x, dx):
        some = _clipped(some)
        slope = some * some
        s = _exp_of_u(some, slope)
        total = 1 + s
        s /= total
        slope *= 3 * B
        slope += A
        slope *= some
        slope /= total
        slope += 1
        s *= slope
        np.multiply(s, dy, out=out)
    return dx


gelu_gate = row(
    in_pieces(_gelu_gate, _gelu_gate),
    documented(lambda g, y, x: g * (gelu_bell(x) * _u(x)[1]), "g sigmoid(u) sigmoid(-u) du/dx"),
    name="gelu gate", formula="sigmoid(u), u = a x + b x³, a = 2 √(2/π), b = 0.044715 a",
    conditioning="near the zeros of its derivatives",
)  # fmt: skip
gelu_bell: Op = row(
    in_pieces(_gelu_bell, _gelu_bell),
    documented(lambda g, y, x: g * (-y * np.tanh(_u(x)[0] / 2) * _u(x)[1]), "-g y tanh(u / 2) du/dx"),
    name="gelu bell", formula="sigmoid(u) sigmoid(-u), u = a x + b x³, a = 2 √(2/π), b = 0.044715 a",
    conditioning="near the zeros of its derivatives",
)  # fmt: skip
gelu_tanh = row(
    in_pieces(_gelu_tanh, _gelu_tanh), _gelu_tanh_dx,
    name="gelu_tanh", formula="x/2 (1 + tanh(√(2/π) (x + 0.044715 x³)))",
    conditioning="near the zeros of its derivatives",
)  # fmt: skip

__all__ = [
    "bell", "bessel_i", "digamma", "erf", "erfc", "erfinv", "gelu", "gelu_bell", "gelu_gate",
    "gelu_tanh", "i0", "lgamma", "log_cosh", "log_sigmoid", "mish", "mish_gate",
    "normal_cdf", "polygamma", "silu", "sinc", "sinc_derivative", "tanh_shrink",
]  # fmt: skip
