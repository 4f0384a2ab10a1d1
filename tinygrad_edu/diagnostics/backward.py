"""Errors of the backward pass: where it cannot begin, and the operation at which it failed."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.domain import Here
from tinygrad_edu.diagnostics.words import (
    describe,
    made_at,
    range_of,
    refusal,
    reraise_as,
    warn,
)
from tinygrad_edu.node import Node, value

# ----------------------------------------------------------------------------- where it cannot begin


def cannot_begin(y: Node) -> Exception:
    """Why backward() without a gradient cannot begin at y."""
    if not y.requires_grad:
        return refusal(
            RuntimeError,
            f"{describe(y)} depends on no tensor that requires a gradient.",
            "Tensor(..., requires_grad=True) for what is to be learned; and look for no_grad(), detach(), "
            ".data or float(...) on the way, which cut the graph. argmax, round and comparisons such as == "
            "have no gradient: learn with nn.cross_entropy(logits, labels), and measure with the accuracy",
        )
    if y.data.size == 1:
        return complex_result(y, "backward() starts from")
    return refusal(
        ValueError,
        f"backward() starts from a single number, but {describe(y)} has {y.data.size}.",
        f".sum() or .mean() first, or backward(g) with dL/dy of shape {y.data.shape}",
    )


def wrong_start(y: Node, g: np.ndarray) -> Exception:
    return refusal(
        ValueError,
        f"backward(gradient) of {describe(y)} got a gradient of shape {g.shape}.",
        f"an array of shape {y.data.shape}",
    )


def complex_result(y: Any, who: str) -> Exception:
    return refusal(
        TypeError,
        f"{who} real numbers, but {describe(y, 'the result')} is complex.",
        "np.abs(z) ** 2, np.real(z) or np.imag(z)",
    )


def graph_was_freed(y: Node) -> Exception:
    return refusal(
        RuntimeError,
        f"the graph behind {describe(y)} was freed by an earlier backward(), which frees it by default.",
        "backward(retain_graph=True) the first time, or compute the loss again",
    )


# --------------------------------------------------------------------------- where it failed on the way


def failed_backward(here: Here, error: Exception) -> Exception:
    """An error in a rule, with the operation of that rule and the line that asked for it."""
    return reraise_as(error, f"{_way(here)}: {error}")


def demand_finite_gradient(gx: Any, g: Any, here: Here) -> None:
    """Raises FloatingPointError if a rule turned g into a gradient gx with NaN or infinity."""
    if not np.isfinite(value(gx)).all():
        raise FloatingPointError(
            f"NaN or infinity came first {_way(here)}, where dL/dy is {_numbers(g)}, y is "
            f"{_numbers(here.y)} and the input {_numbers(here.y.inputs[here.i])}"
        )


def _way(here: Here) -> str:
    y, x = here.y, describe(here.y.inputs[here.i])
    return f"on the way back through {y.op.name}, to its input {here.i}, {x}, made{made_at(y)}\n "


def _numbers(x: Any) -> str:
    x = np.asarray(value(x))
    return f"{x}" if x.size == 1 else range_of(x)


# ------------------------------------------------------------------------------------- x.grad


def wrong_gradient(x: Node, shape: tuple) -> Exception:
    return refusal(ValueError, f"a gradient has the shape of its tensor: {describe(x)} got {shape}")


def warn_no_gradient(x: Node) -> None:
    """Warns that x.grad is None and will stay so, and says why."""
    if x.op is not None:
        why = "an operation made it, and only leaves keep one"
        hint = (
            "grad(f)(x), with f the rest of the computation; or viz.Graph(loss), which shows them all.\n"
            "  A step is w.data -= lr * w.grad: w = w - lr * w.grad makes a new tensor"
        )
    else:
        why = "it does not require one"
        hint = "Tensor(..., requires_grad=True), before it is computed with"
    warn(f"the gradient of {describe(x)} is None: {why}.", hint, stacklevel=3)
