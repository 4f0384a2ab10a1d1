"""Weights in files: they come back as they were, and what is no weight file is refused."""

import pickle

import numpy as np
import pytest

from tests.nn.small_models import mlp, refused
from tinygrad_edu import nn


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


def test_a_missing_file_is_missing():
    with pytest.raises(FileNotFoundError):
        mlp().load("nowhere.npz")
