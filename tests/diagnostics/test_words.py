"""Words of errors: a name that is not there is answered with one that is, also in an import line."""

import importlib

import pytest


@pytest.mark.parametrize(
    ("line", "hint"),
    [
        ("from tinygrad_edu import Tensr", "Tensor"),
        ("from tinygrad_edu.nn import Lineer", "Linear"),
        ("from tinygrad_edu.optim import Adamm", "Adam"),
        ("from models import Rigde", "Ridge"),
        ("from models.preprocessing import StandardScalar", "StandardScaler"),
        ("from models.svm import LinearSVK", "LinearSV[CR]"),
    ],
)
def test_an_import_line_says_what_to_try(line, hint):
    with pytest.raises(ImportError, match=rf"has no \w+\.(?s:.*)Try: {hint}"):
        exec(line, {})
    module, name = line.split()[1], line.split()[-1]
    assert not hasattr(importlib.import_module(module), name)
