"""Encodings of text are read, or named in a sentence that says what to do."""

import bz2
import gzip
import io
import lzma
import zipfile

import numpy as np
import pytest

from tinygrad_edu.data import image_csv, read_csv
from tinygrad_edu.files import DamagedFileError

TABLE = "label,größe,b\n1,2,3\n4,5,6\n"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32", "utf-16-le marked", "utf-16-be marked"]
)
def test_unicode_is_read(tmp_path, encoding):
    encoding, _, marked = encoding.partition(" ")
    mark = "\ufeff" if marked else ""
    (tmp_path / "a.csv").write_bytes((mark + TABLE).encode(encoding))
    x, y = data = read_csv(tmp_path / "a.csv")
    np.testing.assert_array_equal(x, [[2, 3], [5, 6]])
    assert y.tolist() == [1, 4] and data.feature_names == ("größe", "b")


def zipped(content):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.csv", content)
    return file.getvalue()


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (
            TABLE.encode("latin-1"),
            "byte 0xF6 in line 1 is not UTF-8; read as Latin-1, the line is 'label,größe,b'; save the",
        ),
        (
            b"label,a\n" + b"1,2\n" * 18_000 + b"1,\xe9\n",
            "byte 0xE9 in line 18002 is not UTF-8; read as Latin-1, the line is '1,é'",
        ),
        (
            TABLE.encode("utf-16-le"),
            "has zero bytes, as binary files have, and UTF-16 without a mark",
        ),
        (TABLE.encode("utf-16")[:-1], "is not in the encoding that its first bytes announce"),
        (b"\xff\xfe\x00\xd8a\x00\n\x00", "is not in the encoding that its first bytes announce"),
        (gzip.compress(TABLE.encode()), "is compressed with gzip; unpack it first (gunzip)"),
        (bz2.compress(TABLE.encode()), "is compressed with bzip2"),
        (lzma.compress(TABLE.encode()), "is compressed with xz"),
        (zipped(TABLE), "is a .zip file or a spreadsheet"),
        (b"label,a\n1,2\n\x003,4\n", "has zero bytes"),
        (b'label,a\n1,"' + b"2" * 9_000 + b'"\n', "'2222"),
        (b"label," + b"a" * 200_000 + b"\n1,2\n", "field larger than field limit"),
    ],
    ids=lambda value: value[:24] if isinstance(value, str) else "",
)
def test_what_is_not_is_named(tmp_path, content, words):
    path = tmp_path / "a.csv"
    path.write_bytes(content)
    with pytest.raises(ValueError, match="a.csv") as error:
        read_csv(path)
    assert words in str(error.value) and len(str(error.value)) < 500
    if "2222" not in words:
        assert isinstance(error.value, DamagedFileError)
        with pytest.raises(ValueError, match=r"a\.csv"):
            image_csv(path, image="label")
