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
from tinygrad_edu.training.metrics import accuracy, confusion_matrix
from tinygrad_edu.training.trainer import Trainer

__all__ = [
    "CSVLog", "Callback", "Checkpoint", "EarlyStopping", "History", "JSONLog", "Schedule", "Timing",
    "Trainer", "accuracy", "confusion_matrix",
]  # fmt: skip
