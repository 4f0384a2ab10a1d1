"""Trains by a Trainer as CASE says, under mpiexec or in one process, and saves history and weights.

python fit.py CASE FILE FOLDER
"""

import json
import os
import sys
import time

import numpy as np

from tinygrad_edu import nn
from tinygrad_edu.optim import SGD, schedules
from tinygrad_edu.training import Checkpoint, CSVLog, EarlyStopping, Trainer, accuracy, auc

F = np.float64
case, file, folder = sys.argv[1:4]
comm = None
if any(name in os.environ for name in ("PMI_RANK", "OMPI_COMM_WORLD_RANK")):
    from mpi4py import MPI

    comm = MPI.COMM_WORLD
rank = comm.rank if comm else 0

rng = np.random.default_rng(1)
x, y = rng.normal(size=(61, 6)), rng.integers(0, 2, 61)
x[:, 0] += y  # something to learn
model = nn.Sequential(
    nn.Linear(6, 8, rng=0, dtype=F),
    nn.BatchNorm(8, dtype=F),
    nn.Tanh(),
    nn.Dropout(0.2, rng=1),
    nn.Linear(8, 2, rng=2, dtype=F),
)


def mine(prediction, target):
    """A loss of one's own: a plain mean over the samples that it gets."""
    return np.mean(np.logaddexp(0, -(2 * target - 1) * (prediction[:, 1] - prediction[:, 0])))


def of_second_class(prediction, target):
    return auc(prediction[:, 1] - prediction[:, 0], target)


of_second_class.whole = True
settings = {"epochs": 6, "seed": 4, "batch_size": 8}
if case == "epochs" and rank == 1:
    settings["epochs"] = 7
if case == "data" and rank == 1:
    x = x + 1e-3
if case == "layers" and rank == 1:
    model.layers[3].p = 0.3
loss = mine if case == "own loss" else nn.cross_entropy
optimizer = SGD(model.parameters(), schedules.Cosine(0.1, 60), momentum=0.9, clip_global_norm=1.0)
trainer = Trainer(model, loss, optimizer, metrics=[accuracy, of_second_class], comm=comm)
callbacks = [EarlyStopping("val_loss", patience=30)]
weights = {"sample_weight": np.random.default_rng(2).random(61)} if case == "weights" else {}
if case in ("half", "resume", "log"):
    callbacks += [CSVLog(os.path.join(folder, "log.csv")), Checkpoint(folder, every_batches=3)]


if case in ("error", "kill", "half"):
    from tinygrad_edu.training import Callback

    class Ends(Callback):
        def on_batch_end(self, batch):
            if trainer.run.steps == 13 and rank == (comm.size - 1 if comm else 0):
                if case == "error":
                    raise ArithmeticError("as planned")
                os.kill(os.getpid(), 9)
            if case != "half" and trainer.run.steps > 13:
                time.sleep(0.01)

    callbacks.insert(0, Ends())

history = trainer.fit(
    x,
    y,
    validation=(x[:20] + 0.1, y[:20]),
    callbacks=callbacks,
    resume=folder if case in ("half", "resume", "log") else None,
    progress=case == "log",
    **settings,
    **weights,
)
judged = trainer.evaluate(x, y, batch_size=16)
if rank == 0:
    np.savez(file, history=json.dumps(history), judged=json.dumps(judged), **model.state_dict())
