"""Modules: what is found inside them, their state, and what is refused."""

import copy
import pickle

import numpy as np
import pytest

from tests.nn.small_models import Block, Everything, mlp, refused
from tinygrad_edu import Tensor, nn
from tinygrad_edu.optim import SGD


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


# --------------------------------------------------------------------------------------- the state


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


def test_a_model_sends_people_to_the_trainer():
    with pytest.raises(AttributeError, match=r"a Sequential has no \.fit(.|\n)*Trainer\(model"):
        mlp().fit(1, 2)


# ----------------------------------------------------------------------------- buffers and freezing


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


def test_loading_what_fits_and_leaving_the_rest():
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=1))
    other = {"0.W": np.ones((2, 3)), "head.W": np.ones((9, 9))}
    with pytest.raises(ValueError, match=r"head.W \(9, 9\) has no place"):
        model.load_state_dict(other, strict=True)
    kept = model[1].W.data.copy()
    with pytest.warns(UserWarning, match=r"1 of 4 arrays of this Sequential were loaded") as told:
        model.astype(np.float64).load_state_dict(other, strict=False)
    for line in ("1.W (3, 1) is missing", "head.W (9, 9) has no place in the model"):
        assert line in str(told[0].message)
    assert told[0].filename == __file__
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


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda: nn.Linear(2, 3, activation="relu"), "Linear has no argument 'activation'"),
        (
            lambda: nn.Linear(in_features=2, out_features=3),
            "Try: inputs, outputs, bias, init, rng, dtype",
        ),
        (lambda: nn.Dropout(rate=0.5), "Dropout has no argument 'rate'(.|\n)*Try: p, rng"),
    ],
)
def test_arguments_that_a_layer_does_not_have(make, words):
    with pytest.raises(TypeError, match=words):
        make()


def test_a_layer_deep_inside_is_named_by_its_path():
    model = nn.Sequential(nn.Linear(4, 3, rng=0), nn.Sequential(nn.Tanh(), nn.Linear(4, 2, rng=0)))
    x = np.ones((5, 4))
    with pytest.raises(
        ValueError, match=r"^layer 1\.1, Linear\(4, 2\), got x of shape \(5, 3\)"
    ) as error:
        model(x)
    assert "test_module.py" in str(error.value) and "model(x)" in str(error.value)


def test_a_part_of_a_network_loads_by_prefix(tmp_path):
    whole, part = Everything(), nn.Linear(3, 2, rng=9)
    whole.save(tmp_path / "w.npz")
    part.load(tmp_path / "w.npz", prefix="first")
    assert np.array_equal(part.W.data, whole.first.W.data)
    block = Everything().blocks[0].load_state_dict(whole.state_dict(), prefix="blocks.1.")
    assert np.array_equal(block.lin.W.data, whole.blocks[1].lin.W.data)
    with pytest.raises(ValueError, match=r"starts with 'enc.'(.|\n)*prefix='blocks' or 'first'"):
        part.load(tmp_path / "w.npz", prefix="enc")


def test_a_new_head_on_old_layers(tmp_path):
    mlp().save(tmp_path / "w.npz")
    other = nn.Sequential(nn.Linear(4, 3, rng=5), nn.Tanh(), nn.Linear(3, 7, rng=6))
    refused(other, lambda: other.load(tmp_path / "w.npz"), "strict=False to load what fits")
    with pytest.warns(
        UserWarning, match=r"w.npz': 2 of 4 arrays(.|\n)*2.W is .3, 2., the model's is"
    ):
        other.load(tmp_path / "w.npz", strict=False)
    assert np.array_equal(other[0].W.data, mlp()[0].W.data)


def test_trainable_freezes():
    model = mlp()
    model[0].trainable = False
    assert not model[0].trainable and model.trainable and model[1].trainable
    assert [p.requires_grad for p in model.parameters()] == [False, False, True, True]
    model.trainable = True
    assert all(p.requires_grad for p in model.parameters())


def test_one_seed_for_a_whole_model():
    def made():
        return (
            nn.Linear(None, 4), nn.Conv1d(4, 4, 1), nn.LSTM(4, 4), nn.BatchNorm(), nn.Linear(4, 4),
            nn.TransformerBlock(4, 2, dropout=0.1), nn.Positions(5, 4), nn.Dropout(0.5),
        )  # fmt: skip

    x = np.ones((2, 5, 3), np.float32)
    one, two, three = (nn.Sequential(*made()[:2], *made()[3:], seed=s) for s in (0, 0, 1))
    assert np.array_equal(one(x).data, two(x).data) and not np.array_equal(
        two(x).data, three(x).data
    )
    again = copy.deepcopy(one)
    parameters = one.parameters()
    one.initialize(7)
    assert one.parameters() == parameters  # the same objects, as an optimizer has them
    for path, p in one.named_parameters():
        other = dict(again.named_parameters())[path]
        assert np.array_equal(p.data, other.data) == (np.ptp(p.data) == 0), path
    again.initialize(7)
    assert all(
        np.array_equal(a.data, b.data)
        for a, b in zip(one.parameters(), again.parameters(), strict=True)
    )
    assert np.array_equal(one(x).data, again(x).data)  # dropout draws the same, too
    lstm = nn.LSTM(3, 4, rng=0).initialize(np.random.default_rng(0))
    assert np.array_equal(lstm.U.data, nn.LSTM(3, 4, rng=0).U.data)


def test_equal_seeds_are_said():
    with pytest.warns(
        UserWarning, match=r"1.W starts as 0.W(.|\n)*Sequential\(..., seed=0\)"
    ) as told:
        nn.Sequential(nn.Linear(4, 4, rng=0), nn.Linear(4, 4, rng=0))
    assert told[0].filename == __file__
    shared = nn.Linear(4, 4, rng=0)
    nn.Sequential(shared, shared, nn.Linear(4, 4, rng=1), nn.Linear(4, 3, rng=0))
    nn.Sequential(nn.PReLU((2, 2)), nn.PReLU((2, 2)))


def test_a_slice_of_a_model_is_a_model():
    model = mlp()
    first = model[:2]
    assert isinstance(first, nn.Sequential) and first[0] is model[0] and len(first) == 2
    assert model[-1] is model.layers[2] and len(model[::-1]) == 3


def test_layers_that_share_a_parameter_had_no_seed_in_common():
    one, other = nn.Linear(3, 3), nn.Linear(3, 3)
    other.W = one.W
    nn.Sequential(one, other)  # warnings are errors here


def test_a_tensor_that_is_to_be_learned_is_no_parameter():
    layer = nn.Linear(2, 2)
    with pytest.warns(
        UserWarning, match=r"Linear.gain is a Tensor that requires a gradient[^~]*nn.Parameter"
    ):
        layer.gain = Tensor(np.ones(2), requires_grad=True)
    layer.constant = Tensor(np.ones(2))  # warnings are errors here
    with pytest.raises(
        AttributeError, match=r"Linear has no requires_grad[^~]*layer.trainable = False"
    ):
        layer.requires_grad = False


class Holder(nn.Module):
    """Keeps a thing under a name."""

    def __init__(self, name, thing):
        setattr(self, name, thing)

    def forward(self, x):
        return x


def test_layers_where_a_module_does_not_look():
    layers = [nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=1)]
    for thing in (set(layers), frozenset(layers), {nn.Parameter([1.0])}):
        with pytest.raises(
            TypeError, match=r"Holder.inner is a (frozen)?set of (Linear|Parameter):"
        ):
            Holder("inner", thing)
    for thing in ((x for x in layers), map(id, layers), zip(layers, layers, strict=True)):
        with pytest.raises(
            TypeError, match=r"empty after its first use(.|\n)*Try: self.inner = \[...\]"
        ):
            Holder("inner", thing)
    for thing in (layers, tuple(layers), {"a": layers[0]}, {1, 2}, frozenset("ab")):
        assert len(Holder("inner", thing).parameters()) in (0, 2, 4)


@pytest.mark.parametrize("name", ["parameters", "train", "eval", "save", "freeze"])
def test_a_method_is_not_hidden(name):
    for thing in (True, [nn.Parameter([1.0])], nn.Parameter([1.0]), nn.Linear(2, 3)):
        with pytest.raises(AttributeError, match=f"Holder.{name} is a method of every module"):
            Holder(name, thing)
    Holder(name, lambda: 1)  # a function may be meant
    Holder("forward", nn.Linear(2, 3))


def test_a_computed_tensor_is_no_parameter():
    with pytest.warns(UserWarning, match="Holder.w is the result of multiply, and no Parameter"):
        Holder("w", nn.Parameter([1.0]) * 2)

    class Remembers(nn.Module):
        def __init__(self):
            self.scale = nn.Parameter([2.0])

        def forward(self, x):
            self.seen = self.scale * x
            return self.seen

    model = Remembers()
    model(np.ones(3))
    assert model.seen.requires_grad


def test_methods_that_nothing_calls():
    kinds = {
        name: type("Odd", (nn.Module,), {name: lambda self, x: x})
        for name in ("foward", "call", "other")
    }
    for name, hint in (
        ("foward", "forward instead of foward, which nothing calls"),
        ("call", "forward instead of call, which nothing calls"),
        ("other", "def forward"),
    ):
        with pytest.raises(
            NotImplementedError, match=rf"no forward\(self, x\) yet(.|\n)*Try: {hint}"
        ):
            kinds[name]()(1.0)
    kind = type(
        "Odd", (nn.Module,), {"_init_": lambda self: None, "forward": lambda self, x: self.layer(x)}
    )
    with pytest.raises(AttributeError, match="no attribute 'layer': _init_ was not called"):
        kind()(1.0)


def test_a_dropout_that_eval_does_not_reach():
    class Anew(nn.Module):
        def forward(self, x):
            return nn.Dropout(0.5, rng=0)(x)

    model = Anew()
    model(np.ones(3))
    with pytest.warns(
        UserWarning, match=r"Dropout\(p=0.5\) is in training mode inside a Anew in eval mode"
    ):
        model.eval()(np.ones(3))
    inside = nn.Sequential(nn.Dropout(0.5, rng=0)).eval()
    inside[0].train()  # samples of dropout, as a measure of doubt
    inside(np.ones(3))
