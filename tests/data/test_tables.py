"""CSV files of pixels: what was written, in little memory, and a sentence for each way to be wrong."""

import csv
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tinygrad_edu.data.tables import read_csv

RNG = np.random.default_rng(0)
X = RNG.integers(0, 256, (20, 12))
Y = RNG.integers(0, 10, 20)
NAMES = [f"pixel{i}" for i in range(12)]


def written(path: Path, header: Any, columns: Any) -> Path:
    with open(path, "w", newline="") as file:
        writer = csv.writer(file)
        if header:
            writer.writerow(header)
        writer.writerows(np.column_stack(columns).tolist())
    return path


@pytest.fixture
def train(tmp_path: Path) -> Path:
    return written(tmp_path / "train.csv", ["label", *NAMES], [Y, X])


def exactly(message: str) -> str:
    return "^" + re.escape(message) + "$"


# --- reading ---


def test_as_kaggle_writes_it(train: Path) -> None:
    data = read_csv(train, shape=(3, 4))
    np.testing.assert_array_equal(data.x, X.reshape(20, 3, 4))
    np.testing.assert_array_equal(data.y, Y)
    assert (data.x.dtype, data.y.dtype) == (np.uint8, np.int64)
    assert data.x.flags.c_contiguous and data.x.flags.writeable
    assert data.feature_names == tuple(NAMES)
    assert data.class_names == tuple(str(k) for k in range(Y.max() + 1))
    assert data.name == "train.csv"
    assert read_csv(train).x.shape == (20, 12)


def test_a_test_file_has_no_label(tmp_path: Path) -> None:
    path = written(tmp_path / "test.csv", NAMES, [X])
    np.testing.assert_array_equal(read_csv(path, label=None), X)
    assert read_csv(path, label=None, shape=(2, 2, 3)).shape == (20, 2, 2, 3)


@pytest.mark.parametrize("place", [0, 5, 12])
def test_the_label_may_be_any_column(tmp_path: Path, place: int) -> None:
    names = [*NAMES[:place], "digit", *NAMES[place:]]
    path = written(tmp_path / "a.csv", names, [X[:, :place], Y, X[:, place:]])
    for label in ("digit", place):
        x, y = read_csv(path, label=label)
        np.testing.assert_array_equal(x, X)
        np.testing.assert_array_equal(y, Y)
    assert read_csv(path, label="digit").feature_names == tuple(NAMES)


def test_without_a_header(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", None, [Y, X])
    x, y = read_csv(path, label=0)
    np.testing.assert_array_equal(x, X)
    np.testing.assert_array_equal(y, Y)
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    np.testing.assert_array_equal(read_csv(path, label=0).y, Y)
    everything = read_csv(path, label=None)
    np.testing.assert_array_equal(everything, np.column_stack([Y, X]))


def test_other_ways_to_write_the_same(tmp_path: Path) -> None:
    for i, text in enumerate(
        (
            "label,a,b\r\n1,2,3\r\n4,5,6\r\n",
            "\ufefflabel,a,b\n1,2,3\n4,5,6",  # a mark at the start, as Excel writes it
            '"label","a","b"\n"1","2","3"\n4,5,"6"\n',
            "label, a, b\n1, 2, 3\n\n4, 5, 6\n\n",
        )
    ):
        path = tmp_path / f"{i}.csv"
        path.write_bytes(text.encode())
        x, y = read_csv(path)
        assert (x.tolist(), y.tolist()) == ([[2, 3], [5, 6]], [1, 4])


def test_one_row(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("label,a\n3,255\n")
    x, y = read_csv(tmp_path / "a.csv")
    assert (x.tolist(), y.tolist()) == ([[255]], [3])


MEASURE = """
import resource, sys
import numpy as np
from tinygrad_edu.data.tables import read_csv

before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
x, y = read_csv(sys.argv[1], shape=(28, 28))
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, int(x.sum()), int(y.sum()))
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="units of ru_maxrss are Linux's")
def test_memory_stays_below_the_size_of_the_file(tmp_path: Path) -> None:
    x, y = RNG.integers(0, 256, (5000, 784)), RNG.integers(0, 10, 5000)
    path = written(tmp_path / "large.csv", ["label", *(f"pixel{i}" for i in range(784))], [y, x])
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, str(path)], capture_output=True, text=True, check=True
    )
    kilobytes, *sums = map(int, done.stdout.split())
    assert sums == [x.sum(), y.sum()]
    assert 1024 * kilobytes < 1.5 * path.stat().st_size


# --- refusals ---


def test_no_such_file(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=exactly(f"read_csv: there is no file {tmp_path}")):
        read_csv(tmp_path)


BAD = "from 0 to 255"


@pytest.mark.parametrize(
    ("text", "settings", "message"),
    [
        ("", {}, "{path} is empty, or its first line is"),
        ("label,a\n", {}, "{path} has a header and no rows"),
        (
            "digit,a,b\n1,2,3\n",
            {},
            "{path} has no column 'label'; its columns are 'digit', 'a', 'b'; pass the right name, or an "
            "index such as label=0, or label=None if it has pixels only",
        ),
        (
            "1,2,3\n",
            {},
            "{path} has no column 'label'; its columns are 'column 0', 'column 1', 'column 2'; pass the "
            "right name, or an index such as label=0, or label=None if it has pixels only",
        ),
        ("label,a,b\n1,2,3\n4,5\n", {}, "line 3 of {path} has 2 columns, and the first line has 3"),
        ("label,a,b\n\n1,2,3,4\n", {}, "line 3 of {path} has 4 columns, and the first line has 3"),
        (
            "label,a,b\n1,2,3\n4,5,six\n",
            {},
            f"line 3 of {{path}} has 'six' in column 'b': a pixel is an integer {BAD}",
        ),
        (
            "label,a,b\n1,2,\n",
            {},
            f"line 2 of {{path}} has '' in column 'b': a pixel is an integer {BAD}",
        ),
        (
            "label,a,b\n1,256,0\n",
            {},
            f"line 2 of {{path}} has '256' in column 'a': a pixel is an integer {BAD}",
        ),
        (
            "label,a,b\n1,-1,0\n",
            {},
            f"line 2 of {{path}} has '-1' in column 'a': a pixel is an integer {BAD}",
        ),
        (
            "label,a,b\n1,0.5,0\n",
            {},
            f"line 2 of {{path}} has '0.5' in column 'a': a pixel is an integer {BAD}",
        ),
        (
            "1,2\n1,nan\n",
            {"label": 0},
            f"line 2 of {{path}} has 'nan' in column 'column 1': a pixel is an integer {BAD}",
        ),
        (
            "label,a,b\n1,2,3\n-1,2,3\n",
            {},
            "line 3 of {path} has '-1' in column 'label': a class is an integer from 0 to 65535",
        ),
        (
            "label,a,b\ncat,2,3\n",
            {},
            "line 2 of {path} has 'cat' in column 'label': a class is an integer from 0 to 65535",
        ),
        (
            "label,a\n99999999999999999999,2\n",
            {},
            "line 2 of {path} has '99999999999999999999' in column 'label': a class is an integer "
            "from 0 to 65535",
        ),
    ],
)
def test_wrong_files(tmp_path: Path, text: str, settings: Any, message: str) -> None:
    path = tmp_path / "wrong.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=exactly("read_csv: " + message.format(path=path))):
        read_csv(path, **settings)


@pytest.mark.parametrize("cell", ["\u0663", "\uea32", "\u00b2", "\U000e0001", "\uff11"])
def test_digits_of_other_scripts(tmp_path: Path, cell: str) -> None:
    """np.loadtxt reads some as other numbers, and crashes at others, as C's isdigit() is for bytes."""
    path = tmp_path / "wrong.csv"
    path.write_text(f"label,größe\n1,2\n1,{cell}\n", "utf-8")
    message = (
        rf"^read_csv: line 3 of {path} has '.*' in column 'größe': a pixel is an integer from 0"
    )
    with pytest.raises(ValueError, match=message):
        read_csv(path)


def test_many_columns_are_not_all_listed(tmp_path: Path) -> None:
    path = written(tmp_path / "a.csv", [*NAMES, "pixel12"], [X, Y])
    with pytest.raises(ValueError, match=r"columns are 'pixel0', .*'pixel9', \.\.\., 'pixel12'; "):
        read_csv(path)


def test_wrong_settings(train: Path) -> None:
    message = (
        f"read_csv got shape=(3, 5), which is 15 pixels, and {train} has 12 in a row; are shape and "
        "label right?"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        read_csv(train, shape=(3, 5))
    with pytest.raises(ValueError, match=r"has 13 in a row; is one of its columns the label\?$"):
        read_csv(train, label=None, shape=(3, 4))
    with pytest.raises(
        ValueError, match=r"has no column 13; its columns are 'label', .* index such as"
    ):
        read_csv(train, label=13)


def test_two_columns_of_one_name_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "twice.csv"
    path.write_text("label,a,label\n1,2,3\n")
    with pytest.raises(
        ValueError,
        match=r"twice\.csv has 2 columns called 'label', numbers 0 and 2; give them different",
    ):
        read_csv(path)
    assert read_csv(path, label=2).y.tolist() == [3]


@pytest.mark.parametrize("label", [True, False])
def test_a_label_is_the_name_or_number_of_a_column(tmp_path: Path, label: bool) -> None:
    path = tmp_path / "table.csv"
    path.write_text("label,a\n1,2\n")
    with pytest.raises(
        TypeError, match=rf"label={label}: label is the name or the number of a column"
    ):
        read_csv(path, label=label)
