"""The loss of a text whose timing nobody knows: speech, handwriting."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.diagnostics.words import refusal, user_line
from tinygrad_edu.nn.loss_reduction import loss, reduced
from tinygrad_edu.tensor import Tensor, value


@loss
def ctc(
    logits: Any,
    labels: Any,
    *,
    times: Any = None,
    blank: int = 0,
    sample_weight: Any = None,
    reduction: str = "mean",
) -> Tensor:
    """L = mean of -ln P(the labels), summed over all alignments: connectionist temporal classification.

    logits: (n, T, K), no softmax before it. labels: (n, L), numbers of classes, each row filled up with
    `blank`, which is no letter. times: (n,), how many of the T belong to each sample; all of them if it
    is left out. Graves et al. 2006; Keras's CTC, in the precision of the logits (Keras's is float32).
    `tinygrad_edu/ops/ctc_alignment.py` has the sum.

    Raises ValueError if the shapes do not fit, a label is no class, or a text does not fit into its
    times: it needs one for each letter, and one more between equal letters.
    """
    logits = logits if isinstance(logits, Tensor) else np.asarray(logits)
    labels = np.asarray(value(labels))
    if logits.ndim != 3 or labels.ndim != 2 or len(labels) != len(logits):
        raise refusal(
            ValueError,
            f"ctc: logits {logits.shape} and labels {labels.shape} do not fit.",
            "logits of shape (n, T, K) and labels of shape (n, L)",
        )
    n, size, classes = logits.shape
    if 0 in logits.shape:
        raise refusal(ValueError, f"ctc: an empty batch, logits {logits.shape}, has no mean.")
    if labels.dtype.kind not in "iu":
        raise refusal(
            TypeError,
            f"ctc: labels are the numbers of classes, not {labels.dtype}.",
            "labels.astype(int)",
        )
    if not 0 <= blank < classes:
        raise refusal(ValueError, f"ctc(blank={blank}): one of {classes} classes.")
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise refusal(
            ValueError,
            f"ctc: labels run from {labels.min()} to {labels.max()}, but logits {logits.shape} "
            f"have {classes} classes, 0 to {classes - 1}.",
            f"{blank}, the blank, to fill up rows",
        )
    lengths = _lengths(labels, blank)
    times = np.full(n, size) if times is None else np.asarray(value(times))
    if times.shape != (n,) or times.dtype.kind not in "iu" or times.min() < 1 or times.max() > size:
        raise ValueError(
            f"ctc: times are {n} whole numbers, 1 to {size}, not {times.dtype} of shape {times.shape}"
            + (f" from {times.min()} to {times.max()}" if times.size else "")
            + f".{user_line()}"
        )
    inside = np.arange(1, labels.shape[1]) < lengths[:, None]
    needed = lengths + ((labels[:, 1:] == labels[:, :-1]) & inside).sum(axis=1)
    if (needed > times).any():
        i = int(np.argmax(needed > times))
        raise refusal(
            ValueError,
            f"ctc: sample {i} has {lengths[i]} letters and needs {needed[i]} times (one more "
            f"between equal letters), but there are {times[i]}.",
            "logits with more times, or leave the sample out",
        )
    return reduced(
        "ctc", ops.ctc(logits, labels, times, lengths, blank=blank), sample_weight, reduction
    )


def _lengths(labels: np.ndarray, blank: int) -> np.ndarray:
    """How many letters each row has before it is filled up with blanks."""
    letters = labels != blank
    lengths = letters.sum(axis=1)
    between = np.flatnonzero(
        (letters != (np.arange(labels.shape[1]) < lengths[:, None])).any(axis=1)
    )
    if between.size:
        raise refusal(
            ValueError,
            f"ctc: labels[{between[0]}] has the blank, {blank}, before its last letter; it may "
            "only fill up the row.",
        )
    return lengths
