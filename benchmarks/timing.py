"""Times two programs fairly: in turn, in one process, by their best rounds.

Timings on shared machines vary by tens of percent and jump between two modes, so an absolute number
means little. The tasks run one after the other in many short rounds, and the best round of each
counts. Memory is measured in processes that run one task and nothing else.
"""

import math
import os
import resource
import subprocess
import sys
import time

if os.environ.pop("OPENBLAS_CORETYPE", None):  # must be unset before NumPy is loaded: start again
    print("OPENBLAS_CORETYPE was set (it can halve NumPy's matrix products): unset for this run")
    sys.stdout.flush()
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])


def rounds_of(works, rounds=30, seconds=0.05, budget=120.0, pause=0.0):
    """Seconds per call of each task, run in turn: name -> a list with one number per round.

    works: name -> function without arguments. Each round repeats a fast task until about `seconds`
    have passed; a slow task runs once. At most `budget` seconds in all, but every task at least twice.
    `pause`: seconds of rest before each task, and a call that is not timed. Idle threads of a library
    keep a core busy for up to 30 ms after its last product, which the next task would pay for.
    """
    repeats, taken = {}, {}
    for name, work in works.items():
        work()  # warm-up: imports, caches, compilation
        start = time.perf_counter()
        work()
        repeats[name] = max(1, int(seconds / max(time.perf_counter() - start, 1e-7)))
        taken[name] = []
    end = time.perf_counter() + budget
    for done in range(rounds):
        if done >= 2 and time.perf_counter() > end:
            break
        for name, work in works.items():
            if pause:
                time.sleep(pause)
                work()
            start = time.perf_counter()
            for _ in range(repeats[name]):
                work()
            taken[name].append((time.perf_counter() - start) / repeats[name])
    return taken


def interleave(works, rounds=30, seconds=0.05, budget=120.0):
    """Best seconds per call of each task: see `rounds_of`."""
    return {name: min(taken) for name, taken in rounds_of(works, rounds, seconds, budget).items()}


def report(title, best, ours, limits=None):
    """Prints the best times and ours as a ratio to each peer. limits: peer -> largest allowed ratio."""
    print(f"\n{title}")
    for name, seconds in best.items():
        line = f"  {name:<34} {1e3 * seconds:>10.4f} ms"
        if name != ours:
            line += f"   ours / this = {best[ours] / seconds:5.2f}"
            if limits and name in limits:
                line += f"   (limit {limits[name]})"
        print(line)


def peaks(title, names, *work):
    """Prints the peak memory of processes that take ten steps each: this script with --peak, work, name.

    Call it before a peer is loaded: a process inherits the peak of its parent.
    """
    print(f"\npeak memory of a process that takes ten steps: {title}")
    for name in names:
        asked = [sys.executable, sys.argv[0], "--peak", *work, name]
        done = subprocess.run(asked, capture_output=True, text=True)
        told = done.stdout.strip() or "not installed" if not done.returncode else "failed"
        print(f"  {name:<34} {told:>10}", flush=True)


def tell_peak(build, steps=10):
    """Runs such a process. build() makes the step, or raises ImportError if the peer is not installed."""
    try:
        step = build()
    except ImportError:
        return
    for _ in range(steps):
        step()
    print(math.ceil(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024), "MB")
