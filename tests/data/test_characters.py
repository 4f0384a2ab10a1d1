"""Characters drawn from fonts: repeatable, whole, and never in a font of the other set."""

import subprocess
import sys

import numpy as np
import pytest

from tinygrad_edu.data import draw_characters, image_csv, read_csv, write_characters, write_csv
from tinygrad_edu.data.characters import CHARACTERS, TEST_FONTS, TRAINING_FONTS, _letters


def test_sixty_two_classes_black_on_white():
    data = draw_characters(3, seed=0)
    assert data.x.shape == (186, 28, 28) and data.x.dtype == np.uint8
    assert data.class_names == tuple(CHARACTERS) and len(set(CHARACTERS)) == 62
    assert (np.bincount(data.y) == 3).all() and (np.diff(data.y) < 0).any()  # in random order
    assert np.median(data.x) > 230  # paper
    assert (data.x.reshape(186, -1).min(axis=1) < 128).all()  # and ink on each
    edges = np.concatenate([data.x[:, [0, -1]], data.x[:, :, [0, -1]].swapaxes(1, 2)], axis=1)
    assert (edges.reshape(186, -1).min(axis=1) > 100).mean() > 0.98  # nearly nothing is cut off


def test_the_seed_decides_all():
    a, b, c = (draw_characters(2, seed=seed) for seed in (5, 5, 6))
    assert np.array_equal(a.x, b.x) and np.array_equal(a.y, b.y)
    assert not np.array_equal(a.x, c.x)


def test_pictures_of_one_letter_differ():
    x = draw_characters(40, characters="A", fonts=("DejaVuSans",), seed=0).x.astype(int)
    apart = np.abs(x[:, None] - x[None]).mean(axis=(2, 3))
    assert apart[~np.eye(40, dtype=bool)].min() > 5  # turned, shifted, thicker, with noise
    ink = (255 - x).sum(axis=(1, 2))
    assert ink.max() > 1.3 * ink.min()


def test_no_font_is_in_both_sets_and_all_have_the_letters():
    assert not set(TRAINING_FONTS) & set(TEST_FONTS)
    fonts = TRAINING_FONTS + TEST_FONTS
    letter = _letters(fonts, 84)
    for font, name in enumerate(fonts):
        shapes = {letter(c, font, 0).tobytes() for c in CHARACTERS}
        # a font that lacks letters draws the same box for each of them
        assert len(shapes) >= 61, name


def test_letters_keep_their_relative_sizes():
    letter = _letters(TRAINING_FONTS, 84)

    def height(character, font):
        rows = np.flatnonzero((letter(character, font, 0) < 128).any(axis=1))
        return rows[-1] - rows[0] + 1

    for font in range(len(TRAINING_FONTS)):
        for small, large in ("cC", "sS", "oO", "xX", "zZ", "vV", "wW"):
            assert height(small, font) < 0.85 * height(large, font)


def test_files_and_a_table_that_image_csv_reads(tmp_path):
    write_characters(tmp_path / "set", per_class=4, characters="Ab1", seed=2)
    assert sorted(p.name for p in (tmp_path / "set").iterdir()) == [
        "test", "test.csv", "train", "train.csv",
    ]  # fmt: skip
    train = image_csv(tmp_path / "set" / "train.csv", mode="gray")
    assert train.class_names == ("1", "A", "b") and len(train) == 12
    seeds = np.random.default_rng(2).spawn(2)
    drawn = draw_characters(4, characters="Ab1", seed=seeds[0])
    assert np.array_equal(train.dataset().x, drawn.x)
    test = image_csv(tmp_path / "set" / "test.csv", mode="gray")  # one of each, at least
    others = draw_characters(1, fonts=TEST_FONTS, characters="Ab1", seed=seeds[1])
    assert np.array_equal(test.dataset().x, others.x)
    assert [train.class_names[k] for k in train.labels] == [drawn.class_names[k] for k in drawn.y]


def test_a_table_of_pixels_that_read_csv_reads(tmp_path):
    write_characters(tmp_path / "set", per_class=5, characters="0123456789", pixels=True, seed=2)
    train = read_csv(tmp_path / "set" / "train.csv", shape=(28, 28))
    drawn = draw_characters(5, characters="0123456789", seed=np.random.default_rng(2).spawn(2)[0])
    assert np.array_equal(train.x, 255 - drawn.x) and np.array_equal(train.y, drawn.y)


def test_a_folder_appears_when_it_is_complete(tmp_path, monkeypatch):
    (tmp_path / "there").mkdir()
    with pytest.raises(FileExistsError, match=r"there already exists; choose another name"):
        write_characters(tmp_path / "there", per_class=1, characters="ab")

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("tinygrad_edu.data.characters._write_images", full)
    with pytest.raises(OSError, match="No space left"):
        write_characters(tmp_path / "new", per_class=1, characters="ab")
    assert [p.name for p in tmp_path.iterdir()] == ["there"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"per_class": 0}, "draw_characters got per_class=0: it must be at least 1"),
        ({"size": 0}, "draw_characters got size=0: it must be at least 1"),
        ({"characters": "aa"}, "characters='aa': give at least one, and each only once"),
        ({"characters": ""}, "draw_characters: characters='': give at least one"),
        ({"fonts": ("Comic",)}, "draw_characters: matplotlib has no font Comic; there is no file"),
    ],
)
def test_settings_that_are_none(settings, message):
    with pytest.raises(ValueError, match=message):
        draw_characters(**{"per_class": 1, **settings})


def test_without_pillow_one_sentence_says_what_to_install():
    code = (
        "import sys; sys.modules['PIL'] = None; import tinygrad_edu.data as d; d.draw_characters(1)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    last = done.stderr.strip().splitlines()[-2:]
    assert last[0].startswith(
        "ImportError: characters are drawn by Pillow in fonts that matplotlib brings"
    )
    assert "'.[viz,images]'" in last[1]


# --- write_csv ---


@pytest.mark.parametrize("labeled", [True, False])
def test_what_is_written_is_read(tmp_path, labeled):
    rng = np.random.default_rng(0)
    x, y = rng.integers(0, 256, (7, 3, 4), np.uint8), rng.integers(0, 300, 7)
    write_csv(tmp_path / "a.csv", x, y if labeled else None)
    read = read_csv(tmp_path / "a.csv", label="label" if labeled else None, shape=(3, 4))
    assert np.array_equal(read.x if labeled else read, x)
    assert not labeled or np.array_equal(read.y, y)
    text = (tmp_path / "a.csv").read_bytes()
    assert (
        text.startswith(b"label,pixel0,pixel1," if labeled else b"pixel0,pixel1,")
        and b"\r" not in text
    )


def test_numbers_that_are_no_pixels_are_refused_and_write_nothing(tmp_path):
    path = tmp_path / "a.csv"
    for x, y, message in (
        (
            np.full((2, 2), 0.5),
            None,
            "integers from 0 to 255, not float64 from 0.5 to 0.5; np.rint",
        ),
        (np.full((2, 2), 256), None, "not int64 from 256 to 256"),
        (np.empty((0, 4), np.uint8), None, r"not uint8 of shape \(0, 4\)"),
        (np.zeros((2, 2), int), np.zeros(3, int), r"each of 2 pictures, not y of shape \(3,\)"),
        (np.zeros((2, 2), int), np.zeros(2), "float64"),
    ):
        with pytest.raises(ValueError, match=message):
            write_csv(path, x, y)
    assert list(tmp_path.iterdir()) == []
