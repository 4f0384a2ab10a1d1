"""
What the hidden units look for
==============================

The weights of the first layer of a network that reads digits, as pictures.
"""

import matplotlib.pyplot as plt

from tinygrad_edu import nn, optim, viz
from tinygrad_edu.data import load_digits
from tinygrad_edu.training import Trainer

x, y = load_digits()
x = x.reshape(-1, 64) / 16
model = nn.Sequential(nn.Linear(64, 24), nn.Tanh(), nn.Linear(24, 10), seed=0)
trainer = Trainer(model, nn.cross_entropy, optim.AdamW(model.parameters(), lr=0.01, weight_decay=1))
trainer.fit(x, y, epochs=10, seed=0, progress=False)
viz.filters(model[0].W, shape=(8, 8))
plt.show()
