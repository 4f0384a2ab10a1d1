"""plot_tree draws a box for each node."""

import models.tree
import pytest

from models import DecisionTreeClassifier
from tests.viz.displays.pairs import IRIS, SPECIES, axes


def test_plot_tree():
    model = DecisionTreeClassifier(max_depth=2).fit(IRIS, SPECIES)
    boxes = models.tree.plot_tree(
        model, filled=True, class_names=["a", "b", "c"], fontsize=7, ax=axes()
    )
    assert len(boxes) == model.tree_.node_count
    assert boxes[0].get_fontsize() == 7
    with pytest.raises(TypeError, match="unexpected keyword argument 'color'"):
        models.tree.plot_tree(model, color=1)
