"""Pictures in files: a folder for each class, or a CSV file of paths. Pillow decodes them.

    images = image_folder("animals", size=(64, 64))          # animals/cat/*.jpg, animals/dog/*.png, ...
    image, label = images[0]                                 # read now, (64, 64, 3) of uint8
    loader = ExampleLoader(images, batch_size=32, shuffle=True, seed=0)
    x, y = images.dataset()                                  # or all of them at once, as arrays

Decoding is much slower than reading arrays. Convert a set that you use often, once, with
np.save(path, images.dataset().x), and open it with np.load(path, mmap_mode="r").
"""

from __future__ import annotations

import copy
import io
import os
from typing import Any, SupportsIndex

import numpy as np
from numpy.typing import ArrayLike, NDArray

from tinygrad_edu.data.bundled import Dataset, pixel_names
from tinygrad_edu.data.checks import whole_number
from tinygrad_edu.data.tables import read_rows
from tinygrad_edu.files import DamagedFileError, naming_damage
from tinygrad_edu.files.damage import reason

ENDINGS = (
    ".bmp", ".gif", ".jpeg", ".jpg", ".pbm", ".pgm", ".png", ".ppm", ".tif", ".tiff", ".webp",
)  # fmt: skip
FORMATS = ("BMP", "GIF", "JPEG", "PNG", "PPM", "TIFF", "WEBP")  # Pillow's names of these decoders
MODES = {"gray": "L", "rgb": "RGB"}
MOST_PIXELS = 80_000_000  # in a file; more than that is no photograph, and would take 240 MB


def image_folder(path: str | os.PathLike[str], **settings: Any) -> ImageFiles:
    """The images in the sub-folders of `path`, one sub-folder for each class, named as the class.

    Classes and files are in alphabetical order; a class may have folders within. Hidden files, and files that
    do not end like an image (.png, .jpg, ...), are ignored. Settings: see ImageFiles.

    Raises FileNotFoundError for a missing folder, ValueError for no classes and a class without images.
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
                "remove the folder if it is not a class"
            )
        paths += found
        labels += [label] * len(found)
    return ImageFiles(
        paths, labels, classes, name=os.path.basename(os.path.abspath(path)), **settings
    )


def image_csv(
    path: str | os.PathLike[str], *, image: str = "image", label: str = "label", **settings: Any
) -> ImageFiles:
    """The images that a CSV file lists: their paths in column `image`, their classes in column `label`.

    Paths are absolute or relative to the folder of the CSV file. Classes are words or numbers, in sorted
    order. Settings: see ImageFiles. Raises FileNotFoundError for a missing file, ValueError for a missing
    column, a missing cell, and a row that is longer or shorter than the header.
    """
    path = os.fspath(path)
    rows = read_rows(path, [image, label], "image_csv")
    paths = [os.path.join(os.path.dirname(path), file) for file, _ in rows]
    classes = sorted_classes({name for _, name in rows})
    number = {name: i for i, name in enumerate(classes)}
    labels = [number[name] for _, name in rows]
    return ImageFiles(paths, labels, classes, name=os.path.basename(path), **settings)


def sorted_classes(names: set[str]) -> list[str]:
    """The names of classes in order: 9 before 10 if all are numbers, otherwise as words."""
    if all(name.isdecimal() and len(name) < 1000 for name in names):
        return sorted(names, key=lambda name: (int(name), name))
    return sorted(names)


class ImageFiles:
    """Images in files and their classes: images[i] is (pixels, label), read when it is asked for.

    size        (height, width) to which every image is scaled; without it, all must be as large as the first
    mode        "rgb": (height, width, 3), or "gray": (height, width); of uint8
    skip_bad    reads every file at once and leaves out those that cannot be read; `skipped` lists them with
                the reason. Otherwise such a file is an error when it is asked for
    keep        keeps what was read, so that only the first epoch decodes; False for sets larger than memory
    Photographs are rotated as their EXIF data says. Transparent pixels show white paper. 16 bits per pixel
    are scaled to 8; floats and 32-bit integers are refused, as it is not known what is white in them.

    class_names[label] is the name of a class, paths[i] the file of image i. Raises ValueError for an unknown
    setting, DamagedFileError (a ValueError) for a file that cannot be read, FileNotFoundError for a missing
    one.
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
            size = (whole_number(name, "height", size[0]), whole_number(name, "width", size[1]))
        self.name, self.mode, self.keep, self.size = name, mode, keep, size
        self.paths = list(paths)
        self.labels = np.array(labels, np.int64)
        self.class_names = tuple(class_names)
        self.skipped: list[tuple[str, str]] = []
        # The first path that was read, and its size, which all others must have.
        self._first: tuple[str, tuple[int, int]] | None = None
        self._kept: dict[str, NDArray[np.uint8]] = {}
        missing = [path for path in self.paths if not os.path.isfile(path)]
        if skip_bad:
            self._skip_bad()
        elif missing:
            more = f", and {len(missing) - 1} more" if len(missing) > 1 else ""
            raise FileNotFoundError(
                f"{name}: there is no file {missing[0]}{more}; skip_bad=True leaves out what is missing"
            )

    def __len__(self) -> int:
        return len(self.paths)

    def __getitem__(self, i: SupportsIndex) -> tuple[NDArray[np.uint8], int]:
        path, label = self.paths[i], int(self.labels[i])
        pixels = self._kept.get(path)
        if pixels is None:
            pixels = self._read(path)
            if self.keep:
                pixels.flags.writeable = False  # every caller gets the same array
                self._kept[path] = pixels
        return pixels, label

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
            x[i], _ = self[i]
        names, about = pixel_names(x.shape[1:]), f"{len(self)} image files"
        return Dataset(self.name, x, self.labels.copy(), names, self.class_names, about)

    def subset(self, rows: ArrayLike) -> ImageFiles:
        """The images with these numbers, such as one part of a split:

        rows = np.arange(len(images))
        train, val, test, *_ = train_validation_test_split(rows, images.labels, seed=0)
        images.subset(train)
        """
        numbers = np.arange(len(self))[np.asarray(rows)].tolist()
        part = copy.copy(self)
        part.paths = [self.paths[i] for i in numbers]
        part.labels, part.skipped = self.labels[numbers], []
        return part

    def _skip_bad(self) -> None:
        good = []
        for i, path in enumerate(self.paths):
            try:
                self[i]
            except (ValueError, FileNotFoundError) as error:
                self.skipped.append((path, str(error)))
            else:
                good.append(i)
        if not good:
            raise ValueError(
                f"{self.name}: none of {len(self)} images can be read; {self.skipped[0][1]}"
            )
        self.paths = [self.paths[i] for i in good]
        self.labels = self.labels[good]

    def _read(self, path: str) -> NDArray[np.uint8]:
        try:
            from PIL import Image
        except ImportError:
            raise ImportError(
                "image files need Pillow.\n  Try: python -m pip install -e '.[images]' in the folder of this "
                "project"
            ) from None
        if not os.path.isfile(path):
            raise FileNotFoundError(f"{self.name}: there is no file {path}")
        with (
            open(path, "rb") as file,
            naming_damage(path, self.name, _no_image),
            # Only these decoders: Pillow has others that start programs, such as Ghostscript. It asks for
            # as many bytes as a header says, and memory, unlike a file, gives no more than there are.
            Image.open(io.BytesIO(file.read()), formats=FORMATS) as opened,
        ):
            if opened.width * opened.height > MOST_PIXELS:
                raise ValueError(
                    f"it has {opened.width} x {opened.height} pixels, which is too many"
                )
            pixels = self._pixels(opened)
        return self._demand_same_size(pixels, path)

    def _pixels(self, opened: Any) -> NDArray[np.uint8]:
        """The pixels of an image file, on white paper where it is transparent."""
        from PIL import Image, ImageOps

        bits, white_is_0 = 16, False
        if opened.format == "TIFF":
            bits, white_is_0 = _tiff_samples(opened)
        clear = opened.info.get("transparency")
        if opened.format == "PNG" and clear is not None:
            # Pillow stretches pixels of 2 and 4 bits to 0..255, but not the one that is transparent.
            clear = clear * {"L;2": 85, "L;4": 17}.get(opened.tile[0][3], 1)
            opened.info["transparency"] = clear
        picture = ImageOps.exif_transpose(opened)
        if picture.mode == "F" or (picture.mode == "I" and opened.format == "TIFF"):
            raise ValueError(
                f"its pixels are {'floats' if picture.mode == 'F' else '32-bit integers'}, whose black and "
                "white are not known; scale them to 0..255, and save them as uint8"
            )
        if picture.mode.startswith("I"):  # 12 or 16 bits per pixel, which Pillow would clip at 255
            deep = np.asarray(picture, np.float64) * (65535 / (2**bits - 1))
            deep = 65535 - deep if white_is_0 else deep
            if clear is not None:
                deep = np.where(deep == clear, 65535, deep)
            picture = Image.fromarray(np.clip(np.rint(deep / 257), 0, 255).astype(np.uint8))
        elif picture.mode in ("LA", "La", "PA", "RGBA", "RGBa") or clear is not None:
            paper = Image.new("RGBA", picture.size, "white")
            picture = Image.alpha_composite(paper, picture.convert("RGBA"))
        picture = picture.convert(MODES[self.mode])
        if self.size is not None and (picture.height, picture.width) != self.size:
            picture = picture.resize(self.size[::-1], Image.Resampling.BILINEAR)
        return np.array(picture, np.uint8)

    def _demand_same_size(self, pixels: NDArray[np.uint8], path: str) -> NDArray[np.uint8]:
        height, width = pixels.shape[:2]
        first, expected = self._first = self._first or (path, (height, width))
        if (height, width) != expected:
            raise ValueError(
                f"{self.name}: {path} is {height} x {width} pixels and {first} is {expected[0]} x "
                f"{expected[1]}; pass size=(height, width) to scale them"
            )
        return pixels


def _no_image(path: Any, name: str, error: Exception) -> Exception:
    why = reason(error).replace(repr(path), "it")
    return DamagedFileError(f"{name}: {path} cannot be read as an image: {why}")


def _tiff_samples(opened: Any) -> tuple[int, bool]:
    """(bits of a number, is 0 white?) of a TIFF file, which Pillow heeds for 8 bits at most.

    Raises ValueError for numbers with a sign, whose black and white are not known.
    """
    tags = opened.tag_v2
    bits = int(np.ravel(tags.get(258, 1))[0])  # BitsPerSample
    white = tags.get(262, 1)  # PhotometricInterpretation
    kinds = np.ravel(tags.get(339, 1))  # SampleFormat
    if 2 in kinds and bits < 32:
        raise ValueError(
            f"its pixels are integers with a sign, int{bits}, whose black and white are not known; scale "
            "them to 0..255, and save them as uint8"
        )
    return bits, white == 0
