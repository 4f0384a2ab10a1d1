"""A model whose layers form a graph, as in Keras's functional interface."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import reduce
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.nn import Module
from tinygrad_edu.tensor import value

# Keras's merging layers, and keras.ops.not_equal for masks, by their names in Keras.
MERGES: dict[str, Callable[[Sequence[Any], int], Any]] = {
    "Add": lambda xs, axis: reduce(np.add, xs),
    "Subtract": lambda xs, axis: reduce(np.subtract, xs),
    "Multiply": lambda xs, axis: reduce(np.multiply, xs),
    "Average": lambda xs, axis: reduce(np.add, xs) / len(xs),
    "Maximum": lambda xs, axis: reduce(np.maximum, xs),
    "Minimum": lambda xs, axis: reduce(np.minimum, xs),
    "Concatenate": lambda xs, axis: np.concatenate(xs, axis=axis),
    "NotEqual": lambda xs, axis: np.not_equal(*map(value, xs)),  # where a mask is True
}


class Merge(Module):
    """Combines several results: Merge("Add")(a, b) = a + b, and so on for every name in `MERGES`.

    axis   of "Concatenate"
    """

    def __init__(self, kind: str, axis: int = -1):
        if kind not in MERGES:
            raise refusal(ValueError, f"Merge({kind!r}): one of {', '.join(MERGES)}.")
        self.kind, self.axis = kind, axis

    def forward(self, *xs: Any) -> Any:
        return MERGES[self.kind](xs, self.axis)

    def __repr__(self) -> str:
        return f"Merge({self.kind!r}{f', axis={self.axis}' if self.kind == 'Concatenate' else ''})"


class Call(NamedTuple):
    """A call of the layer of that name.

    result      the name of the result
    arguments   References to results, lists of them, or plain values
    keywords    the same, by name
    """

    result: str
    layer: str
    arguments: tuple[Any, ...]
    keywords: dict[str, Any] = {}


class Reference(NamedTuple):
    """A result of an earlier call, or an input; `part` is an index if the call returned several."""

    result: str
    part: int | None = None


class Graph(Module):
    """Calls layers in the order of a list, each on results of the earlier ones.

    layers         name -> Module; paths of parameters begin with the name
    calls          in an order in which every result exists when it is needed
    inputs         names of the inputs
    outputs        what is returned: one result, or a tuple of several
    input_shapes   of one sample of each input, as far as they are known

    >>> from tinygrad_edu.nn import Linear
    >>> x, y = Reference("x"), Reference("y")
    >>> calls = [Call("y", "deep", (x,)), Call("sum", "add", (x, y))]
    >>> layers = {"deep": Linear(4, 4, rng=0), "add": Merge("Add")}
    >>> Graph(layers, calls, ["x"], [Reference("sum")])(np.ones((2, 4))).shape
    (2, 4)
    """

    def __init__(
        self,
        layers: Mapping[str, Module],
        calls: Sequence[Call],
        inputs: Sequence[str],
        outputs: Sequence[Reference],
        input_shapes: Sequence[tuple[int | None, ...]] = (),
    ):
        self.layers, self.calls = dict(layers), list(calls)
        self.inputs, self.outputs = list(inputs), list(outputs)
        self.input_shapes = list(input_shapes)

    def children(self) -> Iterator[tuple[str, Any]]:
        yield from self.layers.items()

    def forward(self, *inputs: Any) -> Any:
        if len(inputs) != len(self.inputs):
            shapes = ", ".join(str(np.shape(value(x))) for x in inputs)
            raise refusal(
                ValueError,
                f"a Graph of the inputs {', '.join(self.inputs)} got {len(inputs)}: {shapes}.",
                f"model({', '.join(self.inputs)})",
            )
        outputs = tuple(self.results(inputs, lambda name, *xs, **kw: self.layers[name](*xs, **kw)))
        return outputs[0] if len(outputs) == 1 else outputs

    def results(self, inputs: Sequence[Any], apply: Callable[..., Any]) -> list[Any]:
        """The outputs, if apply(name of a layer, *arguments, **keywords) computes each call."""
        results: dict[str, Any] = dict(zip(self.inputs, inputs, strict=True))

        def at(thing: Any) -> Any:
            if isinstance(thing, Reference):
                found = results[thing.result]
                return found if thing.part is None else found[thing.part]
            return [at(part) for part in thing] if isinstance(thing, list) else thing

        for call in self.calls:
            keywords = {name: at(thing) for name, thing in call.keywords.items()}
            results[call.result] = apply(call.layer, *map(at, call.arguments), **keywords)
        return [at(reference) for reference in self.outputs]

    def __repr__(self) -> str:
        lines = []
        for call in self.calls:
            given = [_in_words(thing) for thing in call.arguments]
            given += [f"{name}={_in_words(thing)}" for name, thing in call.keywords.items()]
            lines.append(f"{call.result} = {self.layers[call.layer]!r}({', '.join(given)})")
        inside = "\n".join(lines).replace("\n", "\n  ")
        ends = ", ".join(map(_in_words, self.outputs))
        return f"Graph({', '.join(self.inputs)} ->\n  {inside}\n  -> {ends}\n)"


def _in_words(thing: Any) -> str:
    if isinstance(thing, Reference):
        return thing.result if thing.part is None else f"{thing.result}[{thing.part}]"
    return f"[{', '.join(map(_in_words, thing))}]" if isinstance(thing, list) else repr(thing)
