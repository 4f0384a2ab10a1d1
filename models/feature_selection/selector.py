"""What all selections of features have in common."""

from typing import Any, ClassVar

import numpy as np

from models.foundation import Transformer, warn


class Selector(Transformer):
    """Keeps some of the columns. A subclass writes `_mask`, which: (features,)."""

    _mask: ClassVar[Any]

    def get_support(self, indices: bool = False) -> np.ndarray:
        """Which columns are kept: a mask, (features,), or with indices=True their numbers."""
        self._require_fit()
        mask = self._mask()
        return np.flatnonzero(mask) if indices else mask

    def _transform(self, X):
        mask = self.get_support()
        if not mask.any():
            text = (
                "No features were selected: either the data is too noisy or the selection test too "
                "strict."
            )
            warn(UserWarning, text)
        return X[:, mask]

    def _inverse_transform(self, Z):
        mask = self.get_support()
        X = np.zeros((len(Z), len(mask)))
        X[:, mask] = Z
        return X

    def _names_out(self, names):
        return names[self.get_support()]
