"""Precision, recall, their means F1 and Fβ, the Jaccard index, and the report of all classes.

    precision = TP / (TP + FP)     recall = TP / (TP + FN)     Fβ = (1 + β²) TP / (β² (TP + FN) + TP + FP)

Source: C. van Rijsbergen, Information Retrieval (1979), chapter 7.

Several classes or labels are joined by `average`: "macro" is their mean, "weighted" the mean by their number
of samples, "micro" counts all together, "samples" is the mean over the rows of several labels, and None keeps
them apart. "binary" is about the class pos_label alone. `zero_division` is used for 0 / 0: 0, 1, NaN (left
out of means), or "warn", which is 0 with a warning.
"""

from typing import Any

import numpy as np

from models.foundation.sklearn_bridge import UndefinedMetricWarning, warn
from models.metrics.confusion import multilabel_confusion_matrix
from models.metrics.reading import array, compared
from tinygrad_edu.diagnostics.words import refusal

AVERAGES = (None, "micro", "macro", "weighted", "samples")


def precision_recall_fscore_support(
    y_true: Any,
    y_pred: Any,
    *,
    beta: float = 1.0,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = None,
    warn_for: tuple[str, ...] = ("precision", "recall", "f-score"),
    sample_weight: Any = None,
    zero_division: Any = "warn",
) -> tuple[Any, Any, Any, Any]:
    """(precision, recall, Fβ, number of samples) of each class; of their average, with None as number."""
    tp, predicted, true = _counts(y_true, y_pred, labels, pos_label, average, sample_weight)
    quotients = {
        "precision": (tp, predicted, "predicted"),
        "recall": (tp, true, "true"),
        "f-score": ((1 + beta**2) * tp, beta**2 * true + predicted, "true nor predicted"),
    }
    if beta in (0, np.inf):
        quotients["f-score"] = quotients["precision" if beta == 0 else "recall"]
    weights = true if average == "weighted" else None
    weights = sample_weight if average == "samples" else weights
    found = []
    for name, (above, below, lacking) in quotients.items():
        silent = name not in warn_for or (beta in (0, np.inf) and name == "f-score")
        ratios = _divide(above, below, name, lacking, average, zero_division, silent)
        found.append(ratios if average is None else _mean(ratios, weights))
    return found[0], found[1], found[2], true if average is None else None


def _counts(y_true, y_pred, labels, pos_label, average, sample_weight):
    """(TP, predicted, true) of each label or sample."""
    chosen = _labels(y_true, y_pred, average, labels, pos_label)
    matrix = multilabel_confusion_matrix(
        y_true,
        y_pred,
        sample_weight=sample_weight,
        labels=chosen,
        samplewise=average == "samples",
    )
    tp, fp, fn = matrix[:, 1, 1], matrix[:, 0, 1], matrix[:, 1, 0]
    found = tp, tp + fp, tp + fn
    return tuple(x.sum(keepdims=True) for x in found) if average == "micro" else found


def _labels(y_true, y_pred, average, labels, pos_label):
    """The labels to count, according to average."""
    if average not in (*AVERAGES, "binary"):
        raise refusal(ValueError, f"average has to be one of {AVERAGES}.", "average='macro'")
    if average != "binary":
        if pos_label not in (None, 1):
            what = f"Note that pos_label (set to {pos_label!r}) is ignored when average != 'binary'"
            warn(UserWarning, f"{what} (got {average!r}). Try: labels=[pos_label]")
        return labels
    kind, present, *_ = compared(y_true, y_pred)
    if kind != "binary":
        fitting = [a for a in AVERAGES if a != "samples" or kind != "multiclass"]
        what = (
            f"Target is {kind} but average='binary'. Please choose another average setting, one of "
        )
        what += f"{fitting}."
        raise refusal(ValueError, what, "average='macro'")
    if pos_label not in present.tolist() and len(present) >= 2:
        what = (
            f"pos_label={pos_label} is not a valid label. It should be one of {present.tolist()}."
        )
        raise refusal(ValueError, what, f"pos_label={present.tolist()[-1]!r}")
    return np.array([pos_label])


def _divide(above, below, name, lacking, average, zero_division, silent):
    undefined = below == 0
    ratios = above / np.where(undefined, 1, below)
    if not undefined.any():
        return ratios
    ratios[undefined] = 0.0 if isinstance(zero_division, str) else zero_division
    if isinstance(zero_division, str) and not silent:
        axis, other = ("label", "sample") if average == "samples" else ("sample", "label")
        where = "due to" if len(ratios) == 1 else f"in {other}s with"
        what = (
            f"{name.capitalize()} is ill-defined and being set to 0.0 {where} no {lacking} {axis}s."
        )
        warn(
            UndefinedMetricWarning,
            f"{what} Use `zero_division` parameter to control this behavior.",
        )
    return ratios


def _mean(ratios, weights):
    """The mean of those that are not NaN; all are equally heavy if all weights are 0."""
    present = ~np.isnan(ratios)
    if not present.any():
        return float("nan")
    if weights is not None:
        weights = np.asarray(weights)[present]
        if weights.sum() == 0:
            return float(np.average(ratios[present]))
    return float(np.average(ratios[present], weights=weights))


def precision_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Any = None,
    zero_division: Any = "warn",
) -> Any:
    """TP / (TP + FP): the fraction of those predicted as a class which are of it."""
    return precision_recall_fscore_support(
        y_true, y_pred, labels=labels, pos_label=pos_label, average=average, warn_for=("precision",),
        sample_weight=sample_weight, zero_division=zero_division,
    )[0]  # fmt: skip


def recall_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Any = None,
    zero_division: Any = "warn",
) -> Any:
    """TP / (TP + FN): the fraction of a class which is found."""
    return precision_recall_fscore_support(
        y_true, y_pred, labels=labels, pos_label=pos_label, average=average, warn_for=("recall",),
        sample_weight=sample_weight, zero_division=zero_division,
    )[1]  # fmt: skip


def fbeta_score(
    y_true: Any,
    y_pred: Any,
    *,
    beta: float,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Any = None,
    zero_division: Any = "warn",
) -> Any:
    """The weighted harmonic mean of precision and recall, in which recall counts β² times."""
    return precision_recall_fscore_support(
        y_true, y_pred, beta=beta, labels=labels, pos_label=pos_label, average=average,
        warn_for=("f-score",), sample_weight=sample_weight, zero_division=zero_division,
    )[2]  # fmt: skip


def f1_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Any = None,
    zero_division: Any = "warn",
) -> Any:
    """2 TP / (2 TP + FP + FN): the harmonic mean of precision and recall."""
    return fbeta_score(
        y_true, y_pred, beta=1.0, labels=labels, pos_label=pos_label, average=average,
        sample_weight=sample_weight, zero_division=zero_division,
    )  # fmt: skip


def jaccard_score(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    pos_label: Any = 1,
    average: str | None = "binary",
    sample_weight: Any = None,
    zero_division: Any = "warn",
) -> Any:
    """TP / (TP + FP + FN): of the samples that are of a class or predicted so, those that are both."""
    tp, predicted, true = _counts(y_true, y_pred, labels, pos_label, average, sample_weight)
    union = predicted + true - tp
    found = _divide(tp, union, "jaccard", "true or predicted", average, zero_division, False)
    if average is None:
        return found
    weights = true if average == "weighted" and true.any() else None
    weights = sample_weight if average == "samples" else weights
    return float(np.average(found, weights=weights))


def classification_report(
    y_true: Any,
    y_pred: Any,
    *,
    labels: Any = None,
    target_names: Any = None,
    sample_weight: Any = None,
    digits: int = 2,
    output_dict: bool = False,
    zero_division: Any = "warn",
) -> Any:
    """A table of precision, recall, F1 and number of samples of each class, as text or as a dict."""
    kind, present, *_ = compared(y_true, y_pred, sample_weight)
    chosen = present if labels is None else array(labels)
    names = [str(label) for label in chosen] if target_names is None else list(target_names)
    if len(names) != len(chosen):
        what = (
            f"Number of classes, {len(chosen)}, does not match size of target_names, {len(names)}."
        )
        if labels is None:
            raise refusal(ValueError, what, "specifying the labels parameter")
        warn(
            UserWarning,
            f"labels size, {len(chosen)}, does not match size of target_names, {len(names)}",
        )
    multilabel = kind == "multilabel-indicator"
    all_classes = not multilabel and {*chosen.tolist()} >= {*present.tolist()}

    def scores(average):
        return precision_recall_fscore_support(
            y_true, y_pred, labels=chosen, average=average, sample_weight=sample_weight,
            zero_division=zero_division,
        )  # fmt: skip

    each = scores(None)
    support = np.sum(each[3])
    rows = dict(zip(names, zip(*each, strict=True), strict=False))
    means = {}
    for average in AVERAGES[1:] if multilabel else AVERAGES[1:4]:
        is_accuracy = average == "micro" and all_classes
        means["accuracy" if is_accuracy else f"{average} avg"] = (*scores(average)[:3], support)
    headers = ["precision", "recall", "f1-score", "support"]
    if output_dict:
        found: dict[str, Any] = {
            name: dict(zip(headers, map(float, row), strict=True))
            for name, row in {**rows, **means}.items()
        }
        if "accuracy" in means:
            found["accuracy"] = found["accuracy"]["precision"]
        return found
    width = max(*map(len, names), len("weighted avg"), digits)

    def line(name, row):
        shown = [f"{x:>9.{digits}f}" for x in row[:3]]
        if name == "accuracy" and row is means.get(name):
            shown[:2] = [" " * 9] * 2
        return f"{name:>{width}s}  {' '.join(shown)} {row[3]:>9}\n"

    head = f"{'':>{width}s}  {' '.join(f'{h:>9}' for h in headers)}\n\n"
    lines = ["".join(line(*pair) for pair in part.items()) for part in (rows, means)]
    return head + "\n".join(lines)
