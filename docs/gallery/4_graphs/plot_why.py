"""
A gradient as a sum over paths
==============================

``viz.why`` writes the chain rule out. The bars are the contributions of the paths.
"""

import matplotlib.pyplot as plt
import numpy as np

from tinygrad_edu import Tensor, viz

x = Tensor(1.5, requires_grad=True, name="x")
why = viz.why(x * np.sin(x) + x**2, x)
print(why)
bars = [path.contribution for path in why.paths]
plt.barh([f"path {i + 1}" for i in range(len(bars))], bars)
plt.title("contributions to dL/dx")
plt.show()
