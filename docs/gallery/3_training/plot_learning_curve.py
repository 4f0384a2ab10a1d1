"""
A learning curve
================

The loss of the training data, and that of data that the network does not learn from.
"""

import matplotlib.pyplot as plt

from tinygrad_edu import nn, optim
from tinygrad_edu.data import load_digits
from tinygrad_edu.training import Trainer

x, y = load_digits()
x = x.reshape(-1, 64) / 16
model = nn.Sequential(nn.Linear(64, 64), nn.ReLU(), nn.Linear(64, 10), seed=0)
trainer = Trainer(model, nn.cross_entropy, optim.Adam(model.parameters(), lr=0.003))
trainer.fit(x, y, epochs=15, seed=0, validation_split=0.2, progress=False).plot()
plt.show()
