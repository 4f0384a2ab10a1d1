"""The same weights as scikit-learn's."""

import numpy as np
import pytest

from models.utils.class_weight import compute_class_weight, compute_sample_weight

theirs = pytest.importorskip("sklearn.utils.class_weight")
y = np.array(["a", "b", "a", "c", "a", "b"])


@pytest.mark.parametrize("chosen", [None, "balanced", {"a": 2.0, "b": 3.0, "c": 0.5}])
def test_compute_class_weight(chosen):
    classes = np.unique(y)[::-1]
    np.testing.assert_array_equal(
        compute_class_weight(chosen, classes=classes, y=y),
        theirs.compute_class_weight(chosen, classes=classes, y=y),
    )


def test_with_weights_of_rows():
    given = {"classes": np.unique(y), "y": y, "sample_weight": np.arange(6) + 1.0}
    np.testing.assert_array_equal(
        compute_class_weight("balanced", **given), theirs.compute_class_weight("balanced", **given)
    )


@pytest.mark.parametrize(
    "chosen, labels, indices",
    [
        (None, y, None),
        ("balanced", y, None),
        ({"a": 2.0, "b": 1.0, "c": 4.0}, y, None),
        ("balanced", y, [0, 0, 1, 2]),
        ("balanced", np.c_[y, y[::-1]], None),
        ([{"a": 2.0, "b": 1.0, "c": 4.0}, {"a": 1.0, "b": 3.0, "c": 1.0}], np.c_[y, y[::-1]], None),
    ],
)
def test_compute_sample_weight(chosen, labels, indices):
    np.testing.assert_allclose(
        compute_sample_weight(chosen, labels, indices=indices),
        theirs.compute_sample_weight(chosen, labels, indices=indices),
        rtol=1e-15,
    )


def test_refusals():
    with pytest.raises(ValueError, match="all valid labels"):
        compute_class_weight("balanced", classes=["a"], y=y)
    with pytest.raises(ValueError, match="'even' is not supported"):
        compute_class_weight("even", classes=np.unique(y), y=y)
    with pytest.raises(ValueError, match="valid labels that are in y"):
        compute_class_weight("balanced", classes=["a", "b", "c", "d"], y=y)
    with pytest.raises(ValueError, match="elements for the 1 columns"):
        compute_sample_weight([{}, {}], y)
    with pytest.raises(ValueError, match="only valid class_weight"):
        compute_sample_weight({"a": 1.0}, y, indices=[0])
