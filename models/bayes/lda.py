"""Linear discriminant analysis.

Source: T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition (ESL),
section 4.3.
"""

import numpy as np

from models.bayes.discriminant import DiscriminantAnalysis, principal_axes
from models.foundation import Transformer, choice, integer, learned
from tinygrad_edu.diagnostics.words import refusal


class LinearDiscriminantAnalysis(DiscriminantAnalysis, Transformer):
    """Every class is normal, N(μ_k, Σ), with the same covariance matrix Σ. So the boundaries are planes:

        ln p(x | k) P(k) = x·Σ⁻¹μ_k - μ_k·Σ⁻¹μ_k / 2 + ln P(k) + terms without k     (ESL equation 4.10)

    `transform` projects on the directions v with the largest vᵀBv / vᵀΣv, B the covariance of the class
    means (Fisher's problem, ESL equation 4.16). There are classes - 1 of them, or as many as features.
    All solvers but "lsqr" find V with VᵀΣV = I and VᵀBV diagonal; then Σ⁻¹ = V Vᵀ:

    "svd"     without Σ: the singular vectors of the centered samples give coordinates in which Σ = I, and
              those of the class means there are the directions (ESL section 4.3.2). Directions whose singular
              value is below tol, for columns of variance 1, are left out
    "eigen"   B v = λ Σ v, from the eigenvectors of L⁻¹ B L⁻ᵀ with Σ = L Lᵀ
    "lsqr"    solves Σ c_k = μ_k, and has no `transform`

    With `priors`, Σ of "eigen" and "lsqr" is Σ_k P(k) Σ_k; that of "svd" weighs all samples equally.
    """

    one_class = False

    solver: str = choice("svd", "lsqr", "eigen", doc="how Σ is inverted")
    shrinkage = None
    priors = None
    n_components: int | None = integer(None, at_least=1, doc="columns of transform; None for all")
    store_covariance = False
    tol = 1e-4

    coef_: np.ndarray = learned(
        "Σ⁻¹μ_k: (classes, features); for two classes the difference in 1 row"
    )
    intercept_: np.ndarray = learned("(classes,), or (1,)")
    covariance_: np.ndarray = learned("Σ: (features, features)")
    scalings_: np.ndarray = learned("V, not with 'lsqr': (features, directions)")
    xbar_: np.ndarray = learned("Σ_k P(k) μ_k, with 'svd': (features,)")
    explained_variance_ratio_: np.ndarray = learned("λ / Σ λ, not with 'lsqr': (n_components,)")

    def _fit(self, X, y):
        rows = list(self._rows_of_classes(X, y, self.solver))
        self._require_enough(X)
        center = 0.0
        if self.solver == "svd":
            self.xbar_ = center = self.priors_ @ self.means_
            self._find_directions_by_svd(rows)
        if self.solver != "svd" or self.store_covariance:
            each = zip(self.priors_, rows, strict=True)
            self.covariance_ = sum(p * self._covariance(of_class) for p, of_class in each)
        μ = self.means_ - center
        if self.solver == "eigen":
            self._find_directions_by_eigenvectors(X)
        if self.solver == "lsqr":
            W = np.linalg.lstsq(self.covariance_, μ.T, rcond=None)[0].T
        else:
            W = μ @ self.scalings_ @ self.scalings_.T
        with np.errstate(divide="ignore"):  # ln 0 = -inf is correct
            b = np.log(self.priors_) - (W * μ).sum(axis=1) / 2 - (W * center).sum(axis=1)
        two = len(self.classes_) == 2
        self.coef_, self.intercept_ = (W[1:] - W[:1], b[1:] - b[:1]) if two else (W, b)

    def _find_directions_by_svd(self, rows):
        A = np.concatenate([X - μ for X, μ in zip(rows, self.means_, strict=True)])
        n, K = len(A), len(rows)
        std = A.std(axis=0)
        std[std == 0] = 1
        A /= std * np.sqrt(n)
        size, axes = principal_axes(A)
        wide = size > self.tol
        if not wide.any():
            what = "all rows of each class are equal, or nearly: Σ is 0."
            raise refusal(ValueError, what, "samples that vary within their classes")
        whiten = axes[wide].T / std[:, None] / size[wide]
        distances = np.sqrt(n * self.priors_ / (K - 1))[:, None] * (self.means_ - self.xbar_)
        size, axes = principal_axes(distances @ whiten)
        self.scalings_ = whiten @ axes[size > self.tol * size[0]].T
        self._explain(size**2)

    def _find_directions_by_eigenvectors(self, X):
        Σ = self.covariance_
        B = self._covariance(X) - Σ
        try:
            L = np.linalg.cholesky(Σ)
        except np.linalg.LinAlgError:
            what = "The covariance matrix within the classes is not positive definite."
            raise refusal(
                np.linalg.LinAlgError, what, "shrinkage='auto', or solver='svd'"
            ) from None
        half = np.linalg.solve(L, B)
        λ, U = np.linalg.eigh(np.linalg.solve(L, half.T))
        self.scalings_ = np.linalg.solve(L.T, U)[:, ::-1]
        self._explain(λ[::-1])

    def _explain(self, λ):
        share = λ / λ.sum() if λ.any() else λ
        self.explained_variance_ratio_ = share[: self._width_]

    def _require_enough(self, X):
        """Sets the number of directions that are kept."""
        K, (n, d) = len(self.classes_), X.shape
        if n <= K:
            what = (
                f"The number of samples must be more than the number of classes, got {n} and {K}."
            )
            raise refusal(ValueError, what, "more samples of each class")
        most = min(d, K - 1)
        if self.n_components is not None and self.n_components > most:
            what = "n_components cannot be larger than min(n_features, n_classes - 1). "
            what += f"n_components={self.n_components}, and {n} samples of {K} classes have {d} features."
            raise refusal(ValueError, what, f"n_components={most}")
        self._width_ = most if self.n_components is None else self.n_components

    def _joint(self, X):
        z = X @ self.coef_.T + self.intercept_
        return np.hstack([np.zeros_like(z), z]) if len(self.classes_) == 2 else z

    def _transform(self, X):
        if self.solver == "lsqr":
            what = "transform not implemented for 'lsqr' solver (use 'svd' or 'eigen')."
            raise refusal(
                NotImplementedError, what, "LinearDiscriminantAnalysis(solver='eigen').fit(X, y)"
            )
        centered = X - self.xbar_ if self.solver == "svd" else X
        return (centered @ self.scalings_)[:, : self._width_]
