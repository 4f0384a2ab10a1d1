"""The way back, watched: what arrives where, one input of one operation after the other.

`steps_back` does what `backward()` does, with the same rules in the same order, and tells of each step;
it changes nothing. `why` takes one number of a gradient apart into the paths along which it came.
"""

from __future__ import annotations

import heapq
import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import history, pull_back
from tinygrad_edu.diagnostics.words import describe, refusal, shortened
from tinygrad_edu.tensor import Tensor, value
from tinygrad_edu.viz.nodes import printable

MOST_PATHS = 10_000  # of more than these,
FOLLOWED = 1_000  # so many are followed, and the rest is known as a whole
LOOKED = 200_000  # steps back, at most, in search of the largest
LONG = 16  # operations of a path that are all named


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
    for y in reversed(history([loss])):
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
    return pull_back(y, i, g, y.data, [value(x) for x in y.inputs])


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

    operations: tuple[tuple[str, str], ...]  # (path of the module, name), that of the loss last
    contribution: float  # to the gradient of one number
    factors: tuple[float, ...] | None  # local derivatives, if every operation is of single numbers

    def __str__(self) -> str:
        names = self.operations
        ways = [f"{path}.{name}" if path else name for path, name in names]
        if len(ways) > LONG:  # then a module is one word
            ways = [path or name for path, name in names]
            ways = [
                way for i, way in enumerate(ways) if not names[i][0] or ways[i - 1 : i] != [way]
            ]
        if len(ways) > LONG:
            ways = [*ways[:5], f"… {len(ways) - 10} more …", *ways[-5:]]
        product = ""
        if self.factors and len(self.factors) <= LONG:
            product = "  = " + " × ".join(f"{factor:.4g}" for factor in self.factors)
        return f"{self.contribution:>12.6g}  {' → '.join(ways)}{product}"


def _called(y: Tensor) -> tuple[str, str]:
    """(path of the module that an operation happened in, within the outermost one; name of its result)."""
    inside = y.scope[0].named_modules() if len(y.scope) > 1 else ()
    path = next((path for path, module in inside if module is y.scope[-1]), "")
    return printable(path), printable(y.name or y.op.name)  # type: ignore[union-attr]


class Why:
    """dL/dx of one number of x, as a sum over paths.

    total    dL/dx, to the last digit what `backward()` gives
    paths    the largest first
    others   how many paths there are beside them, too many to follow
    rest     total - the sum of `paths`: what came along the others, and what was lost in rounding
    """

    def __init__(
        self, x: Tensor, index: tuple[int, ...], total: float, paths: list[Path], others: int
    ):
        self.name = printable(x.name or "x")
        self.index, self.total, self.others = index, total, others
        self.paths = sorted(paths, key=lambda path: -abs(path.contribution))
        self.rest = math.fsum([total, *(-path.contribution for path in paths)])

    def __str__(self) -> str:
        where = f"[{', '.join(map(str, self.index))}]" if self.index else ""
        count = len(self.paths) + self.others
        many = "1 path" if count == 1 else f"{count:,} paths"
        lines = [f"dL/d{self.name}{where} = {self.total:.6g}, the sum over {many}:"]
        lines += [str(path) for path in self.paths[:10]]
        if count > 10:
            rest = math.fsum([self.rest, *(path.contribution for path in self.paths[10:])])
            lines.append(f"{rest:>12.6g}  along the {count - 10:,} others")
        return "\n".join(lines)

    __repr__ = __str__


def why(loss: Tensor, x: Tensor, index: tuple[int, ...] | int = ()) -> Why:
    """Why is dL/dx what it is? The gradient of one number of x, taken apart into paths from x to the loss.

    A path is a chain of operations, each using the result of the one before; what comes back along it is
    the product of their derivatives, and the gradient is the sum over all paths (the chain rule, written
    out). `index` names the number, () if x is one.

    Of more than 10,000 paths a thousand are followed, those with the largest bound on what may come along
    first: of single numbers and elementwise operations these are the largest of all. The rest is known as a
    whole, from the gradient.

    Raises ValueError if the loss is not a single number, is not made from x, or has no such index.

    >>> x = Tensor(3.0, requires_grad=True, name="x")
    >>> print(why(x * x + x, x))
    dL/dx = 7, the sum over 3 paths:
               3  multiply → add  = 3 × 1
               3  multiply → add  = 3 × 1
               1  add  = 1
    """
    for thing in (loss, x):
        if not isinstance(thing, Tensor):
            raise refusal(
                TypeError,
                f"why(loss, x) takes Tensors, not {shortened(thing)}.",
                "the loss before .item() or float()",
            )
    if loss.size != 1:
        raise refusal(
            ValueError,
            f"why is about a single number, but {describe(loss)} has {loss.size}.",
            ".sum() of it, or one element",
        )
    index = (index,) if isinstance(index, (int, np.integer)) else tuple(index)
    if len(index) != x.ndim or any(not -n <= i < n for i, n in zip(index, x.shape, strict=True)):
        raise refusal(
            ValueError,
            f"{describe(x)} has no number at {list(index)}.",
            f"one index for each of its {x.ndim} axes",
        )
    onward = _ways_to(x, loss)
    if not onward.get(loss):
        raise refusal(
            ValueError,
            f"{describe(loss, 'the loss')} is not made from {describe(x)}.",
            "look for no_grad(), detach() or .data on the way, or call why before backward(), "
            "which frees the graph",
        )
    total = np.ones_like(loss.data)
    for step in steps_back(loss):
        if step.x is x:
            total = step.after
    paths = _follow(loss, x, index, onward)
    return Why(x, index, float(total[index]), paths, onward[loss] - len(paths))


def _ways_to(x: Tensor, loss: Tensor) -> dict[Tensor, int]:
    """How many paths lead from x to each operation that the loss is made from, oldest first."""
    ways = {x: 1}
    for y in history([loss], ends={x}):
        count = sum(ways.get(part, 0) for part in y.inputs if isinstance(part, Tensor))
        if y is not x and count:
            ways[y] = count
    return ways


def _follow(
    loss: Tensor, x: Tensor, index: tuple[int, ...], onward: dict[Tensor, int]
) -> list[Path]:
    """The paths from the loss back to x: all of them, or, of too many, those first that may be large.

    The bound: max|Jᵀg| ≤ max|Jᵀ1| · max|g| of an operation whose Jacobian J has one number in each row, or
    none below zero; so what comes back along the rest of a path is at most the product of these. (Of a
    product of matrices max|Jᵀ1| is an estimate.)
    """
    all_of_them = onward[loss] <= MOST_PATHS
    bound = {} if all_of_them else _bounds(x, onward)
    called = {y: _called(y) for y in onward if y is not x}  # now: backward() frees operations
    local: dict[tuple[Tensor, int], float | None] = {}
    paths: list[Path] = []
    looked = itertools.count()
    # of equal bounds the youngest first: a path is followed to its end
    turn = itertools.count(0, -1)
    waiting: list[Any] = [(0.0, next(turn), loss, np.ones_like(loss.data), (), ())]
    most = MOST_PATHS if all_of_them else FOLLOWED
    while waiting and len(paths) < most:
        _, _, y, g, operations, factors = heapq.heappop(waiting)
        if y is x:
            kept = factors[::-1] if factors else None
            paths.append(Path(operations[::-1], float(g[index]), kept))
            continue
        for i, part in enumerate(y.inputs):
            if isinstance(part, Tensor) and onward.get(part):
                back = through(y, i, g)
                if back is not None:
                    largest = float(np.abs(back).max()) if bound else 0.0
                    first = -largest * bound.get(part, 1.0)
                    if next(looked) > LOOKED:  # the bounds were no help: to the end, then, any way
                        first = -math.inf
                    if (y, i) not in local:
                        local[y, i] = _local(y, i, part)
                    single = factors is not None and local[y, i] is not None
                    ways = (*operations, called[y]), (*factors, local[y, i]) if single else None
                    heapq.heappush(waiting, (first, next(turn), part, back, *ways))
    return paths


def _bounds(x: Tensor, onward: dict[Tensor, int]) -> dict[Tensor, float]:
    """How many times a gradient of each operation can be as large, at most, when it has come to x."""
    bound = {x: 1.0}
    for y in onward:
        if y is x:
            continue
        bound[y] = 0.0
        for i, part in enumerate(y.inputs):
            if isinstance(part, Tensor) and part in bound:
                back = through(y, i, np.ones_like(y.data))
                if back is not None and back.size:
                    bound[y] = max(bound[y], float(np.abs(back).max()) * bound[part])
    return bound


def _local(y: Tensor, i: int, x: Tensor) -> float | None:
    """The derivative of an operation by its input i, if both are single numbers."""
    if y.size != 1 or x.size != 1:
        return None
    back = through(y, i, np.ones_like(y.data))
    return None if back is None else float(back.item())


__all__ = ["Path", "Step", "Why", "local_derivative", "steps_back", "through", "why"]
