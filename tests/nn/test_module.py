"""Modules: what is found inside them, weights in and out, and what is refused."""

import copy
import pickle
import time

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn
from tinygrad_edu.nn.summary import measured
from tinygrad_edu.optim import SGD


class Block(nn.Module):
    def __init__(self):
        self.lin = nn.Linear(2, 2, rng=0)
        self.scale = nn.Parameter(np.ones(2, np.float32))

    def forward(self, x):
        return self.lin(x) * self.scale


class Everything(nn.Module):
    """Parameters in attributes, lists, tuples and dicts, one of them shared."""

    def __init__(self):
        self.first = nn.Linear(3, 2, rng=0)
        self.blocks = [Block(), Block()]
        self.heads = {"a": nn.Linear(2, 1, rng=1), "b": (nn.Linear(2, 1, bias=False, rng=2),)}
        self.again = self.first
        self.table = np.ones(3)  # a plain array is no parameter

    def forward(self, x):
        x = self.first(x)
        for block in self.blocks:
            x = block(x)
        return self.heads["a"](x) + self.heads["b"][0](x)


def mlp(**kwargs):
    return nn.Sequential(
        nn.Linear(4, 3, rng=0, **kwargs), nn.Tanh(), nn.Linear(3, 2, rng=1, **kwargs)
    )


def test_parameters_are_found_by_walking_the_attributes():
    model = Everything()
    assert [path for path, _ in model.named_parameters()] == [
        "first.W", "first.b",
        "blocks.0.lin.W", "blocks.0.lin.b", "blocks.0.scale",
        "blocks.1.lin.W", "blocks.1.lin.b", "blocks.1.scale",
        "heads.a.W", "heads.a.b", "heads.b.0.W",
    ]  # fmt: skip
    assert [path for path, _ in model.named_modules()] == [
        "", "first", "blocks.0", "blocks.0.lin", "blocks.1", "blocks.1.lin", "heads.a", "heads.b.0"
    ]  # fmt: skip
    assert [path for path, _ in mlp().named_parameters()] == ["0.W", "0.b", "2.W", "2.b"]


def test_a_new_attribute_is_found_too_and_none_takes_it_away():
    model = mlp()
    model.extra = nn.Parameter([1.0])
    # Sequential lists its layers only, any other module all of its attributes
    block = Block()
    block.extra = nn.Parameter([1.0])
    assert "extra" in dict(block.named_parameters())
    block.extra = None
    assert "extra" not in dict(block.named_parameters())


def test_train_and_eval_reach_everything_inside():
    model = Everything()
    model.eval()
    assert not any(module.training for _, module in model.named_modules())
    assert all(module.training for _, module in model.train().named_modules())


def test_the_number_of_parameters():
    assert sum(p.size for p in Everything().parameters()) == 8 + 2 * (6 + 2) + 3 + 2


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
    assert mlp().summary(4) == mlp().summary((4,)) == mlp().freeze().summary((4,))
    assert nn.Linear(64, 64).summary().endswith("Linear: 4,160 parameters, 16.2 KiB")


class Slow(nn.Module):
    def __init__(self):
        self.inner = nn.Tanh()
        self.unused = nn.ReLU()

    def forward(self, x):
        time.sleep(0.02)
        return self.inner(x)


def test_summary_tells_the_time_of_each_layer_without_those_inside():
    lines = nn.Sequential(Slow(), nn.Linear(3, 2)).summary((3,), timed=True).splitlines()
    assert lines[0].split()[-1] == "ms"
    times = {
        line.split()[0]: float(line.split()[-1]) for line in lines[2:5] if "not called" not in line
    }
    assert times["0.inner"] < 10 and times["1"] < 10
    assert any("0.unused  ReLU()" in line and "not called" in line for line in lines)
    costs = measured(nn.Sequential(Slow()), (3,), timed=True)
    slow = next(seconds for module, seconds in costs.seconds.items() if isinstance(module, Slow))
    assert 0.02 <= slow < 0.2


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


def test_repr_is_nested():
    assert repr(mlp()) == "Sequential(\n  0: Linear(4, 3)\n  1: Tanh()\n  2: Linear(3, 2)\n)"
    assert repr(nn.Dropout(0.25)) == "Dropout(p=0.25)"
    assert repr(Block()) == "Block(\n  lin: Linear(2, 2)\n)"


def test_hooks_see_inputs_and_output():
    model, seen = mlp(), []
    model[1].hooks = (lambda module, inputs, y: seen.append((module, inputs[0].shape, y.shape)),)
    model(np.ones((5, 4)))
    assert seen == [(model[1], (5, 3), (5, 3))]
    model.summary((4,))
    assert len(seen) == 1  # a look at the shapes is no forward to listen to
    model[1].hooks = (nn.Linear(1, 1),)
    assert len(model.parameters()) == 4  # and a hook is no part of the model


def test_forward_is_asked_for():
    with pytest.raises(NotImplementedError, match="Module has no forward"):
        nn.Module()(1)


def test_a_parameter_owns_its_numbers():
    array = np.ones(3)
    p = nn.Parameter(array)
    p.data[0] = 5
    assert array[0] == 1
    assert nn.Parameter(Tensor(array)).data is not array


def test_overwriting_a_parameter_with_an_array_is_refused():
    layer = nn.Linear(2, 2, rng=0)
    before = layer.W
    with pytest.raises(
        TypeError, match=r"Linear\.W is W \(2, 2\) float32.*out of training"
    ) as error:
        layer.W = np.zeros((2, 2))
    assert ".W.data[...] = numbers" in str(error.value)
    assert layer.W is before
    layer.W = nn.Parameter(np.zeros((2, 2)))
    assert layer.W.data.sum() == 0


def test_a_model_can_be_pickled():
    model = mlp()
    again = pickle.loads(pickle.dumps(model))
    x = np.ones((2, 4), np.float32)
    assert np.array_equal(model(x).data, again(x).data)
    assert all(isinstance(p, nn.Parameter) and p.requires_grad for p in again.parameters())


# --------------------------------------------------------------------------------- weights and files


def test_state_dict_is_a_copy_and_loads_back():
    model, other = mlp(), mlp()
    state = model.state_dict()
    for p in other.parameters():
        p.data[...] = 9
    kept = [p.data for p in other.parameters()]
    other.load_state_dict(state)
    assert all(np.array_equal(other.state_dict()[k], v) for k, v in state.items())
    assert all(p.data is k for p, k in zip(other.parameters(), kept, strict=True))  # in place
    state["0.W"][...] = 7
    assert model[0].W.data.max() < 7


def test_save_and_load(tmp_path):
    model, path = mlp(), tmp_path / "weights.npz"
    model.save(path)
    other = mlp()
    for p in other.parameters():
        p.data[...] = 9
    other.load(path)
    x = np.ones((2, 4), np.float32)
    assert np.array_equal(model(x).data, other(x).data)
    with np.load(path, allow_pickle=False) as file:
        assert sorted(file.files) == ["0.W", "0.b", "2.W", "2.b"]
    assert list(tmp_path.iterdir()) == [path]  # no draft is left lying about


def test_saving_writes_a_whole_file_or_none(tmp_path, monkeypatch):
    model, path = mlp(), tmp_path / "weights.npz"
    model.save(path)
    before = path.read_bytes()

    def full(file, array, allow_pickle):
        file.write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np.lib.format, "write_array", full)
    with pytest.raises(OSError, match="disk full"):
        model.save(path)
    assert path.read_bytes() == before and list(tmp_path.iterdir()) == [path]


def refused(model, load, words):
    """The load is refused, in these words, and no weight has changed."""
    before = model.state_dict()
    with pytest.raises(ValueError, match=words) as error:
        load()
    assert all(np.array_equal(model.state_dict()[k], v) for k, v in before.items())
    return str(error.value)


def test_weights_of_another_architecture_are_refused_with_every_difference():
    model = mlp()
    other = nn.Sequential(
        nn.Linear(4, 5, rng=0), nn.Tanh(), nn.Linear(5, 2, bias=False), nn.Linear(2, 2)
    )
    text = refused(
        model, lambda: model.load_state_dict(other.state_dict()), "not of this Sequential"
    )
    for difference in (
        "0.W is (4, 5), the model's is (4, 3)",
        "0.b is (5,), the model's is (3,)",
        "2.W is (5, 2), the model's is (3, 2)",
        "2.b (2,) is missing",
        "3.W (2, 2) has no place in the model",
    ):
        assert difference in text


def test_weights_that_would_lose_digits_are_refused():
    model, double = mlp(), mlp(dtype=np.float64)
    text = refused(model, lambda: model.load_state_dict(double.state_dict()), "0.W is float64")
    assert "model.astype(...)" in text
    double.load_state_dict(model.state_dict())  # more digits than needed are no loss
    assert double[0].W.dtype == np.float64


@pytest.mark.parametrize("size", [0, 1, 50, 300, -1])
def test_a_truncated_weight_file_is_refused(tmp_path, size):
    model, path = mlp(), tmp_path / "weights.npz"
    mlp().save(path)
    path.write_bytes(path.read_bytes()[:size])
    text = refused(model, lambda: model.load(path), "is not a weight file, or only a part of one")
    assert "weights.npz" in text and "model.save(path)" in text


def test_a_damaged_weight_file_is_refused(tmp_path):
    model, path = mlp(), tmp_path / "weights.npz"
    mlp().save(path)
    content = bytearray(path.read_bytes())
    start = content.index(b"NUMPY") + 130  # among the numbers of the first array
    content[start : start + 8] = b"damaged!"
    path.write_bytes(content)
    refused(model, lambda: model.load(path), "only a part of one")


@pytest.mark.parametrize("kind", ["text", "npy", "pickle", "npz"])
def test_foreign_files_are_refused(tmp_path, kind):
    model, path = mlp(), tmp_path / "file"
    if kind == "text":
        path.write_text("hello, I am no weight file")
    elif kind == "pickle":
        path.write_bytes(pickle.dumps({"0.W": np.ones(3)}))
    elif kind == "npy":
        with path.open("wb") as file:
            np.save(file, np.ones(3))
    else:
        with path.open("wb") as file:
            np.savez(file, images=np.ones(3))
    words = "images .* has no place" if kind == "npz" else "is not a weight file"
    refused(model, lambda: model.load(path), words)


def test_parameters_of_any_name_are_saved(tmp_path):
    class Odd(nn.Module):
        def __init__(self):
            self.file = nn.Parameter([1.0, 2.0])

    Odd().save(tmp_path / "odd.npz")
    assert Odd().load(tmp_path / "odd.npz").file.data.tolist() == [1.0, 2.0]


def test_advice_is_not_to_unpickle(tmp_path):
    (tmp_path / "file").write_text("hello, I am no weight file")
    text = refused(mlp(), lambda: mlp().load(tmp_path / "file"), "text, or a pickle")
    assert "allow_pickle" not in text


def test_there_is_no_such_folder(tmp_path):
    with pytest.raises(
        FileNotFoundError, match=r"there is no folder '.*nowhere' to save 'w\.npz' in"
    ):
        mlp().save(tmp_path / "nowhere" / "w.npz")


def test_a_model_sends_people_to_the_trainer():
    with pytest.raises(AttributeError, match=r"a Sequential has no \.fit(.|\n)*Trainer\(model"):
        mlp().fit(1, 2)


def test_a_missing_file_is_missing():
    with pytest.raises(FileNotFoundError):
        mlp().load("nowhere.npz")


# ------------------------------------------------------------- buffers, freezing, sizes found out later


class Counting(nn.Module):
    """Remembers how many samples it has seen."""

    def __init__(self):
        self.seen = nn.Buffer(np.zeros(1))
        self.scale = nn.Parameter([2.0])

    def forward(self, x):
        self.seen.data += len(x)
        return x * self.scale


def test_buffers_are_saved_but_not_learned(tmp_path):
    model = nn.Sequential(Counting(), nn.Linear(2, 2, rng=0))
    model(np.ones((5, 2)))
    assert [path for path, _ in model.named_parameters()] == ["0.scale", "1.W", "1.b"]
    assert [path for path, _ in model.named_buffers()] == ["0.seen"]
    assert list(model.state_dict()) == ["0.seen", "0.scale", "1.W", "1.b"]
    model.save(tmp_path / "w.npz")
    again = nn.Sequential(Counting(), nn.Linear(2, 2, rng=1)).load(tmp_path / "w.npz")
    assert again[0].seen.data == 5
    assert model.astype(np.float32)[0].seen.dtype == np.float32
    with pytest.raises(TypeError, match=r"seen is seen \(1,\).*out of what is saved") as caught:
        model[0].seen = np.ones(1)
    assert "seen.data[...] = numbers" in str(caught.value)


def test_frozen_parameters_get_no_gradient_and_stay():
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 2, rng=1))
    model[0].freeze()
    before = model.state_dict()
    optimizer = SGD(model.parameters(), lr=0.1)
    (model(np.ones((2, 3))) ** 2).sum().backward()
    optimizer.step()
    assert model[0].W.grad is None
    assert np.array_equal(model[0].W.data, before["0.W"])
    assert not np.array_equal(model[2].W.data, before["2.W"])
    model.unfreeze()
    (model(np.ones((2, 3))) ** 2).sum().backward()
    assert model[0].W.grad is not None


def test_apply_reaches_every_module():
    kinds = []
    model = nn.Sequential(nn.Linear(2, 2), nn.Sequential(nn.ReLU()))
    assert model.apply(lambda module: kinds.append(type(module).__name__)) is model
    assert kinds == ["Sequential", "Linear", "Sequential", "ReLU"]


def test_hooks_are_called_until_they_are_removed():
    model, calls = nn.Sequential(nn.Linear(2, 3, rng=0)), []
    remove = model[0].add_hook(lambda module, inputs, y: calls.append((module, y.shape)))
    model(np.ones((4, 2)))
    remove()
    model(np.ones((4, 2)))
    assert calls == [(model[0], (4, 3))]


def test_the_first_input_tells_a_layer_its_size():
    model = nn.Sequential(
        nn.Linear(None, 4, rng=0), nn.ReLU(), nn.Linear(None, 2, bias=False, rng=1)
    )
    assert repr(model[0]) == "Linear(None, 4)"
    with pytest.raises(
        RuntimeError, match=r"layer 0, Linear\(None, 4\) has no parameters before"
    ) as e:
        model.parameters()
    assert "model.build(x.shape[1:])" in str(e.value)
    assert model.build((3,)) is model
    told = nn.Sequential(nn.Linear(3, 4, rng=0), nn.ReLU(), nn.Linear(4, 2, bias=False, rng=1))
    x = np.random.default_rng(0).normal(size=(5, 3))
    np.testing.assert_array_equal(model(x).data, told(x).data)
    assert list(model.state_dict()) == list(told.state_dict())
    with pytest.raises(ValueError, match="the last axis must be 3"):
        model(np.ones((5, 4)))


def test_a_size_is_known_only_after_a_whole_first_call():
    model = nn.Sequential(nn.Linear(None, 4, rng=0), nn.Linear(5, 2))
    with pytest.raises(ValueError, match="the last axis must be 5"):
        model(np.ones((2, 3)))
    assert model[0].W.shape == (3, 4)  # that layer was called, and it is whole


def test_loading_what_fits_and_leaving_the_rest():
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=1))
    other = {"0.W": np.ones((2, 3)), "head.W": np.ones((9, 9))}
    with pytest.raises(ValueError, match=r"head.W \(9, 9\) has no place"):
        model.load_state_dict(other, strict=True)
    kept = model[1].W.data.copy()
    model.astype(np.float64).load_state_dict(other, strict=False)
    assert np.all(model[0].W.data == 1)
    assert np.array_equal(model[1].W.data, kept)
    with pytest.raises(ValueError, match=r"0.W is \(5, 5\)"):
        model.load_state_dict({"0.W": np.ones((5, 5))}, strict=False)


def test_the_penalty_is_the_sum_over_regularized_parameters():
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=1))
    assert model.penalty() == 0.0
    model[0].W.regularizer = lambda w: 0.5 * (w * w).sum()
    model[1].W.regularizer = lambda w: np.abs(w).sum()
    penalty = model.penalty()
    W0, W1 = model[0].W.data, model[1].W.data
    np.testing.assert_allclose(penalty.data, 0.5 * (W0**2).sum() + abs(W1).sum(), rtol=1e-6)
    penalty.backward()
    np.testing.assert_allclose(model[0].W.grad, W0, rtol=1e-6)
    again = copy.deepcopy(model)
    assert again[0].W.regularizer is model[0].W.regularizer


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


def test_the_error_of_a_property_is_its_own():
    class Wide(nn.Module):
        @property
        def size(self):
            return self.inner.size

    with pytest.raises(AttributeError, match="no attribute 'inner'"):
        _ = Wide().size
    with pytest.raises(AttributeError, match="no attribute 'sise'"):
        _ = Wide().sise
    assert not hasattr(nn.Linear(2, 3), "weights") and nn.Linear(2, 3).W.shape == (2, 3)


def test_a_model_may_have_an_attribute_of_any_name():
    class Own(nn.Module):
        def __init__(self):
            self.weights, self.fit = nn.Parameter(np.ones(2)), 3

    assert Own().weights.shape == (2,) and Own().fit == 3
