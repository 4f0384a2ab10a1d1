"""
A roll, unrolled
================

Isomap measures distances along the roll.
"""

import matplotlib.pyplot as plt

from models import Isomap
from models.datasets import make_swiss_roll

X, position = make_swiss_roll(400, random_state=0)
points = Isomap(n_neighbors=10).fit_transform(X)
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
left.scatter(X[:, 0], X[:, 2], c=position, s=8)
left.set_title("the roll, from the side")
right.scatter(*points.T, c=position, s=8)
right.set_title("Isomap")
plt.show()
