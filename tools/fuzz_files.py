"""Reads thousands of damaged and crafted files of every kind that the package reads.

    python tools/fuzz_files.py --count 20000
    python tools/fuzz_files.py --only checkpoint --count 500 --seed 7
    python tools/fuzz_files.py --case 1234                # one case again, with the error's traceback

Each case takes a whole file, changes it (bits, bytes, numbers, pieces; the entries inside an archive; or it
is one that somebody crafted), and reads it. It must end in one of two ways:

- the right value. Where the format has checksums this is the value of the unchanged file, to the last bit;
  otherwise it is what a reader of a few lines finds in the changed file, or at least of the promised form;
- DamagedFileError, or a ValueError or FileNotFoundError, which names the file.

Anything else fails: another error, another value, a crash, more than SECONDS of time or MEGABYTES of memory.
The cases run in processes of their own, whose memory the operating system limits (on Linux).
"""

from __future__ import annotations

import argparse
import contextlib
import csv
import faulthandler
import gzip
import hashlib
import io
import json
import re
import signal
import struct
import subprocess
import sys
import tarfile
import tempfile
import traceback
import warnings
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from tinygrad_edu import nn, optim
from tinygrad_edu.data import BytePairTokenizer, CharTokenizer, benchmark_sets, image_csv, read_csv
from tinygrad_edu.data.images import ImageFiles
from tinygrad_edu.files import DamagedFileError
from tinygrad_edu.programs import dataset
from tinygrad_edu.programs.run import Run
from tinygrad_edu.programs.settings import Settings
from tinygrad_edu.training import Checkpoint, CSVLog, EarlyStopping, Trainer, accuracy
from tinygrad_edu.training.checkpoint_files import newest
from tinygrad_edu.twins import load_keras_weights, load_safetensors, save_safetensors

SECONDS = 10  # for one case, on a machine that does other work as well
MEGABYTES = 700  # beyond what the process has when it starts

Read = Callable[[Path], Any]


@dataclass
class Kind:
    """A kind of file.

    files     the whole files that are changed
    read      reads a file, and raises AssertionError for a value that is not of the promised form
    exact     the format has checksums, so that the value can only be that of the whole file
    crafted   files that nobody would write by accident
    """

    name: str
    files: list[bytes]
    read: Read
    file: str = "file"
    exact: bool = False
    crafted: list[bytes] = field(default_factory=list)


# ------------------------------------------------------------------------------------- the kinds of files


def kinds(folder: Path) -> list[Kind]:
    """All kinds, with files that the package writes into the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    made = [*archives(folder), *tokenizers(folder), *runs(folder), *pictures(), *tables(folder)]
    return made + [*published(folder), *foreign_weights(folder)]


def model() -> nn.Module:
    return nn.Sequential(nn.Linear(3, 4, rng=0), nn.BatchNorm(4), nn.ReLU(), nn.Linear(4, 2, rng=1))


def training(folder: Path, resume: bool, epochs: int = 2) -> Any:
    rng = np.random.default_rng(0)
    x, y = rng.normal(size=(12, 3)).astype(np.float32), np.arange(12) % 2
    learner = model()
    trainer = Trainer(
        learner, nn.cross_entropy, optim.Adam(learner.parameters(), lr=0.01), metrics=[accuracy]
    )
    trainer.fit(
        x, y, epochs=epochs, batch_size=4, seed=0, validation=(x, y), progress=False,
        callbacks=[Checkpoint(folder, keep=1), EarlyStopping(patience=3)],
        resume=folder if resume else None,
    )  # fmt: skip
    return learner.state_dict()


def archives(folder: Path) -> Iterator[Kind]:
    """Weights and checkpoints: .npz files."""
    path = folder / "weights.npz"
    model().save(path)
    plain = path.read_bytes()
    np.savez_compressed(path, **model().state_dict())
    packed = path.read_bytes()
    name = "0.W"
    one, state = npy(np.ones((3, 4), np.float32)), model().state_dict()
    entries = {f"{key}.npy": npy(array) for key, array in state.items()}
    deep = npy(np.frombuffer(b"[" * 100_000, np.uint8))
    crafted = [
        zipped({**entries, f"{name}.npy": content}, method)
        for method in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
        for content in (
            one + bytes(100), one[:-4], npy(np.zeros((3, 4), np.float64)), npy(np.array([{}, 1])),
            npy(np.zeros(3_000_000)), one.replace(b"(3, 4)", b"(3,-4)"), one[:8] + b"\xf6\xff" + one[10:],
            one.replace(b"(3, 4)", b"(99999999999999999999,)"), b"", b"\x93NUMPY", npy(np.zeros(2, "V8")),
            one.replace(b"'<f4'", b"'" + b"(" * 400 + b"'"), npy(np.array(["a"])),
            npy(np.full((3, 4), np.nan)),
        )
    ]  # fmt: skip
    crafted += [
        zipped({**entries, "../../evil.npy": one}),
        zipped({f"{i}.npy": one for i in range(3000)}),
        zipped({**entries, "state.npy": deep, "model/0.W.npy": one}),
        twice(entries, f"{name}.npy", one),
        zipped({"0.W.npy": one + bytes(50_000_000)}, zipfile.ZIP_DEFLATED),
        zipped({"0.W.npy": one}, zipfile.ZIP_LZMA),
        one, b"PK\x05\x06" + bytes(18), b"\x80\x04\x95" + bytes(40),
    ]  # fmt: skip

    def read_weights(path: Path) -> Any:
        fresh = model()
        fresh.load(path)
        return fresh.state_dict()

    def loads(path: Path) -> Any:
        assert set(read_weights(path)) == set(state)

    yield Kind("weights", [plain, packed], read_weights, "w.npz", exact=True)
    yield Kind("crafted weights", [plain, packed], loads, "w.npz", crafted=crafted)

    run = folder / "checkpoints"
    training(run, resume=False)
    (saved,) = run.glob("checkpoint-*.npz")

    def read_checkpoint(path: Path) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            found = newest(str(path.parent))
            assert found is not None
            return found[1]

    def resume(path: Path) -> Any:
        try:
            training(path.parent, resume=True, epochs=3)
        except (ValueError, FloatingPointError) as error:
            if not re.search(
                "NaN|infinity|finite", str(error)
            ):  # weights that no training survives
                raise

    content = saved.read_bytes()
    yield Kind("checkpoint", [content], read_checkpoint, "checkpoint-00000006.npz", exact=True)
    crafted = list(crafted_states(content))
    yield Kind("resumed training", [content], resume, "checkpoint-00000006.npz", crafted=crafted)


def crafted_states(content: bytes) -> Iterator[bytes]:
    """Checkpoints with right checksums, whose state is another in one place."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    start = entries["state.npy"].index(b"\n") + 1
    state = json.loads(entries["state.npy"][start:])
    strange = [
        None,
        -3,
        1.5,
        "x",
        [],
        {},
        True,
        10**30,
        {"npz entry": "nowhere"},
        [[1]],
        float("nan"),
    ]
    for names in paths_of(state):
        for value in strange:
            changed = json.loads(json.dumps(state))
            inside = changed
            for name in names[:-1]:
                inside = inside[name]
            inside[names[-1]] = value
            text = np.frombuffer(json.dumps(changed).encode(), np.uint8)
            yield zipped({**entries, "state.npy": npy(text)})
    for name in entries:
        for array in (np.zeros(0), np.zeros((2, 2), int), np.array("x")):
            yield zipped({**entries, name: npy(array)})


def paths_of(thing: Any, above: tuple = ()) -> Iterator[tuple]:
    inside = thing.items() if isinstance(thing, dict) else enumerate(thing)
    for name, part in inside:
        yield (*above, name)
        if isinstance(part, (dict, list)):
            yield from paths_of(part, (*above, name))


def tokenizers(folder: Path) -> Iterator[Kind]:
    text = "the cat sat on the mat, the rat sat on the cat; " * 3 + "日本語 日本"
    path = folder / "tokenizer.json"

    def read(load: Callable) -> Read:
        return lambda path: load(path).encode(text).tolist()

    for name, tokenizer in (
        ("characters", CharTokenizer.train(text)),
        ("byte pairs", BytePairTokenizer.train(text, merges=30)),
    ):
        tokenizer.save(path)
        content = path.read_bytes()
        key = "vocabulary" if name == "characters" else "merges"
        doubled = [[97, 97], *([256 + i, 256 + i] for i in range(40))]
        crafted = [
            json.dumps({"kind": name, key: value}).encode()
            for value in (doubled, [[0, 999]], [[-1, 0]], [["a", "b"]], "abc", ["b", "a"], [["a"]], 7, None,
                          [[0, 0]] * 10, ["\ud800", "ab"], [1e400, 2], [[1e10, 0]])
        ]  # fmt: skip
        crafted += [
            b"[" * 200_000,
            b'{"a":' * 200_000,
            b"9" * 10_000,
            b"\xff\xfe",
            b"",
            content[:-2],
        ]

        load = type(tokenizer).load

        def whole(path: Path, load: Callable = load) -> Any:
            assert len(load(path).encode("")) == 0

        yield Kind(name, [content], read(load), exact=True)
        yield Kind(f"crafted {name}", [content], whole, crafted=crafted)


def runs(folder: Path) -> Iterator[Kind]:
    """The files in the folder of a run; each is changed while the others are whole."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, (40, 4, 4, 1)).astype(np.uint8)
    labels = [str(i % 2) for i in range(40)]
    names = [str(i) for i in range(40)]
    data = dataset.Examples("a.csv", "pixels", pixels, labels, names, [])
    settings = Settings(model="mlp", epochs=1)
    run = Run.begin(str(folder / "run"), settings, dataset.split(data, settings), "a.csv", "pixels")
    run.finish(run.start(), {"ended": True, "epochs": 1, "epochs_asked_for": 1, "best_epoch": 1})
    log = CSVLog(run.file("history.csv"))
    log.on_train_begin()
    for epoch in (1, 2):
        log.on_epoch_end(epoch, {"loss": 0.5 / epoch, "val_loss": 1.0})
    whole = {path.name: path.read_bytes() for path in Path(run.path).iterdir() if path.is_file()}

    def read(path: Path) -> Any:
        for name, content in whole.items():
            if name != path.name:
                (path.parent / name).write_bytes(content)
        opened = Run(str(path.parent))
        result = opened.result()
        x, y, named = opened.evaluation_set()
        assert (
            x.shape[1:] == opened.shape and y.max() < len(opened.classes) and result["epochs"] >= 0
        )
        weights = opened.model().state_dict()
        return x, y, named, opened.seen(pixels), weights, opened.history().history

    def fits(path: Path) -> Any:
        read(path)

    strange = [
        b"null",
        b"[]",
        b"{}",
        b'"text"',
        b"",
        b"[" * 100_000,
        b'{"format": 3}',
        b"\xff\xfe\x00",
    ]
    for name, content in whole.items():
        exact = name.endswith(".npz")
        yield Kind(f"run {name}", [content], read if exact else fits, name, exact, strange)


def pictures() -> Iterator[Kind]:
    from PIL import Image

    rng = np.random.default_rng(0)
    color = rng.integers(0, 256, (9, 7, 3), np.uint8)
    alpha = rng.integers(0, 256, (9, 7, 4), np.uint8)
    gray = color[..., 0]

    def saved(pixels: np.ndarray, kind: str, **settings: Any) -> bytes:
        file = io.BytesIO()
        Image.fromarray(pixels).save(file, kind, **settings)
        return file.getvalue()

    def read(path: Path) -> Any:
        for mode, channels in (("rgb", (3,)), ("gray", ())):
            images = ImageFiles([str(path)], [0], ["a"], mode=mode, size=(6, 5))
            pixels, label = images[0]
            assert (pixels.shape, pixels.dtype, label) == ((6, 5, *channels), np.uint8, 0)

    exif = Image.Exif()
    exif[0x0112] = 6
    deep = gray.astype(np.uint16) * 257
    for kind, files in {
        "PNG": [saved(color, "PNG"), saved(alpha, "PNG"), saved(deep, "PNG"), saved(gray > 99, "PNG"),
                saved(color, "PNG", exif=exif)],
        "JPEG": [saved(color, "JPEG"), saved(gray, "JPEG", progressive=True),
                 saved(color, "JPEG", exif=exif)],
        "GIF": [saved(gray, "GIF"), saved(color, "GIF")],
        "BMP": [saved(color, "BMP"), saved(gray, "BMP")],
        "TIFF": [saved(color, "TIFF"), saved(deep, "TIFF"), saved(gray.astype(np.float32), "TIFF"),
                 saved(gray.astype(np.int32), "TIFF"), saved(color, "TIFF", compression="tiff_lzw")],
        "PPM": [saved(color, "PPM"), saved(gray, "PPM"), saved(deep, "PPM")],
        "WEBP": [saved(color, "WEBP"), saved(alpha, "WEBP", lossless=True)],
    }.items():  # fmt: skip
        crafted = [huge_png(side) for side in (8_000, 20_000, 2**31 - 1)] if kind == "PNG" else []
        crafted += [
            b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\nshowpage\n",
            b"",
            b"\x89PNG\r\n\x1a\n",
        ]
        crafted += [b"P6 90000 90000 255\n", b"P5 9 9 99999999\n" + bytes(99), b"P4 -3 9\n"]
        yield Kind(f"image {kind}", files, read, f"a.{kind.lower()}", crafted=crafted)


def huge_png(side: int) -> bytes:
    """A PNG of a few bytes whose header tells of a large picture."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(9_000))), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data))
        for name, data in chunks
    )


def tables(folder: Path) -> Iterator[Kind]:
    from PIL import Image

    Image.fromarray(np.zeros((4, 4), np.uint8)).save(folder / "a.png")
    picture = (folder / "a.png").read_bytes()
    text = "label,p0,p1,p2,p3\n" + "".join(f"{i % 3},{i},{2 * i},255,0\n" for i in range(12))
    listed = "image,label\n" + "".join(f"a.png,{i % 2}\n" for i in range(12))
    strange = [
        b"", b"\n", b",,,\n", text.encode("latin-1") + b"1,\xe9,3,4,5\n", text.encode("utf-16-le"),
        gzip.compress(text.encode()), b"label,p0\n" + b"1," + b"9" * 20_000 + b"\n", text.encode() + b"\0",
        b"label,p0\n" + b'"' * 9_001, b"a," * 300_000, b"label" + b"\n" * 300_000,
        b'label,"' + b"a" * 300_000,
        b"PK\3\4" + bytes(99), "label,p0\n1,²\n".encode(), "label,p0\n1,٣\n".encode(), b"label,p0\n1,1e2\n",
        b"label,p0\n1,+3\n", b"label,p0\n1, 3 \n", b"label,p0\n1,0x3\n", b"label,p0\n65536,3\n",
    ]  # fmt: skip
    whole = [text.encode(), text.encode("utf-16"), ("\ufeff" + text).replace("\n", "\r\n").encode()]

    def read_pixels(path: Path) -> Any:
        x, y = read_csv(path)
        rows = by_hand(path)
        assert (x.dtype, y.dtype) == (np.uint8, np.int64)
        assert [[k, *row] for k, row in zip(y.tolist(), x.tolist(), strict=True)] == rows

    def read_list(path: Path) -> Any:
        (path.parent / "a.png").write_bytes(picture)
        images = image_csv(path, size=(4, 4))
        for i in range(len(images)):
            pixels, label = images[i]
            assert pixels.shape == (4, 4, 3) and images.class_names[label]

    def read_examples(path: Path) -> Any:
        (path.parent / "a.png").write_bytes(picture)
        for labeled in (True, False):
            data = dataset.read(str(path), Settings(size=4), labeled=labeled)
            assert data.x.shape[1:3] and len(data.names) == len(data)
            assert data.x.dtype == np.uint8 and (
                data.labels is None or len(data.labels) == len(data)
            )

    yield Kind("table of pixels", whole, read_pixels, "a.csv", crafted=strange)
    yield Kind("table of images", [listed.encode()], read_list, "a.csv", crafted=strange)
    yield Kind("examples", [*whole, listed.encode()], read_examples, "a.csv", crafted=strange)


def by_hand(path: Path) -> list[list[int]]:
    """The numbers of a table of pixels: the label, which may be in any column, and then the others."""
    content = path.read_bytes()
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    lines = [row for row in csv.reader(io.StringIO(content.decode(encoding), newline="")) if row]
    place = [name.strip() for name in lines[0]].index("label")
    rows = [[int(cell) for cell in row] for row in lines[1:]]
    return [[row[place], *row[:place], *row[place + 1 :]] for row in rows]


def published(folder: Path) -> Iterator[Kind]:
    """The files of MNIST, CIFAR and California housing, in small."""
    rng = np.random.default_rng(0)
    array = rng.integers(0, 256, (4, 5, 6), np.uint8)
    head = bytes([0, 0, 8, 3]) + np.array(array.shape, ">u4").tobytes()
    idx = head + array.tobytes()
    bomb = b"\0\0\x08\1" + (2**31).to_bytes(4)
    strange = [
        b"", idx[:9], idx + b"!", b"\0\0\x08\xff" + b"\xff" * 1020, b"\0\0\x0e\1\xff\xff\xff\xff",
        b"\0\0\x08\x41" + bytes(260), bytes(4), b"\0\0\x08\0a", b"<html>",
    ]  # fmt: skip

    def read_idx(path: Path) -> Any:
        content = path.read_bytes()
        read = benchmark_sets.read_idx(path)
        assert read.dtype == np.dtype(benchmark_sets.IDX_TYPES[content[2]]).newbyteorder("=")
        lengths = struct.unpack(f">{content[3]}I", content[4 : 4 + 4 * content[3]])
        assert read.shape == lengths
        raw = np.frombuffer(content[4 + 4 * content[3] :], read.dtype.newbyteorder(">"))
        np.testing.assert_array_equal(read.ravel(), raw)

    packed = [gzip.compress(idx, mtime=0)]
    yield Kind("idx", [idx], read_idx, "a", crafted=strange)
    yield Kind("idx.gz", packed, benchmark_sets.read_idx, "a.gz", exact=True)
    crafted = [gzip.compress(content) for content in strange] + [gzip.compress(bomb) + zeros(2**31)]
    yield Kind("crafted idx.gz", packed, lambda path: benchmark_sets.read_idx(path) is None, "a.gz",
               crafted=crafted)  # fmt: skip

    def fetched(load: Callable) -> Read:
        def read(path: Path) -> Any:
            benchmark_sets.fetch = lambda file: str(path)  # type: ignore[assignment]
            return [(part.x, part.y) for part in load()]

        return read

    rows = np.column_stack([np.arange(12) % 10, rng.integers(0, 256, (12, 3072))]).astype(np.uint8)
    members = {
        f"cifar-10-batches-bin/data_batch_{i}.bin": rows[i : i + 2].tobytes() for i in range(1, 6)
    } | {
        "cifar-10-batches-bin/test_batch.bin": rows[:2].tobytes(),
        "cifar-10-batches-bin/batches.meta.txt": b"\n".join(b"thing%d" % i for i in range(10)),
    }
    fine = np.column_stack([rows[:, :1], rows])
    hundred = {
        "cifar-100-binary/train.bin": fine.tobytes(),
        "cifar-100-binary/test.bin": fine[:2].tobytes(),
        "cifar-100-binary/fine_label_names.txt": b" ".join(b"thing%d" % i for i in range(100)),
    }
    housing = {"CaliforniaHousing/cal_housing.data": b"1,2,3,4,5,6,7,8,9\n" * 5}
    one = benchmark_sets.load_california_housing
    for name, load, content in (
        ("cifar10", benchmark_sets.load_cifar10, members),
        ("cifar100", benchmark_sets.load_cifar100, hundred),
        ("housing", lambda: [one()], housing),
    ):
        first = next(iter(content))
        strange = [
            tar({**content, first: b""}), tar({**content, first: content[first][:-1]}), tar({}),
            tar({**content, first: b"\xff" * 6146}), tar({f"../{first}": b"evil"}), gzip.compress(b""), b"",
            tar({**content, list(content)[-1]: b"\xff\xfe"}), gzip.compress(tar(content)),
            tar_header(first, 2**31) + zeros(2**31), b"\x1f\x8b",
        ]  # fmt: skip
        yield Kind(name, [tar(content)], fetched(load), "a.tar.gz", exact=True)
        yield Kind(f"crafted {name}", [tar(content)], lambda p, load=load: len(fetched(load)(p)) * 0,
                   "a.tar.gz", crafted=strange)  # fmt: skip
    arrays = {f"{kind}_{part}": array[:, 0, 0] if kind == "y" else array
              for kind in "xy" for part in ("train", "test")}  # fmt: skip
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    yield Kind("mnist", [file.getvalue()], fetched(benchmark_sets.load_mnist), "m.npz", exact=True)


def foreign_weights(folder: Path) -> Iterator[Kind]:
    """Weights of Keras and of safetensors. Neither format has checksums."""
    state = model().state_dict()

    def shapes(load: Callable) -> Read:
        def read(path: Path) -> Any:
            fresh = model()
            load(fresh, path)
            assert {k: (a.shape, a.dtype) for k, a in fresh.state_dict().items()} == {
                k: (a.shape, a.dtype) for k, a in state.items()
            }

        return read

    if find_spec("safetensors"):
        path = folder / "a.safetensors"
        save_safetensors(model(), path)
        content = path.read_bytes()
        crafted = [
            struct.pack("<Q", size) + content[8:] for size in (0, 1, 2**63, 2**64 - 1, 100_000_001)
        ] + [with_header(header) for header in (
            b"[" * 50_000, b"{}", b"null", b'{"0.W": 3}', b'{"0.W": {"dtype": "F32", "shape": [1e9], '
            b'"data_offsets": [0, 4]}}', b'{"0.W": {"dtype": "BF16", "shape": [2], "data_offsets": [0, 4]}}',
        )]  # fmt: skip
        yield Kind("safetensors", [content], shapes(load_safetensors), crafted=crafted)
    if find_spec("h5py"):
        import h5py

        def h5(extra: Callable = lambda file: None, **settings: Any) -> bytes:
            file = io.BytesIO()
            with h5py.File(file, "w") as made:
                for i, layer in enumerate(("dense", "batch_normalization", "dense_1")):
                    prefix = ("0.", "1.", "3.")[i]
                    mine = [array for name, array in state.items() if name.startswith(prefix)]
                    for j, array in enumerate(mine):
                        made.create_dataset(f"layers/{layer}/vars/{j}", data=array, **settings)
                extra(made)
            return file.getvalue()

        def large(file: Any) -> None:
            del file["layers/dense/vars/0"]
            file.create_dataset(
                "layers/dense/vars/0", (100_000, 100_000), np.float32, chunks=(10, 10)
            )

        keras = zipped({"config.json": b"{}", "model.weights.h5": h5()})
        crafted = [
            h5(large), zipped({"config.json": b"[" * 100_000, "model.weights.h5": h5()}), zipped({}),
            zipped({"config.json": b'{"config": {"layers": [3]}}', "model.weights.h5": h5()}),
            zipped({"config.json": b'{"config": {"layers": {"a": []}}}', "model.weights.h5": h5()}),
            zipped({"config.json": b" " * 2**26, "model.weights.h5": b""}, zipfile.ZIP_DEFLATED),
            b"\x89HDF\r\n",
        ]  # fmt: skip
        yield Kind(
            "keras", [h5(), keras], shapes(load_keras_weights), "a.weights.h5", crafted=crafted
        )


def zeros(count: int) -> bytes:
    """So many zeros, compressed by gzip."""
    piece = 1 << 24
    return gzip.compress(bytes(piece)) * (count // piece)


def tar_header(name: str, size: int) -> bytes:
    info = tarfile.TarInfo(name)
    info.size = size
    return gzip.compress(info.tobuf())


def with_header(header: bytes) -> bytes:
    return struct.pack("<Q", len(header)) + header + bytes(8)


def npy(array: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, array)
    return file.getvalue()


def zipped(entries: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in entries.items():
            archive.writestr(name, content)
    return file.getvalue()


def twice(entries: dict[str, bytes], name: str, content: bytes) -> bytes:
    """An archive that has an entry two times."""
    file = io.BytesIO(zipped(entries))
    with warnings.catch_warnings(), zipfile.ZipFile(file, "a") as archive:
        warnings.simplefilter("ignore")
        archive.writestr(name, content)
    return file.getvalue()


def tar(members: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
    return file.getvalue()


# --------------------------------------------------------------------------------------------- changes

NUMBERS = [
    b"-3",
    b"0",
    b"1e999",
    b"9" * 5000,
    b"99999999999999999999",
    b"NaN",
    b"true",
    b"null",
    b"[]",
    b"{}",
]
EXTREMES = [bytes(n) for n in (1, 2, 4, 8)] + [b"\xff" * n for n in (1, 2, 4, 8)]
EXTREMES += [
    b"\xff\xff\xff\x7f",
    b"\x7f\xff\xff\xff",
    b"\0\0\0\x80",
    b"\x80\0\0\0",
    b"PK\1\2",
    b"\x93NUMPY",
]


def changed(content: bytes, rng: np.random.Generator, other: bytes) -> bytes:
    """The content with one to four changes."""
    for _ in range(int(rng.choice([1, 1, 1, 2, 4]))):
        if not content:
            return content
        content = CHANGES[rng.integers(len(CHANGES))](bytearray(content), rng, other)
    return content


def place(content: bytes, rng: np.random.Generator) -> int:
    """Any place, but often one of the first or last bytes, where headers and directories are."""
    if rng.random() < 0.4:
        near = int(min(rng.exponential(60), len(content) - 1))
        return near if rng.random() < 0.5 else len(content) - 1 - near
    return int(rng.integers(len(content)))


def flip(content: bytearray, rng: np.random.Generator, other: bytes) -> bytes:
    content[place(content, rng)] ^= 1 << int(rng.integers(8))
    return bytes(content)


def set_byte(content: bytearray, rng: np.random.Generator, other: bytes) -> bytes:
    content[place(content, rng)] = int(rng.integers(256))
    return bytes(content)


def cut(content: bytearray, rng: np.random.Generator, other: bytes) -> bytes:
    return bytes(content[: place(content, rng)])


def delete(content: bytearray, rng: np.random.Generator, other: bytes) -> bytes:
    at = place(content, rng)
    del content[at : at + int(rng.integers(1, 40))]
    return bytes(content)


def repeat(content: bytearray, rng: np.random.Generator, other: bytes) -> bytes:
    at = place(content, rng)
    piece = content[at : at + int(rng.integers(1, 60))]
    return bytes(content[:at] + piece * int(rng.choice([1, 2, 500])) + content[at:])


def insert(content: bytearray, rng: np.random.Generator, other: bytes) -> bytes:
    at = place(content, rng)
    return bytes(content[:at] + rng.bytes(int(rng.integers(1, 20))) + content[at:])


def overwrite(content: bytearray, rng: np.random.Generator, other: bytes) -> bytes:
    at, piece = place(content, rng), EXTREMES[rng.integers(len(EXTREMES))]
    content[at : at + len(piece)] = piece
    return bytes(content)


def splice(content: bytearray, rng: np.random.Generator, other: bytes) -> bytes:
    """The start of one file and the end of another."""
    return bytes(content[: place(content, rng)]) + (other[place(other, rng) :] if other else b"")


def number(content: bytearray, rng: np.random.Generator, other: bytes) -> bytes:
    found = [*re.finditer(rb"-?\d+(\.\d+)?|true|false|null", bytes(content))]
    if not found:
        return flip(content, rng, other)
    match = found[rng.integers(len(found))]
    return bytes(
        content[: match.start()] + NUMBERS[rng.integers(len(NUMBERS))] + content[match.end() :]
    )


CHANGES = [flip, flip, flip, set_byte, cut, delete, repeat, insert, overwrite, splice, number]


def within(content: bytes, rng: np.random.Generator) -> bytes:
    """A .zip or .gz whose contents are changed, so that all its checksums are right."""
    if content[:2] == b"\x1f\x8b":
        inner = gzip.decompress(content)
        return gzip.compress(changed(inner, rng, inner), mtime=0)
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        entries = {name: archive.read(name) for name in archive.namelist()}
    name = list(entries)[rng.integers(len(entries))]
    entries[name] = changed(entries[name], rng, next(iter(entries.values())))
    return zipped(entries)


# ----------------------------------------------------------------------------------------------- cases


class TooSlowError(BaseException):
    """Raised in a case that takes too long; no handler of exceptions takes it for damage."""


def case(number: int, seed: int, made: list[Kind]) -> tuple[Kind, bytes, str]:
    """The kind and the content of a case, and whether it must give the value of the whole file."""
    rng = np.random.default_rng([seed, number])
    kind = made[number % len(made)]
    turn = number // len(made)
    if kind.crafted and turn % 2:
        return kind, kind.crafted[(turn // 2) % len(kind.crafted)], "crafted"
    content = kind.files[rng.integers(len(kind.files))]
    if not kind.exact and content[:2] in (b"PK", b"\x1f\x8b") and rng.random() < 0.5:
        return kind, within(content, rng), "changed within"
    return kind, changed(content, rng, kind.files[rng.integers(len(kind.files))]), "changed"


def outcome(kind: Kind, content: bytes, right: str, folder: Path) -> tuple[str, str]:
    """("value" or "refused", ""), or ("failed", why) for what must not be."""
    with tempfile.TemporaryDirectory(dir=folder) as here:
        path = Path(here) / kind.file
        path.write_bytes(content)
        signal.setitimer(signal.ITIMER_REAL, SECONDS)
        try:
            value = kind.read(path)
        except TooSlowError:
            return "failed", f"more than {SECONDS} s"
        except AssertionError as error:
            return "failed", f"a wrong value: {str(error)[:200]}"
        except Exception as error:
            expected = type(error) in (DamagedFileError, ValueError, FileNotFoundError)
            if expected and (here in str(error) or here in str(getattr(error, "filename", ""))):
                return "refused", ""
            return "failed", "".join(traceback.format_exception(error))
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)
            with contextlib.suppress(ImportError):
                from tinygrad_edu.files.lock import unlock

                unlock(here)
    if kind.exact and digest(value) != right:
        return "failed", "a value that is not that of the whole file, in silence"
    return "value", ""


def digest(value: Any) -> str:
    """A checksum of nested arrays, numbers and words."""
    found = hashlib.sha256()

    def add(thing: Any) -> None:
        if isinstance(thing, dict):
            for name in sorted(thing):
                found.update(name.encode())
                add(thing[name])
        elif isinstance(thing, (list, tuple)):
            found.update(b"(")
            for part in thing:
                add(part)
            found.update(b")")
        elif isinstance(thing, (np.ndarray, np.generic)):
            found.update(f"{thing.dtype}{thing.shape}".encode() + thing.tobytes())
        else:
            found.update(repr(thing).encode())

    add(value)
    return found.hexdigest()


def work(numbers: range, seed: int, only: str, folder: Path) -> None:
    """Runs cases, and prints a line of JSON before each and after each."""

    def too_slow(*_: Any) -> None:
        raise TooSlowError

    signal.signal(signal.SIGALRM, too_slow)
    warnings.simplefilter("ignore")
    made = [kind for kind in kinds(folder / "whole") if only in kind.name]
    right = {}
    for kind in made:
        for content in kind.files if kind.exact else ():
            with tempfile.TemporaryDirectory(dir=folder) as here:
                path = Path(here) / kind.file
                path.write_bytes(content)
                value = digest(kind.read(path))
                assert right.setdefault(kind.name, value) == value, kind.name
    limit_memory()
    for i in numbers:
        kind, content, how = case(i, seed, made)
        print(json.dumps({"start": i, "kind": kind.name}), flush=True)
        faulthandler.dump_traceback_later(4 * SECONDS, exit=True)  # C code hears no alarm
        said, why = outcome(kind, content, right.get(kind.name, ""), folder)
        faulthandler.cancel_dump_traceback_later()
        print(
            json.dumps({"end": i, "kind": kind.name, "how": how, "said": said, "why": why}),
            flush=True,
        )


def limit_memory() -> None:
    try:
        import resource

        pages = int(Path("/proc/self/statm").read_text().split()[0])
    except (ImportError, OSError):
        return
    limit = pages * resource.getpagesize() + MEGABYTES * 1_000_000
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))


def run(count: int, seed: int, only: str, jobs: int, folder: Path) -> list[dict[str, Any]]:
    """Runs all cases in processes, starts a new one after a crash, and prints a summary."""
    results: list[dict[str, Any]] = []
    left = [range(job, count, jobs) for job in range(jobs)]
    for round_ in range(1 + count):
        running = []
        for job, numbers in enumerate(left):
            if not len(numbers):
                continue
            here = folder / f"{round_}-{job}"
            here.mkdir()
            command = [sys.executable, __file__, "--seed", str(seed), "--only", only, "--work", str(here),
                       str(numbers.start), str(numbers.stop), str(numbers.step)]  # fmt: skip
            output = (here / "output").open("w+")
            errors = (here / "errors").open("w+")
            running.append(
                (job, output, errors, subprocess.Popen(command, stdout=output, stderr=errors))
            )
        if not running:
            return results
        for job, output, errors, process in running:
            process.wait()
            output.seek(0), errors.seek(0)
            lines = [json.loads(line) for line in output if line.endswith("\n")]
            results += [line for line in lines if "end" in line]
            left[job] = range(0)
            if process.returncode:
                said = f"ended with status {process.returncode}\n{errors.read()[-3000:]}"
                if not lines:
                    raise RuntimeError(said)
                last = lines[-1]
                results.append(
                    {**last, "end": last["start"], "how": "", "said": "failed", "why": said}
                )
                left[job] = range(last["start"] + jobs, count, jobs)
            output.close(), errors.close()
    return results


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--count", type=int, default=1000, help="cases (%(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="(%(default)s)")
    parser.add_argument("--only", default="", help="kinds whose name contains this")
    parser.add_argument("--jobs", type=int, default=2, help="processes (%(default)s)")
    parser.add_argument("--case", type=int, help="run this one case and show its error")
    parser.add_argument(
        "--work", nargs=4, metavar=("FOLDER", "START", "STOP", "STEP"), help=argparse.SUPPRESS
    )
    given = parser.parse_args()
    if given.work:
        numbers = range(*map(int, given.work[1:]))
        work(numbers, given.seed, given.only, Path(given.work[0]))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        if given.case is not None:
            work(range(given.case, given.case + 1), given.seed, given.only, Path(folder))
            return 0
        results = run(given.count, given.seed, given.only, given.jobs, Path(folder))
    table: dict[str, Counter] = {}
    for result in results:
        table.setdefault(result["kind"], Counter())[result["said"]] += 1
    for name, counts in table.items():
        print(f"{name:24}" + "".join(f"{counts[k]:7} {k}" for k in ("value", "refused", "failed")))
    failed = [result for result in results if result["said"] == "failed"]
    for result in failed[:50]:
        print(
            f"\ncase {result['end']}, {result['kind']}, {result['how']}:\n{result['why'][-2000:]}"
        )
    print(f"\n{len(results)} cases, {len(failed)} failed")
    return 1 if failed or len(results) != given.count else 0


if __name__ == "__main__":
    sys.exit(main())
