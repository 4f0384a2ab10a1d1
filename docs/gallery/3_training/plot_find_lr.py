"""
A range test of the learning rate
=================================

The rate grows at every step. It is too large where the loss rises again.
"""

import matplotlib.pyplot as plt

from tinygrad_edu import nn, optim, viz
from tinygrad_edu.data import load_digits
from tinygrad_edu.training import Trainer

x, y = load_digits()
x = x.reshape(-1, 64) / 16
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10), seed=0)
trainer = Trainer(model, nn.cross_entropy, optim.SGD(model.parameters()))
found = optim.find_lr(lambda: trainer.train_step(x[:256], y[:256])[0], model, trainer.optimizer)
viz.lr_curve(found)
plt.show()
