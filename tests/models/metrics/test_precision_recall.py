"""Precision, recall and F: equal to scikit-learn's, to the last digits, for all averages."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from hypothesis import given, settings
from hypothesis import strategies as st

from models import metrics
from tests.models.metrics.cases import same
from tests.models.metrics.test_confusion import classes

NAMES = [
    "precision_score",
    "recall_score",
    "f1_score",
    "jaccard_score",
    "precision_recall_fscore_support",
]
ZERO = st.sampled_from(["warn", 0, 1, np.nan, 0.0])
AVERAGES = [None, "micro", "macro", "weighted"]


@pytest.mark.parametrize("average", AVERAGES)
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(case=classes(), zero=ZERO)
def test_classes(name, average, case, zero):
    same(name, *case[:2], sample_weight=case[2], average=average, zero_division=zero)


@pytest.mark.parametrize("average", [*AVERAGES, "samples"])
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=25, deadline=None)
@given(case=classes(multilabel=True), zero=ZERO)
def test_several_labels(name, average, case, zero):
    same(name, *case[:2], sample_weight=case[2], average=average, zero_division=zero)


@settings(max_examples=50, deadline=None)
@given(case=classes(), zero=ZERO, beta=st.sampled_from([0, 0.5, 2, np.inf]))
def test_of_one_class(case, zero, beta):
    for pos_label in ("yes", "b") if case[0].dtype.kind == "U" else (1, 7):
        given_ = {"sample_weight": case[2], "zero_division": zero, "pos_label": pos_label}
        same("fbeta_score", *case[:2], beta=beta, **given_)
        same("jaccard_score", *case[:2], **given_)


@settings(max_examples=30, deadline=None)
@given(case=st.one_of(classes(), classes(multilabel=True)), digits=st.integers(0, 4))
def test_report(case, digits):
    import sklearn.metrics

    *pair, weight = case
    given_ = {"sample_weight": weight, "zero_division": 0}
    same("classification_report", *pair, output_dict=True, **given_)
    if not (pair[0] == pair[1]).any() or (weight is not None and weight.dtype.kind == "f"):
        return  # the numbers of samples are floats then, with all their digits
    ours = metrics.classification_report(*pair, digits=digits, **given_)
    assert ours == sklearn.metrics.classification_report(*pair, digits=digits, **given_)


def test_report_with_names_and_labels():
    y, p = [0, 1, 2, 2, 0], [0, 2, 2, 1, 0]
    same("precision_score", y, p, labels=[2, 7], average="macro")
    same("classification_report", y, p, labels=[0, 2], output_dict=True)
    same("classification_report", y, p, target_names=["a", "b", "c"], output_dict=True)
    with pytest.raises(ValueError, match="does not match size of target_names, 2"):
        metrics.classification_report(y, p, target_names=["a", "b"])
    with pytest.raises(ValueError, match="Target is multiclass but average='binary'"):
        metrics.f1_score(y, p)
    with pytest.raises(ValueError, match="pos_label=1 is not a valid label"):
        metrics.f1_score(["a", "b"], ["a", "b"])
    with pytest.raises(ValueError, match="average has to be one of"):
        metrics.f1_score(y, p, average="mean")
