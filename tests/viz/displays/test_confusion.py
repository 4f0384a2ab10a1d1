"""The confusion matrix has the counts, labels and texts of scikit-learn's."""

import numpy as np

import models.metrics
from models import DecisionTreeClassifier
from tests.viz.displays.pairs import IRIS, SPECIES, assert_same, axes, pair, texts


def test_confusion_matrix():
    predicted = np.where(np.arange(150) % 7, SPECIES, 0)
    names = ["setosa", "versicolor", "virginica"]
    for settings in (
        {},
        {"display_labels": names},
        {"normalize": "true"},
        {"labels": [2, 1]},
        {"cmap": "Blues"},
        {"values_format": ".1f", "include_values": True},
    ):
        ours, theirs = pair(
            "metrics", "ConfusionMatrixDisplay", "from_predictions", SPECIES, predicted, **settings
        )
        assert_same(ours, theirs, "confusion_matrix")
        assert texts(ours) == texts(theirs)
        ticks = [[t.get_text() for t in one.ax_.get_xticklabels()] for one in (ours, theirs)]
        assert ticks[0] == ticks[1]
        said = {tuple(map(round, t.get_position())): t.get_text() for t in ours.ax_.texts}
        for (i, j), text in np.ndenumerate(theirs.text_):
            if theirs.confusion_matrix[i, j]:
                assert said[j, i] == text.get_text()
    model = DecisionTreeClassifier(max_depth=1).fit(IRIS, SPECIES)
    ours, theirs = pair("metrics", "ConfusionMatrixDisplay", "from_estimator", model, IRIS, SPECIES)
    assert_same(ours, theirs, "confusion_matrix")
    look = {"include_values": False, "xticks_rotation": "vertical", "ax": axes()}
    bare = models.metrics.ConfusionMatrixDisplay(ours.confusion_matrix).plot(**look)
    assert not bare.ax_.texts


def test_the_texts_of_a_confusion_matrix():
    counts = np.array([[1, 2], [3, 4]])
    drawn = models.metrics.ConfusionMatrixDisplay(counts).plot(values_format=".1f").text_
    assert [[text.get_text() for text in row] for row in drawn] == [["1.0", "2.0"], ["3.0", "4.0"]]
    assert models.metrics.ConfusionMatrixDisplay(counts).plot(include_values=False).text_ is None
