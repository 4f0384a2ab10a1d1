"""Pictures in files: a folder for each class, or a table of paths. Pillow decodes them.

    images = image_folder("animals", size=(64, 64))          # animals/cat/*.jpg, animals/dog/*.png, ...
    image, label = images[0]                                 # read now, (64, 64, 3) of uint8
    loader = ExampleLoader(images, batch_size=32, shuffle=True, seed=0)
    x, y = images.dataset()                                  # or all of them at once, as arrays

Decoding takes much longer than reading arrays. A set that is used often is better stored once, with
np.save(path, images.dataset().x), and opened with np.load(path, mmap_mode="r").
"""

from __future__ import annotations

import os
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinygrad_edu.data.bundled import Dataset
from tinygrad_edu.data.loader import _whole_number
from tinygrad_edu.data.tables import read_rows

ENDINGS = (
    ".bmp",
    ".gif",
    ".jpeg",
    ".jpg",
    ".pbm",
    ".pgm",
    ".png",
    ".ppm",
    ".tif",
    ".tiff",
    ".webp",
)
MODES = {"gray": "L", "rgb": "RGB"}


def image_folder(
    path: str | os.PathLike[str],
    *,
    size: tuple[int, int] | None = None,
    mode: str = "rgb",
    skip_bad: bool = False,
    keep: bool = True,
) -> ImageFiles:
    """The images in the sub-folders of `path`, one for each class, named as the class.

    Classes and files come in alphabetical order, files in folders within a class included. What does not end
    like an image (.png, .jpg, ...), and what is hidden, is left aside. Settings: see ImageFiles. Raises
    FileNotFoundError for a missing folder, ValueError for one without classes or a class without images.
    """
    path = os.fspath(path)
    if not os.path.isdir(path):
        raise FileNotFoundError(f"image_folder: there is no folder {path}")
    classes = sorted(e.name for e in os.scandir(path) if e.is_dir() and e.name[0] != ".")
    if not classes:
        raise ValueError(
            f"image_folder: {path} has no folders in it; it needs one for each class, with its images"
        )
    paths: list[str] = []
    labels: list[int] = []
    for label, name in enumerate(classes):
        found = sorted(
            os.path.join(folder, file)
            for folder, _, files in os.walk(os.path.join(path, name))
            for file in files
            if file.lower().endswith(ENDINGS) and file[0] != "."
        )
        if not found:
            raise ValueError(
                f"image_folder: {os.path.join(path, name)} has no images in it ({', '.join(ENDINGS)}); "
                "remove the folder, if it is no class"
            )
        paths += found
        labels += [label] * len(found)
    return ImageFiles(
        paths,
        labels,
        classes,
        size=size,
        mode=mode,
        skip_bad=skip_bad,
        keep=keep,
        name=os.path.basename(os.path.abspath(path)),
    )


def image_csv(
    path: str | os.PathLike[str],
    *,
    image: str = "image",
    label: str = "label",
    size: tuple[int, int] | None = None,
    mode: str = "rgb",
    skip_bad: bool = False,
    keep: bool = True,
) -> ImageFiles:
    """The images that a CSV file lists: their paths in column `image`, their classes in column `label`.

    Paths are relative to the folder of the CSV file, or absolute. Classes are words or numbers, and are
    counted in their order. Settings: see ImageFiles. Raises FileNotFoundError for a missing file, ValueError
    for a missing column and for a row that is longer or shorter than the header.
    """
    path = os.fspath(path)
    lines, rows = read_rows(path, [image, label], "image_csv")
    if not rows:
        raise ValueError(f"image_csv: {path} has a header and no rows")
    for line, cells in zip(lines, rows, strict=True):
        if not all(cells):
            raise ValueError(f"image_csv: line {line} of {path} lacks its {image} or its {label}")
    found = {name for _, name in rows}
    classes = sorted(found, key=_as_number if all(map(str.isdecimal, found)) else None)
    number = {name: i for i, name in enumerate(classes)}
    return ImageFiles(
        [os.path.join(os.path.dirname(path), file) for file, _ in rows],
        [number[name] for _, name in rows],
        classes,
        size=size,
        mode=mode,
        skip_bad=skip_bad,
        keep=keep,
        name=os.path.basename(path),
    )


class ImageFiles:
    """Images in files and their classes: images[i] is (pixels, label), read when it is asked for.

    size        (height, width) to which every image is scaled; without it, all must be as large as the first
    mode        "rgb": (height, width, 3), or "gray": (height, width); of uint8
    skip_bad    looks at every file at once, and leaves out those that cannot be read; `skipped` lists them
                with the reason. Otherwise the first of them is an error, when its turn comes
    keep        keeps what was read, so that only the first epoch decodes; False for sets larger than memory
    Photographs are turned as their camera says.

    class_names[label] is the word for a label, paths[i] the file of image i. Raises ValueError for a setting
    that is none and for a file that cannot be read, FileNotFoundError for one that is not there.
    """

    def __init__(
        self,
        paths: list[str],
        labels: list[int],
        class_names: list[str],
        *,
        size: tuple[int, int] | None = None,
        mode: str = "rgb",
        skip_bad: bool = False,
        keep: bool = True,
        name: str = "images",
    ):
        if mode not in MODES:
            raise ValueError(f'{name}: mode={mode!r}; it is "rgb" or "gray"')
        if size is not None:
            if len(size) != 2:
                raise ValueError(f"{name}: size={size}; it is (height, width), such as (64, 64)")
            size = (_whole_number(name, "height", size[0]), _whole_number(name, "width", size[1]))
        self.name, self.mode, self.keep = name, mode, keep
        self.paths = list(paths)
        self.labels = np.array(labels, np.int64)
        self.class_names = tuple(class_names)
        self.skipped: list[tuple[str, str]] = []
        self._size = size
        self._first: tuple[str, tuple[int, int]] | None = None  # whose size all others must have
        self._kept: dict[int, NDArray[np.uint8]] = {}
        missing = [] if skip_bad else [p for p in self.paths if not os.path.isfile(p)]
        if missing:
            more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise FileNotFoundError(
                f"{name}: there is no file {missing[0]}{more}; skip_bad=True leaves out what is missing"
            )
        if skip_bad:
            self._skip_bad()

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: SupportsIndex) -> tuple[NDArray[np.uint8], int]:
        i = range(len(self))[i]
        pixels = self._kept.get(i)
        if pixels is None:
            pixels = self._read(self.paths[i])
            self._keep(i, pixels)
        return pixels, int(self.labels[i])

    def __repr__(self) -> str:
        bad = f", {len(self.skipped)} skipped" if self.skipped else ""
        return (
            f"ImageFiles({self.name!r}: {len(self)} images, {len(self.class_names)} classes{bad})"
        )

    def dataset(self) -> Dataset:
        """All images as one array: x (n, height, width[, 3]) of uint8, y (n,) of int64."""
        first, _ = self[0]
        x = np.empty((len(self), *first.shape), np.uint8)
        for i in range(len(self)):
            x[i] = self[i][0]
        pixels = tuple("pixel_" + "_".join(map(str, place)) for place in np.ndindex(first.shape))
        return Dataset(
            self.name, x, self.labels.copy(), pixels, self.class_names, f"{len(self)} image files"
        )

    def subset(self, rows: ArrayLike) -> ImageFiles:
        """Some of the images, by their numbers, such as one part of a split:

        rows = np.arange(len(images))
        train, val, test, *_ = train_validation_test_split(rows, images.labels, seed=0)
        images.subset(train)
        """
        numbers = np.arange(len(self))[np.asarray(rows)].tolist()
        part = ImageFiles(
            [self.paths[i] for i in numbers],
            [int(self.labels[i]) for i in numbers],
            list(self.class_names),
            size=self._size,
            mode=self.mode,
            keep=self.keep,
            name=self.name,
        )
        part._first = self._first
        part._kept = {k: self._kept[i] for k, i in enumerate(numbers) if i in self._kept}
        return part

    def _skip_bad(self) -> None:
        good: list[int] = []
        for i, path in enumerate(self.paths):
            try:
                pixels = self._read(path)
            except (ValueError, FileNotFoundError) as error:
                self.skipped.append((path, str(error)))
            else:
                self._keep(len(good), pixels)
                good.append(i)
        if not good:
            raise ValueError(
                f"{self.name}: none of {len(self)} images can be read; {self.skipped[0][1]}"
            )
        self.paths = [self.paths[i] for i in good]
        self.labels = self.labels[good]

    def _keep(self, i: int, pixels: NDArray[np.uint8]) -> None:
        if self.keep:
            pixels.flags.writeable = False  # it will be given to everybody who asks
            self._kept[i] = pixels

    def _read(self, path: str) -> NDArray[np.uint8]:
        image = _pillow()
        if not os.path.isfile(path):
            raise FileNotFoundError(f"{self.name}: there is no file {path}")
        try:
            with image.open(path) as opened:
                return self._pixels(opened, path)
        except (OSError, SyntaxError, EOFError, image.DecompressionBombError) as error:
            reason = str(error).replace(repr(path), "it") or type(error).__name__
            raise ValueError(f"{self.name}: {path} cannot be read as an image: {reason}") from None

    def _pixels(self, opened: Any, path: str) -> NDArray[np.uint8]:
        from PIL import Image, ImageOps

        picture = ImageOps.exif_transpose(opened)
        if picture.mode.startswith("I"):
            # Sixteen bits a pixel, which Pillow would cut off at 255 instead of scaling.
            deep = np.asarray(picture, np.float64) / 257
            picture = Image.fromarray(np.clip(np.rint(deep), 0, 255).astype(np.uint8))
        if "transparency" in picture.info:
            picture = picture.convert("RGBA")
        picture = picture.convert(MODES[self.mode])
        here = (picture.height, picture.width)
        if self._size is not None:
            if here != self._size:
                picture = picture.resize(self._size[::-1], Image.Resampling.BILINEAR)
        elif self._first is None:
            self._first = path, here
        elif here != self._first[1]:
            raise ValueError(
                f"{self.name}: {path} is {here[0]} x {here[1]} pixels and {self._first[0]} is "
                f"{self._first[1][0]} x {self._first[1][1]}; pass size=(height, width) to scale them"
            )
        return np.array(picture, np.uint8)


def _as_number(name: str) -> tuple[int, str]:
    return int(name), name


def _pillow() -> Any:
    try:
        from PIL import Image
    except ImportError:
        raise ImportError(
            "images in files need Pillow.\n  Try: python -m pip install -e '.[images]' in the folder of this "
            "project"
        ) from None
    return Image
