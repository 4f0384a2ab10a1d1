"""Tables that other packages publish: the same values as their own copies."""

import hashlib
import importlib.util
import json
from pathlib import Path

import numpy as np
import pytest

import models.datasets
import tinygrad_edu.data
from models.datasets import (
    load_auto_mpg,
    load_co2,
    load_penguins,
    load_sunspots,
    load_titanic,
)

FOLDERS = [Path(module.__file__).parent / "sets" for module in (models.datasets, tinygrad_edu.data)]
RECORDS = [
    (folder, record)
    for folder in FOLDERS
    for record in json.loads((folder / "sources.json").read_text(encoding="utf-8"))["files"]
]
LICENSES = {"CC0-1.0", "Public domain", "BSD-3-Clause"}
LOADERS = {
    load_penguins: (344, 7),
    load_auto_mpg: (392, 7),
    load_titanic: (1313, 3),
    load_sunspots: (309, 1),
    load_co2: (2284, 1),
}

each_loader = pytest.mark.parametrize("load", LOADERS, ids=lambda load: load.__name__)
each_record = pytest.mark.parametrize(("folder", "record"), RECORDS, ids=lambda x: "")


# ---- the audit: sets/sources.json ----


@each_record
def test_each_file_is_the_one_that_was_reviewed(folder, record):
    content = (folder / record["file"]).read_bytes()
    assert hashlib.sha256(content).hexdigest() == record["sha256"]
    assert len(content) == record["bytes"]


@each_record
def test_each_record_says_where_a_file_is_from_and_its_terms(folder, record):
    assert record["license"] in LICENSES
    assert all(
        record[key]
        for key in ("title", "package", "path", "license_basis", "attribution", "changes")
    )
    assert record["file"] in (folder / "LICENSE.txt").read_text(encoding="utf-8")
    for loader in record["loaders"]:
        module, name = loader.rsplit(".", 1)
        assert callable(getattr(importlib.import_module(module), name))


@pytest.mark.parametrize("folder", FOLDERS, ids=["models", "tinygrad_edu"])
def test_every_data_file_is_in_the_audit(folder):
    words = {"LICENSE.txt", "sources.json", "digits.txt", "iris.txt", "wine.txt"}
    files = {path.name for path in folder.iterdir()} - words
    assert files == {record["file"] for place, record in RECORDS if place == folder}


def test_all_data_together_are_small():
    assert sum(path.stat().st_size for folder in FOLDERS for path in folder.iterdir()) <= 700_000


# ---- the loaders ----


@each_loader
def test_arrays_frames_and_pairs_agree(load):
    pandas = pytest.importorskip("pandas")
    found, framed = load(), load(as_frame=True)
    assert found.data.shape == LOADERS[load]
    assert found.target.shape == LOADERS[load][:1]
    assert list(framed.data.columns) == found.feature_names == list(framed.frame.columns)[:-1]
    assert "Source" in found.DESCR
    for i, name in enumerate(found.feature_names):
        expected = pandas.Series(found.data[:, i])
        assert (
            (framed.data[name] == expected) | (framed.data[name].isna() & expected.isna())
        ).all()
    np.testing.assert_array_equal(framed.target, found.target)
    X, y = load(return_X_y=True)
    np.testing.assert_array_equal(y, found.target)
    assert X.dtype == found.data.dtype


def test_a_column_of_a_frame_keeps_its_type():
    pandas = pytest.importorskip("pandas")
    frame = load_penguins(as_frame=True).frame
    assert frame["bill_length_mm"].dtype == np.float64
    assert pandas.api.types.is_string_dtype(frame["sex"])
    assert frame.isna().sum().to_dict() == {
        "island": 0, "bill_length_mm": 2, "bill_depth_mm": 2, "flipper_length_mm": 2,
        "body_mass_g": 2, "sex": 11, "year": 0, "target": 0,
    }  # fmt: skip


def test_penguins_are_those_of_palmerpenguins():
    theirs = pytest.importorskip("palmerpenguins").load_penguins()
    ours = load_penguins(as_frame=True)
    assert ours.target_names[ours.target].tolist() == theirs["species"].tolist()
    for name in ours.feature_names:
        same = (ours.data[name] == theirs[name]) | (ours.data[name].isna() & theirs[name].isna())
        assert same.all(), name


def bokeh_table(name):
    """A table of bokeh-sampledata, read from its file: its package imports libraries for maps."""
    pandas = pytest.importorskip("pandas")
    spec = importlib.util.find_spec("bokeh_sampledata")
    if spec is None:
        pytest.skip("bokeh-sampledata is not installed")
    return pandas.read_csv(Path(spec.origin).parent / "_data" / name)


def test_cars_are_those_of_bokeh():
    theirs = bokeh_table("auto-mpg.csv")
    ours = load_auto_mpg()
    columns = ["cyl", "displ", "hp", "weight", "accel", "yr", "origin"]
    np.testing.assert_array_equal(ours.data, theirs[columns])
    np.testing.assert_array_equal(ours.target, theirs["mpg"])
    assert ours.car_names.tolist() == theirs["name"].tolist()


def test_passengers_are_those_of_bokeh():
    theirs = bokeh_table("titanic_all.csv")
    ours = load_titanic(as_frame=True)
    for name in ("class", "sex"):
        assert ours.data[name].tolist() == theirs[name].tolist()
    np.testing.assert_array_equal(ours.data["age"], theirs["age"])
    np.testing.assert_array_equal(ours.target, theirs["survived"])
    assert ours.passenger_names.tolist() == theirs["name"].tolist()


def test_series_are_those_of_statsmodels():
    theirs = pytest.importorskip("statsmodels.datasets")
    sunspots, expected = load_sunspots(), theirs.sunspots.load_pandas().data
    np.testing.assert_array_equal(sunspots.data[:, 0], expected["YEAR"])
    np.testing.assert_array_equal(sunspots.target, expected["SUNACTIVITY"])

    co2, expected = load_co2(), theirs.co2.load_pandas().data
    np.testing.assert_array_equal(co2.target, expected["co2"])
    np.testing.assert_array_equal(co2.dates, expected.index.to_numpy())
    index = expected.index
    length = np.where(index.is_leap_year, 366, 365)
    np.testing.assert_allclose(
        co2.data[:, 0], index.year + (index.day_of_year - 1) / length, rtol=1e-15
    )
