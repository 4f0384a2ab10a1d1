"""The history: a number per epoch for the loss and every metric."""

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.training import History, Trainer, accuracy

X = np.random.default_rng(0).normal(size=(50, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)


def trainer():
    model = nn.Sequential(nn.Linear(4, 2, rng=0))
    return Trainer(model, nn.cross_entropy, optim.SGD(model.parameters()), metrics=[accuracy])


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


def test_a_history_in_words():
    history = History()
    history.add({"loss": 0.51234, "accuracy": 0.5})
    assert repr(history) == "History of 1 epoch: loss 0.5123, accuracy 0.5000"
    history.add({"loss": 0.25, "accuracy": 1.0})
    assert repr(history) == "History of 2 epochs: loss 0.2500, accuracy 1.0000"
