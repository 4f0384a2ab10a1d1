"""Training: the loop, what it shows and what it remembers."""

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
    "History", "Trainer", "accuracy", "auc", "confusion_matrix", "f1", "mae", "mse", "perplexity",
    "precision", "r2", "recall", "rmse", "top_k_accuracy",
]  # fmt: skip
