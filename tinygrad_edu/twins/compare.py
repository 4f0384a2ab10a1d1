"""Train a model and its Keras twin side by side, and see where their numbers part.

Both start from the same weights and see the same batches, so every number of the one has its
counterpart in the other: the loss tells of the way forward, gradients of the way back, weights of the
optimizer.
"""

from __future__ import annotations

import inspect
import itertools
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.errors import user_line
from tinygrad_edu.nn import Dropout, Module, Parameter, Sigmoid, Softmax, cross_entropy
from tinygrad_edu.optim import Optimizer
from tinygrad_edu.tensor import value
from tinygrad_edu.twins.keras import (
    LOSSES,
    OPTIMIZERS,
    build_twin,
    copy_without_hooks,
    demand_supported,
    dtype_of,
    floatx,
    import_keras,
    leaves,
)

# Two correct programs that add in another order agree in about this many digits after 50 steps.
TOLERANCES = {"float64": 1e-10, "float32": 1e-5}


def compare(
    model: Module,
    loss: Callable,
    optimizer: Optimizer,
    batches: Iterable[Sequence[Any]],
    *,
    tolerance: float | None = None,
) -> Report:
    """Trains copies of the model here and in Keras, one step per batch, and reports every number.

    model        of layers that `to_keras` knows
    loss         nn.cross_entropy or nn.mse
    optimizer    made on the model's parameters; only its settings are used, and both sides start anew
    batches      (x, y) pairs: a DataLoader, a list, any finite iterable
    tolerance    what counts as a difference: by default 1e-10 in float64, 1e-5 in float32

    Model, optimizer and Keras's settings are left as they were. Dropout is switched off on both sides:
    two random generators never drop the same places. The report holds the gradients and weights of
    all steps: four times the model's size per step.

    Raises TypeError for layers, losses and optimizers that have no counterpart in Keras; ValueError
    for an optimizer of other parameters, for no batches, and for cross_entropy behind a softmax;
    ImportError without Keras, RuntimeError if it does not run on TensorFlow.

    >>> from tinygrad_edu import nn, optim
    >>> model = nn.Sequential(nn.Linear(4, 8, rng=0), nn.Tanh(), nn.Linear(8, 3, rng=1))
    >>> optimizer = optim.SGD(model.parameters(), lr=0.1)
    >>> print(compare(model, nn.cross_entropy, optimizer, batches))  # doctest: +SKIP
    """
    _demand_comparable(model, loss, optimizer)
    batches = iter(batches)
    first = next(batches, None)
    if first is None:
        raise ValueError(f"compare got no batches.{user_line()}\n  Try: [(x, y)], a list of pairs")
    sample = np.shape(value(_pair(first)[0]))[1:]
    dtype = dtype_of(model)
    copied = copy_without_hooks(model).train()
    notes = _switch_off_dropout(copied) + _tell_of_new_start(optimizer)
    ours = _Ours(copied, loss, optimizer, _paths_of(optimizer, model))
    theirs = _Keras(copied, loss, optimizer, list(ours.learned), sample)
    runs = ours.run, theirs.run
    for batch in itertools.chain([first], batches):
        x, y = _pair(batch)
        x = np.asarray(value(x), dtype)
        y = np.asarray(value(y))
        ours.step(x, y)  # first: what is wrong with a batch, it says in the model's own words
        theirs.step(x, y)
    about = f"{optimizer!r}, {loss.__name__}, {dtype}, in tinygrad_edu and in {theirs.version}"
    rounding = 0.0
    if dtype == "float64":
        rounding = _rounding(optimizer, ours.run)
        notes += _tell_of_rounding(optimizer, rounding)
    tolerance = TOLERANCES.get(dtype, 1e-2) if tolerance is None else tolerance
    return Report(*runs, tolerance=tolerance, about=about, notes=notes, rounding=rounding)


# --------------------------------------------------------------------------------------- the report


@dataclass
class Run:
    """What one side computed. Step k (from 1) has its loss and gradients at [k - 1].

    losses       (steps,), each before its step
    gradients    path -> (steps, *shape), of that loss
    weights      path -> (steps + 1, *shape); [0] is the common start, [k] is after step k
    """

    losses: Any = field(default_factory=list)
    gradients: dict[str, Any] = field(default_factory=dict)
    weights: dict[str, Any] = field(default_factory=dict)

    def as_arrays(self) -> Run:
        """The lists that were collected, each as one array."""
        return Run(
            np.array(self.losses),
            {path: np.stack(steps) for path, steps in self.gradients.items()},
            {path: np.stack(steps) for path, steps in self.weights.items()},
        )


class Parting(NamedTuple):
    """The first step at which two runs differ by more than a tolerance.

    kind          "losses", "gradients" or "weights": the first of them, in the order of a step
    path          the parameter that differs most there (after "losses": in its gradient)
    difference    by how much the kind differs
    """

    step: int
    kind: str
    path: str
    difference: float


ROW = "{:>5}  {:>15}  {:>15}  {:>9}  {:>9}"
KINDS = ("losses", "gradients", "weights")  # in the order in which a step computes them


class Report:
    """Two runs side by side: `ours` and `keras`, see `Run`; `print(report)` shows the table.

    A difference is max |ours - Keras's|, divided by the largest |Keras's| of the same array if that
    exceeds 1: absolute for ordinary weights, relative for large numbers. NaN on one side only is an
    infinite difference.

    notes       what a reader of the numbers must know, a line each
    rounding    how far the weights may part because Keras rounds settings, roughly
    """

    def __init__(
        self,
        ours: Run,
        keras: Run,
        *,
        tolerance: float = TOLERANCES["float64"],
        about: str = "",
        notes: Iterable[str] = (),
        rounding: float = 0.0,
    ):
        self.ours, self.keras = ours.as_arrays(), keras.as_arrays()
        self.tolerance, self.about = tolerance, about
        self.notes, self.rounding = list(notes), rounding

    def __len__(self) -> int:
        """How many steps."""
        return len(self.ours.losses)

    def differences(self, kind: str) -> dict[str, np.ndarray]:
        """path -> (steps,), for "gradients" and "weights"; "losses" has the one path "loss"."""
        if kind not in KINDS:
            raise ValueError(
                f"there are differences in {', '.join(KINDS)}, not {kind!r}{user_line()}"
            )
        if kind == "losses":
            return {"loss": _difference(self.ours.losses, self.keras.losses)}
        ours, keras = getattr(self.ours, kind), getattr(self.keras, kind)
        start = 1 if kind == "weights" else 0  # [0] is the start, which belongs to no step
        return {path: _difference(ours[path][start:], keras[path][start:]) for path in ours}

    def max_difference(self) -> dict[str, float]:
        """The largest difference of each kind: {"losses": ..., "gradients": ..., "weights": ...}."""
        return {kind: float(_largest(self.differences(kind)).max()) for kind in KINDS}

    def first_parting(self, tolerance: float | None = None) -> Parting | None:
        """Where the runs first differ by more than the tolerance; None if they never do."""
        tolerance = self.tolerance if tolerance is None else tolerance
        differences = {kind: self.differences(kind) for kind in KINDS}
        for i in range(len(self)):
            for kind in KINDS:
                largest = float(_largest(differences[kind])[i])
                if largest > tolerance:
                    parts = differences["gradients" if kind == "losses" else kind]
                    path = max(parts, key=lambda path: parts[path][i])
                    return Parting(i + 1, kind, path, largest)
        return None

    def __str__(self) -> str:
        parting = self.first_parting()
        gradients, weights = (_largest(self.differences(kind)) for kind in ("gradients", "weights"))
        rows = [
            ROW.format(
                k, f"{self.ours.losses[k - 1]:.10g}", f"{self.keras.losses[k - 1]:.10g}",
                _short(gradients[k - 1]), _short(weights[k - 1]),
            )
            for k in _steps_to_show(len(self), parting.step if parting else 1)
        ]  # fmt: skip
        head = [
            " " * 42 + "largest difference in",
            ROW.format("step", "our loss", "Keras's loss", "gradients", "weights"),
        ]
        rule = "─" * len(head[1])
        return "\n".join(
            [self.about, "", *head, rule, *rows, rule, self._verdict(parting), *self.notes]
        )

    __repr__ = __str__

    def _verdict(self, parting: Parting | None) -> str:
        largest = self.max_difference()
        sizes = ", ".join(f"{kind} {_short(largest[kind])}" for kind in KINDS)
        if parting is None:
            return (
                f"They agree in all {len(self)} steps: no difference exceeds {self.tolerance:g} "
                f"(largest in {sizes})."
            )
        if parting.kind == "weights" and largest["weights"] <= 3 * self.rounding:
            return (
                f"They part at step {parting.step} by {_short(parting.difference)}, no more than Keras's "
                f"rounding explains\n  (largest in {sizes})."
            )
        where = {
            "losses": "the way forward differs (a layer or the loss); the gradient that differs most is",
            "gradients": "the loss agrees but not the way back: look at the gradient of",
            "weights": "the gradients agree but not the optimizer's step: look at",
        }[parting.kind]
        return (
            f"They part at step {parting.step}, where {parting.kind} differ by "
            f"{_short(parting.difference)}, more than {self.tolerance:g}:\n  {where} {parting.path}.\n"
            f"  (Largest in {sizes}.)"
        )


def _difference(ours: np.ndarray, theirs: np.ndarray) -> np.ndarray:
    """(steps, ...) twice -> (steps,): see Report."""
    ours, theirs = (np.asarray(a).reshape(len(a), -1) for a in (ours, theirs))
    same = (ours == theirs) | (np.isnan(ours) & np.isnan(theirs))
    with np.errstate(invalid="ignore", over="ignore"):
        apart = np.where(same, 0, np.abs(ours - theirs))
        scale = np.where(np.isfinite(theirs), np.abs(theirs), 0).max(axis=1)
        apart = apart.max(axis=1) / np.maximum(1, scale)
    return np.where(np.isnan(apart), np.inf, apart)


def _largest(differences: dict[str, np.ndarray]) -> np.ndarray:
    return np.max(list(differences.values()), axis=0)


def _steps_to_show(steps: int, interesting: int) -> list[int]:
    """All of a dozen; of more, 1, 2, 5, 10, 20, 50, ..., the last, and where something happens."""
    if steps <= 12:
        return list(range(1, steps + 1))
    chosen = {d * 10**n for n in range(len(str(steps))) for d in (1, 2, 5)} | {steps, interesting}
    return sorted(k for k in chosen if k <= steps)


def _short(difference: float) -> str:
    return f"{difference:.1e}" if difference else "0"


# ------------------------------------------------------------------------------------ the two sides


class _Ours:
    """Training as `Trainer` does it, on a copy, with every number noted."""

    def __init__(self, model: Module, loss: Callable, optimizer: Optimizer, paths: list[str]):
        self.model, self.loss = model, loss
        parameters = dict(model.named_parameters())
        self.learned: dict[str, Parameter] = {
            path: parameters[path] for path in paths if parameters[path].requires_grad
        }
        self.optimizer = type(optimizer)(list(self.learned.values()), **settings(optimizer))
        self.run = _run_from({path: p.data for path, p in self.learned.items()})

    def step(self, x: np.ndarray, y: np.ndarray) -> None:
        loss = self.loss(self.model(x), y)
        self.optimizer.zero_grad()
        loss.backward()
        gradients = {path: p.grad for path, p in self.learned.items()}
        self.optimizer.step()
        _note(self.run, loss.item(), gradients, {path: p.data for path, p in self.learned.items()})


class _Keras:
    """Keras's own training step, in the open: tape, gradients, `optimizer.apply`."""

    def __init__(
        self, model: Module, loss: Callable, optimizer: Optimizer, paths: list[str], shape: tuple
    ):
        self.keras = import_keras()
        backend = self.keras.backend.backend()
        if backend != "tensorflow":
            raise RuntimeError(
                f"compare takes Keras's gradients from TensorFlow, but Keras runs on {backend} here."
                f"{user_line()}\n  Try: KERAS_BACKEND=tensorflow in the environment of a new Python"
            )
        import tensorflow

        self.tape = tensorflow.GradientTape
        # As in `fit`: compiled to a graph, which is several times faster than one call after the
        # other, but not by XLA, which is free to add in another order.
        self.compiled = tensorflow.function(self._step, jit_compile=False, reduce_retracing=True)
        self.version = f"Keras {self.keras.__version__}"
        dtype = dtype_of(model)
        self.model, variables = build_twin(model, shape)
        self.learned = {path: variables[path] for path in paths}
        with floatx(self.keras, dtype):
            self.loss = LOSSES[loss](self.keras, dtype)
            self.optimizer = OPTIMIZERS[type(optimizer)].build(self.keras, optimizer)
            self.optimizer.build(list(self.learned.values()))
        self.run = _run_from(self._numbers(self.learned))

    def step(self, x: np.ndarray, y: np.ndarray) -> None:
        loss, gradients = self.compiled(*map(self.keras.ops.convert_to_tensor, (x, y)))
        gradients = dict(zip(self.learned, gradients, strict=True))
        _note(self.run, float(loss), self._numbers(gradients), self._numbers(self.learned))

    def _step(self, x: Any, y: Any) -> tuple[Any, list[Any]]:
        variables = list(self.learned.values())
        with self.tape() as tape:
            loss = self.loss(y, self.model(x, training=True))
        gradients = tape.gradient(loss, variables)
        self.optimizer.apply(gradients, variables)
        return loss, gradients

    def _numbers(self, tensors: dict[str, Any]) -> dict[str, np.ndarray]:
        to_numpy = self.keras.ops.convert_to_numpy
        return {path: to_numpy(tensor) for path, tensor in tensors.items()}


def _run_from(start: dict[str, np.ndarray]) -> Run:
    return Run([], {path: [] for path in start}, {path: [w.copy()] for path, w in start.items()})


def _note(run: Run, loss: float, gradients: dict, weights: dict) -> None:
    run.losses.append(loss)
    for path in run.weights:
        run.gradients[path].append(np.array(gradients[path]))
        run.weights[path].append(np.array(weights[path]))


# -------------------------------------------------------------------------- what is asked, and notes


def settings(optimizer: Optimizer) -> dict[str, Any]:
    """The arguments that an optimizer was made with, except the parameters; it keeps them by name."""
    names = inspect.signature(type(optimizer).__init__).parameters
    return {name: getattr(optimizer, name) for name in names if name not in ("self", "parameters")}


def _demand_comparable(model: Module, loss: Callable, optimizer: Optimizer) -> None:
    demand_supported(model)
    for table, thing, what in ((LOSSES, loss, "loss"), (OPTIMIZERS, type(optimizer), "optimizer")):
        if thing not in table:
            known = ", ".join(entry.__name__ for entry in table)
            raise TypeError(
                f"compare has no counterpart in Keras for the {what} "
                f"{getattr(thing, '__name__', repr(thing))}.{user_line()}\n  Try: {known}"
            )
    last = [(path, layer) for path, layer in leaves(model) if not isinstance(layer, Dropout)][-1:]
    if loss is cross_entropy and last and isinstance(last[0][1], (Softmax, Sigmoid)):
        path, layer = last[0]
        raise ValueError(
            f"cross_entropy takes logits, but the model ends in {path}, {layer!r}. Keras would take it "
            f"off and so train another function than this one.{user_line()}"
            "\n  Try: the model without that layer"
        )


def _paths_of(optimizer: Optimizer, model: Module) -> list[str]:
    """The paths of the parameters that the optimizer was made on."""
    paths = {id(parameter): path for path, parameter in model.named_parameters()}
    foreign = sum(id(parameter) not in paths for parameter in optimizer.parameters)
    if foreign:
        raise ValueError(
            f"{foreign} of the {len(optimizer.parameters)} parameters of this "
            f"{type(optimizer).__name__} are not in the model.{user_line()}"
            f"\n  Try: {type(optimizer).__name__}(model.parameters()), with this very model"
        )
    return [paths[id(parameter)] for parameter in optimizer.parameters]


def _pair(batch: Any) -> tuple[Any, Any]:
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        raise ValueError(
            f"compare takes batches (x, y), not a {type(batch).__name__}.{user_line()}"
            "\n  Try: [(x, y)] for one step on all of x and y"
        )
    return batch[0], batch[1]


def _switch_off_dropout(model: Module) -> list[str]:
    dropouts = [(path, layer) for path, layer in leaves(model) if isinstance(layer, Dropout)]
    for _, layer in dropouts:
        layer.p = 0
    if not dropouts:
        return []
    return [
        f"Dropout ({', '.join(path for path, _ in dropouts)}) is off on both sides: two random "
        "generators never drop the same places."
    ]


def _tell_of_new_start(optimizer: Optimizer) -> list[str]:
    if optimizer.t == 0:
        return []
    return [
        f"The optimizer had taken {optimizer.t} steps; here both sides start anew, from the model's "
        "present weights."
    ]


def _inexact(optimizer: Optimizer) -> list[tuple[str, float]]:
    """(name, number) of the settings that Keras rounds to float32 and that rounding changes."""
    return [
        (name, float(number))
        for name in OPTIMIZERS[type(optimizer)].rounded
        for number in np.ravel(getattr(optimizer, name))
        if float(np.float32(number)) != number
    ]


def _rounding(optimizer: Optimizer, run: Run) -> float:
    """How far Keras's rounding of settings may carry a weight, roughly.

    A sum that forgets by a factor β per step weighs 1 / (1 - β) steps, so an error δ in β makes steps
    longer or shorter by about δ / (1 - β) of their length. The sum of the lengths is the way of a weight.
    """
    shares = [abs(float(np.float32(beta)) - beta) / (1 - beta) for _, beta in _inexact(optimizer)]
    ways = [np.abs(np.diff(w, axis=0)).sum(axis=0).max() for w in run.as_arrays().weights.values()]
    return max(shares, default=0.0) * float(max(ways))


def _tell_of_rounding(optimizer: Optimizer, rounding: float) -> list[str]:
    inexact = _inexact(optimizer)
    if not inexact:
        return []
    words = ", ".join(f"{name} {h:g} to {float(np.float32(h)):.12g}" for name, h in inexact)
    return [
        f"Even in float64, Keras rounds settings to float32 ({words}): weights may part by about "
        f"{rounding:.0e} for that alone. (0.875 and 0.9990234375 stay exact.)"
    ]
