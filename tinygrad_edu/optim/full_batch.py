"""Training on all data at once, by the minimizers of one vector."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import gradients
from tinygrad_edu.diagnostics.words import describe, refusal
from tinygrad_edu.modes import recording
from tinygrad_edu.nn.module import Parameter
from tinygrad_edu.optim.checks import check_parameters
from tinygrad_edu.optim.minimize import Minimum, minimize
from tinygrad_edu.tensor import Tensor


def minimize_loss(
    loss: Callable[[], Tensor],
    parameters: Iterable[Parameter],
    method: str = "lbfgs",
    *,
    tol: float = 1e-6,
    max_iter: int = 100,
) -> Minimum:
    """Moves the parameters to a minimum of loss(), and returns how that went.

        found = minimize_loss(lambda: nn.mse(model(x), y), model.parameters())

    loss    a function without arguments that computes the loss from these parameters, and gives the same
            each time: on all data, without Dropout
    method  "lbfgs", "cg", "newton", "newton-cg": see `minimize`. "newton" builds the whole Hessian of n²
            numbers; "newton-cg" uses products with it, each at about the cost of two gradients

    Use float64: in float32 the loss is too coarse to get the gradient below about 1e-3. Frozen parameters
    stay. Raises ValueError for a loss that is not a single number, does not depend on the parameters or is
    not finite at the start. After any error the parameters are as they were.
    """
    learned = [p for p in check_parameters(parameters, "minimize_loss") if p.requires_grad]
    if not learned:
        raise refusal(ValueError, "minimize_loss: all parameters are frozen.", ".unfreeze()")
    ends = [0, *itertools.accumulate(p.size for p in learned)]
    places = [slice(a, b) for a, b in itertools.pairwise(ends)]
    kept = [p.data.copy() for p in learned]

    def put(w: np.ndarray) -> None:
        for p, place in zip(learned, places, strict=True):
            p.data[...] = w[place].reshape(p.shape)

    def joined(parts: Iterable[Tensor]) -> np.ndarray:
        return np.concatenate([part.data.ravel() for part in parts]).astype(np.float64)

    def at(w: np.ndarray) -> Tensor:
        put(w)
        with recording():
            y = loss()
        if not isinstance(y, Tensor) or y.size != 1 or not y.requires_grad:
            got = describe(y, "a Tensor") if isinstance(y, Tensor) else type(y).__name__
            raise refusal(
                ValueError,
                "minimize_loss: loss() must be one number that depends on the parameters, not "
                f"{got}.",
                "lambda: nn.mse(model(x), y)",
            )
        return y

    def value_and_grad(w: np.ndarray) -> tuple[float, np.ndarray]:
        y = at(w)
        return y.item(), joined(gradients({y: np.ones_like(y.data)}, learned))

    graph: Any = [None, None]  # the latest w, and the gradient there, which can be differentiated

    def product(w: np.ndarray, v: np.ndarray) -> np.ndarray:
        if graph[0] is not w:
            y = at(w)
            graph[:] = w, gradients({y: Tensor(np.ones_like(y.data))}, learned, create_graph=True)
        roots = {
            g: v[place].reshape(g.shape).astype(g.dtype)
            for g, place in zip(graph[1], places, strict=True)
            if g.requires_grad
        }
        return joined(gradients(roots, learned))  # of <g, v>

    def hessian(w: np.ndarray) -> np.ndarray:
        return np.stack([product(w, e) for e in np.eye(len(w))])

    try:
        found = minimize(
            value_and_grad, joined(learned), method, hessian, tol, max_iter, product=product
        )
        put(found.point)
    except BaseException:
        for p, data in zip(learned, kept, strict=True):
            p.data[...] = data
        raise
    return found
