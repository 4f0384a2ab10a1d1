"""
Learning-rate schedules
=======================

A schedule is a function from the step to the rate.
"""

import matplotlib.pyplot as plt

from tinygrad_edu.optim.schedules import Cosine, Exponential, Warmup

schedules = {
    "Cosine": Cosine(0.1, 100),
    "Warmup, then Cosine": Warmup(Cosine(0.1, 80), 20),
    "Exponential: half after 30": Exponential(0.1, 30, 0.5),
}
for label, schedule in schedules.items():
    plt.plot([schedule(step) for step in range(100)], label=label)
plt.xlabel("step")
plt.ylabel("learning rate")
plt.legend()
plt.show()
