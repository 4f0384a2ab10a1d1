"""scan(step, start, xs): a recursion s_t = step(s_(t-1), x_t), with its derivatives.

A loop of Tensors records every operation of every step. Here the loop runs on plain arrays. Only the
backward pass needs derivatives, and by then all states are known, so the steps no longer wait for each
other: one call of `vmap(step)` records all T of them at once. With its Jacobians J_t = ∂s_t / ∂s_(t-1) the
chain rule through time is a linear recurrence,

    λ_t = g_t + J_(t+1)ᵀ λ_(t+1),    where g_t is the gradient that reaches s_t from outside,

and one backward pass through the recorded steps, with all λ_t at once, gives the gradients of the xs, of the
start and of every Tensor that `step` uses. This is the adjoint of the system s_t - step(s_(t-1), x_t) = 0
(Griewank and Walther 2008, "Evaluating Derivatives", chapter 15; for a hidden Markov model it is the backward
half of the forward-backward algorithm, Rabiner 1989, section III). It is written with Tensors, so it can be
differentiated again.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import gradients, history
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.functional import used_from_before
from tinygrad_edu.modes import no_grad, recording, set_mode, thread
from tinygrad_edu.ops import identity
from tinygrad_edu.ops.state_space import adjoint
from tinygrad_edu.pytree import each_leaf, leaves, rebuild
from tinygrad_edu.tensor import Op, Tensor, value
from tinygrad_edu.vectorizing import Batched, as_examples, everything, on_all_levels, vmap

__all__ = ["plain_scan", "scan"]

LARGEST_JACOBIANS = 1 << 24  # numbers; beyond them the plain loop needs less memory
OPERATION = 6000  # numbers that are computed in the time of one small operation
PIECE = 128  # steps


def scan(step: Callable, start: Any, xs: Any = None, length: int | None = None) -> Any:
    """All states s_t = step(s_(t-1), x_t), t = 1 ... T, from s_0 = start, stacked along a new first axis.

    step     (carry, x) -> the next carry, or (the next carry, y), written in NumPy functions
    start    the carry before the first step: an array, or a tuple, list or dict of arrays
    xs       what the steps read, x_t = xs[t]: an array, or a tuple, list or dict of arrays of equal length;
             None for a step that reads nothing, with length= for the number of steps

    Returns the carries, or (carries, ys) if step returns (carry, y): a leaf of shape s as one of shape
    (T, *s).

    Differentiable to every order in start, in xs, and in all Tensors that step uses, such as the parameters
    of a model. The loop runs on arrays, and the backward pass takes a few NumPy calls for each number of the
    carry, over all steps at once. Where that would be more work (a carry of dozens of numbers), and for a
    step that asks for values (`if x > 0`) or draws random numbers, this is `plain_scan`: the same result,
    recorded step by step. For a batch of sequences use vmap, which knows that they are independent.

    Raises ValueError for xs of different lengths or without a step, and for a step that changes the form or
    shape of the carry; TypeError for a step that returns nothing.

    >>> scan(lambda total, x: total + x, 0.0, np.array([1.0, 2.0, 3.0]))
    array([1., 3., 6.])
    >>> rate = Tensor(0.5, requires_grad=True)
    >>> scan(lambda s, _: s * rate, 8.0, length=3)[-1].backward()  # 8 rate³
    >>> rate.grad
    array(6.)
    """
    steps, start = _number_of_steps(xs, length), _as_arrays(start)
    size = sum(x.size for x in leaves(start))
    large = size > steps or size * size * steps > LARGEST_JACOBIANS
    if large and thread.mode.recording:
        return plain_scan(step, start, xs, length)
    found, pair, used = _on_arrays(step, start, xs, steps)
    if not used:
        return found
    if not thread.mode.recording:
        return each_leaf(_as_tensor, found)
    try:
        if _is_more_work(step, start, next(iter(_slices(xs, steps))), size):
            return plain_scan(step, start, xs, length)
        together = _AllAtOnce(step, start, xs, found, pair)
    except Exception:  # the plain loop goes on, or fails at the step that is to blame
        return plain_scan(step, start, xs, length)
    return together.result(together.row(*together.inputs))


def _is_more_work(step: Callable, start: Any, x: Any, size: int) -> bool:
    """Would the plain loop be faster? One step tells, which is recorded here.

    All at once, each number of the carry takes a backward pass through all recorded numbers, at some
    nanoseconds each. In the plain loop each operation takes some microseconds.
    """
    oldest = Tensor(0.0)  # what is older than this was there before
    with recording():
        carry = each_leaf(lambda s: _stand_in(s) if s.dtype.kind == "f" else s, start)
        results = {everything(y) for y in leaves(step(carry, x)) if _is_tracked(y)}
    operations = history(results, {used for y in results for used in used_from_before(oldest, y)})
    return size * sum(y.size for y in operations) > OPERATION * len(operations)


def plain_scan(step: Callable, start: Any, xs: Any = None, length: int | None = None) -> Any:
    """`scan` as a loop in which Tensors record every operation of every step."""
    results, _ = _loop(step, _as_arrays(start), xs, _number_of_steps(xs, length))
    return _stacked(results, _array_or_tensor)


def _as_arrays(start: Any) -> Any:
    """Arrays for numbers, and, inside vmap, one for each example."""
    batches = thread.mode.batches
    if batches:
        return each_leaf(lambda x: on_all_levels(x, batches), start)
    return each_leaf(lambda x: x if isinstance(x, Tensor) else np.asarray(x), start)


def _loop(step: Callable, start: Any, xs: Any, steps: int) -> tuple[list, bool]:
    """What every step returns; and whether that is (carry, y), and not the carry alone."""
    carry, pair = _copied(start), False
    results: list[Any] = []
    for x in _slices(xs, steps):
        result = step(carry, x)
        if not results:
            pair = _is_pair(result, start)
        carry = result[0] if pair else result
        results.append(_copied(result))
    return results, pair


def _copied(tree: Any) -> Any:
    """A step may change its carry in place, and write all its results into the same array."""
    if type(tree) is np.ndarray:
        return tree.copy()
    return each_leaf(_copied, tree) if isinstance(tree, (dict, list, tuple)) else tree


def _slices(xs: Any, steps: int) -> Iterable:
    """x_t for every t."""
    if xs is None:
        return [None] * steps
    columns = [_of_each_step(x, steps) for x in leaves(xs)]
    if isinstance(xs, (np.ndarray, Tensor)):
        return columns[0]
    return (rebuild(xs, iter(parts)) for parts in zip(*columns, strict=True))


def _of_each_step(x: Any, steps: int) -> Iterable:
    """x[t] for every t, cut in two stages: the gradient of a slice is as large as what it was cut from."""
    if not isinstance(x, Tensor):
        x = np.asarray(x).view()
        x.flags.writeable = False
        return x
    return (part for i in range(0, steps, PIECE) for part in x[i : i + PIECE])


def _stacked(trees: Sequence, joined: Callable[[Sequence], Any]) -> Any:
    """A list of trees as one tree, the leaves joined along a new first axis."""
    single = not isinstance(trees[0], (dict, list, tuple))
    columns = [trees] if single else [*zip(*map(leaves, trees), strict=True)]
    try:
        return rebuild(trees[0], map(joined, columns))
    except ValueError as error:
        shapes = [sorted({str(np.shape(x)) for x in column}) for column in columns]
        told = "; ".join(", ".join(different) for different in shapes if len(different) > 1)
        raise refusal(
            ValueError, f"scan: step returns different shapes at different times: {told}."
        ) from error


def _array(column: Sequence) -> Any:
    return None if column[0] is None else np.array([value(x) for x in column])


def _array_or_tensor(column: Sequence) -> Any:
    if column[0] is None:
        return None
    if not any(isinstance(x, Tensor) for x in column):
        return np.array(column)
    pieces = range(0, len(column), PIECE)  # as the rule of each part looks at all the others
    return np.concatenate([np.stack(column[i : i + PIECE]) for i in pieces])


# ------------------------------------------------------------------------------ the loop on plain arrays


def _on_arrays(step: Callable, start: Any, xs: Any, steps: int) -> tuple[Any, bool, bool]:
    """The result of scan computed with arrays, not recorded; is it (carries, ys); were there Tensors?

    Inside vmap there is no array for one example, and the loop computes with stand-ins.
    """
    batches = thread.mode.batches
    plain = step if batches else _with_arrays(step)
    arrays = _constants(start), _constants(xs)
    with no_grad():
        try:
            results, pair = _loop(plain, *arrays, steps)
        except Exception:  # a step may ask for what only Tensors have, as x.detach()
            results, pair = _loop(step, *arrays, steps)
        used = plain is not step or any(map(_has_tensors, (start, xs, results)))
        return _stacked(results, _array_or_tensor if batches else _array), pair, used


def _constants(tree: Any) -> Any:
    """The arrays of Tensors; inside vmap, stand-ins for them."""
    return each_leaf(
        lambda x: as_examples(everything(x).detach(), x) if isinstance(x, Batched) else value(x),
        tree,
    )


def _has_tensors(tree: Any) -> bool:
    return any(isinstance(x, Tensor) for x in leaves(tree))


def _with_arrays(step: Callable) -> Callable:
    """The function with arrays in place of the Tensors that it uses, or itself if it names none.

    They are found in the variables around it, by themselves or in a tuple, list or dict. Other Tensors, such
    as the parameters of a Module, cost the loop some microseconds for each operation.
    """
    if not isinstance(step, types.FunctionType):
        return step
    code, around, cells = step.__code__, step.__globals__, step.__closure__ or ()
    known = {name: around[name] for name in code.co_names if name in around}
    names = {name: each_leaf(value, x) for name, x in known.items() if _has_tensors(x)}
    new = tuple(map(_with_array, cells))
    if not names and [*map(id, new)] == [*map(id, cells)]:
        return step
    twin = types.FunctionType(
        code, {**around, **names} if names else around, step.__name__, step.__defaults__, new
    )
    twin.__kwdefaults__ = step.__kwdefaults__
    return twin


def _with_array(cell: types.CellType) -> types.CellType:
    try:
        x = cell.cell_contents
    except ValueError:  # not assigned yet
        return cell
    return types.CellType(each_leaf(value, x)) if _has_tensors(x) else cell


# ---------------------------------------------------------------------------------- all steps at once


class _Packing:
    """Carries as vectors: the floats of each side by side, (T, S). Integers have no derivative."""

    def __init__(self, carries: Any, start: Any):
        self.form = carries
        self.before = [  # the carries before each step
            np.concatenate([s[None], x[:-1]])
            for s, x in zip(leaves(_constants(start)), leaves(carries), strict=True)
        ]

    def pack(self, carries: Any) -> Any:
        """A tree with leaves (T, *s) as (T, S)."""
        floats = [
            np.reshape(x, (x.shape[0], like[0].size))
            for x, like in zip(leaves(carries), leaves(self.form), strict=True)
            if like.dtype.kind == "f"
        ]
        return floats[0] if len(floats) == 1 else np.concatenate(floats, axis=1)

    def unpack(self, states: Any, others: Iterable) -> Any:
        """(T, S), or one row of it, as a tree. What is not a float is taken from the leaves `others`."""
        found, end = [], 0
        for like, other in zip(leaves(self.form), others, strict=True):
            if like.dtype.kind == "f":
                begin, end = end, end + like[0].size
                part = states if end - begin == states.shape[-1] else states[..., begin:end]
                if like.ndim != 2:
                    part = np.reshape(part, (*states.shape[:-1], *like.shape[1:]))
                other = part if part.dtype == like.dtype else part.astype(like.dtype)
            found.append(other)
        return rebuild(self.form, iter(found))


class _AllAtOnce:
    """All steps as one recorded call of vmap(step), and the rule of scan that follows from it."""

    def __init__(self, step: Callable, start: Any, xs: Any, found: Any, pair: bool):
        self.step, self.start, self.xs, self.pair = step, start, xs, pair
        carries = _as_arrays(found[0] if pair else found)
        self.has_ys = pair and found[1] is not None
        if str(_form(start)) != str(_form(carries)):
            raise ValueError("a dict in another order, so that its leaves are in another, too")
        for x, y in zip(leaves(start), leaves(carries), strict=True):
            if y.dtype.kind == "c" or x.dtype.kind == "f" != y.dtype.kind:
                raise ValueError("neither complex numbers nor floats that turn into integers")
        self.packing, self.batches = _Packing(carries, start), thread.mode.batches
        self.states = self.packing.pack(carries)
        oldest = Tensor(0.0)  # what is older than this was there before
        self.variables, self.after = self.record(self.states, _constants(start))
        _demand_equal(self.after.data, value(everything(self.states)))
        given = [everything(x) for x in leaves((start, xs)) if _is_tracked(x)]
        self.used = used_from_before(oldest, self.after)  # by step, apart from its arguments
        self.inputs = [*given, *self.used]
        self.known: Any = (None, [])  # the last g, and the gradients of all inputs for it

    @property
    def row(self) -> Op:
        """The row of this scan alone. (Not kept here, as it keeps this: memory would be freed late.)"""
        known = value(everything(self.states))
        return Op(
            lambda *_: known, variadic_rule=self.rule,
            name="scan", formula="s_t = step(s_(t-1), x_t)",
        )  # fmt: skip

    def result(self, states: Any) -> Any:
        """What scan returns, from the result of the row."""
        states = as_examples(_as_tensor(states), self.states)  # an array, if there are no inputs
        carries = self.packing.unpack(states, leaves(self.packing.form))
        if not self.pair:
            return carries
        if not self.has_ys:
            return carries, None
        return carries, self.steps(self.before(states, self.start), self.xs)[1]

    def before(self, states: Any, start: Any) -> Any:
        """The states before each step, (T, S)."""
        first = self.packing.pack(each_leaf(lambda x: x[None], start))
        return np.concatenate([first, states[:-1]])

    def steps(self, before: Any, xs: Any) -> tuple[Any, Any]:
        """The states after each step, (T, S), and the ys, all steps being independent of each other."""

        def one(carry: Any, x: Any) -> Any:
            after = self.step(carry, x)
            carry, y = after if self.pair else (after, None)
            return carry, 0.0 if y is None else y

        carries = self.packing.unpack(before, self.packing.before)
        carries, ys = vmap(one, (0, None if xs is None else 0))(carries, xs)
        return self.packing.pack(carries), ys

    def record(self, states: Any, start: Any) -> tuple[list[Tensor], Tensor]:
        """Stand-ins for the states before each step and for the xs, and the states after it."""
        with set_mode(batches=self.batches), recording():
            before = _stand_in(self.before(states, start))
            xs = [_stand_in(x) if _is_tracked(x) else x for x in leaves(self.xs)]
            after, _ = self.steps(before, rebuild(self.xs, iter(xs)))
            after = on_all_levels(after, self.batches)
        variables = [before, *(x for x in xs if _is_tracked(x))]
        return [*map(everything, variables)], everything(after)

    def rule(self, i: int, g: Any, y: Any, *_: Any) -> Any:
        """the i-th part of λ ∂step, where λ_t = g_t + J_(t+1)ᵀ λ_(t+1) and J_t = ∂s_t / ∂s_(t-1)"""
        if self.known[0] is not g:
            self.known = g, self.pull_back(g, y)
        gradient = self.known[1][i]
        if i == len(self.inputs) - 1:  # inputs are asked for in order
            self.known = None, []
        return gradient

    def pull_back(self, g: Any, y: Any) -> list[Any]:
        """The gradients of all inputs."""
        again = isinstance(g, Tensor)  # to be differentiated again
        variables, after = self.variables, self.after
        if again:
            variables, after = self.record(as_examples(_as_tensor(y), self.states), self.start)
            _demand_equal(after.data, value(y))

        def back(v: Any, ends: Sequence[Tensor]) -> list[Any]:
            found = gradients({after: v}, ends, again)
            return found if again else [x.data for x in found]

        basis = [np.broadcast_to(e, y.shape) for e in np.eye(y.shape[-1], dtype=y.dtype)]
        rows = [back(Tensor(e) if again else e, variables[:1])[0] for e in basis]
        before, *others = back(adjoint(np.stack(rows, axis=-2), g), [*variables, *self.used])
        start = self.packing.unpack(before[..., 0, :], leaves(self.start))
        tracked = zip(leaves(self.start), leaves(start), strict=True)
        return [*(d for x, d in tracked if _is_tracked(x)), *others]


def _is_tracked(x: Any) -> bool:
    return isinstance(x, Tensor) and x.requires_grad


def _as_tensor(x: Any) -> Any:
    return x if isinstance(x, Tensor) or x is None else Tensor(x)


def _stand_in(x: Any) -> Tensor:
    variable = identity(_as_tensor(x))
    variable.requires_grad = True
    return variable


# ------------------------------------------------------------------------------------------- checks


def _number_of_steps(xs: Any, length: int | None) -> int:
    """The common length of the xs."""
    if xs is None:
        if length is None:
            raise refusal(
                ValueError, "scan: without xs the number of steps is unknown.", "length=10"
            )
        sizes = {int(length)}
    else:
        shapes = [np.shape(x) for x in leaves(xs)]
        if () in shapes:
            raise refusal(
                ValueError,
                "scan: xs holds a single number, which has no axis of steps. (A list is a tree of arrays, "
                "not an array.)",
                "np.array(xs)",
            )
        sizes = {shape[0] for shape in shapes} | ({int(length)} if length is not None else set())
    if len(sizes) != 1:
        told = " and ".join(map(str, sorted(sizes)))
        raise refusal(
            ValueError,
            f"scan: xs and length give {told or 'no number of'} steps.",
            "arrays of equal length along axis 0",
        )
    (steps,) = sizes
    if steps < 1:
        raise refusal(ValueError, f"scan: {steps} steps; at least one is needed.")
    return steps


def _is_pair(after: Any, start: Any) -> bool:
    """Did step return (carry, y), and not the carry alone?"""
    if after is None:
        raise refusal(
            TypeError, "scan: step returned None.", "return carry, or return carry, y, at its end"
        )
    form = _form(start)
    pair = isinstance(after, tuple) and len(after) == 2 and _form(after[0]) == form
    if _form(after) == form:
        pair = False
    elif not pair:
        raise refusal(
            ValueError,
            f"scan: step must return the carry, of the form {_shapes(start)}, or (carry, y); it returned "
            f"{_shapes(after)}.",
        )
    carry = after[0] if pair else after
    if [*map(np.shape, leaves(carry))] != [*map(np.shape, leaves(start))]:
        raise refusal(
            ValueError,
            f"scan: step must keep the shape of the carry, but it turned {_shapes(start)} into "
            f"{_shapes(carry)}.",
            "a start of the shape that step returns, as np.zeros(shape)",
        )
    return pair


def _demand_equal(found: np.ndarray, known: np.ndarray) -> None:
    """Is step the same function as in the loop?"""
    close = np.sqrt(np.finfo(known.dtype).eps)
    if not np.allclose(found, known, close, close, equal_nan=True):
        raise refusal(
            RuntimeError,
            "scan: step gave another result when it was called again in the backward pass.",
            "no change of the arrays that it reads before backward()",
        )


def _form(tree: Any) -> Any:
    return each_leaf(lambda _: 0, tree)


def _shapes(tree: Any) -> str:
    """The tree with the shape of each array in place of it."""
    return str(each_leaf(np.shape, tree))
