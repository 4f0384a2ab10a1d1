"""Optimizers, schedules of the learning rate, and minimizers on all data at once."""

from typing import TYPE_CHECKING

from tinygrad_edu.optim import schedules
from tinygrad_edu.optim.adafactor import Adafactor
from tinygrad_edu.optim.adam import LAMB, Adam, Adamax, AdamW, Nadam
from tinygrad_edu.optim.adaptive import Adadelta, Adagrad, RMSprop
from tinygrad_edu.optim.ema import EMA
from tinygrad_edu.optim.ftrl import Ftrl
from tinygrad_edu.optim.full_batch import minimize_loss
from tinygrad_edu.optim.lr_finder import find_lr
from tinygrad_edu.optim.muon import Muon
from tinygrad_edu.optim.optimizer import Optimizer
from tinygrad_edu.optim.schedule_free import ScheduleFreeAdamW
from tinygrad_edu.optim.sgd import SGD, Lion

__all__ = [
    "EMA", "LAMB", "SGD", "Adadelta", "Adafactor", "Adagrad", "Adam", "AdamW", "Adamax", "Ftrl", "Lion",
    "Muon", "Nadam", "Optimizer", "RMSprop", "ScheduleFreeAdamW", "find_lr", "minimize_loss", "schedules",
]  # fmt: skip

if not TYPE_CHECKING:  # or every name would seem to be there

    def __getattr__(name):
        from tinygrad_edu.diagnostics.migration_hints import OPTIM
        from tinygrad_edu.diagnostics.words import no_such_name

        raise no_such_name("optim", name, __all__, OPTIM)
