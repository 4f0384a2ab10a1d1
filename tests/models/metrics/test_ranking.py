"""Orders of labels and documents: equal to scikit-learn's, to the last digits."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from hypothesis import given, settings
from hypothesis import strategies as st

from models import metrics
from tests.models.metrics.cases import same
from tests.models.metrics.test_curves import scores


@pytest.mark.parametrize(
    "name", ["coverage_error", "label_ranking_loss", "label_ranking_average_precision_score"]
)
@settings(max_examples=50, deadline=None)
@given(case=scores(columns=4))
def test_labels(name, case):
    same(name, *case[:2], sample_weight=case[2], tolerance=1e-13)


@settings(max_examples=60, deadline=None)
@given(
    case=scores(columns=5, labels=(0, 1, 2, 5)),
    k=st.sampled_from([None, 1, 3, 9]),
    ties=st.booleans(),
)
def test_gain(case, k, ties):
    y, score, weight = case
    if ties:
        score = score + np.linspace(0, 1e-3, score.size).reshape(score.shape)  # no equal scores
    for name, more in (("dcg_score", {"log_base": 3}), ("ndcg_score", {})):
        same(name, y, score, k=k, sample_weight=weight, ignore_ties=ties, tolerance=1e-13, **more)


def test_of_equal_scores_the_last_comes_first_if_ties_are_ignored():
    relevance, score = [[3, 0, 0], [2, 1, 3]], [[1.0, 0.5, 1.0], [0.0, 0.0, 0.0]]
    for k in (None, 1, 2):
        same("dcg_score", relevance, score, k=k, ignore_ties=True, tolerance=1e-13)


@settings(max_examples=80, deadline=None)
@given(
    case=scores(labels=("a", "b", "c")), k=st.integers(1, 3), many=st.booleans(), norm=st.booleans()
)
def test_top_k(case, k, many, norm):
    y, score, weight = case
    if many:
        score = np.stack([score, -score, np.round(score)], axis=1)
    else:
        y = y == "a"
    for labels in (None, ["a", "b", "c"] if many else [False, True]):
        given_ = {"normalize": norm, "sample_weight": weight, "labels": labels}
        same("top_k_accuracy_score", y, score, k=k, **given_)


def test_what_does_not_fit_together():
    with pytest.raises(ValueError, match="negative y_true"):
        metrics.ndcg_score([[1, -1]], [[0.1, 0.2]])
    with pytest.raises(ValueError, match="k must be 1 or more"):
        metrics.dcg_score([[1, 2]], [[0.1, 0.2]], k=0)
    with pytest.raises(ValueError, match="different shape"):
        metrics.coverage_error([[1, 0]], [[0.1, 0.2, 0.3]])
    with pytest.raises(ValueError, match="binary format is not supported"):
        metrics.label_ranking_loss([1, 0], [0.1, 0.2])
