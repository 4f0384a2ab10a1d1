"""Neighborhood components analysis: the linear map after which neighbors vote best.

Source: J. Goldberger, S. Roweis, G. Hinton, R. Salakhutdinov, Neighbourhood components analysis (2005).
"""

from typing import Any

import numpy as np

from models.embeddings.embedding import given_start, principal_components
from models.foundation import Transformer, array, choice, integer, learned, targets
from models.foundation.loss_model import LossModel
from models.foundation.randomness import generator
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import softmax

BLOCK = 64  # rows that are worked on at a time, each with all others


class NeighborhoodComponentsAnalysis(LossModel, Transformer):
    """z = A x, with which a random neighbor is most often of the same class.

        p_ij = e^(-‖z_i - z_j‖²) / Σ_k≠i e^(-‖z_i - z_k‖²),  p_ii = 0      (equation 1)
        L(A) = -(1/n) Σ_i Σ_(j of the class of i) p_ij                       (equation 3)

    p_i is the probability that row i is classified rightly by one neighbor, chosen among the others. A learns
    a metric by the gradient, which the engine derives; scikit-learn's objective is -n L.
    """

    does_not_apply = {
        "test_its_twin_gives_the_same_answers": "its optimum may be infinite; tests/models/embeddings"
    }

    n_components: int | None = integer(None, at_least=1, doc="rows of A; None for all features")
    init: Any = choice(
        "auto", "pca", "lda", "identity", "random",
        doc="the first A; 'auto': 'lda' if n_components < classes, 'pca' if < features, or 'identity'",
    ) | array()  # fmt: skip
    max_iter = 50
    tol = 1e-5
    callback: None = choice(
        None, doc="not supported: trace_ has loss and gradient of each iteration"
    )

    components_: np.ndarray = learned("A: (n_components, features)")

    def loss(self, X, y, weight, components):
        Z = X @ components.T
        size = (Z * Z).sum(axis=1)
        squared = size[:, None] + size - 2 * (Z @ Z.T)
        P = softmax(np.where(np.eye(len(X)) > 0, -np.inf, -squared))
        return -(weight @ (P * (y[:, None] == y)).sum(axis=1)) / weight.sum()

    def _value_and_grad(self, objective, packing, X, y, weight):
        """By blocks of rows i, so that no matrix of all pairs is needed.

        With v_ij = ∂L / ∂‖z_i - z_j‖² = s_i p_ij ([y_i = y_j] - p_i) / Σ s, where s are the weights and p_i
        is the probability above, ∂L/∂z_i = 2 Σ_j (v_ij + v_ji) (z_i - z_j).
        """

        if type(self).loss is not NeighborhoodComponentsAnalysis.loss:  # a loss of one's own
            return super()._value_and_grad(objective, packing, X, y, weight)

        def of_blocks(vector):
            Z = X @ packing.unpack(vector)["components"].T
            size, shares = (Z * Z).sum(axis=1), weight / weight.sum()
            loss, dZ = 0.0, np.zeros_like(Z)
            for i in range(0, len(X), BLOCK):
                rows = np.arange(i, min(i + BLOCK, len(X)))
                near = Z[rows] @ (2 * Z.T)
                near -= size
                near -= size[rows, None]
                near[rows - i, rows] = -np.inf
                P = softmax(near)
                same = y[rows, None] == y
                right = (P * same).sum(axis=1)
                loss -= shares[rows] @ right
                V = P * (same - right[:, None])
                V *= shares[rows, None]
                dZ[rows] += V.sum(axis=1)[:, None] * Z[rows] - V @ Z
                dZ += V.sum(axis=0)[:, None] * Z - V.T @ Z[rows]
            return loss, 2 * (dZ.T @ X).ravel()

        return of_blocks

    def _fit(self, X, y):  # type: ignore[override]
        if len(X) == 1:
            raise refusal(ValueError, f"{type(self).__name__} got 1 sample.", "two samples or more")
        X = np.ascontiguousarray(X - X.mean(axis=0))  # distances stay, and keep more digits
        super()._fit(X, y, np.ones(len(X)))

    def start(self, X, y, weight):
        features, name = X.shape[1], type(self).__name__
        k = features if self.n_components is None else self.n_components
        if not isinstance(self.init, str):
            rows = len(self.init) if self.n_components is None else k
            return {"components": given_start(self.init, rows, features, name)}
        if k > features:
            what = f"{name}: n_components={k} is more than the {features} features of {len(X)} samples."
            raise refusal(ValueError, what, f"{name}(n_components={features})")
        init = self.init
        if init == "auto":
            narrow = "pca" if k < min(X.shape) else "identity"
            init = "lda" if k < len(np.unique(y)) else narrow
        if init == "identity":
            A = np.eye(k, features)
        elif init == "random":
            A = generator(self.random_state).standard_normal((k, features))
        elif init == "pca":
            Z = principal_components(X, k, name)
            A = np.linalg.lstsq(X - X.mean(axis=0), Z, rcond=None)[0].T
        else:
            A = discriminants(X, y)[:k]
            A = np.vstack([A, np.zeros((k - len(A), features))])
        return {"components": A}

    @classmethod
    def examples(cls, rng):
        for estimator, X, y in super().examples(rng):
            yield estimator.set_params(tol=1e-3), X, y

    def _read_targets(self, y, samples):
        return targets.classes_of(targets.labels(y, samples, self), self)[1]

    def _transform(self, X):
        return X @ self.components_.T


def discriminants(X: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The directions in which the classes differ most, in units of the spread within them: a row each.

    Fisher's linear discriminants: first the rows within their classes are made white, then come the principal
    components of the means (Hastie, Tibshirani, Friedman, ESL, section 4.3.3).
    """
    classes, counts = np.unique(y, return_counts=True)
    means = np.stack([X[y == k].mean(axis=0) for k in classes])
    within = X - means[np.searchsorted(classes, y)]
    spread = within.std(axis=0)
    spread[spread == 0] = 1
    n = len(X)
    _, size, V = np.linalg.svd(within / spread / np.sqrt(n), full_matrices=False)
    kept = size > 1e-4
    white = (V[kept] / spread).T / size[kept]
    means = np.sqrt(counts / max(len(classes) - 1, 1))[:, None] * (means - X.mean(axis=0))
    _, size, V = np.linalg.svd(means @ white, full_matrices=False)
    return (white @ V[size > 1e-4 * size.max(initial=0)].T).T
