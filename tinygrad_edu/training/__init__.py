"""Training: the loop, callbacks, metrics, checkpoints and the history."""

from typing import TYPE_CHECKING

from tinygrad_edu.training.callbacks import (
    AverageWeights,
    Callback,
    CSVLog,
    EarlyStopping,
    JSONLog,
    Observe,
    Timing,
)
from tinygrad_edu.training.checkpoint import Checkpoint
from tinygrad_edu.training.history import History
from tinygrad_edu.training.metrics import (
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
from tinygrad_edu.training.trainer import Trainer

__all__ = [
    "AverageWeights", "CSVLog", "Callback", "Checkpoint", "EarlyStopping", "History", "JSONLog", "Observe",
    "Timing", "Trainer", "accuracy", "auc", "confusion_matrix", "f1", "f_beta", "iou", "mae", "mse",
    "pearson", "perplexity", "pr_auc", "precision", "r2", "recall", "rmse", "top_k_accuracy",
]  # fmt: skip

if not TYPE_CHECKING:  # or every name would seem to be there

    def __getattr__(name):
        from tinygrad_edu.diagnostics.migration_hints import TRAINING
        from tinygrad_edu.diagnostics.words import no_such_name

        raise no_such_name("training", name, __all__, TRAINING)
