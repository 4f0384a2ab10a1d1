"""Ctrl-C as a wish: finish the batch, then stop."""

from __future__ import annotations

import signal
import threading
from typing import Any


class CtrlC:
    """`with CtrlC() as ctrl_c:` notes the first Ctrl-C in `ctrl_c.pressed`; the second stops at once.

    Signals come to the main thread alone, so elsewhere this does nothing; nor does it where a program
    (or `nohup`) has its own way with Ctrl-C.
    """

    pressed = False

    def __enter__(self) -> CtrlC:
        self.ours = (
            threading.current_thread() is threading.main_thread()
            and signal.getsignal(signal.SIGINT) is signal.default_int_handler
        )
        if self.ours:
            signal.signal(signal.SIGINT, self.note)
        return self

    def note(self, number: int, frame: Any) -> None:
        if self.pressed:
            signal.default_int_handler(number, frame)  # raises KeyboardInterrupt
        self.pressed = True

    def __exit__(self, *_: object) -> None:
        if self.ours:
            signal.signal(signal.SIGINT, signal.default_int_handler)
