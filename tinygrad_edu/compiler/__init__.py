"""A function recorded once and replayed as a flat list of NumPy calls: `compile(f)`.

compiled.py     compile(f): which tape a call takes, and when it is recorded
tape.py         the list of calls, while they are written down
plan.py         what of it is left to do, in which memory; the function that does it
calls.py        the arguments of a call and its results
opened.py       the NumPy calls inside a row
stand_ins.py    what a function is given while it is recorded
guards.py       what a tape is right for, besides arguments
repeated.py     did two calls compute the same?
"""

from tinygrad_edu.compiler.compiled import Compiled, compile

__all__ = ["Compiled", "compile"]
