"""Complex numbers between real inputs and a real loss.

Frequencies are complex, so values between a signal and a loss may be complex, too. For z = a + ib the
backward pass carries

    g = ∂L/∂a - i ∂L/∂b,    so that dL = Re Σ g dz.

This is the convention of JAX and HIPS autograd; PyTorch and TensorFlow carry the conjugate. With it a
function with a complex derivative, dy = f'(z) dz, has the same rule as on real numbers, g f'(z), and the
rule of a linear map is its transpose. So no row of another chapter needs a conjugate. Only the rows that
take complex numbers apart, those of this file and |z|, treat them specially. A real tensor that was
combined with a complex one gets the real part of the gradient: dL = Re(g dx) = Re(g) dx.

Not supported: complex leaves (use two real tensors, `a + 1j * b`), complex losses, extremes, orderings and
p-norms of complex numbers other than their length, decompositions, `pinv`, `lstsq` and `slogdet` of complex
matrices, and activations that are defined by real numbers. Products, `inv`, `solve` and `det` work on
complex matrices.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops.cases import broadcasting, nonzero, real
from tinygrad_edu.tensor import PLAIN, ROWS, op, value


def demand_real(x: Any, called: str) -> None:
    """Refuses complex numbers where a rule is right on real ones only."""
    if np.iscomplexobj(x):
        raise refusal(
            TypeError,
            f"{called} of complex numbers is not in the table: its rule is that of real ones.",
            "np.real(z), np.imag(z) or np.abs(z); or op(...) for a row of your own",
        )


op(
    np.real, lambda g, y, val: g,
    name="real", formula="a of z = a + ib", linear=True, elementwise=True,
    cases=broadcasting(real, 1),
)  # fmt: skip
op(
    np.imag, lambda g, y, val: np.multiply(g, -1j),
    name="imag", formula="b of z = a + ib", linear=True, elementwise=True,
    cases=broadcasting(real, 1),
)  # fmt: skip
op(
    np.conjugate, lambda g, y, x: np.conjugate(g),
    name="conjugate", formula="a - ib of z = a + ib", linear=True, elementwise=True,
    cases=broadcasting(real, 1),
)  # fmt: skip


def _angle_rule(g: Any, y: Any, z: Any, deg: bool = False) -> Any:
    """-i g / z, as d arg z = Im(dz / z) = Re(-i dz / z)"""
    turn = -1j * (180 / np.pi if deg else 1) * (z != 0)
    return g * turn / np.where(z == 0, 1, z)


ROWS[np.angle] = op(
    np.angle, _angle_rule,
    name="angle", formula="arg z, in (-π, π]", kinks="derivative 0 at 0", elementwise=True,
    cases=lambda rng: [((x,), {"deg": deg}) for x in nonzero(rng, (3, 4), ()) for deg in (False, True)],
)  # fmt: skip


def real_if_close(a: Any, tol: float = 100) -> Any:
    """np.real_if_close: the real part, if no imaginary part is larger than tol rounding errors of 1."""
    return np.real(a) if not np.iscomplexobj(np.real_if_close(value(a), tol)) else a


ROWS[np.real_if_close] = real_if_close

PLAIN |= {np.iscomplexobj, np.isrealobj, np.iscomplex, np.isreal}
