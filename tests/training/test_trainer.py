"""Training: equal to the loop written by hand, what it shows, and what it refuses."""

import io
import sys
import types

import numpy as np
import pytest

from tinygrad_edu import data, nn, optim
from tinygrad_edu.training import History, Trainer, accuracy, confusion_matrix, progress

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
        *(s.dtype for vector in t.optimizer._vectors for s in (*vector.states, vector.w, vector.tmp)),
    }  # fmt: skip


def test_the_same_seeds_give_the_same_run():
    a, b, c = (trainer().fit(X, Y, epochs=2, seed=s, progress=False)["loss"] for s in (1, 1, 2))
    assert a == b != c


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


def test_a_loader_can_be_given_instead_of_arrays():
    loader = data.DataLoader(X, Y, batch_size=16, shuffle=True, seed=3)
    a = trainer().fit(loader, epochs=2, progress=False)["loss"]
    assert a == trainer().fit(X, Y, epochs=2, batch_size=16, seed=3, progress=False)["loss"]


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
    t = Trainer(nn.Sequential(nn.Linear(4, 1, rng=0)), nn.mse, trainer().optimizer)
    with np.errstate(over="ignore"):
        text = not_finite(t, X, np.full((50, 1), 1e30), "the data and the weights are finite")
    assert "with debug()" in text


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
