"""Ranks in place of values: a uniform or normal distribution, whatever it was before."""

from typing import Any

import numpy as np

from models.foundation import choice, integer, learned
from models.foundation.normal import normal_quantile
from models.foundation.randomness import random_state, seed
from models.preprocessing.one_to_one import Scaler
from models.preprocessing.quantiles import Sorted
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import normal_cdf

END = 1e-7  # of the normal distribution: its quantiles of 0 and 1 are infinite


class QuantileTransformer(Scaler):
    """The fraction of values that are smaller; or the quantile of the normal distribution of this fraction.

    Between n_quantiles quantiles of each column it is interpolated, from both sides, with the mean of both
    where several quantiles are equal. Values outside of those of `fit` become 0 or 1, or ±5.2 with "normal".

    Different from scikit-learn: there is no warning if n_quantiles is more than the number of rows.
    """

    checked_with = {"n_quantiles": 30}

    n_quantiles: int = integer(1000, at_least=1, doc="number of quantiles, at most that of rows")
    output_distribution: str = choice(
        "uniform", "normal", doc="the distribution of the new columns"
    )
    ignore_implicit_zeros: bool = choice(False, doc="X is never sparse")
    subsample: int | None = integer(10_000, at_least=1, doc="use so many rows at most") | choice(
        None
    )
    random_state: Any = seed(doc="seed for choosing these rows")

    n_quantiles_: int = learned("number of quantiles")
    quantiles_: np.ndarray = learned("(n_quantiles_, features)")
    references_: np.ndarray = learned("the fractions of the quantiles: (n_quantiles_,)")

    def _fit(self, X):
        if self.subsample is not None and self.n_quantiles > self.subsample:
            what = "The number of quantiles cannot be greater than the number of samples used. Got "
            what += f"{self.n_quantiles} quantiles and {self.subsample} samples."
            raise refusal(ValueError, what, f"n_quantiles={self.subsample}")
        self.n_quantiles_ = min(self.n_quantiles, len(X))
        self.references_ = np.linspace(0, 1, self.n_quantiles_)
        if self.subsample is not None and self.subsample < len(X):
            rows = np.arange(len(X))
            random_state(self.random_state).shuffle(rows)  # scikit-learn's rows
            X = X[rows[: self.subsample]]
        self.quantiles_ = Sorted(X).quantiles(self.references_ * 100 / 100)

    def _transform(self, X):
        Z = np.empty_like(X)
        normal = self.output_distribution == "normal"
        low, high = normal_quantile([END - np.spacing(1), 1 - (END - np.spacing(1))])
        for j, (x, q) in enumerate(zip(X.T, self.quantiles_.T, strict=True)):
            up = np.interp(x, q, self.references_)
            down = np.interp(-x, -q[::-1], -self.references_[::-1])
            Z[:, j] = (up - down) / 2
            margin = END if normal else 0
            Z[x + margin >= q[-1], j] = 1  # as scikit-learn: first above, then below
            Z[x - margin <= q[0], j] = 0
            Z[np.isnan(x + q[0]), j] = np.nan  # of a single quantile np.interp makes a number
            if normal:
                Z[:, j] = np.clip(normal_quantile(Z[:, j]), low, high)
        return Z

    def _inverse_transform(self, Z):
        if self.output_distribution == "normal":
            Z = normal_cdf(Z)
            Z = np.where(Z - END < 0, 0, np.where(Z + END > 1, 1, Z))
        return np.stack(
            [
                np.interp(z, self.references_, q)
                for z, q in zip(Z.T, self.quantiles_.T, strict=True)
            ],
            axis=1,
        )

    @classmethod
    def examples(cls, rng):
        yield cls(**cls.checked_with), rng.normal(size=(60, 4)), np.arange(60) % 3
