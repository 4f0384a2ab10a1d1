"""Writing 120 characters with a small GPT, with a key-value cache and without: time, and time per token.

python benchmarks/generation.py
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import time

import numpy as np

from peers.ours import GPT
from tinygrad_edu import nn, no_grad
from works import HEADS, LAYERS, SIZE, VOCABULARY

LENGTH, PROMPT, COUNT = 128, 8, 120
LIMITS = {"without a cache": 0.5}
PLACES = [16, 32, 64, 96, 127]


def per_token(model, place, rounds=20):
    """Best seconds for one more token after `place` others: with a cache, and without."""
    ids = np.random.default_rng(0).integers(0, VOCABULARY, (1, place + 1))
    best = [float("inf")] * 2
    for _ in range(rounds):
        cache = nn.KVCache(model)
        cache(ids[:, :-2])
        cache(ids[:, -2:-1])  # compared with the whole sequence, once
        with no_grad():
            for i, write in enumerate((lambda cache=cache: cache(ids[:, -1:]), lambda: model(ids))):
                start = time.perf_counter()
                write()
                best[i] = min(best[i], time.perf_counter() - start)
    return best


def main():
    model = GPT(LENGTH).eval()
    start = np.random.default_rng(0).integers(0, VOCABULARY, (1, PROMPT))

    def write(cache):
        return lambda: nn.generate(model, start, COUNT, cache=cache, rng=0)

    works = {"tinygrad_edu": write(True), "without a cache": write(False)}
    best = timing.interleave(works, rounds=8, budget=30.0)
    title = f"{COUNT} characters by a GPT of {LAYERS} layers, size {SIZE}, {HEADS} heads, float32"
    timing.report(title, best, "tinygrad_edu", LIMITS)
    print("\none more token, milliseconds")
    print(f"  {'after':>6} {'cache':>8} {'without':>8}")
    for place in PLACES:
        print(
            f"  {place:>6} {{:>8.3f}} {{:>8.3f}}".format(
                *(1e3 * s for s in per_token(model, place))
            )
        )


if __name__ == "__main__":
    main()
