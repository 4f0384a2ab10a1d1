"""Rows as people read them: the text is taken from the rule that runs."""

import linecache
import operator
import re

import numpy as np
import pytest

import tinygrad_edu
from tinygrad_edu import Tensor, explain, nn, ops
from tinygrad_edu.__main__ import main
from tinygrad_edu.ops.joining import concatenate
from tinygrad_edu.tensor import Op


def test_a_row_is_shown_with_formula_rules_and_place():
    lines = str(explain(np.divide)).splitlines()
    assert lines[0] == "divide:  y = x / w"
    assert lines[1:5] == [
        "  ∂L/∂x    g / w",
        "  ∂L/∂w    -g * y / w",
        "  where    g = ∂L/∂y",
        "  domain   w ≠ 0",
    ]
    assert "ops/elementwise.py, line" in lines[-1]


def test_settings_kinks_and_what_has_no_derivative_in_an_input():
    assert "settings   axis, keepdims" in str(explain(np.sum))
    assert "kinks      ties share the gradient equally" in str(explain(np.max))
    assert "∂L/∂c   none: no gradient goes there" in str(explain(np.where))
    assert "∂L/∂x_i    the part of g that belongs to the i-th array" in str(explain(concatenate))


def test_a_rule_that_does_not_read_as_a_formula_has_one():
    assert "∂L/∂x    g * w * x ** (w - 1)" in str(explain(np.power))
    assert "∂L/∂x   g wᵀ; a vector stands for" in str(explain(np.matmul))

    def doubled(g, y, x):
        """2 g

        and this is a remark
        """
        return g * 2

    def plain(g, y, x):
        return g * 3

    assert "∂L/∂x   2 g\n" in str(explain(Op(lambda x: x * 2, doubled, name="double")))
    shown = str(explain(Op(lambda x: x * 3, plain, name="triple")))
    assert "∂L/∂x   def plain(g, y, x):" in shown and "return g * 3" in shown


@pytest.mark.parametrize("row", ops.rows(), ids=lambda row: row.name)
def test_a_learner_meets_no_private_name(row):
    """In no name, formula, rule or convention; and no program stands in place of a formula."""
    shown = explain(row)
    for heading, words in (("", shown.title), *shown.lines):
        if heading != "in":  # the file
            assert not re.search(r"(?<!\w)_[A-Za-z]", words), words
            assert "\n" not in words
    places = (np, np.linalg, np.fft, operator, ops, Tensor)
    public = any(hasattr(place, row.name) for place in places) or hasattr(Tensor, f"__{row.name}__")
    assert public or "_" not in row.name


def test_python_and_plain_and_composed_functions():
    assert str(explain(abs)).startswith("absolute:  y = |x|")
    assert "it gives a plain array" in str(explain(np.argmax))
    assert "with other rows" in str(explain(np.stack))
    assert str(explain(ops.softmax)).startswith("softmax:  y = eˣ / Σ eˣ")


def test_a_row_of_the_users_own_is_explained_too():
    cube = Op(lambda x: x**3, lambda g, y, x: g * 3 * x * x, name="cube", formula="x³")
    assert str(explain(cube)).splitlines()[:2] == ["cube:  y = x³", "  ∂L/∂x   g * 3 * x * x"]


def test_a_rule_from_a_cell_of_a_notebook_is_shown():
    """A cell has no file; like IPython, this puts its lines where tracebacks look for them."""
    cell, names = "rule = lambda g, y, x: g / (1 + x * x)\n", {}
    linecache.cache["<cell 7>"] = (len(cell), None, cell.splitlines(keepends=True), "<cell 7>")
    exec(compile(cell, "<cell 7>", "exec"), names)
    row = Op(np.arctan, names["rule"], name="arctan")
    assert "∂L/∂x   g / (1 + x * x)" in str(explain(row))


def test_in_a_notebook_it_is_a_table_and_escaped():
    shown = explain(np.where)._repr_html_()
    assert "<table>" in shown and "g where c, else 0" in shown
    odd = Op(lambda x: x, lambda g, y, x: g * (x < 1), name="<b>", formula="<script>")
    assert "<script>" not in explain(odd)._repr_html_() and "x &lt; 1" in explain(odd)._repr_html_()


def test_refusals():
    with pytest.raises(TypeError, match="np.arange has no row"):
        explain(np.arange)
    with pytest.raises(TypeError, match="explain takes a function, such as np.tanh, not 3"):
        explain(3)


def test_a_name_is_looked_up():
    assert str(explain("tanh")) == str(explain(np.tanh))
    assert str(explain("linalg.solve")).startswith("solve:")
    with pytest.raises(TypeError, match=r"np\.tanq has no row(.|\n)*Try: (.*np\.tan)"):
        explain("tanq")


def test_losses_and_layers_are_explained_by_their_row_or_their_formula():
    assert str(explain(nn.cross_entropy)) == str(explain(ops.cross_entropy))
    shown = str(explain(nn.huber))
    assert shown.startswith("huber:  Squared for small errors") and "nn/losses.py, line" in shown
    for layer in (nn.Linear, nn.Linear(2, 3)):
        shown = str(explain(layer))
        assert shown.startswith("Linear:  y = x W + b") and "help(Linear)" in shown
        assert "nn/linear.py, line" in shown


def test_sets_and_histograms_have_derivatives():
    for function in (np.unique, np.union1d, np.histogram):
        assert "which have the derivatives" in str(explain(function))


def test_a_function_of_the_users_own_is_said_to_be_one():
    def mine(x):
        return np.tanh(x)

    with pytest.raises(TypeError, match=r"mine is not in the derivative table(.|\n)*viz\.Graph"):
        explain(mine)


def test_tab_completion_finds_what_is_imported_late():
    for name in ("explain", "gradcheck", "nn", "viz"):
        assert name in dir(tinygrad_edu) and getattr(tinygrad_edu, name)
    with pytest.raises(AttributeError, match="tinygrad_edu has no explian"):
        _ = tinygrad_edu.explian


def test_the_commands(capsys):
    assert main(["explain", "tanh"]) == 0
    assert "g * sech2(x)" in capsys.readouterr().out
    assert main(["explain", "linalg.solve"]) == main(["explain", "softmax"]) == 0
    assert main(["explain", "tanq"]) == 1
    assert "np.tanq has no row" in capsys.readouterr().err
    assert main(["rows"]) == 0
    printed = capsys.readouterr().out
    assert f"\n{len(ops.rows())} rows, " in printed and "tanh" in printed
