"""The loss of a text whose timing is unknown: speech, handwriting."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.nn.layer_tools import as_array
from tinygrad_edu.nn.loss_checks import demand_blanks_last, demand_texts, demand_times
from tinygrad_edu.nn.loss_reduction import loss
from tinygrad_edu.tensor import value

__all__ = ["ctc"]


@loss(per="sample")
def ctc(logits: Any, labels: Any, *, times: Any = None, blank: int = 0) -> Any:
    """L = mean of -ln P(the labels), summed over all alignments: connectionist temporal classification.

    logits: (n, T, K), without a softmax before. labels: (n, L), numbers of classes; each row is filled up
    with `blank`, which is not a letter. times: (n,), how many of the T steps belong to each sample; by
    default all. Graves et al. 2006; Keras's CTC, in the precision of the logits (Keras's is float32).
    `tinygrad_edu/ops/ctc_alignment.py` has the sum.

    Raises ValueError if the shapes do not fit, a label is no class, or a text does not fit into its
    times: it needs one for each letter, and one more between equal letters.
    """
    logits, labels = as_array(logits), np.asarray(value(labels))
    demand_texts(logits, labels, blank)
    letters = labels != blank
    lengths = letters.sum(axis=1)
    demand_blanks_last(letters, lengths, blank)
    n, steps, _ = logits.shape
    times = np.full(n, steps) if times is None else np.asarray(value(times))
    demand_times(times, steps, labels, lengths)
    return ops.ctc(logits, labels, times, lengths, blank=blank)
