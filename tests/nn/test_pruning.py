"""Pruning: which weights become 0, that they stay 0, and what is refused."""

import copy

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.training import Trainer

RNG = np.random.default_rng(0)


def small():
    model = nn.Sequential(
        nn.Linear(2, 3, dtype=np.float64), nn.ReLU(), nn.Linear(3, 2, dtype=np.float64), seed=0
    )
    model[0].W.data[...] = [[0.1, -0.6, 0.3], [0.5, 0.2, -0.4]]
    model[2].W.data[...] = [[7, -8], [9, 10], [-11, 12]]
    model[0].b.data[...] = 1.0
    return model


def zeros(layer):
    return layer.W.data == 0


@pytest.mark.filterwarnings("ignore:prune left no weight")
def test_the_smallest_weights_of_the_whole_model():
    model = small()
    report = nn.prune(model, 0.5)
    assert zeros(model[0]).all() and not zeros(model[2]).any()
    assert report == {"0": (6, 6), "2": (0, 6)} and report.fraction == 0.5


def test_the_same_fraction_of_each_layer():
    model = small()
    before = copy.deepcopy(model)
    nn.prune(model, 0.5, within="layer")
    assert model[0].W.data.tolist() == [[0, -0.6, 0], [0.5, 0, -0.4]]
    assert model[2].W.data.tolist() == [[0, 0], [0, 10], [-11, 12]]
    assert np.array_equal(model[0].b.data, before[0].b.data)


def test_units_with_their_biases():
    """Root mean squares of the columns: √0.13, √0.2, √0.125."""
    model = small()
    nn.prune(model[:-1], 0.3, by="unit")
    assert model[0].W.data.tolist() == [[0.1, -0.6, 0], [0.5, 0.2, 0]]
    assert model[0].b.data.tolist() == [1, 1, 0]
    assert not zeros(model[2]).any() and model[2].W.constraint is None
    assert (model[0](RNG.normal(size=(5, 2))).data[:, 2] == 0).all()


KERNELS = {
    "Conv2d": (lambda: nn.Conv2d(4, 6, 3, groups=2, rng=0), (0, 1, 2)),
    "Conv1d": (lambda: nn.Conv1d(4, 6, 3, rng=0), (0, 1)),
    "DepthwiseConv2d": (lambda: nn.DepthwiseConv2d(4, 3, multiplier=2, rng=0), (0, 1)),
    "ConvTranspose2d": (lambda: nn.ConvTranspose2d(4, 6, 3, rng=0), (0, 1, 3)),
}


@pytest.mark.parametrize("name", KERNELS)
def test_outputs_of_convolutions(name):
    build, axes = KERNELS[name]
    layer = build()
    layer.b.data[...] = 1
    size = np.sqrt((layer.W.data.astype(float) ** 2).mean(axis=axes)).reshape(-1)
    nn.prune(layer, 0.5, by="unit")
    gone = np.isin(np.arange(size.size), np.argsort(size)[: size.size // 2])
    x = RNG.normal(size=(2, 8, 8, 4) if layer.axes == 2 else (2, 8, 4))
    silent = (layer(x).data == 0).all(axis=tuple(range(x.ndim - 1)))
    assert np.array_equal(silent, gone)
    assert np.array_equal(layer.b.data == 0, gone)


@pytest.mark.parametrize("optimizer", [optim.Adam, optim.SGD, optim.AdamW])
def test_zeros_stay_while_training_goes_on(optimizer):
    model = nn.Sequential(nn.Linear(4, 16), nn.ReLU(), nn.Linear(16, 3), seed=0)
    x, y = RNG.normal(size=(64, 4)), RNG.integers(0, 3, 64)
    momentum = {"momentum": 0.9} if optimizer is optim.SGD else {}
    trainer = Trainer(model, nn.cross_entropy, optimizer(model.parameters(), lr=0.01, **momentum))
    trainer.fit(x, y, epochs=2, seed=0, progress=False)  # the optimizer has moments of all weights
    nn.prune(model, 0.6)
    gone, before = [zeros(model[i]) for i in (0, 2)], model[0].W.data.copy()
    trainer.fit(x, y, epochs=2, seed=0, progress=False)
    assert all(np.array_equal(zeros(model[i]), g) for i, g in zip((0, 2), gone, strict=True))
    assert not np.array_equal(before, model[0].W.data)
    assert nn.sparsity(model).fraction == pytest.approx(0.6, abs=0.01)


def test_in_turns_and_beside_another_constraint():
    model = small()
    model[0].W.constraint = nn.MaxNorm(0.1)
    for fraction in (0.3, 0.4, 0.1):
        nn.prune(model[:-1], fraction)
    assert zeros(model[0]).tolist() == [[True, False, False], [False, True, False]]
    rule = model[0].W.constraint
    assert repr(rule) == f"Pruned(2 of 6, {nn.MaxNorm(0.1)!r})"
    w = rule(np.ones((2, 3)))
    assert np.array_equal(w == 0, zeros(model[0])) and np.linalg.norm(w, axis=0).max() < 0.1 + 1e-6
    copied = copy.deepcopy(model)[0].W.constraint
    assert np.array_equal(copied.mask, rule.mask)


def test_what_diverges_in_place_of_a_zero_is_not_brought_back():
    model = small()
    nn.prune(model, 0.25)
    w = np.full((2, 3), np.nan)
    assert (model[0].W.constraint(w)[zeros(model[0])] == 0).all()


def test_after_loading_the_same_call_finds_the_same_zeros(tmp_path):
    model = small()
    nn.prune(model, 0.25)
    model.save(tmp_path / "w.npz")
    loaded = small().load(tmp_path / "w.npz")
    assert nn.sparsity(loaded) == nn.sparsity(model)
    nn.prune(loaded, 0.25)
    assert np.array_equal(loaded[0].W.constraint.mask, model[0].W.constraint.mask)


def test_layers_that_share_weights_count_once():
    model = small()
    model[2].W = model[0].W = nn.Parameter(np.arange(1.0, 10).reshape(3, 3))
    assert nn.prune(model, 1 / 3) == {"0": (3, 9)}


def test_the_report():
    model = small()
    table = str(nn.prune(model, 0.25))
    assert table.splitlines()[0] == "0             3 of          6 weights are 0   50.0%"
    assert table.splitlines()[-1] == "all           3 of         12 weights are 0   25.0%"
    assert str(nn.sparsity(model[2])).startswith("(this layer)")


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"fraction": 1.5}, "a fraction of the weights, 0 to 1"),
        ({"fraction": np.nan}, "a fraction"),
        ({"fraction": 0.5, "by": "row"}, "'weight' or 'unit'"),
        ({"fraction": 0.5, "within": "all"}, "'model' or 'layer'"),
    ],
)
def test_settings_that_do_not_exist(settings, told):
    with pytest.raises(ValueError, match=told):
        nn.prune(small(), **settings)


def test_what_cannot_be_pruned_is_left_as_it_was():
    model = small()
    model[2].W.data[0, 0] = np.inf
    before = model.state_dict()
    with pytest.raises(ValueError, match="1 of 6 weights of layer 2 are not finite"):
        nn.prune(model, 0.5)
    assert all(np.array_equal(a, before[path]) for path, a in model.state_dict().items())
    assert model[0].W.constraint is None
    with pytest.raises(ValueError, match="no Linear and no convolution"):
        nn.prune(nn.ReLU(), 0.5)
    with pytest.raises(RuntimeError, match="no parameters before"):
        nn.prune(nn.Sequential(nn.Linear(None, 3)), 0.5)
    with pytest.raises(TypeError, match="is not a Module"):
        nn.prune(model[0].W, 0.5)
    with pytest.raises(ValueError, match="share axes of W with its groups"):
        nn.prune(nn.ConvTranspose2d(4, 4, 3, groups=2), 0.5, by="unit")


def test_a_layer_that_is_left_without_weights():
    with pytest.warns(
        UserWarning, match="left no weight in 0: what follows no longer depends on x"
    ):
        nn.prune(small(), 0.5)
