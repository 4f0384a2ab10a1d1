"""fit and its callbacks beside Keras's own fit and callbacks, from the same weights and batches."""

import types

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.training import EarlyStopping, Trainer, accuracy
from tinygrad_edu.twins.keras_export import floatx

keras = pytest.importorskip("keras")
pytest.importorskip("tensorflow")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(53, 4))
Y = (X[:, 0] > 0).astype(int) + (X[:, 1] > 0)
W = RNG.uniform(0.1, 3.0, size=53)
FACTOR = 2.0**-6  # exact in the float32 that Keras rounds it to


def cross_entropy(logits, labels, sample_weight=None):
    """The mean over the batch of weight * -ln softmax: Keras's sum_over_batch_size."""
    log_p = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    losses = -log_p[np.arange(len(labels)), labels]
    return (losses if sample_weight is None else losses * sample_weight).mean()


@pytest.fixture
def float64():
    with floatx(keras, "float64"):
        yield


def twins(regularized):
    model = nn.Sequential(
        nn.Linear(4, 6, rng=0, dtype=np.float64),
        nn.Tanh(),
        nn.Linear(6, 3, rng=1, dtype=np.float64),
    )
    regularizer = keras.regularizers.L2(FACTOR) if regularized else None
    if regularized:
        model[0].W.regularizer = lambda w: FACTOR * (w * w).sum()
    layers = keras.layers
    hidden = layers.Dense(6, activation="tanh", kernel_regularizer=regularizer)
    theirs = keras.Sequential([keras.Input((4,)), hidden, layers.Dense(3)])
    theirs.set_weights([p.data for p in model.parameters()])
    theirs.compile(
        keras.optimizers.SGD(0.125),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    return model, theirs


@pytest.mark.parametrize(
    ("settings", "regularized"),
    [
        ({}, True),
        ({"validation_split": 0.2}, False),
        ({"validation_split": 0.13, "sample_weight": W}, True),
        ({"class_weight": {0: 0.5, 2: 4.0}, "validation_split": 0.2}, False),
    ],
)
def test_fit_is_keras_fit(float64, settings, regularized):
    model, theirs = twins(regularized)
    trainer = Trainer(
        model, cross_entropy, optim.SGD(model.parameters(), lr=0.125), metrics=[accuracy]
    )
    fit = {"epochs": 3, "batch_size": 8, "shuffle": False, **settings}
    history = trainer.fit(X, Y, progress=False, **fit)
    wanted = theirs.fit(X, Y, verbose=0, **fit).history
    assert set(history.names) == set(wanted)
    for name in history.names:
        np.testing.assert_allclose(history[name], wanted[name], rtol=1e-12, err_msg=name)
    for p, w in zip(model.parameters(), theirs.get_weights(), strict=True):
        np.testing.assert_allclose(p.data, w, rtol=0, atol=1e-12)
    judged = trainer.evaluate(X, Y, sample_weight=W)
    loss, share = theirs.evaluate(X, Y, sample_weight=W, batch_size=1024, verbose=0)
    assert judged["loss"] == pytest.approx(loss, rel=1e-12)
    assert judged["accuracy"] == pytest.approx(share)


# --------------------------------------------------------------------------------------- callbacks


class Model:
    """What both callbacks see of a model: weights that are the number of the epoch."""

    def __init__(self):
        self.weights, self.stop_training = 0, False

    def get_weights(self):
        return self.weights

    state_dict = get_weights

    def set_weights(self, weights):
        self.weights = weights

    load_state_dict = set_weights


def by_keras(values, **settings):
    model, callback = Model(), keras.callbacks.EarlyStopping("val_loss", **settings)
    callback.set_model(model)
    callback.on_train_begin()
    for epoch, number in enumerate(values):
        model.weights = epoch + 1
        callback.on_epoch_end(epoch, {"val_loss": number})
        if model.stop_training:
            break
    callback.on_train_end()
    return epoch + 1, model.weights, callback.best, callback.wait


def by_ours(values, **settings):
    model, callback = Model(), EarlyStopping("val_loss", **settings)
    run = types.SimpleNamespace(names=["loss", "val_loss"])
    callback.trainer = trainer = types.SimpleNamespace(
        model=model, stop_training=False, run=run, optimizer=optim.SGD([nn.Parameter([0.0])])
    )
    callback.on_train_begin()
    for epoch, number in enumerate(values, 1):
        model.weights = epoch
        callback.on_epoch_end(epoch, {"val_loss": number})
        if trainer.stop_training:
            break
    callback.on_train_end()
    return epoch, model.weights, callback.best, callback.waited


@pytest.mark.parametrize("mode", ["auto", "min", "max"])
def test_early_stopping_is_keras_early_stopping(mode):
    rng = np.random.default_rng(0)
    stops = set()
    for _ in range(400):
        values = rng.integers(0, 12, size=rng.integers(1, 20)) / 4  # with ties
        if rng.random() < 0.2:
            values[rng.integers(len(values))] = rng.choice([np.nan, np.inf, -np.inf])
        if np.isnan(values[0]):  # which Keras would keep as the best value
            values[0] = 1.0
        settings = {
            "mode": mode, "patience": int(rng.integers(0, 5)),
            "min_delta": float(rng.choice([0, 0.25, 0.5, -0.5])),
            "restore_best_weights": bool(rng.integers(2)),
        }  # fmt: skip
        values = values.tolist()
        wanted = by_keras(values, **settings)
        np.testing.assert_equal(by_ours(values, **settings), wanted, err_msg=f"{values} {settings}")
        stops.add(wanted[0])
    assert len(stops) > 9
