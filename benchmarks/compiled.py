"""What a replay of `compile` costs beside the NumPy calls in it, for each of them.

python benchmarks/compiled.py        (compare.py has the steps of networks, eager and compiled)
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import numpy as np

from tinygrad_edu import compile


def chain(calls=200):
    """So many calls of np.negative on 10 numbers, as a replay and as lines by hand."""
    x, y = np.ones((2, 10), np.float32)

    def negatives(x):
        for _ in range(calls):
            x = np.negative(x)
        return x

    lines = "\n".join(["    negative(x, y)"] * calls)
    found = {"negative": np.negative, "x": x, "y": y}
    exec(f"def by_hand():\n{lines}", found)
    compiled = compile(negatives)
    return {"compiled": lambda: compiled(x), "NumPy by hand": found["by_hand"]}


if __name__ == "__main__":
    best = timing.interleave(chain(), seconds=0.02)
    extra = (best["compiled"] - best["NumPy by hand"]) / 200
    print(f"a replay costs {1e6 * extra:.3f} µs beside each NumPy call")
