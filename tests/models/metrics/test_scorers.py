"""Scorers: scikit-learn's names and numbers."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

import sklearn.metrics as sklearn_metrics
from sklearn.cluster import KMeans
from sklearn.datasets import load_iris
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.svm import LinearSVC

import models
from models import metrics

X, Y = load_iris(return_X_y=True)
POSITIVE = {"neg_mean_gamma_deviance", "neg_mean_poisson_deviance"}


def test_names():
    assert metrics.get_scorer_names() == sklearn_metrics.get_scorer_names()


OF_NUMBERS = [
    n for n in sklearn_metrics.get_scorer_names()
    if "error" in n or "deviance" in n or n in ("r2", "explained_variance")
]  # fmt: skip
OF_CLASSES = [
    n for n in sklearn_metrics.get_scorer_names()
    if n not in OF_NUMBERS and "samples" not in n and n not in metrics.scorers.OF_CLUSTERS
]  # fmt: skip


@pytest.mark.parametrize("name", OF_NUMBERS)
def test_numbers(name):
    theirs = Ridge().fit(X[:, 1:], X[:, 0])
    ours = models.Ridge().fit(X[:, 1:], X[:, 0])
    expected = sklearn_metrics.get_scorer(name)(theirs, X[:, 1:], X[:, 0])
    scorer = metrics.get_scorer(name)
    assert scorer(theirs, X[:, 1:], X[:, 0]) == pytest.approx(expected, rel=1e-13)
    assert scorer(ours, X[:, 1:], X[:, 0]) == pytest.approx(expected, rel=1e-9)
    assert repr(scorer) == repr(sklearn_metrics.get_scorer(name))


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.UndefinedMetricWarning")
@pytest.mark.parametrize("name", OF_CLASSES)
def test_classes(name):
    for x, y in ((X[50:], Y[50:] - 1), (X, Y)):
        for theirs in (LogisticRegression(C=0.01).fit(x, y), LinearSVC(C=0.01).fit(x, y)):
            try:
                expected = sklearn_metrics.get_scorer(name)(theirs, x, y)
            except (ValueError, AttributeError) as error:
                with pytest.raises((ValueError, AttributeError)):
                    metrics.get_scorer(name)(theirs, x, y)
                assert str(error)
                continue
            assert metrics.get_scorer(name)(theirs, x, y) == pytest.approx(expected, rel=1e-13)


def test_weights_and_positive_labels():
    names = np.array(["no", "yes"])[(Y[50:] == 2).astype(int)]
    model = LogisticRegression(C=0.01).fit(X[50:], names)
    weight = np.linspace(0, 1, 100)
    for label in ("no", "yes"):
        for name in ("f1_score", "average_precision_score", "brier_score_loss"):
            response = {"f1_score": "predict"}.get(name, "predict_proba")
            ours, theirs = (
                module.make_scorer(getattr(module, name), response_method=response, pos_label=label)
                for module in (metrics, sklearn_metrics)
            )
            expected = theirs(model, X[50:], names, sample_weight=weight)
            assert ours(model, X[50:], names, sample_weight=weight) == pytest.approx(expected)


def test_several_at_once_ask_the_model_once():
    class Counting(models.LogisticRegression):
        asked = 0

        def predict(self, X):
            Counting.asked += 1
            return super().predict(X)

    model = Counting().fit(X, Y)
    scorer = metrics.check_scoring(model, ["accuracy", "f1_macro", "neg_log_loss"])
    found = scorer(model, X, Y)
    assert Counting.asked == 1 and found["accuracy"] == model.score(X, Y)
    own = metrics.check_scoring(model, None)
    assert own(model, X, Y) == found["accuracy"] and repr(own) == "Counting.score"


def test_mistakes():
    with pytest.raises(
        ValueError, match="'acuracy' is not a valid scoring value.*(?s:.*)Try: accuracy"
    ):
        metrics.get_scorer("acuracy")
    with pytest.raises(
        ValueError, match=r"metric function rather than(?s:.*)Try: make_scorer\(f1_score\)"
    ):
        metrics.check_scoring(models.Ridge(), metrics.f1_score)
    with pytest.raises(TypeError, match="should have a 'score' method"):
        metrics.check_scoring(object())
    with pytest.raises(AttributeError, match="has none of the following attributes: predict_proba"):
        metrics.get_scorer("neg_log_loss")(models.LinearSVC().fit(X, Y), X, Y)
    with pytest.raises(ValueError, match="must be different strings"):
        metrics.check_scoring(models.Ridge(), [])


@pytest.mark.parametrize(
    "called, name",
    [
        ("mse", "neg_mean_squared_error"),
        ("RMSE", "neg_root_mean_squared_error"),
        ("mean_absolute_error", "neg_mean_absolute_error"),
        ("log_loss", "neg_log_loss"),
        ("auc", "roc_auc"),
    ],
)
def test_what_people_call_a_score(called, name):
    with pytest.raises(ValueError, match=f"not a valid scoring value(?s:.*)Try: {name}\\b"):
        metrics.get_scorer(called)
    assert metrics.get_scorer(name)


def test_a_name_unlike_all_others():
    with pytest.raises(ValueError, match="not a valid scoring value(?s:.*)Try: accuracy, r2"):
        metrics.get_scorer("bogus")


def test_clusters():
    model = KMeans(3, n_init=1, random_state=0).fit(X)
    for name in metrics.scorers.OF_CLUSTERS:
        expected = sklearn_metrics.get_scorer(name)(model, X, Y)
        assert metrics.get_scorer(name)(model, X, Y) == pytest.approx(expected, rel=1e-10), name
