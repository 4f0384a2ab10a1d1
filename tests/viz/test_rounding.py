"""float16 and float32: what is said where numbers seem not to add up."""

import json

import numpy as np
import pytest

from tests.viz.small_graphs import variable
from tinygrad_edu import viz


def half(x, name=None):
    return variable(np.array(x, np.float16), name)


def test_a_sum_in_half_precision():
    graph = viz.Graph(half(2048, "a") + half(1, "b"))
    said = "float16 keeps about 3 digits: the exact result 2049 is rounded to 2048."
    assert graph.nodes[-1].rounding == said
    assert said in graph.text()
    assert json.loads(graph.json())["nodes"][-1]["rounding"] == said


def test_contributions_of_a_gradient():
    x = half(1, "x")
    (*_, last) = viz.Graph(x * 2048 + x).steps
    assert last.rounding == "float16 keeps about 3 digits: 1 + 2048 = 2049 is rounded to 2048."


def test_upstream_times_local_derivative():
    x = half(7.5, "x")
    steps = viz.Graph((x * np.float16(1.333)) * np.float16(7.5)).steps
    exact = float(np.float16(1.333)) * 7.5
    assert steps[-1].rounding == (
        f"float16 keeps about 3 digits: 7.5 × {float(np.float16(1.333)):.8g} = {exact:.8g} is rounded to "
        f"{float(np.float16(exact)):.8g}."
    )


def test_an_overflow():
    with np.errstate(over="ignore"):
        said = viz.Graph(half(60000, "a") * 2).nodes[-1].rounding
    assert "120000 is beyond its largest number, 65504, and becomes inf" in said


def test_the_entry_where_it_shows_most():
    said = viz.Graph(half([1.0, 2048.0], "a") + half([1.0, 1.0], "b")).nodes[-1].rounding
    assert "at [1] the exact result 2049" in said


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_nothing_is_said_where_the_digits_agree(dtype):
    x = variable(np.array([0.1, 1 / 3, 7.0], dtype), "x")
    graph = viz.Graph(((x * x + x) / 3).sum())
    assert not any(each.rounding for each in (*graph.nodes, *graph.steps))


def test_single_precision_loses_a_small_number():
    x = variable(np.float32(999_999), "x")
    assert not viz.Graph(x + np.float32(1)).nodes[-1].rounding
    y = variable(np.float32(3e8), "y")
    graph = viz.Graph((y + np.float32(1)) - y)
    assert graph.nodes[-1].value.numbers == 0  # and no rounding: the sum was rounded before
