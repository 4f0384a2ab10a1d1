"""Ctrl-C as a request: finish the batch, then stop."""

from __future__ import annotations

import signal
import threading
from typing import Any


class CtrlC:
    """Context in which the first Ctrl-C only sets `pressed`; the second one raises KeyboardInterrupt.

    It does nothing outside the main thread, which alone receives signals, and nothing if the program (or
    `nohup`) handles Ctrl-C in its own way.
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
