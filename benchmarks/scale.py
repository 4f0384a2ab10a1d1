"""How far does data-parallel training scale? A model of its cost, fitted to runs on this machine.

    python benchmarks/scale.py measure     runs 1, 2 and 4 ranks, and writes results/scale.json and the page
    python benchmarks/scale.py             writes the page docs/explanation/scale.md from that file

The model has four constants (Hockney 1994; Thakur, Rabenseifner and Gropp 2005):

    o       seconds of a step that do not shrink with the batch: Python, and the calls of NumPy
    c       seconds of arithmetic for a sample, on one rank
    α       seconds that a message takes, however short: latency
    β       seconds for each byte of a message: the inverse of the bandwidth

With p ranks in a ring, the gradients, n bytes, are cut into p parts. In p - 1 rounds each rank adds a part
that its neighbor sends, and in p - 1 more the sums travel around:

    T(p) = o + c B / p + 2 (p - 1) (α + β n / p)

for a batch of B samples. `closed_form` is this formula. `simulate` replays the messages round by round; there
the ranks may also differ in their speed, and each waits for the slowest.
"""

import json
import os
import sys
from pathlib import Path

import numpy as np
from parallel import run, timed

RESULTS = Path(__file__).parent / "results" / "scale.json"
PAGE = Path(__file__).parents[1] / "docs" / "explanation" / "scale.md"
FIRST, LAST = "<!-- scale: written by `python benchmarks/scale.py measure` -->\n", "<!-- /scale -->"
SIZES = [2**k for k in range(10, 25, 2)]  # bytes of a message
BATCHES = (32, 64, 128, 256)
RANKS = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1000)


def closed_form(p, samples, o, c, n, alpha, beta):
    """Seconds of a step that p ranks share; n bytes of gradients."""
    return o + c * samples / p + 2 * (p - 1) * (alpha + beta * n / p)


def simulate(p, samples, o, c, n, alpha, beta, *, jitter=0.0, steps=1, rng=0):
    """Mean seconds of a step, from a replay of every message of every rank.

    jitter   standard deviation of the time of the arithmetic, as a fraction of it: the speeds of the ranks
             differ, and change from step to step
    """
    rng = np.random.default_rng(rng)
    now = np.zeros(p)  # when each rank has done what it has to do
    for _ in range(steps):
        factor = 1 + jitter * np.abs(rng.normal(size=p))
        now = now + factor * (o + c * samples / p)
        for _ in range(2 * (p - 1)):
            # a message leaves when its sender is ready; who has got it and is ready goes on
            now = np.maximum(now, np.roll(now, 1)) + alpha + beta * n / p
    return now.max() / steps


def most_useful_ranks(*given, efficiency=0.5):
    """The most ranks of which each does at least this fraction of what one alone does."""
    useful = 1
    for p in range(1, given[0] + 1):
        speedup = closed_form(1, *given) / closed_form(p, *given)
        useful = p if speedup / p >= efficiency else useful
    return useful


# ------------------------------------------------------------------------------------ measuring


def fit(sizes, seconds, p=2):
    """(α, β) by least squares on relative errors, from times of sums over p ranks."""
    rows = 2 * (p - 1) * np.stack([np.ones(len(sizes)), np.array(sizes) / p], axis=1)
    scale = 1 / np.asarray(seconds)
    (alpha, beta), *_ = np.linalg.lstsq(rows * scale[:, None], np.ones(len(sizes)), rcond=None)
    return float(max(alpha, 0)), float(beta)


def measure_here():
    """One rank's part: the times of a step of each network, and of sums of all sizes."""
    from mpi4py import MPI

    from tinygrad_edu import nn
    from tinygrad_edu.distributed import DistributedOptimizer, shared
    from tinygrad_edu.optim import SGD

    comm = MPI.COMM_WORLD
    rng = np.random.default_rng(0)
    networks = {
        "MLP 64-64-10": (
            nn.Sequential(nn.Linear(64, 64, rng=0), nn.ReLU(), nn.Linear(64, 10, rng=0)),
            rng.normal(size=(256, 64)).astype(np.float32),
        ),
        "MLP 784-256-128-10": (
            nn.Sequential(
                nn.Linear(784, 256, rng=0),
                nn.ReLU(),
                nn.Linear(256, 128, rng=0),
                nn.ReLU(),
                nn.Linear(128, 10, rng=0),
            ),
            rng.normal(size=(256, 784)).astype(np.float32),
        ),
        "CNN, 64 channels": (
            nn.Sequential(
                nn.Conv2d(1, 32, 3, rng=0),
                nn.ReLU(),
                nn.Conv2d(32, 64, 3, rng=0),
                nn.ReLU(),
                nn.GlobalAvgPool2d(),
                nn.Linear(64, 10, rng=0),
            ),
            rng.normal(size=(256, 28, 28, 1)).astype(np.float32),
        ),
    }
    found = {}
    for name, (model, x) in networks.items():
        y = rng.integers(0, 10, len(x))
        optimizer = DistributedOptimizer(SGD(model.parameters(), 1e-3), comm)

        def step(x=x, y=y, model=model, optimizer=optimizer):
            with shared(comm, x, y) as (mine, labels):
                loss = nn.cross_entropy(model(mine), labels)
                optimizer.zero_grad()
                loss.backward()
            optimizer.step()

        weights = sum(p.size for p in model.parameters())
        times = {
            n: best(lambda n=n, step=step, x=x, y=y: step(x[:n], y[:n]), comm) for n in BATCHES
        }
        found[name] = {"seconds": times, "bytes": 4 * weights}
    sums = []
    for size in SIZES:
        buffer = np.ones(size // 4, np.float32)
        sums.append(best(lambda buffer=buffer: comm.Allreduce(MPI.IN_PLACE, buffer), comm))
    if comm.rank == 0:
        print(json.dumps({"networks": found, "sums": sums}))


def best(work, comm):
    return comm.allreduce(timed(work, 1, comm, rounds=15)) / comm.size


def measure():
    runs = {str(ranks): json.loads(run(__file__, "rank", ranks)) for ranks in (1, 2, 4)}
    alpha, beta = fit(SIZES, runs["2"]["sums"])
    networks = {}
    for name, told in runs["1"]["networks"].items():
        seconds = [told["seconds"][str(n)] for n in BATCHES]
        rows = np.stack([np.ones(len(BATCHES)), BATCHES], axis=1) / np.array(seconds)[:, None]
        (o, c), *_ = np.linalg.lstsq(rows, np.ones(len(BATCHES)), rcond=None)
        networks[name] = {"o": max(float(o), 0.0), "c": float(c), "bytes": told["bytes"]}
    cores = len(os.sched_getaffinity(0))
    constants = {"alpha": alpha, "beta": beta, "cores": cores, "networks": networks, "runs": runs}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(constants, indent=1) + "\n")


def given_of(constants, told):
    return (
        BATCHES[-1],
        told["o"],
        told["c"],
        told["bytes"],
        constants["alpha"],
        constants["beta"],
    )


def table(constants):
    """Lines of a table for the documentation: the speed-up of each network for each number of ranks."""
    lines = [
        "| network | " + " | ".join(f"{p:,}" for p in RANKS) + " |",
        "| :-- |" + " --: |" * len(RANKS),
    ]
    for name, told in constants["networks"].items():
        given = given_of(constants, told)
        speedups = [closed_form(1, *given) / closed_form(p, *given) for p in RANKS]
        lines.append(
            f"| {name} | "
            + " | ".join(f"{s:.2g}" if s < 10 else f"{s:.0f}" for s in speedups)
            + " |"
        )
    return lines


def measured(constants):
    """Lines of the table of measured runs beside the model: milliseconds of a step."""
    lines = ["| network | 1 rank | 2 ranks | model | 4 ranks | model |", "| :-- |" + " --: |" * 5]
    for name, told in constants["networks"].items():
        given = given_of(constants, told)
        seconds = {
            p: constants["runs"][str(p)]["networks"][name]["seconds"][str(BATCHES[-1])]
            for p in (1, 2, 4)
        }
        # four ranks on two processors compute in turns, so that each takes twice as long
        turns = max(1.0, 4 / constants["cores"])
        slow = (given[0], given[1] * turns, given[2] * turns, *given[3:])
        cells = [seconds[1], seconds[2], simulate(2, *given), seconds[4], simulate(4, *slow)]
        lines.append(f"| {name} | " + " | ".join(f"{1e3 * s:.2f}" for s in cells) + " |")
    return lines


def words(constants):
    """What stands between the marks of the page."""
    lines = [
        f"α = {1e6 * constants['alpha']:.1f} µs, 1 / β = {1e-9 / constants['beta']:.1f} GB/s.",
        "",
    ]
    lines += [
        *measured(constants),
        "",
        "Times as fast as one process, by the formula:",
        "",
        *table(constants),
        "",
    ]
    for name, told in constants["networks"].items():
        given = given_of(constants, told)
        slower = simulate(64, *given, jitter=0.2, steps=20) / closed_form(64, *given)
        lines.append(
            f"- {name}: of up to {most_useful_ranks(*given)} processes, each does at least half as much as "
            f"one alone. With jitter of 20 %, a step on 64 takes {slower:.2f} times as long."
        )
    return "\n".join(lines) + "\n"


def written(text, constants):
    """The page, with the words between its marks."""
    before, rest = text.split(FIRST)
    return before + FIRST + words(constants) + LAST + rest.split(LAST)[1]


if __name__ == "__main__":
    if "rank" in sys.argv:
        measure_here()
        sys.exit()
    if "measure" in sys.argv:
        measure()
    found = json.loads(RESULTS.read_text())
    print(words(found))
    PAGE.write_text(written(PAGE.read_text(), found))
