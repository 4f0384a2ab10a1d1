"""Quantized models: bounds of the rounding, real bytes, and what is refused."""

import copy
import pickle

import numpy as np
import pytest

from tinygrad_edu import compile, nn, optim
from tinygrad_edu.data import load_digits, train_test_split
from tinygrad_edu.training import Trainer, accuracy

RNG = np.random.default_rng(0)

LAYERS = {
    "Linear": (lambda t: nn.Linear(4, 6, rng=0, dtype=t), (3, 4), (0,)),
    "Linear without bias": (lambda t: nn.Linear(4, 6, bias=False, rng=0, dtype=t), (2, 3, 4), (0,)),
    "Embedding": (lambda t: nn.Embedding(5, 6, rng=0, dtype=t), None, (1,)),
    "Conv1d": (lambda t: nn.Conv1d(4, 6, 3, rng=0, dtype=t), (2, 5, 4), (0, 1)),
    "Conv2d": (lambda t: nn.Conv2d(4, 6, 3, groups=2, rng=0, dtype=t), (2, 5, 5, 4), (0, 1, 2)),
    "Conv3d": (lambda t: nn.Conv3d(4, 2, 2, rng=0, dtype=t), (1, 3, 3, 3, 4), (0, 1, 2, 3)),
    "DepthwiseConv2d": (
        lambda t: nn.DepthwiseConv2d(4, 3, multiplier=2, rng=0, dtype=t),
        (2, 5, 5, 4),
        (0, 1),
    ),
    "ConvTranspose2d": (
        lambda t: nn.ConvTranspose2d(4, 6, 3, rng=0, dtype=t),
        (2, 5, 5, 4),
        (0, 1, 3),
    ),
}


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@pytest.mark.parametrize("name", LAYERS)
def test_each_weight_is_off_by_half_a_step_at_most(name, dtype):
    build, shape, axes = LAYERS[name]
    layer = build(dtype)
    made = nn.quantize(layer)
    w, q, s = layer.W.data, made.W_int8.data, made.W_scale.data
    assert (q.dtype, s.dtype, made.W.dtype) == (np.int8, dtype, dtype)
    assert np.array_equal(s, np.abs(w).max(axis=axes, keepdims=True) / dtype(127))
    assert np.abs(q).max(axis=axes).min() == 127  # the whole range is used
    assert (np.abs(w - q * s) <= s / 2 * (1 + 1e-5)).all()
    x = RNG.integers(0, 5, (2, 3)) if shape is None else RNG.normal(size=shape)
    y = made(x)
    layer.W.data[...] = q * s  # the layer with these weights gives the same, bit for bit
    assert y.dtype == dtype and np.array_equal(y.data, layer.eval()(x).data)


def test_on_paper():
    layer = nn.Linear(3, 2, rng=0, dtype=np.float64)
    layer.W.data[...] = [[1.27, 0], [-0.014, 0], [0.026, 0]]
    made = nn.quantize(layer)
    assert made.W_int8.data.tolist() == [[127, 0], [-1, 0], [3, 0]]
    assert made.W_scale.data.tolist() == [[0.01, 1.0]]
    assert made.W.data[:, 1].tolist() == [0, 0, 0]


def test_the_output_is_off_by_what_the_rounding_of_the_weights_allows():
    layer = nn.Linear(50, 8, rng=0, dtype=np.float64)
    made, x = nn.quantize(layer), RNG.normal(size=(20, 50))
    bound = np.abs(x).sum(axis=1, keepdims=True) * made.W_scale.data / 2
    off = np.abs(made(x).data - layer(x).data)
    assert (off <= bound * (1 + 1e-12)).all() and off.max() > 0


def gpt():
    block = nn.TransformerBlock(16, 2, causal=True)
    return nn.Sequential(nn.Embedding(9, 16), nn.Positions(12, 16), block, nn.Linear(16, 9), seed=0)


def test_a_model_keeps_everything_else_and_shares_nothing():
    model = gpt()
    before = copy.deepcopy(model)
    ids = RNG.integers(0, 9, (2, 7))
    made = nn.quantize(model)
    state = made.state_dict()
    assert state["0.W_int8"].dtype == state["2.attention.query.W_int8"].dtype == np.int8
    assert np.array_equal(state["1.W"], model[1].W.data)
    assert not any(p.requires_grad for p in made.parameters()) and not made.training
    y = made(ids).data
    assert np.abs(y - model.eval()(ids).data).max() < 0.05 * np.abs(y).max()
    for parameter in model.parameters():
        parameter.data[...] = 0
    assert np.array_equal(made(ids).data, y)
    assert repr(made[3]) == "QuantizedLinear(16, 9)"
    assert all(p.requires_grad for p in before.parameters()) and all(
        p.requires_grad for p in model.parameters()
    )


def test_it_writes_with_a_cache():
    made = nn.quantize(gpt())
    one, two = (nn.generate(made, [1, 2, 3], 15, rng=0, cache=cache) for cache in (True, False))
    assert np.array_equal(one, two)


def test_bytes_are_saved_in_memory_and_in_files(tmp_path):
    model = nn.Sequential(nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10), seed=0)
    made = nn.quantize(model)
    weights, outputs = 256 * 128 + 128 * 10, 128 + 10
    assert sum(a.nbytes for a in model.state_dict().values()) == 4 * weights + 4 * outputs
    assert sum(a.nbytes for a in made.state_dict().values()) == weights + 8 * outputs
    for name, module in (("model", model), ("made", made)):
        module.save(tmp_path / f"{name}.npz")
    sizes = [(tmp_path / f"{name}.npz").stat().st_size for name in ("model", "made")]
    assert sizes[1] < 0.3 * sizes[0]
    other = nn.Sequential(nn.Linear(256, 128), nn.ReLU(), nn.Linear(128, 10), seed=1)
    loaded = nn.quantize(other).load(tmp_path / "made.npz")
    x = RNG.normal(size=(3, 256))
    assert np.array_equal(loaded(x).data, made(x).data)
    with pytest.raises(ValueError, match="0.W_int8 .* has no place in the model"):
        other.load(tmp_path / "made.npz")


def test_safetensors_and_copies(tmp_path):
    made, x = nn.quantize(nn.Linear(5, 3, rng=0)), RNG.normal(size=(2, 5))
    for other in (pickle.loads(pickle.dumps(made)), copy.deepcopy(made)):
        assert type(other) is type(made) and np.array_equal(other(x).data, made(x).data)
    pytest.importorskip("safetensors")
    from tinygrad_edu import twins

    twins.save_safetensors(made, tmp_path / "w.safetensors")
    loaded = twins.load_safetensors(nn.quantize(nn.Linear(5, 3, rng=1)), tmp_path / "w.safetensors")
    assert np.array_equal(loaded(x).data, made(x).data)
    assert loaded.W_int8.data.dtype == np.int8


def test_digits_are_recognized_as_well_as_before():
    x, y = load_digits()
    x, x_test, y, y_test = train_test_split(x.reshape(-1, 64) / 16, y, seed=0)
    model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10), seed=0)
    trainer = Trainer(model, nn.cross_entropy, optim.Adam(model.parameters(), lr=5e-3))
    trainer.fit(x, y, epochs=15, seed=0, progress=False)
    before = accuracy(model(x_test).data, y_test)
    after = accuracy(nn.quantize(model)(x_test).data, y_test)
    assert before > 0.9 and abs(after - before) <= 0.01


def test_gradients_by_x_go_through():
    from tinygrad_edu.gradcheck import gradcheck

    made = nn.quantize(nn.Sequential(nn.Linear(3, 4, dtype=np.float64), np.tanh, seed=0))
    assert gradcheck(made, RNG.normal(size=(2, 3)))


def test_training_is_refused():
    model = nn.Sequential(nn.Embedding(5, 4), nn.Flatten(), nn.Linear(8, 3), seed=0)
    made, ids = nn.quantize(model), np.array([[1, 2]])
    for layer, x in ((made, ids), (made[2], np.ones((1, 8)))):
        with pytest.raises(RuntimeError, match=r"cannot learn(.|\n)*nn.quantize again"):
            layer.train()(x)
        assert layer.eval()(x).shape == (1, 3)
    with pytest.raises(RuntimeError, match="cannot learn"):
        made.initialize(0)


def test_what_cannot_be_quantized():
    with pytest.raises(ValueError, match="Linear, convolution or Embedding"):
        nn.quantize(nn.Sequential(nn.ReLU(), nn.LSTM(3, 4)))
    with pytest.raises(ValueError, match="quantized already"):
        nn.quantize(nn.quantize(nn.Linear(3, 4)))
    broken = nn.Sequential(nn.Linear(3, 4), nn.Linear(4, 2), seed=0)
    broken[1].W.data[0, 0] = np.nan
    with pytest.raises(ValueError, match="1 of 8 weights of layer 1 are not finite"):
        nn.quantize(broken)
    with pytest.raises(RuntimeError, match="no parameters before"):
        nn.quantize(nn.Linear(None, 3))
    with pytest.raises(TypeError, match="is not a Module"):
        nn.quantize(nn.Linear)


def test_a_compiled_function_sees_the_whole_numbers_change():
    layers = nn.Embedding(5, 4), nn.Flatten(), nn.Linear(8, 3)
    made, ids = nn.quantize(nn.Sequential(*layers, seed=0)), np.array([[1, 2], [3, 4]])
    f = compile(lambda ids: made(ids))
    for _ in range(3):
        assert np.array_equal(f(ids).data, made(ids).data)
        made[2].W_int8.data[...] //= 2
        made[0].W_int8.data[3] += 1
