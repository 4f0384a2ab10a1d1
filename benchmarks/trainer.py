"""The Trainer beside the same loop written by hand: 64-64-10 on the digits, batch 32, Adam, float32.
Also: the cost of loading batches, and of saving checkpoints.

The speed of a shared machine changes during a run of 100 epochs, so five epochs are timed, many
times. Costs that occur once per run count twenty times as much in them.

python benchmarks/trainer.py
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import tempfile

import numpy as np

from tinygrad_edu import nn, optim
from tinygrad_edu.data import DataLoader, load_digits
from tinygrad_edu.training import Checkpoint, CSVLog, EarlyStopping, Trainer, accuracy

LIMITS = {"the loop by hand": 1.05}
EPOCHS = 5


def data():
    x, y = load_digits()
    return x.reshape(-1, 64) / 16, y


def network():
    model = nn.Sequential(nn.Linear(64, 64, rng=0), nn.ReLU(), nn.Linear(64, 10, rng=1))
    return model, optim.Adam(model.parameters())


def by_hand(x, y):
    model, optimizer = network()
    loader = DataLoader(x, y, batch_size=32, shuffle=True, seed=0)
    losses = []
    for _ in range(EPOCHS):
        total = 0.0
        for xb, yb in loader:
            loss = nn.cross_entropy(model(xb), yb)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.item() * len(yb)
        losses.append(total / len(x))
    return losses


def by_trainer(x, y, *callbacks, metrics=(), **settings):
    model, optimizer = network()
    trainer = Trainer(model, nn.cross_entropy, optimizer, metrics=metrics)
    history = trainer.fit(
        x, y, epochs=EPOCHS, seed=0, callbacks=callbacks, progress=False, **settings
    )
    return history["loss"]


def with_everything(x, y):
    with tempfile.TemporaryDirectory() as folder:
        by_trainer(
            x, y, Checkpoint(f"{folder}/run"), CSVLog(f"{folder}/log.csv"),
            EarlyStopping("loss", patience=EPOCHS), metrics=[accuracy],
        )  # fmt: skip


def main():
    x, y = data()
    assert by_hand(x, y) == by_trainer(x, y)  # the same work, to the last bit
    works = {
        "Trainer.fit": lambda: by_trainer(x, y),
        "the loop by hand": lambda: by_hand(x, y),
        "Trainer.fit, with accuracy": lambda: by_trainer(x, y, metrics=[accuracy]),
        "with accuracy, logs, checkpoints": lambda: with_everything(x, y),
    }
    best = timing.interleave(works, rounds=100, budget=70)
    timing.report(f"{EPOCHS} epochs of the digits", best, "Trainer.fit", LIMITS)

    rng = np.random.default_rng(0)

    def by_rows():
        order = rng.permutation(len(x))
        for i in range(0, len(x), 32):
            x[order[i : i + 32]], y[order[i : i + 32]]

    loader = DataLoader(x, y, batch_size=32, shuffle=True, seed=0)
    best = timing.interleave({"DataLoader": lambda: list(loader), "x[order[i:j]] by hand": by_rows})
    timing.report("a shuffled epoch of the digits, loading alone", best, "DataLoader")


if __name__ == "__main__":
    main()
