"""Computation graphs as text, DOT, SVG and page: the time for each, and the size of the page.

python benchmarks/graphs.py        (drawing.py measures what loading this code costs a training step)
"""

import timing  # noqa: F401  (first: it may have to restart Python before NumPy is loaded)

import time

import numpy as np

from tinygrad_edu import Tensor, nn, ops, viz


def expression():
    x, w, b = (
        Tensor(v, requires_grad=True, name=n) for v, n in ((2.0, "x"), (-3.0, "w"), (7.0, "b"))
    )
    y = np.tanh(x * w + b)
    return y * x + y


def perceptron():
    model = nn.Sequential(nn.Linear(64, 64, rng=0), nn.ReLU(), nn.Linear(64, 10, rng=1))
    rng = np.random.default_rng(0)
    return nn.cross_entropy(
        model(Tensor(rng.normal(size=(32, 64)), name="x")), rng.integers(0, 10, 32)
    )


def recurrent(steps=180, size=32):
    """An LSTM, unrolled by hand: one operation for each operator of its formulas."""
    rng = np.random.default_rng(0)
    W = {k: nn.Parameter(rng.normal(size=(2 * size, size)) / size, name=f"W{k}") for k in "fioc"}
    b = {k: nn.Parameter(np.zeros(size), name=f"b{k}") for k in "fioc"}
    h = c = np.zeros((8, size))
    for x in rng.normal(size=(steps, 8, size)):
        z = np.concatenate([Tensor(x, name="x"), h], axis=1)
        f, i, o = (ops.sigmoid(z @ W[k] + b[k]) for k in "fio")
        c = f * c + i * np.tanh(z @ W["c"] + b["c"])
        h = o * np.tanh(c)
    return (h * h).mean()


class Transformer(nn.Module):
    def __init__(self, blocks=12, size=128):
        self.embed = nn.Embedding(65, size, rng=0)
        self.blocks = [nn.TransformerBlock(size, 4, causal=True, rng=i) for i in range(blocks)]
        self.norm, self.head = nn.LayerNorm(size), nn.Linear(size, 65, rng=1)

    def forward(self, ids):
        h = self.embed(ids)
        for block in self.blocks:
            h = block(h)
        return self.head(self.norm(h))


def transformer():
    ids = np.random.default_rng(1).integers(0, 65, (4, 64))
    return nn.cross_entropy(Transformer()(ids), np.roll(ids, -1, 1))


def main():
    print(
        f"\n{'graph':<14}{'nodes':>7}{'text':>9}{'DOT':>9}{'SVG':>9}{'page':>9}{'bytes of the page':>20}"
    )
    for make in (expression, perceptron, recurrent, transformer):
        loss = make()
        seconds = {}
        for name, show in (
            ("text", viz.Graph.text),
            ("DOT", lambda graph: graph.dot),
            ("SVG", viz.Graph.svg),
            ("page", viz.Graph.html),
        ):
            start = time.perf_counter()
            graph = viz.Graph(loss)  # a new graph for each: the whole time that a user waits
            shown = show(graph)
            seconds[name] = time.perf_counter() - start
        times = "".join(f"{s:>7.2f} s" for s in seconds.values())
        limit = 30_000 if make is expression else 1_500_000
        size = len(shown.encode())
        print(f"{make.__name__:<14}{len(graph.nodes):>7,}{times}{size:>12,} ≤ {limit:,}")
        assert size <= limit
        slow = [name for name, s in seconds.items() if s > 3]
        print(f"    over 3 s: {', '.join(slow)}" if slow else "    each within 3 s")


if __name__ == "__main__":
    main()
