"""What all optimizers share: the parameters as one long vector, updated piece by piece.

An optimizer reads like its paper if it may speak of one vector w and its gradient g. So the parameters
are laid end to end in one array, of which each `parameter.data` becomes a view; a step copies the
gradients into another such array and calls `update` on pieces that fit into the processor's cache. (For
a small network this also saves most of the time: a dozen NumPy calls a step, instead of a dozen a
parameter.) Groups of parameters with settings of their own have a vector each.
"""

from __future__ import annotations

import inspect
import itertools
import math
import numbers
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import describe, refusal, refuse_unknown, shortened, user_line
from tinygrad_edu.nn.module import Module, Parameter
from tinygrad_edu.tensor import value

PIECE = 32_768  # numbers; a few vectors of this length fit into a second-level cache

LearningRate = float | Callable[[Any], float]


class Optimizer:
    """Base of optimizers. A new one gives `states` and `update`.

    parameters        what `model.parameters()` gives; or groups of them, dicts {"parameters": [...]}
                      with an "lr" or a "weight_decay" of their own, kept in `groups`
    lr                the learning rate: a number, or a schedule t -> number (the first step uses
                      schedule(0)); may be changed at any time
    weight_decay      λ: before its update, w ← w - lr λ w (Loshchilov and Hutter 2019). A group with
                      weight_decay 0 is spared; biases and the scales of norms often are
    clip_value        no element of a gradient is larger than this
    clip_norm         no parameter's gradient is longer: g ← g min(1, clip_norm / ‖g‖)
    clip_global_norm  the gradient of all parameters together is not longer. One of the three at most
    accumulate        n: every n-th `step()` makes an update, with the mean of the last n gradients
    t                 updates made

    What Keras does, to the order of it: mean of the accumulated gradients, clipping, decay, update,
    then the constraints of the parameters. A parameter without a gradient, such as a frozen one, is passed
    by.

    Raises TypeError for anything but Parameters and for arguments that the optimizer does not have;
    ValueError for settings out of their range. A gradient that cannot be clipped, for it is not finite,
    is a FloatingPointError of `step()`, which then has changed nothing.
    """

    states: tuple[str, ...] = ()  # names of the vectors that `update` remembers
    scalars: tuple[str, ...] = ()  # names of the attributes that `begin_step` remembers
    per_parameter = False  # are the pieces of `update` whole parameters, in their shape?
    group_settings: tuple[str, ...] = ("lr", "weight_decay")

    rate: float  # the learning rate of this step, for the group whose turn it is
    group: dict[str, Any]  # that group

    def __new__(cls, *args: Any, **kwargs: Any) -> Optimizer:
        refuse_unknown(cls, kwargs)
        return super().__new__(cls)

    def __init_subclass__(cls) -> None:
        """`**settings` of an __init__ are the keywords of the class above: its signature says so."""
        init: Any = vars(cls).get("__init__")
        takes = inspect.signature(init).parameters if init else {}
        if any(p.kind is p.VAR_KEYWORD for p in takes.values()):
            *own, _ = takes.values()
            above = inspect.signature(super(cls, cls).__init__).parameters.values()
            own += [p for p in above if p.kind is p.KEYWORD_ONLY and p.name not in takes]
            init.__signature__ = inspect.Signature(own)

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
        self.lr = lr
        self.weight_decay = _demand_decay("weight_decay", weight_decay)
        clips = {
            "clip_value": clip_value,
            "clip_norm": clip_norm,
            "clip_global_norm": clip_global_norm,
        }
        for name, size in clips.items():
            if size is not None:
                in_range(name, size, "a positive number", lambda x: x > 0)
        chosen = [name for name, size in clips.items() if size is not None]
        if len(chosen) > 1:
            raise refusal(
                ValueError,
                f"a gradient is clipped in one way, not by {' and '.join(chosen)}.",
                f"{chosen[-1]} alone",
            )
        self.clip_value, self.clip_norm, self.clip_global_norm = clips.values()
        self._clips = bool(chosen)
        if not isinstance(accumulate, (int, np.integer)) or accumulate < 1:
            raise refusal(
                ValueError, f"accumulate must be a whole number, 1 or more, not {accumulate!r}."
            )
        self.accumulate = accumulate
        self.groups = _demand_groups(parameters, type(self))
        self.parameters = [p for group in self.groups for p in group["parameters"]]
        self.t = self.calls = 0
        self._vectors = [
            _Vector(group, [p for p in group["parameters"] if p.dtype == dtype], self)
            for group in self.groups
            for dtype in dict.fromkeys(p.dtype for p in group["parameters"])
        ]

    @property
    def lr(self) -> LearningRate:
        return self._lr

    @lr.setter
    def lr(self, lr: LearningRate) -> None:
        self._lr = _demand_lr("lr", lr)

    @property
    def learning_rate(self) -> float:
        """The number that `lr` is, or, if it is a schedule, will be at the next step."""
        return self._rate_at(self._lr, self.calls)

    def settings(self) -> dict[str, Any]:
        """name -> value of what it was made with, parameters apart."""
        names = inspect.signature(type(self).__init__).parameters
        return {
            n: getattr(self, n)
            for n in names
            if n not in ("self", "parameters") and hasattr(self, n)
        }

    def __repr__(self) -> str:
        common = inspect.signature(Optimizer.__init__).parameters
        settings = [
            f"{n}={value!r}" for n, value in self.settings().items()
            if n == "lr" or n not in common or value != common[n].default
        ]  # fmt: skip
        return f"{type(self).__name__}({', '.join(settings)})"

    def zero_grad(self) -> None:
        """Forgets the gradients, which backward() would otherwise add to."""
        for parameter in self.parameters:
            parameter._grad = None

    # A step.

    def step(self) -> None:
        """Changes every parameter that has a gradient. Raises RuntimeError if none has."""
        moved = []
        for vector in self._vectors:
            moving = vector.gather()
            if True in moving:
                moved.append((vector, moving))
        if not moved:
            raise refusal(
                RuntimeError,
                f"{type(self).__name__}.step(): none of the {len(self.parameters)} parameters "
                "has a gradient.",
                "loss.backward() before it, with a loss that is computed from these very "
                "parameters",
            )
        if self.accumulate > 1:
            for vector, moving in moved:
                vector.add_up(moving)
            if (self.calls + 1) % self.accumulate:
                self.calls += 1
                return
            moved = [(v, v.take_mean(self.accumulate)) for v in self._vectors if v.held.any()]
        if self._clips:
            self._clip([g for vector, moving in moved for g in vector.gradients(moving)])
        rates = [self._rate_at(v.group.get("lr", self._lr), self.calls) for v, _ in moved]
        self.t += 1
        self.calls += 1
        self.begin_step()
        for (vector, moving), self.rate in zip(moved, rates, strict=True):
            self.group = vector.group
            decay = self.group.get("weight_decay", self.weight_decay)
            for piece in vector.pieces(moving):
                if decay:  # not w *= 1 - lr λ: in float32 that rounds lr λ, for all of w alike
                    w, _, tmp, *_ = piece
                    np.multiply(w, self.rate * decay, out=tmp)
                    w -= tmp
                self.update(*piece)
        for vector, moving in moved:
            for p in itertools.compress(vector.parameters, moving):
                if p.constraint is not None:
                    p.data[...] = value(p.constraint(p.data))

    def begin_step(self) -> None:
        """What is the same for all numbers of a step, such as a bias correction that depends on t."""

    def update(self, w: np.ndarray, g: np.ndarray, tmp: np.ndarray, *states: np.ndarray) -> None:
        """Changes a piece of w, given its gradient g, in place. tmp is memory to compute in."""
        raise NotImplementedError

    def start(self, w: np.ndarray) -> list[np.ndarray]:
        """The states beside w, before the first step; with per_parameter in whatever shapes."""
        return [np.zeros_like(w) for _ in self.states]

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Within, the parameters are what the model is to be judged by: here they stay as they are.

        The Trainer judges and predicts within it, for optimizers that keep an average of the weights.
        """
        yield

    def forget_average(self) -> None:
        """To be called when the parameters have been set: an average of earlier ones is not theirs."""

    def _rate_at(self, lr: LearningRate, t: int) -> float:
        if not callable(lr):
            return lr
        rate = lr(t)
        return in_range(f"lr({t})", rate, "a number, 0 or more", lambda x: x >= 0)

    def _clip(self, grads: list[np.ndarray]) -> None:
        if self.clip_value is not None:
            for g in grads:
                np.clip(g, -self.clip_value, self.clip_value, out=g)
            return
        with np.errstate(over="ignore"):
            lengths = [math.sqrt(np.vdot(g, g)) for g in grads]
        limit = self.clip_norm or self.clip_global_norm or 0.0
        if self.clip_global_norm:
            lengths = [math.hypot(*lengths)] * len(grads)
        if not math.isfinite(sum(lengths)):
            self.calls -= self.calls % self.accumulate  # of what was accumulated nothing is used
            raise refusal(
                FloatingPointError,
                f"{type(self).__name__}.step(): a gradient that is infinite, NaN or too long "
                "for its precision cannot be clipped to a length; nothing was changed.",
                "clip_value, or with debug(): to see where it comes from",
            )
        for g, length in zip(grads, lengths, strict=True):
            if length > limit:
                g *= limit / length

    # What has been remembered, in and out.

    def state_dict(self) -> dict[str, Any]:
        """All that the next steps depend on, but for the weights and the settings: arrays and numbers.

        "m.3" is the state m of parameter 3. Learning rates are kept, as they change during training, and
        what a schedule remembers. Arrays are copies.
        """
        state: dict[str, Any] = {"optimizer": type(self).__name__, "t": self.t, "calls": self.calls}
        for where, lr in self.learning_rates():
            if hasattr(lr, "state_dict"):
                state |= {f"{where}.{name}": kept for name, kept in lr.state_dict().items()}
            elif not callable(lr):
                state[where] = float(lr)
        state |= {name: getattr(self, name) for name in self.scalars}
        return state | {name: array.copy() for name, array in self._arrays().items()}

    def load_state_dict(self, state: Mapping[str, Any], source: str = "the state") -> None:
        """Continues where `state_dict` was taken, of an optimizer with the same settings.

        Raises ValueError that lists every difference in names, shapes, dtypes and kinds of numbers; then
        nothing has been changed.
        """
        mine, arrays = self.state_dict(), self._arrays()
        new = checked_state(mine, state, f"{source} is not of this {type(self).__name__}")
        for where, lr in self.learning_rates():
            if hasattr(lr, "load_state_dict"):
                start = f"{where}."
                lr.load_state_dict(
                    {n.removeprefix(start): new[n] for n in new if n.startswith(start)}
                )
            elif not callable(lr):
                if where == "lr":
                    self.lr = new[where]
                else:
                    self.groups[int(where.split(".")[1])]["lr"] = new[where]
        for name in ("t", "calls", *self.scalars):
            setattr(self, name, new[name])
        for name, array in arrays.items():
            array[...] = new[name]

    def learning_rates(self) -> list[tuple[str, Any]]:
        """("lr", the rate or schedule), and ("groups.1.lr", ...) of groups with one of their own."""
        own = [(f"groups.{i}.lr", g["lr"]) for i, g in enumerate(self.groups) if "lr" in g]
        return [("lr", self.lr), *own]

    def _arrays(self) -> dict[str, np.ndarray]:
        """Name -> view of every array that is remembered."""
        index = {id(p): i for i, p in enumerate(self.parameters)}
        arrays: dict[str, np.ndarray] = {}
        for vector in self._vectors:
            for i, p in enumerate(vector.parameters):
                named = dict(zip(self.states, vector.states_of(i), strict=True))
                if self.accumulate > 1:
                    named["accumulated"] = vector.total[vector.places[i]].reshape(p.shape)
                    named["has_accumulated"] = vector.held[i : i + 1]
                arrays |= {f"{name}.{index[id(p)]}": array for name, array in named.items()}
        return arrays


class _Vector:
    """Parameters of one dtype, end to end in `w`, with their gradients in `g` and states beside them."""

    def __init__(self, group: dict[str, Any], parameters: list[Parameter], optimizer: Optimizer):
        self.group, self.parameters = group, parameters
        self.per_parameter = optimizer.per_parameter
        self._lay_out()
        self.states: list[Any] = (  # vectors; or for each parameter arrays
            [optimizer.start(w) for w, _ in self.views]
            if self.per_parameter
            else optimizer.start(self.w)
        )
        summed = len(self.w) if optimizer.accumulate > 1 else 0
        self.total = np.zeros(summed, self.w.dtype)  # of the gradients that are being accumulated
        self.held = np.zeros(len(parameters), bool)  # which parameters are in it
        self.whole = self._cut(0, len(self.w))

    def _lay_out(self) -> None:
        size, dtype = sum(p.size for p in self.parameters), self.parameters[0].dtype
        self.w, self.g = np.empty(size, dtype), np.zeros(size, dtype)
        largest = max(p.size for p in self.parameters) if self.per_parameter else PIECE
        self.tmp = np.empty(min(size, largest), dtype)
        self.places: list[slice] = []
        self.views: list[tuple[np.ndarray, np.ndarray]] = []
        start = 0
        for p in self.parameters:
            place = slice(start, start + p.size)
            views = self.w[place].reshape(p.shape), self.g[place].reshape(p.shape)
            views[0][...] = p.data
            p.data = views[0]
            self.places.append(place)
            self.views.append(views)
            start = place.stop

    def __getstate__(self) -> Any:
        views = ("w", "g", "tmp", "places", "views", "whole")
        return {name: kept for name, kept in vars(self).items() if name not in views}

    def __setstate__(self, kept: Any) -> None:
        """A copy, or what was pickled, needs views of its own: copied views are no views any more."""
        vars(self).update(kept)
        self._lay_out()
        self.whole = self._cut(0, len(self.w))

    def gather(self) -> list[bool]:
        """Copies the gradients into g. Which parameters have one?"""
        moving = []
        for p, (w, g) in zip(self.parameters, self.views, strict=True):
            if p.data is not w:  # somebody assigned to .data: their numbers count
                if p.data.shape != w.shape or p.data.dtype != w.dtype:
                    raise refusal(
                        ValueError,
                        f"{describe(p)} was {w.shape} {w.dtype} when the optimizer was made.",
                        "a new optimizer after changing the model",
                    )
                w[...] = p.data
                p.data = w
            grad = p._grad
            if grad is not None:
                g[...] = grad if type(grad) is np.ndarray else value(grad)
            moving.append(grad is not None)
        return moving

    def gradients(self, moving: list[bool]) -> list[np.ndarray]:
        return [g for _, g in itertools.compress(self.views, moving)]

    def add_up(self, moving: list[bool]) -> None:
        """Adds the gradients to `total`."""
        for place in itertools.compress(self.places, moving):
            self.total[place] += self.g[place]
        self.held |= moving

    def take_mean(self, n: int) -> list[bool]:
        """g is the mean of n gradients, and the next sum begins. Which parameters had one in it?"""
        np.divide(self.total, n, out=self.g)
        moving = self.held.tolist()
        self.total[...] = 0
        self.held[...] = False
        return moving

    def pieces(self, moving: list[bool]) -> list[tuple[np.ndarray, ...]]:
        """(w, g, tmp, *states), piece by piece, for the parameters that move.

        As a rule that is everything, cut once and for all. Otherwise neighbors that move make a run.
        """
        if False not in moving:
            return self.whole
        if self.per_parameter:
            return list(itertools.compress(self.whole, moving))
        pieces = []
        for moves, run in itertools.groupby(
            zip(moving, self.places, strict=True), lambda at: at[0]
        ):
            if moves:
                places = [place for _, place in run]
                pieces += self._cut(places[0].start, places[-1].stop)
        return pieces

    def states_of(self, i: int) -> list[np.ndarray]:
        """The states of parameter i."""
        if self.per_parameter:
            return self.states[i]
        return [state[self.places[i]].reshape(self.parameters[i].shape) for state in self.states]

    def _cut(self, start: int, stop: int) -> list[tuple[np.ndarray, ...]]:
        if self.per_parameter:
            return [
                (w, g, self.tmp[: w.size].reshape(w.shape), *states)
                for (w, g), states in zip(self.views, self.states, strict=True)
            ]
        pieces = []
        for a, b in itertools.pairwise([*range(start, stop, PIECE), stop]):
            w, g, *states = (vector[a:b] for vector in (self.w, self.g, *self.states))
            pieces.append((w, g, self.tmp[: b - a], *states))
        return pieces


def checked_state(mine: Mapping[str, Any], given: Mapping[str, Any], wrong: str) -> dict[str, Any]:
    """The given state, if it is as `mine` in names, shapes, dtypes and kinds; ValueError with all else.

    Numbers and words may come as arrays without axes, as they do out of an .npz.
    """
    new: dict[str, Any] = dict(given)
    differences = [f"{name} is missing" for name in mine if name not in new]
    for name in new:
        there: Any = new[name]
        if name not in mine:
            differences.append(f"{name} has no place in it")
            continue
        here = mine[name]
        if isinstance(here, np.ndarray):
            there = np.asarray(there)
            if there.shape != here.shape or there.dtype != here.dtype:
                differences.append(
                    f"{name} is {there.shape} {there.dtype}, here {here.shape} {here.dtype}"
                )
            continue
        if isinstance(there, np.ndarray) and there.ndim == 0:
            new[name] = there = there.item()
        if isinstance(here, str):
            fits, wanted = there == here, repr(here)
        elif isinstance(here, int):
            fits, wanted = isinstance(there, (int, np.integer)) and there >= 0, "a whole number"
        elif name.split(".")[-1] == "lr":
            fits, wanted = _is_number(there) and there > 0, "a positive number"
        else:
            fits, wanted = _is_number(there), "a number"
        if not fits:
            differences.append(f"{name} is {shortened(there)}, here {wanted}")
    if differences:
        raise ValueError(
            f"{wrong}; nothing was loaded:\n  "
            + "\n  ".join(differences)
            + f"{user_line()}\n  Try: one "
            "made with the same settings, on the same parameters"
        )
    return new


def _is_number(x: Any) -> bool:
    return isinstance(x, (int, float, np.number)) and not np.isnan(x)


def _demand_groups(parameters: Any, kind: type[Optimizer]) -> list[dict[str, Any]]:
    """One group or the given ones, as dicts of their own; each parameter once."""
    called = kind.__name__
    if isinstance(parameters, Module):
        raise refusal(
            TypeError,
            f"{called} takes parameters, not the {type(parameters).__name__} itself.",
            f"{called}(model.parameters())",
        )
    if isinstance(parameters, (Parameter, dict)):
        what = "group" if isinstance(parameters, dict) else "parameter"
        raise refusal(TypeError, f"{called} takes a list of {what}s.", f"[{what}]")
    given = list(parameters)
    if not any(isinstance(group, dict) for group in given):
        return [{"parameters": demand_parameters(given, called)}]
    groups: list[dict[str, Any]] = []
    for i, group in enumerate(given):
        if not isinstance(group, dict) or "parameters" not in group:
            raise refusal(
                TypeError,
                f"{called}: groups are dicts with parameters, group {i} is {shortened(group)}.",
                '{"parameters": [...], "lr": 0.001}',
            )
        for name, setting in group.items():
            if name != "parameters" and name not in kind.group_settings:
                raise TypeError(
                    f"{called}: group {i} has no setting {name!r}.{user_line()}\n  Try: "
                    + ", ".join(kind.group_settings)
                )
            if name == "lr":
                _demand_lr(f"lr of group {i}", setting)
            if name == "weight_decay":
                _demand_decay(f"weight_decay of group {i}", setting)
        inside = group["parameters"]
        inside = inside.parameters() if isinstance(inside, Module) else inside
        groups.append(group | {"parameters": demand_parameters(inside, called)})
    seen: set[int] = set()
    for i, group in enumerate(groups):
        for p in group["parameters"]:
            if id(p) in seen:
                raise refusal(
                    ValueError,
                    f"{called}: {describe(p)} of group {i} is in an earlier group, too.",
                    "each parameter in one group",
                )
            seen.add(id(p))
    return groups


def demand_parameters(parameters: Iterable[Any], called: str) -> list[Parameter]:
    unique = list({id(p): p for p in parameters}.values())
    for p in unique:
        if not isinstance(p, Parameter):
            raise refusal(
                TypeError,
                f"{called} got {describe(p)}, of type {type(p).__name__}, which is not a "
                "Parameter and would not be learned.",
                "Parameter(array)",
            )
    if not unique:
        raise refusal(
            ValueError,
            f"{called} got no parameters.",
            "model.parameters(), where the model has Parameters (not plain arrays) or layers "
            "as attributes",
        )
    return unique


def _demand_lr(name: str, lr: Any) -> Any:
    return lr if callable(lr) else in_range(name, lr, "a positive number", lambda x: x > 0)


def _demand_decay(name: str, decay: Any) -> Any:
    return decay if decay is None else in_range(name, decay, "0 or more", lambda x: x >= 0)


def in_range(name: str, number: Any, wanted: str, fits: Any) -> Any:
    """The number, if it is one and fits; ValueError otherwise."""
    if not isinstance(number, numbers.Real) or not math.isfinite(number) or not fits(number):
        hint = ""
        if isinstance(number, str):
            hint = "\n  Try: the number itself, without quotes"
        elif name.startswith("lr"):
            hint = "\n  Try: lr=0.001"
        raise ValueError(f"{name} must be {wanted}, not {number!r}.{user_line()}{hint}")
    return number


def share_below_one(name: str, number: Any) -> Any:
    """The number, if it is one a running mean can forget by: from 0 to below 1."""
    return in_range(name, number, "from 0 to below 1", lambda x: 0 <= x < 1)


def pair_below_one(name: str, pair: Any, example: str) -> tuple[float, float]:
    """Two such numbers."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise refusal(ValueError, f"{name} must be two numbers, as {example}, not {pair!r}.")
    for i, beta in enumerate(pair):
        share_below_one(f"{name}[{i}]", beta)
    return tuple(pair)


def follow(mean: np.ndarray, x: np.ndarray, beta: float, tmp: np.ndarray) -> None:
    """mean ← mean + (1 - β)(x - mean), that is β mean + (1 - β) x: a running mean. x may be tmp."""
    np.subtract(x, mean, out=tmp)
    tmp *= 1 - beta
    mean += tmp
