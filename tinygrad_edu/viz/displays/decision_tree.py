"""A decision tree, by the arguments of scikit-learn's plot_tree."""

from typing import Any

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.viz.trees import tree

# Settings of the look that `viz.tree` does not need.
ACCEPTED = {"label", "filled", "impurity", "node_ids", "proportion", "rounded", "precision"}


def plot_tree(
    decision_tree: Any,
    *,
    max_depth: int | None = None,
    feature_names: Any = None,
    class_names: Any = None,
    fontsize: float | None = None,
    ax: Any = None,
    **look: Any,
) -> list[Any]:
    """Draws a decision tree with `viz.tree` and returns the texts of its boxes.

    scikit-learn's other settings of the look, such as `filled`, are accepted and have no effect.
    """
    if unknown := {*look} - ACCEPTED:
        what = f"plot_tree got an unexpected keyword argument {min(unknown)!r}."
        raise refusal(TypeError, what, "max_depth, feature_names, class_names, fontsize, ax")
    names = None if isinstance(class_names, bool) else class_names
    ax = tree(
        decision_tree, feature_names=feature_names, class_names=names, max_depth=max_depth, ax=ax
    )
    if fontsize is not None:
        for text in ax.texts:
            text.set_fontsize(fontsize)
    return [text for text in ax.texts if text.get_bbox_patch() is not None]
