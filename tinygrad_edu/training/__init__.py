"""Training: the loop, what else happens while it runs, what it shows and what it remembers."""

from tinygrad_edu.training.callbacks import (
    Callback,
    CSVLog,
    EarlyStopping,
    JSONLog,
    Schedule,
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
    "CSVLog", "Callback", "Checkpoint", "EarlyStopping", "History", "JSONLog", "Schedule", "Timing",
    "Trainer", "accuracy", "auc", "confusion_matrix", "f1", "mae", "mse", "perplexity", "precision", "r2",
    "recall", "rmse", "top_k_accuracy",
]  # fmt: skip
