"""An epoch of the CNN of `tinygrad-edu train` on 62 drawn characters, beside `keras.Model.fit`.

python benchmarks/programs.py            (peer: pip install keras tensorflow)

Both use the same weights, images, order, batches of 64 and learning rates; AdamW, dropout 0.3, float32. An
epoch is one call of `fit` on 1,920 images, in turn in one process. Also: the peak memory of each.
"""

import timing  # first: it may have to restart Python before NumPy is loaded

import os
import subprocess
import sys

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")

import numpy as np

from tinygrad_edu.data import draw_characters
from tinygrad_edu.programs.dataset import standardized
from tinygrad_edu.programs.networks import network, optimizer
from tinygrad_edu.programs.settings import Settings
from tinygrad_edu.programs.compare_worker import SIDES, peak_memory

LIMITS = {"keras": 1.3}
IMAGES = 1920


def sides(x, y):
    settings = Settings()
    x = standardized(x, float(x.mean()), float(x.std()))
    batches = IMAGES // settings.batch_size

    def side(name):
        model = network(settings, x.shape[1:], 62)
        made = SIDES[name](model, optimizer(model, settings, batches), x.shape[1:], 100 * batches)
        return lambda: made.fit(x, y, settings.batch_size)

    return side


def main():
    data = draw_characters(31, seed=0)
    x, y = data.x[:IMAGES, ..., None], data.y[:IMAGES]
    side = sides(x, y)
    works = {}
    for name in SIDES:
        try:
            works[name] = side(name)
        except ImportError:
            print(f"{name}: not installed, left out")
    best = timing.interleave(works, rounds=30, seconds=0.05, budget=60.0)
    timing.report(f"an epoch of {IMAGES:,} images of 28 x 28", best, "ours", LIMITS)
    print("\npeak memory of a process that trains for three epochs")
    for name in works:
        command = [sys.executable, __file__, "--peak", name]
        done = subprocess.run(command, input=x.tobytes() + y.tobytes(), capture_output=True)
        print(f"  {name:<34} {done.stdout.decode().split()[-1]:>10} MB")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peak"]:
        kept = sys.stdin.buffer.read()
        pixels = np.frombuffer(kept, np.uint8, IMAGES * 28 * 28).reshape(IMAGES, 28, 28, 1)
        work = sides(pixels, np.frombuffer(kept, np.int64, offset=pixels.size))(sys.argv[2])
        for _ in range(3):
            work()
        print((peak_memory() or 0) // 10**6)
    else:
        main()
