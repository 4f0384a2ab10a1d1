"""What a notebook shows of an object: every number is the object's, nothing fails, and no name is obeyed."""

import html
import os
import re
import sys
from pathlib import Path

import numpy as np
import pytest

from models import KMeans, LogisticRegression
from tinygrad_edu import Tensor, nn
from tinygrad_edu.tensor import ROWS
from tinygrad_edu.training import History
from tinygrad_edu.viz import notebook

ROOT = Path(__file__).parents[2]
RNG = np.random.default_rng(0)


def leaf(x, name=None):
    return Tensor(x, requires_grad=True, name=name)


def words(page):
    """The text of a page: its tags left out, what was escaped read back."""
    return html.unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", page, flags=re.DOTALL))


def cells(page):
    return [html.unescape(c) for c in re.findall(r"<td[^>]*>(.*?)</td>", page)]


def shown(thing):
    page = notebook.view(thing)
    assert page is not None
    return page


def no_graphviz(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setitem(sys.modules, "pygraphviz", None)


# --------------------------------------------------------------------------------------------- Tensor


def test_a_tensor_is_a_table_of_its_numbers():
    x = leaf(RNG.normal(size=(3, 4)), "x")
    page = shown(x)
    assert cells(page) == [f"{n:.4g}" for n in x.data.ravel()]
    assert "x Tensor (3, 4) float64" in " ".join(words(page).split())
    assert f"mean {x.data.mean():.3g}, standard deviation {x.data.std():.3g}" in words(page)


def test_the_gradient_is_shown_or_said_to_be_missing():
    x = leaf([1.0, -2.0], "x")
    assert "gradient not computed: call backward()" in words(shown(x))
    (x * x).sum().backward()
    page = shown(x)
    assert "not computed" not in page and "dL/dx" in page
    assert cells(page) == ["1", "-2", "2", "-4"]
    x.grad = None
    (x * x * x).sum().backward(create_graph=True)  # the gradient is a Tensor then
    assert cells(shown(x))[2:] == ["3", "12"]
    assert "gradient" not in shown(Tensor([1.0, 2.0]))


class Counted(np.ndarray):
    """An array that notes the size of the largest array that NumPy computes with."""

    largest = 0

    def __array_ufunc__(self, ufunc, method, *inputs, out=None, **settings):
        Counted.largest = max(Counted.largest, *map(np.size, inputs))
        plain = [np.asarray(x) if isinstance(x, Counted) else x for x in inputs]
        out = None if out is None else tuple([None if x is None else np.asarray(x) for x in out])
        return getattr(ufunc, method)(*plain, out=out, **settings)


def test_the_middle_of_a_large_tensor_is_left_out_and_it_costs_next_to_nothing():
    x = Tensor(np.arange(2000.0 * 3000).reshape(2000, 3000))
    x.data = x.data.view(Counted)
    page = shown(x)
    assert (
        len(page) < 10_000 and Counted.largest < 10_000
    )  # the mean would be of six million numbers
    x.data.mean()
    assert Counted.largest == 6_000_000
    assert len(cells(page)) == 81
    assert cells(page)[:4] + cells(page)[5:9] == [
        f"{n:.4g}" for n in (*x.data[0, :4], *x.data[0, -4:])
    ]
    assert cells(page)[-1] == f"{x.data[-1, -1]:.4g}"
    assert "6,000,000 numbers" in page


def test_of_more_axes_the_first_plane_is_shown():
    x = Tensor(RNG.normal(size=(2, 3, 2, 2)))
    page = shown(x)
    assert cells(page) == [f"{n:.4g}" for n in x.data[0, 0].ravel()]
    assert "shown is [0, 0]" in page and f"from {x.data.min():.3g}" in page


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (3.0, ["3"]),
        ([1.0, np.nan, np.inf, -2.0], ["1", "nan", "inf", "-2"]),
        ([True, False], ["True", "False"]),
        (np.array([-(2**62)]), [str(-(2**62))]),
        ([1 + 2j], ["1+2j"]),
        (np.zeros((2, 0)), []),
        (np.array([1e300, -1e-300]), ["1e+300", "-1e-300"]),
        (np.array([60000], np.float16), ["6e+04"]),
        (np.full((1, 1, 1, 1, 1), -128, np.int8), ["-128"]),
    ],
)
def test_numbers_of_every_kind(data, expected):
    assert cells(shown(Tensor(data))) == expected


def test_what_is_not_finite_is_red_and_counted():
    page = shown(Tensor([1.0, np.nan, 2.0, np.inf, 3.0]))
    red = re.findall(rf'<td [^>]*style="[^"]*{notebook.RED}[^"]*">(.*?)</td>', page)
    assert red == ["nan", "inf"]
    assert "2 of 5 not finite" in page and "from 1 to 3" in page


def test_colors_tell_sign_and_size():
    page = shown(Tensor([4.0, -4.0, 2.0, 0.0]))
    colors = re.findall(r"<td ([^>]*)>", page)
    strength = [int(c[-3:-1], 16) for c in colors[:3]]
    assert (
        f"background:{notebook.BLUE}" in colors[0] and f"background:{notebook.ORANGE}" in colors[1]
    )
    assert strength[0] == strength[1] == 2 * strength[2] and "background" not in colors[3]


def test_how_it_was_made_is_drawn():
    x = leaf(RNG.normal(size=3), "x")
    y = np.tanh(x * 2)
    page = shown(y)
    assert "made by tanh" in page and "test_notebook.py" in page
    drawn = re.search("<svg.*</svg>", page, re.DOTALL)
    assert drawn and {"tanh", "multiply", "x"} <= set(words(drawn[0]).split())


def test_without_graphviz_it_is_told_in_words_with_what_to_install(monkeypatch, tmp_path):
    no_graphviz(monkeypatch, tmp_path)
    page = words(shown(np.tanh(leaf(1.0, "x"))))
    assert "#1 tanh(x)" in page and "apt install graphviz" in page


def test_a_layout_that_hangs_is_given_up(monkeypatch, tmp_path):
    (tmp_path / "dot").write_text("#!/bin/sh\nexec /bin/sleep 600\n")
    (tmp_path / "dot").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(notebook, "SECONDS", 0.3)
    page = words(shown(np.tanh(leaf(1.0, "x"))))  # does not wait for the end of the program
    assert "had not laid it out after 0.3 s" in page and "#1 tanh(x)" in page


def test_a_long_history_is_not_drawn_unasked():
    y = leaf(0.5)
    for _ in range(30):
        y = -y
    assert "its graph is large: viz.Graph" in shown(y)
    assert "<svg" not in shown(y)
    big = leaf(np.zeros((1001, 1000)))
    assert "<svg" not in shown(big.sum())


def test_a_freed_graph_says_so():
    y = leaf(2.0) * 3
    y.backward()
    assert "backward() has freed the graph" in shown(y)


# --------------------------------------------------------------------------------------------- Module


def test_a_module_is_boxes_in_boxes_with_the_shapes_of_its_parameters():
    model = nn.Sequential(nn.Linear(64, 32, rng=0), nn.ReLU(), nn.Linear(32, 10, rng=1))
    text = " ".join(words(shown(model)).split())
    assert text == (
        "Sequential 0: Linear(64, 32) W (64, 32) b (32,) ↓ 1: ReLU() ↓ 2: Linear(32, 10) "
        "W (32, 10) b (10,) 2,410 parameters, 9.4 KiB"
    )
    model[0].freeze()
    assert "2,080 of them frozen" in shown(model)


def test_equal_neighbors_are_rolled_up():
    model = nn.Sequential(*[nn.TransformerBlock(8, 2) for _ in range(12)], nn.Linear(8, 3))
    page = " ".join(words(shown(model)).split())
    assert "0 to 11: TransformerBlock × 12" in page and page.count("TransformerBlock") == 1
    assert "12: Linear(8, 3)" in page


def test_a_module_that_waits_for_its_input():
    assert "Linear(None, 3) has no parameters before" in shown(nn.Sequential(nn.Linear(None, 3)))


def test_a_model_of_many_parts_is_cut_off():
    page = shown(nn.Sequential(*[nn.Linear(1, 1 + i % 2) for i in range(1000)]))
    assert "and 800 more" in page and len(page) < 200_000


# -------------------------------------------------------------------------------------------- History


def history_of(**numbers):
    history = History()
    for values in zip(*numbers.values(), strict=True):
        history.add(dict(zip(numbers, values, strict=True)))
    return history


def test_a_history_shows_its_curves_and_its_numbers():
    pytest.importorskip("matplotlib")
    page = shown(
        history_of(loss=[3.0, 1.0, 2.0], val_loss=[4.0, 3.0, 2.5], accuracy=[0.1, 0.5, 0.4])
    )
    assert len(re.findall("<svg", page)) == 2
    assert cells(page)[:15] == [
        "", "first", "last", "smallest", "largest",
        "loss", "3.0000", "2.0000", "1.0000 (epoch 2)", "3.0000 (epoch 1)",
        "val_loss", "4.0000", "2.5000", "2.5000 (epoch 3)", "4.0000 (epoch 1)",
    ]  # fmt: skip
    assert "no epoch yet" in shown(History())


def test_curves_that_the_cell_has_shown_are_not_shown_again(monkeypatch):
    history = history_of(loss=[3.0, 1.0])
    monkeypatch.setattr(notebook, "cell_number", lambda: 7)
    history.cell = (7, 2)
    assert notebook.view(history) is None
    history.cell = (7, 1)  # an epoch came after the last picture: training was stopped early
    assert notebook.view(history)
    history.cell = (6, 2)
    assert notebook.view(history)


def test_a_history_without_matplotlib(monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    page = shown(history_of(loss=[3.0, 1.0]))
    assert "Pictures need matplotlib" in page and "3.0000" in page and "<svg" not in page


# --------------------------------------------------------------------------------- rows and estimators


def test_a_row_shows_its_formula_and_rules():
    page = words(shown(ROWS[np.tanh]))
    assert "y = tanh x" in page and "g * sech2(x)" in page


def test_an_estimator_shows_what_it_was_told_and_what_it_learned():
    X = RNG.normal(size=(30, 2))
    page = shown(KMeans(3, random_state=0))
    assert "<b>3</b>" in page and "<b>&#x27;k-means++&#x27;</b>" not in page
    assert "not fitted: call fit" in page
    model = KMeans(3, random_state=0).fit(X)
    told = cells(shown(model))
    pairs = dict(zip(told[::2], told[1::2], strict=True))
    assert pairs["max_iter"] == "300" and pairs["n_iter_"] == str(model.n_iter_)
    first = f"{model.cluster_centers_[0, 0]:.4f}".rstrip("0")  # NumPy pads with spaces
    assert f"[[{first}" in pairs["cluster_centers_"]
    assert pairs["labels_"] == "(30,) int64"
    model = LogisticRegression().fit(X, X[:, 0] > 0)
    assert "[False, True]" in shown(model)


# ------------------------------------------------------------------------------------ whatever is wrong


class BadRepr(nn.Module):
    def __repr__(self):
        raise ZeroDivisionError


def without_data():
    x = leaf([1.0])
    del x.data  # a slot without a value
    return x


@pytest.mark.parametrize(
    ("thing", "kind"),
    [
        (BadRepr(), "BadRepr, which raised ZeroDivisionError"),
        (without_data(), "Tensor, which raised AttributeError"),
        (history_of(loss=["no number"]), "History, which raised "),
    ],
)
def test_it_never_raises(thing, kind):
    with pytest.warns(UserWarning, match=f"no picture of this {kind}"):
        assert notebook.view(thing) is None


# --------------------------------------------------------------------------------- in a real kernel

CELLS = [
    "import numpy as np\nfrom tinygrad_edu import Tensor\n"
    "x = Tensor([1.0, 2.0], requires_grad=True, name='x')\nx",
    "np.sum(x * x)",
    "from tinygrad_edu import nn, optim\nfrom tinygrad_edu.training import Trainer\n"
    "model = nn.Sequential(nn.Linear(2, 2, rng=0))\nmodel",
    "from tinygrad_edu.training import progress\nprogress.CURVES_AFTER = 1e9\n"
    "trainer = Trainer(model, nn.cross_entropy, optim.SGD(model.parameters()))\n"
    "trainer.fit(np.ones((8, 2)), np.zeros(8, int), epochs=2)",
    "progress.CURVES_AFTER = 0\ntrainer.fit(np.ones((8, 2)), np.zeros(8, int), epochs=3)",
    "trainer.history",
    "from tinygrad_edu.viz import LivePlot\n"
    "trainer.fit(np.ones((8, 2)), np.zeros(8, int), epochs=3, callbacks=[LivePlot()])",
    "import sys\nprint('tinygrad_edu.viz' in sys.modules, 'matplotlib.pyplot' in sys.modules)",
    "from tinygrad_edu import viz\nviz.learning_curve(trainer.history)",
    "trainer.history.plot()\nviz.confusion([[1, 2], [3, 4]]);",
]


def test_in_a_real_kernel():
    nbformat, nbclient = pytest.importorskip("nbformat"), pytest.importorskip("nbclient")
    pytest.importorskip("matplotlib")
    book = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in CELLS])
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    patient = {"timeout": 1800, "startup_timeout": 600, "iopub_timeout": 600}
    client = nbclient.NotebookClient(book, kernel_name="python3", **patient)
    client.execute(env={**os.environ, "PYTHONPATH": path})
    data = [[o.get("data", {}) for o in cell.outputs] for cell in book.cells]
    assert cells(data[0][0]["text/html"]) == ["1", "2"]
    assert data[0][0]["text/plain"].startswith("Tensor([1., 2.]")
    assert "made by sum" in data[1][0]["text/html"]
    assert "Linear(2, 2)" in data[2][0]["text/html"]
    lines, history = data[3]  # a moment's training: lines, and the curve of what fit returned
    assert set(lines) == {"text/plain"} and "epoch 2/2" in lines["text/plain"]
    assert "<svg" in history["text/html"]
    live, history = data[4]  # curves grew above the lines: they are not shown twice
    assert "<svg" in live["text/html"] and "epoch 3/3" in live["text/html"]
    assert cells(live["text/html"])[5:6] == ["loss"] and "of 5 epochs" in live["text/html"]
    assert set(history) == {"text/plain"}
    assert "<svg" in data[5][0]["text/html"]  # asked for again, they are
    lines, plot, history = data[6]  # LivePlot draws, and so the progress does not
    assert set(lines) == {"text/plain"} and "<svg" in plot["image/svg+xml"] and history
    assert book.cells[7].outputs[0].text.strip() == "True False"
    for shown, pictures in ((data[8], 1), (data[9], 2)):  # pyplot shows each picture once
        assert sum("image/png" in output for output in shown) == pictures
