"""Archives of arrays: no changed bit gives another array, and a small file takes little memory."""

import io
import struct
import time
import zipfile
import zlib

import numpy as np
import pytest

from tinygrad_edu import nn
from tinygrad_edu.files import DamagedFileError, read_npz, write_npz

RNG = np.random.default_rng(0)
ARRAYS = {
    "W": RNG.normal(size=(5, 3)),
    "half": RNG.normal(size=7).astype(np.float16),
    "columns": np.asfortranarray(RNG.normal(size=(2, 3, 4)).astype(np.float32)),
    "n": np.array(3),
    "none": np.zeros((0, 4)),
    "flags": np.array([True, False]),
    "words": np.array(["a", "日本"]),
    "z": np.array([1 + 2j]),
    "big": np.arange(3, dtype=">i4"),
    "file": np.arange(3, dtype=np.uint8),
}


def archive(path, entries, method=zipfile.ZIP_STORED):
    with zipfile.ZipFile(path, "w", method) as file:
        for name, content in entries:
            file.writestr(name, content)


def npy(array, **settings):
    file = io.BytesIO()
    np.lib.format.write_array(file, array, **settings)
    return file.getvalue()


def same(read, written):
    assert list(read) == list(written)
    for name, array in written.items():
        assert read[name].dtype == array.dtype and read[name].shape == array.shape
        np.testing.assert_array_equal(read[name], array)
        assert read[name].flags.writeable


def test_what_is_written_is_read(tmp_path):
    with open(tmp_path / "a.npz", "wb") as file:
        write_npz(file, ARRAYS)
    same(read_npz(tmp_path / "a.npz"), ARRAYS)
    with np.load(tmp_path / "a.npz") as theirs:
        same({name: theirs[name] for name in theirs.files}, ARRAYS)


def test_what_numpy_writes_is_read(tmp_path):
    theirs = {name: array for name, array in ARRAYS.items() if name != "file"}
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", **theirs)
        same(read_npz(tmp_path / "a.npz", most=1_000_000), theirs)
    for version in ((1, 0), (2, 0), (3, 0)):
        archive(tmp_path / "a.npz", [("W.npy", npy(ARRAYS["W"], version=version))])
        same(read_npz(tmp_path / "a.npz"), {"W": ARRAYS["W"]})


def test_no_changed_bit_gives_another_array(tmp_path):
    """Every bit of a small archive."""
    written = {"W": np.arange(3.0), "b": np.array([7], np.int16)}
    file = io.BytesIO()
    write_npz(file, written)
    content, refused = file.getvalue(), 0
    path = tmp_path / "a.npz"
    for i in range(8 * len(content)):
        changed = bytearray(content)
        changed[i // 8] ^= 1 << i % 8
        path.write_bytes(changed)
        try:
            same(read_npz(path), written)
        except DamagedFileError as error:
            assert str(path) in str(error)
            refused += 1
    assert refused > 0.6 * 8 * len(content)


def test_one_bit_in_the_length_of_a_header(tmp_path):
    """The numbers are shifted by 16 bytes; np.load does not notice."""
    model, path = nn.Linear(64, 64, rng=0), tmp_path / "weights.npz"
    model.save(path)
    content = bytearray(path.read_bytes())
    content[content.index(b"\x93NUMPY") + 8] ^= 16
    path.write_bytes(content)
    with np.load(path) as theirs:
        np.testing.assert_array_equal(theirs["W"].ravel()[4:], model.W.data.ravel()[:-4])
    before = model.W.data.copy()
    with pytest.raises(DamagedFileError, match=r"weights\.npz' is not a weight file.*nothing was"):
        model.load(path)
    np.testing.assert_array_equal(model.W.data, before)


ONE = npy(np.arange(3.0))


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([("W.npy", ONE), ("W.npy", ONE)], "'W.npy' appears twice"),
        ([("W.npy", ONE + b"!")], "does not have the size of its array"),
        ([("W.npy", ONE[:-1])], "does not have the size of its array"),
        ([("W.npy", b"")], "does not have the header"),
        ([("W.npy", ONE.replace(b"(3,)", b"(-3,)"))], "does not have the header"),
        ([("W.npy", ONE.replace(b"(3,)", b"(9" + b"9" * 18 + b",)"))], "have the"),
        ([("W.npy", ONE.replace(b"'<f8'", b"'<f9'"))], "TypeError"),
        ([("W.npy", ONE.replace(b"'<f8'", b"open("))], "does not have the header"),
        ([("W.npy", ONE[:6] + b"\x09" + ONE[7:])], "does not have the header"),
        ([("W.npy", ONE[:8] + b"\xff\xff" + ONE[10:])], "does not have the header"),
        ([("W", ONE)], "is not an array"),
        ([("W.npy", npy(np.array([{}])))], "is a pickle, and no array of numbers"),
        ([("W.npy", npy(np.zeros(2, [("a", int)])))], "does not have the header"),
        ([("W.npy", npy(np.zeros(2, "V4")))], "has the type"),
    ],
)
def test_crafted_archives(tmp_path, entries, words):
    with pytest.warns(UserWarning) if len(entries) == 2 else io.BytesIO():
        archive(tmp_path / "a.npz", entries)
    with pytest.raises(DamagedFileError, match=rf"a\.npz is not an \.npz file.*{words}"):
        read_npz(tmp_path / "a.npz")


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions(tmp_path, method):
    archive(tmp_path / "a.npz", [("W.npy", ONE)], method)
    with pytest.raises(DamagedFileError, match="is compressed in another way"):
        read_npz(tmp_path / "a.npz")


def test_a_small_archive_does_not_unfold_to_a_large_one(tmp_path):
    path, model = tmp_path / "a.npz", nn.Linear(4, 2, rng=0)
    np.savez_compressed(path, W=np.zeros((4, 2)), b=np.zeros(2_000_000))
    with pytest.raises(DamagedFileError, match=r"it unfolds to 16,000,\d+ bytes, and what it is"):
        model.load(path)
    np.savez_compressed(path, W=np.ones((4, 2), np.float32), b=np.ones(2, np.float32))
    assert model.load(path).W.data.sum() == 8  # a compressed file of the right size is read


def test_the_sizes_that_an_archive_tells_are_not_believed(tmp_path):
    """An entry that says 128 bytes and has 50 MB, of which only the first 128 are unfolded."""
    path = tmp_path / "a.npz"
    archive(path, [("W.npy", ONE + bytes(50_000_000))], zipfile.ZIP_DEFLATED)
    content = bytearray(path.read_bytes())
    size = struct.pack("<I", len(ONE) + 50_000_000)
    assert content.count(size) == 2
    path.write_bytes(content.replace(size, struct.pack("<I", len(ONE))))
    unfolded = []
    decompressor = zlib.decompressobj

    class Counted:
        def __init__(self, *settings):
            self.inner = decompressor(*settings)

        def decompress(self, data, most=0):
            unfolded.append(self.inner.decompress(data, most))
            return unfolded[-1]

        def __getattr__(self, name):
            return getattr(self.inner, name)

    zlib.decompressobj = Counted
    try:
        with pytest.raises(DamagedFileError, match="CRC"):
            read_npz(path)
    finally:
        zlib.decompressobj = decompressor
    assert unfolded and sum(map(len, unfolded)) < 100_000


def test_many_entries_are_read_in_a_moment(tmp_path):
    path = tmp_path / "a.npz"
    archive(path, [(f"{i}.npy", ONE) for i in range(5000)])
    start = time.process_time()
    assert len(read_npz(path)) == 5000
    assert time.process_time() - start < 5
