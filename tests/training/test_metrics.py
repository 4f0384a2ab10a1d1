"""Metrics against scikit-learn's, on random scores with ties and with classes that do not occur."""

import functools
import warnings

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, training
from tinygrad_edu.training import (
    accuracy,
    auc,
    confusion_matrix,
    f1,
    f_beta,
    iou,
    mae,
    mse,
    pearson,
    perplexity,
    pr_auc,
    precision,
    r2,
    recall,
    rmse,
    top_k_accuracy,
)

AVERAGES = ("macro", "micro", "weighted", "none")
SEEDS = range(8)


@pytest.fixture(scope="module")
def metrics():
    return pytest.importorskip("sklearn.metrics")


def several_classes(seed):
    """Scores with ties; of 6 classes, 5 is never right and never chosen, 4 never right."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(3, 40))
    scores = rng.integers(0, 6, size=(n, 6)).astype(float)
    scores[:, 5] = -1
    scores[0, 4] = 9
    return scores, rng.integers(0, 4, size=n)


def two_classes(seed):
    """Probabilities with many ties, some exactly at the threshold."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(4, 60))
    labels = rng.integers(0, 2, size=n)
    labels[:2] = 0, 1
    return rng.integers(0, 9, size=n) / 8, labels


@pytest.mark.parametrize("seed", SEEDS)
def test_several_classes(metrics, seed):
    scores, labels = several_classes(seed)
    said = scores.argmax(axis=1)
    assert accuracy(scores, labels) == metrics.accuracy_score(labels, said)
    assert accuracy(scores, np.eye(6)[labels]) == accuracy(Tensor(scores), labels)
    expected = metrics.confusion_matrix(labels, said, labels=range(6))
    assert np.array_equal(confusion_matrix(labels, said, 6), expected)
    for ours, theirs in (
        (precision, metrics.precision_score), (recall, metrics.recall_score), (f1, metrics.f1_score),
    ):  # fmt: skip
        for average in AVERAGES:
            settings: dict = {"average": None if average == "none" else average, "zero_division": 0}
            if average == "none":
                settings["labels"] = range(6)
            found = ours(scores, labels, average=average)
            assert np.allclose(found, theirs(labels, said, **settings), rtol=1e-14, atol=0)
        assert ours(scores, labels) == ours(scores, labels, average="macro")


@pytest.mark.parametrize("seed", SEEDS)
def test_two_classes(metrics, seed):
    p, labels = two_classes(seed)
    for threshold in (None, 0.25):
        said = p > (threshold or 0.5)
        assert accuracy(p, labels, threshold=threshold) == metrics.accuracy_score(labels, said)
        for ours, theirs in (
            (precision, metrics.precision_score), (recall, metrics.recall_score), (f1, metrics.f1_score),
        ):  # fmt: skip
            expected = theirs(labels, said, zero_division=0)
            assert np.isclose(ours(p, labels, threshold=threshold), expected, rtol=1e-14)
            for average in AVERAGES:
                found = ours(p, labels, threshold=threshold, average=average)
                kind = None if average == "none" else average
                expected = theirs(labels, said, average=kind, labels=[0, 1], zero_division=0)
                if average != "macro" or set(labels) | set(said) == {0, 1}:
                    assert np.allclose(found, expected, rtol=1e-14)
    assert np.isclose(auc(p, labels), metrics.roc_auc_score(labels, p), rtol=1e-13)
    assert np.isclose(auc(-p[:, None], labels), metrics.roc_auc_score(labels, -p), rtol=1e-13)
    assert accuracy(p[:, None], labels) == accuracy(p, labels[:, None]) == accuracy(p, labels)
    assert np.isclose(
        accuracy(np.log(p / 8 + 0.1), labels, threshold=np.log(0.1625)), accuracy(p, labels)
    )


def test_columns_are_as_good_as_lists():
    """(n, 1), as a model with one output gives it and a loss like mse wants the target."""
    scores, labels = np.array([0.1, 0.9, 0.6, 0.6, 0.3]), np.array([0, 1, 0, 1, 1])
    for metric in (auc, accuracy, precision, recall, f1):
        plain = metric(scores, labels)
        assert metric(scores[:, None], labels) == metric(scores[:, None], labels[:, None]) == plain


def test_several_answers_at_once():
    p, labels = np.array([[0.9, 0.2], [0.4, 0.6]]), np.array([[1, 0], [1, 1]])
    assert accuracy(p, labels, threshold=0.5) == 0.75
    assert recall(p, labels, threshold=0.5) == 2 / 3


@pytest.mark.parametrize("seed", SEEDS)
def test_top_k(metrics, seed):
    rng = np.random.default_rng(seed)
    scores, labels = rng.normal(size=(30, 6)), rng.integers(0, 6, size=30)
    for k in range(1, 6):
        expected = metrics.top_k_accuracy_score(labels, scores, k=k, labels=range(6))
        assert np.isclose(top_k_accuracy(scores, labels, k=k), expected, rtol=1e-14)
    assert top_k_accuracy(scores, labels, k=6) == 1
    assert top_k_accuracy(scores, labels, k=1) == accuracy(scores, labels)


def test_equal_scores_have_equal_rank_in_top_k():
    scores = np.array([[1.0, 2.0, 2.0, 0.0]])
    assert [top_k_accuracy(scores, [i], k=1) for i in range(4)] == [0, 1, 1, 0]
    assert [top_k_accuracy(scores, [i], k=2) for i in range(4)] == [0, 1, 1, 0]
    assert [top_k_accuracy(scores, [i], k=3) for i in range(4)] == [1, 1, 1, 0]


@pytest.mark.parametrize("shape", [(20,), (20, 1), (20, 3)])
def test_distances(metrics, shape):
    rng = np.random.default_rng(0)
    target = rng.normal(size=shape)
    y = target + rng.normal(size=shape)
    assert np.isclose(mse(y, target), metrics.mean_squared_error(target, y), rtol=1e-13)
    assert np.isclose(mae(y, target), metrics.mean_absolute_error(target, y), rtol=1e-13)
    assert np.isclose(r2(Tensor(y), target), metrics.r2_score(target, y), rtol=1e-13)
    assert np.isclose(rmse(y, target), np.sqrt(metrics.mean_squared_error(target, y)), rtol=1e-13)
    constant = np.zeros((4, 2))
    for y in (constant, constant + [0, 1], constant + [[1, 0]] * 4):
        assert r2(y, constant) == metrics.r2_score(constant, y)


def test_perplexity_is_the_number_of_choices():
    labels = np.array([[0, 1], [2, 3]])
    assert np.isclose(perplexity(np.zeros((2, 2, 7)), labels), 7)
    assert np.isclose(perplexity(Tensor(np.zeros((2, 5)), requires_grad=True), [0, 4]), 5)
    logits = np.random.default_rng(0).normal(size=(2, 2, 4))
    p = np.exp(logits) / np.exp(logits).sum(axis=2, keepdims=True)
    said = [p[i, t, labels[i, t]] for i in range(2) for t in range(2)]
    by_hand = np.prod(said) ** (-1 / 4)  # one over the geometric mean
    assert np.isclose(perplexity(logits, labels), by_hand, rtol=1e-13)
    padded = np.array([[0, -1], [2, 3]])
    by_hand = np.prod([said[0], said[2], said[3]]) ** (-1 / 3)
    assert np.isclose(perplexity(logits, padded, ignore_index=-1), by_hand, rtol=1e-13)


def test_which_metrics_are_means_over_samples():
    """A mean of batches is that of all for these; for the others it is not, and they say so."""
    scores, labels = several_classes(5)
    p, bits = two_classes(1)
    n = len(scores) // 2
    for metric in (accuracy, functools.partial(top_k_accuracy, k=2), mse, mae):
        x, y = (scores, labels) if metric not in (mse, mae) else (scores[:, 0], scores[:, 1])
        parts = n * metric(x[:n], y[:n]) + (len(x) - n) * metric(x[n:], y[n:])
        assert np.isclose(parts / len(x), metric(x, y)) and not hasattr(metric, "whole")
    n = len(p) // 2
    for metric in (precision, recall, f1, auc, rmse, r2):
        parts = n * metric(p[:n], bits[:n]) + (len(p) - n) * metric(p[n:], bits[n:])
        assert not np.isclose(parts / len(p), metric(p, bits)) and metric.whole
    assert perplexity.whole
    assert not hasattr(training.accuracy, "whole")


def test_metrics_give_python_numbers_without_warnings():
    p, labels = two_classes(0)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        for metric in (accuracy, precision, recall, f1, auc, mse, mae, rmse, r2):
            assert type(metric(p.astype(np.float32), labels)) is float
        assert precision(np.zeros(3), [1, 0, 1]) == recall(np.ones(2), [0, 0]) == 0
    assert confusion_matrix([], [], 2).tolist() == [[0, 0], [0, 0]]
    assert confusion_matrix([0, 2, 2], [0, 1, 2]).tolist() == [[1, 0, 0], [0, 0, 0], [0, 1, 1]]
    assert confusion_matrix([], []).shape == (0, 0)
    with pytest.raises(ValueError, match="predicted run from -1 to 1, but classes count from 0"):
        confusion_matrix([0, 1], [-1, 1])


SCORES, LABELS = np.zeros((4, 3)), np.array([0, 1, 2, 0])


@pytest.mark.parametrize("metric", [accuracy, top_k_accuracy, precision, recall, f1])
def test_metrics_of_classes_on_the_wrong_kind_of_output(metric):
    name = metric.__name__
    metric = functools.partial(metric, k=2) if metric is top_k_accuracy else metric
    for scores, labels, words in (
        (SCORES, LABELS[:3], r"takes scores \(n, K\) and labels \(n,\), not \(4, 3\) and \(3,\)"),
        (SCORES, LABELS[:, None], r"\(4, 1\)(.|\n)*Try: labels\[:, 0\]"),
        (SCORES, LABELS + 1, "labels from 1 to 3 are not the numbers of 3 classes, 0 to 2"),
        (SCORES, LABELS - 1, "labels from -1 to 1 are not"),
        (SCORES, LABELS + 0.5, "labels from 0.5 to 2.5 are not"),
        (SCORES, np.ones((4, 3)), r"\(4, 3\) are one-hot if(.|\n)*Try: threshold=0.5"),
        (SCORES[:0], LABELS[:0], r"of no samples: shapes \(0, 3\) and \(0,\)"),
        (np.array(3.0), LABELS, "of a single number"),
    ):
        with pytest.raises(ValueError, match=rf"^{name}:? (.|\n)*{words}") as error:
            metric(scores, labels)
        assert "\n  at test_metrics.py:" in str(error.value)
    with pytest.raises(TypeError, match=rf"^{name}: a target is numbers, not <U3"):
        metric(SCORES, np.array(["cat"] * 4))


@pytest.mark.parametrize("metric", [accuracy, precision, recall, f1])
def test_metrics_of_two_classes_on_the_wrong_kind_of_output(metric):
    name, p, bits = metric.__name__, np.array([0.2, 0.7, 0.9]), np.array([0, 1, 1])
    for scores, labels, words in (
        (p, bits[:2], r"of two classes takes scores and labels \(n,\), not \(3,\) and \(2,\)"),
        (p, 2 * bits, "of two classes: labels are 0 and 1, but these run from 0 to 2"),
        (p, 2 * bits - 1, r"from -1 to 1.(.|\n)*\(labels > 0\)\.astype\(int\)"),
        (9 * p - 3, bits, rf"scores from -1.2 to 5.1 are no (.|\n)*partial\({name}, threshold=0\)"),
    ):  # fmt: skip
        with pytest.raises(ValueError, match=rf"^{name}:? (.|\n)*{words}"):
            metric(scores, labels)


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: top_k_accuracy(SCORES, LABELS, k=4), r"^top_k_accuracy\(k=4\): from 1 to 3"),
        (lambda: f1(SCORES, LABELS, average="mean"), r"^f1\(average='mean'\): 'binary', 'macro'"),
        (
            lambda: recall(SCORES, LABELS, average="binary"),
            r"\(4, 3\) are of 3(.|\n)*average='macro'",
        ),
        (
            lambda: auc(SCORES, LABELS),
            r"^auc takes one score .* not \(4, 3\)(.|\n)*scores\[:, 1\] - ",
        ),
        (lambda: auc([0.5, 0.7], [1, 1]), "^auc: all 2 labels are 1; it compares two classes"),
        (lambda: auc([0.5, 0.7], [0, 0]), "^auc: all 2 labels are 0"),
        (lambda: auc([0.5, np.nan], [0, 1]), "^auc: some scores are not finite"),
        (lambda: auc([0.5, 0.7, 1.0], [0, 1]), r"^auc of two classes .* not \(3,\) and \(2,\)"),
        (lambda: mse(SCORES, LABELS), r"^mse: prediction \(4, 3\) and target \(4,\) differ"),
        (lambda: mae(SCORES[:, :1], LABELS), r"^mae: prediction \(4, 1\) (.|\n)*target\[:, None\]"),
        (lambda: rmse([], []), r"^rmse of no samples"),
        (lambda: r2(SCORES, LABELS), r"^r2: prediction \(4, 3\) and target \(4,\)"),
        (lambda: r2([1.0], [2.0]), "^r2: one sample has no variance"),
        (lambda: perplexity(SCORES, LABELS + 1), "^cross_entropy: labels run from 1 to 3"),
        (
            lambda: confusion_matrix(LABELS, LABELS, 2),
            "^confusion_matrix: labels run from 0 to 2, but there are 2",
        ),
        (
            lambda: confusion_matrix(LABELS, LABELS - 1, 3),
            "^confusion_matrix: predicted run from -1 to 1",
        ),
        (
            lambda: confusion_matrix(LABELS, LABELS[:2], 3),
            r"labels \(4,\) and predicted \(2,\) do not fit",
        ),
        (
            lambda: confusion_matrix(LABELS[None], LABELS[None], 3),
            r"labels \(1, 4\) and predicted \(1, 4\)",
        ),
    ],
)
def test_what_is_refused(ask, words):
    with pytest.raises(ValueError, match=words) as error:
        ask()
    assert "\n  at test_metrics.py:" in str(error.value)


def test_metrics_against_counting():
    scores = np.array([[2.0, 1.0], [0.0, 3.0], [5.0, 4.0]])
    assert accuracy(scores, np.array([0, 1, 1])) == 2 / 3
    assert confusion_matrix([0, 1, 1, 1], [0, 0, 1, 1], 2).tolist() == [[1, 0], [1, 2]]


def test_a_confusion_matrix_of_scores():
    with pytest.raises(
        TypeError, match=r"predicted are numbers of classes, not float64(.|\n)*argmax"
    ):
        confusion_matrix(LABELS, SCORES, 3)


def test_losses_and_metrics_of_one_name_agree():
    rng = np.random.default_rng(0)
    y, t = rng.normal(size=(2, 9, 3))
    assert np.isclose(mse(y, t), nn.mse(y, t)) and np.isclose(mae(y, t), nn.mae(y, t))


def weights_for(n, seed):
    w = np.random.default_rng(seed).uniform(0.1, 2, n)
    w[0] = 1.0
    return w


@pytest.mark.parametrize("seed", SEEDS)
def test_weights_of_samples_and_new_averages(metrics, seed):
    """Everything that scikit-learn weights, weighted: a mean is Σ w x / Σ w."""
    rng = np.random.default_rng(seed)
    scores, labels = several_classes(seed)
    said, w = scores.argmax(axis=1), weights_for(len(labels), seed)
    about = {"sample_weight": w}
    assert accuracy(scores, labels, **about) == pytest.approx(
        metrics.accuracy_score(labels, said, **about)
    )
    assert np.allclose(
        confusion_matrix(labels, said, 6, **about),
        metrics.confusion_matrix(labels, said, labels=range(6), **about),
    )
    for average in ("macro", "micro", "weighted"):
        more = {"average": average, "zero_division": 0, **about}
        for ours, theirs in (
            (precision, metrics.precision_score), (recall, metrics.recall_score),
            (f1, metrics.f1_score), (iou, metrics.jaccard_score),
            (functools.partial(f_beta, beta=0.5), functools.partial(metrics.fbeta_score, beta=0.5)),
        ):  # fmt: skip
            assert ours(scores, labels, average=average, **about) == pytest.approx(
                theirs(labels, said, **more)
            )
    yes, p = rng.integers(0, 2, 30), rng.integers(0, 8, 30) / 7
    yes[:2] = 0, 1
    for settings in ({}, {"sample_weight": weights_for(30, seed)}):
        assert auc(p, yes, **settings) == pytest.approx(metrics.roc_auc_score(yes, p, **settings))
        assert pr_auc(p, yes, **settings) == pytest.approx(
            metrics.average_precision_score(yes, p, **settings)
        )
        assert f_beta(p, yes, **settings) == pytest.approx(
            metrics.fbeta_score(yes, p > 0.5, beta=2, zero_division=0, **settings)
        )
        assert iou(p, yes, **settings) == pytest.approx(
            metrics.jaccard_score(yes, p > 0.5, zero_division=0, **settings)
        )
    x, t, w = rng.normal(size=(9, 3)), rng.normal(size=(9, 3)), weights_for(9, seed)
    assert mse(x, t, sample_weight=w) == pytest.approx(
        metrics.mean_squared_error(t, x, sample_weight=w)
    )
    assert mae(x, t, sample_weight=w) == pytest.approx(
        metrics.mean_absolute_error(t, x, sample_weight=w)
    )
    assert rmse(x, t, sample_weight=w) == pytest.approx(mse(x, t, sample_weight=w) ** 0.5)
    assert r2(x, t, sample_weight=w) == pytest.approx(metrics.r2_score(t, x, sample_weight=w))
    assert top_k_accuracy(x, [0, 1, 2] * 3, k=2, sample_weight=w) == pytest.approx(
        metrics.top_k_accuracy_score([0, 1, 2] * 3, x, k=2, sample_weight=w)
    )
    assert pearson(x, t) == pytest.approx(
        np.mean([np.corrcoef(a, b)[0, 1] for a, b in zip(x.T, t.T, strict=True)])
    )
    twice = np.repeat(x[:, 0], 2), np.repeat(t[:, 0], 2)
    assert pearson(x[:, 0], t[:, 0], sample_weight=np.full(9, 2.0)) == pytest.approx(
        pearson(*twice)
    )


def test_weighted_perplexity_and_what_the_new_metrics_refuse():
    logits, labels = np.random.default_rng(0).normal(size=(4, 3)), [0, 1, 2, 0]
    some = perplexity(logits, labels, sample_weight=[1, 0, 1, 0])
    assert some == pytest.approx(perplexity(logits[::2], labels[::2]))
    with pytest.raises(ValueError, match="f_beta.beta=0.: a positive number"):
        f_beta([0.1, 0.9], [0, 1], beta=0)
    with pytest.raises(ValueError, match="pr_auc: all 2 labels are 1"):
        pr_auc([0.1, 0.9], [1, 1])
    with pytest.raises(ValueError, match="accuracy: sample_weight .3,. does not fit"):
        accuracy(logits, labels, sample_weight=[1, 2, 3])
    assert pearson([1.0, 1.0], [1.0, 2.0]) == 0


@pytest.mark.parametrize("scale", [1e200, 1e-200, 1e300, 1e-300])
@pytest.mark.parametrize("weighted", [True, False])
def test_metrics_of_numbers_whose_squares_over_or_underflow(scale, weighted):
    rng = np.random.default_rng(0)
    target = rng.normal(size=(50, 3))
    prediction = target + 0.3 * rng.normal(size=target.shape)
    weights = {"sample_weight": rng.uniform(0.1, 2, size=50)} if weighted else {}
    for metric, unit in ((pearson, 1), (training.r2, 1), (training.rmse, scale), (mae, scale)):
        expected = metric(prediction, target, **weights) * unit
        found = metric(scale * prediction, scale * target, **weights)
        np.testing.assert_allclose(found, expected, rtol=1e-12)
