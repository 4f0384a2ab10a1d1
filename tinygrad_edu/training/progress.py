"""What `fit` prints: one line per epoch, in a terminal, a notebook or a file."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Any, TextIO

from tinygrad_edu import ipython
from tinygrad_edu.terminal import printable
from tinygrad_edu.training.history import History

CURVES_AFTER = 2.0  # seconds of training after which a notebook shows curves


class Progress:
    """Shows a line per epoch: `batch` updates it after every batch, `epoch` completes it.

    A terminal gets lines that are rewritten as they fill; a notebook an updating display; a pipe or file
    one plain line at the end of each epoch. If quiet, only what `say` is given is printed. A model that was
    trained `before`, for so many epochs, goes on from there: `epoch 1/5 after 3`.
    """

    def __init__(
        self,
        epochs: int,
        batches: int,
        stream: TextIO | None = None,
        *,
        history: History | None = None,
        quiet: bool = False,
        before: int = 0,
    ):
        self.epochs, self.batches, self.quiet, self.before = epochs, batches, quiet, before
        self.stream = stream or sys.stdout
        self.history = history
        display = None if quiet else notebook_display()
        self.display = _NotebookText(display) if display else None
        self.live = not quiet and (display is not None or self.stream.isatty())
        self.shown = 0.0  # when the line was last rewritten
        self.width = 0
        self.start = time.perf_counter()

    def batch(self, epoch: int, batch: int, values: dict[str, float]) -> None:
        now = time.perf_counter()
        if not self.live or now - self.shown < 0.1:  # ten times a second is enough for eyes
            return
        self.shown = now
        filled = round(20 * batch / self.batches)
        self._show(f"{self._head(epoch)}  {'━' * filled}{'╌' * (20 - filled)}  {_words(values)}")

    def epoch(self, epoch: int, values: dict[str, float], rate: float | None = None) -> None:
        """rate: the learning rate, if it changes."""
        seconds = time.perf_counter() - self.start
        self.start = time.perf_counter()
        if self.quiet:
            return
        if self.display and self.history is not None:
            self.display.draw(self.history, last=epoch == self.epochs)
        shown = "" if rate is None else f"  lr {rate:.3g}"
        self.say(f"{self._head(epoch)}  {seconds:5.2f} s  {_words(values)}{shown}")

    def say(self, line: str) -> None:
        """Prints a line, in place of the unfinished one."""
        self._show(line, final=True)

    def _head(self, epoch: int) -> str:
        after = f" after {self.before}" if self.before else ""
        return f"epoch {epoch:>{len(str(self.epochs))}}/{self.epochs}{after}"

    def _show(self, line: str, final: bool = False) -> None:
        line = line if self.display else printable(line, self.stream)
        if self.display:
            self.display.show(line, final)
        elif self.live:
            if not final:  # "\r" cannot go back to the start of a line that has wrapped
                line = line[: shutil.get_terminal_size().columns - 1]
            self.stream.write("\r" + line.ljust(self.width) + ("\n" if final else ""))
            self.width = 0 if final else len(line)
            self.stream.flush()
        else:
            print(line, file=self.stream, flush=True)


def _words(values: dict[str, float]) -> str:
    """`loss 0.0751 (val 0.0823)  accuracy 0.9833`: fits into 80 columns."""
    words = []
    for name, number in values.items():
        if not name.startswith("val_"):
            validation = f" (val {values[f'val_{name}']:.4f})" if f"val_{name}" in values else ""
            words.append(f"{name} {number:.4f}{validation}")
    return "  ".join(words)


class _NotebookText:
    """One output cell that is rewritten: the lines so far, below the curves if training takes a while."""

    def __init__(self, display: Any):
        self.done: list[str] = []
        self.curves = ""
        self.next = time.perf_counter() + CURVES_AFTER
        self.handle = display({"text/plain": ""}, raw=True, display_id=True)

    def show(self, line: str, final: bool) -> None:
        text = "\n".join([*self.done, line])
        if final:
            self.done.append(line)
        content = {"text/plain": text}
        if self.curves:
            import html  # most trainings are not shown in a notebook

            # A box of a few lines that scrolls, and starts at its end.
            box = "max-height:16em;overflow:auto;display:flex;flex-direction:column-reverse"
            lines = f'<div style="{box}"><pre style="margin:0">{html.escape(text)}</pre></div>'
            content["text/html"] = self.curves + lines
        self.handle.update(content, raw=True)

    def draw(self, history: History, last: bool) -> None:
        """Redraws the curves after the last epoch, and before if that takes 5 % of the time at most."""
        start = time.perf_counter()
        if start < self.next and not (last and self.curves):
            return
        history.cell = None
        self.curves = ipython.view(history)
        history.cell = (cell_number(), len(history)) if self.curves else None
        now = time.perf_counter()
        self.next = now + max(1, 20 * (now - start))


def notebook_display() -> Any:
    """IPython's `display` in a notebook, None elsewhere."""
    if _notebook() is None:
        return None
    from IPython.display import display

    return display


def cell_number() -> int | None:
    """The number of the running notebook cell; None elsewhere."""
    return getattr(_notebook(), "execution_count", None)


def _notebook() -> Any:
    """IPython's shell, if it belongs to a notebook (Colab's is of a kind of its own, derived from that)."""
    shell = ipython.shell()
    kinds = {kind.__name__ for kind in type(shell).__mro__}
    return shell if "ZMQInteractiveShell" in kinds else None  # a terminal IPython is a terminal
