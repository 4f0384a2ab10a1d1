"""Data-parallel training: a compute-bound convolutional network on one and on two processes.

    python benchmarks/parallel.py       needs mpi4py and mpiexec: pip install '.[mpi]'

Each process has one BLAS thread, but for the last line, which has two in one process. Times are the best of
rounds; a step is forward, backward, the sum over ranks and Adam. The sum is also timed beside mpi4py's own.
"""

import os
import subprocess
import sys
import time
from pathlib import Path

STEPS, ROUNDS, BATCH = 5, 8, 64


def measure():
    import numpy as np
    from mpi4py import MPI

    from tinygrad_edu import nn
    from tinygrad_edu.distributed import DistributedOptimizer, shared
    from tinygrad_edu.optim import Adam

    comm = MPI.COMM_WORLD
    rng = np.random.default_rng(0)
    x = rng.normal(size=(BATCH, 28, 28, 1)).astype(np.float32)
    y = rng.integers(0, 10, BATCH)
    model = nn.Sequential(
        nn.Conv2d(1, 32, 3, rng=0),
        nn.ReLU(),
        nn.Conv2d(32, 64, 3, rng=0),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(64, 64, 3, rng=0),
        nn.ReLU(),
        nn.Flatten(),
        nn.Linear(6400, 10, rng=0),
    )
    optimizer = Adam(model.parameters())
    if comm.size > 1:
        optimizer = DistributedOptimizer(optimizer, comm)

    def step():
        with shared(comm, x, y) as (mine, labels):
            loss = nn.cross_entropy(model(mine), labels)
            optimizer.zero_grad()
            loss.backward()
        optimizer.step()

    best = timed(step, STEPS, comm)
    numbers = []
    if comm.size > 1:
        big = nn.Sequential(nn.Linear(1000, 1000, rng=0), nn.Linear(1000, 1000, rng=1))
        alone = Adam(big.parameters())
        together = DistributedOptimizer(alone, comm)
        gradients = [np.ones_like(p.data) for p in alone.parameters]
        buffer = np.ones_like(alone.flat_parameters[0].g)

        def step_of(optimizer):
            for p, g in zip(alone.parameters, gradients, strict=True):
                p._grad = g
            optimizer.step()

        works = {
            "alone": lambda: step_of(alone),
            "together": lambda: step_of(together),
            "bare": lambda: comm.Allreduce(MPI.IN_PLACE, buffer),
        }
        found = {
            name: min(timed(work, 5, comm, 4) for _ in range(8)) for name, work in works.items()
        }
        numbers = [found[name] for name in works]
    if comm.rank == 0:
        print(*[1e3 * seconds for seconds in (best, *numbers)])


def timed(work, calls, comm, rounds=ROUNDS):
    work()
    best = float("inf")
    for _ in range(rounds):
        comm.Barrier()
        start = time.perf_counter()
        for _ in range(calls):
            work()
        comm.Barrier()
        best = min(best, (time.perf_counter() - start) / calls)
    return best


def run(script, word, ranks, threads=1):
    """What a script prints that mpiexec starts with a word, on some ranks with so many BLAS threads."""
    environment = os.environ | {"OPENBLAS_NUM_THREADS": str(threads)}
    environment.pop("OPENBLAS_CORETYPE", None)
    mpiexec = Path(sys.executable).with_name("mpiexec")
    command = [str(mpiexec), "-n", str(ranks), sys.executable, script, word]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return done.stdout


if __name__ == "__main__":
    if "measure" in sys.argv:
        measure()
        sys.exit()
    try:
        import mpi4py  # noqa: F401
    except ImportError:
        print("mpi4py is not installed: pip install '.[mpi]'")
        sys.exit()
    # in turns, as the speed of a machine moves
    found = {(1, 1): [], (2, 1): [], (1, 2): []}
    for _ in range(3):
        for ranks, threads in found:
            printed = run(__file__, "measure", ranks, threads)
            found[ranks, threads].append([float(word) for word in printed.split()])
    best = {key: [min(column) for column in zip(*rows, strict=True)] for key, rows in found.items()}
    one, two, threaded = (best[key][0] for key in found)
    print(f"one process, one thread      {one:8.1f} ms a step")
    print(f"two processes, one thread    {two:8.1f} ms a step, {one / two:.2f} times as fast")
    print(
        f"one process, two threads     {threaded:8.1f} ms; two processes take {two / threaded:.2f} of it"
    )
    _, alone, together, bare = best[2, 1]
    print(
        f"Adam on 2 million weights: {alone:.2f} ms alone, {together:.2f} on 2 ranks with the sum of "
        f"gradients; mpi4py's sum alone {bare:.2f}"
    )
