"""Principal components of data that come in batches.

Source: D. Ross, J. Lim, R. Lin, M. Yang, Incremental learning for robust visual tracking (2008), section 3.1;
A. Levy, M. Lindenbaum, Sequential Karhunen-Loeve basis extraction (2000).
"""

import numpy as np

from models.components.pca import Components
from models.foundation import boolean, integer, learned
from models.foundation.incremental import Incremental
from models.foundation.signs import signs
from tinygrad_edu.diagnostics.words import refusal


class IncrementalPCA(Incremental, Components):
    """PCA a batch of rows at a time, with memory for one batch.

    What the rows before have left, diag(s) V, stands for them, below it the new rows around their own mean,
    and below them a row for the distance of the means (Ross et al., figure 1):

        the singular values and right vectors of   [diag(s) V;  X - m;  √(n b / (n + b)) (mean - m)]

    for n rows before and b new ones of mean m. It is exact as long as all components are kept.
    """

    n_components: int | None = integer(
        None, at_least=1, doc="k; None for all that the first batch has"
    )
    copy: bool = boolean(True, doc="no effect: X is never changed")
    batch_size: int | None = integer(
        None, at_least=1, doc="rows in a batch of `fit`; None for 5 times the features"
    )

    var_: np.ndarray = learned("variance of each feature: (features,)")
    n_samples_seen_: int = learned("number of rows")
    batch_size_: int = learned("rows in a batch")

    def _fit(self, X):
        n, d = X.shape
        size = self.batch_size_ = self.batch_size or 5 * d
        start = 0
        while start < n:
            end = start + size
            if end + (self.n_components or 0) > n:  # too few would remain for a batch
                end = n
            self._partial_fit(X[start:end])
            start = end

    def _partial_fit(self, X):
        (b, d), seen = X.shape, vars(self).get("n_samples_seen_", 0)
        N = seen + b
        known = len(self.components_) if seen else min(b, d)
        k = self.n_components_ = known if self.n_components is None else self.n_components
        self._require_possible(b, d, seen)
        m, variance = X.mean(axis=0), X.var(axis=0)
        if seen:
            gap = np.sqrt(seen / N * b) * (self.mean_ - m)
            rows = [self.singular_values_[:, None] * self.components_, X - m, gap[None]]
            self.mean_ = self.mean_ + b / N * (m - self.mean_)
            self.var_ = (seen * self.var_ + b * variance + gap * gap) / N
        else:
            rows = [X - m]
            self.mean_, self.var_ = m, variance
        s, V = np.linalg.svd(np.linalg.qr(np.vstack(rows), mode="r"))[1:]
        V, Λ = V[: len(s)], s * s / (N - 1)
        total = N * self.var_.sum()
        self.components_ = V[:k] * signs(V[:k])[:, None]
        self.singular_values_, self.explained_variance_ = s[:k].copy(), Λ[:k].copy()
        self.explained_variance_ratio_ = self.singular_values_**2 / (total if total > 0 else 1)
        self.noise_variance_ = 0.0 if k in (b, d) or k >= len(Λ) else float(Λ[k:].mean())
        self.n_samples_seen_ = N

    def _require_possible(self, b, d, seen):
        k = self.n_components_
        if k > d:
            what = f"n_components={k} invalid for n_features={d}, need more rows than columns for "
            what += f"IncrementalPCA processing; n_samples={b}."
            raise refusal(ValueError, what, f"IncrementalPCA({d})")
        if k > b and not seen:
            what = f"n_components={k} must be less or equal to the batch number of samples {b} for the "
            raise refusal(
                ValueError, what + "first partial_fit call.", "more rows in the first batch"
            )
        if seen and k != len(self.components_):
            what = f"n_components={k}, and {len(self.components_)} in the batches before."
            raise refusal(ValueError, what, "a new IncrementalPCA for another number")
        if seen + b < 2:
            raise refusal(ValueError, "a variance needs 2 rows; n_samples=1.", "more rows")
