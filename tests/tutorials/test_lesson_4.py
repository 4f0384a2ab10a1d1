"""Lesson 4, convolution by hand and at speed: what its checks say to answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.tutorials.notebooks import ROOT, numbered, read

LESSON = numbered(4)
NEEDS = ("matplotlib",)

Y = [[4, -1], [2, 6]]


@pytest.mark.parametrize(
    ("y", "places", "says"),
    [
        (None, 12, "Not answered yet"),
        (Y, None, "Not answered yet"),
        ("four", 12, "y should be a table of plain numbers"),
        ([[1, 2], [3]], 12, "y should be a table of plain numbers"),
        (
            [4, -1, 2, 6],
            12,
            "y: a kernel of 2 finds 3 - 2 + 1 places along each side. Your y is (4,)",
        ),
        (np.zeros((3, 3)), 12, "y: a kernel of 2 finds 3 - 2 + 1 places"),
        (
            [[0, 1], [2, 7]],
            12,
            "y: look again at row 0, column 0. The kernel covers [[1, 2], [0, 1]]",
        ),
        (np.transpose(Y), 12, "y: rows and columns of the result are exchanged"),
        ([[6, 5], [2, 8]], 12, "y: one weight of the kernel is negative"),
        (
            [[4, -1], [2, 5]],
            12,
            "y: look again at row 1, column 1. The kernel covers [[1, 3], [0, 1]]",
        ),
        (Y, "12", "y is right. places should be a plain number"),
        (Y, 24, "y is right. places: that is right for stride 1"),
        (Y, 14, "y is right. places: the last kernel would hang"),
        (Y, 11, "y is right. places: count the first place"),
        (Y, 11.5, "y is right. places: count the first place"),
        (Y, 12.5, "y is right. places: there is no half place"),
        (Y, 144, "y is right. places: put n = 28"),
        (Y, 12, "Right"),
        (np.array(Y, float), np.int64(12), "Right"),
    ],
)
def test_on_paper(y: Any, places: Any, says: str, hint: Callable) -> None:
    assert hint(1, y, places).startswith(says)


def test_other_ways_to_lay_the_kernel(names: dict[str, Any], hint: Callable) -> None:
    x, w = np.array([[1, 2, 0], [0, 1, 3], [2, 0, 1]]), np.array([[1, 2], [0, -1]])
    assert names["convolve"](x, w).tolist() == Y
    assert hint(1, names["convolve"](x, w[::-1, ::-1]), 12).startswith("y: you have rotated")
    assert hint(1, names["convolve"](x, w.T), 12).startswith("y: rows and columns of the kernel")


RIGHT = "np.repeat(np.repeat(g, 2, axis=0), 2, axis=1) / 4"
CORNER = "out = np.zeros((2 * len(g), 2 * g.shape[1])); out[::2, ::2] = g"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return None", "Not answered yet"),
        ("return g.repeat(2, axis=7)", "Python says: axis 7 is out of bounds"),
        (f"out = {RIGHT}; g *= 0; return out", "Your function has changed g"),
        ("return g", "g is (3, 2), so the pixels are (6, 4). Yours are (3, 2)"),
        ("return 1.0", "g is (3, 2), so the pixels are (6, 4). Yours are ()"),
        (f"return 4 * {RIGHT}", "Four times too large"),
        (f"return {RIGHT} / 4", "The right places, but a wrong factor"),
        (f"return {RIGHT} * 2", "The right places, but a wrong factor"),
        (f"return {RIGHT} / 2", "The right places, but a wrong factor"),
        ("return np.tile(g, (2, 2)) / 4", "g is repeated as a whole"),
        ("return np.tile(g, (2, 2))", "g is repeated as a whole"),
        (f"{CORNER}; return out", "Only one pixel of each block"),
        (f"{CORNER} / 4; return out", "Only one pixel of each block"),
        (
            f"return -{RIGHT}",
            "<average(x), g> and <x, average_back(g)> differ. If only pixel (2, 1)",
        ),
        (f"return np.roll({RIGHT}, 1, axis=0)", "<average(x), g> and <x, average_back(g)> differ"),
        (f"return {RIGHT} * np.nan", "<average(x), g> and <x, average_back(g)> differ"),
        (
            f"return ({RIGHT})[:6, :4] + np.zeros((6, 4)) + 0 * {RIGHT}",
            "Right for g (3, 2). For (4, 5), Python says",
        ),
        (
            "return K if g.shape == (3, 2) else np.zeros((8, 10))",
            "Right for one g, but not for oth",
        ),
        (f"return {RIGHT}", "Right: the two sides agree"),
        (f"return ({RIGHT}).tolist()", "Right: the two sides agree"),
    ],
)
def test_back_from_an_average(body: str, says: str, hint_to_code: Callable) -> None:
    known = f"g = np.random.default_rng(0).integers(-9, 10, size=(3, 2)).astype(float); K = {RIGHT}"
    code = f"{known}\ndef average_back(g):\n    {body}\n"
    assert hint_to_code(2, "average_back", code).startswith(says)


def padded(rows: str, columns: str, how: str = "") -> str:
    return f"""
def convolve_same(x, w):
    kh, kw = (k - 1 for k in w.shape)
    return convolve(np.pad(x, [{rows}, {columns}]{how}), w)
"""


HALVES = "(kh // 2, kh - kh // 2)", "(kw // 2, kw - kw // 2)"


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("def convolve_same(x, w): return None", "Not answered yet"),
        ("def convolve_same(x, w): return x @ w", "A kernel of (3, 3): Python says: matmul"),
        (
            padded(*HALVES).replace("kh, kw =", "x *= 2; kh, kw ="),
            "Your function has changed x",
        ),
        (
            padded("0", "0").replace("[0, 0]", "0"),
            "A kernel of (3, 3): no zeros yet, the result is (4,",
        ),
        (
            padded("kh", "kw").replace("[kh, kw]", "1"),
            "A kernel of (3, 5): the result is (6, 5) and not",
        ),
        (padded("(kh, kh)", "(kw, kw)"), "A kernel of (3, 3): the result is (8, 9) and not (6, 7)"),
        (padded("(0, kh)", "(0, kw)"), "A kernel of (3, 3): all zeros come after"),
        (padded("(kh, 0)", "(kw, 0)"), "A kernel of (3, 3): all zeros come before"),
        (
            padded("(kh - kh // 2, kh // 2)", "(kw - kw // 2, kw // 2)"),
            "A kernel of (2, 2): all zeros come before",
        ),
        (
            padded("(kh - kh // 2, kh // 2)", "(kw - kw // 2, kw // 2)").replace(
                "return",
                "if w.shape == (2, 2): return convolve(np.pad(x, [(0, 1), (0, 1)]), w)\n    return",
            ),
            "A kernel of (4, 3): here the number of zeros is odd",
        ),
        (padded(*HALVES, ", mode='edge'"), "A kernel of (3, 3): the border is repeated"),
        (
            padded(*HALVES, ", mode='wrap'"),
            "A kernel of (3, 3): the size is right, the numbers are",
        ),
        (
            padded(*HALVES).replace("]), w)", "]), w[::-1])"),
            "A kernel of (3, 3): the size is right, the",
        ),
        (padded(*HALVES), "Right"),
    ],
)
def test_the_same_size(code: str, says: str, hint_to_code: Callable) -> None:
    assert hint_to_code(3, "convolve_same", code).startswith(says)


def test_what_the_closing_table_names_is_there() -> None:
    text = "\n".join(cell.source for cell in read(LESSON).cells)
    source = (ROOT / "tinygrad_edu" / "ops" / "convolution.py").read_text(encoding="utf-8")
    for name in ("_unfold", "_fold", "plain_conv2d"):
        assert f"`{name}`" in text and f"def {name}(" in source
