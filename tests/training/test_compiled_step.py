"""Trainer(compile=True): the same losses, weights and checkpoints as without, bit for bit."""

import functools

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.optim import schedules
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


def test_refuses_sample_weights():
    trainer = trainer_of(True)
    with pytest.raises(TypeError, match="inside compile"):
        trainer.fit(X, Y, sample_weight=np.ones(50), batch_size=10, progress=False)
