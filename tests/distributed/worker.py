"""Trains one case, shared by the ranks of MPI or in one process, and saves what came out.

python worker.py CASE OPTIMIZER FILE [one]
"""

import sys
from typing import Any

import numpy as np

from tinygrad_edu import nn, no_grad
from tinygrad_edu.data import DataLoader
from tinygrad_edu.distributed import DistributedOptimizer, broadcast_parameters, shared
from tinygrad_edu.optim import SGD, Adam

F = np.float64
BATCH, SAMPLES = 8, 53  # the last batch has 5 samples, which 2, 3 and 4 ranks share unevenly


def mlp(seed):
    return nn.Sequential(
        nn.Linear(6, 16, rng=seed, dtype=F),
        nn.Tanh(),
        nn.Dropout(0.3, rng=5),
        nn.Linear(16, 3, rng=seed, dtype=F),
    )


def cnn(seed):
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, rng=seed, dtype=F),
        nn.BatchNorm(4, dtype=F),
        nn.ReLU(),
        nn.SpatialDropout2d(0.2, rng=5),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(16, 3, rng=seed, dtype=F),
    )


class LSTM(nn.Module):
    def __init__(self, seed):
        self.cells = nn.LSTM(3, 8, rng=seed, dtype=F)
        self.out = nn.Linear(8, 3, rng=seed, dtype=F)

    def forward(self, x):
        return self.out(self.cells(x))


class GPT(nn.Module):
    def __init__(self, seed):
        self.embed = nn.Embedding(7, 8, rng=seed, dtype=F)
        self.block = nn.TransformerBlock(8, 2, causal=True, rng=seed, dtype=F)
        self.dropout = nn.Dropout(0.1, rng=5)
        self.out = nn.Linear(8, 7, rng=seed, dtype=F)

    def forward(self, ids):
        return self.out(self.dropout(self.block(self.embed(ids))))


MODELS: Any = {
    "mlp": mlp,
    "ignored": mlp,
    "weighted": mlp,
    "tiny": mlp,
    "cnn": cnn,
    "lstm": LSTM,
    "gpt": GPT,
}
OPTIMIZERS: Any = {
    "sgd": lambda parameters: SGD(parameters, 0.05, momentum=0.9),
    "adam": lambda parameters: Adam(parameters, 0.003),
    "clipped": lambda parameters: SGD(parameters, 0.05, clip_global_norm=0.5, weight_decay=0.01),
    "accumulated": lambda parameters: SGD(parameters, 0.05, accumulate=3),
}


def data(case):
    rng = np.random.default_rng(1)
    if case == "gpt":
        ids = rng.integers(0, 7, (SAMPLES, 6))
        return ids[:, :-1], ids[:, 1:]
    rows = {"cnn": (6, 6, 2), "lstm": (5, 3)}.get(case, (6,))
    n = 10 if case == "tiny" else SAMPLES  # its last batch has 2 samples: fewer than ranks
    x, y = rng.normal(size=(n, *rows)), rng.integers(0, 3, n)
    if case == "ignored":
        y[rng.random(n) < 0.4] = -1
    return (x, y, rng.random(n)) if case == "weighted" else (x, y)


def loss_of(model, case, x, y, weight=None):
    return nn.cross_entropy(
        model(x), y, ignore_index=-1 if case == "ignored" else None, sample_weight=weight
    )


def train(case, optimizer, comm, steps=50):
    first = comm is None or comm.rank == 0
    model = MODELS[case](0 if first else 99)  # the others get the weights of the first
    opt = OPTIMIZERS[optimizer](model.parameters())
    if comm is not None:
        broadcast_parameters(model, comm)
        opt = DistributedOptimizer(opt, comm)
    loader = DataLoader(*data(case), batch_size=BATCH, shuffle=True, seed=3)
    losses: list[float] = []
    while len(losses) < steps:
        for batch in loader:
            opt.zero_grad()
            if comm is None:
                loss = loss_of(model, case, *batch)
                loss.backward()
                mean = float(loss.data)
            else:
                with shared(comm, *batch) as mine:
                    loss = loss_of(model, case, *mine)
                    loss.backward()
                mean = comm.allreduce(float(loss.data)) / comm.size
            opt.step()
            losses.append(mean)
    model.eval()
    with no_grad():
        outputs = model(data(case)[0]).data
    return {"losses": np.array(losses), "outputs": outputs, **model.state_dict()}


if __name__ == "__main__":
    case, optimizer, file = sys.argv[1:4]
    comm = None
    if "one" not in sys.argv[4:]:
        from mpi4py import MPI

        comm = MPI.COMM_WORLD
    found = train(case, optimizer, comm)
    if comm is None or comm.rank == 0:
        np.savez(file, **found)
