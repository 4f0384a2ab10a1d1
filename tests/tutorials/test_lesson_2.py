"""Lesson 2, seeing a backward pass: what its checks say to answers."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.tutorials.notebooks import numbered

LESSON = numbered(2)
NEEDS = ("matplotlib",)


@pytest.mark.parametrize(
    ("through_p", "through_q", "dL_db", "says"),
    [
        (None, 6, 16, "Not answered yet"),
        (15, None, 16, "Not answered yet"),
        (15, 6, None, "Not answered yet"),
        ("15", 6, 16, "through_p should be a plain number, and yours is of type str"),
        (15, [6], 16, "through_q should be a plain number, and yours is of type list"),
        (15, 6, (16,), "dL_db should be a plain number, and yours is of type tuple"),
        (6, 15, 16, "The two contributions are exchanged"),
        (21, 6, 16, "That is their sum, dL/da"),
        (15, 21, 16, "That is their sum, dL/da"),
        (5, 6, 16, "through_p: that is what arrives at p"),
        (18, 6, 16, "through_p: in L = p q, the local derivative along p"),
        (3, 6, 16, "through_p: that is the local derivative of a b alone"),
        (10, 6, 16, "through_p: the local derivative of a b along a is the other factor"),
        (7, 6, 16, "through_p: not right. It is upstream dL/dp"),
        (np.nan, 6, 16, "through_p: not right. It is upstream dL/dp"),
        (15, 1, 16, "through_p is right. through_q: 1 is the local derivative"),
        (15, 5, 16, "through_p is right. through_q: in L = p q"),
        (15, 7, 16, "through_p is right. through_q: not right"),
        (15, 6, 10, "Both contributions are right. dL/db: that is one path"),
        (15, 6, 6, "Both contributions are right. dL/db: that is one path"),
        (15, 6, 5, "Both contributions are right, dL/db is not"),
        (15, 6, 21, "Both contributions are right. dL/db: that is dL/da"),
        (15, 6, 17, "Both contributions are right, dL/db is not"),
        (15, 6, 16, "Right, all three"),
        (15.0, np.int64(6), np.float32(16), "Right, all three"),
    ],
)
def test_where_paths_meet(
    through_p: Any, through_q: Any, dL_db: Any, says: str, hint: Callable
) -> None:
    assert hint(1, through_p, through_q, dL_db).startswith(says)


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return None", "Not answered yet"),
        ("return x @ g, x.T @ g, g.sum(axis=0)", "Python says: matmul: "),
        ("g *= 2; return g @ W.T, x.T @ g, g.sum(axis=0)", "Your function has changed one of"),
        ("return g @ W.T, x.T @ g", "Return three arrays"),
        ("return x.T @ g", "Return three arrays"),
        ("return g @ W.T, None, g.sum(axis=0)", "The gradient of W is still None"),
        ("return x.T @ g, g @ W.T, g.sum(axis=0)", "The gradient of x must have the shape of x"),
        ("return g @ W.T, g.T @ x, g.sum(axis=0)", "The gradient of W must have the shape of W"),
        (
            "return g @ W.T, x.T @ g, g",
            "The gradient of b must have the shape of b, (2,), and yours has (4, 2). All rows share",
        ),
        ("return g @ W.T, x.T @ g, g.sum(axis=1)", "The gradient of b must have the shape of b"),
        ("return g @ W.T, x.T @ g, g.sum()", "The gradient of b must have the shape of b"),
        (
            "return g @ W.T, x.T @ g, g.mean(axis=0)",
            "The gradient of b: take the sum over the rows",
        ),
        ("return g @ W.T, x.T @ g, np.ones(W.shape[1])", "The gradient of b: 1 is the local deriv"),
        ("return -g @ W.T, x.T @ g, g.sum(axis=0)", "The gradient of x has the wrong sign"),
        ("return g @ W.T, -x.T @ g, g.sum(axis=0)", "The gradient of W has the wrong sign"),
        (
            "return g @ W.T * 2, x.T @ g, g.sum(axis=0)",
            "The gradient of x has the right shape, but",
        ),
        ("return x * 0, W * 0, W[0] * 0", "The gradient of x has the right shape, but"),
        (
            "h = g @ (W if W.shape[0] == W.shape[1] else W.T); return h, x.T @ g, g.sum(axis=0)",
            "The gradient of x: the shape fits by chance",
        ),
        ("return g @ W.T, x.T @ g, g.sum(axis=0)", "Right, all three"),
        ("return [g @ W.T, x.T @ g, g.sum(axis=0).tolist()]", "Right, all three"),
    ],
)
def test_back_through_a_layer(body: str, says: str, hint_to_code: Callable) -> None:
    code = f"def linear_back(x, W, g):\n    {body}\n"
    assert hint_to_code(2, "linear_back", code).startswith(says)


@pytest.mark.parametrize(
    ("spread", "says"),
    [
        ("None", "Not answered yet"),
        ("root(2 / n)", "Python says: name 'root' is not defined"),
        ("np.sqrt(2 / np.array([n]))", "spread(n) should return one positive number"),
        ("'large'", "spread(n) should return one positive number"),
        ("0.0", "spread(n) should return one positive number"),
        ("-np.sqrt(2 / n)", "spread(n) should return one positive number"),
        ("np.nan", "spread(n) should return one positive number"),
        ("1 / np.sqrt(n)", "n = 50, after 30 layers {}: that keeps the size without ReLU"),
        ("2 / n", "n = 50, after 30 layers {}: that is the variance"),
        ("1 / n", "n = 50, after 30 layers {}: with random signs a sum of n numbers"),
        ("2 / np.sqrt(n)", "n = 50, after 30 layers {}: half of the *squares* are lost"),
        ("np.sqrt(2)", "n = 50, after 30 layers {}: a sum of n numbers grows with n"),
        ("np.sqrt(n / 2)", "n = 50, after 30 layers {}: upside down"),
        ("np.sqrt(1 / (2 * n))", "n = 50, after 30 layers {}: half of the squares are lost"),
        ("0.15", "n = 50: they vanish"),
        ("1.0", "n = 50: they explode"),
        ("0.2", "n = 200: they explode"),  # right for 50 alone
        ("1.41 / np.sqrt(n)", "n = 50: close, "),
        ("np.sqrt(2.0 / n)", "Right: after 30 layers"),
        ("(n / 2) ** -0.5", "Right: after 30 layers"),
    ],
)
def test_neither_vanish_nor_explode(spread: str, says: str, hint_to_code: Callable) -> None:
    text = hint_to_code(3, "spread", f"spread = lambda n: {spread}")
    assert re.sub(r"\S+ of the size:", "{}:", text).startswith(says)
