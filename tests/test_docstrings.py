"""The examples in docstrings do what they show."""

import doctest
import importlib
import pkgutil

import pytest

import models
import tinygrad_edu
from tinygrad_edu.tensor import ROWS

MODULES = [
    module.name
    for package in (tinygrad_edu, models)
    for module in pkgutil.walk_packages(package.__path__, package.__name__ + ".")
    if not module.name.endswith("__main__")
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, monkeypatch):
    monkeypatch.setattr("tinygrad_edu.tensor.ROWS", ROWS.copy())  # an example may add a row
    result = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = [
        example
        for name in MODULES
        for found in finder.find(importlib.import_module(name))
        for example in found.examples
    ]
    assert len(examples) > 20
