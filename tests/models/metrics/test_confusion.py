"""Counts of right and wrong classes: equal to scikit-learn's, to the last digits."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from hypothesis import given, settings
from hypothesis import strategies as st

from models import metrics
from tests.models.metrics.cases import same

LABELS = [np.array([0, 1]), np.array(["no", "yes"]), np.arange(4) - 1, np.array(["a", "b", "c"])]


@st.composite
def classes(draw, multilabel=False):
    """(y_true, y_pred, weights or None)"""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n = draw(st.integers(1, 30))
    labels = LABELS[draw(st.integers(0, 3))]
    shape = (n, 3) if multilabel else n
    pool = np.array([0, 1]) if multilabel else labels
    weight = draw(
        st.sampled_from([None, rng.integers(0, 3, n) + (np.arange(n) == 0), rng.random(n)])
    )
    return rng.choice(pool, shape), rng.choice(pool, shape), weight


CASES = [
    ("accuracy_score", {}), ("accuracy_score", {"normalize": False}), ("zero_one_loss", {}),
    ("zero_one_loss", {"normalize": False}), ("hamming_loss", {}), ("multilabel_confusion_matrix", {}),
]  # fmt: skip
OF_CLASSES = [
    ("confusion_matrix", {}), ("confusion_matrix", {"normalize": "true"}),
    ("confusion_matrix", {"normalize": "pred"}), ("confusion_matrix", {"normalize": "all"}),
    ("balanced_accuracy_score", {}), ("matthews_corrcoef", {}), ("cohen_kappa_score", {}),
    ("cohen_kappa_score", {"weights": "linear"}), ("cohen_kappa_score", {"weights": "quadratic"}),
]  # fmt: skip


@pytest.mark.parametrize("name, settings_", CASES + OF_CLASSES)
@settings(max_examples=40, deadline=None)
@given(case=classes())
def test_classes(name, settings_, case):
    same(name, *case[:2], sample_weight=case[2], **settings_)


@pytest.mark.parametrize("name, settings_", [*CASES, (CASES[-1][0], {"samplewise": True})])
@settings(max_examples=40, deadline=None)
@given(case=classes(multilabel=True))
def test_several_labels(name, settings_, case):
    same(name, *case[:2], sample_weight=case[2], **settings_)


def test_adjusted_and_chosen_labels():
    y, p = np.array(list("abcabcaab")), np.array(list("abbacbaab"))
    same("balanced_accuracy_score", y, p, adjusted=True)
    same("confusion_matrix", y, p, labels=["c", "a"])
    same("confusion_matrix", y.tolist(), p.tolist(), labels=["z", "c", "a"])
    same("multilabel_confusion_matrix", y, p, labels=["c", "a"])
    same("cohen_kappa_score", y, p, labels=["b", "a"])
    same("class_likelihood_ratios", y == "a", p == "a")
    same(
        "class_likelihood_ratios", y == "a", y == "a", replace_undefined_by={"LR+": 7.0, "LR-": 0.5}
    )
    same("class_likelihood_ratios", y == "a", y == "a", replace_undefined_by=1.0)


def test_series_and_sparse_labels():
    pandas, sparse = pytest.importorskip("pandas"), pytest.importorskip("scipy.sparse")
    y = pandas.Series(["no", "yes", "no"], index=[5, 6, 7])
    assert metrics.accuracy_score(y, ["no", "no", "no"]) == 2 / 3
    table = np.array([[0, 1], [1, 1]])
    assert metrics.accuracy_score(sparse.csr_array(table), table) == 1


@pytest.mark.parametrize(
    "y_true, y_pred, message",
    [
        ([0, 1], [0.2, 0.7], "mix of binary and continuous"),
        ([0, 1, 1], [0, 1], r"inconsistent numbers of samples: \[3, 2\]"),
        ([], [], "empty input array"),
        ([0.5, 1.5], [0.5, 1.5], "continuous is not supported"),
        (["a", "b"], [0, 1], "Mix of label input types"),
        (["a", None], ["a", "a"], "y_true contains NaN or None"),
    ],
)
def test_what_does_not_fit_together(y_true, y_pred, message):
    with pytest.raises(ValueError, match=message) as error:
        metrics.accuracy_score(y_true, y_pred)
    assert "Try: " in str(error.value) and "test_confusion.py" in str(error.value)
    with pytest.raises(ValueError, match="labels"):
        metrics.confusion_matrix([0, 1], [0, 1], labels=[])
    with pytest.raises(ValueError, match="At least one label specified must be in y_true"):
        metrics.confusion_matrix([0, 1], [0, 1], labels=[7])


@pytest.mark.filterwarnings("ignore:A single label was found")
def test_likelihood_ratios_of_one_class():
    with pytest.raises(ValueError, match="needs two classes, but got 1.(?s:.*)Try: "):
        metrics.class_likelihood_ratios([1, 1], [1, 1])
