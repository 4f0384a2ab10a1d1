"""
A curve, and a network that follows it
======================================

The more hidden units, the closer a network can bend.
"""

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import nn, optim
from tinygrad_edu.training import Trainer

rng = np.random.default_rng(0)
x = np.sort(rng.uniform(-3, 3, (120, 1)), axis=0).astype(np.float32)
y = np.sin(2 * x) + 0.1 * rng.normal(size=x.shape)
plt.plot(x, y, "k.", label="data")
for units in (2, 6, 40):
    model = nn.Sequential(nn.Linear(1, units), nn.Tanh(), nn.Linear(units, 1), seed=1)
    trainer = Trainer(model, nn.mse, optim.Adam(model.parameters(), lr=0.03))
    trainer.fit(x, y, epochs=150, seed=0, progress=False)
    plt.plot(x, trainer.predict(x), label=f"{units} hidden units")
plt.legend()
plt.show()
