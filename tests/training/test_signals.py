"""Ctrl-C, with real signals: after the batch, at once the second time, and nobody else is disturbed."""

import os
import signal
import threading

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.training import Callback, Checkpoint, EarlyStopping, Trainer

X = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)


@pytest.fixture(autouse=True)
def default_handler():
    """As in a terminal, whatever the tests were started from."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


class PressAt(Callback):
    """Ctrl-C in the middle of a batch, or of several."""

    def __init__(self, *steps, times=1):
        self.steps, self.times, self.step = steps, times, 0

    def on_batch_begin(self, batch):
        self.step += 1
        if self.step in self.steps:
            for _ in range(self.times):
                os.kill(os.getpid(), signal.SIGINT)


def trainer(loss=nn.cross_entropy):
    model = nn.Sequential(nn.Linear(4, 8, rng=0), nn.Tanh(), nn.Linear(8, 2, rng=1))
    return Trainer(model, loss, optim.Adam(model.parameters(), lr=0.01))


def fit(t, *callbacks, epochs=4, **settings):
    return t.fit(
        X, Y, epochs=epochs, batch_size=10, seed=1, progress=False, callbacks=callbacks, **settings
    )


class WeightsAfter(Callback):
    def __init__(self, step):
        self.step = step

    def on_batch_end(self, batch):
        self.step -= 1
        if self.step == 0:
            self.weights = self.trainer.model.state_dict()


def same_weights(a, b):
    return all(np.array_equal(a[path], b[path]) for path in a)


def test_it_stops_after_the_batch_with_weights_and_history_as_they_were(capsys):
    t, by_itself, after = trainer(), trainer(), WeightsAfter(7)
    whole = fit(by_itself, after)
    history = fit(t, PressAt(7))
    assert same_weights(t.model.state_dict(), after.weights)
    assert history is t.history and history["loss"] == whole["loss"][:1]
    assert capsys.readouterr().out == (
        "Ctrl-C: stopped after batch 3 of epoch 2; weights and history are as they were then\n"
    )
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    fit(t)  # and it can train again
    assert len(t.history) == 5


def test_the_line_stands_below_the_progress(capsys):
    t = trainer()
    t.fit(X, Y, epochs=3, batch_size=10, callbacks=[PressAt(6)])
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 2 and lines[0].startswith("epoch 1/3")
    assert lines[1].startswith("Ctrl-C: stopped after batch 2 of epoch 2; ")


def test_during_validation_the_epoch_is_finished(capsys):
    def loss_that_is_pressed(prediction, y):
        if len(y) == 40 and len(t.history) == 1:  # the validation of the second epoch
            os.kill(os.getpid(), signal.SIGINT)
        return nn.cross_entropy(prediction, y)

    t = trainer(loss_that_is_pressed)
    fit(t, validation=(X, Y))
    assert len(t.history["val_loss"]) == 2
    assert "stopped after epoch 2; " in capsys.readouterr().out


def test_a_second_one_stops_at_once():
    t = trainer()
    with pytest.raises(KeyboardInterrupt):
        fit(t, PressAt(7, times=2))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    assert len(t.history) == 1 and t.run.batch == 2


def test_best_weights_are_restored_and_a_stopped_run_goes_on(tmp_path):
    whole = trainer()
    fit(whole, EarlyStopping("loss", patience=9), Checkpoint(tmp_path / "whole"))
    t = trainer()
    fit(t, EarlyStopping("loss", patience=9), PressAt(7), Checkpoint(tmp_path / "cut", every=100))
    after_one_epoch = trainer()
    fit(after_one_epoch, epochs=1)
    assert same_weights(t.model.state_dict(), after_one_epoch.model.state_dict())
    again = trainer()
    fit(again, EarlyStopping("loss", patience=9), resume=tmp_path / "cut")
    assert again.history["loss"] == whole.history["loss"]
    assert same_weights(again.model.state_dict(), whole.model.state_dict())


def test_after_an_error_the_handler_is_back_too():
    def broken(prediction, y):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fit(trainer(broken))
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_a_program_with_its_own_way_keeps_it():
    heard = []

    def own(number, frame):
        heard.append(number)

    signal.signal(signal.SIGINT, own)
    t = trainer()
    fit(t, PressAt(2, 3), epochs=1)
    assert heard == [signal.SIGINT] * 2 and len(t.history) == 1
    assert signal.getsignal(signal.SIGINT) is own
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # nohup
    fit(t, PressAt(2), epochs=1)
    assert len(t.history) == 2 and signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_in_another_thread_nothing_is_done():
    t, handlers, errors = trainer(), [], []

    class Look(Callback):
        def on_batch_end(self, batch):
            handlers.append(signal.getsignal(signal.SIGINT))

    def work():
        try:
            fit(t, Look())
        except BaseException as error:
            errors.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert not errors and len(t.history) == 4
    assert set(handlers) == {signal.default_int_handler}
