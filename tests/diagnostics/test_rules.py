"""What the text of a rule tells: its source, and which inputs it reads."""

import functools

import numpy as np
import pytest

from tinygrad_edu import Tensor, explain, ops
from tinygrad_edu.diagnostics.rules import inputs_used, place_of, source_of
from tinygrad_edu.ops import rows
from tinygrad_edu.tensor import Op


def leaf(x):
    return Tensor(x, requires_grad=True)


def test_what_a_rule_reads_is_read_off_its_text():
    used = {row.name: row.inputs_used for row in rows()}
    assert used["add"] == used["sqrt"] == used["exp"] == used["reshape"] == []
    assert used["multiply"] == used["matmul"] == [0, 1]
    assert used["sin"] == used["relu"] == used["tanh"] == [0]
    assert used["divide"] == [1] and used["where"] == [0] and used["cross_entropy"] == [0, 1]
    both = Op(lambda x, w: x * w, lambda g, y, x, w: g * w.shape[0] * x, None, name="both")
    assert both.inputs_used == [0]
    assert ops.relu.inputs_used == [0]


def test_rules_without_a_text_of_their_own_count_as_reading_everything():
    scaled = functools.partial(lambda factor, g, y, x: factor * g * x, 2)
    square = Op(lambda x: x * x, scaled, name="square")
    inner = Op(lambda x: x * x, lambda g, y, x: (lambda: 2 * g * x)(), name="inner")
    for row in (square, inner):
        assert row.inputs_used == [0]
        w = leaf([3.0])
        row(w).backward()
        assert w.grad.tolist() == [6.0]
    assert "functools.partial" in str(explain(square))


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


def test_the_place_of_a_rule():
    assert place_of(ops.relu.rules[0]).startswith("tinygrad_edu/ops/activations.py, line ")
    assert place_of(len) == ""


def test_an_input_is_used_if_any_rule_reads_it():
    assert inputs_used([lambda g, y, x, w: g * w, None]) == [1]
    assert inputs_used([lambda g, y, x, w: g * x.shape[0], lambda g, y, x, w: g * y]) == []
    assert inputs_used([]) == []
