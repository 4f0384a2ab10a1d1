"""Epochs of a small CNN on a busy machine: beside four processes that do nothing but spin.

python benchmarks/busy_machine.py        (peer: pip install torch)

1,024 digits of 8 x 8, conv 3x3 of 16, ReLU, pool, conv 3x3 of 32, ReLU, pool, dense to 10; batch 32, Adam.
The threads of NumPy's BLAS are decided when it is loaded, so each way is a process of its own; the ways take
turns. On an idle machine they should not differ much. On a busy one, the median of the rounds counts.
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import os
import statistics
import subprocess
import sys
import time

SPINNING, ROUNDS, EPOCHS = 4, 2, 3
# Ends by itself if this process is killed.
SPIN = "import os, sys\nwhile os.getppid() == int(sys.argv[1]): pass"
LIMITS = {"one BLAS thread": 1.2, "PyTorch": 0.5}
OURS = "Trainer.fit"
WAYS = OURS, "one BLAS thread", "a loop by hand", "PyTorch"


def digits():
    import numpy as np

    from tinygrad_edu.data import load_digits

    x, y = load_digits()
    return (x.reshape(-1, 8, 8, 1)[:1024] / 16).astype(np.float32), y[:1024]


def network():
    from tinygrad_edu import nn, optim

    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding="same", rng=0), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding="same", rng=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(2 * 2 * 32, 10, rng=2),
    )  # fmt: skip
    return model, optim.Adam(model.parameters())


def trainer_epoch():
    from tinygrad_edu import nn
    from tinygrad_edu.training import Trainer

    x, y = digits()
    model, optimizer = network()
    trainer = Trainer(model, nn.cross_entropy, optimizer)
    return lambda: trainer.fit(x, y, progress=False, seed=0)


def hand_epoch():
    from tinygrad_edu import nn

    x, y = digits()
    model, optimizer = network()

    def epoch():
        for i in range(0, len(x), 32):
            loss = nn.cross_entropy(model(x[i : i + 32]), y[i : i + 32])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return epoch


def pytorch_epoch():
    import numpy as np
    import torch
    from torch import nn

    x, y = digits()
    x, y = torch.tensor(np.moveaxis(x, -1, 1).copy()), torch.tensor(y)
    model = nn.Sequential(
        nn.Conv2d(1, 16, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Conv2d(16, 32, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2),
        nn.Flatten(), nn.Linear(2 * 2 * 32, 10),
    )  # fmt: skip
    optimizer, loss_of = torch.optim.Adam(model.parameters()), nn.CrossEntropyLoss()

    def epoch():
        for i in range(0, len(x), 32):
            loss = loss_of(model(x[i : i + 32]), y[i : i + 32])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return epoch


def worker(way):
    """Prints the seconds of some epochs, after one that warms up."""
    epoch = {"PyTorch": pytorch_epoch, "a loop by hand": hand_epoch}.get(way, trainer_epoch)()
    epoch()
    for _ in range(EPOCHS):
        start = time.perf_counter()
        epoch()
        print(time.perf_counter() - start)


def seconds(way):
    """The seconds of each epoch, measured in a new process; empty if the library is not installed."""
    environment = {k: v for k, v in os.environ.items() if not k.endswith("_NUM_THREADS")}
    if way == "one BLAS thread":
        environment["OPENBLAS_NUM_THREADS"] = "1"
    command = [sys.executable, __file__, "--worker", way]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode and "No module named 'torch'" in done.stderr:
        return []
    done.check_returncode()
    return [float(line) for line in done.stdout.split()]


def measure(title):
    times = {way: [] for way in WAYS}
    for _ in range(ROUNDS):
        for way in WAYS:
            times[way] += seconds(way)
    median = {way: statistics.median(t) for way, t in times.items() if t}
    timing.report(title, median, OURS, LIMITS if "busy" in title else None)


def main():
    measure("An epoch on this machine as it is, median")
    spinning = []
    try:
        for _ in range(SPINNING):
            spinning.append(subprocess.Popen([sys.executable, "-c", SPIN, str(os.getpid())]))
        measure(f"An epoch on a busy machine, beside {SPINNING} spinning processes, median")
    finally:
        for process in spinning:
            process.kill()
            process.wait()


if __name__ == "__main__":
    if sys.argv[1:2] == ["--worker"]:
        worker(sys.argv[2])
    else:
        main()
