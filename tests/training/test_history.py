"""The history: a number per epoch for the loss and every metric."""

import copy
import json
import pickle

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


def test_a_history_is_a_mapping_of_names_to_numbers():
    history = History()
    for loss in (3.0, 2.0, 1.0):
        history.add({"loss": loss, "val_loss": loss + 1})
    known = {"loss": [3.0, 2.0, 1.0], "val_loss": [4.0, 3.0, 2.0]}
    assert dict(history) == {**history} == history.history == known
    assert type(history.history) is dict
    assert list(history) == [*history.keys()] == history.names == ["loss", "val_loss"]
    assert "loss" in history and "accuracy" not in history
    assert list(history.values()) == [*known.values()] and history.items() == known.items()
    assert history.get("accuracy", "none") == "none"
    assert len(history) == 3
    for again in (copy.deepcopy(history), pickle.loads(pickle.dumps(history))):
        assert type(again) is History and dict(again) == known
    assert json.loads(json.dumps(history)) == known


def test_a_history_is_a_data_frame():
    pandas, polars = pytest.importorskip("pandas"), pytest.importorskip("polars")
    history = History()
    for loss in (3.0, 2.0, 1.0):
        history.add({"loss": loss, "val_loss": loss + 1})
    for frame in (pandas.DataFrame(history), pandas.DataFrame(history.history)):
        assert [*frame.columns] == ["loss", "val_loss"]
        assert frame.to_numpy().tolist() == [[3.0, 4.0], [2.0, 3.0], [1.0, 2.0]]
    assert polars.DataFrame(history).to_dict(as_series=False) == dict(history)
    assert pandas.DataFrame(History()).empty


def test_plot_draws_the_learning_curve():
    Figure = pytest.importorskip("matplotlib.figure").Figure
    history = History()
    history.add({"loss": 3.0, "accuracy": 0.5})
    history.add({"loss": 2.0, "accuracy": 0.75})
    ax = history.plot(ax=Figure().add_subplot())
    assert ax.lines[0].get_xydata().tolist() == [[1, 3], [2, 2]]
    assert history.plot("accuracy", ax=ax) is ax
    assert ax.lines[1].get_ydata().tolist() == [0.5, 0.75]
