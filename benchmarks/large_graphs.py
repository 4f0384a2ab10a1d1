"""Large arrays and large graphs: the speed compared with NumPy, and whether time stays linear.

python benchmarks/large_graphs.py
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import gc
import time
import tracemalloc

import numpy as np

from tinygrad_edu import Tensor


def products_and_sums():
    """One operation of realistic size, forward and backward, beside the same lines of NumPy."""
    rng = np.random.default_rng(0)
    x, w = rng.normal(size=(2, 512, 512))
    b = rng.normal(size=(16, 128, 128))
    g, gb = np.ones((512, 512)), np.ones((16, 128, 128))
    tx, tw, tb = (Tensor(v, requires_grad=True) for v in (x, w, b))

    def ours(f, seed):
        def work():
            tx.grad = tw.grad = tb.grad = None
            f().backward(seed)

        return work

    cases = {
        "x @ w, 512 × 512": (
            ours(lambda: tx @ tw, g),
            lambda: (x @ w, g @ w.T, x.T @ g),
        ),
        "mean over the rows of 512 × 512": (
            ours(lambda: tx.mean(axis=1), np.ones(512)),
            lambda: (x.mean(axis=1), np.broadcast_to(np.ones((512, 1)) / 512, x.shape).copy()),
        ),
        'einsum "bij,bjk->bik", (16, 128, 128)': (
            ours(lambda: np.einsum("bij,bjk->bik", tb, b, optimize=True), gb),
            lambda: (
                np.einsum("bij,bjk->bik", b, b, optimize=True),
                np.einsum("bik,bjk->bij", gb, b, optimize=True),
            ),
        ),
    }
    for name, (work, by_hand) in cases.items():
        best = timing.interleave({"tinygrad_edu": work, "NumPy by hand": by_hand}, seconds=0.03)
        timing.report(name, best, "tinygrad_edu", {"NumPy by hand": 1.1})


def build_and_walk(nodes):
    x = Tensor([1.0], requires_grad=True)
    y = x
    start = time.perf_counter()
    for _ in range(nodes):
        y = y * 1.0
    y.sum().backward()
    return time.perf_counter() - start


def long_chain():
    best = {n: min(build_and_walk(n) for _ in range(3)) for n in (500_000, 1_000_000)}
    ratio = best[1_000_000] / best[500_000]
    print(f"\na chain of 1,000,000 operations, forward and backward: {best[1_000_000]:.2f} s")
    print(f"  twice the nodes take {ratio:.2f} times as long (limit 2.3)")

    gc.collect()
    tracemalloc.start()
    x = Tensor([1.0], requires_grad=True)
    y = x
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(100_000):
        y = y * 1.0
    held = (tracemalloc.get_traced_memory()[0] - before) / 100_000
    tracemalloc.stop()
    array = np.zeros(1).__sizeof__()
    print(f"  a node holds {held - array:.0f} bytes beyond its array (limit 600)")


if __name__ == "__main__":
    products_and_sums()
    long_chain()
