"""The same labels as scikit-learn finds."""

import numpy as np
import pytest

from models.utils.multiclass import check_classification_targets, type_of_target, unique_labels

theirs = pytest.importorskip("sklearn.utils.multiclass")


@pytest.mark.parametrize(
    "ys", [([1, 3, 2, 1],), (["b", "a"], ["c"]), ([[0, 1, 1], [1, 0, 0]],), ([True, False],)]
)
def test_unique_labels(ys):
    np.testing.assert_array_equal(unique_labels(*ys), theirs.unique_labels(*ys))
    assert type_of_target(ys[0]) == theirs.type_of_target(ys[0])
    check_classification_targets(ys[0])


def test_no_labels():
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        unique_labels([0.5, 1.5])
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        check_classification_targets([0.5, 1.5])
    with pytest.raises(ValueError, match="No argument"):
        unique_labels()


@pytest.mark.parametrize("y", [[np.nan, 1.0], [np.inf, 1.0], [0.5, np.nan]])
def test_no_class_is_nan_or_infinite(y):
    with pytest.raises(
        ValueError, match="contains NaN or infinity: 1 of its 2 values, the first .* in row"
    ):
        type_of_target(y)


def test_no_targets():
    for y in (3, "abc"):
        with pytest.raises(ValueError, match="Expected array-like"):
            type_of_target(y)
    with pytest.raises(ValueError, match="MultiLabelBinarizer"):
        type_of_target([[1, 2], [3]])
