"""Features φ(x) whose inner products are nearly a kernel, so that linear models can do what the kernel does.

Sources: C. Williams, M. Seeger, Using the Nyström method to speed up kernel machines (2001);
A. Rahimi, B. Recht, Random features for large-scale kernel machines (2007).
"""

from typing import Any

import numpy as np

from models.foundation import (
    Transformer,
    choice,
    function,
    integer,
    learned,
    mapping,
    nonnegative,
    number,
    seed,
)
from models.foundation.kernel_functions import KERNELS, KernelMethod, rate
from models.foundation.randomness import generator
from tinygrad_edu.diagnostics.words import refusal


class Nystroem(KernelMethod, Transformer):
    """φ(x) = K^(-1/2) k(x), with k(x) the kernel between x and m random rows, and K that between those rows.

    Then φ(x)·φ(y) = k(x)ᵀ K⁻¹ k(y), which is k(x, y) itself if x or y is one of the m rows, and for others
    the best that can be done in their span. Singular values of K below 1e-12 count as 1e-12. With fewer
    than n_components samples all of them are taken, and the kernel is exact.

    Which rows are drawn depends on random_state, but not as in scikit-learn: the generators differ.
    """

    overcomplete = True
    twin = ""
    does_not_apply = {
        "test_more_groups_or_neighbors_than_samples": "all rows are taken if there are fewer"
    }

    kernel: Any = choice("rbf", *(k for k in KERNELS if k != "rbf"), "precomputed") | function(
        doc="k; or a function of two rows and **kernel_params that returns a number"
    )
    gamma: float | None = nonnegative(None, doc="γ of the kernel; None for its default")
    coef0: float | None = number(None, doc="c of the kernel; None for its default")
    degree: float | None = nonnegative(None, doc="degree of the polynomial; None for its default")
    kernel_params: Any = mapping(None, doc="arguments of a kernel that is a function")
    n_components: int = integer(100, at_least=1, doc="m; all rows if there are fewer")
    random_state: Any = seed()
    n_jobs: int | None = integer(None, doc="no effect: NumPy's matrix products use all cores")

    components_: np.ndarray = learned("the m rows: (m, features)")
    component_indices_: np.ndarray = learned("their places in the training data: (m,)")
    normalization_: np.ndarray = learned("K^(-1/2): (m, m)")

    @classmethod
    def examples(cls, rng):
        X = rng.normal(size=(60, 4))
        yield cls(n_components=20, random_state=0), X, np.arange(60) % 3

    def _fit(self, X):
        settings = (self.gamma, self.coef0, self.degree)
        if (callable(self.kernel) or self.pairwise) and settings != (None, None, None):
            what = (
                "Don't pass gamma, coef0 or degree to Nystroem if using a callable or precomputed "
                "kernel."
            )
            raise refusal(ValueError, what, "kernel_params={...}, for a kernel that is a function")
        m = min(self.n_components, len(X))
        self.component_indices_ = generator(self.random_state).permutation(len(X))[:m]
        self.components_ = X[self.component_indices_]
        U, d, Vt = np.linalg.svd(self._to_components(self.components_))
        self.normalization_ = U / np.sqrt(np.maximum(d, 1e-12)) @ Vt

    def _transform(self, X):
        return self._to_components(X) @ self.normalization_.T

    def _to_components(self, X):
        """k(x) of each row."""
        if self.pairwise:
            return X[:, self.component_indices_]
        return self._kernel(X, self.components_)


class RBFSampler(Transformer):
    """φ(x) = √(2 / m) cos(Wᵀ x + b),  w ~ Normal(0, 2γ I),  b ~ Uniform(0, 2π):  m random waves.

    The mean of φ(x)·φ(y) over the draws is exp(-γ ‖x - y‖²): a kernel of x - y is the Fourier transform of a
    distribution of frequencies w (Bochner's theorem). The error falls like 1 / √m.

    The draws depend on random_state, but not as in scikit-learn: the generators differ.
    """

    overcomplete = True
    twin = ""
    does_not_apply = {
        "test_more_groups_or_neighbors_than_samples": "the number of waves has no bound"
    }

    gamma: Any = nonnegative(1.0) | choice(
        "scale", doc="γ; 'scale' is 1 / (features × variance of X)"
    )
    n_components: int = integer(100, at_least=1, doc="m")
    random_state: Any = seed()

    random_weights_: np.ndarray = learned("W: (features, m)")
    random_offset_: np.ndarray = learned("b: (m,)")

    def _fit(self, X):
        rng = generator(self.random_state)
        shape = (X.shape[1], self.n_components)
        self.random_weights_ = np.sqrt(2 * rate(self.gamma, X)) * rng.normal(size=shape)
        self.random_offset_ = rng.uniform(0, 2 * np.pi, size=self.n_components)

    def _transform(self, X):
        waves = X @ self.random_weights_ + self.random_offset_
        return np.sqrt(2 / self.n_components) * np.cos(waves)
