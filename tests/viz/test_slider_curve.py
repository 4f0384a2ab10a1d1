"""The result over a number that is moved."""

import numpy as np

from tests.viz.small_graphs import variable
from tinygrad_edu import viz
from tinygrad_edu.viz.play import computed
from tinygrad_edu.viz.slider_curve import curve


def curve_of(loss, play):
    graph = viz.Graph(loss)
    (slider,) = computed(graph, graph._recording, play, None).sliders
    return curve(slider)


def test_a_parabola_and_its_tangents():
    found = curve_of(np.square(variable(1.0, "x")), {"x": (-2, 2, 5)})
    assert found["line"] == "M0 0L24 22.5L48 30L72 22.5L96 0"
    assert found["dots"][3] == "M72 22.5h.01"
    assert found["tangents"][2] == "M32 30L64 30"


def test_where_it_is_not_finite_there_is_no_point():
    with np.errstate(all="ignore"):
        found = curve_of(np.log(variable(1.0, "x")), {"x": (0, 2, 3)})
    assert found["dots"][0] == found["tangents"][0] == "" and found["dots"][1]
    assert found["line"].count("L") == 1


def test_an_array_has_no_curve():
    assert curve_of(variable(1.0, "x") * np.ones(3), {"x": (0, 1, 3)}) is None
