"""
Where the time goes
===================

The time of each operation in a training step, forward and backward.
"""

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import nn, optim, profile

x = np.random.default_rng(0).normal(size=(256, 64)).astype(np.float32)
model = nn.Sequential(nn.Linear(64, 256), nn.Tanh(), nn.Linear(256, 64), seed=0)
optimizer = optim.Adam(model.parameters())
with profile() as p:
    for _ in range(20):
        optimizer.zero_grad()
        nn.mse(model(x), x).backward()
        optimizer.step()
rows = p.rows[:10][::-1]
colors = {"forward": "#3b82c4", "backward": "#e07b39", "": "#97a3b0"}
figure, ax = plt.subplots(figsize=(8, 4), layout="constrained")
ax.barh([row.name for row in rows], [1000 * row.seconds for row in rows],
        color=[colors[row.direction] for row in rows])  # fmt: skip
ax.set(xlabel="milliseconds", title=f"{1000 * p.total:.0f} ms: forward blue, backward orange")
plt.show()
