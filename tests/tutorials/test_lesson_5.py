"""Lesson 5, from files to 62 characters: what its checks say to answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from tests.tutorials.notebooks import numbered

LESSON = numbered(5)
NEEDS = ("matplotlib",)


@pytest.mark.parametrize(
    ("inputs", "parameters", "says"),
    [
        (None, 7850, "Not answered yet"),
        (784, None, "Not answered yet"),
        ("784", 7850, "inputs should be a plain number, and yours is of type str"),
        (784, [7850], "parameters should be a plain number, and yours is of type list"),
        (28 * 28 * 16, 7850, "inputs: that is without the two poolings"),
        (14 * 14 * 16, 7850, "inputs: that is with one pooling"),
        (49, 7850, "inputs: 7 x 7 places is right"),
        (7 * 7 * 8, 7850, "inputs: 7 x 7 places is right"),
        (5 * 5 * 16, 7850, "inputs: that is without padding"),
        (800, 7850, "inputs: that was in the lesson"),
        (16, 7850, "inputs: follow the shape"),
        (784, 7840, "inputs is right. parameters: these are the weights"),
        (784, 9098, "inputs is right. parameters: that is the whole network"),
        (784, 794, "inputs is right. parameters: each of the ten sums"),
        (784, 785, "inputs is right. parameters: a weight for each input"),
        (784, 7850, "Right, both"),
        (np.int64(784), 7850.0, "Right, both"),
    ],
)
def test_on_paper(inputs: Any, parameters: Any, says: str, hint: Callable) -> None:
    assert hint(1, inputs, parameters).startswith(says)


BY_TRAIN = "(train - train.mean()) / train.std(), (other - train.mean()) / train.std()"
BOTH = "both = np.concatenate([train, other])"


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ("return None", "Not answered yet"),
        ("return mean(train), other", "Python says: name 'mean' is not defined"),
        (f"a = {BY_TRAIN}; train += 1; return a", "Your function has changed the images"),
        ("return (train - train.mean()) / train.std()", "Return two arrays"),
        ("return 1", "Return two arrays"),
        (
            f"a, b = {BY_TRAIN}; return a.ravel(), b",
            "The shapes should stay (6, 4, 5) and (4, 4, 5)",
        ),
        (f"a, b = {BY_TRAIN}; return a, b[:1]", "The shapes should stay"),
        (f"a, b = {BY_TRAIN}; return a.astype(int), b.astype(int)", "Integers cannot hold"),
        (
            f"{BOTH}; return (train - both.mean()) / both.std(), (other - both.mean()) / both.std()",
            "Mean and std are of both arrays together",
        ),
        (
            "m, s = train.mean(axis=0), train.std(axis=0); return (train - m) / s, (other - m) / s",
            "You use one mean per pixel",
        ),
        ("return train - train.mean(), other - train.mean()", "You subtract the mean. Then divide"),
        (
            "m, v = train.mean(), train.var(); return (train - m) / v, (other - m) / v",
            "You divide by the variance",
        ),
        ("return train / train.std(), other / train.std()", "Subtract the mean before"),
        ("return train / 255, other / 255", "Subtract the mean before"),
        (
            "m, s = train.mean(), train.std(); return train - m / s, other - m / s",
            "Mind the parentheses",
        ),
        (f"a, b = {BY_TRAIN}; return 2 * a, b", "train should have mean 0 and std 1; yours has"),
        (f"a, b = {BY_TRAIN}; return a[::-1], b", "train should have mean 0 and std 1; yours has"),
        (
            "return tuple((x - x.mean()) / x.std() for x in (train, other))",
            "train is right. other has its own mean and std",
        ),
        (f"a, b = {BY_TRAIN}; return a, b + 1", "train is right. other needs the same"),
        (f"return {BY_TRAIN}", "Right"),
        (f"return [x.astype(np.float32) for x in ({BY_TRAIN})]", "Right"),
    ],
)
def test_one_scale(body: str, says: str, hint_to_code: Callable) -> None:
    code = f"def standardize(train, other):\n    {body}\n"
    assert hint_to_code(2, "standardize", code).startswith(says)


WRITE = """
def write_results(path, filenames, scores, names):
    lines = ["Filename,Prediction"]
    for file, k in zip(filenames, scores.argmax(axis=1)):
        lines.append(f"{file},{names[k]}")
    Path(path).write_text("\\n".join(lines) + "\\n")
"""


@pytest.mark.parametrize(
    ("right", "wrong", "says"),
    [
        ("Path(path).write_text", "str", "Not answered yet: there is no file at path."),
        (
            "Path(path).write_text",
            "return str",
            "Not answered yet: there is no file at path. It sh",
        ),
        ("Path(path)", "Path(paht)", "Python says: name 'paht' is not defined"),
        (
            "Path(path)",
            "(path / 'sub' / 'file')",
            "Python says: [Errno 2] No such file or directory",
        ),
        ('"\\n".join(lines) + "\\n"', '""', "The file is empty"),
        (
            "Filename,Prediction",
            "ImageId,Label",
            "The first line should be Filename,Prediction, and",
        ),
        (
            '["Filename,Prediction"]',
            "[]",
            "The first line should be Filename,Prediction, and is 'c.p",
        ),
        ('"\\n".join', '"\\n\\n".join', "There are empty lines"),
        (
            "zip(filenames, ",
            "zip(filenames[1:], ",
            "For 4 files there should be 4 rows below the head",
        ),
        ("{file},{names", "{file};{names", "Each row should have two fields"),
        ("{file},{names", "{file}, {names", "There is a space beside a comma"),
        (
            "    Path",
            "    lines[1:] = sorted(lines[1:])\n    Path",
            "Each file has its prediction, but the",
        ),
        ("zip(filenames", "zip(sorted(filenames)", "The files are not in the order of filenames"),
        ("{names[k]}", "{k}", "These are the numbers of the classes"),
        ("argmax(axis=1)", "argmin(axis=1)", "You take the smallest score"),
        ("argmax(axis=1)", "argmax(axis=1)[::-1]", "The predictions are beside the wrong files"),
        ("{names[k]}", "{names[0]}", "c.png has the scores [0.1, 0.7, 0.2], and you predict 'x'"),
        ("names[k]", "names[k]", "Right"),
        ('.join(lines) + "\\n"', ".join(lines)", "Right"),
    ],
)
def test_the_table_of_answers(right: str, wrong: str, says: str, hint_to_code: Callable) -> None:
    assert WRITE.count(right) >= 1
    assert hint_to_code(3, "write_results", WRITE.replace(right, wrong)).startswith(says)
