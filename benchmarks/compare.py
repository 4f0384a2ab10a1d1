"""The comparison with other libraries: each work of `works.py` for each library that is installed.

    python benchmarks/compare.py            writes results/latest.json, and what page.py makes of it
    python benchmarks/compare.py --quick    for a try: fewer libraries, rounds and sizes
    python benchmarks/compare.py --out PATH --only tanh-10 mlp-small

A library whose first steps give other numbers than ours is left out, with the reason: a timing of different
work is no comparison. The libraries do a work in turn, in one process; best and median are kept. The peak
memory is that of a process with one library and one work. No network is used.
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import argparse
import ctypes
import datetime
import functools
import gc
import importlib.metadata
import importlib.util
import json
import os
import platform
import re
import statistics
import subprocess
import sys
import time
import warnings
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

import cold_jobs
import peers
import works

RESULTS = Path(__file__).parent / "results" / "latest.json"
# The curves of the small libraries would lie over each other; torch.compile starts anew for each size.
IN_CURVES = ("eager", "compiled", "hand", "torch", "keras", "jax")
say = functools.partial(print, flush=True)


def machine():
    """What the numbers depend on beside the programs."""
    try:
        told = Path("/proc/cpuinfo").read_text()
    except OSError:
        told = ""
    model = re.search(r"^model name\s*: (.*)$", told, re.MULTILINE)
    blas = np.show_config(mode="dicts")["Build Dependencies"]["blas"]
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        cores = os.cpu_count()
    return {
        "processor": model[1] if model else platform.processor() or platform.machine(),
        "avx512": " avx512f" in told,
        "cores": cores,
        "blas": f"{blas['name']} {blas['version']}",
        "blas_threads": blas_threads(),
        "coretype": os.environ.get("OPENBLAS_CORETYPE", "unset"),
        "load": round(os.getloadavg()[0], 2),
        "system": platform.system(),
        "python": platform.python_version(),
    }


def blas_threads():
    """How many threads the OpenBLAS that NumPy has loaded uses, or "unknown"."""
    try:
        loaded = Path("/proc/self/maps").read_text()
        for path in sorted(set(re.findall(r"\S*openblas\S*\.so\S*", loaded))):
            library = ctypes.CDLL(path)
            for name in ("scipy_openblas_get_num_threads64_", "openblas_get_num_threads"):
                if hasattr(library, name):
                    return getattr(library, name)()
    except OSError:
        pass
    return "unknown"


def versions():
    names = ["numpy", *[package for peer in peers.PEERS.values() for package in peer.packages]]
    found = {}
    for name in dict.fromkeys(names):
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def reason(error):
    """Why a peer has no number, in one line."""
    words = " ".join(str(error).split())[:200]
    if isinstance(error, (peers.NotWritten, RuntimeError)):
        return words
    return f"{type(error).__name__}: {words}"


def absent(name):
    """Is a package of this peer not installed? Asked without an import."""
    return any(importlib.util.find_spec(package) is None for package in peers.PEERS[name].packages)


def ready(work, names):
    """name -> step of the peers whose first steps agree with ours, and name -> why there is none."""
    steps, out, expected = {}, {}, None
    for name in names:
        if absent(name):
            out[name] = "not installed"
            continue
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # of other libraries, about their own future
                step = peers.build(name, work)
                found = peers.results(step, work)
        except Exception as error:  # whatever a library raises is the reason
            if name == "eager":
                raise
            out[name] = reason(error)
            continue
        if expected is None:
            expected = found
        if differs(found, expected, work.tolerance):
            out[name] = f"different numbers: {shown(found)} instead of {shown(expected)}"
        else:
            steps[name] = step
    return steps, out


def differs(found, expected, tolerance):
    return len(found) != len(expected) or not np.allclose(found, expected, rtol=tolerance)


def shown(numbers):
    return ", ".join(f"{n:.6g}" for n in numbers[-3:])


def compared(work, names, rounds, budget):
    """Seconds of a work for each peer: best, median and rounds; and who is left out."""
    steps, out = ready(work, names)
    gc.collect()
    taken = timing.rounds_of(steps, rounds, seconds=0.02, budget=budget, pause=0.04)
    seconds = {
        name: {"best": min(of), "median": statistics.median(of), "rounds": len(of)}
        for name, of in taken.items()
    }
    return {"seconds": seconds, "out": out}


def peaks(names, keys):
    """work -> peer -> peak MiB. A process for each peer loads its library, then forks for each work."""

    def asked(name):
        command = [sys.executable, __file__, "--peaks", name, *keys]
        return subprocess.run(command, capture_output=True, text=True).stdout

    found = {key: {} for key in keys}
    with ThreadPoolExecutor(2) as pool:  # memory is not time: two at once
        for name, told in zip(names, pool.map(asked, names), strict=True):
            for line in told.splitlines():
                key, _, peak = line.rpartition(" ")
                if key in found:
                    found[key][name] = float(peak)
    return found


def tell_peaks(name, keys, steps=3):
    """Prints the peak of each work. The library is loaded once, and a forked process runs one work in it."""
    peers.load(name)
    for key in keys:
        child = os.fork()
        if child:
            os.waitpid(child, 0)
            continue
        try:
            work = works.WORKS[key]
            step = peers.build(name, work)
            for _ in range(steps):
                step()
            status = Path("/proc/self/status").read_text()
            say(key, int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024)
        finally:
            os._exit(0)


def cold(names, rounds, of_slow):
    """The cold job of each peer: seconds, peak and accuracy. Slow ones, above a second, run fewer rounds."""
    job = {"seconds": {}, "peak": {}, "accuracy": {}, "out": {}}
    taken = {}
    with cold_jobs.Split() as split:
        for i in range(rounds):
            for name in names:
                slow = name in taken and min(taken[name]) > 1
                if name in job["out"] or (slow and i >= of_slow):
                    continue
                if name not in cold_jobs.JOBS:
                    job["out"][name] = "not written for this library"
                    continue
                if absent(name):
                    job["out"][name] = "not installed"
                    continue
                try:
                    seconds, peak, accuracy = split.run(name)
                except RuntimeError as error:
                    job["out"][name] = reason(error)
                    continue
                taken.setdefault(name, []).append(seconds)
                job["peak"][name] = max(peak, job["peak"].get(name, 0))
                job["accuracy"][name] = accuracy
    for name, of in taken.items():
        if abs(job["accuracy"][name] - job["accuracy"]["eager"]) > 0.03:
            job["out"][name] = f"another accuracy: {job['accuracy'][name]:.3f}"
            continue
        of = {"best": min(of), "median": statistics.median(of), "rounds": len(of)}
        job["seconds"][name] = of
    return job


def curve(key, quick):
    title, axis, sizes, work_of = works.CURVES[key]
    sizes = sizes[:2] if quick else sizes
    best = {name: [] for name in IN_CURVES}
    for size in sizes:
        found = compared(work_of(size), IN_CURVES, rounds=8, budget=0.5 if quick else 1.5)
        for name in IN_CURVES:
            seconds = found["seconds"].get(name)
            best[name].append(seconds["best"] if seconds else None)
    best = {name: of for name, of in best.items() if any(of)}
    return {"title": title, "axis": axis, "sizes": list(sizes), "best": best}


def told(title, seconds, out):
    say(f"\n{title}")
    for name, of in seconds.items():
        say(
            f"  {peers.PEERS[name].title:<24}{1e3 * of['best']:>12.4f} ms, "
            f"median {1e3 * of['median']:.4f} of {of['rounds']}"
        )
    for name, why in out.items():
        say(f"  {peers.PEERS[name].title:<24}{why}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--quick", action="store_true", help="a minute, for a try")
    parser.add_argument("--only", nargs="+", choices=list(works.WORKS), help="these works alone")
    parser.add_argument("--out", type=Path, default=RESULTS, help="the file of the results")
    parser.add_argument("--peaks", nargs="+", help=argparse.SUPPRESS)
    wishes = parser.parse_args()
    if wishes.peaks:
        return tell_peaks(wishes.peaks[0], wishes.peaks[1:])
    start = time.perf_counter()
    names = list(IN_CURVES if wishes.quick else peers.PEERS)
    keys = wishes.only or list(works.WORKS)
    run = {
        "date": datetime.date.today().isoformat(),
        "quick": wishes.quick,
        "peers": names,
        "machine": machine(),
        "versions": versions(),
    }
    job = None
    if not wishes.only:  # first, while this process is small and nothing else runs
        job = cold(names, 3, 1) if wishes.quick else cold(names, 7, 2)
        told(works.JOB, job["seconds"], job["out"])
    weighed = [key for key in keys if not wishes.quick or key == "mlp-large"]
    found = peaks([name for name in names if not absent(name)], weighed)
    say(f"\npeak memory measured: {time.perf_counter() - start:.0f} s")
    run["works"] = {}
    for key in keys:
        rounds, budget = (2, 1.0) if wishes.quick else (60, 5.0)
        result = compared(works.WORKS[key], names, rounds, budget)
        told(works.WORKS[key].title, result["seconds"], result["out"])
        run["works"][key] = {**result, "peak": found.get(key, {})}
    if job:
        run["works"]["job"] = job
        run["curves"] = {key: curve(key, wishes.quick) for key in works.CURVES}
    run["took"] = round(time.perf_counter() - start)
    wishes.out.parent.mkdir(exist_ok=True)
    wishes.out.write_text(json.dumps(run, indent=1) + "\n", encoding="utf-8")
    say(f"\n{wishes.out} after {run['took']} s")
    if wishes.out == RESULTS and job:
        import page

        page.write(run)


if __name__ == "__main__":
    main()
