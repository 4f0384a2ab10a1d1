"""The graph up to the operation that failed, with the error beside it."""

from __future__ import annotations

import re
import sys
import traceback
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from tinygrad_edu import autodiff, nn
from tinygrad_edu.diagnostics.words import is_ours, on_one_line, refusal, shortened
from tinygrad_edu.nn import Module
from tinygrad_edu.tensor import Op, Tensor, result_of
from tinygrad_edu.viz.build_graph import Reader
from tinygrad_edu.viz.graph import Graph
from tinygrad_edu.viz.nodes import snapshot


def explain_error(error: BaseException | None = None) -> Graph:
    """The graph of what had been computed when an operation failed. Its last node is that operation.

    error   an exception; if None, the last uncaught one: in a notebook, that of the cell before

    `clash` of the last node names the axes of its inputs that do not fit, if it is about shapes.
    It finds a step of `backward()` that failed, too.

        viz.explain_error()                                    in the cell after the red one

    Raises ValueError if nothing has failed, or what failed was not given a Tensor.
    """
    if error is None:
        error = sys.exception() or getattr(sys, "last_value", None)
    if error is None:
        raise refusal(
            ValueError,
            "no error has been seen yet.",
            "explain_error(error), inside of except ... as error",
        )
    calls = [frame for frame, _ in traceback.walk_tb(error.__traceback__)]
    for frame in reversed(calls):  # the innermost call first
        found = _failed(frame)
        if found is not None:
            return _drawn(found, error)
    raise refusal(
        ValueError,
        f"{type(error).__name__} came from nothing that was given a Tensor, so there is no "
        "graph of it.",
        f"its own message, {shortened(str(error))}",
    )


def _failed(frame: Any) -> Tensor | None:
    """The Tensor that a call was to make, if the call is one of ours and was given a Tensor."""
    code, given = frame.f_code, frame.f_locals
    if not is_ours(code.co_filename) or "diagnostics" in code.co_filename:
        return None
    if code is autodiff.walk_back.__code__:
        return getattr(given.get("here"), "y", None)
    scope = _scope(frame)
    if code is Op.__call__.__code__:
        return _unfinished(given["self"], given["inputs"], given["params"], scope)
    if code is Module.__call__.__code__:
        row = Op(Module.forward, name=on_one_line(given["self"]))
        return _unfinished(row, given["inputs"], {}, scope)
    if code.co_name.startswith(("_", "<")) or isinstance(given.get("self"), Module):
        return None  # a part of a function or of a module's call, which is the next frame out
    if code.co_filename.startswith(nn.__path__[0]) and code.co_name not in nn.__all__:
        return None  # a part of a layer or of a loss, such as a check
    arguments = [given[name] for name in code.co_varnames[: code.co_argcount] if name in given]
    inputs = [x for x in arguments if isinstance(x, (Tensor, np.ndarray, list, tuple))]
    if not any(isinstance(x, Tensor) for x in inputs):
        return None
    return _unfinished(Op(lambda: None, name=code.co_name), inputs, {}, scope)


def _unfinished(row: Op, inputs: Any, params: dict, scope: tuple) -> Tensor:
    made = result_of(row, tuple(map(_readable, inputs)), params, np.zeros(()))
    # a call of modules is known by its very tuple, which what was made before in this call has
    calls = (x.scope for x in inputs if isinstance(x, Tensor) and x.op and x.scope == scope)
    made.requires_grad, made.scope = False, next(calls, scope)
    return made


def _readable(x: Any) -> Any:
    """An input that can be drawn; a list that makes no array is an object, drawn as its repr."""
    if isinstance(x, (Tensor, np.ndarray, np.generic, int, float)):
        return x
    try:
        array = np.asarray(x)
        if array.dtype.kind in "fciub":
            return array
    except Exception:
        pass
    array = np.empty((), object)
    array[()] = x
    return array


def _scope(frame: Any) -> tuple:
    """The modules being called around a call, outermost first, without its own."""
    modules: list[Module] = []
    while frame := frame.f_back:
        if frame.f_code is Module.__call__.__code__:
            modules.append(frame.f_locals["self"])
    return tuple(reversed(modules))


def _drawn(made: Tensor, error: BaseException) -> Graph:
    graph = Graph.of(Reader(made).graph)
    last = graph.nodes[-1]
    notes = "".join(f"\n{note}" for note in getattr(error, "__notes__", ()))
    # it made nothing, unless it failed on the way back
    nothing = replace(snapshot(np.zeros(0)), words="", dtype="")
    graph.nodes[-1] = replace(
        last, kind="failed", value=last.value if made.requires_grad else nothing, gradient=None,
        row=None, change=f"{type(error).__name__}: {error}{notes}",
        clash=() if made.requires_grad else clash(made, error),
    )  # fmt: skip
    graph.no_gradient = ""
    return graph


# ------------------------------------------------------------------------------------ shapes that clash

ABOUT_SHAPES = re.compile(
    "shape|axis|axes|broadcast|dimension|mismatch|do not fit|it takes|square|out of bounds"
)


def clash(made: Tensor, error: BaseException) -> tuple[tuple[int, ...], ...]:
    """For each input, the axes that do not fit; () if the error is about something else than shapes.

    Axis by axis for elementwise operations, matmul and concatenate. Otherwise all axes of those inputs whose
    shapes the error names, or the last axis or the one axis that it speaks of.
    """
    said = str(error).partition("\n")[0]
    row: Any = made.op
    shapes = [np.shape(getattr(x, "data", x)) for x in made.inputs]
    if not isinstance(error, (ValueError, IndexError)) or not ABOUT_SHAPES.search(said):
        return ()
    axes: list[set[int]] = [set() for _ in shapes]
    if row.elementwise:
        _unequal(shapes, axes, 0, 1)
    elif row.name == "matmul" and len(shapes) == 2 and all(shapes):
        a, b = shapes
        inner = len(b) - 2 if len(b) > 1 else 0
        if a[-1] != b[inner]:
            axes = [{len(a) - 1}, {inner}]
        else:
            _unequal(shapes, axes, 2, 1)
    elif row.name == "concatenate" and len({*map(len, shapes)}) == 1:
        joined = made.params.get("axis", 0)
        _unequal(shapes, axes, 0, None, skip={joined if joined >= 0 else joined + len(shapes[0])})
    if not any(axes):
        one = re.search(r"out of bounds for axis (\d+)", said)
        for own, shape in zip(axes, shapes, strict=True):
            if shape and str(shape) in said:
                own.update(range(len(shape)))
                if "the last axis" in said:
                    own.intersection_update({len(shape) - 1})
                if one:
                    own.intersection_update({int(one[1])})
    return tuple(tuple(sorted(own)) for own in axes) if any(axes) else ()


def _unequal(
    shapes: Sequence[tuple], axes: list[set[int]], last: int, stretches: int | None,
    skip: Any = (),
) -> None:  # fmt: skip
    """Adds the axes, counted from the end, whose lengths differ; those of length `stretches` fit all."""
    for back in range(last + 1, max(map(len, shapes)) + 1):
        having = [
            (own, shape) for own, shape in zip(axes, shapes, strict=True) if len(shape) >= back
        ]
        if len({shape[-back] for _, shape in having} - {stretches}) > 1:
            for own, shape in having:
                if shape[-back] != stretches and len(shape) - back not in skip:
                    own.add(len(shape) - back)
