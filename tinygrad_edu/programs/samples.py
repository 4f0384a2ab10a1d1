"""`tinygrad-edu digits` and `tinygrad-edu characters`: pictures to begin with."""

from __future__ import annotations

import os

import numpy as np

from tinygrad_edu.data import load_digits, write_csv
from tinygrad_edu.data.characters import CHARACTERS, write_characters


def digits(csv: str) -> None:
    """Writes the bundled digits as a table of pixels from 0 to 255."""
    if os.path.exists(csv):
        raise FileExistsError(f"{csv} already exists; choose another name, or remove it")
    data = load_digits()
    write_csv(csv, np.rint(data.x * (255 / 16)).astype(np.uint8), data.y)
    print(f"{len(data.y):,} digits of 8 x 8 pixels: {csv}")


def characters(folder: str, per_class: int, only: str | None, pixels: bool, seed: int) -> None:
    """Draws characters into a new folder."""
    chosen = only or CHARACTERS
    write_characters(folder, per_class=per_class, characters=chosen, pixels=pixels, seed=seed)
    print(
        f"{per_class * len(chosen):,} pictures for training: {os.path.join(folder, 'train.csv')}\n"
        f"For testing, in fonts that the training set does not have: {os.path.join(folder, 'test.csv')}"
    )
