"""compare: two trainings side by side, and a report that finds the place where they diverge."""

import re
import sys
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest

from tinygrad_edu import Tensor, ops
from tinygrad_edu.data import DataLoader
from tinygrad_edu.nn import (
    Dropout,
    Flatten,
    Linear,
    ReLU,
    Sequential,
    Sigmoid,
    Softmax,
    Tanh,
    cross_entropy,
    mse,
)
from tinygrad_edu.optim import SGD, Adam, Optimizer
from tinygrad_edu.twins import Divergence, Graph, Merge, Report, Run, compare
from tinygrad_edu.twins.graph import Reference
from tinygrad_edu.twins.keras_export import build_twin

STEPS = 50
rng = np.random.default_rng(0)
X = rng.normal(size=(STEPS * 8, 6))
LABELS = rng.integers(0, 3, STEPS * 8)
TARGETS = np.tanh(X[:, :3]) + 0.1 * rng.normal(size=(STEPS * 8, 3))
CLASSES = [(X[i : i + 8], LABELS[i : i + 8]) for i in range(0, len(X), 8)]
VALUES = [(X[i : i + 8], TARGETS[i : i + 8]) for i in range(0, len(X), 8)]


@pytest.fixture(scope="module")
def keras() -> Any:
    pytest.importorskip("tensorflow")
    return pytest.importorskip("keras")


def mlp(dtype: Any = np.float64) -> Sequential:
    return Sequential(
        Linear(6, 16, rng=0, dtype=dtype), Tanh(),
        Linear(16, 16, rng=1, dtype=dtype), ReLU(),
        Linear(16, 3, rng=2, dtype=dtype),
    )  # fmt: skip


# Settings that float32 holds exactly, as Keras rounds them to it.
OPTIMIZERS: dict[str, Callable[[Any], Optimizer]] = {
    "SGD": lambda parameters: SGD(parameters, 0.1),
    "momentum": lambda parameters: SGD(parameters, 0.1, momentum=0.875),
    "Nesterov": lambda parameters: SGD(parameters, 0.1, momentum=0.875, nesterov=True),
    "Adam": lambda parameters: Adam(parameters, 0.01, betas=(0.875, 0.9990234375)),
    "Adam, eps": lambda parameters: Adam(parameters, 0.01, betas=(0.875, 0.9990234375), eps=0.01),
}

# --- trajectories ---


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_fifty_steps_of_classification(keras: Any, name: str) -> None:
    model = mlp()
    report = compare(model, cross_entropy, OPTIMIZERS[name](model.parameters()), CLASSES)
    assert len(report) == STEPS
    assert max(report.max_difference().values()) <= 1e-10
    assert report.first_divergence() is None
    assert report.notes == []
    for run in (report.ours, report.keras):
        assert (
            list(run.weights)
            == list(run.gradients)
            == [path for path, _ in model.named_parameters()]
        )
        assert run.losses.shape == (STEPS,)
        assert run.gradients["2.W"].shape == (STEPS, 16, 16)
        assert run.weights["2.W"].shape == (STEPS + 1, 16, 16)
        assert np.array_equal(run.weights["2.W"][0], model.state_dict()["2.W"]), "the same start"
        moved = np.abs(run.weights["2.W"][-1] - run.weights["2.W"][0]).max()
        assert moved > 0.01, "agreement of weights that stand still says nothing"


def test_fifty_steps_of_regression(keras: Any) -> None:
    model = mlp()
    report = compare(model, mse, OPTIMIZERS["Adam"](model.parameters()), VALUES)
    assert max(report.max_difference().values()) <= 1e-10
    assert report.keras.losses[-5:].mean() < report.keras.losses[:5].mean() / 2


@pytest.mark.parametrize("name", ["SGD", "Nesterov", "Adam"])
def test_our_side_is_ordinary_training(keras: Any, name: str) -> None:
    model = mlp()
    report = compare(model, cross_entropy, OPTIMIZERS[name](model.parameters()), CLASSES[:9])
    optimizer = OPTIMIZERS[name](model.parameters())
    for i, (x, y) in enumerate(CLASSES[:9]):
        optimizer.zero_grad()
        loss = cross_entropy(model(x), y)
        loss.backward()
        assert loss.item() == report.ours.losses[i]
        for path, parameter in model.named_parameters():
            assert np.array_equal(parameter.grad, report.ours.gradients[path][i])
        optimizer.step()
    for path, parameter in model.named_parameters():
        assert np.array_equal(parameter.data, report.ours.weights[path][-1])


def test_the_other_side_is_keras_as_keras_trains(keras: Any) -> None:
    """The step that is opened up to see the gradients is the one of train_on_batch."""
    model = mlp()
    report = compare(model, cross_entropy, OPTIMIZERS["Adam"](model.parameters()), CLASSES[:9])
    twin, variables = build_twin(model)
    keras.config.set_floatx("float64")
    try:
        twin.compile(
            keras.optimizers.Adam(0.01, beta_1=0.875, beta_2=0.9990234375),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=False,
        )
        losses = []
        for x, y in CLASSES[:9]:
            losses.append(twin.train_on_batch(x, y))
            twin.reset_metrics()
    finally:
        keras.config.set_floatx("float32")
    np.testing.assert_allclose(report.keras.losses, losses, rtol=1e-14)
    for path, variable in variables.items():
        np.testing.assert_allclose(report.keras.weights[path][-1], variable.numpy(), atol=1e-14)


def test_float32(keras: Any) -> None:
    model = mlp(np.float32)
    report = compare(model, mse, OPTIMIZERS["Adam"](model.parameters()), VALUES)
    for run in (report.ours, report.keras):
        assert {a.dtype for a in (*run.weights.values(), *run.gradients.values())} == {
            np.dtype("float32")
        }
    largest = report.max_difference()
    assert 0 < largest["weights"] <= 1e-5, "0 would be two looks at the same computation"
    assert max(largest.values()) <= 1e-5
    assert report.tolerance == 1e-5
    assert report.first_divergence() is None
    assert report.first_divergence(1e-12) is not None
    assert report.ours.losses[-5:].mean() < report.ours.losses[:5].mean() / 2


def test_a_loader_with_a_short_last_batch_and_images(keras: Any) -> None:
    model = Sequential(Flatten(), Linear(6, 3, rng=0, dtype=np.float64))
    images = X[:20].reshape(20, 2, 3)
    loader = DataLoader(images, LABELS[:20], batch_size=8, shuffle=True, seed=0)
    report = compare(model, cross_entropy, SGD(model.parameters()), loader)
    assert len(report) == 3
    assert max(report.max_difference().values()) <= 1e-10


def test_only_what_the_optimizer_has_is_trained(keras: Any) -> None:
    model = mlp()
    last: Any = model[4]
    last.b.requires_grad = False
    report = compare(model, cross_entropy, SGD(last.parameters(), 0.1), CLASSES[:3])
    assert list(report.ours.weights) == list(report.keras.weights) == ["4.W"]
    assert max(report.max_difference().values()) <= 1e-10


# --- what Keras rounds ---


@pytest.mark.parametrize(
    ("optimizer", "words"),
    [
        (lambda parameters: SGD(parameters, 0.1, momentum=0.9), "momentum=0.8999999761581421"),
        (lambda parameters: Adam(parameters, 0.01), "betas=(0.8999999761581421, 0.9990000128746033)"),
    ],
)  # fmt: skip
def test_both_sides_use_the_settings_that_keras_rounds(
    keras: Any, optimizer: Any, words: str
) -> None:
    model = mlp()
    report = compare(model, cross_entropy, optimizer(model.parameters()), CLASSES)
    (note,) = report.notes
    assert note.endswith(f"to float32: both sides use {words}.")
    assert report.tolerance == 1e-10
    assert max(report.max_difference().values()) <= 1e-10


def test_no_word_of_rounding_in_float32(keras: Any) -> None:
    model = mlp(np.float32)
    report = compare(model, cross_entropy, Adam(model.parameters()), CLASSES[:2])
    assert report.notes == []


# --- a mistake is found where it is ---


def divergence_with(model: Any, optimizer: Any = None) -> Divergence | None:
    optimizer = optimizer or SGD(model.parameters(), 0.1)
    return compare(model, cross_entropy, optimizer, CLASSES[:4]).first_divergence()


def test_a_wrong_way_forward(keras: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops.relu, "forward", lambda x: np.maximum(x, -0.01))
    model = mlp()
    report = compare(model, cross_entropy, SGD(model.parameters(), 0.1), CLASSES[:4])
    divergence = report.first_divergence()
    assert divergence is not None
    assert divergence[:3] == (1, "outputs", "3"), "the ReLU, not what follows it"
    assert "first in the output of 3, ReLU()." in str(report)


def test_a_wrong_way_back(keras: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ops.relu, "rules", (lambda g, y, x: g,))
    divergence = divergence_with(mlp())
    assert divergence is not None
    assert divergence[:2] == (1, "gradients")
    assert divergence.path in ("0.W", "0.b", "2.W", "2.b"), (
        "behind the ReLU, where nothing is wrong yet"
    )


def test_a_wrong_optimizer(keras: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """ε inside the bias correction, as PyTorch has it: gradients agree until the first step."""

    def as_pytorch(self: Any) -> None:
        beta1, _ = self.betas
        self.alpha = 1 / (1 - beta1**self.t)

    monkeypatch.setattr(Adam, "prepare_step", as_pytorch)
    model = mlp()
    divergence = divergence_with(model, OPTIMIZERS["Adam"](model.parameters()))
    assert divergence is not None
    assert divergence[:2] == (1, "weights")


# --- the report by itself ---


def runs(steps: int = 3) -> tuple[Run, Run]:
    """Two equal runs of two parameters."""

    def run() -> Run:
        return Run(
            [1.0 / (k + 1) for k in range(steps)],
            {"0.W": [np.full((2, 2), 0.5)] * steps, "0.b": [np.full(2, 0.25)] * steps},
            {"0.W": [np.full((2, 2), 0.5)] * (steps + 1), "0.b": [np.full(2, 0.25)] * (steps + 1)},
        )

    return run(), run()


def off(array: np.ndarray, by: float) -> np.ndarray:
    changed = array.copy()
    changed[-1] += by
    return changed


def test_equal_runs() -> None:
    report = Report(*runs())
    assert report.max_difference() == {"outputs": 0, "losses": 0, "gradients": 0, "weights": 0}
    assert report.first_divergence(0) is None
    assert "They agree in all 3 steps" in str(report)


def test_the_first_divergence_names_step_kind_and_parameter() -> None:
    ours, keras = runs()
    ours.weights["0.b"][2] = off(ours.weights["0.b"][2], 1e-6)
    ours.weights["0.W"][3] = off(ours.weights["0.W"][3], 1e-3)
    ours.gradients["0.W"][2] = off(ours.gradients["0.W"][2], 1e-4)
    ours.losses[2] += 1e-5
    report = Report(ours, keras)
    assert cast(Any, report.first_divergence()) == (2, "weights", "0.b", pytest.approx(1e-6))
    assert cast(Any, report.first_divergence(1e-5 * 0.9)) == (
        3,
        "losses",
        "0.W",
        pytest.approx(1e-5),
    )
    assert cast(Any, report.first_divergence(5e-5)) == (3, "gradients", "0.W", pytest.approx(1e-4))
    assert cast(Any, report.first_divergence(5e-4)) == (3, "weights", "0.W", pytest.approx(1e-3))
    assert report.first_divergence(1) is None
    assert report.max_difference() == pytest.approx(
        {"outputs": 0, "losses": 1e-5, "gradients": 1e-4, "weights": 1e-3}
    )
    np.testing.assert_allclose(report.differences("weights")["0.b"], [0, 1e-6, 0])


def test_large_numbers_are_compared_relatively() -> None:
    ours, keras = runs()
    for run, error in ((ours, 1e-3), (keras, 0)):
        run.weights["0.W"][1] = np.array([[2e6, 1.0], [1.0, 1.0 + error]])
    report = Report(ours, keras)
    assert report.max_difference()["weights"] == pytest.approx(5e-10)


def test_nan_and_infinity_are_differences_unless_shared() -> None:
    ours, keras = runs()
    ours.losses[1] = keras.losses[1] = float("nan")
    ours.weights["0.b"][2] = keras.weights["0.b"][2] = np.array([np.inf, -np.inf])
    assert Report(ours, keras).first_divergence() is None
    ours.gradients["0.b"][2] = np.array([0.25, np.nan])
    assert Report(ours, keras).first_divergence() == (3, "gradients", "0.b", np.inf)
    keras.losses[2] = float("inf")
    assert Report(ours, keras).first_divergence() == (3, "losses", "0.b", np.inf)


def test_the_table() -> None:
    ours, keras = runs()
    keras.gradients["0.W"][1] = off(keras.gradients["0.W"][1], 0.125)
    keras.weights["0.b"][2] = off(keras.weights["0.b"][2], 0.0625)
    report = Report(ours, keras, about="SGD(lr=0.1), mse, float64", notes=["A note."])
    assert str(report) == repr(report)
    assert str(report).split("\n") == [
        "SGD(lr=0.1), mse, float64",
        "",
        "                                          largest difference in",
        " step         our loss     Keras's loss  gradients    weights",
        "─" * 61,
        "    1                1                1          0          0",
        "    2              0.5              0.5    1.2e-01    6.2e-02",
        "    3     0.3333333333     0.3333333333          0          0",
        "─" * 61,
        "They diverge at step 2, where gradients differ by 1.2e-01, more than 1e-10:",
        "  the losses agree but not the backward pass: look at the gradient of 0.W.",
        "  (largest in losses 0, gradients 1.2e-01, weights 6.2e-02.)",
        "A note.",
    ]


def test_a_long_table_shows_a_few_steps_and_the_one_that_matters() -> None:
    ours, keras = runs(300)
    keras.losses[136] += 1
    lines = str(Report(ours, keras)).split("\n")
    shown = [int(line.split()[0]) for line in lines if re.match(r" +\d", line)]
    assert shown == [1, 2, 5, 10, 20, 50, 100, 137, 200, 300]


def test_the_page(tmp_path: Any) -> None:
    ours, keras = runs()
    keras.weights["0.b"][2] = off(keras.weights["0.b"][2], 0.0625)
    outputs, layers = {"0": [0, 0, 0.5]}, {"0": "<script>alert(1)</script>"}
    report = Report(ours, keras, outputs=outputs, layers=layers, about="a < b", notes=["c & d"])
    page = report.to_html(tmp_path / "page.html")
    assert (tmp_path / "page.html").read_text(encoding="utf-8") == page
    assert "<p>a &lt; b</p>" in page and "<p>c &amp; d</p>" in page
    assert "<script" not in page and "http" not in page
    cells = re.findall(r"<tr>((?:<td(?: class=.name.)?>[^<]*</td>)+)</tr>", page)
    rows = [re.findall(r">([^<]*)</td>", row) for row in cells]
    assert rows == [
        ["1", "1", "1", "0", "0", "0"],
        ["2", "0.5", "0.5", "0", "0", "6.2e-02"],
        ["3", "0.3333333333", "0.3333333333", "5.0e-01", "0", "0"],
        ["0", "&lt;script&gt;alert(1)&lt;/script&gt;", "5.0e-01", "0", "6.2e-02"],
    ]
    assert report._repr_html_() in page


def test_the_picture() -> None:
    pytest.importorskip("matplotlib")
    ours, keras = runs()
    keras.weights["0.b"][2] = off(keras.weights["0.b"][2], 0.0625)
    ax = Report(ours, keras).plot()
    lines = {line.get_label(): line.get_ydata() for line in ax.get_lines()}
    assert list(lines) == ["gradients", "weights", "losses", "limit, 1e-10"]
    np.testing.assert_array_equal(lines["weights"], [np.nan, 0.0625, np.nan])
    assert ax.get_yscale() == "log"
    assert Report(ours, keras).plot(ax) is ax


def test_what_was_compared_stands_above(keras: Any) -> None:
    model = mlp()
    report = compare(model, cross_entropy, SGD(model.parameters(), 0.1), CLASSES[:1])
    assert str(report).startswith(
        "SGD(lr=0.1, momentum=0.0, nesterov=False), cross_entropy, float64, in tinygrad_edu and in "
        f"Keras {keras.__version__}\n"
    )


def test_an_unknown_kind() -> None:
    with pytest.raises(ValueError, match="outputs, losses, gradients, weights, not 'weight'"):
        Report(*runs()).differences("weight")


# --- nothing else changes ---


def test_model_optimizer_and_keras_are_left_as_they_were(keras: Any) -> None:
    model: Any = Sequential(
        Linear(6, 8, rng=0, dtype=np.float64),
        Dropout(0.5, rng=0),
        Linear(8, 3, rng=1, dtype=np.float64),
    )
    optimizer = SGD(model.parameters(), 0.1, momentum=0.875)
    cross_entropy(model(X), LABELS).backward()
    optimizer.step()
    model.eval()
    called: list[Any] = []
    model.hooks = (lambda *_: called.append(1),)
    arrays = [p.data for p in model.parameters()]
    before, gradients = model.state_dict(), [p.grad.copy() for p in model.parameters()]
    velocity = optimizer.state_dict()["v.0"]
    draws = str(model[1].rng.bit_generator.state)

    report = compare(model, cross_entropy, optimizer, CLASSES[:3])

    assert not np.array_equal(report.ours.weights["0.W"][-1], before["0.W"]), "it did train"
    assert all(p.data is array for p, array in zip(model.parameters(), arrays, strict=True))
    assert all(np.array_equal(p.data, before[path]) for path, p in model.named_parameters())
    assert all(
        np.array_equal(p.grad, g) for p, g in zip(model.parameters(), gradients, strict=True)
    )
    assert optimizer.t == 1
    assert np.array_equal(optimizer.state_dict()["v.0"], velocity)
    assert not called
    assert (model.training, model[1].training, model[1].p) == (False, False, 0.5)
    assert str(model[1].rng.bit_generator.state) == draws
    assert (keras.config.floatx(), keras.config.dtype_policy().name) == ("float32", "float32")


def test_notes_on_dropout_and_on_an_optimizer_that_has_run(keras: Any) -> None:
    model = Sequential(Linear(6, 8, rng=0, dtype=np.float64), Sequential(Dropout(0.5, rng=0)),
                       Linear(8, 3, rng=1, dtype=np.float64))  # fmt: skip
    optimizer = SGD(model.parameters(), 0.1)
    for _ in range(2):
        optimizer.zero_grad()
        cross_entropy(model(X), LABELS).backward()
        optimizer.step()
    report = compare(model, cross_entropy, optimizer, CLASSES[:3])
    assert report.notes == [
        "Dropout (1.0) is off on both sides: two random generators never drop the same places.",
        "The optimizer had taken 2 steps; here both sides start anew, from the model's present weights.",
    ]
    assert max(report.max_difference().values()) <= 1e-10
    assert str(report).endswith("\n".join(report.notes))


# --- refusals ---


def test_without_keras(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)
    model = mlp()
    with pytest.raises(ImportError, match=re.escape("python -m pip install -e '.[compare]'")):
        compare(model, cross_entropy, SGD(model.parameters()), CLASSES)


def test_what_has_no_counterpart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "keras", None)  # all of this is said without it
    model = mlp()

    def my_loss(prediction: Tensor, target: Any) -> Tensor:
        return mse(prediction, target)

    class MySGD(SGD):
        pass

    with pytest.raises(TypeError, match="for the loss my_loss(.|\n)*Try: cross_entropy, mse, mae,"):
        compare(model, my_loss, SGD(model.parameters()), CLASSES)
    with pytest.raises(TypeError, match="for the optimizer MySGD(.|\n)*Try: SGD, Adam,"):
        compare(model, mse, MySGD(model.parameters()), CLASSES)
    two = Graph({"add": Merge("Add"), "deep": model}, [], ["a", "b"], [Reference("a")])
    with pytest.raises(TypeError, match="this Graph has 2 inputs and 1 outputs(.|\n)*to_keras"):
        compare(two, mse, SGD(model.parameters()), CLASSES)
    with pytest.raises(TypeError, match="for 1 of the layers:\n  1: the function exp\n"):
        compare(Sequential(model, np.exp), mse, SGD(model.parameters()), CLASSES)


def test_batches_and_parameters_that_do_not_fit(monkeypatch: pytest.MonkeyPatch) -> None:
    model, other = mlp(), mlp()
    with pytest.raises(ValueError, match=r"6 of the 6 parameters of this SGD are not in the model"):
        compare(model, mse, SGD(other.parameters()), CLASSES)
    monkeypatch.setitem(sys.modules, "keras", None)
    with pytest.raises(ValueError, match="compare got no batches"):
        compare(model, mse, SGD(model.parameters()), [])


def test_a_batch_that_is_no_pair_or_does_not_fit(keras: Any) -> None:
    model = mlp()
    with pytest.raises(ValueError, match=r"batches \(x, y\), not a ndarray"):
        compare(model, mse, SGD(model.parameters()), cast(Any, [X]))
    with pytest.raises(ValueError, match=r"mse: prediction \(8, 3\) and target \(8,\)"):
        compare(model, mse, SGD(model.parameters()), CLASSES)


@pytest.mark.parametrize("last", [Softmax, Sigmoid])
def test_cross_entropy_behind_a_softmax(keras: Any, last: Any) -> None:
    """Keras takes both off without being asked: the reason for the refusal, checked on Keras itself."""
    model = Sequential(mlp(), last(), Dropout(0.1))
    with pytest.raises(
        ValueError, match=rf"the model ends in 1, {last.__name__}\(.*Keras would take it"
    ):
        compare(model, cross_entropy, SGD(model.parameters()), CLASSES)
    x, y = CLASSES[0]
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, dtype="float64")
    layer = keras.layers.Activation(last.__name__.lower(), dtype="float64")
    logits = 10 * mlp()(x).data
    with pytest.warns(UserWarning, match="does not represent logits"):
        taken_off = float(loss(y, layer(logits)))
    assert taken_off == pytest.approx(float(loss(y, logits)), abs=1e-14)
    assert abs(taken_off - float(loss(y, np.asarray(layer(logits))))) > 0.01


def test_another_backend(keras: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(keras.backend, "backend", lambda: "jax")
    model = mlp()
    with pytest.raises(
        RuntimeError, match="TensorFlow, but Keras runs on jax here(.|\n)*KERAS_BACKEND"
    ):
        compare(model, cross_entropy, SGD(model.parameters()), CLASSES)


def test_groups_that_keras_does_not_have_are_refused() -> None:
    model = mlp()
    optimizer = SGD([{"parameters": model.parameters(), "lr": 0.1}])
    with pytest.raises(
        TypeError, match=r"have no groups of parameters, but groups\[0\] has lr=0.1"
    ):
        compare(model, cross_entropy, optimizer, CLASSES)


def test_common_settings_reach_keras(keras: Any) -> None:
    model = mlp()
    common = {"weight_decay": 0.0078125, "clip_norm": 0.05, "accumulate": 2}
    report = compare(model, cross_entropy, SGD(model.parameters(), 0.5, **common), CLASSES[:5])
    assert report.first_divergence() is None
