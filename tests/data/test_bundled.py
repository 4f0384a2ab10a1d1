"""The sets in the package are the published ones, to the last digit, and carry their license."""

import dataclasses
import hashlib
import pathlib

import numpy as np
import pytest

import tinygrad_edu.data
from tinygrad_edu.data import load_digits, load_iris, load_wine

FOLDER = pathlib.Path(tinygrad_edu.data.__file__).parent / "sets"
LOADERS = {"digits": load_digits, "iris": load_iris, "wine": load_wine}
SHAPES = {"digits": (1797, 8, 8), "iris": (150, 4), "wine": (178, 13)}
SHA256 = {
    "digits": "c45cf27f9e6d1507aa17aa9949fab3d046c8ffa373a108f49991e27f232ad83b",
    "iris": "f644f2c1a1d0a0a4a1a400df64433dbb74720355d5461e6b9d3f83ada0b7ba9f",
    "wine": "9ad432a16b9747b17a24b765f27f380a5b767d7f5b5f05e5d734aa725ba9d50f",
}

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
def test_files_are_untouched(name: str) -> None:
    assert hashlib.sha256((FOLDER / f"{name}.npy").read_bytes()).hexdigest() == SHA256[name]


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
