"""Downloads from a server on this machine: whole, cut, wrong, missing, hostile, or wanted by two at once."""

import gzip
import hashlib
import http.server
import io
import os
import pathlib
import sys
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import numpy as np
import pytest

import tinygrad_edu.data.downloads as downloads
from tinygrad_edu.data import benchmark_sets
from tinygrad_edu.data.benchmark_sets import read_idx
from tinygrad_edu.data.downloads import DownloadError, RemoteFile, cached, fetch
from tinygrad_edu.files import DamagedFileError

CONTENT = np.random.default_rng(0).bytes(300_000)
NOWHERE = "http://127.0.0.1:9/set.bin"  # nothing listens there


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves `server.files`, cut after `server.sends` bytes, and notes the path of each request."""

    server: Any

    def do_GET(self) -> None:
        self.server.log.append(self.path)
        if self.server.barrier:
            self.server.barrier.wait()
        body = self.server.files.get(self.path.lstrip("/"))
        if body is None:
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.server.pause:  # a byte at a time, until nobody listens any more
            with suppress(OSError):
                for i in range(len(body)):
                    self.wfile.write(body[i : i + 1])
                    if self.server.over.wait(self.server.pause):
                        return
        with suppress(OSError):
            self.wfile.write(body[: self.server.sends])

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Any]:
    made: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.files, made.sends, made.log, made.barrier = {"set.bin": CONTENT}, None, [], None
    made.pause, made.over = 0, threading.Event()
    made.address = f"http://127.0.0.1:{made.server_port}/"
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.over.set()
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setenv("TINYGRAD_EDU_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "cache"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def remote(*urls: str, content: bytes = CONTENT, **settings: Any) -> RemoteFile:
    return RemoteFile("set.bin", sha256(content), urls, **settings)


def left_in(folder: pathlib.Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir())


# --- fetching ---


def test_a_file_is_downloaded_once(server: Any, cache: pathlib.Path) -> None:
    file = remote(server.address + "set.bin")
    path = fetch(file)
    assert pathlib.Path(path).read_bytes() == CONTENT
    assert fetch(file) == path == cached(file) == str(cache / "set.bin")
    assert server.log == ["/set.bin"]
    assert left_in(cache) == ["set.bin"]


def test_a_mirror_takes_over(server: Any) -> None:
    file = remote(NOWHERE, server.address + "gone.bin", server.address + "set.bin")
    assert pathlib.Path(fetch(file)).read_bytes() == CONTENT
    assert server.log == ["/gone.bin", "/set.bin"]


def test_two_at_once_both_get_the_whole_file(server: Any, cache: pathlib.Path) -> None:
    server.barrier = threading.Barrier(2, timeout=600)  # neither is served before both have asked
    file = remote(server.address + "set.bin")
    with ThreadPoolExecutor(2) as threads:
        paths = {*threads.map(fetch, [file, file])}
    assert paths == {str(cache / "set.bin")}
    assert (cache / "set.bin").read_bytes() == CONTENT
    assert left_in(cache) == ["set.bin"]


def test_a_damaged_file_in_the_cache_is_replaced(server: Any, cache: pathlib.Path) -> None:
    cache.mkdir()
    (cache / "set.bin").write_bytes(CONTENT[:-1] + b"!")
    assert pathlib.Path(fetch(remote(server.address + "set.bin"))).read_bytes() == CONTENT


@pytest.mark.parametrize("place", ["keras/datasets/set.bin", "data/Set/raw/set.bin"])
def test_the_copy_of_another_library_is_used(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch, place: str
) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)  # no download, so it is not needed
    theirs = tmp_path / place
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(CONTENT)
    assert os.path.samefile(fetch(remote(NOWHERE, torchvision="Set/raw/set.bin")), theirs)
    assert not (tmp_path / "cache").exists()


def test_a_copy_with_the_wrong_checksum_is_left_alone(server: Any, tmp_path: pathlib.Path) -> None:
    theirs = tmp_path / "keras" / "datasets" / "set.bin"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"something else")
    path = fetch(remote(server.address + "set.bin"))
    assert pathlib.Path(path).read_bytes() == CONTENT
    assert theirs.read_bytes() == b"something else"


def test_the_cache_is_in_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TINYGRAD_EDU_DATA")
    assert downloads.cache_folder() == os.path.expanduser("~/.cache/tinygrad_edu")


# --- refusals ---


def test_a_file_with_the_wrong_checksum_is_not_kept(server: Any, cache: pathlib.Path) -> None:
    server.files["set.bin"] = CONTENT[::-1]
    with pytest.raises(DownloadError, match=r"set\.bin: SHA256 hash .* does not match"):
        fetch(remote(server.address + "set.bin"))
    assert left_in(cache) == []


def test_half_a_file_is_not_kept(server: Any, cache: pathlib.Path) -> None:
    server.sends = 100_000
    with pytest.raises(DownloadError, match=r"100000 bytes read, 200000 more expected"):
        fetch(remote(server.address + "set.bin"))
    assert left_in(cache) == []


def test_a_server_that_sends_too_much_is_left(server: Any, cache: pathlib.Path) -> None:
    server.files["set.bin"] = bytes(50_000_000)
    with pytest.raises(DownloadError, match="it sends more than 1 MB"):
        fetch(remote(server.address + "set.bin", megabytes=1))
    assert left_in(cache) == []


def test_a_server_that_sends_too_slowly_is_left(
    server: Any, cache: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A byte at a time is within the timeout, which is for the next byte only."""
    monkeypatch.setattr(downloads, "FIRST_SECONDS", 0.5)
    monkeypatch.setattr(downloads, "SECONDS_PER_MEGABYTE", 0)
    server.pause = 0.05
    with pytest.raises(DownloadError, match=r"it is too slow: \d+ bytes until the time was over"):
        fetch(remote(server.address + "set.bin"))
    assert left_in(cache) == []


def test_a_server_that_sends_nothing_is_left(
    server: Any, cache: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(downloads, "TIMEOUT", 0.2)
    server.pause = 5
    with pytest.raises(DownloadError, match="[Rr]ead timed out"):
        fetch(remote(server.address + "set.bin"))
    assert left_in(cache) == []


def test_every_problem_is_told_and_what_to_try(server: Any, cache: pathlib.Path) -> None:
    gone = server.address + "gone.bin"
    with pytest.raises(DownloadError) as refused:
        fetch(remote(NOWHERE, gone))
    text = str(refused.value)
    assert text.startswith(f"set.bin could not be downloaded. {NOWHERE}: ")
    assert "Connection refused" in text
    assert f"; {gone}: 404 Client Error: Not Found" in text
    assert text.endswith(
        ".\n  Try: again when this machine is online, or save the file as "
        f"{cache / 'set.bin'} (load_digits() needs no network)"
    )


def test_a_full_disk_is_not_called_a_problem_of_the_server(
    server: Any, cache: pathlib.Path
) -> None:
    cache.write_text("a file where the folder should be")
    with pytest.raises((NotADirectoryError, PermissionError, FileExistsError)):
        fetch(remote(server.address + "set.bin"))


def test_without_pooch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pooch", None)
    message = r"^downloads need pooch, .*\n  Try: python -m pip install -e '\.\[download\]' in the"
    with pytest.raises(ImportError, match=message):
        fetch(remote(NOWHERE))


# --- the published sets, in small ---

PIXELS = np.random.default_rng(1)


def idx(array: np.ndarray) -> bytes:
    head = bytes([0, 0, 8, array.ndim]) + np.array(array.shape, ">u4").tobytes()
    return head + array.astype(np.uint8).tobytes()


def tar(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return file.getvalue()


def publish(server: Any, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes) -> None:
    """The file that benchmark_sets.py calls `name`, with these bytes, from this server."""
    server.files[name.lower()] = data
    published = getattr(benchmark_sets, name)
    small = RemoteFile(published.name, sha256(data), (server.address + name.lower(),))
    monkeypatch.setattr(benchmark_sets, name, small)


def test_mnist(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    arrays = {
        "x_train": PIXELS.integers(0, 256, (6, 28, 28), np.uint8),
        "y_train": np.arange(6, dtype=np.uint8),
        "x_test": PIXELS.integers(0, 256, (2, 28, 28), np.uint8),
        "y_test": np.array([9, 0], np.uint8),
    }
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    publish(server, monkeypatch, "MNIST", file.getvalue())
    train, test = benchmark_sets.load_mnist()
    (x_train, y_train), (x_test, y_test) = train, test
    for name, array in (
        ("x_train", x_train),
        ("y_train", y_train),
        ("x_test", x_test),
        ("y_test", y_test),
    ):
        np.testing.assert_array_equal(array, arrays[name])
    assert repr(test) == "Dataset('mnist, test': x (2, 28, 28) uint8, y (2,) int64, 10 classes)"
    assert len(train.feature_names) == 784
    assert train.feature_names[29] == "pixel_1_1"
    assert benchmark_sets.load_mnist(dtype=np.float32)[0].x.dtype == np.float32


def test_fashion_mnist(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = PIXELS.integers(0, 256, (2, 5, 28, 28)), np.array([[0, 9, 3, 3, 1], [9, 8, 7, 6, 5]])
    files = {}
    for i, part in enumerate(("train", "t10k")):
        for kind, array in (("images-idx3", x[i]), ("labels-idx1", y[i])):
            name, data = f"{part}-{kind}-ubyte.gz", gzip.compress(idx(array))
            server.files[name] = data
            urls = (server.address + "gone", server.address + name)
            files[name] = RemoteFile(f"fashion-mnist/{name}", sha256(data), urls)
    assert list(files) == list(benchmark_sets.FASHION_MNIST)
    monkeypatch.setattr(benchmark_sets, "FASHION_MNIST", files)
    for i, part in enumerate(benchmark_sets.load_fashion_mnist()):
        np.testing.assert_array_equal(part.x, x[i])
        np.testing.assert_array_equal(part.y, y[i])
        assert part.class_names[9] == "Ankle boot"


def cifar_rows(n: int, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """n photographs as they are published: red, green and blue planes, one after the other."""
    return PIXELS.integers(0, 256, (n, 3072), np.uint8), PIXELS.integers(0, classes, n, np.uint8)


def check_cifar(parts: Any, x: np.ndarray, y: np.ndarray, n_train: int) -> None:
    for part, rows in zip(parts, (slice(None, n_train), slice(n_train, None)), strict=True):
        np.testing.assert_array_equal(part.y, y[rows])
        assert part.x.shape == (len(part.y), 32, 32, 3)
        for channel in range(3):
            plane = x[rows, 1024 * channel : 1024 * (channel + 1)]
            np.testing.assert_array_equal(part.x[..., channel].reshape(-1, 1024), plane)


CIFAR10_NAMES = b"airplane\nautomobile\nbird\ncat\ndeer\ndog\nfrog\nhorse\nship\ntruck\n\n"
CIFAR10_FILES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]


def test_cifar10(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = cifar_rows(12, 10)
    members = {"cifar-10-batches-bin/batches.meta.txt": CIFAR10_NAMES}
    for i, name in enumerate(CIFAR10_FILES):
        rows = np.column_stack([y, x])[2 * i : 2 * i + 2]
        members[f"cifar-10-batches-bin/{name}.bin"] = rows.tobytes()
    members = dict(reversed(members.items()))  # the order inside the archive is not promised
    publish(server, monkeypatch, "CIFAR10", tar(members))
    train, test = benchmark_sets.load_cifar10()
    check_cifar((train, test), x, y, 10)
    assert train.class_names[0] == "airplane"
    assert len(train.class_names) == 10


def test_cifar100_has_coarse_labels_before_the_fine_ones(
    server: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, y = cifar_rows(7, 100)
    rows = np.column_stack([y // 5, y, x])
    names = "\n".join(f"thing_{i}" for i in range(100)).encode()
    members = {
        "cifar-100-binary/coarse_label_names.txt": b"none",
        "cifar-100-binary/fine_label_names.txt": names,
        "cifar-100-binary/train.bin": rows[:5].tobytes(),
        "cifar-100-binary/test.bin": rows[5:].tobytes(),
    }
    publish(server, monkeypatch, "CIFAR100", tar(members))
    train, test = benchmark_sets.load_cifar100()
    check_cifar((train, test), x, y, 5)
    assert train.class_names[99] == "thing_99"


def test_california_housing_as_scikit_learn_reads_it(
    server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    import sklearn.datasets._california_housing as theirs

    rows = np.round(PIXELS.uniform(1, 5000, (20, 9)), 4)
    text = "\n".join(",".join(f"{value:.6f}" for value in row) for row in rows)
    data = tar({"CaliforniaHousing/cal_housing.data": text.encode()})
    publish(server, monkeypatch, "CALIFORNIA_HOUSING", data)
    mine = benchmark_sets.load_california_housing(dtype=np.float64)
    url = server.address + "california_housing"
    archive = theirs.RemoteFileMetadata(filename="set.tgz", url=url, checksum=sha256(data))
    monkeypatch.setattr(theirs, "ARCHIVE", archive)
    reference = theirs.fetch_california_housing(data_home=str(tmp_path / "sklearn"))
    np.testing.assert_allclose(mine.x, reference.data, rtol=1e-15)
    np.testing.assert_allclose(mine.y, reference.target, rtol=1e-15)
    assert mine.feature_names == tuple(reference.feature_names)
    assert repr(mine) == ("Dataset('california_housing': x (20, 8) float64, y (20,) float64)")


def test_the_checksums_that_scikit_learn_and_keras_publish() -> None:
    import sklearn.datasets._california_housing as theirs

    assert benchmark_sets.CALIFORNIA_HOUSING.sha256 == theirs.ARCHIVE.checksum
    assert benchmark_sets.CALIFORNIA_HOUSING.urls == (theirs.ARCHIVE.url,)
    # read as text, because importing Keras takes seconds
    import importlib.util

    spec = importlib.util.find_spec("keras")
    assert spec is not None and spec.origin is not None
    folder = pathlib.Path(spec.origin).parent / "src" / "datasets"
    source = (folder / "mnist.py").read_text()
    assert benchmark_sets.MNIST.sha256 in source


@pytest.mark.parametrize("dtype", [">u1", ">i1", ">i2", ">i4", ">f4", ">f8"])
def test_idx_files_of_every_type(tmp_path: pathlib.Path, dtype: str) -> None:
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    kind = {"u1": 8, "i1": 9, "i2": 11, "i4": 12, "f4": 13, "f8": 14}[dtype[1:]]
    head = bytes([0, 0, kind, 3]) + np.array([2, 3, 4], ">u4").tobytes()
    (tmp_path / "file").write_bytes(head + array.tobytes())
    read = read_idx(tmp_path / "file")
    np.testing.assert_array_equal(read, array)
    assert read.dtype.isnative
    assert read.flags.writeable


# --- broken and hostile files ---

WHOLE = idx(np.zeros((5, 28, 28)))
BOMB = gzip.compress(b"\0\0\x08\1" + (1_900_000_000).to_bytes(4) + bytes(2_000_000))  # 2 kB


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.gz", gzip.compress(WHOLE, mtime=0)[:-20], "Compressed file ended before"),
        ("a.gz", b"<html>not found</html>", "Not a gzipped file"),
        (
            "a",
            WHOLE[:-1],
            r"shape \(5, 28, 28\) takes 3,920 bytes, and it has 3,919",
        ),
        ("a", WHOLE + b"!", "and it has more than 3,920"),
        ("a", b"\0\0\x08", "an IDX file starts with two zero bytes and a type"),
        ("a", b"\0\0\x07\1\0\0\0\1a", "starts with two zero bytes and a type"),
        ("a", b"\0\0\x08\3\0\0\0", "takes 0 bytes, and it has 0"),
        (
            "a",
            b"\0\0\x08\2" + b"\xff" * 8,
            "takes 18,446,744,065,119,617,025 bytes; 1,000,000 are read at",
        ),
        ("a.gz", BOMB, "takes 1,900,000,000 bytes; 1,000,000 are read at most"),
    ],
)
def test_broken_idx(
    tmp_path: pathlib.Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    data: bytes,
    reason: str,
) -> None:
    monkeypatch.setattr(benchmark_sets, "MOST_BYTES", 1_000_000)
    (tmp_path / name).write_bytes(data)
    with pytest.raises(DamagedFileError, match=rf"{name} is not an IDX file.*{reason}"):
        read_idx(tmp_path / name)


def test_missing_idx(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_idx(tmp_path / "nowhere")


def test_an_archive_without_the_member(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(server, monkeypatch, "CIFAR100", tar({"cifar-100-binary/train.bin": bytes(3074)}))
    with pytest.raises(DamagedFileError, match=r"cifar-100-binary/test\.bin"):
        benchmark_sets.load_cifar100()


class Bomb:
    def __reduce__(self) -> Any:
        return os.mkdir, ("exploded",)


def test_mnist_with_pickles_inside_is_refused(
    server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    array, file = io.BytesIO(), io.BytesIO()
    np.save(array, np.array([Bomb()], dtype=object))
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("x_train", "y_train", "x_test", "y_test"):
            archive.writestr(name + ".npy", array.getvalue())
    publish(server, monkeypatch, "MNIST", file.getvalue())
    with pytest.raises(ValueError, match="is a pickle, and no array of numbers"):
        benchmark_sets.load_mnist()
    assert not (tmp_path / "exploded").exists()


def test_an_archive_writes_nothing_anywhere(
    server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path, cache: pathlib.Path
) -> None:
    file, member = io.BytesIO(), "CaliforniaHousing/cal_housing.data"
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name in ("../../escaped", str(tmp_path / "escaped"), "../" + member):
            info = tarfile.TarInfo(name)
            info.size = 4
            archive.addfile(info, io.BytesIO(b"evil"))
        link = tarfile.TarInfo(member)
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
    publish(server, monkeypatch, "CALIFORNIA_HOUSING", file.getvalue())
    with pytest.raises(DamagedFileError, match=member):
        benchmark_sets.load_california_housing()
    assert left_in(cache) == ["cal_housing.tgz"]
    assert sorted(p.name for p in tmp_path.rglob("*")) == ["cache", "cal_housing.tgz"]
