"""The table of a model: shapes, times, products and bytes; and `build`, which looks at shapes alone."""

import importlib

import pytest

from tests.nn.small_models import Everything, mlp
from tinygrad_edu import nn
from tinygrad_edu.nn.summary import measured

summary = importlib.import_module("tinygrad_edu.nn.summary")


def test_summary_shows_what_layers_give_and_cost():
    assert mlp().summary((4,)).splitlines() == [
        "layer  kind          output  parameters  multiply-adds  activations",
        "───────────────────────────────────────────────────────────────────",
        "0      Linear(4, 3)  (N, 3)          15             12     24 bytes",
        "1      Tanh()        (N, 3)           0              0     12 bytes",
        "2      Linear(3, 2)  (N, 2)           8              6     16 bytes",
        "───────────────────────────────────────────────────────────────────",
        "Sequential: 23 parameters, 92 bytes; 18 multiply-adds and 52 bytes of activations a sample",
    ]
    assert mlp().summary().splitlines()[2] == "0      Linear(4, 3)          15"
    assert "blocks.1      Block " in Everything().summary((3,))
    assert mlp().summary(4) == mlp().summary((4,))
    assert nn.Linear(64, 64).summary().endswith("Linear: 4,160 parameters, 16.2 KiB")


def test_summary_shows_what_is_frozen():
    model = mlp()
    model[0].trainable = False
    model[2].b.requires_grad = False
    lines = model.summary((4,)).splitlines()
    assert "Linear(4, 3), frozen " in lines[2] and "Linear(3, 2), partly frozen " in lines[4]
    assert "Sequential: 23 parameters, 92 bytes, 17 of them frozen; 18 multiply-adds" in lines[-1]
    assert "frozen" not in model.unfreeze().summary()


def test_a_layer_in_two_places_is_counted_once():
    shared = nn.Linear(4, 4)
    model = nn.Sequential(shared, nn.Tanh(), shared)
    for lines in (model.summary().splitlines(), model.summary((4,)).splitlines()):
        assert lines[4].startswith("2      layer 0 again, counted once")
        assert "Sequential: 20 parameters" in lines[-1]


class Clock:
    """A clock that stands still but for what a layer adds to it."""

    def __init__(self):
        self.now = 0.0

    def perf_counter(self):
        return self.now


class Takes(nn.Module):
    def __init__(self, clock, seconds, inner=None):
        self.clock, self.seconds, self.inner = clock, seconds, inner
        self.unused = nn.ReLU()

    def forward(self, x):
        self.clock.now += self.seconds
        return self.inner(x) if self.inner else x


def test_summary_tells_the_time_of_each_layer_without_those_inside(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(summary, "time", clock)
    outer = Takes(clock, 0.02, inner=Takes(clock, 0.3))
    lines = nn.Sequential(outer, nn.Linear(3, 2)).summary((3,), timed=True).splitlines()
    assert lines[0].split()[-1] == "ms"
    times = {line.split()[0]: line.split()[-1] for line in lines[2:-2]}
    assert times == {"0.unused": "0.000", "0.inner.unused": "0.000", "1": "0.000"}
    assert any("0.unused" in line and "not called" in line for line in lines)
    costs = measured(nn.Sequential(outer), (3,), timed=True)
    assert costs.seconds[outer] == pytest.approx(0.02)
    assert costs.seconds[outer.inner] == pytest.approx(0.3)


def test_the_best_of_several_rounds_counts(monkeypatch):
    class Faster(Takes):
        def forward(self, x):
            self.clock.now += self.seconds
            self.seconds = self.seconds / 2
            return x

    clock = Clock()
    monkeypatch.setattr(summary, "time", clock)
    layer = Faster(clock, 64.0)
    costs = measured(layer, (3,), timed=True)
    assert costs.seconds[layer] == 64 / 2**5  # after one call for the shapes, the fifth of five


def test_memory_is_counted_once_where_arrays_are_shared():
    model = nn.Sequential(nn.Flatten(), nn.Linear(4, 2, bias=False))
    assert [line.split()[-2] for line in model.summary((2, 2)).splitlines()[2:4]] == ["0", "8"]


def test_summary_changes_nothing():
    model = nn.Sequential(nn.Linear(4, 3, rng=0), nn.Dropout(0.5, rng=0)).train()
    model[0].eval()
    model.summary((4,))
    assert model.training and model[1].training and not model[0].training
    assert all(module.hooks == () for _, module in model.named_modules())
    with pytest.raises(ValueError, match="must be 4"):
        model.summary((5,))
    assert all(module.hooks == () for _, module in model.named_modules())


@pytest.mark.parametrize(
    ("layer", "shape", "products"),
    [
        (nn.Conv2d(2, 5, 3), (6, 7, 2), 4 * 5 * 5 * (3 * 3 * 2)),
        (nn.Conv2d(4, 6, 3, groups=2, bias=False), (6, 7, 4), 4 * 5 * 6 * (3 * 3 * 2)),
        (nn.ConvTranspose2d(2, 5, 2, stride=2), (3, 3, 2), 3 * 3 * 2 * (2 * 2 * 5)),
        (nn.LSTM(3, 4), (7, 3), 7 * (3 * 16 + 4 * 16)),
        (nn.GRU(3, 4), (7, 3), 7 * (3 * 12 + 4 * 12)),
        (nn.SimpleRNN(3, 4), (7, 3), 7 * (3 * 4 + 4 * 4)),
        (nn.Linear(3, 4), (7, 3), 7 * 3 * 4),
    ],
)
def test_products_are_counted_as_their_formula_says(layer, shape, products):
    assert sum(measured(layer, shape).multiply_adds.values()) == products


class Reader(nn.Module):
    def __init__(self):
        self.words = nn.Embedding(10, 4, rng=0)
        self.read = nn.LSTM(None, 3, rng=0)

    def forward(self, ids):
        return self.read(self.words(ids))


@pytest.mark.parametrize(
    "model",
    [Reader, lambda: nn.Sequential(nn.Embedding(10, 4, rng=0), nn.LSTM(None, 3, rng=0))],
    ids=["module", "sequential"],
)
def test_models_of_words_are_built_and_summed_up(model):
    """The first layer takes whole numbers: so that is what is sent through."""
    model = model().build((7,))
    lines = model.summary((7,), timed=True).splitlines()
    assert "(N, 7, 4)" in lines[2] and "(N, 3)" in lines[3]
    assert len(model.parameters()) == 4


def test_the_table_adds_up_and_counts_attention():
    """4 products (4, 8, 8) of 5 steps, scores and weighted values 2 (2, 5, 5, 4), and 2 of the perceptron."""
    model = nn.Sequential(nn.TransformerBlock(8, 2, rng=0))
    lines = model.summary((5, 8)).splitlines()
    cells = [line.split("  ") for line in lines[2:-2]]
    counts = [int([c for c in row if c.strip()][-2].replace(",", "")) for row in cells]
    assert sum(counts) == 4 * 5 * 8 * 8 + 2 * (2 * 5 * 5 * 4) + 2 * 5 * 8 * 32
    assert f"{sum(counts):,} multiply-adds" in lines[-1]
    assert any(line.startswith("0.attention ") and " 400 " in line for line in lines)


def test_build_remembers_the_shapes_of_a_sample():
    model = nn.Sequential(nn.Reshape(8, 8, 1), nn.Flatten(), nn.Linear(None, 3))
    assert model.sample_shapes == ()
    assert model.build((64,)).sample_shapes == ((64,),)
    assert not nn.Linear(2, 3).sample_shapes


class TwoByTwo(nn.Module):
    """Two inputs and two outputs."""

    def __init__(self, form):
        self.a, self.b, self.form = nn.Linear(4, 1, rng=0), nn.Linear(2, 3, rng=1), form

    def forward(self, left, right):
        return self.form({"a": self.a(left), "b": self.b(right)})


@pytest.mark.parametrize("form", [dict, lambda parts: tuple(parts.values())])
@pytest.mark.parametrize("shapes", [((4,), (2,)), {"right": (2,), "left": (4,)}])
def test_several_inputs_and_outputs_are_counted(form, shapes):
    lines = nn.Sequential(nn.Tanh(), TwoByTwo(form))[1].summary(shapes).splitlines()
    assert lines[2].split() == ["a", "Linear(4,", "1)", "(N,", "1)", "5", "4", "8", "bytes"]
    assert "14 parameters" in lines[-1] and "10 multiply-adds and 32 bytes" in lines[-1]


def test_the_outputs_of_a_block_are_listed():
    class Block(TwoByTwo):
        def __init__(self):
            super().__init__(tuple)
            self.scale = nn.Parameter([1.0])

        def forward(self, left, right):
            return self.a(left) * self.scale, self.b(right)

    assert "(N, 1), (N, 3)" in Block().summary(((4,), (2,))).splitlines()[2]
