"""
Why initialization matters
==========================

The spread of the activations by layer, for three sizes of the first weights. Too small, and the
signal vanishes.
"""

import matplotlib.pyplot as plt
import numpy as np

x = np.random.default_rng(0).normal(size=(200, 100))
for scale, label in ((0.5, "half"), (1.0, "Glorot"), (2.0, "twice")):
    rng, h, spread = np.random.default_rng(1), x, []
    for _ in range(12):
        W = rng.normal(size=(100, 100)) * scale / np.sqrt(100)
        h = np.tanh(h @ W)
        spread.append(h.std())
    plt.semilogy(range(1, 13), spread, "o-", label=label)
plt.xlabel("layer")
plt.ylabel("standard deviation of the activations")
plt.legend()
plt.show()
