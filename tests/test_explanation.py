"""Rows as people read them: the text is taken from the rule that runs."""

import numpy as np
import pytest

from tinygrad_edu import explain, ops
from tinygrad_edu.__main__ import main
from tinygrad_edu.explanation import source_of
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
    assert "∂L/∂c   none: nothing flows to it" in str(explain(np.where))
    assert "def _own_part(i: int" in str(explain(concatenate))


@pytest.mark.parametrize("row", ops.rows(), ids=lambda row: row.name)
def test_the_text_of_every_rule_is_the_rule(row):
    """Compiled again, the text of a lambda does what the lambda does."""
    for i, rule in enumerate(row.rules):
        if rule is None or rule.__code__.co_name != "<lambda>":
            continue
        text = source_of(rule)
        arguments = ", ".join(rule.__code__.co_varnames[: rule.__code__.co_argcount])
        again = eval(f"lambda {arguments}: {text}", rule.__globals__)
        inputs, params = row.cases(np.random.default_rng(0))[0]
        y = row.forward(*inputs, **params)
        g = np.ones(np.shape(y))
        known = dict(zip(row.params, rule.__defaults__ or (), strict=False))
        settings = {**known, **params}
        assert np.array_equal(again(g, y, *inputs, **settings), rule(g, y, *inputs, **params)), i


def test_python_and_plain_and_composed_functions():
    assert str(explain(abs)).startswith("absolute:  y = |x|")
    assert "it gives a plain array" in str(explain(np.argmax))
    assert "with other rows" in str(explain(np.stack))
    assert str(explain(ops.softmax)).startswith("softmax:  y = eˣ / Σ eˣ")


def test_a_row_of_the_users_own_is_explained_too():
    cube = Op(lambda x: x**3, lambda g, y, x: g * 3 * x * x, name="cube", formula="x³")
    assert str(explain(cube)).splitlines()[:2] == ["cube:  y = x³", "  ∂L/∂x   g * 3 * x * x"]


def test_in_a_notebook_it_is_a_table_and_escaped():
    shown = explain(np.where)._repr_html_()
    assert "<table>" in shown and "g * _truth(c)" in shown
    odd = Op(lambda x: x, lambda g, y, x: g * (x < 1), name="<b>", formula="<script>")
    assert "<script>" not in explain(odd)._repr_html_() and "x &lt; 1" in explain(odd)._repr_html_()


def test_refusals():
    with pytest.raises(TypeError, match="np.arange has no row"):
        explain(np.arange)
    with pytest.raises(TypeError, match="explain takes a function, such as np.tanh, not 3"):
        explain(3)


def test_the_commands(capsys):
    assert main(["explain", "tanh"]) == 0
    assert "g * (1 - y * y)" in capsys.readouterr().out
    assert main(["explain", "linalg.solve"]) == main(["explain", "softmax"]) == 0
    assert main(["explain", "tanq"]) == 1
    assert "np.tanq has no row" in capsys.readouterr().err
    assert main(["rows"]) == 0
    printed = capsys.readouterr().out
    assert f"\n{len(ops.rows())} rows, " in printed and "tanh" in printed
