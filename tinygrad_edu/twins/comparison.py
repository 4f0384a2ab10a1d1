"""Training a model and its Keras twin side by side, to see where their numbers diverge.

Both start from the same weights and see the same batches, so every number of one has its counterpart in
the other: outputs and loss check the forward pass, gradients the backward pass, weights the optimizer.
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
from tinygrad_edu.twins.process_memory import ProcessMemory
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

ROUNDED = 1e-6  # the tolerance where Keras rounds inside layers


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
    loss         a loss of nn that Keras has: nn.cross_entropy, functools.partial(nn.huber, delta=2)
    optimizer    made on the model's parameters; only its settings are used, and both sides start anew.
                 A schedule gives its learning rates to both
    batches      (x, y) pairs: a DataLoader, a list, any finite iterable
    tolerance    what counts as a difference: by default 1e-10 in float64, 1e-5 in float32, and 1e-6
                 in float64 where Keras rounds inside layers (a note then says where)

    Penalties of regularizers are part of the loss, and buffers (moving means) are compared with the weights.
    The model, the optimizer and Keras's settings do not change. Dropout and noise are switched off on both
    sides, because two random generators never drop the same places. The report holds the gradients and
    weights of all steps: four times the model's size per step.

    Raises TypeError for layers, losses and optimizers that have no counterpart in Keras; ValueError
    for an optimizer of other parameters, for no batches, and for a loss of logits after a softmax;
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
    dtype = dtype_of(model)
    copied = copy_without_hooks(model).train()
    notes = _notes_of_differences(copied, optimizer, _switch_off_noise(copied))
    groups = _groups_of(optimizer, model)
    x, y = _pair(first)
    ours = _Ours(copied, loss, optimizer, groups)
    theirs = _Keras(copied, loss, optimizer, groups, ours, np.shape(value(x))[1:], value(y))
    outputs: dict[str, list[float]] = {}
    for batch in itertools.chain([first], batches):
        x, y = _pair(batch)
        x, y = np.asarray(value(x), input_dtype(model, dtype)), np.asarray(value(y))
        made = ours.step(x, y)  # first, because its errors about a batch are clearer
        for path, result in theirs.step(x, y).items():
            if path in made:
                (size,) = difference(made[path][None], result[None])
                outputs.setdefault(path, []).append(float(size))
    about = (
        f"{optimizer!r}, {loss_in_words(loss)}, {dtype}, in tinygrad_edu and in {theirs.version}"
    )
    inside, told = _notes_of_rounding(copied, optimizer) if dtype == "float64" else (False, [])
    if tolerance is None:
        tolerance = ROUNDED if inside else TOLERANCES.get(dtype, 1e-2)
    layers = {path: repr(layer) for path, layer in leaves(copied) if path in outputs}
    return Report(
        ours.run, theirs.run, outputs=outputs, layers=layers, tolerance=tolerance, about=about,
        notes=notes + told,
    )  # fmt: skip


# ------------------------------------------------------------------------------------ the two sides


class _Side:
    """One of the two trainings: its run, with time and memory, and its numbers as arrays."""

    def __init__(self) -> None:
        self.run, self.memory = Run(), ProcessMemory()

    def start(self, learned: Iterable[str], weights: dict[str, np.ndarray]) -> None:
        self.run.gradients = {path: [] for path in learned}
        self.run.weights = {path: [np.array(w)] for path, w in weights.items()}

    @contextmanager
    def measured(self) -> Iterator[None]:
        start = time.perf_counter()
        with self.memory.watched():
            yield
        self.run.seconds.append(time.perf_counter() - start)

    def note(self, loss: float, gradients: dict, weights: dict) -> None:
        self.run.losses.append(loss)
        for path, steps in self.run.gradients.items():
            g = gradients[path]
            steps.append(np.zeros_like(self.run.weights[path][0]) if g is None else np.array(g))
        for path, steps in self.run.weights.items():
            steps.append(np.array(weights[path]))
        self.run.memory = self.memory.peak


class _Ours(_Side):
    """Training as `Trainer` does it."""

    def __init__(self, model: Module, loss: Callable, optimizer: Optimizer, groups: Groups):
        super().__init__()
        parameters = dict(model.named_parameters())
        self.learned = {path: parameters[path] for _, paths in groups for path in paths}
        self.tracked = self.learned | dict(model.named_buffers())
        self.model, self.loss = model, loss
        with self.memory.watched():
            own = [
                {**given, "parameters": [parameters[p] for p in paths]} for given, paths in groups
            ]
            make: Any = type(optimizer)
            settings = settings_of(optimizer)
            if dtype_of(model) == "float64":
                settings |= rounded_settings(optimizer)
            self.optimizer = make(own, **settings)
        self.made: dict[str, np.ndarray] = {}
        for path, layer in model.named_modules():
            layer.add_hook(functools.partial(self._keep_output, path))
        self.start(self.learned, self._weights())

    def _keep_output(self, path: str, layer: Module, inputs: tuple, y: Any) -> None:
        self.made[path] = value(y)

    def _weights(self) -> dict[str, np.ndarray]:
        return {path: kept.data for path, kept in self.tracked.items()}

    def step(self, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
        """Takes a step, and returns the outputs of the layers by path."""
        self.made.clear()
        with self.measured():
            loss = self.loss(self.model(x), y) + self.model.penalty()
            self.optimizer.zero_grad()
            loss.backward()
            gradients = {path: parameter.grad for path, parameter in self.learned.items()}
            self.optimizer.step()
        self.note(loss.item(), gradients, self._weights())
        return dict(self.made)


class _Keras(_Side):
    """The training step of Keras, written out: tape, gradients, `optimizer.apply`."""

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
        super().__init__()
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
        # Compiled to a graph, as in `fit`, which is several times faster than eager calls; but not by
        # XLA, which may add in another order.
        self.compiled = tensorflow.function(self._step, jit_compile=False, reduce_retracing=True)
        self.version = f"Keras {self.keras.__version__}"
        dtype = dtype_of(model)
        with self.memory.watched(), floatx(self.keras, dtype):
            self.model, self.paths = builder.flat()
            variables = builder.variables()
            self.loss = keras_loss(self.keras, loss, dtype, y)
            self.optimizer = keras_optimizer(self.keras, ours.optimizer)
            self.learned = {path: variables[path] for path in ours.learned}
            spared = [variables[p] for own, paths in groups for p in paths if "weight_decay" in own]
            if spared and optimizer.weight_decay:
                self.optimizer.exclude_from_weight_decay(var_list=spared)
            self.optimizer.build(list(self.learned.values()))
        self.schedule = ours.optimizer
        self.tracked = {path: variables[path] for path in ours.tracked}
        self.start(ours.learned, self._numbers(self.tracked))

    def step(self, x: np.ndarray, y: np.ndarray) -> dict[str, np.ndarray]:
        """Takes a step, and returns the outputs of the layers by path."""
        if callable(self.schedule.lr):  # ours has taken this step already
            self.optimizer.learning_rate.assign(self.schedule.lr(self.schedule.calls - 1))
        with self.measured():
            given = map(self.keras.ops.convert_to_tensor, (x, y))
            loss, gradients, results = self.compiled(*given)
            loss = float(loss)
        gradients = self._numbers(dict(zip(self.learned, gradients, strict=True)))
        self.note(loss, gradients, self._numbers(self.tracked))
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
        gradients = [self.dense(g) for g in gradients]  # see `_notes_of_differences`
        self.optimizer.apply(gradients, variables)
        return loss, gradients, results

    def _numbers(self, tensors: dict[str, Any]) -> dict[str, np.ndarray]:
        to_numpy = self.keras.ops.convert_to_numpy
        return {path: to_numpy(tensor) for path, tensor in tensors.items()}


# ------------------------------------------------------------------------------ checks and notes


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
            "Keras would take it off, and so train another function.",
            "the model without that layer",
        )


Groups = list[tuple[dict[str, Any], list[str]]]


def _groups_of(optimizer: Optimizer, model: Module) -> Groups:
    """(settings, paths of the trainable parameters) of each group of the optimizer."""
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


def _switch_off_noise(model: Module) -> list[str]:
    """Sets the strength of Dropout and noise to 0; returns the paths of these layers."""
    noisy = []
    for path, layer in model.named_modules():
        name = "p" if isinstance(layer, nn.Dropout) else "std"
        if isinstance(layer, (nn.Dropout, nn.GaussianNoise)) and getattr(layer, name):
            setattr(layer, name, 0)
            noisy.append(path)
    return noisy


def _notes_of_differences(model: Module, optimizer: Optimizer, noisy: list[str]) -> list[str]:
    """How this training differs from an ordinary one.

    About Embedding: TensorFlow's gradient is a list of rows, in which a row may occur twice. Keras's
    optimizers square such rows one by one before adding them up, unlike the papers (measured with Keras
    3.15: after one step of Adam a weight differs by lr).
    """
    notes = []
    if noisy:
        notes.append(
            f"Dropout ({', '.join(noisy)}) is off on both sides: two random generators never drop the "
            "same places."
        )
    if optimizer.t:
        notes.append(
            f"The optimizer had taken {optimizer.t} steps; here both sides start anew, from the model's "
            "present weights."
        )
    words = [path for path, layer in leaves(model) if kind_of(layer) is nn.Embedding]
    if words:
        notes.append(
            f"Embedding ({', '.join(words)}): both optimizers get the sum of the gradients of a word that "
            "occurs several times in a batch. Keras's own fit squares them one by one."
        )
    return notes


def _notes_of_rounding(model: Module, optimizer: Optimizer) -> tuple[bool, list[str]]:
    """Whether Keras rounds where ours cannot follow, and notes about all that it rounds."""
    notes: list[str] = []
    settings = rounded_settings(optimizer)
    if settings:
        words = ", ".join(f"{name}={value!r}" for name, value in settings.items())
        notes.append(
            f"Even in float64, Keras rounds settings of the optimizer to float32: both sides use {words}."
        )
    inside: dict[str, list[str]] = {}
    for path, layer in leaves(model):
        kind = kind_of(layer)
        numbers = LAYERS[kind].rounds(layer) if kind else {}
        for parameter in layer.parameters():
            if parameter.regularizer is not None:
                factors = vars(parameter.regularizer)
                numbers |= {f"{name} of {parameter.name}": x for name, x in factors.items()}
        for name in inexact(numbers):
            inside.setdefault(name, []).append(path)
    fixed = OPTIMIZERS[type(optimizer)].fixed | {"weight_decay": optimizer.weight_decay or 0.0}
    inside |= {name: [type(optimizer).__name__] for name in inexact(fixed)}
    if inside:
        where = "; ".join(f"{name} ({', '.join(paths)})" for name, paths in inside.items())
        notes.append(
            f"Even in float64, Keras rounds to float32: {where}. So the tolerance is {ROUNDED:g}."
        )
    return bool(inside), notes
