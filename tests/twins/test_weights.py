"""load_keras_weights and safetensors: numbers out of files that others wrote."""

import os
import pickle
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_edu import nn
from tinygrad_edu.twins import load_keras_weights, load_safetensors, save_safetensors, to_keras
from tinygrad_edu.twins.keras_export import floatx

h5py = pytest.importorskip("h5py")
R = np.random.default_rng(0)
X = R.normal(size=(3, 6)).astype(np.float32)
STEPS = R.normal(size=(3, 7, 6)).astype(np.float32)
IMAGES = R.normal(size=(3, 9, 8, 2)).astype(np.float32)
WORDS = R.integers(0, 9, (3, 7))


@pytest.fixture(scope="module")
def keras() -> Any:
    pytest.importorskip("tensorflow")
    return pytest.importorskip("keras")


class Net(nn.Module):
    """A class of one's own, with layers among its attributes."""

    def __init__(self) -> None:
        self.words = nn.Embedding(9, 6, rng=0)
        self.look = nn.MultiHeadAttention(6, 2, 3, causal=True, rng=1)
        self.blocks = [nn.Linear(6, 6, rng=i) for i in range(12)]
        self.norm = nn.LayerNorm(6)

    def forward(self, x: Any) -> Any:
        x = self.words(x)
        x = x + self.look(x)
        for block in self.blocks:
            x = np.tanh(block(x))
        return self.norm(x)


def net(L: Any, keras: Any) -> Any:
    x = L.Input((7,), dtype="int32")
    y = L.Embedding(9, 6)(x)
    y = L.Add()([y, L.MultiHeadAttention(2, 3)(y, y, use_causal_mask=True)])
    for _ in range(12):
        y = L.Dense(6, activation="tanh")(y)
    return keras.Model(x, L.LayerNormalization()(y))


def cnn(L: Any, keras: Any) -> Any:
    return keras.Sequential([
        L.Input((9, 8, 2)), L.Conv2D(4, 3, activation="relu"), L.BatchNormalization(),
        L.SeparableConv2D(5, 2, padding="same"), L.PReLU(shared_axes=[1, 2]), L.MaxPooling2D(),
        L.Conv2DTranspose(3, 2), L.GroupNormalization(3), L.Dropout(0.5), L.Flatten(),
        L.Dense(6, "relu", use_bias=False), L.Dense(3),
    ])  # fmt: skip


def our_cnn() -> nn.Module:
    return nn.Sequential(
        nn.Conv2d(2, 4, 3), nn.ReLU(), nn.BatchNorm(4), nn.SeparableConv2d(4, 5, 2, padding="same"),
        nn.PReLU(5), nn.MaxPool2d(2), nn.ConvTranspose2d(5, 3, 2), nn.GroupNorm(3, 3), nn.Flatten(),
        nn.Linear(4 * 4 * 3, 6, bias=False), nn.ReLU(), nn.Linear(6, 3),
    )  # fmt: skip


def recurrent(L: Any, keras: Any) -> Any:
    return keras.Sequential([
        L.Input((7, 6)), L.Bidirectional(L.LSTM(4, return_sequences=True)),
        L.GRU(5, return_sequences=True), L.Bidirectional(L.GRU(3, return_sequences=True)),
        L.SimpleRNN(4, return_sequences=True), L.LSTM(3), L.Dense(2),
    ])  # fmt: skip


def our_recurrent() -> nn.Module:
    every: Any = {"return_sequences": True}
    return nn.Sequential(
        nn.Bidirectional(nn.LSTM(6, 4, **every), nn.LSTM(6, 4, go_backwards=True, **every)),
        nn.GRU(8, 5, **every),
        nn.Bidirectional(nn.GRU(5, 3, **every), nn.GRU(5, 3, go_backwards=True, **every)),
        nn.SimpleRNN(6, 4, **every), nn.LSTM(4, 3), nn.Linear(3, 2),
    )  # fmt: skip


def nested(L: Any, keras: Any) -> Any:
    """A frozen part comes last among the weights of an old file, wherever it stands."""
    first = L.Dense(6, "relu", trainable=False)
    inner = keras.Sequential([L.Input((6,)), first, L.BatchNormalization(), L.Dense(6)])
    x = L.Input((6,))
    y = L.Dense(6, "tanh")(x)
    deep = keras.Model(x, L.Dense(6, "relu")(inner(y)))
    return keras.Sequential([L.Input((6,)), L.Dense(6), deep, L.Dense(6)])


def our_nested() -> nn.Module:
    inner = nn.Sequential(nn.Linear(6, 6), nn.ReLU(), nn.BatchNorm(6), nn.Linear(6, 6))
    deep = nn.Sequential(nn.Linear(6, 6), nn.Tanh(), inner, nn.Linear(6, 6), nn.ReLU())
    return nn.Sequential(nn.Linear(6, 6), deep, nn.Linear(6, 6))


MODELS: dict[str, tuple[Callable, Callable[[], nn.Module], np.ndarray]] = {
    "cnn": (cnn, our_cnn, IMAGES),
    "recurrent": (recurrent, our_recurrent, STEPS),
    "a class of one's own": (net, Net, WORDS),
    "nested": (nested, our_nested, X),
}
KINDS = ["model.keras", "model.h5", "x.weights.h5"]


def written(keras: Any, make: Callable, path: Path) -> Any:
    keras.utils.clear_session()
    model = make(keras.layers, keras)
    rng = np.random.default_rng(1)
    for weight in model.weights:
        weight.assign(rng.uniform(0.2, 1, weight.shape))
    model.compile("adam", "mse", metrics=["mae"])
    model.save_weights(path) if path.name.startswith("x") else model.save(path)
    return model


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("name", MODELS)
def test_files_of_keras(keras: Any, tmp_path: Path, name: str, kind: str) -> None:
    make, ours, x = MODELS[name]
    theirs = written(keras, make, tmp_path / kind)
    if (name, kind) == ("nested", "x.weights.h5"):
        with pytest.raises(ValueError, match="a .keras file, which tells the order of layers"):
            load_keras_weights(ours(), tmp_path / kind)  # Keras nests a functional model there
        return
    model = load_keras_weights(ours(), tmp_path / kind)
    assert isinstance(model, nn.Module)
    y = model.eval()(x)
    np.testing.assert_allclose(y.data, theirs(x, training=False), rtol=1e-4, atol=1e-5)
    assert sum(p.data.size for _, p in (*model.named_parameters(), *model.named_buffers())) == (
        theirs.count_params()
    )


def gpt() -> nn.Module:
    return nn.Sequential(
        nn.Embedding(9, 6, rng=0),
        nn.Positions(7, 6, rng=1),
        nn.TransformerBlock(6, 2, causal=True, rng=2),
        nn.Residual(nn.Sequential(nn.Linear(6, 6, rng=3), nn.Tanh()), nn.Linear(6, 6, rng=4)),
        nn.Concatenate(nn.Linear(6, 2, rng=5), nn.Sequential(nn.Linear(6, 2, rng=6))),
        nn.LayerNorm(4),
    )


@pytest.mark.parametrize("kind", KINDS)
def test_files_of_twins(keras: Any, tmp_path: Path, kind: str) -> None:
    """to_keras gives layers the names of paths, by which they are found whatever their order is."""
    model = gpt()
    rng = np.random.default_rng(2)
    for parameter in model.parameters():
        parameter.data[...] = rng.normal(size=parameter.shape)
    twin = to_keras(model, (7,))
    twin.save_weights(tmp_path / kind) if kind[0] == "x" else twin.save(tmp_path / kind)
    loaded = load_keras_weights(gpt(), tmp_path / kind)
    for path, array in model.state_dict().items():
        assert np.array_equal(loaded.state_dict()[path], array), path


@pytest.mark.parametrize("kind", KINDS)
def test_without_keras_and_without_pickle(keras: Any, tmp_path: Path, kind: str) -> None:
    written(keras, lambda L, keras: keras.Sequential([L.Input((6,)), L.Dense(2)]), tmp_path / kind)
    program = f"""
import sys
import numpy as np
from tinygrad_edu import nn
from tinygrad_edu.twins import load_keras_weights
model = load_keras_weights(nn.Linear(6, 2), {kind!r})
assert model.W.data.min() >= 0.2
assert not {{"keras", "tensorflow"}} & set(sys.modules)
"""
    subprocess.run([sys.executable, "-W", "error", "-c", program], check=True, cwd=tmp_path)


def test_another_precision(keras: Any, tmp_path: Path) -> None:
    with floatx(keras, "float64"):
        model = keras.Sequential([keras.layers.Input((6,)), keras.layers.Dense(2)])
    model.save_weights(tmp_path / "x.weights.h5")
    layer = load_keras_weights(nn.Linear(6, 2, dtype=np.float64), tmp_path / "x.weights.h5")
    assert np.array_equal(layer.W.data, model.weights[0].numpy())
    with pytest.raises(ValueError, match=r"W is float64 in layers/dense of the file, the model's is float32"
                       r"(.|\n)*model.astype"):  # fmt: skip
        load_keras_weights(nn.Linear(6, 2), tmp_path / "x.weights.h5")


# --- files that do not fit, or are none ---


def dense_file(path: Path, **layers: dict[str, tuple]) -> Path:
    """What Keras writes for Denses, without Keras."""
    with h5py.File(path, "w") as file:
        for group, shapes in layers.items():
            for i, shape in enumerate(shapes):
                file[f"layers/{group}/vars/{i}"] = np.full(shape, 7, np.float32)
        file["optimizer/vars/0"] = np.zeros(3)
        file["layers/dropout/seed_generator/vars/0"] = np.zeros(2, np.uint32)
    return path


def untouched(model: nn.Module, path: Path, words: str) -> str:
    before = model.state_dict()
    with pytest.raises(ValueError, match=words) as refusal:
        load_keras_weights(model, path)
    assert all(np.array_equal(a, before[p]) for p, a in model.state_dict().items())
    return str(refusal.value)


def mlp() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(4, 3), nn.ReLU(), nn.Linear(3, 2), nn.Linear(2, 2), nn.LSTM(2, 2)
    )


def test_every_difference_is_listed(tmp_path: Path) -> None:
    layers: Any = {"dense": [(4, 3), (4,)], "dense_1": [(2, 3), (2,)], "dense_2": [(2, 2)],
                   "dense_3": [(5, 5)], "conv2d": [(1, 1, 2, 2), (2,)]}  # fmt: skip
    told = untouched(mlp(), dense_file(tmp_path / "x.weights.h5", **layers), "nothing was loaded")
    assert told.split("\n")[1:-2] == [
        "  4, LSTM(2, 2): the file has no LSTM left for it",
        "  layers/conv2d of the file, with (1, 1, 2, 2) float32, (2,) float32, has no place in the model",
        "  layers/dense_3 of the file, with (5, 5) float32, has no place in the model",
        "  0.b is (4,) in layers/dense of the file, the model's is (3,)",
        "  2.W is (2, 3) in layers/dense_1 of the file, the model's is (3, 2)",
        "  3.W (2, 2), 3.b (2,): layers/dense_2 of the file has (2, 2) float32",
    ]
    assert told.split("\n")[0].endswith(
        "x.weights.h5' does not fit this Sequential; nothing was loaded:"
    )
    assert "test_weights.py" in told


def test_heads_are_not_confused(keras: Any, tmp_path: Path) -> None:
    x = keras.Input((7, 8))
    keras.Model(x, keras.layers.MultiHeadAttention(4, 2)(x, x)).save_weights(
        tmp_path / "x.weights.h5"
    )
    told = untouched(nn.MultiHeadAttention(8, 2, 4), tmp_path / "x.weights.h5", "query.W is")
    assert (
        "query.W is (8, 4, 2) in layers/multi_head_attention of the file, the model's is (8, 2, 4)"
        in told
    )


class WithScale(nn.Module):
    def __init__(self) -> None:
        self.dense, self.scale = nn.Linear(4, 3), nn.Parameter(np.ones(3))


def test_parameters_that_no_layer_has(tmp_path: Path) -> None:
    path = dense_file(tmp_path / "x.weights.h5", dense=[(4, 3), (3,)])  # type: ignore[arg-type]
    told = untouched(WithScale(), path, "nothing was loaded")
    assert "  scale (3,) is in none of the layers that Keras has\n" in told


@pytest.mark.parametrize("kind", KINDS)
def test_files_that_were_cut_off(keras: Any, tmp_path: Path, kind: str) -> None:
    make = lambda L, keras: keras.Sequential([L.Input((40,)), L.Dense(50)])
    written(keras, make, tmp_path / kind)
    whole = (tmp_path / kind).read_bytes()
    for size in (0, 1, 100, len(whole) // 2, len(whole) - 20):
        (tmp_path / kind).write_bytes(whole[:size])
        untouched(
            nn.Linear(40, 50), tmp_path / kind, "not a weight file of Keras, or only a part of one"
        )


def test_a_byte_that_turned_over(keras: Any, tmp_path: Path) -> None:
    path = tmp_path / "model.keras"
    written(keras, lambda L, keras: keras.Sequential([L.Input((40,)), L.Dense(50)]), path)
    spoilt = bytearray(path.read_bytes())
    spoilt[spoilt.index(b"model.weights.h5") + 9000] ^= 255
    path.write_bytes(spoilt)
    untouched(nn.Linear(40, 50), path, "only a part of one .*CRC")


def test_files_of_other_kinds(tmp_path: Path) -> None:
    (tmp_path / "x.h5").write_text("weights: none")
    (tmp_path / "p.h5").write_bytes(pickle.dumps({"W": np.ones(3)}))
    with zipfile.ZipFile(tmp_path / "x.keras", "w") as archive:
        archive.writestr("a.txt", "hello")
    for name in ("x.h5", "p.h5", "x.keras"):
        untouched(nn.Linear(4, 3), tmp_path / name, "is not a weight file of Keras")
    with pytest.raises(FileNotFoundError):
        load_keras_weights(nn.Linear(4, 3), tmp_path / "nothing.keras")


def test_numbers_of_other_files_are_not_read(tmp_path: Path) -> None:
    """HDF5 can point at any file of the machine: at raw bytes, or at arrays of another archive."""
    (tmp_path / "secret").write_bytes(bytes(48))
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["W"] = np.ones((4, 3), np.float32)
    for how in ("external", "link"):
        path = tmp_path / f"{how}.weights.h5"
        with h5py.File(path, "w") as file:
            group = file.create_group("layers/dense/vars")
            if how == "external":
                group.create_dataset(
                    "0", (4, 3), np.float32, external=[(str(tmp_path / "secret"), 0, 48)]
                )
            else:
                group["0"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/W")
            group["1"] = np.zeros(3, np.float32)
        untouched(nn.Linear(4, 3), path, "is not an array of this file")


def test_without_h5py(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h5py", None)
    with pytest.raises(ImportError, match=re.escape("pip install -e '.[weights]'")):
        load_keras_weights(nn.Linear(4, 3), tmp_path / "x.keras")


# --- safetensors ---

safetensors = pytest.importorskip("safetensors.numpy")


def small() -> nn.Sequential:
    return nn.Sequential(
        nn.Linear(4, 3, rng=0), nn.BatchNorm(3), nn.GRU(3, 2, rng=1, dtype=np.float64)
    )


def test_safetensors_and_back(tmp_path: Path) -> None:
    model, path = small(), tmp_path / "model.safetensors"
    model[0].W.data = np.asfortranarray(model[0].W.data)  # type: ignore[attr-defined]
    save_safetensors(model, path)
    read = safetensors.load_file(path)
    assert read.keys() == model.state_dict().keys()
    for name, array in model.state_dict().items():
        assert read[name].dtype == array.dtype
        assert np.array_equal(read[name], array), name
    loaded = small()
    for parameter in loaded.parameters():
        parameter.data += 1
    assert load_safetensors(loaded, path) is loaded
    for name, array in model.state_dict().items():
        assert np.array_equal(loaded.state_dict()[name], array), name
    assert os.listdir(tmp_path) == ["model.safetensors"]


def test_files_that_safetensors_wrote(tmp_path: Path) -> None:
    state = {name: np.full(a.shape, 3, a.dtype) for name, a in small().state_dict().items()}
    safetensors.save_file(state, tmp_path / "x.safetensors")
    model = load_safetensors(small(), tmp_path / "x.safetensors")
    assert all((a == 3).all() for a in model.state_dict().values())


def test_torch_reads_the_same(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    model = small()
    save_safetensors(model, tmp_path / "a.safetensors")
    program = """
from safetensors.torch import load_file, save_file
state = load_file("a.safetensors")
save_file({name: 2 * tensor for name, tensor in state.items()}, "b.safetensors")
"""
    subprocess.run([sys.executable, "-c", program], check=True, cwd=tmp_path)
    doubled = load_safetensors(small(), tmp_path / "b.safetensors").state_dict()
    for name, array in model.state_dict().items():
        assert np.array_equal(doubled[name], 2 * array)


def test_safetensors_lists_every_difference(tmp_path: Path) -> None:
    path = tmp_path / "x.safetensors"
    state = small().state_dict()
    state["0.W"], state["9.W"] = state["0.W"].T.copy(), np.ones(2)
    state["1.gamma"] = state["1.gamma"].astype(np.float64)
    del state["0.b"]
    safetensors.save_file(state, path)
    model = small()
    before = model.state_dict()
    with pytest.raises(ValueError, match="nothing was loaded") as refusal:
        load_safetensors(model, path)
    assert sorted(str(refusal.value).split("\n")[1:5]) == [
        "  0.W is (3, 4), the model's is (4, 3)",
        "  0.b (3,) is missing",
        "  1.gamma is float64, the model's is float32",
        "  9.W (2,) has no place in the model",
    ]
    assert all(np.array_equal(a, before[p]) for p, a in model.state_dict().items())


@pytest.mark.parametrize("size", [0, 7, 40, -1])
def test_safetensors_cut_off(tmp_path: Path, size: int) -> None:
    path = tmp_path / "x.safetensors"
    save_safetensors(small(), path)
    path.write_bytes(path.read_bytes()[:size])
    with pytest.raises(ValueError, match="not a file of safetensors, only a part of one"):
        load_safetensors(small(), path)


def test_the_old_file_stays_if_writing_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x.safetensors"
    save_safetensors(small(), path)
    whole = path.read_bytes()

    def fails(arrays: Any, draft: str, **more: Any) -> None:
        Path(draft).write_bytes(b"half")
        raise OSError("no space left on device")

    monkeypatch.setattr(safetensors, "save_file", fails)
    with pytest.raises(OSError, match="no space left"):
        save_safetensors(small(), path)
    assert path.read_bytes() == whole
    assert os.listdir(tmp_path) == ["x.safetensors"]


def test_what_does_not_come_back_is_not_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        safetensors, "load_file", lambda path: small().astype(np.float16).state_dict()
    )
    with pytest.raises(OSError, match="came back from the disk with other numbers"):
        save_safetensors(small(), tmp_path / "x.safetensors")
    assert os.listdir(tmp_path) == []


def test_safetensors_where_it_cannot_be(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        save_safetensors(small(), tmp_path / "nowhere" / "x.safetensors")
    with pytest.raises(FileNotFoundError):
        load_safetensors(small(), tmp_path / "x.safetensors")
    monkeypatch.setitem(sys.modules, "safetensors", None)
    monkeypatch.setitem(sys.modules, "safetensors.numpy", None)
    for way in (save_safetensors, load_safetensors):
        with pytest.raises(ImportError, match=re.escape("pip install -e '.[weights]'")):
            way(small(), tmp_path / "x.safetensors")


def test_a_module_keeps_to_its_own_format(tmp_path: Path) -> None:
    for name, way in (
        ("x.safetensors", "tinygrad_edu.twins.save_safetensors(model, path)"),
        ("x.h5", "model.save('weights.npz')"),
    ):
        with pytest.raises(ValueError, match=re.escape(way)):
            small().save(tmp_path / name)
    for name, way in (
        ("x.safetensors", "tinygrad_edu.twins.load_safetensors(model, path)"),
        ("x.keras", "tinygrad_edu.twins.load_keras_weights(model, path)"),
        ("x.weights.h5", "tinygrad_edu.twins.load_keras_weights(model, path)"),
    ):
        with pytest.raises(ValueError, match=re.escape(way)):
            small().load(tmp_path / name)
    assert os.listdir(tmp_path) == []


def test_a_layer_by_the_name_of_layer_and_layers_around_others(keras: Any, tmp_path: Path) -> None:
    L = keras.layers

    class Encoder(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.each = L.LSTM(3, return_sequences=True), L.TimeDistributed(L.Dense(2))
            self.last = L.SpectralNormalization(L.Dense(2))

        def call(self, x: Any) -> Any:
            return self.last(self.each(self.layer(x)))

    class Both(keras.Model):
        def __init__(self) -> None:
            super().__init__()
            self.encoder = Encoder()

        def call(self, x: Any) -> Any:
            return self.encoder(x)

    class Ours(nn.Module):
        def __init__(self) -> None:
            self.layer = nn.LSTM(4, 3, return_sequences=True)
            self.each = nn.TimeDistributed(nn.Linear(3, 2))
            self.last = nn.SpectralNorm(nn.Linear(2, 2))

        def forward(self, x: Any) -> Any:
            return self.last(self.each(self.layer(x)))

    class OursOutside(nn.Module):
        def __init__(self) -> None:
            self.encoder = Ours()

        def forward(self, x: Any) -> Any:
            return self.encoder(x)

    x = np.random.default_rng(0).normal(size=(2, 5, 4)).astype(np.float32)
    theirs = Both()
    theirs(x)
    theirs.save_weights(tmp_path / "both.weights.h5")
    ours = load_keras_weights(OursOutside(), tmp_path / "both.weights.h5").eval()
    np.testing.assert_allclose(ours(x).data, theirs(x, training=False), atol=1e-6)
