"""A function recorded once and replayed as a flat list of NumPy calls: `compile(f)`.

compiled.py     compile(f): which tape a call takes, and when it is recorded
tape.py         the list of calls, written down and compiled to one function
stand_ins.py    what a function is given while it is recorded
guards.py       what a tape is right for
"""

from tinygrad_edu.compiler.compiled import Compiled, compile

__all__ = ["Compiled", "compile"]
