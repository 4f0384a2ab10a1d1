"""
How data are split
==================

The test rows of five kinds of cross-validation.
"""

import matplotlib.pyplot as plt
import numpy as np
from models.model_selection import GroupKFold, KFold, ShuffleSplit, StratifiedKFold, TimeSeriesSplit

X, y, groups = np.zeros((40, 1)), np.repeat([0, 1], [28, 12]), np.repeat(range(8), 5)
kinds = [
    KFold(4),
    StratifiedKFold(4),
    GroupKFold(4),
    ShuffleSplit(4, random_state=0),
    TimeSeriesSplit(4),
]
for k, splitter in enumerate(kinds):
    by_group = groups if isinstance(splitter, GroupKFold) else None
    for fold, (train, test) in enumerate(splitter.split(X, y, by_group)):
        row = 5 * k + fold
        plt.scatter(train, [row] * len(train), c="lightgray", s=9)
        plt.scatter(test, [row] * len(test), c="C1", s=9)
plt.yticks([5 * k + 1.5 for k in range(5)], [type(s).__name__ for s in kinds])
plt.xlabel("row (orange: test)")
plt.gca().invert_yaxis()
plt.tight_layout()
plt.show()
