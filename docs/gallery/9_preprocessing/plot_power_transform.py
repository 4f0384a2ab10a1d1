"""
From skewed to normal
=====================

A power transform by maximum likelihood.
"""

import matplotlib.pyplot as plt
import numpy as np

from models import PowerTransformer

x = np.random.default_rng(0).exponential(size=(1000, 1))
figure, (left, right) = plt.subplots(1, 2, figsize=(9, 3.5))
left.hist(x, 40)
left.set_title("as measured")
right.hist(PowerTransformer().fit_transform(x), 40)
right.set_title("transformed")
plt.show()
