"""Images in files: the pixels that were written, lazily, with a sentence for each file that is none."""

import re
import shutil
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from tinygrad_edu.data import train_test_split
from tinygrad_edu.data.images import ImageFiles, image_csv, image_folder
from tinygrad_edu.data.streams import ExampleLoader
from tinygrad_edu.files import DamagedFileError

RNG = np.random.default_rng(0)
COLOR = RNG.integers(0, 256, (6, 10, 8, 3), np.uint8)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Three cats, two dogs and an emu, with what else lies around in folders."""
    files = ["cat/b.png", "cat/a.PNG", "cat/more/c.png", "dog/2.png", "dog/10.png", "emu/1.bmp"]
    for file, pixels in zip(files, COLOR, strict=True):
        path = tmp_path / "animals" / file
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(pixels).save(path)
    for other in ("cat/.hidden.png", "cat/notes.txt", "readme.txt", ".git/x.png"):
        path = tmp_path / "animals" / other
        path.parent.mkdir(exist_ok=True)
        path.write_text("no image")
    return tmp_path / "animals"


IN_ORDER = [1, 0, 2, 4, 3, 5]  # a.PNG, b.png, more/c.png; 10.png, 2.png; 1.bmp


def exactly(message: str) -> str:
    return "^" + re.escape(message) + "$"


# --- folders ---


def test_a_folder_for_each_class(folder: Path) -> None:
    images = image_folder(folder)
    assert images.class_names == ("cat", "dog", "emu")
    assert [Path(p).name for p in images.paths] == [
        "a.PNG", "b.png", "c.png", "10.png", "2.png", "1.bmp",
    ]  # fmt: skip
    for i in range(6):
        pixels, label = images[i]
        np.testing.assert_array_equal(pixels, COLOR[IN_ORDER[i]])
        assert label == [0, 0, 0, 1, 1, 2][i]
    assert repr(images) == "ImageFiles('animals': 6 images, 3 classes)"
    np.testing.assert_array_equal(images[-1][0], COLOR[5])
    with pytest.raises(IndexError):
        images[6]


def test_all_at_once(folder: Path) -> None:
    data = image_folder(folder).dataset()
    np.testing.assert_array_equal(data.x, COLOR[IN_ORDER])
    assert data.y.tolist() == [0, 0, 0, 1, 1, 2]
    assert (data.x.dtype, data.y.dtype) == (np.uint8, np.int64)
    assert data.class_names == ("cat", "dog", "emu")
    assert len(data.feature_names) == 240


def test_they_are_examples_for_a_loader(folder: Path) -> None:
    x, y = image_folder(folder).dataset()
    seen = []
    for xb, yb in ExampleLoader(image_folder(folder), batch_size=4, shuffle=True, seed=0):
        for pixels, label in zip(xb, yb, strict=True):
            (i,) = [i for i in range(6) if np.array_equal(x[i], pixels)]
            assert y[i] == label
            seen.append(i)
    assert sorted(seen) == list(range(6))


@pytest.mark.parametrize("keep", [True, False])
def test_a_file_is_read_when_it_is_asked_for(folder: Path, keep: bool) -> None:
    images = image_folder(folder, keep=keep)
    first, _ = images[0]
    shutil.rmtree(folder)
    with pytest.raises(FileNotFoundError, match="there is no file .*b.png$"):
        images[1]
    if keep:
        np.testing.assert_array_equal(images[0][0], first)
        with pytest.raises(ValueError, match="read-only"):
            first += 1
    else:
        with pytest.raises(FileNotFoundError, match=r"there is no file .*a\.PNG$"):
            images[0]


def test_some_of_them(folder: Path) -> None:
    images = image_folder(folder)
    images[4]
    rows = np.arange(6)
    train, test, *_ = train_test_split(rows, images.labels, test=0.5, seed=0)
    assert sorted([*train, *test]) == list(rows)
    x, y = images.dataset()
    for part in (train, test, [4, 0], images.labels == 1):
        data = images.subset(part).dataset()
        np.testing.assert_array_equal(data.x, x[part])
        np.testing.assert_array_equal(data.y, y[part])
        assert data.class_names == ("cat", "dog", "emu")
    with pytest.raises(IndexError):
        images.subset([6])


def test_parts_have_the_size_of_the_whole(folder: Path) -> None:
    Image.fromarray(COLOR[0, :9]).save(folder / "emu" / "2.png")
    images = image_folder(folder)
    images[0]
    with pytest.raises(ValueError, match=r"2\.png is 9 x 8 pixels and .*a\.PNG is 10 x 8"):
        images.subset([6])[0]


# --- tables of paths ---


def test_a_table_of_paths(folder: Path) -> None:
    elsewhere = folder.parent / "far.png"
    Image.fromarray(COLOR[0]).save(elsewhere)
    table = folder / "train.csv"
    table.write_text(
        f"id,file,kind\n1,dog/2.png,dog\n2,{elsewhere},cat\n\n3, cat/b.png , cat\n", "utf-8"
    )
    images = image_csv(table, image="file", label="kind")
    assert images.class_names == ("cat", "dog")
    data = images.dataset()
    np.testing.assert_array_equal(data.x, COLOR[[3, 0, 0]])
    assert data.y.tolist() == [1, 0, 0]


def test_classes_that_are_numbers_are_in_the_order_of_numbers(folder: Path) -> None:
    table = folder / "train.csv"
    table.write_text("image,label\ncat/b.png,10\ncat/b.png,9\ncat/b.png,100\n")
    images = image_csv(table)
    assert images.class_names == ("9", "10", "100")
    assert images.labels.tolist() == [1, 0, 2]
    table.write_text(f"image,label\ncat/b.png,{'9' * 5000}\ncat/b.png,9\n")
    assert image_csv(table).class_names == ("9", "9" * 5000)


# --- pixels ---


def test_gray_is_the_sum_of_colors_that_television_uses(folder: Path) -> None:
    x = image_folder(folder, mode="gray").dataset().x
    assert x.shape == (6, 10, 8)
    luma = COLOR[IN_ORDER] @ np.array([0.299, 0.587, 0.114])  # ITU-R BT.601
    assert np.abs(x - luma).max() <= 0.51


def test_scaled_to_one_size(folder: Path) -> None:
    Image.fromarray(RNG.integers(0, 256, (30, 20), np.uint8)).save(folder / "dog" / "large.png")
    images = image_folder(folder, size=(7, 5))
    assert images.dataset().x.shape == (7, 7, 5, 3)
    expected = Image.fromarray(COLOR[1]).resize((5, 7), Image.Resampling.BILINEAR)
    np.testing.assert_array_equal(images[0][0], np.asarray(expected))


def test_pictures_of_every_kind(tmp_path: Path) -> None:
    (tmp_path / "set" / "class").mkdir(parents=True)
    gray = np.linspace(0, 255, 80).astype(np.uint8).reshape(10, 8)

    def read(picture: Image.Image, name: str, **settings: Any) -> np.ndarray:
        path = tmp_path / "set" / "class" / name
        picture.save(path, **settings)
        pixels, _ = image_folder(tmp_path / "set", mode="gray")[0]
        path.unlink()
        return pixels

    np.testing.assert_array_equal(read(Image.fromarray(gray), "a.png"), gray)
    np.testing.assert_array_equal(read(Image.fromarray(gray), "a.pgm"), gray)
    np.testing.assert_array_equal(read(Image.fromarray(gray).convert("RGBA"), "a.png"), gray)
    palette = Image.fromarray(gray).convert("P")
    np.testing.assert_array_equal(read(palette, "a.gif"), gray)
    seen = bytes(255 * (i % 2) for i in range(256))  # odd colors are seen, even ones are clear
    on_paper = np.where(np.asarray(palette) % 2, gray, 255)
    np.testing.assert_array_equal(read(palette, "a.png", transparency=seen), on_paper)
    np.testing.assert_array_equal(read(palette, "a.png", transparency=bytes(256)), 0 * gray + 255)
    layers = np.stack([gray, gray, gray, np.full_like(gray, 51)], axis=-1)  # a fifth of the ink
    on_paper = np.rint(255 - (255 - gray.astype(float)) / 5)
    assert np.abs(read(Image.fromarray(layers), "a.png") - on_paper).max() <= 1
    assert np.abs(read(Image.fromarray(layers[..., 2:]), "a.png") - on_paper).max() <= 1
    np.testing.assert_array_equal(read(Image.fromarray(gray > 99), "a.png"), 255 * (gray > 99))
    deep = Image.fromarray(gray.astype(np.uint16) * 257)
    for ending in ("png", "tif", "pgm"):
        np.testing.assert_array_equal(read(deep, f"a.{ending}"), gray)
    paper = np.where(gray == gray[0, 1], 255, gray)
    np.testing.assert_array_equal(read(deep, "a.png", transparency=int(gray[0, 1]) * 257), paper)
    assert np.abs(read(Image.fromarray(gray), "a.jpg", quality=95).astype(int) - gray).max() < 16


def test_photographs_are_turned_as_the_camera_says(tmp_path: Path) -> None:
    (tmp_path / "set" / "class").mkdir(parents=True)
    exif = Image.Exif()
    exif[0x0112] = 6  # "turn me clockwise by a quarter"
    Image.fromarray(COLOR[0]).save(tmp_path / "set" / "class" / "a.png", exif=exif)
    pixels, _ = image_folder(tmp_path / "set")[0]
    np.testing.assert_array_equal(pixels, np.rot90(COLOR[0], -1))


def tiff(rows: list[list[int]], bits: int, white_is_0: bool = False, signed: bool = False) -> bytes:
    """A TIFF file of gray pixels, as the specification of TIFF 6.0 says."""
    raw = b"".join(packed(row, bits) for row in rows)
    raw += b"\0" * (len(raw) % 2)
    entries = [
        (256, 3, len(rows[0])), (257, 3, len(rows)), (258, 3, bits), (259, 3, 1),
        (262, 3, 0 if white_is_0 else 1), (273, 4, 8), (277, 3, 1), (278, 3, len(rows)),
        (279, 4, len(raw)), (339, 3, 2 if signed else 1),
    ]  # fmt: skip
    directory = struct.pack("<H", len(entries))
    for tag, kind, number in entries:
        directory += struct.pack("<HHII", tag, kind, 1, number)
    return b"II*\0" + struct.pack("<I", 8 + len(raw)) + raw + directory + bytes(4)


def gray_png(row: list[int], bits: int, clear: int) -> bytes:
    """A PNG file of one row of gray pixels, of which one gray is transparent."""

    def chunk(name: bytes, of: bytes) -> bytes:
        return struct.pack(">I", len(of)) + name + of + struct.pack(">I", zlib.crc32(name + of))

    header = struct.pack(">IIBBBBB", len(row), 1, bits, 0, 0, 0, 0)
    pixels = zlib.compress(b"\0" + packed(row, bits))
    chunks = [
        (b"IHDR", header),
        (b"tRNS", struct.pack(">H", clear)),
        (b"IDAT", pixels),
        (b"IEND", b""),
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in chunks)


def packed(row: list[int], bits: int) -> bytes:
    """The numbers, so many bits each, the most significant first; of 16 bits, the low byte first."""
    if bits == 16:
        return struct.pack(f"<{len(row)}H", *row)
    text = "".join(f"{number % 2**bits:0{bits}b}" for number in row)
    text += "0" * (-len(text) % 8)
    return bytes(int(text[i : i + 8], 2) for i in range(0, len(text), 8))


@pytest.mark.parametrize("white_is_0", [False, True])
@pytest.mark.parametrize("bits", [4, 8, 12, 16])
def test_tiff_files_of_any_depth(tmp_path: Path, bits: int, white_is_0: bool) -> None:
    if (bits, white_is_0) == (12, True):
        pytest.skip("Pillow does not read these")
    white = 2**bits - 1
    row = [0, white // 5, white // 2, white]
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "a.tif").write_bytes(tiff([row, row], bits, white_is_0))
    expected = 255 * np.array(row) / white
    expected = 255 - expected if white_is_0 else expected
    pixels, _ = image_folder(tmp_path, mode="gray")[0]
    assert np.abs(pixels - expected).max() < 1 and pixels.max() == 255 and pixels.min() == 0


@pytest.mark.parametrize("bits", [8, 16])
def test_tiff_files_of_numbers_with_a_sign_are_refused(tmp_path: Path, bits: int) -> None:
    (tmp_path / "class").mkdir()
    row = [0, 1, 2, 3]
    (tmp_path / "class" / "a.tif").write_bytes(tiff([row, row], bits, signed=True))
    with pytest.raises(
        DamagedFileError, match=rf"a\.tif cannot be .*with a sign, int{bits}, whose"
    ):
        image_folder(tmp_path, mode="gray")[0]


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_the_transparent_gray_of_png_files(tmp_path: Path, bits: int) -> None:
    white = 2**bits - 1
    row = [0, white // 3, white, white // 3]
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "a.png").write_bytes(gray_png(row, bits, clear=white // 3))
    pixels, _ = image_folder(tmp_path, mode="gray")[0]
    expected = [255 if number == white // 3 else number * 255 // white for number in row]
    assert pixels.tolist() == [expected]


# --- bad files ---


@pytest.mark.parametrize(
    ("pixels", "kind"),
    [
        (np.array([[0, 0.5, 1]], np.float32), "floats"),
        (np.array([[0, 100, 255]], np.int32), "32-bit integers"),
    ],
)
def test_numbers_without_a_known_white_are_refused(
    tmp_path: Path, pixels: np.ndarray, kind: str
) -> None:
    (tmp_path / "class").mkdir()
    path = tmp_path / "class" / "a.tif"
    Image.fromarray(pixels).save(path)
    with pytest.raises(
        DamagedFileError, match=rf"a\.tif cannot be .*its pixels are {kind}, whose bl"
    ):
        image_folder(tmp_path)[0]


def test_a_name_does_not_choose_the_decoder(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """PostScript is a program, and Pillow would have Ghostscript run it, whatever the name of the file."""
    from PIL import EpsImagePlugin

    ran = []
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_, **__: ran.append(1))
    Image.fromarray(COLOR[0]).save(folder / "cat" / "a.eps")
    (folder / "cat" / "a.eps").rename(folder / "cat" / "a.PNG")
    with pytest.raises(DamagedFileError, match=r"a\.PNG cannot be read as an image"):
        image_folder(folder)[0]
    assert not ran


@pytest.mark.parametrize("side", [9_000, 20_000])
def test_a_small_file_of_too_many_pixels(folder: Path, side: int) -> None:
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    chunks = [(b"IHDR", header), (b"IDAT", zlib.compress(bytes(1000))), (b"IEND", b"")]
    content = b"\x89PNG\r\n\x1a\n" + b"".join(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        for kind, data in chunks
    )
    (folder / "cat" / "a.PNG").write_bytes(content)
    with (
        warnings.catch_warnings(),
        pytest.raises(DamagedFileError, match=r"a\.PNG cannot be read as an image.* pixels"),
    ):
        warnings.simplefilter("ignore")  # Pillow's own, of a bomb
        image_folder(folder)[0]


@pytest.mark.parametrize("content", [b"", b"no image", "cut"])
def test_a_file_that_is_no_image(folder: Path, content: Any) -> None:
    path = folder / "cat" / "b.png"
    path.write_bytes(path.read_bytes()[:80] if content == "cut" else content)
    images = image_folder(folder)
    images[0]
    message = "^" + re.escape(f"animals: {path} cannot be read as an image: ")
    with pytest.raises(ValueError, match=message):
        images[1]
    with pytest.raises(ValueError, match=message):
        images.dataset()


def test_bad_files_are_left_out_and_listed(folder: Path) -> None:
    (folder / "cat" / "b.png").write_bytes(b"no image")
    table = folder / "a.csv"
    files = ["dog/2.png", "gone.png", "cat/b.png", "cat/a.PNG"]
    table.write_text("image,label\n" + "".join(f"{file},{i}\n" for i, file in enumerate(files)))
    for keep in (True, False):
        images = image_csv(table, skip_bad=True, keep=keep)
        assert repr(images) == "ImageFiles('a.csv': 2 images, 4 classes, 2 skipped)"
        assert [path for path, _ in images.skipped] == [str(folder / f) for f in files[1:3]]
        assert images.skipped[0][1] == f"a.csv: there is no file {folder / 'gone.png'}"
        assert "cannot be read as an image" in images.skipped[1][1]
        data = images.dataset()
        np.testing.assert_array_equal(data.x, COLOR[[3, 1]])
        assert data.y.tolist() == [0, 3]


def test_what_was_kept_belongs_to_the_file_it_came_from(folder: Path) -> None:
    (folder / "cat" / "a.PNG").write_bytes(b"no image")
    x = image_folder(folder, skip_bad=True).dataset().x
    np.testing.assert_array_equal(x, COLOR[IN_ORDER[1:]])


def test_missing_files_are_named_before_anything_is_read(folder: Path) -> None:
    table = folder / "a.csv"
    table.write_text("image,label\ncat/b.png,1\ngone.png,1\ntoo.png,1\n")
    message = (
        f"a.csv: there is no file {folder / 'gone.png'}, and 1 more; skip_bad=True leaves out what is "
        "missing"
    )
    with pytest.raises(FileNotFoundError, match=exactly(message)):
        image_csv(table)


def test_nothing_but_bad_files(folder: Path) -> None:
    table = folder / "a.csv"
    table.write_text("image,label\ngone.png,1\n")
    message = f"a.csv: none of 1 images can be read; a.csv: there is no file {folder / 'gone.png'}"
    with pytest.raises(ValueError, match=exactly(message)):
        image_csv(table, skip_bad=True)


def test_images_of_different_sizes(folder: Path) -> None:
    path = folder / "cat" / "z.png"
    Image.fromarray(COLOR[0, :9]).save(path)
    first = folder / "cat" / "a.PNG"
    message = (
        f"animals: {path} is 9 x 8 pixels and {first} is 10 x 8; "
        "pass size=(height, width) to scale them"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        image_folder(folder).dataset()


# --- other refusals ---


def test_folders_that_are_no_set(folder: Path) -> None:
    message = f"image_folder: there is no folder {folder / 'gone'}"
    with pytest.raises(FileNotFoundError, match=exactly(message)):
        image_folder(folder / "gone")
    message = (
        f"image_folder: {folder / 'emu'} has no folders in it; it needs one for each class, with its "
        "images"
    )
    with pytest.raises(ValueError, match=exactly(message)):
        image_folder(folder / "emu")
    (folder / "fox").mkdir()
    with pytest.raises(ValueError, match=r"fox has no images in it \(.*\); remove the folder if"):
        image_folder(folder)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "image_csv: {path} is empty, or its first line is"),
        ("image\na.png\n", "image_csv: {path} has no column 'label'; its columns are 'image'"),
        ("image,label\n", "image_csv: {path} has a header and no rows"),
        ("image,label\na,b,c\n", "image_csv: line 2 of {path} has 3 columns and the header 2"),
        ("image,label\na.png,\n", "image_csv: line 2 of {path} lacks its image or its label"),
    ],
)
def test_tables_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=exactly(message.format(path=path))):
        image_csv(path)
    with pytest.raises(FileNotFoundError, match=r"^image_csv: there is no file .*gone\.csv$"):
        image_csv(tmp_path / "gone.csv")


def test_settings(folder: Path) -> None:
    with pytest.raises(ValueError, match=exactly('animals: mode=\'L\'; it is "rgb" or "gray"')):
        image_folder(folder, mode="L")
    message = "animals: size=(64,); it is (height, width), such as (64, 64)"
    with pytest.raises(ValueError, match=exactly(message)):
        image_folder(folder, size=(64,))
    with pytest.raises(ValueError, match="^animals got width=0: it must be at least 1"):
        image_folder(folder, size=(64, 0))


def test_without_pillow_there_is_a_sentence() -> None:
    program = """
import sys
sys.modules["PIL"] = None
from tinygrad_edu.data import train_test_split
from tinygrad_edu.data.images import ImageFiles
ImageFiles([sys.argv[1]], [0], ["a"])[0]
"""
    done = subprocess.run([sys.executable, "-c", program, __file__], capture_output=True, text=True)
    assert done.stderr.endswith(
        "ImportError: image files need Pillow.\n"
        "  Try: python -m pip install -e '.[images]' in the folder of this project\n"
    )


def test_no_images() -> None:
    assert len(ImageFiles([], [], [])) == 0
