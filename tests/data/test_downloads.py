"""Files from the net, served from this very machine: cut, wrong, missing, hostile, or wanted by two."""

import gzip
import hashlib
import http.server
import io
import os
import pathlib
import pickle
import re
import subprocess
import sys
import tarfile
import threading
import time
import zipfile
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import tinygrad_edu.data.downloads as downloads
from tinygrad_edu.data import benchmark_sets
from tinygrad_edu.data.benchmark_sets import load_plain_pickle, read_idx
from tinygrad_edu.data.downloads import DownloadError, RemoteFile, cached, fetch

CONTENT = np.random.default_rng(0).bytes(300_000)


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves `server.files`, with ranges; `server.faults` says what to do wrong, request by request."""

    server: Any

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.server.log.append((self.path, asked))
        fault = self.server.faults.pop(0) if self.server.faults else None
        if fault == "slow":
            time.sleep(1)
        body = self.server.files.get(self.path.lstrip("/"))
        if body is None:
            return self.send_error(404)
        start = 0
        if asked and fault != "no ranges":
            start = int(asked.removeprefix("bytes=").removesuffix("-"))
            if start >= len(body):
                return self.send_error(416)
            self.send_response(206)
            start = start - 1 if fault == "another piece" else start
            self.send_header("Content-Range", f"bytes {start}-{len(body) - 1}/{len(body)}")
        else:
            self.send_response(200)
        rest = body[start:]
        if fault != "no length":
            self.send_header("Content-Length", str(len(rest)))
        self.end_headers()
        if isinstance(fault, int):
            rest = rest[:fault]
        if fault == "wrong bytes":
            rest = bytes(len(rest))
        self.wfile.write(rest)

    def log_message(self, *args: Any) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Any]:
    made: Any = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made.files, made.faults, made.log = {"set.bin": CONTENT}, [], []
    made.address = f"http://127.0.0.1:{made.server_port}/"
    thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield made
    made.shutdown()
    thread.join()
    made.server_close()


@pytest.fixture(autouse=True)
def cache(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> pathlib.Path:
    monkeypatch.setenv("TINYGRAD_EDU_DATA", str(tmp_path / "cache"))
    monkeypatch.setenv("KERAS_HOME", str(tmp_path / "keras"))
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    return tmp_path / "cache"


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def remote(*urls: str, content: bytes = CONTENT, **settings: Any) -> RemoteFile:
    return RemoteFile("set.bin", sha256(content), urls, **settings)


def left_in(folder: pathlib.Path) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.suffix != ".lock")


# --- fetching ---


def test_a_file_comes_whole_and_once(server: Any, cache: pathlib.Path) -> None:
    file = remote(server.address + "set.bin")
    path = fetch(file)
    assert pathlib.Path(path).read_bytes() == CONTENT
    assert fetch(file) == path == cached(file)
    assert server.log == [("/set.bin", None)]
    assert left_in(cache) == ["set.bin"]


def test_a_cut_connection_goes_on_where_it_was_cut(server: Any, cache: pathlib.Path) -> None:
    server.faults = [100_000, 50_000]
    path = fetch(remote(server.address + "set.bin"))
    assert pathlib.Path(path).read_bytes() == CONTENT
    assert [asked for _, asked in server.log] == [None, "bytes=100000-", "bytes=150000-"]


def test_what_an_earlier_run_left_is_used(server: Any, cache: pathlib.Path) -> None:
    file = remote(server.address + "set.bin")
    server.faults = [1000, 1000, 1000]
    with pytest.raises(DownloadError, match="cut after 3,000 of 300,000 bytes"):
        fetch(file)
    assert left_in(cache) == ["set.bin.part"]
    assert pathlib.Path(fetch(file)).read_bytes() == CONTENT
    assert server.log[-1] == ("/set.bin", "bytes=3000-")
    assert left_in(cache) == ["set.bin"]


def test_a_server_that_knows_no_ranges_sends_everything(server: Any, cache: pathlib.Path) -> None:
    cache.mkdir()
    (cache / "set.bin.part").write_bytes(CONTENT[:777])
    server.faults = ["no ranges"]
    assert pathlib.Path(fetch(remote(server.address + "set.bin"))).read_bytes() == CONTENT
    assert server.log == [("/set.bin", "bytes=777-")]


def test_a_server_that_sends_another_piece_is_asked_for_everything(
    server: Any, cache: pathlib.Path
) -> None:
    cache.mkdir()
    (cache / "set.bin.part").write_bytes(CONTENT[:777])
    server.faults = ["another piece"]
    assert pathlib.Path(fetch(remote(server.address + "set.bin"))).read_bytes() == CONTENT
    assert server.log == [("/set.bin", "bytes=777-"), ("/set.bin", None)]


def test_a_server_that_does_not_say_how_much_comes(server: Any) -> None:
    server.faults = ["no length", "no length"]
    assert pathlib.Path(fetch(remote(server.address + "set.bin"))).read_bytes() == CONTENT
    server.files["set.bin"] = CONTENT[::-1]
    with pytest.raises(DownloadError, match="another SHA-256"):
        fetch(remote(server.address + "set.bin", content=CONTENT + b"!"))


@pytest.mark.parametrize("left", [b"rubbish", CONTENT + b"too long", bytes(len(CONTENT))])
def test_a_part_of_something_else_costs_a_second_download(
    server: Any, cache: pathlib.Path, left: bytes
) -> None:
    cache.mkdir()
    (cache / "set.bin.part").write_bytes(left)
    path = fetch(remote(server.address + "set.bin"))
    assert pathlib.Path(path).read_bytes() == CONTENT
    assert server.log[-1] == ("/set.bin", None)


def test_a_whole_part_needs_only_its_name(server: Any, cache: pathlib.Path) -> None:
    cache.mkdir()
    (cache / "set.bin.part").write_bytes(CONTENT)
    assert pathlib.Path(fetch(remote(server.address + "set.bin"))).read_bytes() == CONTENT
    assert server.log == [("/set.bin", f"bytes={len(CONTENT)}-")]


def test_a_mirror_takes_over(server: Any) -> None:
    file = remote(server.address + "gone.bin", server.address + "set.bin")
    assert pathlib.Path(fetch(file)).read_bytes() == CONTENT


def test_a_mirror_goes_on_with_what_the_source_gave(server: Any) -> None:
    server.files["other.bin"] = CONTENT
    server.faults = [1000, 0]
    fetch(remote(server.address + "set.bin", server.address + "other.bin"))
    assert server.log[-1] == ("/other.bin", "bytes=1000-")


def test_a_damaged_file_in_the_cache_is_replaced(server: Any, cache: pathlib.Path) -> None:
    cache.mkdir()
    (cache / "set.bin").write_bytes(CONTENT[:-1] + b"!")
    assert pathlib.Path(fetch(remote(server.address + "set.bin"))).read_bytes() == CONTENT


def test_kerass_copy_is_used_where_it_lies(tmp_path: pathlib.Path) -> None:
    theirs = tmp_path / "keras" / "datasets" / "folder" / "theirs.bin"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(CONTENT)
    file = remote("http://127.0.0.1:9/set.bin", keras=("folder/theirs.bin",))
    assert fetch(file) == str(theirs)
    assert not (tmp_path / "cache").exists()


def test_kerass_copy_with_the_wrong_checksum_is_left_alone(
    server: Any, tmp_path: pathlib.Path
) -> None:
    theirs = tmp_path / "keras" / "datasets" / "theirs.bin"
    theirs.parent.mkdir(parents=True)
    theirs.write_bytes(b"something else")
    path = fetch(remote(server.address + "set.bin", keras=("theirs.bin",)))
    assert pathlib.Path(path).read_bytes() == CONTENT
    assert theirs.read_bytes() == b"something else"


def test_the_cache_is_in_the_home_folder(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TINYGRAD_EDU_DATA")
    assert downloads.cache_folder() == os.path.expanduser("~/.cache/tinygrad_edu")


FETCH = """
import sys
from tinygrad_edu.data import RemoteFile, fetch
print(fetch(RemoteFile("set.bin", sys.argv[1], (sys.argv[2],))))
"""


def test_two_processes_at_once_download_once(server: Any, cache: pathlib.Path) -> None:
    server.faults = ["slow"]
    command = [sys.executable, "-c", FETCH, sha256(CONTENT), server.address + "set.bin"]
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    assert {process.communicate()[0].strip() for process in both} == {str(cache / "set.bin")}
    assert server.log == [("/set.bin", None)]
    assert left_in(cache) == ["set.bin"]


def test_a_lock_is_free_for_one_at_a_time(cache: pathlib.Path) -> None:
    cache.mkdir()
    inside = threading.Event()

    def enter() -> None:
        with downloads._alone(str(cache / "lock")):
            inside.set()

    thread = threading.Thread(target=enter)
    with downloads._alone(str(cache / "lock")):
        thread.start()
        assert not inside.wait(0.3)
    assert inside.wait(10)
    thread.join()


def test_a_full_disk_is_not_called_a_connection(server: Any, cache: pathlib.Path) -> None:
    (cache / "set.bin.part").mkdir(parents=True)  # what cannot be written to
    with pytest.raises((IsADirectoryError, PermissionError)):
        fetch(remote(server.address + "set.bin"))


def test_somebody_who_looks_counts_along(
    server: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture
) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    fetch(remote(server.address + "set.bin"))
    assert capsys.readouterr().err.endswith("\rset.bin: 0.3 of 0.3 MB\n")


# --- refusals ---


def test_a_wrong_checksum_is_thrown_away(server: Any, cache: pathlib.Path) -> None:
    server.files["set.bin"] = CONTENT[::-1]
    url = server.address + "set.bin"
    message = (
        f"set.bin could not be downloaded. {url}: what came has another SHA-256 than the one "
        "published, and was thrown away."
    )
    with pytest.raises(DownloadError, match="^" + re.escape(message)):
        fetch(remote(url))
    assert left_in(cache) == []
    assert len(server.log) == 1


def test_not_there(server: Any, cache: pathlib.Path) -> None:
    with pytest.raises(DownloadError, match=r"gone\.bin: the server answers 404 Not Found\.\n"):
        fetch(remote(server.address + "gone.bin"))
    assert left_in(cache) == []


def test_offline(cache: pathlib.Path) -> None:
    path = re.escape(str(cache / "set.bin"))
    message = (
        r"^set\.bin could not be downloaded\. http://127\.0\.0\.1:9/set\.bin: no connection \(.*\)\."
        rf"\n  Try: again when this machine is online, or bring the file here by hand, as {path} "
        r"\(load_digits\(\) needs no network\)$"
    )
    with pytest.raises(DownloadError, match=message):
        fetch(remote("http://127.0.0.1:9/set.bin"))


def test_a_failure_frees_the_lock(server: Any) -> None:
    with pytest.raises(DownloadError):
        fetch(remote(server.address + "gone.bin"))
    assert fetch(remote(server.address + "set.bin"))


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


class Python2(pickle._Pickler):  # type: ignore[misc,name-defined]
    """Writes as Python 2 did, whose str was bytes: so are the published files."""

    dispatch = pickle._Pickler.dispatch.copy()  # type: ignore[attr-defined]

    def save_text(self, text: Any) -> None:
        data = text if isinstance(text, bytes) else text.encode("ascii")
        self.write(pickle.BINSTRING + len(data).to_bytes(4, "little") + data)
        self.memoize(text)

    dispatch[bytes] = dispatch[str] = save_text


def pickled(content: Any) -> bytes:
    file = io.BytesIO()
    Python2(file, protocol=2).dump(content)
    return file.getvalue().replace(b"numpy._core.multiarray", b"numpy.core.multiarray")


def test_cifar_as_keras_keeps_it(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = cifar_rows(12, 10)
    members = {}
    for i, name in enumerate(CIFAR10_FILES):
        rows = slice(2 * i, 2 * i + 2)
        batch = {b"data": x[rows], b"labels": y[rows].tolist(), b"batch_label": b"some batch"}
        members[f"cifar-10-batches-py/{name}"] = pickled(batch)
    meta = {b"label_names": CIFAR10_NAMES.split(), b"num_vis": 3072}
    members["cifar-10-batches-py/batches.meta"] = pickled(meta)
    ten = tar(members)
    members = {
        f"cifar-100-python/{name}": pickled({b"data": x[rows], b"fine_labels": y[rows].tolist()})
        for name, rows in (("train", slice(0, 7)), ("test", slice(7, 12)))
    }
    names = {b"fine_label_names": [b"thing_%d" % i for i in range(100)]}
    members["cifar-100-python/meta"] = pickled(names)
    hundred = tar(members)
    folder = tmp_path / "keras" / "datasets"
    folder.mkdir(parents=True)
    for name, data in (("CIFAR10_PICKLED", ten), ("CIFAR100_PICKLED", hundred)):
        published = getattr(benchmark_sets, name)
        (folder / published.keras[0]).write_bytes(data)
        file = RemoteFile(published.name, sha256(data), (), keras=published.keras)
        monkeypatch.setattr(benchmark_sets, name, file)
    parts = benchmark_sets.load_cifar10()
    check_cifar(parts, x, y, 10)
    assert parts[0].class_names[9] == "truck"
    parts = benchmark_sets.load_cifar100()
    check_cifar(parts, x, y, 7)
    assert parts[0].class_names[42] == "thing_42"


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
    for module, file in (
        ("mnist", benchmark_sets.MNIST),
        ("cifar10", benchmark_sets.CIFAR10_PICKLED),
        ("cifar100", benchmark_sets.CIFAR100_PICKLED),
    ):
        source = (folder / f"{module}.py").read_text()
        assert file.sha256 in source
        assert file.urls[0].rpartition("/")[2] in source
    assert (
        str(benchmark_sets.CIFAR10_PICKLED.keras[0]).removesuffix("_archive")
        in (folder / "cifar10.py").read_text()
    )


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


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("a.gz", gzip.compress(WHOLE, mtime=0)[:-20], "Compressed file ended before"),
        ("a.gz", b"<html>not found</html>", "Not a gzipped file"),
        ("a", WHOLE[:-1], r"its 3,920 bytes for shape \(5, 28, 28\) are 3,919"),
        ("a", WHOLE + b"!", "are 3,921"),
        ("a", b"\0\0\x08", "an IDX file starts with 0, 0 and a type"),
        ("a", b"\0\0\x07\1\0\0\0\1a", "an IDX file starts with 0, 0 and a type"),
        ("a", b"\0\0\x08\3\0\0\0", "buffer"),
    ],
)
def test_broken_idx(tmp_path: pathlib.Path, name: str, data: bytes, reason: str) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(ValueError, match=f"{name} cannot be read, it is .*: .*{reason}"):
        read_idx(tmp_path / name)


def test_missing_idx(tmp_path: pathlib.Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        read_idx(tmp_path / "nowhere")


def test_truncated_archives(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = tar({"CaliforniaHousing/cal_housing.data": PIXELS.bytes(5000)})
    publish(server, monkeypatch, "CALIFORNIA_HOUSING", whole[:2000])
    with pytest.raises(ValueError, match=r"cal_housing\.tgz cannot be read"):
        benchmark_sets.load_california_housing()
    publish(server, monkeypatch, "MNIST", b"PK\3\4 and no more")
    with pytest.raises(ValueError, match=r"mnist\.npz cannot be read"):
        benchmark_sets.load_mnist()


def test_an_archive_without_the_member(server: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    publish(server, monkeypatch, "CIFAR100", tar({"cifar-100-binary/train.bin": bytes(3074)}))
    with pytest.raises(ValueError, match=r"cifar-100-binary/test\.bin is not in it"):
        benchmark_sets.load_cifar100()


class Bomb:
    def __reduce__(self) -> Any:
        return os.mkdir, ("exploded",)


def test_a_pickle_that_runs_code_is_refused(
    tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    bomb = pickled({"data": Bomb()})
    with pytest.raises(pickle.UnpicklingError, match=r"asks for (posix|nt)\.mkdir: refused$"):
        load_plain_pickle(bomb)
    data = tar({f"cifar-10-batches-py/{name}": bomb for name in [*CIFAR10_FILES, "batches.meta"]})
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "cifar-10-python.tar.gz").write_bytes(data)
    file = RemoteFile("cifar-10-python.tar.gz", sha256(data), ())
    monkeypatch.setattr(benchmark_sets, "CIFAR10_PICKLED", file)
    with pytest.raises(ValueError, match=r"python\.tar\.gz cannot be read.*mkdir: refused$"):
        benchmark_sets.load_cifar10()
    assert not (tmp_path / "exploded").exists()


def test_mnist_with_pickles_inside_is_refused(
    server: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: pathlib.Path
) -> None:
    monkeypatch.chdir(tmp_path)
    array, file = io.BytesIO(), io.BytesIO()
    np.save(array, np.array([Bomb()], dtype=object))
    with zipfile.ZipFile(file, "w") as archive:
        for name in ("x_train", "y_train", "x_test", "y_test"):
            archive.writestr(name + ".npy", array.getvalue())
    publish(server, monkeypatch, "MNIST", file.getvalue())
    with pytest.raises(ValueError, match=r"mnist\.npz cannot be read.*allow_pickle=False"):
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
    with pytest.raises(ValueError, match=f"{member} is not in it"):
        benchmark_sets.load_california_housing()
    assert left_in(cache) == ["cal_housing.tgz"]
    assert sorted(p.name for p in tmp_path.rglob("*") if p.suffix != ".lock") == [
        "cache",
        "cal_housing.tgz",
    ]
