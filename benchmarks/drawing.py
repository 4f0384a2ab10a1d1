"""Loading the drawing code adds nothing to a training step.

Two processes train the same network, in turn. One of them has imported `tinygrad_edu.viz` and matplotlib, and
has drawn a graph; the other has not. The best of many rounds counts.

python benchmarks/drawing.py
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import subprocess
import sys
import time

import numpy as np

LIMIT = 1.02
WORKER = """
import sys, time
import numpy as np
from tinygrad_edu import nn, optim

model = nn.Sequential(nn.Linear(64, 64, rng=0), nn.ReLU(), nn.Linear(64, 10, rng=1))
optimizer = optim.Adam(model.parameters())
rng = np.random.default_rng(0)
x, y = rng.normal(size=(32, 64)).astype(np.float32), rng.integers(0, 10, 32)

def step():
    loss = nn.cross_entropy(model(x), y)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()

if sys.argv[1] == "loaded":
    import matplotlib.figure
    from tinygrad_edu import viz
    viz.Graph(nn.cross_entropy(model(x), y)).text()
    viz.learning_curve  # and the rest of the room
for line in sys.stdin:  # each line asks for a round
    start = time.perf_counter()
    for _ in range(int(line)):
        step()
    print(time.perf_counter() - start, flush=True)
"""


def main():
    workers = {
        name: subprocess.Popen(
            [sys.executable, "-c", WORKER, name], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True,
        )
        for name in ("loaded", "not loaded")
    }  # fmt: skip
    steps, rounds, end = 300, [], time.perf_counter() + 60
    best = dict.fromkeys(workers, float("inf"))

    def ask(name):
        worker = workers[name]
        worker.stdin.write(f"{steps}\n")
        worker.stdin.flush()
        return float(worker.stdout.readline()) / steps

    try:
        for name in workers:
            ask(name)  # warm-up
        while time.perf_counter() < end and len(rounds) < 200:
            order = list(workers)[
                :: 1 if len(rounds) % 2 else -1
            ]  # each goes first half of the time
            rounds.append({name: ask(name) for name in order})
            best = {name: min(best[name], rounds[-1][name]) for name in best}
    finally:
        for worker in workers.values():
            worker.stdin.close()
            worker.wait(10)
            worker.stdout.close()
    ratios = [r["loaded"] / r["not loaded"] for r in rounds]
    timing.report("a training step of 64-64-10, batch 32", best, "loaded", {"not loaded": LIMIT})
    print(f"  median ratio of {len(rounds)} pairs of rounds: {np.median(ratios):.3f}")


if __name__ == "__main__":
    main()
