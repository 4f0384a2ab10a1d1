"""Pictures: computation graphs, learning curves, confusion matrices, images.

Curves need matplotlib, and pictures of graphs need graphviz: `python -m pip install -e '.[viz]'` brings both.
A graph as text, and as a page to step through, needs nothing. Neither do the pages of `..._frames`, which
show what a classical algorithm does, step by step.
"""

from typing import TYPE_CHECKING

from tinygrad_edu.viz.backward_steps import why
from tinygrad_edu.viz.clusters import clusters, silhouettes
from tinygrad_edu.viz.curves import LivePlot, confusion, image_grid, learning_curve
from tinygrad_edu.viz.diff import changes, gradient_errors, with_gradient
from tinygrad_edu.viz.error_graph import explain_error
from tinygrad_edu.viz.estimators import (
    band,
    coefficient_path,
    convergence,
    importances,
    margins,
    mixture,
    states,
)
from tinygrad_edu.viz.fitting import animate_fit
from tinygrad_edu.viz.frames.band import band_frames
from tinygrad_edu.viz.frames.boosting import boosting_frames
from tinygrad_edu.viz.frames.frames import Frame, Frames, Series
from tinygrad_edu.viz.frames.kmeans import kmeans_frames
from tinygrad_edu.viz.frames.split import split_frames
from tinygrad_edu.viz.frames.tree import tree_frames
from tinygrad_edu.viz.frames.trellis import trellis_frames
from tinygrad_edu.viz.graph import Graph
from tinygrad_edu.viz.insight import (
    Watch,
    animate,
    attention_map,
    attentions,
    decision_boundary,
    embedding,
    filters,
    flat,
    loss_landscape,
    lr_curve,
)
from tinygrad_edu.viz.learned import learned
from tinygrad_edu.viz.quiz_score import read_score
from tinygrad_edu.viz.trees import dendrogram, tree

__all__ = [
    "Frame",
    "Frames",
    "Graph",
    "LivePlot",
    "Series",
    "Watch",
    "animate",
    "animate_fit",
    "attention_map",
    "attentions",
    "band",
    "band_frames",
    "boosting_frames",
    "changes",
    "clusters",
    "coefficient_path",
    "confusion",
    "convergence",
    "decision_boundary",
    "dendrogram",
    "embedding",
    "explain_error",
    "filters",
    "flat",
    "gradient_errors",
    "image_grid",
    "importances",
    "kmeans_frames",
    "learned",
    "learning_curve",
    "loss_landscape",
    "lr_curve",
    "margins",
    "mixture",
    "read_score",
    "silhouettes",
    "split_frames",
    "states",
    "tree",
    "tree_frames",
    "trellis_frames",
    "why",
    "with_gradient",
]

if not TYPE_CHECKING:  # or every name would seem to be there

    def __getattr__(name):
        from tinygrad_edu.diagnostics.migration_hints import VIZ
        from tinygrad_edu.diagnostics.words import no_such_name

        raise no_such_name("viz", name, __all__, VIZ)
