"""Learning curves, confusion matrices and image grids, read back from the axes they are drawn on."""

import html
import sys
import types
import xml.etree.ElementTree

import numpy as np
import pytest

from tinygrad_edu import nn, optim, viz
from tinygrad_edu.optim.lr_finder import LearningRates
from tinygrad_edu.training import Callback, History, Trainer, accuracy
from tinygrad_edu.viz import LivePlot, curves

figure = pytest.importorskip("matplotlib.figure")
FigureCanvasAgg = pytest.importorskip("matplotlib.backends.backend_agg").FigureCanvasAgg


@pytest.fixture
def history():
    history = History()
    for loss in (3.0, 2.0, 1.5):
        history.add({"loss": loss, "val_loss": loss + 0.5, "accuracy": 1 / loss})
    return history


def texts(ax):
    return {(*text.get_position(), text.get_text()) for text in ax.texts}


def test_learning_curve_draws_training_and_validation(history):
    ax = viz.learning_curve(history)
    training, validation = ax.lines
    np.testing.assert_array_equal(training.get_xydata(), [[1, 3], [2, 2], [3, 1.5]])
    np.testing.assert_array_equal(validation.get_xydata(), [[1, 3.5], [2, 2.5], [3, 2]])
    assert [t.get_text() for t in ax.get_legend().get_texts()] == ["training", "validation"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("epoch", "loss")


def test_learning_curve_of_a_metric_without_validation(history):
    (line,) = viz.learning_curve(history, "accuracy").lines
    np.testing.assert_array_equal(line.get_ydata(), [1 / 3, 1 / 2, 1 / 1.5])


def test_learning_curve_of_what_is_not_there(history):
    with pytest.raises(KeyError, match="no 'f1' in this history; there is loss"):
        viz.learning_curve(history, "f1")


def test_confusion_writes_each_count_in_its_square():
    ax = viz.confusion([[5, 0, 2], [0, 7, 0], [1, 0, 9]], ["ant", "bee", "cat"])
    # (column, row): what was said, what is
    assert texts(ax) == {(0, 0, "5"), (2, 0, "2"), (1, 1, "7"), (0, 2, "1"), (2, 2, "9")}
    assert [t.get_text() for t in ax.get_xticklabels()] == ["ant", "bee", "cat"]
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("predicted class", "true class")
    assert ax.get_ylim() == (2.5, -0.5)  # the first class on top
    colors = {text.get_text(): patch.get_facecolor()[:3] for text, patch in zip(
        ax.texts, ax.patches, strict=True)}  # fmt: skip
    assert colors["5"] == colors["7"] == colors["9"]
    assert colors["1"] == colors["2"] != colors["5"]


def test_confusion_refuses_what_is_not_square():
    with pytest.raises(ValueError, match=r"\(2, 3\) and 2"):
        viz.confusion(np.zeros((2, 3)))
    with pytest.raises(ValueError, match=r"\(2, 2\) and 1"):
        viz.confusion(np.eye(2), ["one"])


def test_image_grid_shows_each_image_below_its_title():
    images = np.arange(3 * 2 * 4).reshape(3, 2, 4)
    ax = viz.image_grid(images, ["a", "b", "c"], columns=2)
    assert [image.get_array().tolist() for image in ax.images] == images.tolist()
    extents = [image.get_extent() for image in ax.images]
    assert extents[0][2] == extents[1][2] < extents[2][2]  # two in the first row, one below
    assert extents[0][0] == extents[2][0] < extents[1][0]
    for text, (left, right, bottom, top) in zip(ax.texts, extents, strict=True):
        x, y = text.get_position()
        assert left < x < right
        assert y < top < bottom
    assert {image.get_clim() for image in ax.images} == {(0, 23)}  # one scale for all


def test_image_grid_refuses_other_shapes():
    with pytest.raises(ValueError, match=r"not \(2, 64\)"):
        viz.image_grid(np.zeros((2, 64)))
    with pytest.raises(ValueError, match=r"not \(2, 8, 8\) and 1 titles"):
        viz.image_grid(np.zeros((2, 8, 8)), ["one"])


def test_they_draw_on_the_axes_they_are_given(history):
    axes = figure.Figure().subplots(1, 3)
    assert viz.learning_curve(history, ax=axes[0]) is axes[0]
    assert viz.confusion(np.eye(2, dtype=int), ax=axes[1]) is axes[1]
    assert viz.image_grid(np.ones((1, 2, 2)), ax=axes[2]) is axes[2]


@pytest.fixture
def pyplot():
    plt = pytest.importorskip("matplotlib.pyplot")
    plt.switch_backend("agg")
    plt.close("all")  # those of other tests
    yield plt
    plt.close("all")


def test_pyplot_is_not_loaded(history, monkeypatch):
    monkeypatch.delitem(sys.modules, "matplotlib.pyplot", raising=False)
    viz.learning_curve(history).figure.canvas.draw()
    assert "matplotlib.pyplot" not in sys.modules


def test_without_a_figure_pyplot_gets_one_of_the_right_size(pyplot, history, tmp_path):
    ax = viz.learning_curve(history)
    assert ax is pyplot.gca() and pyplot.get_fignums() == [1]
    assert ax.figure.get_size_inches().tolist() == [6.4, 3.6]
    pyplot.savefig(tmp_path / "loss.svg")
    assert (tmp_path / "loss.svg").read_bytes().count(b"<path") > 20  # an empty one has 1


PICTURES = {
    "learning_curve": lambda h: viz.learning_curve(h),
    "confusion": lambda h: viz.confusion(np.eye(2, dtype=int)),
    "image_grid": lambda h: viz.image_grid(np.ones((2, 3, 3))),
    "lr_curve": lambda h: viz.lr_curve([0.1, 1.0], [3.0, 2.0]),
    "decision_boundary": lambda h: viz.decision_boundary(
        lambda p: p[:, 0] > 0, np.eye(2), np.arange(2), resolution=5
    ),
    "filters": lambda h: viz.filters(np.ones((2, 2, 1, 3))),
    "attention_map": lambda h: viz.attention_map(np.eye(2)),
    "embedding": lambda h: viz.embedding(np.eye(3), [0, 1, 2]),
    "History.plot": lambda h: h.plot(),
}


@pytest.mark.parametrize("name", PICTURES)
def test_each_picture_is_drawn_where_pyplot_is(name, pyplot, history):
    _, (left, right) = pyplot.subplots(1, 2)
    pyplot.sca(left)
    assert PICTURES[name](history) is left
    assert left.has_data() and not right.has_data()


def test_a_second_picture_does_not_cover_the_first(pyplot, history):
    first = viz.learning_curve(history)
    second = viz.confusion(np.eye(2, dtype=int))
    assert second.figure is not first.figure and second is pyplot.gca()
    assert len(first.lines) == 2 and first.get_xlabel() == "epoch"
    pyplot.cla()
    assert viz.learning_curve(history) is second  # cleared, so there is nothing to cover
    assert viz.learning_curve(history, "accuracy", ax=first) is first  # where it was asked to


def test_pages_do_not_draw_on_the_figure_of_the_program(pyplot, history):
    pyplot.figure()
    assert "<svg" in curves.curve_svg(history, "loss")
    assert pyplot.gcf().axes == []


STRANGE = ["$x $$", "_hidden", r"\frac{$", "<b>&"]


def drawn_words(ax):
    """Draws the figure, and returns the words on it, as `\\$` is drawn: without its backslash."""
    ax.figure.canvas.draw()
    texts = [
        *ax.texts,
        *ax.get_xticklabels(),
        *ax.get_yticklabels(),
        ax.xaxis.label,
        ax.yaxis.label,
    ]
    texts += ax.get_legend().get_texts() if ax.get_legend() else []
    return {t.get_text().replace(r"\$", "$") for t in texts}


@pytest.mark.parametrize(
    "draw",
    [
        lambda: viz.confusion(np.eye(4, dtype=int), STRANGE),
        lambda: viz.image_grid(np.ones((4, 2, 2)), STRANGE),
        lambda: viz.attention_map(np.eye(4), STRANGE, STRANGE),
        lambda: viz.embedding(np.eye(4), names=STRANGE),
        lambda: viz.embedding(np.eye(4), np.array(STRANGE)),
        lambda: viz.decision_boundary(
            lambda p: np.array(STRANGE)[(p[:, 0] * 3.9).clip(0, 3.9).astype(int)],
            np.eye(4, 2), np.array(STRANGE), resolution=4),
    ],
)  # fmt: skip
def test_names_are_drawn_as_they_are(draw):
    assert set(STRANGE) <= drawn_words(draw())


def test_names_of_metrics_and_parameters_are_drawn_as_they_are(history):
    history.add(dict.fromkeys(STRANGE, 1.0))
    for name in STRANGE:
        assert name in drawn_words(viz.learning_curve(history, name))
        assert "<svg" in curves.curve_svg(history, name)
    model = nn.Sequential(nn.Linear(2, 2, rng=0))
    watch = viz.Watch(model)
    model[0].W.grad = np.ones((2, 2))
    for name in STRANGE:
        watch.model.named_parameters = lambda name=name: [(name, model[0].W)]
        watch.record()
    assert set(STRANGE) <= drawn_words(watch.plot())
    assert set(STRANGE) <= drawn_words(watch.histogram())


@pytest.mark.parametrize(
    "draw", [lambda h: viz.learning_curve(h), lambda h: viz.confusion(np.eye(2))]
)
def test_without_matplotlib_they_say_what_to_install(history, draw, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(
        ImportError, match=r"^Pictures need matplotlib, .*pip install -e '\.\[viz\]' in the folder"
    ):
        draw(history)


def test_image_grid_shows_colors_as_they_are():
    images = np.random.default_rng(0).integers(0, 256, (2, 3, 4, 3), dtype=np.uint8)
    for given in (images, images / 255):
        ax = viz.image_grid(given)
        np.testing.assert_allclose([i.get_array() for i in ax.images], images / 255)
    with pytest.raises(ValueError, match=r"colors from 0 to 1(.|\n)*from -1 to 1(.|\n)*x\.min\(\)"):
        viz.image_grid(np.array([-1.0, 1, 1]).reshape(1, 1, 1, 3))
    with pytest.raises(ValueError, match=r"not \(0, 8, 8\)"):
        viz.image_grid(np.zeros((0, 8, 8)))


@pytest.mark.parametrize(("classes", "inches"), [(3, None), (62, None), (16, 4.6), (62, 13)])
def test_a_confusion_has_room_for_all_that_it_writes(classes, inches):
    """Each count lies in its square and each name below its column, as large as that allows."""
    counts = np.diag(10 ** (np.arange(classes) % 4))
    ax = None if inches is None else curves.new_axes(inches, inches)
    ax = viz.confusion(counts, ["W"] * classes, ax=ax)
    assert ax.figure.get_size_inches()[0] <= 14
    FigureCanvasAgg(ax.figure).draw()
    cell = ax.get_window_extent().width / classes
    for text in [*ax.texts, *ax.get_xticklabels()]:
        assert text.get_window_extent().width < cell and text.get_fontsize() <= 10
    for text in ax.get_xticklabels():
        assert text.get_fontsize() >= 9


def test_long_names_of_a_confusion_are_turned():
    names = viz.confusion(np.eye(2, dtype=int), ["ant", "beetle"])
    assert {t.get_rotation() for t in names.get_xticklabels()} == {90}


# ------------------------------------------------------------------------------------- LivePlot

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


@pytest.mark.parametrize("name", ["$x $$", "$\\frac{$", "$5", "US$ or €$", "a_1^2", "\\$"])
def test_dollars_in_names_are_no_formulas(name):
    history = History()
    history.add({name: 1.0})
    drawn = [
        viz.learning_curve(history, name),
        viz.confusion(np.eye(2, dtype=int), [name, "b"]),
        curves.image_grid(np.zeros((1, 2, 2)), [name]),
        viz.attention_map(np.eye(2), queries=[name, "b"], keys=["a", name]),
        viz.embedding(np.eye(3), names=[name, "b", "c"]),
        viz.embedding(np.eye(3), labels=[name, "b", "b"]),
    ]
    for ax in drawn:
        svg = curves.inline(ax, "about")
        assert html.escape(name, quote=False) in svg.replace("\u2009", " ")


# ------------------------------------------------------------------------------ what people try first


def test_a_dict_of_lists_is_a_history_too(history):
    for given in (history.history, {"loss": [3.0, 2.0, 1.5], "val_loss": [3.5, 2.5, 2.0]}):
        training, validation = viz.learning_curve(given).lines
        assert training.get_ydata().tolist() == history["loss"]
        assert validation.get_ydata().tolist() == history["val_loss"]


def test_images_with_one_channel_are_gray():
    images = np.arange(12.0).reshape(1, 3, 4, 1)
    assert viz.image_grid(images).images[0].get_array().tolist() == images[0, ..., 0].tolist()


def test_the_result_of_find_lr_is_drawn_as_it_is():
    lrs, losses = np.array([0.1, 1.0]), np.array([3.0, 2.0])
    ax = viz.lr_curve(LearningRates(lrs, losses, 0.3))
    np.testing.assert_array_equal(ax.lines[0].get_xydata(), np.stack([lrs, losses], axis=1))
    assert ax.get_legend().get_texts()[0].get_text() == "lr = 0.3"


def test_watch_is_a_callback():
    model = nn.Sequential(nn.Linear(2, 3, rng=0))
    watch = viz.Watch(model)
    trainer = Trainer(model, nn.cross_entropy, optim.SGD(model.parameters(), lr=0.1))
    trainer.fit(
        np.ones((8, 2)), np.arange(8) % 3, epochs=3, batch_size=4, callbacks=[watch], progress=False
    )
    x, y = watch.plot("weights").lines[0].get_xydata().T
    assert x.tolist() == [1, 2, 3, 4, 5, 6]
    np.testing.assert_allclose(y[-1], np.median(np.abs(model[0].W.data)), rtol=1e-6)


def test_a_landscape_takes_a_model():
    model = nn.Sequential(nn.Linear(2, 2, rng=0))
    loss = lambda: nn.cross_entropy(model(np.eye(2)), [0, 1])
    a, b = (
        viz.loss_landscape(loss, given, steps=3).collections[0].get_array()
        for given in (model, model.parameters())
    )
    np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(viz.flat(model), viz.flat(model.parameters()))


def test_points_on_one_line_have_a_boundary():
    ax = viz.decision_boundary(
        lambda p: p[:, 0] > 0, np.array([[0.0, 1.0], [2.0, 1.0]]), np.arange(2), resolution=3
    )
    assert ax.get_ylim() == (0, 2)


LAYER = nn.Linear(2, 2, rng=0)


@pytest.mark.parametrize(
    ("draw", "kind", "said"),
    [
        (lambda h: viz.learning_curve(h["loss"]), TypeError, r"not \[3.0, 2.0, 1.5\].*trainer\.history"),
        (lambda h: viz.learning_curve(h, ["loss", "accuracy"]), TypeError, "once for each name"),
        (lambda h: h.plot(["loss"]), TypeError, "once for each name"),
        (lambda h: viz.learning_curve(History()), KeyError, "no epoch has ended"),
        (lambda h: viz.learning_curve({"loss": [1.0]}, "f1"), KeyError, "no 'f1'.*there is loss"),
        (lambda h: viz.confusion([0, 1, 1], [0, 1, 0]), ValueError, r"confusion_matrix\(y, predicted\)"),
        (lambda h: viz.confusion(np.zeros((0, 0))), ValueError, r"not \(0, 0\)"),
        (lambda h: viz.image_grid(np.ones((4, 4))), ValueError, r"images\[None\] for one image"),
        (lambda h: viz.filters(LAYER), TypeError, r"of numbers, not Linear.*layer\.W"),
        (lambda h: viz.embedding(LAYER), TypeError, r"of numbers, not Linear.*layer\.W"),
        (lambda h: viz.decision_boundary(np.eye(2), np.arange(2), LAYER), TypeError, "function of points"),
        (lambda h: viz.decision_boundary(LAYER, np.eye(2), np.eye(2)), ValueError, r"y\.argmax"),
        (lambda h: viz.Graph(LAYER), TypeError, r"Graph\(model\(x\)\)"),
        (lambda h: viz.why(LAYER(np.eye(2)).sum(), LAYER), TypeError, r"model\[0\]\.W"),
        (lambda h: viz.changes(LAYER.W, LAYER.W), ValueError, "these are Parameter and Parameter"),
        (lambda h: viz.plot_model(LAYER), AttributeError, r"viz has no plot_model.*graph\.html"),
    ],
)  # fmt: skip
def test_what_cannot_be_drawn_is_answered(draw, kind, said, history):
    with pytest.raises(kind, match=f"(?s){said}"):
        draw(history)
