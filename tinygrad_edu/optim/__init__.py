"""Optimizers: how parameters follow their gradients."""

from tinygrad_edu.optim import schedules
from tinygrad_edu.optim.adam import LAMB, Adam, Adamax, AdamW, Nadam
from tinygrad_edu.optim.adaptive import Adadelta, Adagrad, RMSprop
from tinygrad_edu.optim.average import EMA
from tinygrad_edu.optim.muon import Muon
from tinygrad_edu.optim.optimizer import Optimizer
from tinygrad_edu.optim.rate_finder import find_lr
from tinygrad_edu.optim.sgd import SGD, Lion
from tinygrad_edu.optim.whole_data import minimise_loss

__all__ = [
    "EMA", "LAMB", "SGD", "Adadelta", "Adagrad", "Adam", "AdamW", "Adamax", "Lion", "Muon", "Nadam",
    "Optimizer", "RMSprop", "find_lr", "minimise_loss", "schedules",
]  # fmt: skip
