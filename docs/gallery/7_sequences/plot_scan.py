"""
A recurrence, and its gradient
==============================

``scan`` runs a population model; the gradient tells how its end depends on the growth rate.
"""

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import grad, scan, vmap


def population(rate):
    return scan(lambda p, _: p + rate * p * (1 - p), 0.05, length=40)


for rate in (0.1, 0.2, 0.4):
    plt.plot(population(rate), label=f"rate {rate}")
rates = np.linspace(0.05, 0.5, 50)
slopes = vmap(grad(lambda rate: population(rate)[19]))(rates)
plt.twinx().plot(80 * rates, slopes, "k--")
plt.title("population by time; dashed: d population[20] / d rate")
plt.gcf().axes[0].legend()
plt.show()
