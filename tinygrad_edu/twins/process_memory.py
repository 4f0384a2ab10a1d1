"""How much memory the process needs, whichever library allocates it."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress


class ProcessMemory:
    """The most bytes by which the process grew in the watched stretches of time, as `peak`.

    What stays after one stretch is counted in the next. Linux keeps the largest size of a process and resets
    it when asked to; elsewhere `peak` is None.
    """

    def __init__(self) -> None:
        self.grown = 0
        self.peak: int | None = None
        with suppress(OSError):
            self._reset()
            self.peak = 0

    @contextmanager
    def watched(self) -> Iterator[None]:
        if self.peak is None:
            yield
            return
        self._reset()
        before, _ = self._sizes()
        yield
        now, largest = self._sizes()
        self.peak = max(self.peak, self.grown + largest - before)
        self.grown += now - before

    @staticmethod
    def _reset() -> None:
        with open("/proc/self/clear_refs", "w") as file:
            file.write("5")

    @staticmethod
    def _sizes() -> tuple[int, int]:
        """Bytes in memory now, and the most since the reset."""
        with open("/proc/self/status") as file:
            lines = dict(line.split(":", 1) for line in file)
        now, largest = (int(lines[name].split()[0]) * 1024 for name in ("VmRSS", "VmHWM"))
        return now, largest
