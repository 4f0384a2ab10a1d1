"""The examples in docstrings do what they show."""

import doctest
import importlib
import pkgutil

import pytest

import models
import tinygrad_edu
from tinygrad_edu.tensor import ROWS

# All of them are imported before the first example runs: a chapter of the table that an example was the
# first to ask for would write its rows into the copy below.
MODULES = {
    name: importlib.import_module(name)
    for package in (tinygrad_edu, models)
    for name in [
        package.__name__,
        *(m.name for m in pkgutil.walk_packages(package.__path__, package.__name__ + ".")),
    ]
}


@pytest.mark.parametrize("name", MODULES)
def test_examples(name, monkeypatch):
    monkeypatch.setattr("tinygrad_edu.tensor.ROWS", ROWS.copy())  # an example may add a row
    result = doctest.testmod(MODULES[name], optionflags=doctest.ELLIPSIS)
    assert result.failed == 0


def test_there_are_examples():
    finder = doctest.DocTestFinder(exclude_empty=True)
    examples = [
        example
        for module in MODULES.values()
        for found in finder.find(module)
        for example in found.examples
    ]
    assert len(examples) > 20
