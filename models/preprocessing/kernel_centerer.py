"""Centering of a kernel matrix.

Source: B. Schölkopf, A. Smola, K.-R. Müller, Nonlinear component analysis as a kernel eigenvalue problem
(1998).
"""

import numpy as np

from models.foundation import Transformer, learned
from tinygrad_edu.diagnostics.words import refusal


class KernelCenterer(Transformer):
    """The kernel of centered features, from the kernel alone.

    With φ(x) - φ̄ in place of φ(x), and 1/n the matrix of n × n such numbers (Schölkopf appendix A),

        K̃ = (I - 1/n) K (I - 1/n)
        k̃(x, x_j) = k(x, x_j) - mean_i k(x_i, x_j) - mean_j k(x, x_j) + mean_ij k
    """

    pairwise = True
    does_not_apply = {"test_*": "X is a square matrix; tests/models/preprocessing"}

    K_fit_rows_: np.ndarray = learned("mean_i k(x_i, x_j) of each column: (samples,)")
    K_fit_all_: float = learned("the mean of K")

    def _fit(self, X):
        if X.shape[0] != X.shape[1]:
            what = f"Kernel matrix must be a square matrix. Input is a {X.shape[0]}x{X.shape[1]} matrix."
            raise refusal(ValueError, what, "k(x_i, x_j) of all pairs of rows of the training data")
        self.K_fit_rows_ = X.mean(axis=0)
        self.K_fit_all_ = float(self.K_fit_rows_.mean())

    def _transform(self, K):
        return K - self.K_fit_rows_ - K.mean(axis=1, keepdims=True) + self.K_fit_all_

    @classmethod
    def examples(cls, rng):
        X = rng.normal(size=(60, 4))
        yield cls(), X @ X.T, None
