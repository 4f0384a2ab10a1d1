"""Checks gradients: every derivative is compared with finite differences of values.

A function may have many outputs and inputs. All of them are checked at once: for fixed random numbers u the
single number s(x) = <u, f(x)> has a gradient, and for fixed random v so has the number
t(x) = <v, ∇s(x)>. A wrong first or second derivative anywhere in f shows in one of these gradients. Each
component of ∇s and ∇t is compared with the four-point difference quotient

    s'(x) ≈ [8 (s(x + h) - s(x - h)) - (s(x + 2h) - s(x - 2h))] / 12h,    error h⁴ s⁽⁵⁾ / 30

(Abramowitz and Stegun, table 25.2), which is exact to about eleven digits with h = 0.001 in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import gradients, history
from tinygrad_edu.diagnostics.words import describe, inside, refusal
from tinygrad_edu.tensor import Tensor, value

STEP = 1e-3


@dataclass(frozen=True)
class Worst:
    """The component of a gradient that is furthest from its difference quotient."""

    order: int  # 1: of the gradient, 2: of the gradient's gradient
    variable: str
    index: tuple[int, ...]
    analytic: float  # what backward says
    numeric: float  # what differences say
    error: float  # |analytic - numeric| / max(1, |analytic|, |numeric|)
    kink: str  # "", or words about a kink at or near this place

    def __str__(self) -> str:
        place = f"[{', '.join(map(str, self.index))}]" if self.index else ""
        return (
            f"order {self.order}: worst error {self.error:.1e} at {self.variable}{place}: backward says "
            f"{self.analytic:.12g}, differences say {self.numeric:.12g}"
            + (f"; {self.kink}" if self.kink else "")
        )


@dataclass(frozen=True)
class Report:
    """The result of `gradcheck`: true if every component agrees. `print` shows the worst of each order."""

    worst: tuple[Worst, ...]  # one per order
    components: int  # how many were compared
    tolerance: float

    @property
    def passed(self) -> bool:
        # `not >` would let NaN pass
        return all(w.error <= self.tolerance for w in self.worst)

    def __bool__(self) -> bool:
        return self.passed

    def __str__(self) -> str:
        verdict = "passed" if self.passed else "FAILED"
        head = f"gradcheck {verdict}: {self.components} derivatives, tolerance {self.tolerance:.0e}"
        return "\n  ".join([head, *map(str, self.worst)])


def gradcheck(
    f: Callable[..., Any],
    *inputs: Any,
    wrt: Iterable[Tensor] = (),
    order: int = 2,
    tolerance: float = 1e-8,
    seed: np.random.Generator | int = 0,
) -> Report:
    """Compares the derivatives of f, up to order 1 or 2, with finite differences.

    inputs    the arguments of f; float64 arrays and numbers are varied, everything else is constant
    wrt       further float64 Tensors that f depends on and that are varied, such as `model.parameters()`

    Returns a Report. Raises TypeError if a number to vary is not float64, as others have too few digits for
    differences, and ValueError if f gives another value when it is called again (as dropout does).

    >>> print(gradcheck(lambda x: x * np.abs(x), np.array([1.0, -2.0])).passed)
    True
    """
    arguments = [
        Tensor(np.array(value(x)), requires_grad=True, name=f"input {i}") if _is_float(x) else x
        for i, x in enumerate(inputs)
    ]
    variables = [x for x in arguments if isinstance(x, Tensor)] + list(wrt)
    for x in variables:
        if x.dtype != np.float64:
            raise refusal(
                TypeError,
                f"gradcheck needs float64; {describe(x)} has too few digits.",
                "x.astype(np.float64), model.astype(np.float64)",
            )
    if not variables:
        raise refusal(
            ValueError,
            "gradcheck: there is nothing to vary, as no input is a float or an array of floats.",
            "np.array(x, float)",
        )

    def call() -> Tensor:
        y = f(*arguments)
        y = y if isinstance(y, Tensor) else Tensor(y)
        return y if y.dtype.kind != "c" else np.stack([np.real(y), np.imag(y)])  # type: ignore

    y = call()
    _demand_double(y)
    if not np.array_equal(y.data, call().data, equal_nan=True):
        raise refusal(
            ValueError,
            "gradcheck: the function gives different values for the same input.",
            "model.eval(), or a random generator made from a fixed seed inside the function",
        )
    rng = np.random.default_rng(seed)
    u = rng.normal(size=y.shape)
    v = [rng.normal(size=x.shape) for x in variables]

    def s() -> Tensor:
        return (call() * u).sum()

    def t() -> Tensor:
        ds = gradients({s(): Tensor(1.0)}, variables, create_graph=True)
        return sum(((d * w).sum() for d, w in zip(ds, v, strict=True)), Tensor(0.0))

    worst = [_worst(number, n, variables, tolerance) for n, number in ((1, s), (2, t))[:order]]
    return Report(tuple(worst), order * sum(x.size for x in variables), tolerance)


def _demand_double(y: Tensor) -> None:
    """Raises TypeError for the first operation with fewer digits: its rounding would look like a kink."""
    for made in history([y]) if y.op else [y]:
        if made.dtype not in (np.float64, np.complex128):
            where = f"{made.op.name}{inside(made.scope)}" if made.op else "the result"
            raise refusal(
                TypeError,
                f"gradcheck needs float64, but {where} is {made.dtype}, which has too few digits.",
                "model.astype(np.float64), x.astype(np.float64)",
            )


def _is_float(x: Any) -> bool:
    return isinstance(x, float) or getattr(x, "dtype", np.dtype(int)).kind == "f"


def _worst(
    number: Callable[[], Tensor], order: int, variables: list[Tensor], tolerance: float
) -> Worst:
    """Compares ∇number with finite differences, component by component."""
    analytic = gradients({number(): np.array(1.0)}, variables)
    worst = Worst(order, "nothing", (), 0.0, 0.0, 0.0, "")
    for i, (x, dx) in enumerate(zip(variables, analytic, strict=True)):
        for index in np.ndindex(x.shape):
            along = _along(number, x, index)
            a, n = float(dx.data[index]), _difference_quotient(along)
            error = abs(a - n) / max(1.0, abs(a), abs(n))
            if error > worst.error or np.isnan(error):
                kink = _kink(along) if not error <= tolerance else ""
                worst = Worst(order, x.name or f"variable {i}", index, a, n, error, kink)
            if np.isnan(error):
                return worst
    return worst


def _along(number: Callable[[], Tensor], x: Tensor, index: tuple[int, ...]) -> Callable:
    """The number as a function of a shift of x[index]."""

    def moved(by: float) -> float:
        before = x.data[index]
        x.data[index] = before + by
        try:
            return float(number().data)
        finally:
            x.data[index] = before

    return moved


def _difference_quotient(s: Callable[[float], float], h: float = STEP) -> float:
    return (8 * (s(h) - s(-h)) - (s(2 * h) - s(-2 * h))) / (12 * h)


def _kink(s: Callable[[float], float]) -> str:
    """Words about a kink here or within reach of the differences: slopes to the left and right differ."""
    here, tiny = s(0.0), 1e-6
    left, right = (here - s(-tiny)) / tiny, (s(tiny) - here) / tiny
    # curvature alone makes a difference of 1e-6 at most
    if abs(left - right) > 1e-3 * max(1.0, abs(left), abs(right)):
        return f"a kink: the slope is {left:.6g} to the left and {right:.6g} to the right"
    wide, narrow = _difference_quotient(s), _difference_quotient(s, tiny)
    if abs(wide - narrow) > 1e-3 * max(1.0, abs(wide), abs(narrow)):
        return f"there is a kink within {2 * STEP}, so move the input away from it"
    return ""
