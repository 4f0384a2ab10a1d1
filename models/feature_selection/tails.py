"""The probability of a value as large as the one observed, for the F and the χ² distribution.

Source: M. Abramowitz, I. Stegun, Handbook of Mathematical Functions (1964), sections 6.5, 26.4 to 26.6;
A. Didonato, A. Morris, Algorithm 708: significant digit computation of the incomplete beta function ratios
(1992).
"""

import math
from collections.abc import Callable

import numpy as np

TINY = 1e-300


def f_tail(F: np.ndarray, m: float, n: float) -> np.ndarray:
    """P(F_mn > F) = I_x(n/2, m/2) with x = n / (n + m F), for m and n degrees of freedom (26.6.2)."""
    F = np.asarray(F, dtype=np.float64)
    with np.errstate(all="ignore"):
        x, rest = n / (n + m * F), m * F / (n + m * F)
        logs = -np.log1p(m * F / n), -np.log1p(n / (m * F))
        found = _incomplete_beta(x, rest, n / 2, m / 2, *logs)
    return np.where(F > 0, np.where(np.isposinf(F), 0.0, found), np.where(np.isnan(F), np.nan, 1.0))


def chi2_tail(x: np.ndarray, n: float) -> np.ndarray:
    """P(χ²_n > x) = Γ(n/2, x/2) / Γ(n/2), for n degrees of freedom (26.4.19)."""
    x = np.asarray(x, dtype=np.float64) / 2
    a = n / 2
    with np.errstate(all="ignore"):
        scale = np.exp(a * np.log(x) - x - math.lgamma(a))
        near = 1 - scale * _gamma_series(a, np.minimum(x, a + 1))
        far = scale * _gamma_fraction(a, np.maximum(x, a + 1))
    found = np.where(x < a + 1, near, far)
    return np.where(x > 0, np.where(np.isposinf(x), 0.0, found), np.where(np.isnan(x), np.nan, 1.0))


def _incomplete_beta(x, rest, a, b, log_x, log_rest):
    """I_x(a, b), from x and 1 - x and their logarithms, each as precise as a small number can be."""
    scale = np.exp(a * log_x + b * log_rest - _log_beta(a, b))
    left = x < a / (a + b)
    below = scale * _beta_fraction(x, rest, a, b)
    above = scale * _beta_fraction(rest, x, b, a)
    return np.where(left, below, 1 - above)


def _log_beta(a, b):
    """ln B(a, b), where large Γ cancel each other by the series of Stirling."""
    small, large = min(a, b), max(a, b)
    if large < 20:
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    difference = (large - 0.5) * np.log1p(small / large) + small * np.log(large + small) - small
    return math.lgamma(small) - difference - _stirling(large + small) + _stirling(large)


def _stirling(x):
    """ln Γ(x) - ((x - 1/2) ln x - x + ln √(2π)), for x ≥ 20 (6.1.41)."""
    y = 1 / (x * x)
    return (1 / 12 - y * (1 / 360 - y * (1 / 1260 - y * (1 / 1680 - y / 1188)))) / x


def _fraction(first: np.ndarray, terms: Callable, most: int = 10_000) -> np.ndarray:
    """The continued fraction 1 / (first + a₁ / (b₁ + a₂ / (b₂ + ...))), by Lentz's method.

    terms(i) are a_i and b_i, arrays.
    """
    d = 1 / np.where(first == 0, TINY, first)
    c, h = np.full_like(d, 1 / TINY), d
    for i in range(1, most):
        a, b = terms(i)
        d = b + a * d
        c = b + a / c
        d = 1 / np.where(np.abs(d) < TINY, TINY, d)
        c = np.where(np.abs(c) < TINY, TINY, c)
        h = h * (c * d)
        if not (np.abs(c * d - 1) > 2e-16).any():
            break
    return h


def _beta_fraction(x, rest, a, b):
    """I_x(a, b) B(a, b) / (xᵃ (1 - x)ᵇ), for x ≤ a / (a + b) (Didonato and Morris, equation 9).

    a - (a + b) x is a small difference, which is computed from the smaller of x and 1 - x.
    """
    distance = np.maximum(np.where(x < rest, a - (a + b) * x, (a + b) * rest - b), 0)
    x = np.minimum(x, a / (a + b))

    def terms(i):
        s, p, w = a + 2 * i - 1, 1 + (i - 1) / a, i * (b - i) * x
        α = p * (p + b / a) * (a / s) ** 2 * w * x
        β = i + w / s + (a + i) / (a + 1 + 2 * i) * (1 + distance + i * (1 + rest))
        return α, β

    return _fraction((1 + distance) * a / (a + 1), terms)


def _gamma_fraction(a, x):
    """The continued fraction of Γ(a, x) eˣ x⁻ᵃ (6.5.31)."""
    return _fraction(x + 1 - a, lambda i: (-i * (i - a), x + 2 * i + 1 - a))


def _gamma_series(a, x):
    """Σ_k x^k / (a (a + 1) ... (a + k)), for γ(a, x) = e⁻ˣ xᵃ times this (6.5.29)."""
    term = total = np.full_like(x, 1 / a)
    for k in range(1, 10_000):
        term = term * x / (a + k)
        total = total + term
        if not (term > 1e-17 * total).any():
            break
    return total
