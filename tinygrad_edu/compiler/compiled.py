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
from tinygrad_edu.compiler.plan import Plan
from tinygrad_edu.compiler.stand_ins import StandIn
from tinygrad_edu.compiler.tape import Tape
from tinygrad_edu.diagnostics.words import describe, refusal, warn
from tinygrad_edu.modes import set_mode, thread
from tinygrad_edu.tensor import Op, Tensor, result_of

__all__ = ["Compiled", "compile"]

NAME = re.compile(r"\bk\d+\b")  # of a constant, in the text of a step
NUMBERED = re.compile(r"\b[kv]\d+\b")
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

    def __init__(self, tape: Tape, plan: Plan, names: Names):
        self.tape, self.plan, self.replay = tape, plan, plan.replay
        self.names, self.holds = names, names.holds()
        self.verified = False  # has a second call recorded the same?
        self.replays, self.since, self.patience = 0, 0, 4

    @property
    def fits(self) -> bool:
        """Do most calls keep to its plan? Otherwise another one is made, with longer patience."""
        left = self.plan.left
        return left < self.patience or 2 * left < self.replays - self.since


class Compiled:
    """What `compile` returns: it is called as f is.

    programs   signature -> the programs for it, each for other numbers and modes
    """

    def __init__(self, f: Callable):
        functools.update_wrapper(self, f, updated=())
        self.f = f
        self.programs: dict[Any, list[Program]] = {}
        self.latest: Any = None, ()  # a key, and its programs: comparing is faster than looking up

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        mode = thread.mode
        if mode.tape is not None or mode.depth or mode.batches or mode.debug:
            return self.f(*args, **kwargs)
        arrays: list[Any] = []
        key = mode.recording, signature((args, kwargs), arrays)
        latest = self.latest  # another thread may exchange it
        if key != latest[0]:
            latest = self.latest = key, self.programs.get(key, ())
        for program in latest[1]:
            try:
                holds = program.holds()
            except (AttributeError, KeyError, IndexError, ValueError):  # a name is gone
                holds = False
            if holds and program.verified and program.fits:
                program.replays += 1
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
        program = Program(tape, Plan(tape, texts), names)
        if before is None:
            self._keep(key, program)
        else:
            _demand_equal(self.f, before, program)
            if before.verified:
                program.patience = 8 * before.patience
            self.programs[key][self.programs[key].index(before)] = program
            program.verified = True
            program.replays = program.since = before.replays
        return now

    def _keep(self, key: Any, program: Program) -> None:
        self.programs.setdefault(key, []).append(program)
        self.latest = None, ()
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

    @property
    def replays(self) -> int:
        """How many calls were replays."""
        return sum(program.replays for programs in self.programs.values() for program in programs)

    def explain(self) -> str:
        """The tapes as text: for each line operation, result, bytes, and the user's line."""
        parts = []
        for programs in self.programs.values():
            for program in programs:
                plan = program.plan
                texts = [program.tape.readable(plan.text(step)) for step in plan.steps]
                width = min(max(map(len, texts), default=0), 60)
                rows = [
                    f"{text:<{width}}  # {step.name}: {plan.about(step)}   {step.line}".rstrip()
                    for text, step in zip(texts, plan.steps, strict=True)
                ]
                head = f"{_called(self.f)}: {len(program.tape.steps)} rows as {len(rows)} steps, "
                head += f"{plan.memory:,} bytes for their results"
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
    old_rows, new_rows = ({s.makes: s.row for s in tape.steps} for tape in (old, new))
    for a, b in itertools.zip_longest(old.steps, new.steps):
        same = (
            a is not None and b is not None and NUMBERED.sub("", a.text) == NUMBERED.sub("", b.text)
        )
        same = same and [old_rows[i] for i in a.reads] == [new_rows[i] for i in b.reads]
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
    trace, files = error.__traceback__, program.tape.lines
    while trace and trace.tb_frame.f_code.co_filename not in files:
        trace = trace.tb_next
    if trace and (step := files[trace.tb_frame.f_code.co_filename][trace.tb_lineno - 2]):
        error.add_note(f"in a replay of compile: {step.name} {step.line}")


def _called(f: Callable) -> str:
    return getattr(f, "__name__", repr(f))
