"""Training: the loop, what it shows and what it remembers."""

from tinygrad_edu.training.history import History
from tinygrad_edu.training.metrics import accuracy, confusion_matrix
from tinygrad_edu.training.trainer import Trainer

__all__ = ["History", "Trainer", "accuracy", "confusion_matrix"]
