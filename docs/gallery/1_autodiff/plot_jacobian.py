"""
The Jacobian of a softmax
=========================

Each row tells how one probability changes with every logit. All rows sum to 0.
"""

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import jacobian, ops

logits = np.array([2.0, 1.0, 0.0, -1.0, 0.5])
J = jacobian(ops.softmax)(logits)
plt.imshow(J, cmap="RdBu", vmin=-0.25, vmax=0.25)
for i, j in np.ndindex(J.shape):
    plt.text(j, i, f"{J[i, j]:.2f}", ha="center", va="center")
plt.xlabel("logit")
plt.ylabel("probability")
plt.colorbar()
plt.show()
