"""Data: sets that come with the package, mini-batches, and a test set put aside. NumPy alone."""

from tinygrad_edu.data.embedded import Dataset, load_digits, load_iris, load_wine
from tinygrad_edu.data.loader import DataLoader, train_test_split

__all__ = [
    "DataLoader",
    "Dataset",
    "load_digits",
    "load_iris",
    "load_wine",
    "train_test_split",
]
