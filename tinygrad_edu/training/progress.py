"""What training shows while it runs: one line per epoch, wherever that is read."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, Any, TextIO

from tinygrad_edu import ipython

if TYPE_CHECKING:
    from tinygrad_edu.training.history import History


class Progress:
    """`batch` after every batch, `epoch` after every epoch.

    A terminal gets one line per epoch that is rewritten as it fills; a notebook an updating display; a
    pipe or file one plain line at the end of each epoch.
    """

    def __init__(
        self,
        epochs: int,
        batches: int,
        stream: TextIO | None = None,
        *,
        history: History | None = None,
    ):
        self.epochs, self.batches = epochs, batches
        self.stream = stream or sys.stdout
        self.history = history
        display = notebook_display()
        self.display = _NotebookText(display) if display else None
        self.live = bool(self.display) or self.stream.isatty()
        self.shown = 0.0  # when the line was last rewritten
        self.width = 0
        self.done: list[str] = []
        self.start = time.perf_counter()

    def batch(self, epoch: int, batch: int, values: dict[str, float]) -> None:
        now = time.perf_counter()
        if not self.live or now - self.shown < 0.1:  # ten times a second is enough for eyes
            return
        self.shown = now
        filled = round(20 * batch / self.batches)
        self._show(f"{self._head(epoch)}  {'━' * filled}{'╌' * (20 - filled)}  {_words(values)}")

    def epoch(self, epoch: int, values: dict[str, float], rate: float | None = None) -> None:
        """The line of an epoch, with the learning rate where that changes."""
        shown = "" if rate is None else f"  lr {rate:.3g}"
        seconds = time.perf_counter() - self.start
        self.start = time.perf_counter()
        if self.display and self.history is not None:
            self.display.draw(self.history, last=epoch == self.epochs)
        self._show(f"{self._head(epoch)}  {seconds:5.2f} s  {_words(values)}{shown}", final=True)

    def say(self, line: str) -> None:
        """A sentence, in the place of the line that was being filled."""
        self._show(line, final=True)

    def _head(self, epoch: int) -> str:
        return f"epoch {epoch:>{len(str(self.epochs))}}/{self.epochs}"

    def _show(self, line: str, final: bool = False) -> None:
        if self.display:
            self.display.update("\n".join([*self.done, line]))
            if final:
                self.done.append(line)
        elif self.live:
            if not final:  # a return cannot reach a line that has wrapped
                line = line[: shutil.get_terminal_size().columns - 1]
            self.stream.write("\r" + line.ljust(self.width) + ("\n" if final else ""))
            self.width = 0 if final else len(line)
            self.stream.flush()
        else:
            print(line, file=self.stream, flush=True)


def _words(values: dict[str, float]) -> str:
    """`loss 0.0751 (val 0.0823)  accuracy 0.9833`, in less than 80 columns for two of each."""
    words = []
    for name, number in values.items():
        if name.removeprefix("val_") == name:
            judged = f" (val {values[f'val_{name}']:.4f})" if f"val_{name}" in values else ""
            words.append(f"{name} {number:.4f}{judged}")
    return "  ".join(words)


class _NotebookText:
    """One output cell that is written again and again. (IPython is there: we were started by it.)

    Training that takes longer than a moment has its curves above the lines.
    """

    def __init__(self, display: Any):
        self.curves = ""
        self.next = time.perf_counter() + 2  # when curves are worth their time
        self.handle = display(self._content(""), raw=True, display_id=True)

    def update(self, text: str) -> None:
        self.handle.update(self._content(text), raw=True)

    def draw(self, history: History, last: bool) -> None:
        """Draws the curves anew, if that takes no more than a twentieth of the time, or at the end."""
        start = time.perf_counter()
        if start < self.next and not (last and self.curves):
            return
        history.cell = None
        self.curves = ipython.view(history)
        history.cell = (cell_number(), len(history)) if self.curves else None
        now = time.perf_counter()
        self.next = now + max(1, 20 * (now - start))

    def _content(self, text: str) -> dict[str, str]:
        if not self.curves:
            return {"text/plain": text}
        import html  # not before: most trainings are not shown in a notebook

        # A box of some lines, scrolled to its end.
        box = "max-height:16em;overflow:auto;display:flex;flex-direction:column-reverse"
        lines = f'<div style="{box}"><pre style="margin:0">{html.escape(text)}</pre></div>'
        return {"text/plain": text, "text/html": self.curves + lines}


def notebook_display() -> Any:
    """IPython's `display` in a notebook, None elsewhere."""
    if _notebook() is None:
        return None
    from IPython.display import display

    return display


def cell_number() -> int | None:
    """The number of the notebook's cell that is running; None elsewhere."""
    return getattr(_notebook(), "execution_count", None)


def _notebook() -> Any:
    """IPython's shell, if it belongs to a notebook (Colab's is of a kind of its own, derived from that)."""
    shell = ipython.shell()
    kinds = {kind.__name__ for kind in type(shell).__mro__}
    return shell if "ZMQInteractiveShell" in kinds else None  # a terminal IPython is a terminal
