"""
Which digits are confused
=========================

Correct answers are on the diagonal.
"""

import matplotlib.pyplot as plt

from tinygrad_edu import nn, optim, viz
from tinygrad_edu.data import load_digits, train_test_split
from tinygrad_edu.training import Trainer, confusion_matrix

x, y = load_digits()
x, x_test, y, y_test = train_test_split(x.reshape(-1, 64) / 16, y, seed=0)
model = nn.Sequential(nn.Linear(64, 32), nn.ReLU(), nn.Linear(32, 10), seed=0)
trainer = Trainer(model, nn.cross_entropy, optim.Adam(model.parameters(), lr=0.003))
trainer.fit(x, y, epochs=8, seed=0, progress=False)
viz.confusion(confusion_matrix(y_test, trainer.predict(x_test).argmax(axis=1)))
plt.show()
