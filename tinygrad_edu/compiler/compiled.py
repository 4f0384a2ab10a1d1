"""`compile(f)`: a call of f is recorded as a tape, and later calls replay it, with the same bits.

Where each part of the speed comes from:

    tape.py     what NumPy has to do and nothing else: no Tensors, no choice of a row, no walk through a graph
    opened.py   the NumPy calls inside a row, each in the form that NumPy reads fastest
    plan.py     nothing is computed twice or for nobody; results are written into memory that calls share,
                over what is not needed any more; views of it are made once
    this file   what a call must agree with is one expression, which also finds the arrays
"""

from __future__ import annotations

import functools
import threading
import types
from collections.abc import Callable
from typing import Any

from tinygrad_edu.compiler.calls import Arguments, result_text
from tinygrad_edu.compiler.guards import Names
from tinygrad_edu.compiler.plan import Plan
from tinygrad_edu.compiler.repeated import demand_equal
from tinygrad_edu.compiler.tape import Tape
from tinygrad_edu.diagnostics.words import describe, refusal, warn
from tinygrad_edu.modes import set_mode, thread
from tinygrad_edu.profiling import Line

__all__ = ["Compiled", "compile"]

MOST = 32  # tapes of one function
_recording = threading.RLock()  # one at a time: arrays of the user are exchanged while it lasts


def compile(f: Callable) -> Compiled:
    """f, recorded once for each signature of its arguments and replayed afterwards, with the same results.

    f takes and returns arrays, Tensors and numbers, alone or in dicts, lists and tuples: a loss, a
    `value_and_grad(loss)`, or a training step that calls `backward()` and `optimizer.step()`.

    The first call with other shapes, dtypes, strides, numbers, modes or frozen parameters runs as without
    compile, and is recorded. So is the second, to compare: a function that does something else then, such as
    one that counts its calls, is refused. From the third call on the tape is replayed. A recorded call takes
    more memory than an ordinary one, by a few times its largest array; a replay does not.

    A replay follows the path that was recorded, also inside of losses and layers, and checks that: where
    numbers take another one, it goes on row by row, and if most calls do so, the function is recorded anew.
    If two threads call at the same time, one of them goes row by row.

    Arrays are inputs, whether they are arguments, closed over, global, or in attributes, lists and dicts
    that f reaches by name; so are parameters, buffers, random generators, and all that an optimizer keeps.
    Numbers, and arrays in tuples and defaults, are compared with those that were recorded. Not seen: what f
    finds by `globals()` or `getattr`, inside objects of C, or in files, clocks and the environment.
    Whatever f does besides (printing, appending to a list outside) happens only while it is recorded.

    Within `debug()`, `vmap` and other derivatives f is called as it is. Raises TypeError where f asks for
    the numbers of an array, as in `if x > 0` or float(x), since these are others in each call.

    >>> import numpy as np
    >>> double = compile(lambda x: 2 * x)
    >>> [float(double(np.array(x))) for x in (1.0, 2.0, 3.0)]
    [2.0, 4.0, 6.0]
    """
    if not callable(f):
        raise refusal(TypeError, f"compile takes a function, not {describe(f)}.", "compile(f)(x)")
    return Compiled(f)


class Program:
    """What was recorded in one call; a plan and a replay, when a second call has recorded the same."""

    def __init__(self, tape: Tape, conditions: list[str]):
        arrays = "".join(f"a{i}, " for i in range(tape.arguments))
        text = f"lambda args, kwargs: ({arrays}) if {' and '.join(conditions)} else None"
        self.ready = eval(text, tape.names)
        self.tape, self.replays, self.since, self.patience = tape, 0, 0, 4
        self.plan: Any = None
        self.measured: dict[str, list[Line | None]] = {}

    def verified(self, results: str, before: Program) -> None:
        """Makes a plan; `before` is that of an equal call."""
        self.plan = Plan(self.tape, results)
        self.replay = self.plan.replay
        self.replays = self.since = before.replays
        self.patience = before.patience * 8 if before.plan else 4

    def arrays_of(self, args: tuple, kwargs: dict) -> tuple | None:
        """The arrays of a call, if the tape is right for it."""
        try:
            return self.ready(args, kwargs)
        except (AttributeError, KeyError, IndexError, ValueError):  # a name is gone
            return None

    @property
    def fits(self) -> bool:
        """Is there a plan, and do most calls keep to it? Otherwise it gets another, with longer patience."""
        if self.plan is None:
            return False
        left = self.plan.left
        return left < self.patience or 2 * left < self.replays - self.since

    def lines(self) -> dict[str, list[Line | None]]:
        """The files of the program -> what each of their lines does, for `profile()`."""
        for file, steps in self.tape.lines.items():
            if file not in self.measured:
                known = {id(s): Line(s.name, s.line, f"v{s.makes}") for s in steps if s}
                self.measured[file] = [known.get(id(step)) for step in steps]
        return self.measured


class Compiled:
    """What `compile` returns: it is called as f is.

    programs   the tapes, each for other shapes, numbers and modes
    """

    def __init__(self, f: Callable):
        functools.update_wrapper(self, f, updated=())
        self.f = f
        self.programs: list[Program] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        mode = thread.mode
        if mode.tape is not None or mode.depth or mode.batches or mode.debug or mode.share:
            return self.f(*args, **kwargs)
        for program in self.programs:
            arrays = program.arrays_of(args, kwargs)
            if arrays is None:
                continue
            if not program.fits:
                return self._record(args, kwargs, program)
            program.replays += 1
            try:
                if mode.profile is not None:
                    return mode.profile.replay(program.replay, arrays, program.lines())
                return program.replay(*arrays)
            except Exception as error:
                _tell_line(program, error)
                raise
        return self._record(args, kwargs)

    def __get__(self, thing: Any, kind: Any = None) -> Any:
        return self if thing is None else types.MethodType(self, thing)

    def _record(self, args: tuple, kwargs: dict, before: Program | None = None) -> Any:
        """Calls f with stand-ins for the arrays; `before`: what an equal call has recorded."""
        tape = Tape()
        given = Arguments(args, kwargs, tape)
        mode = f"{tape.constant(thread)}.mode.recording is {thread.mode.recording}"
        with _recording:
            names = Names(self.f, given.others, tape)
            with names.exchanged(), set_mode(tape=tape):
                y = self.f(*given.shown[0], **given.shown[1])
                results = result_text(y, tape)
            now = tape.real_results(results)
            changed = names.changed()
        if changed:
            raise refusal(
                TypeError,
                f"compile: {_called(self.f)} changes {changed}, which a replay would not do.",
                "counting and collecting outside, from what the function returns",
            )
        program = Program(tape, [mode, *given.conditions, *names.conditions])
        if before is None:
            self._keep(program)
        else:
            demand_equal(_called(self.f), before.tape, tape)
            program.verified(results, before)
            self.programs = [program if p is before else p for p in self.programs]
        return now

    def _keep(self, program: Program) -> None:
        full = len(self.programs) == MOST
        self.programs = [*self.programs[full:], program]
        if full:
            warn(
                f"compile: {_called(self.f)} has needed more than {MOST} tapes, and the oldest is forgotten: "
                "its arguments differ from call to call in shape, or in numbers that are not arrays.",
                "np.asarray(number) as an argument, and batches of equal size",
                stacklevel=4,
            )

    @property
    def replays(self) -> int:
        """How many calls were replays."""
        return sum(program.replays for program in self.programs)

    def explain(self) -> str:
        """The tapes as text: for each line operation, result, bytes, and the user's line."""
        parts = [_explained(_called(self.f), program) for program in self.programs]
        end = f"{len(parts)} of at most {MOST} tapes, {self.replays} replays"
        return "\n\n".join([*parts, end])

    def __repr__(self) -> str:
        return f"<compiled {_called(self.f)}>"


def _tell_line(program: Program, error: Exception) -> None:
    """Adds the user's line to an error of a replay."""
    trace, files = error.__traceback__, program.tape.lines
    while trace and trace.tb_frame.f_code.co_filename not in files:
        trace = trace.tb_next
    if trace and (step := files[trace.tb_frame.f_code.co_filename][trace.tb_lineno - 2]):
        error.add_note(f"in a replay of compile: {step.name} {step.line}")


def _called(f: Callable) -> str:
    return getattr(f, "__name__", repr(f))


def _explained(called: str, program: Program) -> str:
    plan, rows = program.plan, len(program.tape.steps)
    if plan is None:
        return f"{called}: {rows} rows, recorded once; the next call is compared with them"
    texts = [program.tape.readable(plan.text(step)) for step in plan.steps]
    width = min(max(map(len, texts), default=0), 60)
    lines = [
        f"{text:<{width}}  # {step.name}: {plan.about(step)}   {step.line}".rstrip()
        for text, step in zip(texts, plan.steps, strict=True)
    ]
    head = f"{called}: {rows} rows as {len(lines)} steps, {plan.memory:,} bytes for their results"
    return "\n".join([head, *lines])
