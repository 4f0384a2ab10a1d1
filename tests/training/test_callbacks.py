"""Callbacks: when they are told, what they write, and what they refuse. Against Keras: test_keras_fit."""

import json

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.training import (
    AverageWeights,
    Callback,
    CSVLog,
    EarlyStopping,
    JSONLog,
    Observe,
    Timing,
    Trainer,
    accuracy,
    callbacks,
)

X = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)


def trainer(**settings):
    model = nn.Sequential(nn.Linear(4, 8, rng=0), nn.Tanh(), nn.Linear(8, 2, rng=1))
    return Trainer(
        model, nn.cross_entropy, optim.Adam(model.parameters(), lr=0.01), metrics=[accuracy]
    )


def fit(t, *callbacks, epochs=3, batch_size=20, **settings):
    return t.fit(
        X, Y, epochs=epochs, batch_size=batch_size, seed=1, progress=False, callbacks=callbacks,
        **settings,
    )  # fmt: skip


class Clock:
    """Time that passes only when it is told to."""

    now = 0.0

    def perf_counter(self):
        return self.now


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(callbacks, "time", clock)
    return clock


class Tells(Callback):
    def __init__(self, told):
        self.told = told

    def on_train_begin(self):
        self.told.append("train begins")

    def on_epoch_begin(self, epoch):
        self.told.append(f"epoch {epoch} begins")

    def on_batch_begin(self, batch):
        self.told.append(f"batch {batch} begins")

    def on_batch_end(self, batch):
        self.told.append(f"batch {batch} ends")

    def on_epoch_end(self, epoch, values):
        self.told.append(f"epoch {epoch} ends with {', '.join(values)}")
        assert {name: self.trainer.history[name][-1] for name in values} == values

    def on_train_end(self):
        self.told.append("train ends")


def test_when_a_callback_is_told():
    told = []
    fit(trainer(), Tells(told), epochs=2, validation=(X, Y))
    epoch = ["batch 1 begins", "batch 1 ends", "batch 2 begins", "batch 2 ends"]
    ends = "ends with loss, accuracy, val_loss, val_accuracy"
    assert told == [
        "train begins", "epoch 1 begins", *epoch, f"epoch 1 {ends}", "epoch 2 begins", *epoch,
        f"epoch 2 {ends}", "train ends",
    ]  # fmt: skip


def test_any_callback_can_stop_training():
    class AfterBatch(Callback):
        def on_batch_end(self, batch):
            self.trainer.stop_training = self.trainer.run.steps == 3

    class AtEpoch(Callback):
        def on_epoch_begin(self, epoch):
            self.trainer.stop_training = epoch == 3

    t = trainer()
    assert len(fit(t, AfterBatch(), epochs=9)) == 2 and t.run.steps == 3
    t = trainer()
    assert len(fit(t, AtEpoch(), epochs=9)) == 2 and t.run.steps == 4
    assert len(fit(t, epochs=1)) == 3  # the next fit begins afresh


def test_a_callback_that_does_nothing_is_complete():
    assert len(fit(trainer(), Callback())) == 3


# ----------------------------------------------------------------------------------- early stopping


def scripted(values, **settings):
    """How many epochs early stopping sees of these values, and the epoch whose weights are left."""
    t, stopping = trainer(), EarlyStopping("val_loss", **settings)
    weights = []

    class Script(Callback):
        turn = -1

        def on_epoch_end(self, epoch, logged):
            logged["val_loss"] = values[epoch - 1]
            weights.append(self.trainer.model.state_dict())

    fit(t, Script(), stopping, epochs=len(values), validation=(X, Y))
    end = t.model.state_dict()
    left = [i for i, w in enumerate(weights, 1) if all(np.array_equal(w[k], end[k]) for k in w)]
    return len(t.history), left[0], stopping


def test_best_weights_are_restored():
    epochs, left, stopping = scripted([5, 4, 3, 6, 7, 1, 0], patience=2)
    assert (epochs, left) == (5, 3)
    assert (stopping.best, stopping.best_epoch) == (3, 3)


def test_best_weights_are_restored_at_the_end_of_training_too():
    assert scripted([5, 4, 3, 6], patience=9)[:2] == (4, 3)
    assert scripted([5, 4, 3, 6], patience=9, restore_best_weights=False)[:2] == (4, 4)


def test_more_is_better_of_an_accuracy_and_of_what_is_said_to_be():
    assert EarlyStopping("val_accuracy").sign == EarlyStopping("auc", mode="max").sign == 1
    assert EarlyStopping("loss").sign == EarlyStopping("val_mae", mode="min").sign == -1
    assert scripted([1, 2, 3, 2, 1], patience=2, mode="max")[1] == 3


@pytest.mark.parametrize("mode", ["auto", "least"])
def test_a_mode_that_is_not_known(mode):
    with pytest.raises(
        ValueError, match=r"EarlyStopping: is it better if 'val_f1' is less(.|\n)*max"
    ):
        EarlyStopping("val_f1", mode=mode)


@pytest.mark.parametrize(
    "make", [lambda name: EarlyStopping(name, mode="max"), lambda name: Observe(Plateau(), name)]
)
def test_a_number_that_is_not_there_is_refused_before_anything_changes(make):
    t = trainer()
    before = t.model.state_dict()
    words = (
        r"watches 'val_loss', but this training has loss, accuracy\.(.|\n)*validation_split=0\.1"
    )
    with pytest.raises(ValueError, match=words) as error:
        fit(t, make("val_loss"))
    assert "test_callbacks.py" in str(error.value)
    with pytest.raises(ValueError, match=r"Try: monitor='accuracy'"):
        fit(t, make("auc"))
    assert all(np.array_equal(before[k], v) for k, v in t.model.state_dict().items())


# -------------------------------------------------------------------------------------- schedules


class Plateau:
    def __init__(self):
        self.seen = []

    def observe(self, value):
        self.seen.append(value)


def test_a_schedule_observes_each_epoch():
    t, plateau = trainer(), Plateau()
    fit(t, Observe(plateau), validation=(X, Y))
    assert plateau.seen == t.history["val_loss"] and len(plateau.seen) == 3
    fit(t, Observe(plateau, "loss"))
    assert plateau.seen[3:] == t.history["loss"][3:]


def test_what_observes_nothing_is_no_schedule_for_a_callback():
    with pytest.raises(
        TypeError, match=r"an object with observe\(value\), not 0\.1(.|\n)*lr= of the"
    ):
        Observe(0.1)


# ------------------------------------------------------------------------------------------- logs


def test_the_csv_log_is_the_history(tmp_path):
    t = trainer()
    fit(t, CSVLog(tmp_path / "log.csv"), validation=(X, Y))
    head, *rows = (tmp_path / "log.csv").read_text().splitlines()
    assert head == "epoch,loss,accuracy,val_loss,val_accuracy"
    for i, row in enumerate(rows):
        numbers = [t.history[name][i] for name in t.history.names]
        assert [float(x) for x in row.split(",")] == [i + 1, *numbers]
    fit(trainer(), CSVLog(tmp_path / "log.csv"), epochs=1)
    assert len((tmp_path / "log.csv").read_text().splitlines()) == 2  # begun anew


def test_the_json_log_is_appended_to(tmp_path, clock):
    class Slow(Callback):
        def on_batch_end(self, batch):
            clock.now += 3

    (tmp_path / "log.json").write_text('{"by": "hand"}\n')
    t = trainer()
    fit(t, JSONLog(tmp_path / "log.json"), Slow())
    first, *lines = [json.loads(line) for line in (tmp_path / "log.json").read_text().splitlines()]
    assert first == {"by": "hand"} and [line["epoch"] for line in lines] == [1, 2, 3]
    assert [line["loss"] for line in lines] == t.history["loss"]
    assert [line["seconds"] for line in lines] == [6, 6, 6]  # two batches each


def test_every_line_is_in_the_file_at_the_end_of_its_epoch(tmp_path):
    class Look(Callback):
        def on_epoch_end(self, epoch, values):
            assert (tmp_path / "log.json").read_text().count("\n") == epoch
            assert (tmp_path / "log.csv").read_text().count("\n") == epoch + 1

    fit(trainer(), JSONLog(tmp_path / "log.json"), CSVLog(tmp_path / "log.csv"), Look())


def test_json_has_no_nan(tmp_path):
    def bad(prediction, y):
        return np.nan

    t = trainer()
    t.metrics = {"bad": bad}
    fit(t, JSONLog(tmp_path / "log.json"), epochs=1)
    assert json.loads((tmp_path / "log.json").read_text())["bad"] is None


@pytest.mark.parametrize("kind", [CSVLog, JSONLog])
def test_a_log_that_cannot_be_written_is_refused_at_once(tmp_path, kind):
    t = trainer()
    with pytest.raises(FileNotFoundError, match=r"nowhere"):
        fit(t, kind(tmp_path / "nowhere" / "log"))
    assert len(t.history) == 0


# ------------------------------------------------------------------------------------------- time


def test_timing_tells_loading_from_work(clock):
    class Slow:
        def __len__(self):
            return 4

        def __iter__(self):
            for i in range(4):
                clock.now += 1
                yield X[10 * i : 10 * i + 10], Y[10 * i : 10 * i + 10]

    class AlsoSlow(Callback):
        def on_batch_end(self, batch):
            clock.now += 2

        def on_epoch_end(self, epoch, values):
            clock.now += 4

    timing, t = Timing(), trainer()
    assert repr(timing) == "Timing of no epoch"
    t.fit(Slow(), epochs=2, callbacks=[timing, AlsoSlow()], progress=False)
    assert timing.epochs == [16, 16] and timing.batches == [2, 2] and timing.loading == [0.25, 0.25]
    assert (
        repr(timing) == "Timing of 2 epochs: 16 s each, 2e+03 ms a batch, 25% of the time loading"
    )


def test_the_average_of_weights_is_that_of_the_loop_written_by_hand():
    """With accumulated gradients: steps that move nothing are not counted."""
    ends = []
    for by_callback in (True, False):
        model = nn.Linear(3, 2, rng=0)
        optimizer = optim.SGD(model.parameters(), lr=0.1, accumulate=2)
        ema = optim.EMA(model.parameters(), 0.75)
        rng = np.random.default_rng(0)
        x, y = rng.normal(size=(24, 3)).astype(np.float32), rng.integers(0, 2, 24)
        trainer = Trainer(model, nn.cross_entropy, optimizer)
        if by_callback:
            callbacks = [AverageWeights(ema)]
            trainer.fit(x, y, batch_size=4, shuffle=False, callbacks=callbacks, progress=False)
            assert ema.updates == 3 == optimizer.t
        else:
            for i in range(0, 24, 4):
                trainer.train_step(x[i : i + 4], y[i : i + 4])
                if i % 8:
                    ema.update()
            assert not np.array_equal(model.W.data, ema.averages[0])
            ema.keep()
        ends.append(model.state_dict())
    assert all(np.array_equal(ends[0][k], ends[1][k]) for k in ends[0])


def test_an_average_of_another_model_is_refused():
    model = nn.Linear(3, 2, rng=0)
    trainer = Trainer(model, nn.cross_entropy, optim.SGD(model.parameters(), lr=0.1))
    other = AverageWeights(optim.EMA(nn.Linear(3, 2).parameters()))
    with pytest.raises(
        ValueError, match=r"of parameters that are not in the model(.|\n)*EMA\(model"
    ):
        trainer.fit(np.ones((4, 3)), np.zeros(4, int), callbacks=[other], progress=False)
    with pytest.raises(TypeError, match=r"AverageWeights\(0.99\): it takes an EMA(.|\n)*optim.EMA"):
        AverageWeights(0.99)


def test_a_number_is_better_than_a_first_nan():
    epochs, left, stopping = scripted([np.nan, 3.0, 2.0, 1.0, 4.0, 5.0], patience=2)
    assert (epochs, left) == (6, 4)
    assert (stopping.best, stopping.best_epoch) == (1.0, 4)
    epochs, left, stopping = scripted([np.nan] * 5, patience=3)
    assert (epochs, left, stopping.best) == (3, 3, None)


@pytest.mark.parametrize("patience", [-1, 2.5, "3"])
def test_a_patience_that_is_no_number_of_epochs(patience):
    with pytest.raises(ValueError, match=f"patience={patience!r}"):
        EarlyStopping(patience=patience)
