"""The base of optimizers: a step from the gradients of the parameters to new parameters.

    gradients → mean of those accumulated → clipping → weight decay → update → constraints

A new optimizer is a class with its formula in `update`; see there.
"""

from __future__ import annotations

import inspect
import math
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.migration_hints import OPTIMIZER
from tinygrad_edu.diagnostics.words import no_such_name, refuse_missing, refuse_unknown
from tinygrad_edu.modes import thread
from tinygrad_edu.nn.checks import learning_in_eval_mode
from tinygrad_edu.nn.module import Parameter
from tinygrad_edu.optim import checks, slips
from tinygrad_edu.optim.checks import LearningRate
from tinygrad_edu.optim.flat_parameters import FlatParameters
from tinygrad_edu.optim.state import load_state, state_of


class Optimizer:
    """Base of optimizers.

    parameters        what `model.parameters()` gives; or groups of them, dicts {"parameters": [...]}
                      with an "lr" or a "weight_decay" of their own, kept in `groups`
    lr                the learning rate: a number, or a schedule t -> number (the first step uses
                      schedule(0)); may be changed at any time
    weight_decay      λ: before its update, w ← w - lr λ w (Loshchilov and Hutter 2019). A group may have
                      weight_decay 0; biases and the scales of norms often do
    clip_value        limits the size of every element of a gradient
    clip_norm         limits the norm of each parameter's gradient: g ← g min(1, clip_norm / ‖g‖)
    clip_global_norm  limits the norm of the gradient of all parameters together. At most one of the three
    accumulate        n: every n-th `step()` makes an update, with the mean of the last n gradients
    t                 updates made

    The order of a step is that of Keras. A parameter without a gradient, such as a frozen one, is skipped.
    Of float16 parameters, steps and states are computed in float32.

    Raises TypeError for anything but Parameters and for arguments that the optimizer does not have;
    ValueError for settings out of their range.
    """

    states: tuple[str, ...] = ()  # names of the arrays that `update` remembers
    scalars: tuple[str, ...] = ()  # names of the attributes that `prepare_step` remembers
    per_parameter = False  # does `update` need whole parameters, in their shape?
    squares = False  # does it compute g²? Of huge gradients that overflows, and is refused
    group_settings: tuple[str, ...] = ("lr", "weight_decay")

    group: dict[str, Any]  # during `update`: the group of w
    scratch: np.ndarray  # during `update`: memory in the shape of w, to compute in

    def __new__(cls, *args: Any, **kwargs: Any) -> Optimizer:
        refuse_unknown(cls, kwargs)
        if args or kwargs:  # a copy is made without any
            refuse_missing(cls, args, kwargs)
        return super().__new__(cls)

    def __init_subclass__(cls) -> None:
        checks.spell_out_settings(cls)

    def __init__(
        self,
        parameters: Iterable[Parameter] | Iterable[dict[str, Any]],
        lr: LearningRate,
        *,
        weight_decay: float | None = None,
        clip_value: float | None = None,
        clip_norm: float | None = None,
        clip_global_norm: float | None = None,
        accumulate: int = 1,
    ):
        checks.check_clipping(
            clip_value=clip_value, clip_norm=clip_norm, clip_global_norm=clip_global_norm
        )
        self.lr = lr
        self.weight_decay = checks.check_weight_decay("weight_decay", weight_decay)
        self.clip_value, self.clip_norm = clip_value, clip_norm
        self.clip_global_norm = clip_global_norm
        self.accumulate = checks.check_whole("accumulate", accumulate, 1)
        self.groups = checks.check_groups(parameters, type(self).__name__, self.group_settings)
        self.parameters = [p for group in self.groups for p in group["parameters"]]
        self.t = self.calls = 0
        self.idle: set[int] = set()  # the ids of parameters without a gradient in the first step
        self.stepped = False  # since the last zero_grad()
        self.lost = 0  # times in a row that zero_grad() forgot gradients which no step had used
        self.flat_parameters = [
            FlatParameters(
                group,
                [p for p in group["parameters"] if p.dtype == dtype],
                self.initial_states,
                per_parameter=self.per_parameter,
                accumulates=self.accumulate > 1,
            )
            for group in self.groups
            for dtype in dict.fromkeys(p.dtype for p in group["parameters"])
        ]

    # A step.

    def step(self) -> None:
        """Updates every parameter that has a gradient.

        Raises RuntimeError if none has one, FloatingPointError if a gradient that is to be clipped to a
        norm is not finite. Then nothing has been changed. Warns if the model was called in eval mode.
        """
        if thread.mode.tape is not None:  # no decorator: warnings count the frames
            return thread.mode.tape.again(Optimizer.step, (self,), {})
        if thread.mode.profile is not None:
            return thread.mode.profile.part("optimizer.step", Optimizer.step, self)
        if thread.mode.evaluated is not None:
            learning_in_eval_mode(self.parameters)
        flats = [flat for flat in self.flat_parameters if flat.gather()]
        if not flats:
            raise slips.no_gradient(self)
        if self.calls < 2:
            slips.look_at_gradients(self)
        if self.accumulate > 1:
            for flat in flats:
                flat.add_gradients()
            if (self.calls + 1) % self.accumulate:
                self.calls, self.stepped = self.calls + 1, True
                slips.mark_used(self)
                return
            flats = [flat for flat in self.flat_parameters if flat.take_mean(self.accumulate)]
        if self.clip_value or self.clip_norm or self.clip_global_norm:
            self._clip(flats)
        if self.squares and self.calls % 100 < 2:  # it looks at every number, so not in every step
            checks.demand_squares(self, flats)
        rates = [checks.rate_at(flat.group.get("lr", self._lr), self.calls) for flat in flats]
        self.t += 1
        self.calls += 1
        self.prepare_step()
        for flat, lr in zip(flats, rates, strict=True):
            self.group = group = flat.group
            decay = group.get("weight_decay", self.weight_decay)
            for weights, g, scratch, states in flat.chunks():
                self.scratch = scratch
                w = weights.astype(g.dtype) if flat.is_narrow else weights
                if decay:  # not w *= 1 - lr λ: in float32 that rounds lr λ, for all of w alike
                    w -= np.multiply(w, lr * decay, out=scratch)
                self.update(w, g, lr, **states)
                if flat.is_narrow:
                    weights[...] = w
        for flat in flats:
            if flat.constrained:
                flat.apply_constraints()
        self.stepped = True
        if self.calls == 1:
            slips.mark_used(self)

    def _clip(self, flats: list[FlatParameters]) -> None:
        if self.clip_value is not None:
            for flat in flats:
                np.clip(flat.g, -self.clip_value, self.clip_value, out=flat.g)
        limit = self.clip_norm or self.clip_global_norm
        if limit is None:
            return
        gradients = [g for flat in flats for g in flat.gradients()]
        norms = [norm_of(g) for g in gradients]
        if self.clip_global_norm is not None:
            norms = [math.hypot(*norms)] * len(norms)
        if not all(map(math.isfinite, norms)):
            self.calls -= self.calls % self.accumulate  # what was accumulated is not used
            raise checks.norm_not_finite(self)
        for g, norm in zip(gradients, norms, strict=True):
            if norm > limit:
                g *= limit / norm

    def zero_grad(self) -> None:
        """Forgets the gradients, to which the next backward() would add."""
        if thread.mode.tape is not None:
            return thread.mode.tape.again(Optimizer.zero_grad, (self,), {})
        if thread.mode.profile is not None:
            return thread.mode.profile.part("optimizer.zero_grad", Optimizer.zero_grad, self)
        forgotten = False
        for parameter in self.parameters:
            if parameter._grad is not None:
                forgotten = True
                parameter._grad = None
        if self.stepped or not forgotten:
            self.lost = 0
        else:
            self.lost += 1
            if self.lost == slips.WITHOUT_STEP:
                slips.warn_of_missing_steps(self)
        self.stepped = False

    # What an optimizer defines.

    def update(self, w: np.ndarray, g: np.ndarray, lr: float, *_: Any, **states: Any) -> None:
        """Changes w and the states in place, given the gradient g and the learning rate.

        Each state of `states` is an argument of its name:

            class Momentum(Optimizer):
                states = ("v",)

                def update(self, w, g, lr, v):
                    v *= 0.9
                    v -= lr * g
                    w += v

        w is a chunk of the parameters laid end to end, or with `per_parameter` one parameter in its shape.
        g is a copy, which may be overwritten. Formulas in ordinary NumPy are fast, as chunks fit into the
        cache; those here save the last tenth by computing in `self.scratch`, without temporary arrays.
        """
        raise NotImplementedError

    def initial_states(self, w: np.ndarray) -> dict[str, np.ndarray]:
        """The states before the first step. They have the shape of w; with per_parameter, any shape."""
        return {name: np.zeros_like(w) for name in self.states}

    def prepare_step(self) -> None:
        """Called once before the updates of a step, to compute what depends on t: bias corrections."""

    # Learning rates.

    @property
    def lr(self) -> LearningRate:
        """The learning rate as it was given: a number or a schedule."""
        return self._lr

    @lr.setter
    def lr(self, lr: LearningRate) -> None:
        self._lr = checks.check_lr("lr", lr)

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next step."""
        return checks.rate_at(self._lr, self.calls)

    @learning_rate.setter
    def learning_rate(self, lr: Any) -> None:
        self.lr = lr

    def learning_rates(self) -> list[tuple[str, Any]]:
        """("lr", the rate or schedule), and ("groups.1.lr", ...) of groups with one of their own."""
        own = [(f"groups.{i}.lr", g["lr"]) for i, g in enumerate(self.groups) if "lr" in g]
        return [("lr", self.lr), *own]

    # Averages of the weights, for optimizers that keep one.

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Context in which parameters hold their averaged values, if the optimizer keeps an average.

        The Trainer evaluates and predicts in it.
        """
        yield

    def forget_average(self) -> None:
        """Makes the average that of the present parameters alone, after they were set by hand."""

    # State and settings.

    def state_dict(self) -> dict[str, Any]:
        """All that the next steps depend on, except weights and settings: arrays and numbers, as copies.

        "m.3" is the state m of parameter 3. Learning rates are included, as they change during training,
        and so is the state of a schedule.
        """
        return state_of(self)

    def load_state_dict(self, state: Mapping[str, Any], source: str = "the state") -> None:
        """Continues from a `state_dict` of an optimizer with the same settings.

        Raises ValueError that lists every difference in names, shapes, dtypes and kinds of numbers; then
        nothing has been changed.
        """
        load_state(self, state, source)

    def settings(self) -> dict[str, Any]:
        """The arguments it was made with, without the parameters: name -> value."""
        names = inspect.signature(type(self).__init__).parameters
        return {
            name: getattr(self, name)
            for name in names
            if name not in ("self", "parameters") and hasattr(self, name)
        }

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)  # copying and pickling ask for these
        raise no_such_name(f"the optimizer {type(self).__name__}", name, dir(type(self)), OPTIMIZER)

    def __repr__(self) -> str:
        common = inspect.signature(Optimizer.__init__).parameters
        shown = [
            f"{name}={value!r}"
            for name, value in self.settings().items()
            if name == "lr" or name not in common or value != common[name].default
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


def norm_of(g: np.ndarray) -> float:
    """‖g‖, also where the squares of the elements are too large or too small for their precision."""
    with np.errstate(over="ignore", under="ignore"):
        square = float(np.vdot(g, g))
    if np.finfo(g.dtype).tiny < square < math.inf or not g.size:
        return math.sqrt(square)
    largest = float(np.abs(g).max())
    return largest * float(np.linalg.norm(g / largest)) if 0 < largest < math.inf else largest


def update_running_mean(mean: np.ndarray, x: np.ndarray, beta: float, scratch: np.ndarray) -> None:
    """mean ← mean + (1 - β)(x - mean), which is β mean + (1 - β) x, in place. x may be the scratch."""
    np.subtract(x, mean, out=scratch)
    scratch *= 1 - beta
    mean += scratch
