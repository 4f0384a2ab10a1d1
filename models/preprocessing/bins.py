"""Intervals in place of numbers."""

from typing import Any

import numpy as np

from models.foundation import Transformer, array, choice, integer, learned, warn
from models.foundation.lloyd import lloyd
from models.foundation.randomness import random_state, seed
from models.foundation.sparse import mostly_zeros
from models.foundation.weighted_quantiles import weighted_quantiles
from tinygrad_edu.diagnostics.words import refusal

METHODS = (
    "averaged_inverted_cdf", "inverted_cdf", "closest_observation", "interpolated_inverted_cdf", "hazen",
    "weibull", "linear", "median_unbiased", "normal_unbiased",
)  # fmt: skip


class KBinsDiscretizer(Transformer):
    """The number of the interval that a value is in, as a number or as a column of zeros and ones.

    The intervals of a column have equal lengths ("uniform"), equally many rows ("quantile"), or the middles
    between the centers of k-means as their ends ("kmeans"). Values outside belong to the first or last one.
    The inverse is the middle of the interval.

    As with OneHotEncoder, encode="onehot" returns an array that answers toarray(), while it is not large;
    "onehot-dense" always an array.
    """

    n_bins: Any = integer(
        5, at_least=2, doc="number of intervals, or one number for each column"
    ) | array(at_least=2)
    encode: str = choice(
        "onehot", "onehot-dense", "ordinal", doc="a column for each interval, or its number"
    )
    strategy: str = choice("quantile", "uniform", "kmeans", doc="how the intervals are chosen")
    quantile_method: Any = choice(
        *METHODS, doc="the method of numpy.percentile; with weights the first two"
    )
    dtype: Any = choice(None, np.float64, np.float32, doc="of the new columns; None for float64")
    subsample: Any = integer(200_000, at_least=1, doc="use so many rows at most") | choice(None)
    random_state: Any = seed(doc="seed for choosing these rows")

    bin_edges_: np.ndarray = learned("the ends of the intervals of each column")
    n_bins_: np.ndarray = learned("number of intervals of each column: (features,)")

    def _read(self, X, y, sample_weight, more=False):
        data = super()._read(X, y, sample_weight, more)
        return data if sample_weight is not None else data | {"weight": None}

    def _fit(self, X, weight):
        bins = np.array(self.n_bins)
        bins = np.full(X.shape[1], bins) if bins.ndim == 0 else bins
        if bins.shape != X.shape[1:] or (bins != np.floor(bins)).any():
            what = "n_bins must be a scalar or array of shape (n_features,), of integers. Got "
            what += f"{self.n_bins!r}."
            raise refusal(ValueError, what, "n_bins=5")
        if (
            weight is not None
            and self.strategy == "quantile"
            and self.quantile_method not in METHODS[:2]
        ):
            what = (
                "When fitting with strategy='quantile' and sample weights, quantile_method should either "
                f"be set to {METHODS[0]!r} or {METHODS[1]!r}, got {self.quantile_method!r} instead."
            )
            raise refusal(ValueError, what, "quantile_method='averaged_inverted_cdf'")
        if self.subsample is not None and len(X) > self.subsample:
            X, weight = self._drawn(X, weight), None
        self.bin_edges_ = np.empty(X.shape[1], dtype=object)
        for j, n in enumerate(bins.astype(int)):
            self.bin_edges_[j] = self._edges(np.ascontiguousarray(X[:, j]), weight, n, j)
        self.n_bins_ = np.array([len(edges) - 1 for edges in self.bin_edges_])

    def _drawn(self, X, weight):
        """Rows drawn with replacement, those that scikit-learn draws with the same seed."""
        rng = random_state(self.random_state)
        if weight is None:
            return X[rng.randint(0, len(X), size=(self.subsample,))]
        return X[rng.choice(len(X), size=self.subsample, p=weight / weight.sum())]

    def _edges(self, x, weight, n, j):
        """The ends of the intervals of column j."""
        low, high = x.min(), x.max()
        if low == high:
            warn(UserWarning, f"Feature {j} is constant and will be replaced with 0.")
            return np.array([-np.inf, np.inf])
        edges = np.linspace(low, high, n + 1)
        if self.strategy == "uniform":
            return edges
        if self.strategy == "quantile":
            percent = np.linspace(0, 100, n + 1)
            if weight is None:
                edges = np.percentile(x, percent, method=self.quantile_method)
            else:
                average = self.quantile_method == METHODS[0]
                edges = weighted_quantiles(x, weight, percent / 100, average)
        else:
            weight = np.ones_like(x) if weight is None else weight
            start = (edges[1:] + edges[:-1])[:, None] / 2
            centers = np.sort(lloyd(x[:, None], weight, start, 1e-4 * x.var(), 300)[1][:, 0])
            edges = np.concatenate([[low], (centers[1:] + centers[:-1]) / 2, [high]])
        edges = edges[np.ediff1d(edges, to_begin=np.inf) > 1e-8]
        if len(edges) - 1 != n:
            text = f"Bins whose width are too small (i.e., <= 1e-8) in feature {j} are removed. Consider "
            warn(UserWarning, f"{text}decreasing the number of bins.")
        return edges if len(edges) > 1 else np.array([-np.inf, np.inf])

    def _transform(self, X):
        dtype = np.float64 if self.dtype is None else self.dtype
        numbers = np.empty(X.shape, dtype=dtype if self.encode == "ordinal" else np.intp)
        for j, (x, edges) in enumerate(zip(X.T, self.bin_edges_, strict=True)):
            numbers[:, j] = np.searchsorted(edges[1:-1], x, side="right")
        if self.encode == "ordinal":
            return numbers
        ends = np.cumsum(self.n_bins_)
        numbers += ends - self.n_bins_
        ones, starts = np.ones(numbers.size, dtype=dtype), numbers.shape[1] * np.arange(len(X) + 1)
        output = "auto" if self.encode == "onehot" else False
        return mostly_zeros(ones, numbers.ravel(), starts, (len(X), int(ends[-1])), output)

    def _inverse_transform(self, Z):
        if self.encode != "ordinal":
            parts = np.split(Z, np.cumsum(self.n_bins_)[:-1], axis=1)
            Z = np.stack([part.argmax(axis=1) for part in parts], axis=1)
        middles = [(edges[1:] + edges[:-1]) / 2 for edges in self._finite_edges()]
        return np.stack([m[z.astype(np.intp)] for m, z in zip(middles, Z.T, strict=True)], axis=1)

    def _finite_edges(self):
        return [np.where(np.isinf(edges), 0, edges) for edges in self.bin_edges_]

    def _names_out(self, names):
        if self.encode == "ordinal":
            return names
        each = zip(names, self.n_bins_, strict=True)
        return [f"{name}_{float(i)}" for name, n in each for i in range(n)]

    @classmethod
    def examples(cls, rng):
        yield cls(n_bins=2), rng.normal(size=(60, 4)), np.arange(60) % 3
