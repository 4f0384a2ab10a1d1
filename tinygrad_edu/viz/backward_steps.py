"""The backward pass step by step, and one number of a gradient as a sum over paths.

`steps_back` does what `backward()` does, with the same rules in the same order, and yields each step; it
changes nothing. `why` splits one number of a gradient into the contributions of the paths that it came along.
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

__all__ = ["Path", "Step", "Why", "local_derivative", "paths_to", "steps_back", "through", "why"]

MOST = 10_000  # up to so many paths all are followed,
FOLLOWED = 1_000  # of more only so many
LOOKED = 200_000  # the largest number of steps in search of the largest
LONG = 16  # a path of more operations is abbreviated in print
PRINTED = 10  # paths


@dataclass(frozen=True)
class Step:
    """One edge of the backward pass: an operation passes a gradient on to one of its inputs."""

    y: Tensor  # the result of the operation
    i: int  # which of its inputs
    x: Tensor  # that input
    upstream: np.ndarray  # dL/dy, complete
    contribution: np.ndarray  # upstream × local derivative, which is added to dL/dx
    before: np.ndarray | None  # dL/dx until now; None before the first contribution

    @property
    def after(self) -> np.ndarray:
        return self.contribution if self.before is None else self.before + self.contribution


def steps_back(loss: Tensor) -> Iterator[Step]:
    """Every step of `loss.backward()`, in order. The loss is a single number; its own gradient is 1."""
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
    """dy/dx by input i, if each number of y depends on one number of x: then dL/dx = dL/dy · dy/dx."""
    x = y.inputs[i]
    single = y.size == 1 and x.size == 1
    elementwise = y.op and y.op.elementwise and x.shape == y.shape
    if not (single or elementwise) or "c" in (y.dtype.kind, x.dtype.kind):
        return None  # (a complex number has two derivatives)
    return through(y, i, np.ones_like(y.data))


# ---------------------------------------------------------------------------------------------- why


@dataclass(frozen=True)
class Path:
    """One chain of operations from a tensor to the loss, and its contribution to the gradient."""

    operations: tuple[tuple[str, str], ...]  # (path of the module, name), that of the loss last
    contribution: float  # to the gradient of one number
    factors: tuple[float, ...] | None  # local derivatives, if every operation is of single numbers

    def __str__(self) -> str:
        names = [f"{module}.{name}" if module else name for module, name in self.operations]
        if len(names) > LONG:  # each module once
            each = itertools.groupby(self.operations, lambda way: way[0] or way)
            names = [module if isinstance(module, str) else module[1] for module, _ in each]
        if len(names) > LONG:
            names = [*names[:5], f"… {len(names) - 10} more …", *names[-5:]]
        product = ""
        if self.factors and len(self.factors) <= LONG:
            product = "  = " + " × ".join(f"{factor:.4g}" for factor in self.factors)
        return f"{self.contribution:>12.6g}  {' → '.join(names)}{product}"


@dataclass(frozen=True)
class Why:
    """dL/dx of one number of x, as a sum over paths."""

    called: str  # "dL/dx[0, 1]"
    total: float  # what `backward()` gives, to the last digit
    paths: list[Path]  # the largest contribution first
    others: int  # how many more paths there are, too many to follow

    @property
    def rest(self) -> float:
        """The contributions of the other paths, and rounding errors."""
        return math.fsum([self.total, *(-path.contribution for path in self.paths)])

    def __str__(self) -> str:
        count = len(self.paths) + self.others
        many = "1 path" if count == 1 else f"{count:,} paths"
        lines = [f"{self.called} = {self.total:.6g}, the sum over {many}:"]
        lines += [str(path) for path in self.paths[:PRINTED]]
        if count > PRINTED:
            rest = math.fsum([self.rest, *(path.contribution for path in self.paths[PRINTED:])])
            lines.append(f"{rest:>12.6g}  along the {count - PRINTED:,} others")
        return "\n".join(lines)

    __repr__ = __str__


def why(loss: Tensor, x: Tensor, index: tuple[int, ...] | int = ()) -> Why:
    """Why is dL/dx what it is? The gradient of one number of x, as a sum over the paths from x to the loss.

    A path is a chain of operations, each using the result of the one before. Its contribution is the
    product of their derivatives, and the gradient is the sum over all paths: the chain rule, written out.
    `index` names the number; () if x is a single one.

    Of more than 10,000 paths, it follows 1,000, those with the largest bound on their contribution first; if
    all operations are elementwise, these are the largest. The sum of the rest follows from the gradient.

    Raises ValueError if the loss is not a single number, is not made from x, or has no such index.

    >>> x = Tensor(3.0, requires_grad=True, name="x")
    >>> print(why(x * x + x, x))
    dL/dx = 7, the sum over 3 paths:
               3  multiply → add  = 3 × 1
               3  multiply → add  = 3 × 1
               1  add  = 1
    """
    counts = paths_to(loss, x, "why")
    index = (index,) if isinstance(index, (int, np.integer)) else tuple(index)
    if len(index) != x.ndim or any(not -n <= i < n for i, n in zip(index, x.shape, strict=True)):
        raise refusal(
            ValueError,
            f"{describe(x)} has no number at {list(index)}.",
            f"one index for each of its {x.ndim} axes",
        )
    total = np.ones_like(loss.data)
    for step in steps_back(loss):
        if step.x is x:
            total = step.after
    paths = _follow(loss, x, index, counts)
    called = f"dL/d{printable(x.name or 'x')}" + (
        f"[{', '.join(map(str, index))}]" if index else ""
    )
    return Why(called, float(total[index]), paths, counts[loss] - len(paths))


def paths_to(loss: Any, x: Any, asked: str) -> dict[Tensor, int]:
    """How many paths lead from x to each operation that the loss is made from, oldest first.

    Raises the errors of the function `asked` if there is none, or the loss is not a single number.
    """
    for thing in (loss, x):
        if not isinstance(thing, Tensor):
            raise refusal(
                TypeError,
                f"{asked}(loss, x) takes Tensors, not {shortened(thing)}.",
                "the loss before .item() or float(), and one parameter, such as model[0].W",
            )
    if loss.size != 1:
        raise refusal(
            ValueError,
            f"{asked} is about a single number, but {describe(loss)} has {loss.size}.",
            ".sum() of it, or one element",
        )
    counts = {x: 1}
    for y in history([loss], ends={x}):
        count = sum(counts.get(part, 0) for part in y.inputs if isinstance(part, Tensor))
        if y is not x and count:
            counts[y] = count
    if loss not in counts:
        raise refusal(
            ValueError,
            f"{describe(loss, 'the loss')} is not made from {describe(x)}.",
            f"look for no_grad(), detach() or .data on the way, or call {asked} before backward(), "
            "which frees the graph",
        )
    return counts


def _follow(
    loss: Tensor, x: Tensor, index: tuple[int, ...], counts: dict[Tensor, int]
) -> list[Path]:
    """The paths from x to the loss, found from its end: all, or the largest if there are too many.

    The path with the largest bound comes first. If the Jacobian J of an operation has one number in each row,
    or none below zero, max|Jᵀg| ≤ max|Jᵀ1| · max|g|, so a contribution is at most the product of these. (For
    a product of matrices this is an estimate.)
    """
    ones = {
        (y, i): through(y, i, np.ones_like(y.data))
        for y in counts if y is not x
        for i, part in enumerate(y.inputs) if isinstance(part, Tensor) and part in counts
    }  # fmt: skip
    bound = dict.fromkeys(counts, 0.0) | {x: 1.0}
    for (y, i), back in ones.items():
        if back is not None:
            largest = float(np.abs(back).max(initial=0)) * bound[y.inputs[i]]
            bound[y] = max(bound[y], largest)
    called = {y: _called(y) for y in counts if y is not x}
    paths: list[Path] = []
    # of equal bounds the newest comes first, so that a path is followed to its end
    turn = itertools.count(0, -1)
    waiting: list[Any] = [(0.0, next(turn), loss, np.ones_like(loss.data), (), ())]
    most = MOST if counts[loss] <= MOST else FOLLOWED
    while waiting and len(paths) < most:
        _, _, y, g, operations, factors = heapq.heappop(waiting)
        if y is x:
            paths.append(Path(operations, float(g[index]), factors or None))
            continue
        for i, part in enumerate(y.inputs):
            if ones.get((y, i)) is None:
                continue
            g_part, local = through(y, i, g), None
            if factors is not None and y.size == part.size == 1:
                local = (float(ones[y, i].item()), *factors)  # type: ignore[union-attr]
            first = -float(np.abs(g_part).max(initial=0)) * bound[part]  # type: ignore[arg-type]
            if (
                number := next(turn)
            ) < -LOOKED:  # the bounds did not help: follow any path to its end
                first = -math.inf
            waiting_part = first, number, part, g_part, (called[y], *operations), local
            heapq.heappush(waiting, waiting_part)
    return sorted(paths, key=lambda path: -abs(path.contribution))


def _called(y: Tensor) -> tuple[str, str]:
    """(path of the module that an operation happened in, within the outermost one; name of its result)."""
    inside = y.scope[0].named_modules() if len(y.scope) > 1 else ()
    path = next((path for path, module in inside if module is y.scope[-1]), "")
    return printable(path), printable(y.name or y.op.name)  # type: ignore[union-attr]
