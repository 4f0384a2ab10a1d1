"""
Positions of a sequence as waves
================================

The sinusoidal positions of the first transformer: each column has its own wavelength.
"""

import matplotlib.pyplot as plt

from tinygrad_edu import nn

plt.imshow(nn.sinusoidal_positions(60, 32), cmap="RdBu", aspect="auto")
plt.xlabel("feature")
plt.ylabel("position")
plt.colorbar()
plt.show()
