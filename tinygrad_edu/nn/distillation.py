"""Learning from another model: its probabilities say more than a label."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu import ops
from tinygrad_edu.nn.checks import demand_positive
from tinygrad_edu.nn.layer_tools import as_array
from tinygrad_edu.nn.loss_checks import demand_one_output, demand_share, demand_teacher
from tinygrad_edu.nn.loss_reduction import answered, reduced, weighty
from tinygrad_edu.nn.losses import cross_entropy

__all__ = ["distillation_loss"]


@answered
def distillation_loss(
    logits: Any,
    target: Any,
    *,
    temperature: float = 2.0,
    alpha: float = 0.5,
    sample_weight: Any = None,
    reduction: str = "mean",
) -> Any:
    """alpha T² KL(softmax(teacher / T) || softmax(logits / T)) + (1 - alpha) cross-entropy(logits, labels).

    target: a pair (labels, teacher), the teacher's logits for the same samples, so that a Trainer gives both
    a batch at a time: `fit(x, (labels, trainer_of_the_teacher.predict(x)))`. logits and teacher: (n, ..., K);
    labels: those of `cross_entropy`. The teacher is a constant.

    A high temperature T shows how the teacher ranks the wrong classes. Gradients of the first term shrink as
    1 / T², which the factor T² makes up for. alpha is the share of the teacher. Hinton, Vinyals and Dean
    2015, section 2. (Keras's example of distillation calls 1 - alpha what is alpha here.)

    Raises ValueError if target is not such a pair, shapes differ, temperature <= 0, or alpha is not within
    0 ... 1. Warns of an array of a teacher's probabilities.
    """
    name = "distillation_loss"
    demand_positive(name, temperature=temperature)
    demand_share(name, alpha=alpha)
    demand_one_output(name, logits)
    logits = as_array(logits)
    labels, teacher = demand_teacher(name, logits.shape, target)
    if sample_weight is not None:
        logits, labels, teacher = weighty(sample_weight, logits, labels, teacher)
    teacher = teacher.astype(logits.dtype if logits.dtype.kind == "f" else float)
    log_t, log_p = (ops.log_softmax(z / temperature) for z in (teacher, logits))
    t = np.exp(log_t)
    log_t, log_p = (
        np.where(t > 0, z, 0) for z in (log_t, log_p)
    )  # 0 ln 0 = 0, where logits are -∞
    soft = temperature**2 * np.sum(t * (log_t - log_p), axis=-1)
    if sample_weight is None and reduction == "mean":  # the usual case
        return alpha * np.mean(soft) + (1 - alpha) * cross_entropy(logits, labels)
    hard = cross_entropy(logits, labels, reduction="none")
    return reduced(name, alpha * soft + (1 - alpha) * hard, sample_weight, reduction)
