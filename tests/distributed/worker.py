"""Trains a network, shared by the ranks of MPI or in one process, and saves what came out.

python worker.py CASE OPTIMIZER FILE [one]
"""

import sys

import numpy as np

from tinygrad_edu import nn, no_grad
from tinygrad_edu.data import DataLoader
from tinygrad_edu.distributed import DistributedOptimizer, broadcast_parameters, shared
from tinygrad_edu.optim import SGD, Adam

F = np.float64


def mlp(seed):
    return nn.Sequential(
        nn.Linear(6, 16, rng=seed, dtype=F), nn.Tanh(), nn.Dropout(0.3, rng=seed), nn.Linear(16, 3, rng=seed, dtype=F)
    )  # fmt: skip


def cnn(seed):
    return nn.Sequential(
        nn.Conv2d(2, 4, 3, rng=seed, dtype=F), nn.BatchNorm(4, dtype=F), nn.ReLU(), nn.SpatialDropout2d(0.2, rng=seed),
        nn.MaxPool2d(2), nn.Flatten(), nn.Linear(16, 3, rng=seed, dtype=F),
    )  # fmt: skip


class Last(nn.Module):
    def __init__(self, seed):
        self.cells, self.out = nn.LSTM(3, 8, rng=seed, dtype=F), nn.Linear(8, 3, rng=seed, dtype=F)

    def forward(self, x):
        return self.out(self.cells(x))


class GPT(nn.Module):
    def __init__(self, seed):
        self.embed = nn.Embedding(7, 8, rng=seed, dtype=F)
        self.block = nn.TransformerBlock(8, 2, causal=True, dropout=0.1, rng=seed, dtype=F)
        self.out = nn.Linear(8, 7, rng=seed, dtype=F)

    def forward(self, ids):
        return self.out(self.block(self.embed(ids)))


def data(case):
    rng = np.random.default_rng(1)
    n = 53  # the last batch of 8 has 5 samples: fewer than some numbers of ranks divide
    shape = {"mlp": (n, 6), "ignore": (n, 6), "weights": (n, 6), "cnn": (n, 6, 6, 2), "lstm": (n, 5, 3)}
    if case == "gpt":
        ids = rng.integers(0, 7, (n, 6))
        return ids[:, :-1], ids[:, 1:]
    x, y = rng.normal(size=shape[case]), rng.integers(0, 3, n)
    if case == "ignore":
        y[rng.random(n) < 0.4] = -1
    return x, y, *([rng.random(n)] if case == "weights" else [])


def train(case, optimizer, comm, steps=50, size=8):
    models = {"mlp": mlp, "ignore": mlp, "weights": mlp, "cnn": cnn, "lstm": Last, "gpt": GPT}
    model = models[case](0 if comm is None or comm.rank == 0 else 99)
    make = {
        "sgd": lambda p: SGD(p, 0.05, momentum=0.9),
        "clipped": lambda p: SGD(p, 0.05, momentum=0.9, clip_global_norm=0.5, weight_decay=0.01),
        "accumulated": lambda p: SGD(p, 0.05, accumulate=3),
        "adam": lambda p: Adam(p, 0.003),
    }[optimizer]
    opt = make(model.parameters())
    if comm is not None:
        broadcast_parameters(model, comm)
        opt = DistributedOptimizer(opt, comm)
        for layer in dict(model.named_modules()).values():
            if isinstance(layer, nn.Dropout):
                layer.rng = np.random.default_rng(5)
    else:
        for layer in dict(model.named_modules()).values():
            if isinstance(layer, nn.Dropout):
                layer.rng = np.random.default_rng(5)
    loader, losses, done = DataLoader(*data(case), batch_size=size, shuffle=True, seed=3), [], 0

    def loss_of(x, y, weight=()):
        about = {"ignore_index": -1} if case == "ignore" else {}
        about |= {"sample_weight": weight} if len(weight) else {}
        return nn.cross_entropy(model(x), y, **about)

    while done < steps:
        for batch in loader:
            if comm is None:
                loss = loss_of(*batch)
            else:
                with shared(comm, *batch) as mine:
                    loss = loss_of(*mine)
                    opt.zero_grad()
                    loss.backward()
            if comm is None:
                opt.zero_grad()
                loss.backward()
            opt.step()
            mean = float(loss) if comm is None else comm.allreduce(float(loss.data)) / comm.size
            losses.append(mean)
            done += 1
            if done == steps:
                break
    model.eval()
    with no_grad():
        y = model(data(case)[0]).data
    return {"losses": np.array(losses), "y": y, **model.state_dict()}


if __name__ == "__main__":
    case, optimizer, file = sys.argv[1:4]
    comm = None
    if "one" not in sys.argv[4:]:
        from mpi4py import MPI

        comm = MPI.COMM_WORLD
    found = train(case, optimizer, comm)
    if comm is None or comm.rank == 0:
        np.savez(file, **found)
