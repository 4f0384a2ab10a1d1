"""Train a model and its Keras twin side by side, and see where their numbers part.

Both start from the same weights and see the same batches, so every number of the one has its
counterpart in the other: outputs and the loss tell of the way forward, gradients of the way back,
weights of the optimizer.
"""

from __future__ import annotations

import functools
import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygrad_edu import nn
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.nn import Module
from tinygrad_edu.optim import Optimizer
from tinygrad_edu.tensor import value
from tinygrad_edu.twins.graph import Graph
from tinygrad_edu.twins.keras_export import (
    Builder,
    copy_without_hooks,
    dtype_of,
    floatx,
    input_dtype,
)
from tinygrad_edu.twins.layer_table import LAYERS, demand_supported, kind_of, leaves
from tinygrad_edu.twins.report import TOLERANCES, Report, Run, difference
from tinygrad_edu.twins.training import (
    OPTIMIZERS,
    demand_loss,
    demand_optimizer,
    inexact,
    keras_loss,
    keras_optimizer,
    loss_in_words,
    rounded_settings,
    settings_of,
    takes_logits,
)

ROUNDED = 1e-6  # what counts as a difference where Keras rounds inside of layers


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
    loss         a loss of nn that Keras has, as nn.cross_entropy; with settings of its own as
                 functools.partial(nn.huber, delta=2)
    optimizer    made on the model's parameters; only its settings are used, and both sides start anew.
                 A schedule gives its learning rates to both
    batches      (x, y) pairs: a DataLoader, a list, any finite iterable
    tolerance    what counts as a difference: by default 1e-10 in float64, 1e-5 in float32, and 1e-6
                 in float64 where Keras rounds inside of layers (then there is a note that says where)

    What regularizers cost is part of the loss, and what a layer remembers (moving means) is compared
    with the weights. Model, optimizer and Keras's settings are left as they were. Dropout and noise are
    switched off on both sides: two random generators never drop the same places. The report holds the
    gradients and weights of all steps: four times the model's size per step.

    Raises TypeError for layers, losses and optimizers that have no counterpart in Keras; ValueError
    for an optimizer of other parameters, for no batches, and for a loss of logits behind a softmax;
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
        raise refusal(ValueError, "compare got no batches.", "[(x, y)], a list of pairs")
    x, y = _pair(first)
    dtype = dtype_of(model)
    copied = copy_without_hooks(model).train()
    notes = _switch_off_dropout(copied) + _tell_of_new_start(optimizer) + _tell_of_rows(copied)
    groups = _groups_of(optimizer, model)
    ours = _Ours(copied, loss, optimizer, groups)
    theirs = _Keras(copied, loss, optimizer, groups, ours, np.shape(value(x))[1:], value(y))
    outputs: dict[str, list[float]] = {}
    for batch in itertools.chain([first], batches):
        x, y = _pair(batch)
        x = np.asarray(value(x), input_dtype(model, dtype))
        y = np.asarray(value(y))
        # first: what is wrong with a batch, it says in the model's own words
        made = ours.step(x, y)
        for path, result in theirs.step(x, y).items():
            if path in made:
                apart = difference(made[path][None], result[None])
                outputs.setdefault(path, []).append(float(apart[0]))
    about = (
        f"{optimizer!r}, {loss_in_words(loss)}, {dtype}, in tinygrad_edu and in {theirs.version}"
    )
    rounding, rounds = 0.0, False
    if dtype == "float64":
        rounding = _rounding(optimizer, ours.run)
        rounds, told = _tell_of_rounding(copied, optimizer, rounding)
        notes += told
    if tolerance is None:
        tolerance = ROUNDED if rounds else TOLERANCES.get(dtype, 1e-2)
    layers = {path: repr(layer) for path, layer in leaves(copied) if path in outputs}
    return Report(
        ours.run, theirs.run, outputs=outputs, layers=layers, tolerance=tolerance, about=about,
        notes=notes, rounding=rounding,
    )  # fmt: skip


# ------------------------------------------------------------------------------------ the two sides


class _Ours:
    """Training as `Trainer` does it, on a copy, with every number noted."""

    def __init__(self, model: Module, loss: Callable, optimizer: Optimizer, groups: Groups):
        self.run, self.memory = Run(), _Memory()
        parameters = dict(model.named_parameters())
        self.learned = {path: parameters[path] for _, paths in groups for path in paths}
        self.tracked = self.learned | dict(model.named_buffers())
        with self.memory.watched():
            self.model, self.loss = model, loss
            own = [
                {**given, "parameters": [parameters[p] for p in paths]} for given, paths in groups
            ]
            make: Any = type(optimizer)
            self.optimizer = make(own, **settings_of(optimizer))
        self.made: dict[str, np.ndarray] = {}
        for path, layer in model.named_modules():
            layer.add_hook(functools.partial(self._note, path))
        _start(self.run, self.learned, {path: kept.data for path, kept in self.tracked.items()})

    def _note(self, path: str, layer: Module, inputs: tuple, y: Any) -> None:
        self.made[path] = value(y)

    def step(self, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
        self.made.clear()
        with self.memory.watched(), _timed(self.run):
            loss = self.loss(self.model(x), y) + self.model.penalty()
            self.optimizer.zero_grad()
            loss.backward()
            gradients = {path: parameter.grad for path, parameter in self.learned.items()}
            self.optimizer.step()
        _note(self.run, loss.item(), gradients, {p: kept.data for p, kept in self.tracked.items()})
        self.run.memory = self.memory.peak
        return dict(self.made)


class _Keras:
    """Keras's own training step, in the open: tape, gradients, `optimizer.apply`."""

    def __init__(
        self,
        model: Module,
        loss: Callable,
        optimizer: Optimizer,
        groups: Groups,
        ours: _Ours,
        shape: tuple,
        y: Any,
    ):
        builder = Builder(model, shape)
        self.keras = builder.keras
        backend = self.keras.backend.backend()
        if backend != "tensorflow":
            raise refusal(
                RuntimeError,
                f"compare takes Keras's gradients from TensorFlow, but Keras runs on {backend} "
                "here.",
                "KERAS_BACKEND=tensorflow in the environment of a new Python",
            )
        import tensorflow

        self.tape, self.dense = tensorflow.GradientTape, tensorflow.convert_to_tensor
        # As in `fit`: compiled to a graph, which is several times faster than one call after the
        # other, but not by XLA, which is free to add in another order.
        self.compiled = tensorflow.function(self._step, jit_compile=False, reduce_retracing=True)
        self.version = f"Keras {self.keras.__version__}"
        self.run, self.memory = Run(), _Memory()
        dtype = dtype_of(model)
        with self.memory.watched(), floatx(self.keras, dtype):
            self.model, self.paths = builder.flat()
            variables = builder.variables()
            self.loss = keras_loss(self.keras, loss, dtype, y)
            self.optimizer = keras_optimizer(self.keras, optimizer)
            self.learned = {path: variables[path] for path in ours.learned}
            spared = [variables[p] for own, paths in groups for p in paths if "weight_decay" in own]
            if spared and optimizer.weight_decay:
                self.optimizer.exclude_from_weight_decay(var_list=spared)
            self.optimizer.build(list(self.learned.values()))
        self.rates = ours.optimizer
        self.tracked = {path: variables[path] for path in ours.tracked}
        _start(self.run, ours.learned, self._numbers(self.tracked))

    def step(self, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
        if callable(self.rates.lr):  # ours has taken this step already, at the rate before the next
            self.optimizer.learning_rate.assign(self.rates.lr(self.rates.calls - 1))
        with self.memory.watched(), _timed(self.run):
            given = map(self.keras.ops.convert_to_tensor, (x, y))
            loss, gradients, results = self.compiled(*given)
            loss = float(loss)
        gradients = dict(zip(self.learned, gradients, strict=True))
        _note(self.run, loss, self._numbers(gradients), self._numbers(self.tracked))
        self.run.memory = self.memory.peak
        return self._numbers(dict(zip(self.paths, results, strict=True)))

    def _step(self, x: Any, y: Any) -> tuple[Any, list[Any], list[Any]]:
        variables = list(self.learned.values())
        with self.tape() as tape:
            *results, prediction = self.model(x, training=True)
            loss = self.loss(y, prediction)
            for penalty in self.model.losses:
                loss += penalty
        values = [variable.value for variable in variables]
        gradients = tape.gradient(loss, values, unconnected_gradients="zero")
        gradients = [self.dense(g) for g in gradients]  # see `_tell_of_rows`
        self.optimizer.apply(gradients, variables)
        return loss, gradients, results

    def _numbers(self, tensors: dict[str, Any]) -> dict[str, np.ndarray]:
        to_numpy = self.keras.ops.convert_to_numpy
        return {path: to_numpy(tensor) for path, tensor in tensors.items()}


def _start(run: Run, learned: Iterable[str], start: dict[str, np.ndarray]) -> None:
    run.gradients = {path: [] for path in learned}
    run.weights = {path: [np.array(w)] for path, w in start.items()}


def _note(run: Run, loss: float, gradients: dict, weights: dict) -> None:
    """Keras's arrays may have other axes, of the same memory: they take the shape of ours."""
    run.losses.append(loss)
    for path in run.gradients:
        g = gradients[path]
        run.gradients[path].append(
            np.zeros_like(run.weights[path][0]) if g is None else np.array(g)
        )
    for path in run.weights:
        run.weights[path].append(np.array(weights[path]))


# --------------------------------------------------------------------------------- time and memory


@contextmanager
def _timed(run: Run) -> Iterator[None]:
    start = time.perf_counter()
    yield
    run.seconds.append(time.perf_counter() - start)


class _Memory:
    """By how much the process grew, at most, in the stretches of time that are watched.

    What stays after one stretch is counted in the next; what others do in between is not. Linux keeps
    the largest size that a process had and forgets it when asked to; elsewhere `peak` is None.
    """

    def __init__(self) -> None:
        self.grown, self.peak = 0, self._forget() and 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        if self.peak is None:
            yield
            return
        self._forget()
        before, _ = self._sizes()
        yield
        now, largest = self._sizes()
        self.peak = max(self.peak, self.grown + largest - before)
        self.grown += now - before

    def _forget(self) -> bool | None:
        try:
            with open("/proc/self/clear_refs", "w") as file:
                file.write("5")
        except OSError:
            return None
        return True

    def _sizes(self) -> tuple[int, int]:
        """Bytes in memory now, and at most since `_forget`."""
        with open("/proc/self/status") as file:
            lines = dict(line.split(":", 1) for line in file)
        now, largest = (int(lines[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
        return now, largest


# -------------------------------------------------------------------------- what is asked, and notes


def _demand_comparable(model: Module, loss: Callable, optimizer: Optimizer) -> None:
    demand_supported(model)
    if isinstance(model, Graph) and (len(model.inputs), len(model.outputs)) != (1, 1):
        raise refusal(
            TypeError,
            f"compare takes batches (x, y), and this Graph has {len(model.inputs)} inputs and "
            f"{len(model.outputs)} outputs.",
            "a model of one input and one output; or to_keras(model), and the outputs of both "
            "for the same inputs",
        )
    demand_loss(loss)
    demand_optimizer(optimizer)
    noise = (nn.Dropout, nn.GaussianNoise)
    last = [(path, layer) for path, layer in leaves(model) if not isinstance(layer, noise)][-1:]
    if takes_logits(loss) and last and isinstance(last[0][1], (nn.Softmax, nn.Sigmoid)):
        path, layer = last[0]
        raise refusal(
            ValueError,
            f"{loss_in_words(loss)} takes logits, but the model ends in {path}, {layer!r}. "
            "Keras would take it off and so train another function than this one.",
            "the model without that layer",
        )


Groups = list[tuple[dict[str, Any], list[str]]]


def _groups_of(optimizer: Optimizer, model: Module) -> Groups:
    """The optimizer's groups: their settings, and the paths of their parameters that are learned."""
    paths = {id(parameter): path for path, parameter in model.named_parameters()}
    foreign = sum(id(parameter) not in paths for parameter in optimizer.parameters)
    if foreign:
        raise refusal(
            ValueError,
            f"{foreign} of the {len(optimizer.parameters)} parameters of this "
            f"{type(optimizer).__name__} are not in the model.",
            f"{type(optimizer).__name__}(model.parameters()), with this very model",
        )
    groups = []
    for group in optimizer.groups:
        settings = {name: setting for name, setting in group.items() if name != "parameters"}
        learned = [paths[id(p)] for p in group["parameters"] if p.requires_grad]
        if learned:
            groups.append((settings, learned))
    return groups


def _pair(batch: Any) -> tuple[Any, Any]:
    if not isinstance(batch, (tuple, list)) or len(batch) != 2:
        raise refusal(
            ValueError,
            f"compare takes batches (x, y), not a {type(batch).__name__}.",
            "[(x, y)] for one step on all of x and y",
        )
    return batch[0], batch[1]


def _switch_off_dropout(model: Module) -> list[str]:
    noisy = []
    for path, layer in model.named_modules():
        name = "p" if isinstance(layer, nn.Dropout) else "std"
        if isinstance(layer, (nn.Dropout, nn.GaussianNoise)) and getattr(layer, name):
            setattr(layer, name, 0)
            noisy.append(path)
    if not noisy:
        return []
    return [
        f"Dropout ({', '.join(noisy)}) is off on both sides: two random generators never drop the same "
        "places."
    ]


def _tell_of_new_start(optimizer: Optimizer) -> list[str]:
    if optimizer.t == 0:
        return []
    return [
        f"The optimizer had taken {optimizer.t} steps; here both sides start anew, from the model's "
        "present weights."
    ]


def _tell_of_rows(model: Module) -> list[str]:
    """TensorFlow's gradient of an Embedding is a list of rows, in which a row may come twice.

    Keras's optimizers square such rows one by one, and only then add them up: their Adam is another
    one than that of the paper (measured with Keras 3.15: after one step a weight differs by lr).
    """
    found = [path for path, layer in leaves(model) if kind_of(layer) is nn.Embedding]
    if not found:
        return []
    return [
        f"Embedding ({', '.join(found)}): both optimizers get the sum of the gradients of a word that "
        "occurs several times in a batch. Keras's own fit squares them one by one."
    ]


def _rounding(optimizer: Optimizer, run: Run) -> float:
    """How far Keras's rounding of settings may carry a weight, roughly.

    A sum that forgets by a factor β per step weighs 1 / (1 - β) steps, so an error δ in β makes steps
    longer or shorter by about δ / (1 - β) of their length. The sum of the lengths is the way of a weight.
    """
    shares = [
        abs(float(np.float32(beta)) - beta) / (1 - beta) for _, beta in rounded_settings(optimizer)
    ]
    arrays = run.as_arrays()
    ways = [np.abs(np.diff(arrays.weights[p], axis=0)).sum(axis=0).max() for p in arrays.gradients]
    return max(shares, default=0.0) * float(max(ways))


def _tell_of_rounding(
    model: Module, optimizer: Optimizer, rounding: float
) -> tuple[bool, list[str]]:
    """Does Keras round inside of layers or formulas? And what is to be told of all that it rounds."""
    told: list[str] = []
    inside: dict[str, list[str]] = {}
    settings = rounded_settings(optimizer)
    if settings:
        words = ", ".join(f"{name} {h:g} to {float(np.float32(h)):.12g}" for name, h in settings)
        told.append(
            f"Even in float64, Keras rounds settings to float32 ({words}): weights may part by about "
            f"{rounding:.0e} for that alone. (0.875 and 0.9990234375 stay exact.)"
        )
    for path, layer in leaves(model):
        kind = kind_of(layer)
        numbers = LAYERS[kind].rounds(layer) if kind else {}
        for parameter in layer.parameters():
            if parameter.regularizer is not None:
                factors = vars(parameter.regularizer)
                numbers |= {f"{name} of {parameter.name}": x for name, x in factors.items()}
        for name, _ in inexact(numbers):
            inside.setdefault(name, []).append(path)
    for name, _ in inexact(OPTIMIZERS[type(optimizer)].fixed):
        inside[name] = [type(optimizer).__name__]
    if optimizer.weight_decay and inexact({"": optimizer.weight_decay}):
        inside["weight_decay"] = [type(optimizer).__name__]
    if inside:
        where = "; ".join(f"{name} ({', '.join(paths)})" for name, paths in inside.items())
        told.append(
            f"Even in float64, Keras rounds to float32: {where}. So a difference counts from {ROUNDED:g}."
        )
    return bool(inside), told
