"""Labels as numbers and as columns, against scikit-learn's."""

import numpy as np
import pytest

from models import LabelBinarizer, LabelEncoder, MultiLabelBinarizer
from models.preprocessing import label_binarize
from tests.models.contract import assert_clear

preprocessing = pytest.importorskip("sklearn.preprocessing")

RNG = np.random.default_rng(0)
LABELS = {
    "text": RNG.choice(["no", "yes", "maybe"], 50),
    "objects": RNG.choice(["no", "yes"], 50).astype(object),
    "integers": RNG.integers(3, 9, 50),
    "floats": RNG.choice([0.5, -1.5], 50),
    "booleans": RNG.random(50) > 0.5,
    "a list": ["b", "a", "c", "a"],
    "one class": ["yes", "yes"],
}


@pytest.mark.parametrize("y", LABELS.values(), ids=LABELS)
def test_numbers_of_classes(y):
    ours, theirs = LabelEncoder().fit(y), preprocessing.LabelEncoder().fit(y)
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    np.testing.assert_array_equal(ours.transform(y), theirs.transform(y))
    np.testing.assert_array_equal(ours.inverse_transform(ours.transform(y)), y)
    np.testing.assert_array_equal(LabelEncoder().fit_transform(y), theirs.transform(y))


@pytest.mark.parametrize("missing", [None, np.nan])
def test_labels_that_are_missing(missing):
    for kind in (LabelEncoder, LabelBinarizer):
        with pytest.raises(ValueError, match="Input y contains NaN or None") as error:
            kind().fit(np.array(["a", missing], dtype=object))
        assert_clear(error.value)


def test_labels_that_fit_has_not_seen():
    model = LabelEncoder().fit(["a", "b"])
    with pytest.raises(
        ValueError, match=r"previously unseen labels: \['c'\], the first in row 1"
    ) as error:
        model.transform(["a", "c"])
    assert_clear(error.value)
    with pytest.raises(ValueError, match=r"previously unseen labels: \[-1, 2\]"):
        model.inverse_transform([0, 2, -1])
    assert model.transform([]).shape == (0,)
    with pytest.raises(ValueError, match="this LabelEncoder is not fitted yet"):
        LabelEncoder().transform(["a"])


@pytest.mark.parametrize("settings", [{}, {"neg_label": -1}, {"neg_label": -2, "pos_label": 7}])
@pytest.mark.parametrize("y", [LABELS[name] for name in LABELS if name != "floats"])
def test_a_column_for_each_class(y, settings):
    ours, theirs = (
        LabelBinarizer(**settings).fit(y),
        preprocessing.LabelBinarizer(**settings).fit(y),
    )
    Y = ours.transform(y)
    np.testing.assert_array_equal(Y, theirs.transform(y))
    assert Y.dtype == theirs.transform(y).dtype and ours.y_type_ == theirs.y_type_
    np.testing.assert_array_equal(ours.inverse_transform(Y), y)
    noisy = Y + RNG.normal(size=Y.shape)
    np.testing.assert_array_equal(ours.inverse_transform(noisy), theirs.inverse_transform(noisy))


def test_binarize_with_given_classes():
    for y, classes in (([1, 6, 3], [1, 2, 4, 6]), (["no", "yes"], ["yes", "no"]), ([5], [3, 4, 5])):
        expected = preprocessing.label_binarize(y, classes=classes)
        np.testing.assert_array_equal(label_binarize(y, classes=classes), expected)
    table = np.array([[1, 0, 1], [0, 0, 0]])
    np.testing.assert_array_equal(LabelBinarizer().fit_transform(table), table)
    np.testing.assert_array_equal(LabelBinarizer().fit(table).inverse_transform(table), table)
    sparse = LabelBinarizer(sparse_output=True).fit_transform(LABELS["text"])
    np.testing.assert_array_equal(sparse.toarray(), LabelBinarizer().fit_transform(LABELS["text"]))
    with pytest.raises(ValueError, match="must be strictly less than") as error:
        LabelBinarizer(neg_label=2).fit_transform([1, 2])
    assert_clear(error.value)
    with pytest.raises(ValueError, match="y has 0 samples"):
        LabelBinarizer().fit([])
    with pytest.raises(ValueError, match="Multioutput target data is not supported"):
        LabelBinarizer().fit([[1, 2], [3, 4]])


def test_sets_of_labels():
    films = [{"thriller"}, {"comedy", "short"}, set(), ["comedy", "thriller"]]
    ours, theirs = MultiLabelBinarizer(), preprocessing.MultiLabelBinarizer()
    Y = ours.fit_transform(films)
    np.testing.assert_array_equal(Y, theirs.fit_transform(films))
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    assert ours.inverse_transform(Y) == theirs.inverse_transform(Y)
    sparse = MultiLabelBinarizer(sparse_output=True).fit_transform(films)
    np.testing.assert_array_equal(sparse.toarray(), Y)
    generated = MultiLabelBinarizer().fit_transform(set(film) for film in films)
    np.testing.assert_array_equal(generated, Y)
    numbers = MultiLabelBinarizer(classes=[3, 1, 2]).fit([(1, 3)])
    assert numbers.classes_.dtype == int and numbers.transform([(1, 3)]).tolist() == [[1, 1, 0]]
    with pytest.warns(UserWarning, match=r"unknown class\(es\) \['drama'\] will be ignored"):
        assert ours.transform([["drama", "short"]]).tolist() == [[0, 1, 0]]
    with pytest.raises(ValueError, match="contains duplicate classes"):
        MultiLabelBinarizer(classes=[1, 1]).fit([[1]])
    with pytest.raises(ValueError, match="Expected only 0s and 1s"):
        ours.inverse_transform([[0, 1, 2]])


@pytest.mark.parametrize(
    "y, words",
    [
        ([0.5, 1.5], "continuous target data is not supported"),
        ([[1, 2], [0, 1]], "Multioutput target data is not supported"),
        ([[1, 0], [0, 1]], "3 classes mismatch with the 2 columns"),
    ],
)
def test_targets_without_columns_for_the_classes(y, words):
    with pytest.raises(ValueError, match=words) as error:
        label_binarize(y, classes=[0, 1, 2])
    assert_clear(error.value)
