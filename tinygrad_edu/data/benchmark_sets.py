"""The data sets that everybody knows, from where they were published: MNIST, CIFAR, California housing.

Each file is fetched once, and its SHA-256 checked before it is opened (`downloads.py`). Nothing is
unpacked to disk: the members of an archive are picked by their exact names and read in memory. Nothing is
unpickled either, but for the copy of CIFAR that Keras keeps, by a reader that knows three names.

A set comes as two `Dataset`s, and those unpack further into arrays:

    train, test = load_mnist()
    (x_train, y_train), (x_test, y_test) = load_mnist()

Pixels are whole numbers from 0 to 255, as published (uint8, a quarter of the memory of float32); with
`dtype=np.float32`, `x / 255` stays in the precision that networks work in.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable, Iterator
from typing import IO, Any

import numpy as np
from numpy.typing import DTypeLike, NDArray

from tinygrad_edu.data.bundled import Dataset
from tinygrad_edu.data.downloads import RemoteFile, cached, fetch

GOOGLE = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
ZALANDO = "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/"
TORONTO = "https://www.cs.toronto.edu/~kriz/"

MNIST = RemoteFile(
    "mnist.npz",
    "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    (GOOGLE + "mnist.npz",),
    keras=("mnist.npz",),
)
FASHION_MNIST = {
    name: RemoteFile(
        f"fashion-mnist/{name}",
        sha256,
        (GOOGLE + name, ZALANDO + name),
        keras=(f"fashion-mnist/{name}",),
    )
    for name, sha256 in {
        "train-images-idx3-ubyte.gz": "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
        "train-labels-idx1-ubyte.gz": "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845",
        "t10k-images-idx3-ubyte.gz": "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073",
        "t10k-labels-idx1-ubyte.gz": "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5",
    }.items()
}
# CIFAR is published twice: as Python pickles, and in a binary form that needs no unpickling.
CIFAR10 = RemoteFile(
    "cifar-10-binary.tar.gz",
    "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
    (TORONTO + "cifar-10-binary.tar.gz",),
)
CIFAR10_PICKLED = RemoteFile(
    "cifar-10-python.tar.gz",
    "6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce",
    (TORONTO + "cifar-10-python.tar.gz",),
    keras=("cifar-10-batches-py-target_archive", "cifar-10-batches-py.tar.gz"),
)
CIFAR100 = RemoteFile(
    "cifar-100-binary.tar.gz",
    "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec",
    (TORONTO + "cifar-100-binary.tar.gz",),
)
CIFAR100_PICKLED = RemoteFile(
    "cifar-100-python.tar.gz",
    "85cd44d02ba6437773c5bbd22e183051d648de2e7d6b014e1ef29b855ba677a7",
    (TORONTO + "cifar-100-python.tar.gz",),
    keras=("cifar-100-python-target_archive", "cifar-100-python.tar.gz"),
)
CALIFORNIA_HOUSING = RemoteFile(
    "cal_housing.tgz",
    "aaa5c9a6afe2225cc2aed2723682ae403280c4a3695a2ddda4ffb5d8215ea681",
    ("https://ndownloader.figshare.com/files/5976036",),
)


# ---- the sets ----


def load_mnist(dtype: DTypeLike = np.uint8) -> tuple[Dataset, Dataset]:
    """70,000 handwritten digits.    x: (60000 and 10000, 28, 28) from 0 to 255, y: from 0 to 9

    LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist; terms: CC BY-SA 3.0. An 11 MB download.
    """
    path = fetch(MNIST)
    with _reading(path), open(path, "rb") as opened, np.load(opened, allow_pickle=False) as file:
        parts = [(file[f"x_{part}"], file[f"y_{part}"]) for part in ("train", "test")]
    about = "Handwritten digits of 250 (training) and 250 other people (test). LeCun et al. 1998."
    return _train_and_test("mnist", parts, dtype, tuple("0123456789"), about)


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
    files = [f"data_batch_{i}" for i in range(1, 6)], ["test_batch"]
    pickled = cached(CIFAR10_PICKLED)
    if pickled:
        names, parts = _cifar_pickles(
            pickled, "cifar-10-batches-py", files, b"labels", "batches.meta", b"label_names"
        )
    else:
        names, parts = _cifar_binary(
            fetch(CIFAR10), "cifar-10-batches-bin", files, labels=1, names="batches.meta.txt"
        )
    about = "Photographs, 32 x 32 pixels, of vehicles and animals. Krizhevsky 2009."
    return _train_and_test("cifar10", parts, dtype, names, about)


def load_cifar100(dtype: DTypeLike = np.uint8) -> tuple[Dataset, Dataset]:
    """60,000 photographs of a hundred kinds.    x: (50000 and 10000, 32, 32, 3), y: from 0 to 99

    The fine labels; source as for load_cifar10. A 169 MB download.
    """
    files = ["train"], ["test"]
    pickled = cached(CIFAR100_PICKLED)
    if pickled:
        names, parts = _cifar_pickles(
            pickled, "cifar-100-python", files, b"fine_labels", "meta", b"fine_label_names"
        )
    else:
        names, parts = _cifar_binary(
            fetch(CIFAR100), "cifar-100-binary", files, labels=2, names="fine_label_names.txt"
        )
    about = "Photographs, 32 x 32 pixels, of a hundred kinds of things. Krizhevsky 2009."
    return _train_and_test("cifar100", parts, dtype, names, about)


def load_california_housing(dtype: DTypeLike = np.float32) -> Dataset:
    """What houses cost in 1990.    x: (20640, 8), y: (20640,) the median price in $100,000

    One row per census block group, the columns as scikit-learn has them. y is a number to predict and not
    a class, in the same dtype as x. Pace and Barry, Sparse Spatial Autoregressions, 1997, from StatLib.
    A 0.4 MB download.
    """
    path, member = fetch(CALIFORNIA_HOUSING), "CaliforniaHousing/cal_housing.data"
    with _reading(path):
        text = _members(path, [member])[member].decode("ascii")
        table = np.loadtxt(text.splitlines(), delimiter=",", ndmin=2)
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
            tuple("pixel_" + "_".join(map(str, place)) for place in np.ndindex(x.shape[1:])),
            class_names,
            description,
        )
        for part, (x, y) in zip(("train", "test"), parts, strict=True)
    )
    return train, test


# ---- the formats ----

# The third byte of an IDX file says what its numbers are; they are written most significant byte first.
IDX_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def read_idx(path: str | os.PathLike[str]) -> NDArray[Any]:
    """An array from an IDX file, the format of MNIST; `.gz` is unpacked on the way.

    Two zero bytes, a byte for the type, one for the number of axes, four for the length of each axis, and
    then the numbers (http://yann.lecun.com/exdb/mnist). Raises ValueError for anything else.
    """
    path = os.fspath(path)
    with _reading(path):
        if path.endswith(".gz"):
            import gzip

            with gzip.open(path) as unpacked:
                data = unpacked.read()
        else:
            with open(path, "rb") as plain:
                data = plain.read()
        if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in IDX_TYPES:
            raise ValueError("an IDX file starts with 0, 0 and a type")
        dtype, start = np.dtype(IDX_TYPES[data[2]]), 4 + 4 * data[3]
        shape = np.frombuffer(data, ">u4", count=data[3], offset=4).tolist()
        expected = int(np.prod(shape, dtype=object)) * dtype.itemsize
        if len(data) - start != expected:
            raise ValueError(
                f"its {expected:,} bytes for shape {tuple(shape)} are {len(data) - start:,}"
            )
        return (
            np.frombuffer(data, dtype, offset=start).reshape(shape).astype(dtype.newbyteorder("="))
        )


def _cifar_binary(
    path: str, folder: str, files: tuple[list[str], list[str]], *, labels: int, names: str
) -> tuple[tuple[str, ...], Any]:
    """Rows of `labels` bytes, the last of them the class, and 3072 pixels: 32 x 32 red, green, blue."""
    wanted = [f"{folder}/{file}.bin" for part in files for file in part] + [f"{folder}/{names}"]
    with _reading(path):
        members = _members(path, wanted)
        class_names = tuple(members[wanted[-1]].decode("ascii").split())
        parts = []
        for part in files:
            rows = np.concatenate(
                [
                    np.frombuffer(members.pop(f"{folder}/{file}.bin"), np.uint8)
                    .reshape(-1, labels + 3072)
                    for file in part
                ]
            )  # fmt: skip
            parts.append((_channels_last(rows[:, labels:]), rows[:, labels - 1]))
        return class_names, parts


def _cifar_pickles(
    path: str,
    folder: str,
    files: tuple[list[str], list[str]],
    label_key: bytes,
    meta: str,
    names_key: bytes,
) -> tuple[tuple[str, ...], Any]:
    """The same from dictionaries that Python 2 pickled: the form that Keras keeps."""
    wanted = [f"{folder}/{file}" for part in files for file in part] + [f"{folder}/{meta}"]
    with _reading(path):
        members = _members(path, wanted)
        class_names = tuple(
            name.decode("ascii") for name in load_plain_pickle(members[wanted[-1]])[names_key]
        )
        parts = []
        for part in files:
            batches = [load_plain_pickle(members.pop(f"{folder}/{file}")) for file in part]
            x = np.concatenate([batch[b"data"] for batch in batches])
            y = np.concatenate([batch[label_key] for batch in batches])
            parts.append((_channels_last(x), y))
        return class_names, parts


def _channels_last(planes: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(planes.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1))


def load_plain_pickle(data: bytes) -> Any:
    """Containers, numbers, bytes and NumPy arrays from a pickle; it can run no code.

    A pickle is a program that may call any function it can name. Here the only names are the three that
    an array needs. Raises pickle.UnpicklingError for any other.
    """
    import io
    import pickle

    rebuild: Any = np.empty(0).__reduce__()[0]
    known: dict[tuple[str, str], Callable] = {
        ("numpy", "ndarray"): np.ndarray,
        ("numpy", "dtype"): np.dtype,
        ("numpy.core.multiarray", "_reconstruct"): rebuild,
        ("numpy._core.multiarray", "_reconstruct"): rebuild,
    }

    class Reader(pickle.Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            if (module, name) not in known:
                raise pickle.UnpicklingError(f"the pickle asks for {module}.{name}: refused")
            return known[module, name]

    return Reader(io.BytesIO(data), encoding="bytes").load()


def _members(path: str, names: list[str]) -> dict[str, bytes]:
    """The files of these very names out of a .tar.gz, in memory: no other path is looked at."""
    import tarfile

    found = {}
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:
            if member.name in names and member.isfile():
                opened: IO[bytes] | None = archive.extractfile(member)
                assert opened is not None  # it is a file
                found[member.name] = opened.read()
    missing = [name for name in names if name not in found]
    if missing:
        raise ValueError(f"{missing[0]} is not in it")
    return found


@contextlib.contextmanager
def _reading(path: str) -> Iterator[None]:
    """Turns whatever the reading of a broken file ends in into one sentence that names the file."""
    import pickle
    import tarfile
    import zipfile
    import zlib

    broken = (
        EOFError,  # a gzip that stops in the middle
        zlib.error,
        tarfile.TarError,
        zipfile.BadZipFile,
        pickle.UnpicklingError,
        KeyError,
        ValueError,
    )
    try:
        yield
    except FileNotFoundError:
        raise
    except (*broken, OSError) as error:
        reason = str(error) or type(error).__name__
        raise ValueError(
            f"{path} cannot be read, it is damaged or something else: {reason}"
        ) from error
