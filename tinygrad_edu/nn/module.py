"""A Module is a function with parameters that can be learned.

Parameters and sub-modules are found by walking the attributes: assign a `Parameter`, a `Buffer`, a
`Module`, or a list, tuple or dict of them to `self`, and it is part of the model. Nothing has to be
registered.
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from tinygrad_edu.diagnostics.migration_hints import ARGUMENTS, ATTRIBUTES
from tinygrad_edu.diagnostics.words import alike, refusal, refuse_missing, refuse_unknown, user_line
from tinygrad_edu.files import whole_file
from tinygrad_edu.showing import Shown
from tinygrad_edu.tensor import Tensor, describe, mode, module_called, value

Self = TypeVar("Self", bound="Module")


class Parameter(Tensor):
    """A Tensor that is learned: a copy of the numbers given, and its gradient is kept.

    regularizer   what its size costs, as `nn.L2(1e-4)`: `model.penalty()` adds these up
    constraint    where it must stay, as `nn.MaxNorm(2)`: the optimizer puts it there after each step
    """

    __slots__ = ("constraint", "regularizer")

    regularizer: Callable | None
    constraint: Callable | None

    def __init__(self, data: Any, *, dtype: Any = None, name: str | None = None):
        super().__init__(np.array(value(data), dtype=dtype), requires_grad=True, name=name)
        self.regularizer = self.constraint = None

    def __reduce__(self) -> Any:
        kept = {"regularizer": self.regularizer, "constraint": self.constraint}
        return *super().__reduce__(), (None, kept)


class Buffer(Tensor):
    """What a module remembers and nobody learns, such as running means: saved with the parameters."""

    __slots__ = ()

    def __init__(self, data: Any, *, dtype: Any = None, name: str | None = None):
        super().__init__(np.array(value(data), dtype=dtype), name=name)


class Module(Shown):
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

    def __new__(cls, *args: Any, **kwargs: Any) -> Any:
        refuse_unknown(cls, kwargs, ARGUMENTS)
        if args or kwargs:  # a copy is made without any
            refuse_missing(cls, args, kwargs)
        return super().__new__(cls)

    training = True
    # False where the first call is to tell the size of the input, see `make_when_known`
    built = True
    # the dtype of its input, where that is not its parameters': whole numbers, say
    takes: Any = None
    sample_shapes: tuple[tuple[int, ...], ...] = ()  # what `build` was told
    hooks: tuple[Callable, ...] = ()  # called with (module, inputs, output) after each forward

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no forward(self, x) yet")

    def __call__(self, *inputs: Any, **kwargs: Any) -> Any:
        outside = mode.scope
        mode.scope = (*outside, self)
        try:
            if not self.built:
                shape = np.shape(value(inputs[0]))
                self.make(self.size_in(shape))
                self.built = True
                self._sized_by = f"sized by its first x {shape}{user_line()}"
            y = self.forward(*inputs, **kwargs)
            if y is None:
                raise refusal(
                    TypeError,
                    f"{module_path(self)} gave None: its forward returns nothing.",
                    "return y at the end of forward",
                )
        finally:
            mode.scope = outside
        for hook in self.hooks:
            hook(self, inputs, y)
        return y

    def make(self, inputs: int) -> None:
        """Makes the parameters of a layer that needs to know how long the last axis of its input is."""
        raise NotImplementedError(f"{type(self).__name__} has no make(self, inputs) yet")

    def size_in(self, shape: tuple[int, ...]) -> int:
        """What `make` is to be told, from the shape of the first input. May refuse it."""
        return shape[-1]

    def make_when_known(self, inputs: int | None) -> None:
        """Calls `make` now, or, if the size is None, when the first input comes."""
        self.built = inputs is not None
        if inputs is not None:
            self.make(inputs)

    def build(self: Self, *input_shapes: tuple[int, ...]) -> Self:
        """Lets every layer find the size of its input, from the shape of one sample (of each input).

        `sample_shapes` has them afterwards; it is empty for a model that was not built this way.

        >>> from tinygrad_edu.nn import Linear, Sequential
        >>> Sequential(Linear(None, 8), Linear(None, 3)).build((4,)).summary().splitlines()[-1]
        'Sequential: 67 parameters, 268 bytes'
        """
        from tinygrad_edu.nn.summary import measured

        measured(self, *input_shapes)
        self.sample_shapes = input_shapes
        return self

    def add_hook(self, hook: Callable[[Module, tuple, Any], None]) -> Callable[[], None]:
        """Calls hook(module, inputs, output) after each forward; returns what takes it away again."""
        self.hooks = (*self.hooks, hook)

        def remove() -> None:
            self.hooks = tuple(h for h in self.hooks if h is not hook)

        return remove

    if not TYPE_CHECKING:  # or every attribute would seem to be there

        def __getattr__(self, name: str) -> Any:
            """Asked for what is not there: what it is called here, if other libraries have it."""
            if name in ATTRIBUTES:
                raise refusal(
                    AttributeError,
                    f"a {type(self).__name__} has no .{name}.",
                    f"{ATTRIBUTES[name]}",
                )
            if hasattr(type(self), name):  # a property, whose own error is to be told
                return object.__getattribute__(self, name)
            raise AttributeError(
                f"{type(self).__name__!r} object has no attribute {name!r}", name=name, obj=self
            )

    def __setattr__(self, name: str, new: Any) -> None:
        old = self.__dict__.get(name)
        kind = type(old)
        if isinstance(old, KEPT) and not isinstance(new, kind) and new is not None:
            out = "training" if isinstance(old, Parameter) else "what is saved"
            raise refusal(
                TypeError,
                f"{type(self).__name__}.{name} is {describe(old, f'a {kind.__name__}')}; "
                f"assigning {type(new).__name__} would take it out of {out}.",
                f".{name}.data[...] = numbers to set its value, or .{name} = "
                f"{kind.__name__}(numbers)",
            )
        if isinstance(new, KEPT) and new.name is None:
            new.name = name
        object.__setattr__(self, name, new)

    # What is inside.

    def children(self) -> Iterator[tuple[str, Any]]:
        """(name, value) of everything that may hold parameters, in the order of assignment."""
        yield from ((name, thing) for name, thing in vars(self).items() if name != "hooks")

    def named_modules(self, path: str = "") -> Iterator[tuple[str, Module]]:
        """(path, module) of this module ("") and of all inside it, each once, outer before inner."""
        for where, thing in _walk(self, path, set()):
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
        """(path, buffer) of what is remembered but not learned."""
        yield from ((path, kept) for path, kept in self._kept() if isinstance(kept, Buffer))

    def _kept(self) -> Iterator[tuple[str, Parameter | Buffer]]:
        """(path, parameter or buffer), in the order of assignment."""
        for where, thing in _walk(self, "", set()):
            if isinstance(thing, KEPT):
                yield where, thing
            elif not thing.built:
                raise refusal(
                    RuntimeError,
                    f"{f'layer {where}, ' if where else ''}{thing!r} has no parameters before "
                    "it knows the size of its input.",
                    "model.build(x.shape[1:]), or model(x) once, before its parameters are "
                    "asked for",
                )

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

    def train(self: Self, training: bool = True) -> Self:
        """Sets this module and all inside it to training mode, as every module is when it is made.

        Then Dropout and noise are random, and BatchNorm takes the mean and variance of the batch and lets
        its moving means follow them. `eval()` is the other way. A Trainer's `fit` switches by itself, and
        ends in eval mode; a loop by hand calls `model.train()` before it learns and `model.eval()` after.
        """
        for _, module in self.named_modules():
            module.training = training
        return self

    def eval(self: Self) -> Self:
        """Sets this module and all inside it to eval mode, for use: y depends on x and weights alone.

        Dropout and noise let x pass, and BatchNorm takes its moving means and leaves them as they are.
        """
        return self.train(False)

    def freeze(self: Self) -> Self:
        """No parameter inside requires a gradient any more: optimizers pass it by. `unfreeze()` undoes it."""
        return self._require_grad(False)

    def unfreeze(self: Self) -> Self:
        return self._require_grad(True)

    def _require_grad(self: Self, required: bool) -> Self:
        for parameter in self.parameters():
            parameter.requires_grad, parameter.grad = required, None
        return self

    def apply(self: Self, function: Callable[[Module], Any]) -> Self:
        """Calls function(module) for this module and every one inside."""
        for _, module in self.named_modules():
            function(module)
        return self

    def penalty(self) -> Any:
        """What the regularizers of the parameters cost: to be added to the loss. 0.0 without any."""
        return sum((p.regularizer(p) for p in self.parameters() if p.regularizer), 0.0)

    def astype(self: Self, dtype: Any) -> Self:
        """Turns parameters and buffers into another precision, in place. (Before an optimizer is made.)"""
        for _, kept in self._kept():
            kept.data = kept.data.astype(dtype)
            kept.grad = None
        return self

    # Weights in and out.

    def state_dict(self) -> dict[str, np.ndarray]:
        """path -> a copy of the numbers, of parameters and buffers."""
        return {path: kept.data.copy() for path, kept in self._kept()}

    def load_state_dict(
        self: Self, state: Mapping[str, Any], source: str = "the state", *, strict: bool = True
    ) -> Self:
        """Sets parameters and buffers from what `state_dict` gave, in place.

        strict   the names must be the same on both sides; without it, what only one of them has is left

        Raises ValueError that lists every difference if names or shapes do not agree, or if numbers
        would lose digits; then nothing has been changed.
        """
        mine = dict(self._kept())
        arrays = {path: np.asarray(new) for path, new in state.items()}
        wrong = []
        if strict:
            wrong = [
                f"{path} {p.shape} is missing" for path, p in mine.items() if path not in arrays
            ]
        for path, new in arrays.items():
            if path not in mine:
                if strict:
                    wrong.append(f"{path} {new.shape} has no place in the model")
            elif new.shape != mine[path].shape:
                wrong.append(f"{path} is {new.shape}, the model's is {mine[path].shape}")
            elif not np.can_cast(new.dtype, mine[path].dtype):
                wrong.append(f"{path} is {new.dtype}, the model's is {mine[path].dtype}")
        if wrong:
            raise ValueError(
                f"{source} is not of this {type(self).__name__}; nothing was loaded:\n  "
                + "\n  ".join(wrong)
                + f"{user_line()}\n  Try: a model built just as the one that was saved"
                + (
                    ", or model.astype(...)"
                    if any("the model's is float" in w for w in wrong)
                    else ""
                )
            )
        for path in mine.keys() & arrays.keys():
            mine[path].data[...] = arrays[path]
        return self

    def save(self, path: str | os.PathLike) -> None:
        """Writes parameters and buffers as .npz (arrays only, no pickle): a whole new file or none."""
        _demand_own_format(path, "save")
        with whole_file(path) as draft, open(draft, "wb") as file:
            write_npz(file, self.state_dict())

    def load(self: Self, path: str | os.PathLike) -> Self:
        """Sets parameters and buffers from a file that `save` wrote, or from a training's checkpoint.

        Raises ValueError if it is something else, incomplete, or of another architecture; then nothing
        has been changed.
        """
        _demand_own_format(path, "load")
        import zipfile  # takes longer than a small network's first epoch

        if not os.path.exists(path):
            folder, name = os.path.split(os.path.abspath(path))
            there = os.listdir(folder) if os.path.isdir(folder) else []
            near = alike(name, there) or [n for n in there if n.endswith(".npz")]
            raise refusal(
                FileNotFoundError,
                f"there is no file {os.fspath(path)!r}, in {folder!r}; nothing was loaded.",
                f"{', '.join(sorted(near)[:5]) or 'a file written by model.save(path)'}",
            )
        try:
            with open(path, "rb") as file:
                archive = np.load(file, allow_pickle=False)
                if not isinstance(archive, np.lib.npyio.NpzFile):
                    raise ValueError("one array and not an archive of them")
                state = {name: archive[name] for name in archive.files}
        except (ValueError, EOFError, KeyError, zipfile.BadZipFile) as error:
            # NumPy would advise to unpickle what it does not know, which may run a stranger's program.
            why = "text, or a pickle" if "pickle" in str(error) else error
            raise refusal(
                ValueError,
                f"{os.fspath(path)!r} is not a weight file, or only a part of one ({why}); "
                "nothing was loaded.",
                "a file written by model.save(path)",
            ) from error
        if "state" in state and any(name.startswith("model/") for name in state):  # a checkpoint
            state = {
                name.removeprefix("model/"): array
                for name, array in state.items() if name.startswith("model/")
            }  # fmt: skip
        return self.load_state_dict(state, source=repr(os.fspath(path)))

    # For people.

    def summary(
        self, input_shape: tuple[int, ...] | int | None = None, *, timed: bool = False
    ) -> str:
        """A table of the layers: path, kind and number of parameters.

        input_shape   of one sample, without the batch axis. Zeros of this shape are sent through the model
                      (in eval mode), and the table tells the shape of each output, the multiply-adds of
                      products of matrices and convolutions, and the memory of what a way back would keep
        timed         and the milliseconds of each forward, for one sample
        """
        from tinygrad_edu.nn.summary import summary

        return summary(self, input_shape, timed)

    def __repr__(self) -> str:
        """The kind of module, its settings, and the modules inside it, indented."""
        inside = [f"{path}: {module!r}" for path, module in self.inner_modules()]
        if inside:
            body = "\n".join(inside).replace("\n", "\n  ")
            return f"{type(self).__name__}(\n  {body}\n)"
        settings = ", ".join(
            f"{name}={value!r}" for name, value in vars(self).items()
            if isinstance(value, (int, float, str)) and name != "training" and name[0] != "_"
        )  # fmt: skip
        return f"{type(self).__name__}({settings})"


def _demand_own_format(path: str | os.PathLike, verb: str) -> None:
    """Refuses endings of other formats: an .npz by the name of another misleads whoever reads it next."""
    ways = {
        ".safetensors": f"tinygrad_edu.twins.{verb}_safetensors(model, path)",
        ".keras": "tinygrad_edu.twins.load_keras_weights(model, path)",
        ".h5": "tinygrad_edu.twins.load_keras_weights(model, path)",
    }
    ending = os.path.splitext(os.fspath(path))[1]
    if ending in ways:
        way = (
            ways[ending]
            if ending == ".safetensors" or verb == "load"
            else f"model.{verb}('weights.npz')"
        )
        raise refusal(
            ValueError, f"{verb}({os.fspath(path)!r}): a module's own format is .npz.", f"{way}"
        )


KEPT = (Parameter, Buffer)  # what is saved with a model


def _walk(thing: Any, path: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """(path, thing) of every Module, Parameter and Buffer inside a thing, each once."""
    if not isinstance(thing, (Module, *KEPT, list, tuple, dict)) or id(thing) in seen:
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
        yield from _walk(part, f"{path}.{name}" if path else str(name), seen)


def module_path(module: Module) -> str:
    """The name of a module that is being called, as errors give it: `layer encoder.0, Linear(2, 3),`."""
    called = module_called((mode.scope[0] if mode.scope else module, module))
    called = f"{called}," if called.startswith("layer ") else called
    sized_by = " ".join(module.__dict__.get("_sized_by", "").split())
    return f"{called} ({sized_by})" if sized_by else called


def layer_before(module: Module) -> tuple[str, Any]:
    """(number, layer) that stands before this one, which is being called, in a Sequential."""
    layers = getattr(mode.scope[-2], "layers", None) if len(mode.scope) > 1 else None
    for i, (before, layer) in enumerate(itertools.pairwise(layers or ())):
        if layer is module:
            return str(i), before
    return "", None


def write_npz(file: Any, arrays: Mapping[str, np.ndarray]) -> None:
    """What np.savez writes, but for names of every kind ("file" is an argument of np.savez)."""
    import zipfile

    with zipfile.ZipFile(file, "w") as archive:
        for name, array in arrays.items():
            with archive.open(f"{name}.npy", "w", force_zip64=True) as entry:
                np.lib.format.write_array(entry, array, allow_pickle=False)
