"""The result of a graph over a number that is moved, as a small picture: a curve, a point and its tangent."""

from __future__ import annotations

import math
from typing import Any

from tinygrad_edu.viz.nodes import Snapshot
from tinygrad_edu.viz.play import Slider

WIDE, HIGH = 96, 30


def curve(slider: Slider) -> dict[str, Any] | None:
    """The paths of the picture; None if the result is not one number.

    line        through all points where the result is finite
    dots        for each point of the slider where the result is, "" if it is not finite
    tangents    the same, with the slope that the gradient says
    """
    results = [_number(graph.nodes[-1].value, ()) for graph in slider.graphs]
    slopes = [_number(graph.nodes[slider.node].gradient, slider.place) for graph in slider.graphs]
    finite = [y for y in results if math.isfinite(y)]
    if len(finite) < 2:
        return None
    low, high = min(finite), max(finite)
    left, right = slider.points[0], slider.points[-1]

    def at(x: float, y: float) -> str:
        across = (x - left) / (right - left) * WIDE
        return f"{across:.4g} {HIGH - (y - low) / ((high - low) or 1.0) * HIGH:.4g}"

    def tangent(x: float, y: float, slope: float) -> str:
        reach = (right - left) / 6
        return f"M{at(x - reach, y - slope * reach)}L{at(x + reach, y + slope * reach)}"

    points = [*zip(slider.points, results, slopes, strict=True)]
    return {
        "line": "M" + "L".join(at(x, y) for x, y, _ in points if math.isfinite(y)),
        "dots": [f"M{at(x, y)}h.01" if math.isfinite(y) else "" for x, y, _ in points],
        "tangents": [tangent(*point) if all(map(math.isfinite, point)) else "" for point in points],
    }


def _number(x: Snapshot | None, place: tuple[int, ...]) -> float:
    """A number of an array; NaN if there is none."""
    if x is None or x.numbers is None or (x.numbers.size > 1 and not place):
        return math.nan
    return float(x.numbers[place].item() if place else x.numbers.item())
