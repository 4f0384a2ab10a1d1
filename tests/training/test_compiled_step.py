"""Trainer(compile=True): the same losses, weights and checkpoints as without, bit for bit."""

import functools

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.optim import schedules
from tinygrad_edu.programs import networks
from tinygrad_edu.training import Checkpoint, Trainer, accuracy

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(50, 6)).astype(np.float32), RNG.integers(0, 3, 50)


def trainer_of(compile, loss=nn.cross_entropy, outputs=3, **settings):
    model = nn.Sequential(
        nn.Linear(6, 16, rng=1), nn.BatchNorm(16), nn.ReLU(), nn.Dropout(0.3, rng=5),
        nn.Linear(16, outputs, rng=2),
    )  # fmt: skip
    model[0].W.regularizer = nn.L2(0.01)
    optimizer = optim.Adam(model.parameters(), schedules.Cosine(0.05, 40), clip_global_norm=1.0)
    return Trainer(model, loss, optimizer, compile=compile, **settings)


def equal(a, b):
    for part in ("model", "optimizer"):
        old, new = getattr(a, part).state_dict(), getattr(b, part).state_dict()
        assert all(np.asarray(old[k]).tobytes() == np.asarray(new[k]).tobytes() for k in old)
    assert a.history == b.history or str(a.history) == str(b.history)


def test_fit_gives_the_same_bits():
    a, b = trainer_of(False, metrics=[accuracy]), trainer_of(True, metrics=[accuracy])
    for trainer in (a, b):
        trainer.fit(X, Y, epochs=4, batch_size=16, seed=0, validation=(X, Y), progress=False)
        trainer.model[0].W.regularizer.l2 = 0.1
        trainer.fit(X, Y, epochs=2, batch_size=16, seed=0, progress=False)
    equal(a, b)
    assert b.compiled.gradients.replays >= 10


@pytest.mark.parametrize(
    "loss", [nn.mse, functools.partial(nn.huber, delta=0.1), lambda p, t: np.mean((p - t) ** 2)]
)
def test_other_losses(loss):
    a, b = trainer_of(False, loss, outputs=1), trainer_of(True, loss, outputs=1)
    for trainer in (a, b):
        trainer.fit(X, Y[:, None].astype(float), epochs=3, batch_size=16, seed=0, progress=False)
    equal(a, b)


def test_resumes_from_checkpoints(tmp_path):
    whole = trainer_of(True)
    whole.fit(X, Y, epochs=4, seed=0, progress=False)
    for epochs in (2, 4):
        part = trainer_of(True)
        part.fit(
            X, Y, epochs=epochs, seed=0, progress=False, callbacks=[Checkpoint(tmp_path)], resume=tmp_path
        )  # fmt: skip
    equal(whole, part)


def test_a_loss_that_is_not_finite_changes_no_weights():
    a, b = trainer_of(False, nn.mse, outputs=1), trainer_of(True, nn.mse, outputs=1)
    y = Y[:, None].astype(np.float32)
    y[33] = np.nan  # in the fourth batch of ten, which is replayed
    for trainer in (a, b):
        with pytest.raises(FloatingPointError, match="batch 4 of epoch 1"):
            trainer.fit(X, y, batch_size=10, shuffle=False, progress=False)
    equal(a, b)
    assert b.compiled.gradients.replays == 1


class GPT(nn.Module):
    """A causal Transformer of two blocks that predicts the next of 11 letters."""

    def __init__(self):
        rng = np.random.default_rng(0)
        self.embed, self.places = nn.Embedding(11, 8, rng=rng), nn.Positions(7, 8, rng=rng)
        self.first = nn.TransformerBlock(8, 2, dropout=0.1, causal=True, rng=rng)
        self.second = nn.TransformerBlock(8, 2, causal=True, rng=rng)
        self.norm, self.head = nn.LayerNorm(8), nn.Linear(8, 11, rng=rng)

    def forward(self, ids):
        return self.head(self.norm(self.second(self.first(self.places(self.embed(ids))))))


class Attending(nn.Module):
    """Attention over embedded words, averaged."""

    def __init__(self):
        self.embed = nn.Embedding(11, 8, rng=0, mask_zero=True)
        self.attend, self.head = nn.MultiHeadAttention(8, 2, 4, rng=0), nn.Linear(8, 10, rng=0)

    def forward(self, ids):
        return self.head(self.attend(self.embed(ids)).mean(axis=1))


class TwoHeads(nn.Module):
    def __init__(self, kind):
        self.kind, self.body = kind, nn.Linear(64, 8, rng=0)
        self.a, self.b = nn.Linear(8, 10, rng=1), nn.Linear(8, 1, rng=2)

    def forward(self, x):
        h = np.tanh(self.body(x))
        a, b = self.a(h), self.b(h)
        return (a, b) if self.kind is tuple else {"a": a, "b": b}


IMAGES, SERIES = RNG.normal(size=(70, 8, 8, 1)), RNG.normal(size=(70, 7, 5))
IMAGES, SERIES = IMAGES.astype(np.float32), SERIES.astype(np.float32)
FLAT, LABELS = IMAGES.reshape(70, 64), RNG.integers(0, 10, 70)
IDS, NEXT = RNG.integers(0, 11, (70, 7)), RNG.integers(0, 11, (70, 7))
SIZES = FLAT[:, :1]


def dense(outputs=10):
    return nn.Sequential(nn.Linear(64, 64, rng=0), nn.ReLU(), nn.Linear(64, outputs, rng=1))


def small_cnn():
    return nn.Sequential(
        nn.Conv2d(1, 4, 3, rng=0), nn.BatchNorm(4), nn.ReLU(), nn.MaxPool2d(2), nn.Flatten(),
        nn.Dropout(0.3, rng=1), nn.Linear(36, 10, rng=0),
    )  # fmt: skip


def lstm():
    return nn.Sequential(nn.LSTM(5, 6, rng=0, return_sequences=False), nn.Linear(6, 10, rng=0))


def gru():
    return nn.Sequential(nn.GRU(5, 6, rng=0, return_sequences=True), nn.Linear(6, 11, rng=0))


def of_program(make):
    return lambda: make((8, 8, 1), 10, 0.3, np.random.default_rng(0))


CROSS = nn.cross_entropy
MODELS = {  # model, loss, x, y, settings of the Trainer, settings of `fit`
    "the demo": (dense, CROSS, FLAT, LABELS, {}, {}),
    "train --model mlp": (of_program(networks.mlp), CROSS, IMAGES, LABELS, {}, {}),
    "train --model cnn": (of_program(networks.cnn), CROSS, IMAGES, LABELS, {}, {}),
    "batch norm and dropout": (small_cnn, CROSS, IMAGES, LABELS, {}, {}),
    "LSTM": (lstm, CROSS, SERIES, LABELS, {}, {}),
    "GRU": (gru, CROSS, SERIES, NEXT, {}, {}),
    "GPT": (GPT, CROSS, IDS, NEXT, {}, {}),
    "attention": (Attending, CROSS, IDS, LABELS, {}, {}),
    "two losses": (
        lambda: TwoHeads(dict), {"a": CROSS, "b": nn.mse}, FLAT, {"a": LABELS, "b": SIZES},
        {"loss_weights": {"a": 0.5}}, {},
    ),
    "a tuple of losses": (
        lambda: TwoHeads(tuple), (CROSS, nn.mse), FLAT, (LABELS, SIZES), {}, {}
    ),
    "ignored labels": (GPT, functools.partial(CROSS, ignore_index=3), IDS, NEXT, {}, {}),
    "smoothed labels": (dense, functools.partial(CROSS, label_smoothing=0.1), FLAT, LABELS, {}, {}),
    "weights": (dense, CROSS, FLAT, LABELS, {}, {"sample_weight": np.arange(70) % 5 / 4}),
    "weights of classes": (dense, CROSS, FLAT, LABELS, {}, {"class_weight": {1: 2.0}}),
    "an autoencoder": (lambda: dense(64), nn.mse, FLAT, FLAT, {}, {}),
}  # fmt: skip


@pytest.mark.parametrize("name", MODELS)
def test_models_learn_the_same(name):
    make, loss, x, y, settings, of_fit = MODELS[name]
    trainers = []
    for compile in (False, True):
        model = make()
        optimizer = optim.AdamW(model.parameters(), 0.01)
        trainers.append(Trainer(model, loss, optimizer, compile=compile, **settings))
        trainers[-1].fit(
            x, y, epochs=3, batch_size=16, seed=0, validation=(x, y), progress=False, **of_fit
        )
    equal(*trainers)
    assert trainers[1].compiled.gradients.replays >= 8  # of 15 steps: two sizes of batches


def test_targets_without_weight_may_be_nan():
    y, weight, found = SIZES.copy(), np.ones(70, np.float32), []
    y[60:], weight[60:65] = np.nan, 0  # in the last batch alone: the tape was made without any
    y[65:] = 0
    for compile in (False, True):
        model = dense(1)
        trainer = Trainer(model, nn.mse, optim.SGD(model.parameters(), 0.1), compile=compile)
        trainer.fit(
            FLAT, y, batch_size=10, shuffle=False, sample_weight=weight, epochs=1, progress=False
        )
        found.append(model.state_dict())
    assert all(np.array_equal(found[0][key], found[1][key]) for key in found[0])
