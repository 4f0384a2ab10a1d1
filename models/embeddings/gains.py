"""Gradient descent with momentum and a gain for each number, the optimizer of t-SNE.

    u ← μ u - η (γ ∘ ∇L),      Y ← Y + u

The gain γ of a number grows by 0.2 while its last step went downhill by the new gradient, and is multiplied
by 0.8 otherwise: Jacobs' delta-bar-delta.

Source: L. van der Maaten, G. Hinton, Visualizing data using t-SNE (2008), section 3.4;
R. Jacobs, Increased rates of convergence through learning rate adaptation (1988).
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal

CHECK = 50  # steps between two looks at the loss, which costs more than its gradient


def descend(
    slope: Callable,
    Y: np.ndarray,
    trace: Any,
    *,
    rate: float,
    momentum: float,
    steps: range,
    patience: int = 300,
    min_grad_norm: float = 1e-7,
) -> tuple[np.ndarray, int, bool]:
    """Steps from Y, a new array: (Y, number of the last step + 1, whether it stood still).

    slope      (Y, whether to compute the loss) -> loss, ∇L
    patience   stops if the loss has not fallen for so many steps
    """
    Y, u, gain = Y.copy(), np.zeros_like(Y), np.ones_like(Y)
    least, least_at = np.inf, steps.start
    for i in steps:
        checked = (i + 1) % CHECK == 0 or i == steps[-1]
        with np.errstate(all="ignore"):  # what is not finite is refused at the next check
            loss, g = slope(Y, checked or trace.keeps_states)
        gain = np.maximum(np.where(u * g < 0, gain + 0.2, 0.8 * gain), 0.01)
        g = gain * g
        u = momentum * u - rate * g
        Y += u
        if trace.keeps_states:
            trace(i + 1, loss, np.linalg.norm(g))
            trace.keep(embedding_=Y)
        if checked:
            norm = float(np.linalg.norm(g))
            if not (np.isfinite(loss) and np.isfinite(norm)):
                what = f"the loss is not finite after {i + 1} steps with learning_rate={rate}."
                raise refusal(FloatingPointError, what, "a smaller learning_rate")
            if not trace.keeps_states:
                trace(i + 1, loss, norm)
            if loss < least:
                least, least_at = loss, i
            if norm <= min_grad_norm or i - least_at > patience:
                return Y, i + 1, True
    return Y, steps.stop, False
