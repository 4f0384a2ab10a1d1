"""Pictures: computation graphs, learning curves, confusion matrices, images.

Graphs need graphviz and curves need matplotlib, which `python -m pip install -e '.[viz]'` brings; the
text of a graph needs nothing.
"""

from tinygrad_edu.viz.curves import LivePlot, confusion, image_grid, learning_curve
from tinygrad_edu.viz.graph import Graph, graph

__all__ = ["Graph", "LivePlot", "confusion", "graph", "image_grid", "learning_curve"]
