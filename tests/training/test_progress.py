"""What fit prints: in a pipe, a terminal and a notebook."""

import io
import sys
import types

import numpy as np

from tinygrad_edu import nn, optim
from tinygrad_edu.training import Callback, Trainer, progress

X = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)


def fit(*callbacks, lr=0.1, **settings):
    model = nn.Sequential(nn.Linear(4, 2, rng=0))
    trainer = Trainer(model, nn.cross_entropy, optim.SGD(model.parameters(), lr=lr))
    trainer.fit(X, Y, epochs=2, batch_size=25, callbacks=callbacks, **settings)


class Terminal(io.StringIO):
    def isatty(self):
        return True


def run_progress(stream):
    shown = progress.Progress(epochs=2, batches=3, stream=stream)
    for epoch in (1, 2):
        for batch in (1, 2, 3):
            shown.shown = -1.0  # as if a tenth of a second had passed
            shown.batch(epoch, batch, {"loss": 1 / batch})
        shown.epoch(epoch, {"loss": 0.25})
    return stream.getvalue() if stream else None


def test_a_pipe_gets_one_plain_line_per_epoch():
    lines = run_progress(io.StringIO()).splitlines()
    assert len(lines) == 2 and "\r" not in "".join(lines)
    assert lines[1].startswith("epoch 2/2 ") and lines[1].endswith(" s  loss 0.2500")


def test_a_terminal_gets_one_line_per_epoch_that_is_rewritten():
    text = run_progress(Terminal())
    assert text.count("\n") == 2
    first = text.split("\n")[0].split("\r")
    assert len(first) == 1 + 3 + 1  # nothing before the first return, three batches, the epoch
    assert first[1].startswith("epoch 1/2  ━━━━━━━╌╌╌╌╌╌╌╌╌╌╌╌╌  loss 1.0000")
    assert len(first[-1]) >= len(first[-2])  # no rest of the longer line shines through


def test_a_narrow_terminal_gets_no_line_that_wraps(monkeypatch):
    monkeypatch.setenv("COLUMNS", "30")
    for line in run_progress(Terminal()).split("\n"):
        assert all(len(part) < 30 for part in line.split("\r")[:-1])


def test_validation_stands_beside_training_within_80_columns():
    shown = progress.Progress(epochs=30, batches=3, stream=io.StringIO())
    values = {"loss": 0.25, "accuracy": 0.5, "val_loss": 0.75, "val_accuracy": 0.125}
    shown.epoch(30, values)
    line = shown.stream.getvalue()
    assert (
        line.endswith(" s  loss 0.2500 (val 0.7500)  accuracy 0.5000 (val 0.1250)\n")
        and len(line) < 80
    )


def test_a_notebook_gets_one_display_that_is_updated(monkeypatch):
    updates = []

    class ZMQInteractiveShell:
        pass

    class Handle:
        def update(self, content, raw):
            updates.append(content["text/plain"])

    ipython = types.ModuleType("IPython")
    ipython.get_ipython = ZMQInteractiveShell
    ipython.display = types.ModuleType("IPython.display")
    ipython.display.display = lambda content, raw, display_id: Handle()
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    monkeypatch.setattr(sys, "stdout", io.StringIO())
    run_progress(None)
    assert sys.stdout.getvalue() == ""
    assert updates[-1].count("\n") == 1 and updates[-1].startswith("epoch 1/2  ")


def test_fit_shows_progress_unless_told_otherwise(capsys):
    fit()
    assert capsys.readouterr().out.count("\n") == 2
    fit(progress=False)
    assert capsys.readouterr().out == ""


def test_the_line_of_an_epoch_shows_a_learning_rate_that_changes(capsys):
    def lines(lr, *callbacks):
        fit(*callbacks, lr=lr)
        return capsys.readouterr().out.splitlines()

    class Halves(Callback):
        def on_epoch_begin(self, epoch):
            if epoch == 2:
                self.trainer.optimizer.lr /= 2

    assert not any(" lr " in line for line in lines(0.1))
    shown = lines(optim.schedules.Exponential(0.1, 2, 0.5))
    assert [line.split("  ")[-1] for line in shown] == ["lr 0.05", "lr 0.025"]
    shown = lines(0.1, Halves())
    assert " lr " not in shown[0] and shown[1].endswith("  lr 0.05")


def test_a_second_fit_says_that_it_goes_on(capsys):
    model = nn.Sequential(nn.Linear(4, 2, rng=0))
    trainer = Trainer(model, nn.cross_entropy, optim.SGD(model.parameters()))
    for _ in range(2):
        trainer.fit(X, Y, epochs=2)
    starts = [line.split("  ")[0] for line in capsys.readouterr().out.splitlines()]
    assert starts == ["epoch 1/2", "epoch 2/2", "epoch 1/2 after 2", "epoch 2/2 after 2"]
