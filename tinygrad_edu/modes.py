"""Switches that hold inside a `with` block: are operations recorded, are results checked?"""

from __future__ import annotations

import functools
import threading
from collections.abc import Callable
from typing import Any, TypeVar

__all__ = ["debug", "no_grad", "recorded", "recording", "set_mode", "thread"]


Function = TypeVar("Function", bound=Callable)


class Mode:
    """What holds at the moment."""

    def __init__(self) -> None:
        self.recording = True  # are operations noted for a later backward()?
        self.depth = 0  # the number of enclosing functions that are being differentiated
        self.scope: tuple[Any, ...] = ()  # the modules being called, outermost first
        self.debug = False  # is every result checked for NaN and infinity?
        self.batches: tuple[int, ...] = ()  # sizes of the batches of the enclosing `vmap`s
        self.asked = ""  # where float(x) last took the number of a Tensor that requires a gradient
        self.share: Any = None  # the part of a batch that this process computes, see `ranks.py`
        self.tape: Any = None  # what `compile` records the operations on, while it does
        self.profile: Any = None  # what `profile()` measures the operations with, while it does
        self.cache: Any = None  # the `nn.KVCache` that the model is called through
        self.evaluated: Any = None  # weak reference to the model last called in eval mode


class _Thread(threading.local):
    def __init__(self) -> None:
        self.mode = Mode()


thread = _Thread()  # every thread has a mode of its own: thread.mode


class set_mode:
    """`with set_mode(recording=False): ...` changes the mode of this thread inside the block."""

    def __init__(self, **settings: Any) -> None:
        self.settings = settings
        self.before: list[dict[str, Any]] = []  # a list, as the same object may be entered twice

    def __enter__(self) -> None:
        mode, before = thread.mode, {}
        for name in self.settings:
            before[name] = getattr(mode, name)
        self.before.append(before)
        vars(mode).update(self.settings)

    def __exit__(self, *_: object) -> None:
        vars(thread.mode).update(self.before.pop())

    def __call__(self, function: Callable) -> Callable:
        """The function, always called inside such a block."""

        @functools.wraps(function)
        def inside(*args: Any, **kwargs: Any) -> Any:
            with set_mode(**self.settings):
                return function(*args, **kwargs)

        return inside


def no_grad() -> set_mode:
    """Operations inside are not recorded: `with no_grad(): ...`, or `@no_grad()` above a function."""
    return set_mode(recording=False)


def recording(deeper: int = 0) -> set_mode:
    """Operations inside are recorded, even within `no_grad`; `deeper` is added to `depth`."""
    return set_mode(recording=True, depth=thread.mode.depth + deeper)


def recorded(function: Function) -> Function:
    """Decorator for what draws, checks or changes plain arrays: `compile` calls it again in every replay."""

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        tape = thread.mode.tape
        return function(*args, **kwargs) if tape is None else tape.again(function, args, kwargs)

    return call  # type: ignore[return-value]


def debug() -> set_mode:
    """`with debug():` checks every result and every gradient, and stops at the first NaN or infinity.

    The FloatingPointError names the operation, its operands, the module and the line that asked for
    it, in the backward pass, too. This about doubles the time of a computation.
    """
    return set_mode(debug=True)
