"""A Module is a function with parameters that are learned.

Parameters and modules inside a module are found by walking its attributes: assign a `Parameter`, a
`Buffer`, a `Module`, or a list, tuple or dict of them to `self`, and it is part of the model. Nothing has
to be registered.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tinygrad_edu.diagnostics.migration_hints import ARGUMENTS
from tinygrad_edu.diagnostics.operations import only_one_array
from tinygrad_edu.diagnostics.words import refuse_missing, refuse_unknown
from tinygrad_edu.modes import thread
from tinygrad_edu.nn.calls import Call
from tinygrad_edu.nn.module_checks import (
    UNSEEN,
    below,
    demand_kept,
    demand_no_hiding,
    demand_no_slip,
    fitting,
    no_attribute,
    no_forward,
    no_value,
    unbuilt,
)
from tinygrad_edu.nn.weight_files import read_weights, write_weights
from tinygrad_edu.tensor import Tensor, value

__all__ = ["Buffer", "Module", "Parameter"]

Self = TypeVar("Self", bound="Module")


class Parameter(Tensor):
    """A Tensor that is learned. It has a copy of the numbers given, and keeps its gradient.

    regularizer   a penalty on its size, such as `nn.L2(1e-4)`: `model.penalty()` adds these up
    constraint    the values it may have, such as `nn.MaxNorm(2)`: the optimizer applies it after each step
    """

    __slots__ = ("constraint", "regularizer")

    regularizer: Callable | None
    constraint: Callable | None

    def __init__(self, data: Any, *more: Any, dtype: Any = None, name: str | None = None):
        if more:
            raise only_one_array("Parameter", data, more)
        super().__init__(np.array(value(data), dtype=dtype), requires_grad=True, name=name)
        self.regularizer = self.constraint = None

    def __reduce__(self) -> Any:
        kept = {"regularizer": self.regularizer, "constraint": self.constraint}
        return *super().__reduce__(), (None, kept)


class Buffer(Tensor):
    """A Tensor that a module keeps but does not learn, such as a running mean. It is saved, too."""

    __slots__ = ()

    def __init__(self, data: Any, *more: Any, dtype: Any = None, name: str | None = None):
        if more:
            raise only_one_array("Buffer", data, more)
        super().__init__(np.array(value(data), dtype=dtype), name=name)


KEPT = (Parameter, Buffer)  # what is saved with a model
DOUBTFUL = (Tensor, *UNSEEN)  # what may be meant to be learned, and is not


class Module:
    """Base of layers and models: write `forward`, call the module.

    >>> class Line(Module):
    ...     def __init__(self):
    ...         self.slope, self.offset = Parameter([2.0]), Parameter([1.0])
    ...
    ...     def forward(self, x):
    ...         return self.slope * x + self.offset
    >>> Line()(3.0)
    Tensor([7.], made by add)
    >>> [name for name, _ in Line().named_parameters()]
    ['slope', 'offset']
    """

    training = True
    built = True  # False in a layer that waits for its first input, see `SizedByInput`
    takes: Any = None  # the dtype of the input, if it is not that of the parameters: integers, say
    sample_shapes: tuple[tuple[int, ...], ...] = ()  # the arguments of `build`
    hooks: tuple[Callable, ...] = ()  # called with (module, inputs, output) after each forward

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        refuse_unknown(cls, kwargs, ARGUMENTS)
        if args or kwargs:  # a copy is made without any
            refuse_missing(cls, args, kwargs)
        return super().__new__(cls)

    # The call.

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        raise no_forward(self)

    def __call__(self, *inputs: Any, **kwargs: Any) -> Any:
        mode = thread.mode
        outside = mode.scope
        mode.scope = call = Call((*outside, self))
        try:
            if not self.built:
                self.build_from(inputs[0])
            y = self.forward(*inputs, **kwargs)
            if y is None:
                raise no_value(self)
        finally:
            mode.scope = outside
        if mode.recording:
            for x in inputs:
                if isinstance(x, Tensor) and x.op is None:
                    call.note(outside, inputs)
                    break
        for hook in self.hooks:
            hook(self, inputs, y)
        return y

    def build_from(self, x: Any) -> None:
        """Makes parameters whose size the first input tells: see `SizedByInput`."""

    def add_hook(self, hook: Callable[[Module, tuple, Any], None]) -> Callable[[], None]:
        """Calls hook(module, inputs, output) after each forward; returns a function that removes it."""
        self.hooks = (*self.hooks, hook)

        def remove() -> None:
            self.hooks = tuple(h for h in self.hooks if h is not hook)

        return remove

    # What is inside.

    def children(self) -> Iterator[tuple[str, Any]]:
        """(name, value) of everything that may hold parameters, in the order of assignment."""
        yield from ((name, thing) for name, thing in vars(self).items() if name != "hooks")

    def named_modules(self, path: str = "", *, once: bool = True) -> Iterator[tuple[str, Module]]:
        """(path, module) of this module ("") and of all inside it, outer before inner.

        once   a module that is in several places comes at the first of them only
        """
        for where, thing in _walk(self, path, set(), once):
            if isinstance(thing, Module):
                yield where, thing

    def named_parameters(self) -> Iterator[tuple[str, Parameter]]:
        """(path, parameter), as in `("encoder.0.W", ...)`; a shared parameter comes once.

        Raises RuntimeError if a layer still waits for its first input to know its size.
        """
        yield from ((path, kept) for path, kept in self._kept() if isinstance(kept, Parameter))

    def parameters(self) -> list[Parameter]:
        return [parameter for _, parameter in self.named_parameters()]

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        yield from ((path, kept) for path, kept in self._kept() if isinstance(kept, Buffer))

    def _kept(self) -> Iterator[tuple[str, Parameter | Buffer]]:
        """(path, parameter or buffer), in the order of assignment."""
        for where, thing in _walk(self, "", set()):
            if isinstance(thing, KEPT):
                yield where, thing
            elif not thing.built:
                raise unbuilt(where, thing)

    def inner_modules(self) -> list[tuple[str, Module]]:
        """(path, module) of the modules directly inside this one."""
        inside: list[tuple[str, Module]] = []
        for path, module in self.named_modules():
            if path and not (inside and path.startswith(inside[-1][0] + ".")):
                inside.append((path, module))
        return inside

    def own_parameters(self) -> list[Parameter]:
        """The parameters of this module that do not belong to a module inside it."""
        inner = {id(p) for _, module in self.inner_modules() for p in module.parameters()}
        return [p for p in self.parameters() if id(p) not in inner]

    def apply(self: Self, function: Callable[[Module], Any]) -> Self:
        """Calls function(module) for this module and every one inside."""
        for _, module in self.named_modules():
            function(module)
        return self

    def penalty(self) -> Any:
        """The sum of the regularizers of all parameters, to be added to the loss; 0.0 without any."""
        return sum((p.regularizer(p) for p in self.parameters() if p.regularizer), 0.0)

    # Modes.

    def train(self: Self, training: bool = True) -> Self:
        """Sets this module and all inside it to training mode, the mode of a new module.

        Dropout and noise are random then, and BatchNorm uses the mean and variance of the batch and
        updates its moving averages. `eval()` is the opposite. A Trainer's `fit` switches by itself and ends
        in eval mode; a loop by hand calls `model.train()` before it learns and `model.eval()` after.
        """
        for _, module in self.named_modules():
            module.training = training
        return self

    def eval(self: Self) -> Self:
        """Sets this module and all inside it to eval mode: y depends on x and the weights alone.

        Dropout and noise return x, and BatchNorm uses its moving averages and leaves them as they are.
        """
        return self.train(False)

    def freeze(self: Self, frozen: bool = True) -> Self:
        """Stops learning: no parameter inside requires a gradient. `unfreeze()` undoes it."""
        for parameter in self.parameters():
            parameter.requires_grad, parameter.grad = not frozen, None
        return self

    def unfreeze(self: Self) -> Self:
        return self.freeze(False)

    @property
    def trainable(self) -> bool:
        """Does any parameter inside learn? `layer.trainable = False` is `layer.freeze()`."""
        parameters = self.parameters()
        return not parameters or any(p.requires_grad for p in parameters)

    @trainable.setter
    def trainable(self, learns: bool) -> None:
        self.freeze(not learns)

    def initialize(self: Self, seed: np.random.Generator | int | None = None) -> Self:
        """Draws the numbers that all parameters start from again, and makes dropout and noise repeatable.

        One seed for a whole model: every layer draws from one generator, one after the other.
        """
        rng = np.random.default_rng(seed)
        return self.apply(lambda module: module.draw(rng))

    def draw(self, rng: np.random.Generator) -> None:
        """Draws what is random in this module itself, without the modules inside it."""

    def astype(self: Self, dtype: Any) -> Self:
        """Converts parameters and buffers to another precision, in place. (Before an optimizer is made.)"""
        for _, kept in self._kept():
            kept.data = kept.data.astype(dtype)
            kept.grad = None
        return self

    # The state.

    def state_dict(self) -> dict[str, np.ndarray]:
        """path -> a copy of the numbers, of parameters and buffers."""
        return {path: kept.data.copy() for path, kept in self._kept()}

    def load_state_dict(
        self: Self,
        state: Mapping[str, Any],
        source: str = "the state",
        *,
        strict: bool = True,
        prefix: str = "",
    ) -> Self:
        """Sets parameters and buffers, in place, from what `state_dict` returned.

        strict   names and shapes must be the same on both sides; otherwise, what fits is loaded, and a
                 warning lists what does not
        prefix   takes the part of the state whose paths start with it: "encoder" if this model was the
                 attribute `encoder` of the one that was saved

        Raises ValueError that lists every difference if names or shapes do not agree, if numbers would
        lose digits, or if nothing fits; then nothing has been changed.
        """
        mine = dict(self._kept())
        arrays = {path: np.asarray(new) for path, new in state.items()}
        arrays = below(prefix, arrays, source)
        for path, new in fitting(self, mine, arrays, source, strict).items():
            mine[path].data[...] = new
        return self

    def save(self, path: str | os.PathLike) -> None:
        """Writes parameters and buffers to a whole new .npz file (arrays only, no pickle), or none."""
        write_weights(path, self.state_dict())

    def load(self: Self, path: str | os.PathLike, *, strict: bool = True, prefix: str = "") -> Self:
        """Sets parameters and buffers from a file that `save` wrote, or from a checkpoint of a training.

        strict, prefix   load parts of it: see `load_state_dict`

        Raises ValueError if it is of another architecture, and DamagedFileError, a ValueError, if it is
        something else, incomplete, changed, or unfolds to much more than this module holds; then nothing
        has been changed.
        """
        most = 2**30  # bytes that the file of another model may unfold to
        if strict and not prefix:  # in the largest type, and with a header of 1 kB for each array
            most = sum(16 * kept.data.size + 1024 for _, kept in self._kept())
        source = repr(os.fspath(path))
        return self.load_state_dict(read_weights(path, most), source, strict=strict, prefix=prefix)

    # Attributes.

    if TYPE_CHECKING:  # nn/summary.py attaches these

        def build(self: Self, *input_shapes: tuple[int, ...]) -> Self: ...
        def summary(
            self, input_shape: tuple[int, ...] | int | None = None, *, timed: bool = False
        ) -> str: ...

    else:  # a type checker would think that every attribute exists

        def __getattr__(self, name: str) -> Any:
            if hasattr(type(self), name):  # a property, whose own error is to be told
                return object.__getattribute__(self, name)
            raise no_attribute(self, name)

    def __setattr__(self, name: str, new: Any) -> None:
        old = self.__dict__.get(name)
        if isinstance(old, KEPT):
            demand_kept(self, name, old, new)
        elif name in TAKEN:
            demand_no_hiding(self, name, new)
        elif isinstance(new, DOUBTFUL) and not isinstance(new, KEPT):
            demand_no_slip(self, name, new)
        if isinstance(new, KEPT) and new.name is None:
            new.name = name
        object.__setattr__(self, name, new)

    def layers_shown(self) -> list[tuple[str, str]]:
        """(path, what the repr shows of it) of the modules directly inside this one."""
        return [(path, repr(module)) for path, module in self.inner_modules()]

    def __repr__(self) -> str:
        """The kind of module, its settings, and the modules inside it, indented."""
        inside = [f"{path}: {layer}" for path, layer in self.layers_shown()]
        if inside:
            body = "\n".join(inside).replace("\n", "\n  ")
            return f"{type(self).__name__}(\n  {body}\n)"
        settings = ", ".join(
            f"{name}={value!r}" for name, value in vars(self).items()
            if isinstance(value, (int, float, str))
            and name not in ("training", "built") and name[0] != "_"
        )  # fmt: skip
        return f"{type(self).__name__}({settings})"


# Attributes that a module may not have: they would hide its methods.
TAKEN = {name for name, thing in vars(Module).items() if callable(thing) and name[0] != "_"}
TAKEN = TAKEN - {"forward"} | {"requires_grad"}


def _walk(thing: Any, path: str, seen: set[int], once: bool = True) -> Iterator[tuple[str, Any]]:
    """(path, thing) of every Module, Parameter and Buffer inside a thing.

    once   each only at its first place; otherwise also at the others, without what is inside
    """
    if not isinstance(thing, (Module, *KEPT, list, tuple, dict)):
        return
    if id(thing) in seen:
        if not once and isinstance(thing, (Module, *KEPT)):
            yield path, thing
        return
    seen.add(id(thing))
    inside: Any = ()
    if isinstance(thing, Module):
        inside = thing.children()
    elif isinstance(thing, dict):
        inside = thing.items()
    elif not isinstance(thing, KEPT):
        inside = enumerate(thing)
    if isinstance(thing, (Module, *KEPT)):
        yield path, thing
    for name, part in inside:
        yield from _walk(part, f"{path}.{name}" if path else str(name), seen, once)
