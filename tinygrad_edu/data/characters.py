"""Sixty-two classes without a download: 0-9, A-Z and a-z, drawn from the fonts that matplotlib brings.

    train = draw_characters(100, seed=0)                      # 100 pictures of each character
    test = draw_characters(25, fonts=TEST_FONTS, seed=0)      # in fonts that the training set does not have
    write_characters("characters", per_class=100, seed=0)     # both, as image files with train.csv, test.csv

Letters keep their relative sizes, to tell c from C. Some pairs look the same nevertheless: 0 and O in some
fonts, I and l in most, and at this size x and X. So an accuracy of 100 % is impossible.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from tinygrad_edu.data.bundled import Dataset, pixel_names
from tinygrad_edu.data.checks import Seed, generator, whole_number
from tinygrad_edu.data.tables import write_csv
from tinygrad_edu.data.transforms import augment, noise
from tinygrad_edu.files import whole_folder

CHARACTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
TRAINING_FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-BoldOblique", "DejaVuSansMono",
    "DejaVuSansMono-Bold", "DejaVuSansMono-BoldOblique", "DejaVuSerif", "DejaVuSerif-Italic",
    "DejaVuSerif-BoldItalic", "STIXGeneral", "STIXGeneralBol", "STIXGeneralBolIta", "cmr10", "cmb10",
    "cmtt10",
)  # fmt: skip
TEST_FONTS = (
    "DejaVuSans-Oblique", "DejaVuSansMono-Oblique", "DejaVuSerif-Bold", "STIXGeneralItalic", "cmss10",
)  # fmt: skip

SCALE = 3  # letters are drawn three times larger than the picture, augmented, and then averaged
STROKES = (0, 1)  # pixels at that scale by which lines are thickened on either side
PIECE = 256  # pictures that are augmented at a time


def draw_characters(
    per_class: int,
    *,
    fonts: tuple[str, ...] = TRAINING_FONTS,
    characters: str = CHARACTERS,
    size: int = 28,
    seed: Seed = None,
) -> Dataset:
    """`per_class` pictures of each character: x (n, size, size) of uint8, black (0) on white (255).

    For each picture a font, the thickness of lines, a rotation up to 12°, a scale from 0.9 to 1.1, a shift up
    to 8 %, and noise are drawn from the seed. Class k is characters[k]; the rows are in random order.

    Raises ImportError without matplotlib (its fonts) or Pillow (which draws them), ValueError for a font that
    matplotlib does not have, and for an invalid number of pictures or pixels.
    """
    per_class = whole_number("draw_characters", "per_class", per_class)
    size = whole_number("draw_characters", "size", size)
    if not characters or len(set(characters)) < len(characters):
        raise ValueError(
            f"draw_characters: characters={characters!r}: give at least one, and each only once"
        )
    rng = generator("draw_characters", seed)
    y = rng.permutation(np.repeat(np.arange(len(characters)), per_class))
    font, stroke = rng.integers(len(fonts), size=len(y)), rng.choice(STROKES, len(y))
    letter = _letters(fonts, size * SCALE)
    x = np.empty((len(y), size, size), np.uint8)
    for start in range(0, len(y), PIECE):
        rows = slice(start, start + PIECE)
        letters = np.stack([
            letter(characters[k], int(f), int(s))
            for k, f, s in zip(y[rows], font[rows], stroke[rows], strict=True)
        ])  # fmt: skip
        moved = augment(letters, rng, degrees=12, zoom=0.1, shift=0.08)
        small = moved.reshape(-1, size, SCALE, size, SCALE).mean(axis=(2, 4))
        x[rows] = np.clip(np.rint(noise(small, rng, std=8)), 0, 255)
    return Dataset(
        "characters",
        x,
        y,
        pixel_names((size, size)),
        tuple(characters),
        f"{len(characters)} characters, drawn from {len(fonts)} fonts of matplotlib",
    )


def write_characters(
    folder: str | os.PathLike[str],
    *,
    per_class: int = 100,
    test_per_class: int | None = None,
    characters: str = CHARACTERS,
    size: int = 28,
    seed: int = 0,
    pixels: bool = False,
) -> None:
    """Writes a new folder with train.csv and test.csv, whose fonts train.csv does not have.

    test_per_class    by default a fifth of per_class
    pixels            False: columns image (the path of a PNG file) and label, as `image_csv` reads them.
                      True: columns label, pixel0, pixel1, ... as `read_csv` reads them and Kaggle publishes
                      MNIST: white on black, and labels are class numbers

    The folder appears when it is complete. Raises FileExistsError if it already exists, and what
    draw_characters raises.
    """
    if os.path.exists(folder):
        raise FileExistsError(
            f"write_characters: {os.fspath(folder)} already exists; choose another name, or remove it"
        )
    if test_per_class is None:
        test_per_class = max(1, per_class // 5)
    with whole_folder(folder) as draft:
        for part, count, fonts in (
            ("train", per_class, TRAINING_FONTS),
            ("test", test_per_class, TEST_FONTS),
        ):
            data = draw_characters(
                count, fonts=fonts, characters=characters, size=size,
                seed=generator("write_characters", seed).spawn(2)[part == "test"],
            )  # fmt: skip
            if pixels:
                write_csv(os.path.join(draft, f"{part}.csv"), 255 - data.x, data.y)
            else:
                _write_images(draft, part, data)


def _write_images(folder: str, part: str, data: Dataset) -> None:
    from PIL import Image

    os.mkdir(os.path.join(folder, part))
    lines = ["image,label\n"]
    for i, (pixels, label) in enumerate(zip(data.x, data.y, strict=True), start=1):
        name = f"{part}/{i:05}.png"  # numbers, because some systems do not tell a.png from A.png
        Image.fromarray(pixels).save(os.path.join(folder, name))
        lines.append(f"{name},{data.class_names[label]}\n")
    with open(os.path.join(folder, f"{part}.csv"), "w", encoding="utf-8") as file:
        file.writelines(lines)


def _letters(fonts: tuple[str, ...], side: int) -> Callable[[str, int, int], NDArray[np.uint8]]:
    """(character, number of the font, stroke) -> its picture, side x side; each is drawn once and kept."""
    try:
        import matplotlib
        from PIL import Image, ImageDraw, ImageFont
    except ImportError as missing:
        raise ImportError(
            f"characters are drawn by Pillow in fonts that matplotlib brings, and {missing.name} is not "
            "installed.\n  Try: python -m pip install -e '.[viz,images]' in the folder of this project"
        ) from None
    loaded = []
    for name in fonts:
        path = os.path.join(matplotlib.get_data_path(), "fonts", "ttf", f"{name}.ttf")
        if not os.path.isfile(path):
            raise ValueError(
                f"draw_characters: matplotlib has no font {name}; there is no file {path}"
            )
        loaded.append(ImageFont.truetype(path, round(0.78 * side)))

    @functools.cache
    def letter(character: str, font: int, stroke: int) -> NDArray[np.uint8]:
        paper = Image.new("L", (side, side), 255)
        # "ms": the center of its width, and its baseline, which is at the same height for all.
        place = side / 2, 0.72 * side
        ImageDraw.Draw(paper).text(
            place, character, 0, loaded[font], anchor="ms", stroke_width=stroke
        )
        return np.asarray(paper)

    return letter
