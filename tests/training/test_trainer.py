"""The training loop: equal to the loop written by hand, its modes, and what it evaluates."""

import subprocess
import sys

import numpy as np
import pytest

from tests.training.small_network import X, Y, model, trainer
from tinygrad_edu import data, nn, optim
from tinygrad_edu.training import Callback, EarlyStopping, Trainer, accuracy


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
end = repr(trainer.history.history) + "".join(w.tobytes().hex() for w in model.state_dict().values())
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
    assert "updates its moving averages" in nn.Module.train.__doc__
    assert "leaves them as they are" in nn.Module.eval.__doc__


def regression():
    network = nn.Sequential(nn.Linear(4, 1, rng=0))
    return Trainer(network, squared_error, optim.SGD(network.parameters(), lr=0.1))


def squared_error(prediction, target):
    return np.mean(np.square(prediction[:, 0] - target))


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


def test_a_trainer_shows_what_it_trains():
    t = trainer()
    t.fit(X, Y, progress=False)
    assert repr(t).startswith(
        "Trainer(Sequential, cross_entropy, Adam(lr=0.05"
    ) and "1 epochs" in repr(t)
    assert repr(t.history).startswith("History of 1 epoch: loss")


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
