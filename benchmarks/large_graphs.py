"""Large arrays and large graphs: the speed compared with NumPy, and whether time stays linear.

python benchmarks/large_graphs.py        (peer: pip install torch)
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import gc
import time
import tracemalloc

import numpy as np

from tinygrad_edu import Tensor

SIZE = 1_000_000


def chain_of_ours(x):
    x = Tensor(x, requires_grad=True)

    def work():
        x.grad = None
        y = np.tanh(x * 0.5 + 1.0)
        (y * y - x).sum().backward()

    return work


def chain_of_torch(x):
    import torch

    x = torch.tensor(x, requires_grad=True)

    def work():
        x.grad = None
        y = torch.tanh(x * 0.5 + 1.0)
        (y * y - x).sum().backward()

    return work


def chain_by_hand(x):
    y, t, g = np.empty_like(x), np.empty_like(x), np.empty_like(x)

    def work():
        np.multiply(x, 0.5, out=y)
        np.add(y, 1.0, out=y)
        np.tanh(y, out=y)
        np.multiply(y, y, out=t)
        np.subtract(t, x, out=g)
        g.sum()
        np.subtract(1.0, t, out=t)  # d tanh
        np.multiply(y, 2.0, out=g)
        np.multiply(g, t, out=g)
        np.multiply(g, 0.5, out=g)
        np.subtract(g, 1.0, out=g)

    return work


def elementwise():
    x = np.random.default_rng(0).normal(size=SIZE).astype(np.float32)
    works = {"tinygrad_edu": chain_of_ours(x), "NumPy by hand, buffers kept": chain_by_hand(x)}
    try:
        works["PyTorch eager"] = chain_of_torch(x)
    except ImportError:
        print("PyTorch: not installed, left out")
    best = timing.interleave(works, rounds=20, seconds=0.05)
    limits = {"NumPy by hand, buffers kept": 2.0, "PyTorch eager": 1.0}
    timing.report(
        "y = tanh(x / 2 + 1); sum(y² - x), 1,000,000 float32", best, "tinygrad_edu", limits
    )


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
    elementwise()
    products_and_sums()
    long_chain()
