"""A docstring, which is plain text, looks on the site as it does in `help()`."""

import pytest
from site_tools.docstrings import inline, to_rst


def test_stars_bars_and_underscores_are_no_markup():
    assert inline("f(*xs) = |x|, coef_ and `a * b`") == r"f(\*xs) = \|x\|, coef\_ and ``a * b``"


def test_a_name_that_is_documented_is_a_link():
    link = {"GRUCell": "tinygrad_edu.nn.GRUCell"}.get
    assert inline("see `GRUCell`.", link) == "see :py:obj:`GRUCell <tinygrad_edu.nn.GRUCell>`\\ ."
    assert inline("two `Tensor`s") == "two ``Tensor``\\ s"


def test_wrapped_lines_run_together_and_lines_that_end_early_stay():
    wrapped = (
        "The first line of a long sentence, which goes on until there is no more room for a\nword."
    )
    assert to_rst(wrapped) == [wrapped.replace("\n", " ")]
    shapes = "What it does.\n\nx: (N, T)\ny: (N,)"
    assert to_rst(shapes)[2:] == ["| x: (N, T)", "| y: (N,)"]


def test_columns_are_a_list_of_definitions():
    text = "Does it.\n\nmode        how\nkeep_all    what, in two\n            lines\n\nRaises ValueError."
    assert to_rst(text)[2:] == [
        "``mode``", "    how", "``keep_all``", "    what, in two lines", "", "Raises ValueError.",
    ]  # fmt: skip


def test_parameters_of_estimators():
    text = (
        "A model.\n\nParameters:\n    alpha=1.0: a number ≥ 0; the strength\n        of the penalty"
    )
    assert to_rst(text)[2:] == [
        ".. rubric:: Parameters", "",
        "``alpha=1.0``", "    a number ≥ 0; the strength of the penalty",
    ]  # fmt: skip


def test_indented_formulas_keep_their_spaces():
    assert to_rst("Steps:\n\n    w ← w - lr * g,   t_ = 1")[2:] == [
        "::", "", "    w ← w - lr * g,   t_ = 1",
    ]  # fmt: skip


def test_examples_stay():
    assert to_rst("Twice.\n\n>>> f(1)\n2")[2:] == [">>> f(1)", "2"]


def test_every_docstring_is_valid():
    """docutils has no complaint about any public docstring."""
    docutils = pytest.importorskip("docutils.core")
    pytest.importorskip("sphinx")
    import inspect

    from docutils.parsers.rst import roles
    from site_tools import reference

    roles.register_generic_role("py:obj", __import__("docutils.nodes").nodes.literal)
    names = [name for page in reference.pages() for name in page.names]
    assert len(names) > 600
    for name in names:
        text = "\n".join(to_rst(inspect.getdoc(reference.get(name)) or "", lambda name: None))
        settings = {"report_level": 2, "halt_level": 2}
        docutils.publish_doctree(text, name, settings_overrides=settings)
