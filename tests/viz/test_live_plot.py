"""Learning curves that grow during training, in a file and in a notebook."""

import sys
import types
import xml.etree.ElementTree

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.training import Callback, Trainer, accuracy
from tinygrad_edu.viz import LivePlot

pytest.importorskip("matplotlib.figure")

X = np.random.default_rng(0).normal(size=(40, 4)).astype(np.float32)
Y = (X[:, 0] > 0).astype(int)


def fit(*callbacks, epochs=3):
    model = nn.Sequential(nn.Linear(4, 2, rng=0))
    trainer = Trainer(model, nn.cross_entropy, optim.SGD(model.parameters()), metrics=[accuracy])
    trainer.fit(X, Y, epochs=epochs, validation=(X, Y), callbacks=callbacks, seed=0, progress=False)
    return trainer


def test_the_file_shows_the_history(tmp_path):
    plot = LivePlot("loss", "accuracy", path=tmp_path / "curves.svg")
    history = fit(plot).history
    assert xml.etree.ElementTree.parse(tmp_path / "curves.svg").getroot().tag.endswith("svg")
    assert [p.name for p in tmp_path.iterdir()] == ["curves.svg"]
    for ax, name in zip(plot.axes, ("loss", "accuracy"), strict=True):
        training, validation = ax.lines
        np.testing.assert_array_equal(training.get_ydata(), history[name])
        np.testing.assert_array_equal(validation.get_ydata(), history[f"val_{name}"])


def test_it_grows_but_is_not_drawn_more_often_than_once_a_second(tmp_path):
    drawn = []

    class Watched(LivePlot):
        def draw(self):
            super().draw()
            drawn.append(len(self.axes[0].lines[0].get_ydata()))

    plot = Watched(path=tmp_path / "loss.svg")

    class Wait(Callback):
        def on_epoch_begin(self, epoch):
            if epoch == 3:
                plot.drawn -= 1  # as if a second had passed

    fit(Wait(), plot, epochs=4)
    assert drawn == [1, 3, 4]


def test_a_notebook_gets_one_picture_that_is_updated(monkeypatch):
    shown, updates = [], []

    class ZMQInteractiveShell:
        pass

    class Handle:
        def update(self, content, raw):
            updates.append(content["image/svg+xml"])

    ipython = types.ModuleType("IPython")
    ipython.version_info = (9, 0)  # matplotlib asks for it when it draws for the first time
    ipython.get_ipython = ZMQInteractiveShell
    ipython.display = types.ModuleType("IPython.display")
    ipython.display.display = lambda content, raw, display_id: (shown.append(1), Handle())[1]
    monkeypatch.setitem(sys.modules, "IPython", ipython)
    monkeypatch.setitem(sys.modules, "IPython.display", ipython.display)
    fit(LivePlot())
    assert shown == [1] and len(updates) == 2 and "<svg" in updates[-1]


def test_what_cannot_be_drawn_is_refused_before_training(tmp_path, monkeypatch):
    with pytest.raises(ValueError, match=r"and this is none(.|\n)*LivePlot\(path="):
        fit(LivePlot())
    with pytest.raises(ValueError, match="LivePlot watches 'auc', but this training has loss, acc"):
        fit(LivePlot("auc", path=tmp_path / "auc.svg"))
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match="Pictures need matplotlib"):
        fit(LivePlot(path=tmp_path / "loss.svg"))
    assert not list(tmp_path.iterdir())
