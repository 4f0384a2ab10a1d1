"""The files of checkpoints: complete or absent, and never read wrongly."""

import io
import json
import os
import zipfile

import numpy as np
import pytest

from tinygrad_edu.files import DamagedFileError
from tinygrad_edu.training import checkpoint_files
from tinygrad_edu.training.checkpoint_files import found, newest, read, write

RNG = np.random.default_rng(0)
STATE = {
    "model": {"0.W": RNG.normal(size=(4, 8)), "0.b": RNG.normal(size=8).astype(np.float32)},
    "epoch": 3,
    "lr": 0.1,
    "stopped": False,
    "best": None,
    "history": {"loss": [0.5, np.float64(0.25), float("inf")]},
    "seen": [RNG.normal(size=(3, 2)), np.arange(3)],
    "random": RNG.bit_generator.state,
}


def path_in(folder, number=1):
    return os.path.join(folder, f"checkpoint-{number:08d}.npz")


def contents(folder):
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def test_what_is_written_is_read(tmp_path):
    write(path_in(tmp_path), STATE)
    state = read(path_in(tmp_path))
    assert state.pop("format") == checkpoint_files.FORMAT
    assert state["model"]["0.b"].dtype == np.float32
    np.testing.assert_equal(state, STATE)


def test_a_file_is_an_npz_of_arrays_and_a_json_text(tmp_path):
    write(path_in(tmp_path), STATE)
    with np.load(path_in(tmp_path), allow_pickle=False) as archive:
        assert archive.files == [
            "state",
            "model/0.W",
            "model/0.b",
            "history/loss/1",
            "seen/0",
            "seen/1",
        ]
        state = json.loads(archive["state"].tobytes())
    assert state["epoch"] == 3 and state["model"]["0.W"] == {"npz entry": "model/0.W"}
    assert state["random"]["bit_generator"] == "PCG64"


def test_the_archive_is_not_compressed_and_each_entry_has_its_checksum(tmp_path):
    write(path_in(tmp_path), STATE)
    with zipfile.ZipFile(path_in(tmp_path)) as archive:
        assert archive.testzip() is None
        assert all(entry.CRC and not entry.compress_type for entry in archive.infolist())


def test_what_cannot_be_kept_is_refused(tmp_path):
    state = {"callbacks": {"Odd": {"file": io.StringIO()}}}
    with pytest.raises(TypeError, match=r"not callbacks/Odd/file = <_io.StringIO(.|\n)*state_dict"):
        write(path_in(tmp_path), state)
    assert contents(tmp_path) == {}


def test_written_to_the_disk_before_the_name_changes(tmp_path, monkeypatch):
    done, fsync, replace = [], os.fsync, os.replace
    monkeypatch.setattr(os, "fsync", lambda file: (done.append("fsync"), fsync(file)))
    monkeypatch.setattr(os, "replace", lambda *names: (done.append("replace"), replace(*names)))
    write(path_in(tmp_path), STATE)
    assert done == ["fsync", "replace", "fsync"]  # the file, its name, the folder


def test_a_full_disk_leaves_the_older_ones(tmp_path, monkeypatch):
    write(path_in(tmp_path, 1), STATE)
    before = contents(tmp_path)

    def full(file, arrays):
        file.write(b"PK")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(checkpoint_files, "write_npz", full)
    with pytest.raises(OSError, match="No space left"):
        write(path_in(tmp_path, 2), STATE)
    assert contents(tmp_path) == before


def damage(content):
    """The file cut short anywhere, and with bits flipped anywhere."""
    places = np.random.default_rng(0).integers(len(content), size=200)
    for i in places[:60]:
        yield content[:i]
    for i in places[60:]:
        changed = bytearray(content)
        changed[i] ^= 1 << int(i) % 8
        yield bytes(changed)


def test_damage_is_found_and_no_number_is_ever_wrong(tmp_path):
    write(path_in(tmp_path), STATE)
    with open(path_in(tmp_path), "rb") as file:
        content = file.read()
    right, refused = read(path_in(tmp_path)), 0
    for bad in damage(content):
        with open(path_in(tmp_path), "wb") as file:
            file.write(bad)
        try:
            state = read(path_in(tmp_path))
        except DamagedFileError:
            refused += 1
        else:  # dates and the like: bytes that mean nothing
            np.testing.assert_equal(state, right)
    assert refused > 150


# ----------------------------------------------------------------------------------------- the newest


def test_the_newest_is_that_of_the_largest_number(tmp_path):
    for number in (9, 10, 100_000_000):
        write(path_in(tmp_path, number), {"steps": number})
    assert found(tmp_path) == [path_in(tmp_path, n) for n in (9, 10, 100_000_000)]
    path, state = newest(tmp_path)
    assert path == path_in(tmp_path, 100_000_000) and state["steps"] == 100_000_000


def test_no_folder_and_other_files_are_no_checkpoints(tmp_path):
    assert newest(tmp_path / "nowhere") is None
    for name in ("notes.txt", "checkpoint-best.npz", ".checkpoint-1.npz.draft"):
        (tmp_path / name).write_text("mine")
    assert newest(tmp_path) is None and found(tmp_path) == []


def test_damaged_ones_are_passed_over_with_a_warning(tmp_path):
    for number in (1, 2, 3):
        write(path_in(tmp_path, number), {"steps": number})
    for number in (2, 3):
        os.truncate(path_in(tmp_path, number), 100)
    words = r"3.npz' is damaged \(BadZipFile: .*2.npz' is damaged .*resumes from '.*1.npz"
    with pytest.warns(UserWarning, match=words):
        assert newest(tmp_path)[1]["steps"] == 1


def test_if_all_are_damaged_nothing_is_begun(tmp_path):
    for number in (1, 2):
        write(path_in(tmp_path, number), STATE)
        os.truncate(path_in(tmp_path, number), 100)
    words = r"no complete checkpoint to resume from(.|\n)*nothing was loaded(.|\n)*to start anew"
    with pytest.raises(ValueError, match=words) as error:
        newest(tmp_path)
    assert "test_checkpoint_files.py" in str(error.value)


def as_bytes(state):
    return np.frombuffer(json.dumps(state).encode(), np.uint8)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ({"model/0.W": np.zeros(2)}, "KeyError: 'state"),
        ({"state": np.frombuffer(b'{"format": 99}', np.uint8)}, "has the format 99, known is 2"),
        ({"state": np.frombuffer(b"{", np.uint8)}, "JSONDecodeError"),
        (
            {"state": as_bytes({"format": 2, "epoch": -3})},
            "epoch=-3, which is not a number of an epoch",
        ),
        (
            {"state": as_bytes({"format": 2, "batch": 1.5})},
            "batch=1.5, which is not a number of an",
        ),
        (
            {"state": as_bytes({"format": 2, "steps": True})},
            "steps=True, which is not a number of an",
        ),
        ({"state": as_bytes({"format": 2, "model": {"npz entry": "W"}})}, "KeyError: 'W'"),
        ({"state": np.frombuffer(b"[" * 99_999, np.uint8)}, "RecursionError"),
        ({"state": np.array([{}], object)}, "is a pickle, and no array of numbers"),
    ],
)
def test_a_foreign_file_of_that_name(tmp_path, content, words):
    np.savez(path_in(tmp_path), **content)
    with pytest.raises(ValueError, match=words):
        newest(tmp_path)


def test_a_file_is_no_folder_to_resume_from(tmp_path):
    write(path_in(tmp_path), STATE)
    words = rf"checkpoint-00000001.npz' is a file\.(.|\n)*Try: resume='.*{tmp_path.name}'"
    with pytest.raises(ValueError, match=words):
        newest(path_in(tmp_path))
