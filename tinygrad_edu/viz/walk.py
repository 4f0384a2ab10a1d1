"""The way back, watched: what arrives where, one input of one operation after the other.

`steps_back` does what `backward()` does, with the same rules in the same order, and tells of each step;
it changes nothing. `why` takes one number of a gradient apart into the paths along which it came.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import _history
from tinygrad_edu.errors import shortened, user_line
from tinygrad_edu.ops import unbroadcast
from tinygrad_edu.tensor import Tensor, describe, value

MOST_PATHS = 10_000  # more are counted and not followed


@dataclass(frozen=True)
class Step:
    """One edge of the graph on the way back: from an operation to one of its inputs."""

    y: Tensor  # what the operation gave
    i: int  # which of its inputs
    x: Tensor  # and that input
    upstream: np.ndarray  # dL/dy, complete
    contribution: np.ndarray  # upstream × local derivative: what is added to dL/dx now
    before: np.ndarray | None  # dL/dx so far, None if this is the first to arrive

    @property
    def after(self) -> np.ndarray:
        return self.contribution if self.before is None else self.before + self.contribution


def steps_back(loss: Tensor) -> Iterator[Step]:
    """Every step of `loss.backward()`, in its order. The loss is a single number, its own gradient 1."""
    grads: dict[Tensor, Any] = {loss: np.ones_like(loss.data)}
    for y in reversed(_history([loss])):
        g = grads.get(y)
        if g is None:
            continue
        for i, x in enumerate(y.inputs):
            if isinstance(x, Tensor) and x.requires_grad:
                contribution = through(y, i, g)
                if contribution is not None:
                    step = Step(y, i, x, g, contribution, grads.get(x))
                    grads[x] = step.after
                    yield step


def through(y: Tensor, i: int, g: np.ndarray) -> np.ndarray | None:
    """What the gradient g of an operation's result becomes at its input i; None if there is no rule."""
    row: Any = y.op
    x = y.inputs[i].data
    inputs = map(value, y.inputs)
    if row.every:
        gx = row.every(i, g, y.data, *inputs, **y.params)
    elif row.rules[i]:
        gx = row.rules[i](g, y.data, *inputs, **y.params)
    else:
        return None
    gx = unbroadcast(gx, x.shape)
    if gx.dtype.kind == "c" and x.dtype.kind == "f":
        gx = np.real(gx)
    return gx.astype(x.dtype)


def local_derivative(y: Tensor, i: int) -> np.ndarray | None:
    """dy/dx by input i where each number of y comes from one number of it, so that dL/dx = dL/dy · this."""
    x = y.inputs[i]
    alone = y.size == 1 and x.size == 1
    if not (alone or (y.op and y.op.elementwise and x.shape == y.shape)):
        return None
    if "c" in (y.dtype.kind, x.dtype.kind):  # there are two derivatives of each
        return None
    return through(y, i, np.ones_like(y.data))


# ---------------------------------------------------------------------------------------------- why


@dataclass(frozen=True)
class Path:
    """One way from a tensor to the loss: the operations on it, and what came back along it."""

    operations: tuple[
        Tensor, ...
    ]  # from the one that used the tensor to the one that gave the loss
    contribution: float  # to the gradient of one number
    factors: (
        tuple[float, ...] | None
    )  # local derivatives, where every operation is of single numbers

    def __str__(self) -> str:
        ways = " → ".join(y.name or str(getattr(y.op, "name", "")) for y in self.operations)
        product = ""
        if self.factors:
            product = "  = " + " × ".join(f"{factor:.4g}" for factor in self.factors)
        return f"{self.contribution:>12.6g}  {ways}{product}"


class Why:
    """dL/dx of one number of x, as a sum over paths: `paths`, the largest first, and their sum `total`."""

    def __init__(self, x: Tensor, index: tuple[int, ...], paths: list[Path]):
        self.name = x.name or "x"
        self.index, self.paths = index, sorted(paths, key=lambda path: -abs(path.contribution))
        self.total = sum(path.contribution for path in self.paths)

    def __str__(self) -> str:
        where = f"[{', '.join(map(str, self.index))}]" if self.index else ""
        many = "1 path" if len(self.paths) == 1 else f"{len(self.paths):,} paths"
        lines = [f"dL/d{self.name}{where} = {self.total:.6g}, the sum over {many}:"]
        lines += [str(path) for path in self.paths[:10]]
        if rest := self.paths[10:]:
            lines.append(
                f"{sum(p.contribution for p in rest):>12.6g}  along the {len(rest):,} others"
            )
        return "\n".join(lines)

    __repr__ = __str__


def why(loss: Tensor, x: Tensor, index: tuple[int, ...] | int = ()) -> Why:
    """Why is dL/dx what it is? The gradient of one number of x, taken apart into paths from x to the loss.

    A path is a chain of operations, each using the result of the one before; what comes back along it is
    the product of their derivatives, and the gradient is the sum over all paths (the chain rule, written
    out). `index` names the number, () if x is one.

    Raises ValueError if the loss is not a single number, is not made from x, has no such index, or if
    there are more than 10,000 paths.

    >>> x = Tensor(3.0, requires_grad=True, name="x")
    >>> print(why(x * x + x, x))
    dL/dx = 7, the sum over 3 paths:
               3  multiply → add  = 3 × 1
               3  multiply → add  = 3 × 1
               1  add  = 1
    """
    for thing in (loss, x):
        if not isinstance(thing, Tensor):
            raise TypeError(
                f"why(loss, x) takes Tensors, not {shortened(thing)}.{user_line()}\n  Try: the loss "
                "before .item() or float()"
            )
    if loss.size != 1:
        raise ValueError(
            f"why is about a single number, but {describe(loss)} has {loss.size}.{user_line()}"
            "\n  Try: .sum() of it, or one element"
        )
    index = (index,) if isinstance(index, int) else tuple(index)
    if len(index) != x.ndim or any(not -n <= i < n for i, n in zip(index, x.shape, strict=True)):
        raise ValueError(
            f"{describe(x)} has no number at {list(index)}.{user_line()}\n  Try: one index for each of its "
            f"{x.ndim} axes"
        )
    onward = _ways_to(x, loss)
    if not onward.get(loss):
        raise ValueError(
            f"{describe(loss, 'the loss')} is not made from {describe(x)}.{user_line()}\n  Try: look for "
            "no_grad(), detach() or .data on the way, or call why before backward(), which frees the graph"
        )
    if onward[loss] > MOST_PATHS:
        raise ValueError(
            f"there are {onward[loss]:,} paths from {describe(x)} to the loss, too many to follow."
            f"{user_line()}\n  Try: a tensor nearer to the loss, or fewer layers or time steps"
        )
    paths = []
    waiting: list[Any] = [(loss, np.ones_like(loss.data), (), ())]
    while waiting:
        y, g, operations, factors = waiting.pop()
        if y is x:
            paths.append(
                Path(operations[::-1], float(g[index]), factors[::-1] if factors else None)
            )
            continue
        for i, part in enumerate(y.inputs):
            if isinstance(part, Tensor) and onward.get(part):
                back = through(y, i, g)
                if back is not None:
                    local = _local(y, i, part, factors)
                    waiting.append((part, back, (*operations, y), local))
    return Why(x, index, paths)


def _ways_to(x: Tensor, loss: Tensor) -> dict[Tensor, int]:
    """How many paths lead from x to each operation that the loss is made from."""
    ways = {x: 1}
    for y in _history([loss], ends={x}):
        count = sum(ways.get(part, 0) for part in y.inputs if isinstance(part, Tensor))
        if count:
            ways[y] = count
    return ways


def _local(y: Tensor, i: int, x: Tensor, factors: Any) -> Any:
    """The local derivatives so far and the one of this operation; None if they are not single numbers."""
    if factors is None or y.size != 1 or x.size != 1:
        return None
    return (*factors, float(through(y, i, np.ones_like(y.data)).item()))  # type: ignore[union-attr]


__all__ = ["Path", "Step", "Why", "local_derivative", "steps_back", "through", "why"]
