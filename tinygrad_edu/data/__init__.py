"""Data sets, files and texts; splits, transforms and mini-batches. NumPy alone.

bundled, benchmark_sets  sets that come with the package, and sets that are downloaded (with pooch)
tables, images, text     CSV files of pixels, image files (with Pillow), tokenizers
characters               62 classes drawn from fonts (with Pillow and matplotlib)
splitting, transforms    training, validation and test sets; standardization; augmentation
loader, streams          mini-batches of arrays; of other data sets, transformed, and prefetched

A file that is damaged, or of another kind than it should be, raises DamagedFileError, a ValueError.
"""

from tinygrad_edu.data.benchmark_sets import (
    load_california_housing,
    load_cifar10,
    load_cifar100,
    load_fashion_mnist,
    load_mnist,
    load_mnist_5000,
    read_idx,
)
from tinygrad_edu.data.bundled import Dataset, load_digits, load_iris, load_shakespeare, load_wine
from tinygrad_edu.data.characters import draw_characters, write_characters
from tinygrad_edu.data.downloads import DownloadError, RemoteFile, cache_folder, fetch
from tinygrad_edu.data.images import ImageFiles, image_csv, image_folder
from tinygrad_edu.data.loader import DataLoader
from tinygrad_edu.data.splitting import (
    StandardScaler,
    train_test_split,
    train_validation_test_split,
)
from tinygrad_edu.data.streams import ExampleLoader, Prefetch, Transformed
from tinygrad_edu.data.tables import read_csv, write_csv
from tinygrad_edu.data.text import BytePairTokenizer, CharTokenizer, token_windows
from tinygrad_edu.files import DamagedFileError

__all__ = [
    "BytePairTokenizer",
    "CharTokenizer",
    "DamagedFileError",
    "DataLoader",
    "Dataset",
    "DownloadError",
    "ExampleLoader",
    "ImageFiles",
    "Prefetch",
    "RemoteFile",
    "StandardScaler",
    "Transformed",
    "cache_folder",
    "draw_characters",
    "fetch",
    "image_csv",
    "image_folder",
    "load_california_housing",
    "load_cifar10",
    "load_cifar100",
    "load_digits",
    "load_fashion_mnist",
    "load_iris",
    "load_mnist",
    "load_mnist_5000",
    "load_shakespeare",
    "load_wine",
    "read_csv",
    "read_idx",
    "token_windows",
    "train_test_split",
    "train_validation_test_split",
    "write_characters",
    "write_csv",
]
