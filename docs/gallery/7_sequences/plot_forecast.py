"""
A recurrent network continues a wave
====================================

A GRU predicts the next number, and then goes on from its own predictions.
"""

import matplotlib.pyplot as plt
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from tinygrad_edu import nn, optim
from tinygrad_edu.training import Trainer

t = np.arange(260)
series = (np.sin(t / 5) * np.sin(t / 21)).astype(np.float32)
x, y = sliding_window_view(series[:200], 20)[:-1, :, None], series[20:200, None]
model = nn.Sequential(nn.GRU(1, 24, rng=0), nn.Linear(24, 1, rng=1))
trainer = Trainer(model, nn.mse, optim.Adam(model.parameters(), lr=0.01))
trainer.fit(x, y, epochs=60, seed=0, progress=False)
values = list(series[180:200])
for _ in range(40):
    values.append(trainer.predict(np.array(values[-20:], np.float32)[None, :, None])[0, 0])
plt.plot(t[120:240], series[120:240], "k", label="series")
plt.plot(t[200:240], values[20:], "C1", label="forecast")
plt.legend()
plt.show()
