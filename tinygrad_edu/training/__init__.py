"""Training: the loop, what else happens while it runs, what it shows and what it remembers."""

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
    mae,
    mse,
    perplexity,
    precision,
    r2,
    recall,
    rmse,
    top_k_accuracy,
)
from tinygrad_edu.training.trainer import Trainer

__all__ = [
    "AverageWeights", "CSVLog", "Callback", "Checkpoint", "EarlyStopping", "History", "JSONLog", "Observe",
    "Timing", "Trainer", "accuracy", "auc", "confusion_matrix", "f1", "mae", "mse", "perplexity",
    "precision", "r2", "recall", "rmse", "top_k_accuracy",
]  # fmt: skip

ELSEWHERE = {
    "SwapEMAWeights": "AverageWeights(optim.EMA(model.parameters(), 0.99))",
    "ModelCheckpoint": "Checkpoint(folder)",
    "BackupAndRestore": "Checkpoint(folder), with fit(..., resume=folder)",
    "CSVLogger": "CSVLog(path)",
    "TensorBoard": "JSONLog(path) or CSVLog(path); viz.LivePlot() for a picture",
    "LearningRateScheduler": "lr=schedules.Step(...) of the optimizer",
    "ReduceLROnPlateau": "Observe(plateau), of an lr=plateau = optim.schedules.ReduceOnPlateau(0.01)",
    "Schedule": "Observe(plateau), for a schedule that goes by val_loss",
    "LivePlot": "tinygrad_edu.viz.LivePlot()",
    "TerminateOnNaN": "nothing: fit stops at the first loss that is not finite",
    "f1_score": "f1",
    "roc_auc_score": "auc",
    "r2_score": "r2",
    "accuracy_score": "accuracy",
}

if not TYPE_CHECKING:  # or every name would seem to be there

    def __getattr__(name):
        from tinygrad_edu.diagnostics.words import no_such_name

        raise no_such_name("training", name, __all__, ELSEWHERE)
