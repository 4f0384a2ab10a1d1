"""IPython shows the objects of these classes as HTML, and nothing of that is loaded before it does."""

import importlib
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest

import tinygrad_edu
from models import KMeans
from tinygrad_edu import Tensor, ipython, nn
from tinygrad_edu.tensor import ROWS
from tinygrad_edu.training import History


@pytest.fixture
def formatter():
    """IPython's formatter of a notebook, after `%load_ext tinygrad_edu`."""
    formatters = pytest.importorskip("IPython.core.formatters")
    shell = SimpleNamespace(display_formatter=formatters.DisplayFormatter())
    tinygrad_edu.load_ipython_extension(shell)
    return shell.display_formatter


def test_every_name_is_that_of_a_class():
    for name in ipython.SHOWN:
        module, _, kind = name.rpartition(".")
        shown = getattr(importlib.import_module(module), kind)
        assert (shown.__module__, shown.__name__) == (module, kind)


@pytest.mark.parametrize(
    "thing", [Tensor([1.0]), ROWS[np.tanh], nn.Module(), nn.Linear(2, 3), History(), KMeans(3)], ids=repr
)  # fmt: skip
def test_instances_and_those_of_derived_classes_are_shown(formatter, thing):
    shown, _ = formatter.format(thing)
    assert set(shown) == {"text/plain", "text/html"}
    assert shown["text/plain"] == repr(thing)
    assert '<div class="tinygrad-edu">' in shown["text/html"]
    formatter.active_types = ["text/plain"]  # as in a terminal
    assert formatter.format(thing)[0] == {"text/plain": repr(thing)}


def test_a_derived_class_may_have_its_own_view(formatter):
    class Mine(nn.Module):
        def _repr_html_(self):
            return "<b>mine</b>"

    assert formatter.format(Mine())[0]["text/html"] == "<b>mine</b>"


IN_A_SHELL = """
import sys
from IPython.core.interactiveshell import InteractiveShell

{before}
shell = InteractiveShell.instance()
{after}
from tinygrad_edu import Tensor, ipython
loaded = "tinygrad_edu.viz" in sys.modules
x = Tensor([1.0])
print(loaded, "<td" in shell.display_formatter.format(x)[0]["text/html"], "<td" in ipython.view(x))
"""


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("", "import tinygrad_edu"),
        ("import tinygrad_edu", "shell.run_line_magic('load_ext', 'tinygrad_edu')"),
    ],
)
def test_the_import_registers_in_a_shell_and_the_extension_after_it(before, after):
    pytest.importorskip("IPython")
    program = IN_A_SHELL.format(before=before, after=after)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.split() == ["False", "True", "True"], done.stderr


def test_without_ipython_or_its_formatter_there_is_no_view():
    assert ipython.shell() is None and ipython.view(Tensor([1.0])) == ""
    ipython.register(None)
    ipython.register(SimpleNamespace(display_formatter=None))
