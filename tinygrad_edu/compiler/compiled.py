"""`compile(f)`: a call of f is recorded as a tape, and later calls replay it.

The tape has what NumPy has to do and nothing else: no Tensors, no choice of a row, no walk through a graph.
What it computes has the same bits.
"""

from __future__ import annotations

import functools
import itertools
import re
import threading
import types
from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.autodiff import FREED
from tinygrad_edu.compiler.guards import Names, signature
from tinygrad_edu.compiler.stand_ins import StandIn
from tinygrad_edu.compiler.tape import Tape
from tinygrad_edu.diagnostics.words import describe, refusal, warn
from tinygrad_edu.modes import set_mode, thread
from tinygrad_edu.tensor import Op, Tensor, result_of

__all__ = ["Compiled", "compile"]

NAME = re.compile(r"\bk\d+\b")  # of a constant, in the text of a step
MOST = 32  # tapes of one function
_recording = threading.RLock()  # one at a time: arrays of the user are exchanged while it lasts


def compile(f: Callable) -> Compiled:
    """f, recorded once for each signature of its arguments and replayed afterwards, with the same results.

    f takes and returns arrays, Tensors and numbers, alone or in dicts, lists and tuples: a loss, a
    `value_and_grad(loss)`, or a training step that calls `backward()` and `optimizer.step()`.

    The first call with other shapes, dtypes, strides, numbers, modes or frozen parameters runs as without
    compile, and is recorded. So is the second, to compare: a function that does something else then, such as
    one that counts its calls, is refused. From the third call on the tape is replayed.

    Arrays are inputs, whether they are arguments, closed over, global, or attributes of a module; so are
    parameters, buffers, random generators, and all that an optimizer keeps. Numbers among them are compared
    with those that were recorded; other Python objects are taken to stay as they are. Whatever f does besides
    (printing, appending to a list) happens only while it is recorded. To `isinstance` arrays are Tensors
    then.

    Within `debug()`, `vmap` and other derivatives f is called as it is. Raises TypeError where f asks for
    the numbers of an array, as in `if x > 0` or float(x), since these are others in each call.

    >>> double = compile(lambda x: 2 * x)
    >>> [float(double(np.array(x))) for x in (1.0, 2.0, 3.0)]
    [2.0, 4.0, 6.0]
    """
    if not callable(f):
        raise refusal(TypeError, f"compile takes a function, not {describe(f)}.", "compile(f)(x)")
    return Compiled(f)


class Program:
    """One tape, ready to be replayed."""

    def __init__(self, tape: Tape, replay: Callable, names: Names):
        self.tape, self.replay, self.names, self.holds = tape, replay, names, names.holds()
        self.verified = False  # has a second call recorded the same?


class Compiled:
    """What `compile` returns: it is called as f is.

    programs   signature -> the programs for it, each for other numbers and modes
    replays    how many calls were replays
    """

    def __init__(self, f: Callable):
        functools.update_wrapper(self, f, updated=())
        self.f, self.replays = f, 0
        self.programs: dict[Any, list[Program]] = {}

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        mode = thread.mode
        if mode.tape is not None or mode.depth or mode.batches or mode.debug:
            return self.f(*args, **kwargs)
        arrays: list[Any] = []
        key = mode.recording, signature((args, kwargs), arrays)
        for program in self.programs.get(key, ()):
            try:
                holds = program.holds()
            except (AttributeError, KeyError, IndexError, ValueError):  # a name is gone
                holds = False
            if holds and program.verified:
                self.replays += 1
                try:
                    return program.replay(*arrays)
                except Exception as error:
                    _tell_line(program, error)
                    raise
            if holds:
                return self._record(key, args, kwargs, program)
        return self._record(key, args, kwargs)

    def __get__(self, thing: Any, kind: Any = None) -> Any:
        return self if thing is None else types.MethodType(self, thing)

    def _record(self, key: Any, args: tuple, kwargs: dict, before: Program | None = None) -> Any:
        """Calls f with stand-ins for the arrays; `before`: what an equal call has recorded."""
        tape = Tape()
        others: list[Any] = []
        shown = _shown((args, kwargs), tape, others)
        with _recording:
            names = Names(self.f, others, tape)
            with names.exchanged(), set_mode(tape=tape):
                y = self.f(*shown[0], **shown[1])
                texts = _result(y, tape)
            now = tape.real_results(texts)
            changed = names.changed()
        if changed:
            raise refusal(
                TypeError,
                f"compile: {_called(self.f)} changes {changed}, which a replay would not do.",
                "counting and collecting outside, from what the function returns",
            )
        program = Program(tape, tape.program(texts), names)
        if before is None:
            self._keep(key, program)
        else:
            _demand_equal(self.f, before, program)
            before.verified = True
        return now

    def _keep(self, key: Any, program: Program) -> None:
        self.programs.setdefault(key, []).append(program)
        if sum(map(len, self.programs.values())) > MOST:
            first = next(iter(self.programs))
            del self.programs[first][0]
            if not self.programs[first]:
                del self.programs[first]
            warn(
                f"compile: {_called(self.f)} has needed more than {MOST} tapes, and the oldest is forgotten: "
                "its arguments differ from call to call in shape, or in numbers that are not arrays.",
                "np.asarray(number) as an argument, and batches of equal size",
                stacklevel=4,
            )

    def explain(self) -> str:
        """The tapes as text: for each line operation, result, bytes, and the user's line."""
        parts = []
        for programs in self.programs.values():
            for program in programs:
                steps = program.tape.steps
                width = max((len(step.text) for step in steps), default=0)
                width = min(width, 60)
                texts = [program.tape.readable(step.text) for step in steps]
                rows = [
                    f"{text:<{width}}  # {step.name}: {step.result or 'no array'}   {step.line}".rstrip()
                    for text, step in zip(texts, steps, strict=True)
                ]
                head = f"{_called(self.f)}: {len(steps)} steps"
                head += (
                    "" if program.verified else ", recorded once; the next call is compared with it"
                )
                parts.append("\n".join([head, *rows]))
        return "\n\n".join(
            [*parts, f"{len(parts)} tapes of at most {MOST}, {self.replays} replays"]
        )

    def __repr__(self) -> str:
        return f"<compiled {_called(self.f)}>"


def _shown(tree: Any, tape: Tape, others: list[Any]) -> Any:
    """The arguments with stand-ins for the arrays, in the order of `signature`."""
    if type(tree) in (tuple, list):
        return type(tree)(_shown(part, tape, others) for part in tree)
    if type(tree) is dict:
        return {name: _shown(part, tape, others) for name, part in tree.items()}
    tensor = isinstance(tree, Tensor)
    if (
        type(tree) is np.ndarray
        or isinstance(tree, np.generic)
        or (tensor and not tree.requires_grad)
    ):
        text = f"a{tape.arguments}" + (".data" if tensor else "")
        tape.arguments += 1
        return tape.note("argument", text, tree.data if tensor else tree, tensor=tensor, loads=True)
    others.append(tree)
    return tree


def _result(y: Any, tape: Tape) -> str:
    """What f returned, as Python."""
    if type(y) in (tuple, list):
        inside = "".join(f"{_result(part, tape)}, " for part in y)
        return f"({inside})" if type(y) is tuple else f"[{inside}]"
    if isinstance(y, tuple):
        return f"{tape.constant(type(y))}(*{_result(tuple(y), tape)})"
    if type(y) is dict:
        return (
            "{"
            + "".join(f"{tape.constant(k)}: {_result(part, tape)}, " for k, part in y.items())
            + "}"
        )
    if isinstance(y, np.ndarray):
        return f"{tape.constant(y)}.copy()"
    if not isinstance(y, StandIn):
        return tape.constant(y)
    if not y.tensor:
        return f"v{y.slot}"
    if y.requires_grad and y.op is not FREED:
        raise refusal(
            TypeError,
            f"compile: {describe(y, 'the result')} could be differentiated with respect to parameters, and a "
            "tape keeps no graph.",
            "backward() inside the function, `with no_grad():` around the call, or y.detach()",
        )
    return f"{tape.constant(_tensor)}(v{y.slot}, {tape.constant(y.op)})"


def _tensor(x: np.ndarray, op: Op | None) -> Tensor:
    return result_of(op, (), {}, x)


def _demand_equal(f: Callable, before: Program, program: Program) -> None:
    """Refuses a function that did something else in its second call."""
    old, new = before.tape, program.tape
    for a, b in itertools.zip_longest(old.steps, new.steps):
        same = a is not None and b is not None and NAME.sub("k", a.text) == NAME.sub("k", b.text)
        if same:
            pairs = zip(NAME.findall(a.text), NAME.findall(b.text), strict=True)
            if all(_same(old.names[x], new.names[y]) for x, y in pairs):
                continue
        step = b or a
        raise refusal(
            TypeError,
            f"compile: {_called(f)} did not compute the same twice: {step.name} {step.line} got another "
            "constant, or came at another place.",
            "what changes from call to call as an array that is an argument or that the function names; a "
            "generator, made outside, for random numbers",
        )


def _same(a: Any, b: Any) -> bool:
    """Are two constants of a tape equal in all that a replay may depend on?"""
    if a is b:
        return True
    if type(a) is not type(b):
        return False
    if isinstance(a, np.ndarray):
        return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
    if isinstance(a, functools.partial):
        return _same([a.func, a.args, a.keywords], [b.func, b.args, b.keywords])
    if isinstance(a, types.MethodType):
        return _same([a.__func__, a.__self__], [b.__func__, b.__self__])
    if isinstance(a, types.FunctionType):
        cells = [[c.cell_contents for c in f.__closure__ or ()] for f in (a, b)]
        return a.__code__ is b.__code__ and _same(*cells)
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(map(_same, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_same(a[k], b[k]) for k in a)
    if isinstance(a, Op):
        return _same(vars(a), vars(b))
    try:
        return bool(a == b)
    except (ValueError, TypeError):
        return False


def _tell_line(program: Program, error: Exception) -> None:
    """Adds the user's line to an error of a replay."""
    trace = error.__traceback__
    while trace and not trace.tb_frame.f_code.co_filename.startswith("<tape"):
        trace = trace.tb_next
    if trace and 0 <= trace.tb_lineno - 2 < len(program.tape.steps):
        step = program.tape.steps[trace.tb_lineno - 2]
        error.add_note(f"in a replay of compile: {step.name} {step.line}")


def _called(f: Callable) -> str:
    return getattr(f, "__name__", repr(f))
