"""Optimizers: how parameters follow their gradients."""

from typing import TYPE_CHECKING

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

ELSEWHERE = {
    "lr_scheduler": "optim.schedules: SGD(parameters, lr=schedules.Cosine(0.1, 1000))",
    "LBFGS": 'minimise_loss(..., method="lbfgs")',
    "Newton": 'minimise_loss(..., method="newton-cg")',
}

if not TYPE_CHECKING:  # or every name would seem to be there

    def __getattr__(name):
        from tinygrad_edu.errors import no_such_name

        raise no_such_name("optim", name, __all__, ELSEWHERE)
