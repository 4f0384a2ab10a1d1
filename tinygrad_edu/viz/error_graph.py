"""The graph up to the operation that failed, with the error beside it."""

from __future__ import annotations

import sys
import traceback
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
    """An input that can be drawn; a list that makes no array is drawn as its repr."""
    if isinstance(x, (Tensor, np.ndarray, np.generic, int, float)):
        return x
    try:
        array = np.asarray(x)
        return array if array.dtype.kind in "fciub" else np.array(shortened(x))
    except Exception:
        return np.array(shortened(x))


def _scope(frame: Any) -> tuple:
    """The modules being called around a call, outermost first, without its own."""
    modules: list[Module] = []
    while frame := frame.f_back:
        if frame.f_code is Module.__call__.__code__:
            modules.append(frame.f_locals["self"])
    return tuple(reversed(modules))


def _drawn(made: Tensor, error: BaseException) -> Graph:
    graph = Graph.of(Reader(made).graph)
    nothing = replace(snapshot(np.zeros(0)), words="")
    graph.nodes[-1] = replace(
        graph.nodes[-1], kind="failed", value=nothing, gradient=None, row=None,
        change=f"{type(error).__name__}: {error}",
    )  # fmt: skip
    graph.no_gradient = ""
    return graph
