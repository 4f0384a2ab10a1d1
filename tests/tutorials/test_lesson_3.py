"""Lesson 3, digits and their Keras twin: what its checks say to answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.tutorials.notebooks import numbered

LESSON = numbered(3)
NEEDS = ("matplotlib",)

LOSS = -np.log(3 / 8)
GRADIENT = [-0.625, 0.125, 0.5]


@pytest.mark.parametrize(
    ("loss", "gradient", "says"),
    [
        (None, GRADIENT, "Not answered yet"),
        (LOSS, None, "Not answered yet"),
        ("0.98", GRADIENT, "loss should be a plain number, and yours is of type str"),
        ([LOSS], GRADIENT, "loss should be a plain number, and yours is of type list"),
        (LOSS, "no", "gradient should be a list of three plain numbers"),
        (LOSS, [[1, 2], 3], "gradient should be a list of three plain numbers"),
        (LOSS, 0.5, "gradient should be a list of three numbers, and yours has the shape ()"),
        (LOSS, [GRADIENT], "gradient should be a list of three numbers, and yours has the shape"),
        (-LOSS, GRADIENT, "loss: the right size, but"),
        (3 / 8, GRADIENT, "loss: that is the probability p of the right class"),
        (np.log(2), GRADIENT, "loss: that is the loss if the third class is right"),
        (-np.log10(3 / 8), GRADIENT, "loss: that is a logarithm to another base"),
        (-np.log2(3 / 8), GRADIENT, "loss: that is a logarithm to another base"),
        (np.log(3), GRADIENT, "loss: that is only the score"),
        (-np.log(3), GRADIENT, "loss: that is only the score"),
        (0.7, GRADIENT, "loss: not right. Raise e to each score"),
        (np.nan, GRADIENT, "loss: not right. Raise e to each score"),
        (LOSS, [0.375, 0.125, 0.5], "The loss is right. gradient: these are the probabilities"),
        (LOSS, [0.625, -0.125, -0.5], "The loss is right. gradient: all signs are wrong"),
        (LOSS, [0.375, 0.125, -0.5], "The loss is right. gradient: subtract 1 at the right class"),
        (LOSS, [-0.625, 0.0, 0.0], "The loss is right. gradient: not right. It is p, minus 1"),
        (LOSS, [np.nan] * 3, "The loss is right. gradient: it adds up to 0, but"),
        (LOSS, [-0.7, 0.2, 0.5], "The loss is right. gradient: it adds up to 0, but"),
        (LOSS, GRADIENT, "Right, both"),
        (0.981, (-0.625, 0.125, 0.5), "Right, both"),
        (np.float32(0.9808), np.array(GRADIENT), "Right, both"),
    ],
)
def test_on_paper(loss: Any, gradient: Any, says: str, hint: Callable) -> None:
    assert hint(1, loss, gradient).startswith(says)


RIGHT = "counts = np.zeros((classes, classes), int); np.add.at(counts, (labels, predicted), 1)"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return None", "Not answered yet"),
        ("return count_them(labels)", "Python says: name 'count_them' is not defined"),
        ("return labels[3][4]", "Python says: invalid index"),
        (f"{RIGHT}; labels += 1; return counts", "Your function has changed the labels"),
        ("return 5", "For three classes, return an array of shape (3, 3). Yours is a int"),
        (f"{RIGHT}; return counts.tolist()", "For three classes, return an array of shape"),
        (
            f"{RIGHT}; return counts[:2]",
            "For three classes, return an array of shape (3, 3). Yours",
        ),
        (f"{RIGHT}; return counts.T", "Rows and columns are exchanged"),
        (f"{RIGHT}; return np.minimum(counts, 1)", "Every count is 0 or 1"),
        (
            "counts = np.zeros((classes, classes), int); counts[labels, predicted] += 1; return counts",
            "Every count is 0 or 1",
        ),
        (f"{RIGHT}; return counts - np.diag(np.diag(counts))", "You count only the mistakes"),
        (f"{RIGHT}; return np.diag(np.diag(counts))", "You count only correct answers"),
        (f"{RIGHT}; return counts / 8", "These are fractions"),
        (f"{RIGHT}; return counts / counts.sum(axis=1, keepdims=True)", "These are fractions"),
        (f"{RIGHT}; return 2 * counts", "There are 8 images, and your counts add up to 16"),
        (f"{RIGHT}; return np.zeros((3, 3))", "There are 8 images, and your counts add up to 0"),
        (f"{RIGHT}; return np.roll(counts, 1)", "They add up to 8, but the row of class 0"),
        (f"{RIGHT}; return counts[:3, :3]", "Right for these 8 images of 3 classes, but not"),
        (
            "assert classes == 3; " + f"{RIGHT}; return counts",
            "Right for 3 classes. For 10, Python",
        ),
        (f"{RIGHT}; return counts", "Right"),
        (f"{RIGHT}; return counts.astype(float)", "Right"),
    ],
)
def test_confusions(body: str, says: str, hint_to_code: Callable) -> None:
    code = f"def count(labels, predicted, classes):\n    {body}\n"
    assert hint_to_code(2, "count", code).startswith(says)


SCALED = """
class Scaled(nn.Module):
    def __init__(self, size):
        self.scale = nn.Parameter(np.ones(size))
        self.shift = nn.Parameter(np.zeros(size))

    def forward(self, x):
        return x * self.scale + self.shift
"""


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("(nn.Module)", "", "Scaled should be a subclass of nn.Module"),
        ("return x * self.scale + self.shift", "return None", "forward returns None."),
        ("np.ones(size)", "np.ones(size, int)", "Python says: "),
        ("self.scale + self", "self.skale + self", "Python says: 'Scaled' object has no attribute"),
        (
            "self.scale = nn.Parameter(np.ones(size))",
            "self.scale = np.ones(size)",
            "self.scale is a plain ndarray: a constant",
        ),
        (
            "nn.Parameter(np.zeros(size))",
            "Tensor(np.zeros(size), requires_grad=True)",
            "self.shift is a Tensor. To be found and trained",
        ),
        (
            "self.shift = nn.Parameter(np.zeros(size))",
            "self.shift = 0.0",
            "self.shift is a plain f",
        ),
        ("scale", "factor", "There is no self.scale yet. Found: factor, shift"),
        ("np.ones(size)", "np.ones(1)", "scale should have the shape (3,), and has (1,)"),
        (
            "np.zeros(size)",
            "np.zeros((1, size))",
            "shift should have the shape (3,), and has (1, 3)",
        ),
        (
            "self.shift = nn",
            "self.more = nn.Parameter([1.0]); self.shift = nn",
            "Two parameters are enough. Found: scale, more, shift",
        ),
        ("np.ones(size)", "np.zeros(size)", "A new Scaled should change nothing"),
        ("np.zeros(size)", "np.ones(size)", "A new Scaled should change nothing"),
        (
            "x * self.scale + self.shift",
            "x.data * self.scale.data + self.shift.data",
            "forward returns a plain array without a graph",
        ),
        (
            "x * self.scale + self.shift",
            "(x * self.scale + self.shift).sum(axis=1)",
            "For x of shape (2, 3), y should have that shape too",
        ),
        ("x * self.scale + self.shift", "(x + self.shift) * self.scale", "First multiply, then"),
        ("x * self.scale + self.shift", "x * self.scale", "Only one of the two is used"),
        ("x * self.scale + self.shift", "x + self.shift", "Only one of the two is used"),
        (
            "x * self.scale + self.shift",
            "x * self.scale - self.shift",
            "With other factors and off",
        ),
        ("x * self.scale + self.shift", "1 * x", "With other factors and offsets"),
        (
            "x * self.scale",
            "x * self.scale.data",
            "The values are right, but no gradient reaches sc",
        ),
        (
            "+ self.shift",
            "+ self.shift.data",
            "The values are right, but no gradient reaches shift",
        ),
        ("return x *", "return x.data *", "The values are right, but no gradient reaches x"),
        ("return x", "return x", "Right"),
    ],
)
@pytest.mark.filterwarnings("default:.*that requires a gradient, and no Parameter")
def test_a_layer(right: str, wrong: str, says: str, hint_to_code: Callable) -> None:
    assert right in SCALED
    assert hint_to_code(3, "Scaled", SCALED.replace(right, wrong)).startswith(says)


def test_an_untouched_layer(hint_to_code: Callable) -> None:
    code = """
class Scaled(nn.Module):
    def __init__(self, size):
        pass

    def forward(self, x):
        return None
"""
    assert hint_to_code(3, "Scaled", code).startswith("Not answered yet")
    assert hint_to_code(3, "Scaled", code.replace("pass", "self.a = 1")).startswith(
        "forward returns"
    )
    failing = code.replace("return None", "raise ValueError")
    assert hint_to_code(3, "Scaled", failing).startswith("Python says: ValueError")
