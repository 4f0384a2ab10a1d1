"""A model as a table: what each layer returns, what it learns, and what it costs.

This file gives modules their methods `summary` and `build`, which look at a whole model from above.
"""

from __future__ import annotations

import inspect
import time
from collections import defaultdict
from typing import Any, TypeVar

import numpy as np

from tinygrad_edu.autodiff import history
from tinygrad_edu.diagnostics.words import on_one_line
from tinygrad_edu.modes import no_grad, recording
from tinygrad_edu.nn.module import KEPT, Module, Parameter
from tinygrad_edu.tensor import Tensor
from tinygrad_edu.terminal import in_columns, printable, size

Model = TypeVar("Model", bound=Module)


class Costs:
    """The costs of one sample in each module itself, without the modules inside it."""

    def __init__(self) -> None:
        self.shapes: dict[Module, list[tuple[int, ...]]] = {}  # of its outputs
        self.multiply_adds: dict[Module, int] = defaultdict(int)
        self.bytes: dict[Module, int] = defaultdict(int)
        self.seconds: dict[Module, float] = {}


def build(model: Model, *input_shapes: tuple[int, ...]) -> Model:
    """Tells every layer the size of its input, from the shape of one sample (of each input).

    `model.sample_shapes` has these shapes afterwards; it is empty if a model was not built this way.

    >>> from tinygrad_edu.nn import Linear, Sequential
    >>> Sequential(Linear(None, 8), Linear(None, 3)).build((4,)).summary().splitlines()[-1]
    'Sequential: 67 parameters, 268 bytes'
    """
    measured(model, *input_shapes)
    model.sample_shapes = input_shapes
    return model


def summary(model: Module, input_shape: Any = None, *, timed: bool = False) -> str:
    """A table of the layers: path, kind and number of parameters, and whether they are frozen.

    input_shape   the shape of one sample, without the batch axis. Zeros of this shape are sent through the
                  model (in eval mode), and the table has the shape of each output, the multiply-adds of
                  products of matrices and convolutions, and the memory that a backward pass would keep.
                  Of several inputs, a tuple or a dict of shapes
    timed         adds the milliseconds of each forward, for one sample
    """
    table, last = summary_table(model, input_shape, timed=timed)
    lines = in_columns(table, text=2 + (input_shape is not None))
    rule = "─" * len(lines[0])
    return printable("\n".join([lines[0], rule, *lines[1:], rule, last]))


def summary_table(
    model: Module, input_shape: Any = None, *, timed: bool = False
) -> tuple[list[list[str]], str]:
    """The rows of the summary, with a head, and the line below them."""
    costs = None
    if input_shape is not None:
        costs = measured(model, *shapes_of(model, input_shape), timed=timed)
    table = [["layer", "kind", "parameters"]]
    if costs:
        table[0][2:2] = ["output"]
        table[0] += ["multiply-adds", "activations"] + ["ms"] * timed
    first: dict[Module, str] = {}
    for path, module in model.named_modules(once=False):
        if module in first:
            kind = f"layer {first[module]} again, counted once"
            table.append([path, kind] + [""] * (len(table[0]) - 2))
            continue
        first[module] = path
        own = module.own_parameters()
        at_work = costs and (costs.multiply_adds[module] or costs.bytes[module])
        if not own and not at_work and module.inner_modules():
            continue
        row = [path, on_one_line(module) + frozen(own), f"{sum(p.size for p in own):,}"]
        if costs:
            shapes = [f"(N, {', '.join(map(str, s[1:]))})" for s in costs.shapes.get(module, [])]
            row[2:2] = [", ".join(shapes) or "not called"]
            row += [f"{costs.multiply_adds[module]:,}", size(costs.bytes[module])]
            row += [f"{1000 * costs.seconds.get(module, 0):.3f}"] * timed
        table.append(row)
    parameters = model.parameters()
    total, learn = (sum(p.size for p in some) for some in (parameters, learning(parameters)))
    end = [f"{total:,} parameters, {size(sum(p.data.nbytes for p in parameters))}"]
    end[0] += f", {total - learn:,} of them frozen" if learn < total else ""
    if costs:
        end.append(f"{sum(costs.multiply_adds.values()):,} multiply-adds and")
        end[-1] += f" {size(sum(costs.bytes.values()))} of activations a sample"
    return table, f"{type(model).__name__}: {'; '.join(end)}"


def learning(parameters: list[Parameter]) -> list[Parameter]:
    return [p for p in parameters if p.requires_grad]


def frozen(parameters: list[Parameter]) -> str:
    """What the kind of a layer with these parameters is followed by, if not all of them learn."""
    learn = learning(parameters)
    if len(learn) == len(parameters):
        return ""
    return ", partly frozen" if learn else ", frozen"


def shapes_of(model: Module, given: Any) -> list[tuple[int, ...]]:
    """The shapes of the inputs, in the order in which the model takes them."""
    if isinstance(given, dict):
        return [
            given[name] for name in inspect.signature(model.forward).parameters if name in given
        ]
    if isinstance(given, (tuple, list)) and any(isinstance(part, (tuple, list)) for part in given):
        return [tuple(part) for part in given]
    return [(given,) if isinstance(given, int) else tuple(given)]


def outputs_of(y: Any) -> list[Any]:
    """The outputs of a model: one, or those in a tuple, list or dict."""
    if isinstance(y, dict):
        return list(y.values())
    return list(y) if isinstance(y, (tuple, list)) else [y]


def measured(model: Module, *input_shapes: tuple[int, ...], timed: bool = False) -> Costs:
    """Sends zeros of these shapes through the model in eval mode, and returns what they cost.

    The rows of the derivative table count the products (`Op.multiply_adds`). Activations are counted as
    the bytes of the arrays that a backward pass would keep.
    """
    costs = Costs()

    def note(module: Module, inputs: Any, y: Any) -> None:
        costs.shapes[module] = [part.shape for part in outputs_of(y) if hasattr(part, "shape")]

    modules = [module for _, module in model.named_modules()]
    before = [(m.hooks, m.training, vars(m).get("last")) for m in modules]
    kept = (p for m in modules for p in vars(m).values() if isinstance(p, KEPT))
    dtype = next((p.dtype for p in kept), np.dtype(np.float32))
    dtype = np.dtype(_taken(model) or dtype)
    # with a gradient required, so that frozen layers are recorded, too
    x = [Tensor(np.zeros((1, *s), dtype), requires_grad=dtype.kind == "f") for s in input_shapes]
    try:
        for module in modules:
            module.hooks, module.training = (note,), False
            if getattr(module, "stateful", False):
                module.last = None
        with recording():
            y = model(*x)
        if timed:
            costs.seconds = best_times(model, modules, x)
    finally:
        for module, (hooks, training, last) in zip(modules, before, strict=True):
            module.hooks, module.training = hooks, training
            if getattr(module, "stateful", False):
                module.last = last  # zeros are no sequence to go on with
    _count(y, costs)
    return costs


def _taken(model: Module) -> Any:
    """The dtype of the input of the first layer, if it declares one, as an Embedding does."""
    while model.takes is None and model.inner_modules():
        model = model.inner_modules()[0][1]
    return model.takes


def _count(y: Any, costs: Costs) -> None:
    for node in history([part for part in outputs_of(y) if isinstance(part, Tensor)]):
        if not node.scope:
            continue
        # an array with a base is a view of one that is counted already
        if node.data.base is None:
            costs.bytes[node.scope[-1]] += node.data.nbytes
        if node.op and node.op.multiply_adds:
            shapes = map(np.shape, node.inputs)
            work = node.op.multiply_adds(node.shape, *shapes, **node.params)
            costs.multiply_adds[node.scope[-1]] += int(work)


def best_times(model: Module, modules: list[Module], x: list) -> dict[Module, float]:
    """Seconds in each module's own forward, without the modules inside it; the best of five rounds."""
    own: dict[Module, float] = {}
    inside = [0.0]  # for each module that is being called, the time of those inside it

    def timed(module: Module) -> Any:
        def forward(*inputs: Any, **kwargs: Any) -> Any:
            inside.append(0.0)
            start = time.perf_counter()
            y = type(module).forward(module, *inputs, **kwargs)
            seconds = time.perf_counter() - start
            own[module] = own.get(module, 0.0) + seconds - inside.pop()
            inside[-1] += seconds
            return y

        return forward

    best: dict[Module, float] = {}
    try:
        for module in modules:
            object.__setattr__(module, "forward", timed(module))
        for _ in range(5):
            own.clear()
            with no_grad():
                model(*x)
            best = {m: min(seconds, best.get(m, seconds)) for m, seconds in own.items()}
    finally:
        for module in modules:
            object.__delattr__(module, "forward")
    return best


Module.build, Module.summary = build, summary  # type: ignore[assignment, method-assign]
