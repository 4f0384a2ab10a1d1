"""Truncated singular value decomposition.

Source: G. Golub, C. Van Loan, Matrix Computations, 4th edition (2013), sections 2.4 and 8.6; S. Deerwester et
al., Indexing by latent semantic analysis (1990), for its use on counts of words.
"""

from typing import Any

import numpy as np

from models.components.moments import mean_and_products
from models.components.randomized import largest_singular
from models.foundation import Transformer, choice, integer, learned, nonnegative, seed
from models.foundation.eigenpairs import largest_of_all
from models.foundation.randomness import generator
from models.foundation.signs import signs
from tinygrad_edu.diagnostics.words import refusal

SMALL = 1e-5  # s_k / s_1 from which XᵀX has lost half of the digits of s_k
EXACT = 500  # columns up to which XᵀX is cheaper than iterations


class TruncatedSVD(Transformer):
    """z = V x: coordinates along the k right singular vectors of X with the largest singular values.

        X ≈ U diag(s) V,   the best approximation of X by a matrix of rank k          (Eckart and Young 1936)

    It is PCA of data that are not centered, so that sparse X stays sparse; of counts of words it is latent
    semantic analysis. V are eigenvectors of XᵀX where X has few columns, and those of small values come from
    X itself, so that no digits are lost. Only for many columns "randomized" approximates.
    """

    accepts_sparse = True
    checked_with = {"n_components": 1}  # as in scikit-learn's tests
    twin_settings = {"algorithm": "arpack"}

    n_components: int = integer(2, at_least=1, doc="k")
    algorithm: str = choice(
        "randomized", "arpack", doc=f"for more than {EXACT} columns; 'arpack' is computed exactly"
    )
    n_iter: int = integer(5, at_least=0, doc="iterations of 'randomized'")
    n_oversamples: int = integer(10, at_least=1, doc="additional directions of 'randomized'")
    power_iteration_normalizer: str = choice(
        "auto", "QR", "LU", "none", doc="no effect: always 'QR', which spans the same directions"
    )
    random_state: Any = seed()
    tol: float = nonnegative(0.0, doc="no effect: 'arpack' is computed exactly")

    components_: np.ndarray = learned("V: (components, features)")
    explained_variance_: np.ndarray = learned("variances of the columns of z: (components,)")
    explained_variance_ratio_: np.ndarray = learned("the same as shares of that of X")
    singular_values_: np.ndarray = learned("s: (components,)")

    def _fit(self, X):
        (n, d), k = X.shape, self.n_components
        if k > min(n, d):
            what = f"n_components({k}) must be <= n_features({d}) and n_samples({n}): n_components={k}."
            raise refusal(ValueError, what, f"TruncatedSVD({min(n, d)})")
        few = min(n, d) <= EXACT or self.algorithm == "arpack"
        with np.errstate(over="ignore", invalid="ignore"):
            mean, G = _mean_and_products(X) if few and d <= n else (np.full(n, 1 / n) @ X, None)
            square = _mean_squares(X) if G is None else np.diagonal(G) / n
        if not np.isfinite(square.sum()):
            what = "the squares of the numbers in X leave the range of numbers."
            raise refusal(ValueError, what, "X / np.abs(X).max()")
        if G is not None:
            s, V = of_gram(G, k)
            if not s[-1] > SMALL * s[0]:
                R = np.linalg.qr(_dense(X), mode="r")
                s, V = (part[:k] for part in np.linalg.svd(R)[1:])
        elif few:
            s, V = (part[:k] for part in np.linalg.svd(_dense(X), full_matrices=False)[1:])
        else:
            rng = generator(self.random_state)
            s, V = largest_singular(X, k, rng, self.n_oversamples, self.n_iter)
        self.components_ = V * signs(V)[:, None]
        self.singular_values_ = s
        means = self.components_ @ mean
        self.explained_variance_ = s * s / n - means * means
        variances = square - mean * mean
        if (variances < 1e-3 * square).any():  # the differences have lost digits
            self.explained_variance_ = (X @ self.components_.T).var(axis=0)
            variances = _dense(X).var(axis=0)
        total = variances.sum()
        self.explained_variance_ratio_ = self.explained_variance_ / (total if total > 0 else 1)

    def _transform(self, X):
        return X @ self.components_.T

    def _inverse_transform(self, Z):
        return Z @ self.components_


def of_gram(G, k):
    """The k largest singular values, falling, and right singular vectors of X, from G = XᵀX."""
    λ, V = largest_of_all(G, k)
    return np.sqrt(np.maximum(λ, 0)), V.T


def _mean_and_products(X):
    """The mean of X and XᵀX."""
    if isinstance(X, np.ndarray):
        return mean_and_products(X)
    return np.full(X.shape[0], 1 / X.shape[0]) @ X, (X.T @ X).toarray()


def _mean_squares(X):
    """The mean of x² of each column."""
    if hasattr(X, "multiply"):
        return np.asarray(X.multiply(X).mean(axis=0)).ravel()
    return np.einsum("ij,ij->j", X, X) / len(X)


def _dense(X):
    return X.toarray() if hasattr(X, "toarray") else X
