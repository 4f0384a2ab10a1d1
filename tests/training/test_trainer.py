"""Training: equal to the loop written by hand, what it shows, and what it refuses."""

import functools
import io
import subprocess
import sys
import types

import numpy as np
import pytest

from tinygrad_edu import Tensor, data, nn, optim
from tinygrad_edu.data.streams import ExampleLoader
from tinygrad_edu.training import (
    Callback,
    EarlyStopping,
    History,
    Observe,
    Trainer,
    accuracy,
    auc,
    confusion_matrix,
    progress,
    r2,
    recall,
)

RNG = np.random.default_rng(0)
X = RNG.normal(size=(50, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)


def model(*extra):
    return nn.Sequential(nn.Linear(4, 8, rng=0), nn.Tanh(), *extra, nn.Linear(8, 3, rng=1))


def trainer(network=None, **settings):
    network = network or model()
    optimizer = optim.Adam(network.parameters(), lr=0.05)
    return Trainer(network, nn.cross_entropy, optimizer, metrics=[accuracy], **settings)


def test_fit_is_the_loop_written_by_hand():
    t, by_hand = trainer(), model()
    history = t.fit(X, Y, epochs=3, batch_size=16, seed=5, progress=False)
    optimizer = optim.Adam(by_hand.parameters(), lr=0.05)
    loader = data.DataLoader(X, Y, batch_size=16, shuffle=True, seed=5)
    losses = []
    for _ in range(3):
        total = 0.0
        for xb, yb in loader:
            loss = nn.cross_entropy(by_hand(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(xb)
        losses.append(total / len(X))
    assert history["loss"] == losses
    assert all(np.array_equal(by_hand.state_dict()[k], v) for k, v in t.model.state_dict().items())


def test_everything_stays_float32_through_a_whole_step():
    t = trainer(model(nn.Dropout(0.2, rng=0)))
    seen = []
    for _, module in t.model.named_modules():
        module.hooks = (lambda m, inputs, y: seen.append(y.dtype),)
    t.fit(X, Y, epochs=1, batch_size=16, progress=False)
    parameters = t.model.parameters()
    assert {np.dtype(np.float32)} == {
        *seen, *(p.dtype for p in parameters), *(p.grad.dtype for p in parameters),
        *(a.dtype for a in t.optimizer.state_dict().values() if isinstance(a, np.ndarray)),
    }  # fmt: skip


def test_the_same_seeds_give_the_same_run():
    a, b, c = (trainer().fit(X, Y, epochs=2, seed=s, progress=False)["loss"] for s in (1, 1, 2))
    assert a == b != c


REPEATED = """
import numpy as np
from tinygrad_edu import nn, optim
from tinygrad_edu.training import Trainer, accuracy

x = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
y = (x[:, 0] > 0).astype(int)
model = nn.Sequential(nn.Linear(4, 9, rng=0), nn.ReLU(), nn.Dropout(0.3, rng=1), nn.Linear(9, 2, rng=2))
trainer = Trainer(model, nn.cross_entropy, optim.Adam(model.parameters()), metrics=[accuracy])
trainer.fit(x, y, epochs=3, seed=7, validation_split=0.2, progress=False)
end = repr(trainer.history.epochs) + "".join(w.tobytes().hex() for w in model.state_dict().values())
"""


def test_seeds_make_a_run_repeatable_to_the_last_bit_also_in_another_process():
    ends = []
    for _ in range(2):
        names = {}
        exec(REPEATED, names)
        ends.append(names["end"])
    done = subprocess.run(
        [sys.executable, "-c", REPEATED + "print(end)"], capture_output=True, text=True, check=True
    )
    assert ends[0] == ends[1] == done.stdout.strip()


def test_history_has_a_number_per_epoch_and_goes_on_with_the_next_fit():
    t = trainer()
    history = t.fit(X, Y, epochs=2, seed=0, validation=(X, Y), progress=False)
    assert history.names == ["loss", "accuracy", "val_loss", "val_accuracy"] and len(history) == 2
    assert history["val_loss"][-1] == t.evaluate(X, Y)["loss"]
    t.fit(X, Y, epochs=1, seed=0, validation=(X, Y), progress=False)
    assert len(t.history) == 3 and "History of 3 epochs: loss" in repr(t.history)
    with pytest.raises(KeyError, match="no 'lost' in this history; there is loss, accuracy"):
        history["lost"]
    assert len(History()) == 0


def test_evaluate_and_predict_are_in_eval_mode_and_learn_nothing():
    t = trainer(model(nn.Dropout(0.5, rng=0)))
    before = t.model.state_dict()
    scores = t.predict(X, batch_size=7)
    assert scores.shape == (50, 3) and np.allclose(scores, t.predict(X), atol=1e-6)
    judged = t.evaluate(X, Y, batch_size=7)
    assert judged["accuracy"] == accuracy(scores, Y)
    assert judged["loss"] == pytest.approx(nn.cross_entropy(scores, Y).item(), rel=1e-6)
    assert t.model.training and t.model[2].training
    assert all(np.array_equal(before[k], v) for k, v in t.model.state_dict().items())
    assert all(p.grad is None for p in t.model.parameters())


def test_fit_is_in_training_mode_whatever_was_before():
    t, seen = trainer(), []
    t.model[1].hooks = (lambda module, inputs, y: seen.append(module.training),)
    t.model.eval()
    t.fit(X, Y, progress=False)
    assert seen and all(seen)


class Modes(Callback):
    """The mode of the model whenever something happens."""

    def __init__(self):
        self.seen = {}

    def note(self, when):
        self.seen.setdefault(when, set()).add(
            frozenset(module.training for _, module in self.trainer.model.named_modules())
        )

    def on_batch_end(self, batch):
        self.note("batch")

    def on_epoch_end(self, epoch, values):
        self.note("epoch")

    def on_train_end(self):
        self.note("end")


def with_noise():
    return trainer(nn.Sequential(nn.Linear(4, 6, rng=0), nn.BatchNorm(6), nn.Dropout(0.5, rng=1)))


@pytest.mark.parametrize("judged", [None, (X, Y)])
def test_fit_leaves_a_model_that_is_ready_for_use(judged):
    t, modes = with_noise(), Modes()
    for _ in range(2):  # and a second fit trains again
        t.fit(X, Y, epochs=2, validation=judged, callbacks=[modes], progress=False)
        training, ready = {frozenset({True})}, {frozenset({False})}
        assert modes.seen == {"batch": training, "epoch": ready, "end": ready}
        before = t.model.state_dict()
        assert accuracy(t.model(X).data, Y) == t.evaluate(X, Y)["accuracy"]
        np.testing.assert_equal(t.model.state_dict(), before)  # no moving mean has moved
    t.train_step(X, Y)
    assert t.model.training  # a loop by hand, too, learns in training mode


def test_a_fit_that_breaks_leaves_the_model_in_eval_mode():
    t = with_noise()
    with pytest.raises(ValueError, match="the moving statistics are as they were"):
        t.fit(X * np.nan, Y, progress=False)
    assert not t.model.training and not t.model[2].training


def test_train_and_eval_tell_what_changes():
    assert "moving means follow" in nn.Module.train.__doc__
    assert "leaves them as they are" in nn.Module.eval.__doc__


def test_a_plateau_that_is_told_nothing_is_warned_of():
    plateau = optim.schedules.ReduceOnPlateau(0.1)
    for lr in (plateau, optim.schedules.Warmup(plateau, 2)):
        m = model()
        t = Trainer(m, nn.cross_entropy, optim.SGD(m.parameters(), lr=lr))
        words = (
            r"the lr of SGD, was told nothing in epoch 1(.|\n)*test_trainer(.|\n)*Observe\(plateau"
        )
        with pytest.warns(UserWarning, match=words):
            t.fit(X, Y, epochs=3, progress=False)
    t.fit(X, Y, epochs=1, callbacks=[Observe(plateau, "loss")], progress=False)


def test_the_line_of_an_epoch_shows_a_learning_rate_that_changes(capsys):
    def lines(lr, *callbacks):
        m = model()
        t = Trainer(m, nn.cross_entropy, optim.SGD(m.parameters(), lr=lr))
        t.fit(X, Y, epochs=2, batch_size=25, callbacks=callbacks)
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


def test_a_loader_can_be_given_instead_of_arrays():
    loader = data.DataLoader(X, Y, batch_size=16, shuffle=True, seed=3)
    a = trainer().fit(loader, epochs=2, progress=False)["loss"]
    assert a == trainer().fit(X, Y, epochs=2, batch_size=16, seed=3, progress=False)["loss"]


def test_any_sized_iterable_of_batches_and_a_data_set_can_be_given():
    class Samples:
        def __len__(self):
            return len(X)

        def __getitem__(self, i):
            return X[i], Y[i]

    rows = [slice(i, i + 16) for i in range(0, 50, 16)]
    wanted = trainer().fit(X, Y, epochs=2, batch_size=16, shuffle=False, progress=False)["loss"]
    for batches in (
        [(X[r], Y[r]) for r in rows],
        [[X[r], Y[r]] for r in rows],
        ExampleLoader(Samples(), batch_size=16),
    ):
        assert trainer().fit(batches, epochs=2, progress=False)["loss"] == wanted
    assert trainer().evaluate(Samples(), batch_size=16) == trainer().evaluate(X, Y, batch_size=16)
    t = trainer()
    t.fit(Samples(), epochs=2, batch_size=16, shuffle=False, validation=Samples(), progress=False)
    assert t.history["loss"] == wanted
    assert t.history["val_loss"][-1] == t.evaluate(X, Y)["loss"]


class Sum(nn.Module):
    def __init__(self):
        self.first, self.second = nn.Linear(2, 3, rng=0), nn.Linear(2, 3, rng=1)

    def forward(self, a, b):
        return self.first(a) + self.second(b)


def test_models_with_several_inputs_take_tuples_and_dicts():
    histories, predictions = [], []
    for x in ((X[:, :2], X[:, 2:]), {"b": X[:, 2:], "a": X[:, :2]}):
        t = trainer(Sum())
        t.fit(x, Y, epochs=2, batch_size=16, seed=3, validation_split=0.2, progress=False)
        assert t.evaluate(x, Y).keys() == {"loss", "accuracy"}
        histories.append(t.history.epochs)
        predictions.append(t.predict(x, batch_size=7))
    assert histories[0] == histories[1]
    np.testing.assert_array_equal(*predictions)

    concatenated = nn.Sequential(nn.Linear(4, 3, rng=0))
    concatenated[0].W.data[...] = np.vstack([Sum().first.W.data, Sum().second.W.data])
    one = trainer(concatenated).fit(X, Y, epochs=1, batch_size=16, seed=3, progress=False)
    several = trainer(Sum()).fit((X[:, :2], X[:, 2:]), Y, batch_size=16, seed=3, progress=False)
    # the two biases of Sum move together, so only the first batch is the same to rounding
    assert several["loss"][0] == pytest.approx(one["loss"][0], rel=0.05)


# -------------------------------------------------------------------------- weights, and a part aside


def weighted(prediction, target, sample_weight=None):
    """The mean of weight * (prediction - target)²."""
    squares = np.square(prediction[:, 0] - target)
    return np.mean(squares if sample_weight is None else squares * sample_weight)


def regression(loss=weighted, **settings):
    network = nn.Sequential(nn.Linear(4, 1, rng=0))
    return Trainer(network, loss, optim.SGD(network.parameters(), lr=0.1), **settings)


WEIGHTS = np.random.default_rng(5).uniform(0, 2, 50)


def one_step(target=Y, **settings):
    """The weights after one step on all of the data."""
    t = regression()
    t.fit(X, target, batch_size=50, shuffle=False, progress=False, **settings)
    return t.model[0].W.data


def test_weights_of_samples_are_those_of_the_textbook():
    t = regression()
    W, b = t.model[0].W.data.astype(float), t.model[0].b.data.astype(float)
    error = X @ W[:, 0] + b - Y
    step = 0.1 * 2 * X.T @ (WEIGHTS * error) / 50
    np.testing.assert_allclose(one_step(sample_weight=WEIGHTS)[:, 0], W[:, 0] - step, rtol=1e-5)
    assert t.evaluate(X, Y, sample_weight=WEIGHTS)["loss"] == pytest.approx(
        np.mean(WEIGHTS * error**2), rel=1e-6
    )


def test_weights_of_classes_are_weights_of_their_samples():
    by_class = np.array([2.0, 1.0, 0.25])
    wanted = one_step(sample_weight=by_class[Y])
    for target, weights in (
        (Y, by_class),
        (Y, {0: 2, 2: 0.25}),  # others have 1
        (Y.astype(np.float32), {np.int64(0): 2, 1: 1.0, 2: 0.25}),
        (Y, by_class.tolist()),
    ):
        np.testing.assert_allclose(one_step(target, class_weight=weights), wanted, rtol=1e-6)
    both = one_step(sample_weight=WEIGHTS, class_weight=by_class)
    np.testing.assert_allclose(both, one_step(sample_weight=WEIGHTS * by_class[Y]), rtol=1e-6)


def test_weights_of_classes_know_one_hot_labels_and_columns():
    seen = []

    def loss(prediction, target, sample_weight=None):
        seen.append(sample_weight)
        return np.mean(prediction)

    for target in (Y, Y[:, None], np.eye(3)[Y]):
        regression(loss).fit(
            X, target, class_weight=[1, 2, 3], batch_size=50, shuffle=False, progress=False
        )
    for weights in seen:
        np.testing.assert_array_equal(weights, np.array([1, 2, 3])[Y])
        assert weights.dtype == np.float32  # the model's, so that the loss stays in its precision


def test_a_loader_may_give_weights_as_its_third():
    wanted = one_step(sample_weight=WEIGHTS.astype(np.float32))
    t = regression()
    loader = data.DataLoader(X, Y, WEIGHTS.astype(np.float32), batch_size=50)
    t.fit(loader, progress=False)
    np.testing.assert_array_equal(t.model[0].W.data, wanted)
    t = regression()
    t.fit([(X, Y, WEIGHTS.astype(np.float32))], progress=False)
    np.testing.assert_array_equal(t.model[0].W.data, wanted)
    judged = regression().evaluate(loader)
    assert judged == regression().evaluate(X, Y, sample_weight=WEIGHTS)


def test_validation_may_have_weights():
    t = regression()
    t.fit(X, Y, validation=(X, Y, WEIGHTS), progress=False)
    judged = t.evaluate(X, Y, sample_weight=WEIGHTS.astype(np.float32))
    assert t.history["val_loss"][-1] == pytest.approx(judged["loss"], rel=1e-6)


def test_validation_split_puts_the_last_part_aside_before_shuffling():
    a, b = trainer(), trainer()
    a.fit(X, Y, epochs=2, seed=1, validation_split=0.3, progress=False)
    b.fit(X[:35], Y[:35], epochs=2, seed=1, validation=(X[35:], Y[35:]), progress=False)
    assert a.history.epochs == b.history.epochs and a.run.loader.rows == 35


@pytest.mark.parametrize("path", ["fit", "evaluate"])
def test_a_loss_that_takes_no_weights_is_refused(path):
    t = trainer()

    def plain(prediction, target):
        return nn.cross_entropy(prediction, target)

    t = Trainer(t.model, functools.partial(plain), t.optimizer)
    words = "the loss plain takes no sample_weight(.|\n)*sample_weight=None"
    settings = {"progress": False} if path == "fit" else {}
    before = t.model.state_dict()
    with pytest.raises(TypeError, match=words) as error:
        getattr(t, path)(X, Y, sample_weight=WEIGHTS, **settings)
    assert "test_trainer.py" in str(error.value)
    with pytest.raises(TypeError, match=words):
        getattr(t, path)([(X, Y, WEIGHTS)], **settings)
    assert all(np.array_equal(before[k], v) for k, v in t.model.state_dict().items())


def test_a_loss_that_takes_anything_gets_weights():
    t = regression(lambda prediction, target, **settings: weighted(prediction, target, **settings))
    t.fit(X, Y, sample_weight=WEIGHTS, batch_size=50, shuffle=False, progress=False)
    np.testing.assert_array_equal(t.model[0].W.data, one_step(sample_weight=WEIGHTS))


# ------------------------------------------------------------------------------- what is added up


def test_the_penalty_of_regularizers_is_added_to_the_loss():
    t, plain = regression(), regression()
    t.model[0].W.regularizer = lambda w: 0.5 * (w * w).sum()
    W = t.model[0].W.data.copy()
    penalty = 0.5 * np.sum(W.astype(float) ** 2)
    assert t.evaluate(X, Y)["loss"] == pytest.approx(
        plain.evaluate(X, Y)["loss"] + penalty, rel=1e-6
    )
    for one in (t, plain):
        one.fit(X, Y, batch_size=50, shuffle=False, progress=False)
    np.testing.assert_allclose(t.model[0].W.data, plain.model[0].W.data - 0.1 * W, rtol=1e-5)


def test_without_regularizers_nobody_asks_for_a_penalty_at_each_step():
    t, asked = regression(), []
    penalty = t.model.penalty
    t.model.penalty = lambda: (asked.append(1), penalty())[1]
    t.fit(X, Y, epochs=5, batch_size=5, progress=False)
    assert len(asked) == 1


def share(prediction, y):
    return np.count_nonzero(prediction.argmax(axis=1) == y) / len(y)


def spread(prediction, y):
    """No mean over batches."""
    return np.ptp(prediction) + len(y)


spread.whole = True


def test_a_metric_of_the_whole_sees_all_predictions_of_an_epoch_at_once():
    network = model()
    t = Trainer(
        network, nn.cross_entropy, optim.SGD(network.parameters(), lr=0.1),
        metrics=[share, spread, accuracy],
    )  # fmt: skip
    scores = t.predict(X)
    judged = t.evaluate(X, Y, batch_size=7)
    assert list(judged) == ["loss", "share", "spread", "accuracy"]
    assert judged["spread"] == pytest.approx(np.ptp(scores) + 50, rel=1e-6)
    assert judged["share"] == judged["accuracy"] == accuracy(scores, Y)
    t.fit(X, Y, epochs=2, validation=(X, Y), batch_size=16, progress=True)
    assert t.history["val_spread"][-1] == pytest.approx(t.evaluate(X, Y)["spread"], rel=1e-6)
    assert t.history["spread"][0] > 50 and len(t.history["spread"]) == 2


def test_a_metric_of_the_whole_stays_one_when_arguments_are_filled_in():
    def scaled(prediction, y, by):
        return by * len(y)

    scaled.whole = True
    t = trainer()
    t.metrics = {"scaled": functools.partial(functools.partial(scaled), by=2)}
    assert t.evaluate(X, Y, batch_size=7)["scaled"] == 100


@pytest.mark.parametrize("whole", [False, True])
def test_a_metric_of_several_numbers_is_refused(whole):
    def both(prediction, y):
        return np.ones(2)

    both.whole = whole
    t = trainer()
    t.metrics = {"both": both}
    with pytest.raises(
        TypeError, match=r"both gives \(2,\) numbers, and training shows one(.|\n)*Try"
    ):
        t.evaluate(X, Y)


def test_what_was_seen_is_copied():
    """A loader may use the memory of its batches again."""

    class Same:
        def __init__(self):
            self.x, self.y = np.empty((10, 4), np.float32), np.empty(10, int)

        def __len__(self):
            return 5

        def __iter__(self):
            for i in range(0, 50, 10):
                self.x[...], self.y[...] = X[i : i + 10], Y[i : i + 10]
                yield self.x, self.y

    def labels(prediction, y):
        return float(y @ np.arange(50))

    labels.whole = True
    t = trainer()
    t.metrics = {"labels": labels}
    assert t.evaluate(Same())["labels"] == Y @ np.arange(50)


def test_functions_with_some_arguments_filled_in_keep_their_names():
    def scaled(prediction, y, by):
        return by * nn.cross_entropy(prediction, y)

    def above(prediction, y, limit):
        return float(np.mean(prediction > limit))

    class Between:
        def __call__(self, prediction, y):
            return 0.0

    network = model()
    t = Trainer(
        network,
        functools.partial(functools.partial(scaled), by=2),
        optim.Adam(network.parameters()),
        metrics=[functools.partial(above, limit=0.5), Between()],
    )
    assert list(t.evaluate(X, Y)) == ["loss", "above", "Between"]
    assert repr(t).startswith("Trainer(Sequential, scaled, Adam(")


def test_metrics_against_counting():
    scores = np.array([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0]])
    assert accuracy(scores, np.array([0, 1, 1])) == 2 / 3
    assert confusion_matrix([0, 1, 1, 1], [0, 0, 1, 1], 2).tolist() == [[1, 0], [1, 2]]


# ------------------------------------------------------------------------------- what is shown


class Terminal(io.StringIO):
    def isatty(self):
        return True


def run_progress(stream):
    shown = progress.Progress(epochs=2, batches=3, stream=stream)
    for epoch in (1, 2):
        for batch in (1, 2, 3):
            shown.shown = 0  # as if a tenth of a second had passed
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
    trainer().fit(X, Y, epochs=2)
    assert capsys.readouterr().out.count("\n") == 2
    trainer().fit(X, Y, epochs=2, progress=False)
    assert capsys.readouterr().out == ""


# ----------------------------------------------------------------------- refusals, and their words


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda t: t.fit(X, Y, epochs=-1), r"fit\(epochs=-1\): a whole number"),
        (lambda t: t.fit(X, Y, epochs=1.5), r"fit\(epochs=1\.5\)"),
        (
            lambda t: t.fit(X, Y, validation=X),
            r"wants a pair, not ndarray(.|\n)*validation=\(x_test, y_test\)",
        ),
        (lambda t: t.fit(X), "y is missing"),
        (lambda t: t.fit(data.DataLoader(X, Y), Y), "a DataLoader has its own targets"),
        (lambda t: t.fit(X, Y[:-1]), "50.*49"),
        (lambda t: t.fit(X[:0], Y[:0]), "empty|no row|0 rows"),
        (lambda t: t.fit(X, Y + 1), "labels run from 1 to 3|labels run from .* to 3"),
        (lambda t: t.fit([1.0, 2.0]), "a batch is a tuple \\(x, y\\) or .*, not a 1.0"),
        (lambda t: t.fit([(X,)]), "a batch is a tuple .*, not a tuple of 1(.|\\n)*DataLoader"),
        (lambda t: t.fit([]), r"\[\] has no batches: it is empty"),
        (lambda t: t.fit([(X, Y[:-1])]), r"shapes \(50, 4\) and \(49,\) differs in its rows"),
        (lambda t: t.fit([(X[:0], Y[:0])]), r"shapes \(0, 4\) and \(0,\) has no rows"),
        (
            lambda t: t.fit([(X[0], Y[0])]),
            r"\(4,\) and \(\) has no rows(.|\n)*if these are samples",
        ),
        (lambda t: t.fit(b for b in [(X, Y)]), "a generator does not say how many batches"),
        (
            lambda t: t.fit(data.load_iris()),
            r"a Dataset does not say.*(.|\n)*\(\*load_digits\(\)\)",
        ),
        (lambda t: t.fit([(X, Y)], sample_weight=WEIGHTS), "but a loader was given"),
        (lambda t: t.fit([(X, Y)], class_weight={0: 1}), "but a loader was given"),
        (
            lambda t: t.fit([(X, Y)], validation_split=0.5),
            r"a loader was given.*(.|\n)*validation=",
        ),
        (
            lambda t: t.fit(data.DataLoader(X)),
            r"gives 1 arrays, not x and y(.|\n)*DataLoader\(x, y\)",
        ),
        (lambda t: t.fit(iter([]), Y), "a list_iterator has its own targets"),
        (lambda t: t.fit((X, X[:-1]), Y), "50.*49"),
        (lambda t: t.fit((X, X[:-1]), Y, validation_split=0.5), "x has 49 rows, but y has 50"),
        (lambda t: t.fit({"a": X[:9]}, Y, validation_split=0.5), "a has 9 rows, but y has 50"),
        (lambda t: t.fit(X, Y, validation=(X, Y[:-1])), "50.*49"),
        (
            lambda t: t.fit(X, Y, validation=(X, Y), validation_split=0.5),
            "validation and validation_",
        ),
        (
            lambda t: t.fit(X, Y, validation_split=1.0),
            r"validation_split=1\.0 of 50 .*(.|\n)*as 0\.1",
        ),
        (lambda t: t.fit(X, Y, validation_split=0.99), "leaves none on one side"),
        (lambda t: t.fit(X, Y, validation_split="a"), "leaves none on one side"),
        (
            lambda t: t.fit(X, Y, sample_weight=WEIGHTS[1:]),
            r"shape \(49,\), but there are 50 samples",
        ),
        (
            lambda t: t.fit(X, Y, sample_weight=-WEIGHTS),
            "none below 0 and not all 0; these run from -",
        ),
        (lambda t: t.fit(X, Y, sample_weight=0 * WEIGHTS), "not all 0; these run from 0.0 to 0.0"),
        (lambda t: t.fit(X, Y, sample_weight=WEIGHTS * np.nan), "these run from nan"),
        (lambda t: t.fit(X, Y, class_weight=[1, 2]), r"\(2,\), but the labels run from 0 to 2"),
        (
            lambda t: t.fit(X, Y, class_weight={"0": 5}),
            r"'0' is not the number of a class(.|\n)*0: 1",
        ),
        (lambda t: t.fit(X, Y + 0.5, class_weight=[1]), r"not with y \(50,\) float64"),
        (lambda t: t.fit(X, np.ones((50, 2, 2)), class_weight=[1]), r"not with y \(50, 2, 2\)"),
    ],
)
def test_bad_input_is_refused_before_anything_changes(call, words):
    t = trainer()
    before = t.model.state_dict()
    with pytest.raises(ValueError, match=words):
        call(t)
    assert all(np.array_equal(before[k], v) for k, v in t.model.state_dict().items())
    assert len(t.history) == 0


def not_finite(t, x, y, words):
    """Training stops with these words, and what the batch would have taught has not been learned."""
    with pytest.raises(FloatingPointError, match=words) as error:
        t.fit(x, y, shuffle=False, progress=False)
    return str(error.value)


def test_nan_in_the_data_is_found_before_it_reaches_the_weights():
    x = X.copy()
    x[3, 1] = np.nan
    t = trainer()
    before = t.model.state_dict()
    words = r"batch 1 of epoch 1: the loss is nan.*x of this batch has 1 numbers.*first at \[3, 1\]"
    text = not_finite(t, x, Y, words)
    assert "drop those rows" in text and "test_trainer.py" in text
    assert all(np.array_equal(before[k], v) for k, v in t.model.state_dict().items())
    t.fit(X, Y, progress=False)  # and so the same model can go on with clean data


def test_weights_that_are_not_finite_are_told_apart_from_data():
    t = trainer()
    t.model[2].W.data[0, 0] = np.inf
    with np.errstate(invalid="ignore"):
        assert "from new weights" in not_finite(t, X, Y, "the weights 2.W are not finite any more")


def test_overflow_is_told_apart_too():
    network = nn.Sequential(nn.Linear(4, 1, rng=0))
    t = Trainer(network, nn.mse, optim.Adam(network.parameters(), lr=0.05))
    with np.errstate(over="ignore"):
        text = not_finite(t, X, np.full((50, 1), 1e30), "the data and the weights are finite")
    assert "but mse makes too large numbers of its output" in text and "with debug()" in text


class Exp(nn.Module):
    def forward(self, x):
        return np.exp(x)


def test_the_first_layer_that_makes_too_large_numbers_is_named():
    inner = nn.Sequential(nn.Linear(4, 8, rng=0), Exp(), nn.Linear(8, 3, rng=1))
    t = trainer(nn.Sequential(nn.Dropout(0.1, rng=0), inner, nn.Tanh()))
    heard = []
    t.model[2].hooks = (lambda *_: heard.append(1),)
    with np.errstate(over="ignore", invalid="ignore"):
        words = r"finite, but layer 1\.1, Exp\(\), gives \d+ of 256 numbers that are not\."
        before = t.model.state_dict()
        not_finite(t, 1000 * X, Y, words)
    assert all(np.array_equal(before[k], v) for k, v in t.model.state_dict().items())
    assert len(heard) == 1 and len(t.model[2].hooks) == 1  # the second look is ours alone
    drawn = np.random.default_rng(0)
    drawn.random((32, 4), dtype=np.float32)
    assert t.model[0].rng.bit_generator.state == drawn.bit_generator.state


def test_what_can_be_walked_through_only_once_is_told_so():
    class Once:
        def __init__(self):
            self.batches = iter([(X, Y)])

        def __len__(self):
            return 1

        def __iter__(self):
            return self.batches

    with pytest.raises(
        ValueError, match=r"epoch 2: the Once gave no batch(.|\n)*Try: list\(\.\.\.\)"
    ):
        trainer().fit(Once(), epochs=2, progress=False)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda m, o: Trainer(m, "cross_entropy", o),
            r"loss='cross_entropy'(.|\n)*Try: loss=nn\.cross_en",
        ),
        (
            lambda m, o: Trainer(m, nn.mse, "adam"),
            r"optimizer='adam'(.|\n)*optim\.Adam\(model\.parameters",
        ),
        (lambda m, o: Trainer(m, nn.mse, optim.Adam), "optimizer=<class"),
        (lambda m, o: Trainer(m, nn.mse, o, metrics=["accuracy"]), r"metrics=\['accuracy'\]"),
        (lambda m, o: Trainer(m, nn.mse, o, metrics="accuracy"), r"Try: metrics=\[accuracy\]"),
        (lambda m, o: Trainer(np.tanh, nn.mse, o), "model=<ufunc 'tanh'>"),
    ],
)
def test_a_trainer_of_the_wrong_things_is_refused(make, words):
    with pytest.raises(TypeError, match=words):
        make(model(), trainer().optimizer)


@pytest.mark.parametrize("names", [("accuracy", "accuracy"), ("loss",)])
def test_metrics_of_one_name_are_refused(names):
    def named(name):
        def metric(prediction, y):
            return 0.0

        metric.__name__ = name
        return metric

    with pytest.raises(ValueError, match=f"names loss, {', '.join(names)} are not all different"):
        t = trainer()
        Trainer(t.model, nn.mse, t.optimizer, metrics=list(map(named, names)))


def test_a_trainer_shows_what_it_trains():
    t = trainer()
    t.fit(X, Y, progress=False)
    assert repr(t).startswith(
        "Trainer(Sequential, cross_entropy, Adam(lr=0.05"
    ) and "1 epochs" in repr(t)
    assert repr(t.history).startswith("History of 1 epoch: loss")


def test_accuracy_refuses_what_is_not_scores():
    with pytest.raises(
        ValueError, match=r"scores \(n, K\) and labels \(n,\), not \(3, 2\) and \(4,\)"
    ):
        accuracy(np.ones((3, 2)), np.ones(4))


@pytest.mark.parametrize(
    ("x", "y", "error"),
    [
        (X, Y, FloatingPointError),  # e to the 1000 is no finite loss
        (X, Y + 1, ValueError),  # labels out of range: found after the forward pass
    ],
    ids=["loss", "labels"],
)
def test_moving_means_are_as_they_were_when_a_batch_is_refused(x, y, error):
    network = nn.Sequential(nn.BatchNorm(4), Exp(), nn.Linear(4, 3, rng=0))
    network[0].gamma.data[...] = 1000 if error is FloatingPointError else 1
    t = trainer(network)
    before = network.state_dict()
    with np.errstate(over="ignore", invalid="ignore"), pytest.raises(error):
        t.fit(x, y, progress=False)
    assert all(np.array_equal(before[k], v) for k, v in network.state_dict().items())
    assert "0.moving_mean" in before


@pytest.mark.parametrize(
    ("metric", "words"),
    [
        (auc, r"auc takes one score for each sample, \(n,\), not \(32, 3\)"),
        (r2, r"r2: prediction \(32, 3\) and target \(32,\) differ in shape"),
        (functools.partial(recall, average="binary"), "binary.* is of two classes, but scores"),
        (functools.partial(accuracy, threshold=0.5), r"two classes takes scores and labels \(n,\)"),
    ],
    ids=["auc", "r2", "recall", "accuracy"],
)
def test_a_metric_of_the_wrong_kind_is_refused_before_anything_is_learned(metric, words):
    """Also one that is computed on a whole epoch: nobody waits for the end of it to hear that."""
    t = trainer()
    t = Trainer(t.model, nn.cross_entropy, t.optimizer, metrics=[metric])
    before = t.model.state_dict()
    with pytest.raises(ValueError, match=words):
        t.fit(X, Y, progress=False)
    assert all(np.array_equal(before[k], v) for k, v in t.model.state_dict().items())
    assert t.optimizer.t == 0


def test_few_samples_in_the_first_batch_are_no_reason_to_refuse():
    """All labels of the first batch are 0, and it has one sample: AUC and R² of the epoch are there."""
    network = nn.Sequential(nn.Linear(4, 1, rng=0))
    y = np.sort(X[:, :1] > 0, axis=0).astype(np.float32)
    t = Trainer(network, nn.mse, optim.SGD(network.parameters(), lr=0.01), metrics=[auc, r2])
    history = t.fit(X, y, batch_size=1, shuffle=False, progress=False)
    assert 0 < history["auc"][0] < 1 and np.isfinite(history["r2"][0])


class Cut(nn.Module):
    def forward(self, x):
        return np.tanh(x).data


def test_where_the_graph_was_cut():
    network = nn.Sequential(nn.Linear(4, 8, rng=0), nn.Sequential(Cut()), nn.Linear(8, 3, rng=1))
    network[2].freeze()
    t = trainer(network)
    words = r"depends on no parameter of the model: the model, Sequential, gives a ndarray"
    with pytest.raises(RuntimeError, match=words.replace("ndarray", "Tensor")):
        t.fit(X, Y, progress=False)

    class Model(nn.Module):
        def __init__(self):
            self.first, self.last = nn.Linear(4, 3, rng=0), nn.Linear(3, 3, rng=1)

        def forward(self, x):
            return np.asarray(self.last(self.first(x)).data)

    with pytest.raises(RuntimeError, match=r"the model, Model, gives a ndarray(.|\n)*argmax"):
        trainer(Model()).fit(X, Y, progress=False)
    t = trainer()
    t.loss = lambda p, y: Tensor(np.mean((p.data - y[:, None]) ** 2))
    with pytest.raises(RuntimeError, match="the loss <lambda> gives a number that does not"):
        t.fit(X, Y, progress=False)
    t.model.freeze()
    with pytest.raises(
        RuntimeError, match=r"every parameter of the model is frozen(.|\n)*unfreeze"
    ):
        t.fit(X, Y, progress=False)


def test_an_optimizer_of_another_model():
    words = r"none of the 4 parameters of Adam.* is in the model, a Seq(.|\n)*Adam\(model.parameters\(\)\)"
    with pytest.raises(ValueError, match=words):
        Trainer(model(), nn.cross_entropy, trainer().optimizer)


def test_what_is_judged_is_the_average_that_an_optimizer_keeps():
    """A schedule-free optimizer trains y and is judged by x; early stopping keeps the x it has judged."""
    network = model()
    optimizer = optim.ScheduleFreeAdamW(network.parameters(), 0.05)
    t = Trainer(network, nn.cross_entropy, optimizer)
    stop = EarlyStopping("val_loss", patience=9)
    history = t.fit(X, Y, epochs=3, seed=0, validation=(X, Y), callbacks=[stop], progress=False)
    best = network.state_dict()
    assert stop.best_epoch == 3 and history["val_loss"][-1] == min(history["val_loss"])
    assert nn.cross_entropy(network(X), Y).item() == pytest.approx(stop.best, rel=1e-5)
    assert t.evaluate(X, Y)["loss"] == pytest.approx(stop.best, rel=1e-5)

    network = model()
    optimizer = optim.ScheduleFreeAdamW(network.parameters(), 0.05)
    t = Trainer(network, nn.cross_entropy, optimizer)
    t.fit(X, Y, epochs=3, seed=0, progress=False)
    trained = network.state_dict()
    with optimizer.averaged():
        loss, prediction = nn.cross_entropy(network(X), Y).item(), network(X).data
        assert all(np.array_equal(best[k], v) for k, v in network.state_dict().items())
    assert t.evaluate(X, Y)["loss"] == pytest.approx(loss, rel=1e-6)
    assert np.allclose(t.predict(X), prediction, rtol=1e-6)
    assert all(np.array_equal(trained[k], v) for k, v in network.state_dict().items())
    assert not np.allclose(network(X).data, prediction, rtol=1e-3)
