"""Products of features: a linear model of them is a polynomial.

Source: T. Hastie, R. Tibshirani, J. Friedman, The Elements of Statistical Learning (2nd ed., 2009),
section 5.1.
"""

import math
from itertools import chain, combinations, combinations_with_replacement
from typing import Any

import numpy as np

from models.foundation import Transformer, array, boolean, choice, integer, learned
from tinygrad_edu.diagnostics.words import refusal


class PolynomialFeatures(Transformer):
    """All products x_1^p_1 ··· x_d^p_d of the features with p_1 + ... + p_d at most the degree.

    The products of degree k that begin with x_j are x_j times those of degree k - 1 in x_j, ..., x_d, or
    in x_(j+1), ..., x_d with `interaction_only`. In this order they are the last columns of their degree,
    and each number costs one multiplication.

    Sparse X is refused, as is a product that is too large for float64 (scikit-learn returns inf).
    """

    degree: Any = integer(2, at_least=0) | array(
        at_least=0, doc="the largest degree, or a pair (smallest, largest)"
    )
    interaction_only: bool = boolean(False, doc="only products of different features: every p ≤ 1")
    include_bias: bool = boolean(
        True, doc="a first column of ones, also if the smallest degree is 1"
    )
    order: Any = choice("C", "F", doc="memory order of the new columns")

    n_output_features_: int = learned("number of new columns")

    def _fit(self, X):
        low, high = self._degrees()
        d = X.shape[1]
        if self.interaction_only:
            columns = sum(math.comb(d, k) for k in range(low, min(high, d) + 1))
        else:
            columns = sum(math.comb(d + k - 1, k) for k in range(low, high + 1))
        self.n_output_features_ = columns + self.include_bias
        if self.n_output_features_ == 0:
            what = f"degree={self.degree!r} and include_bias=False would result in an empty output array."
            raise refusal(ValueError, what, "a degree of 1 or more")
        if self.n_output_features_ > np.iinfo(np.intp).max:
            what = (
                "The output that would result from the current configuration would have "
                f"{self.n_output_features_} features which is too large to be indexed."
            )
            raise refusal(ValueError, what, "a lower degree, or interaction_only=True")

    def _degrees(self):
        """The smallest degree, without that of the ones, and the largest."""
        if np.ndim(self.degree) == 0:
            return 1, int(self.degree)
        pair = np.asarray(self.degree)
        if pair.shape != (2,) or pair.dtype.kind not in "iu" or pair[0] > pair[1]:
            what = (
                "degree=(min_degree, max_degree) must be non-negative integers that fulfil "
                f"min_degree <= max_degree, got {self.degree}."
            )
            raise refusal(ValueError, what, "degree=(1, 3)")
        return max(1, int(pair[0])), int(pair[1])

    def _transform(self, X):
        found = np.empty((len(X), self.n_output_features_), order=self.order)
        found[:, : self.include_bias] = 1
        try:
            with np.errstate(over="raise", under="ignore"):
                self._multiply(X, found[:, self.include_bias :])
        except FloatingPointError as error:
            what = f"a product of degree {self.degree} or less is too large for float64."
            raise refusal(ValueError, what, "StandardScaler first, or a lower degree") from error
        return found

    def _multiply(self, X, found):
        """Fills in the products, degree by degree."""
        low, high = self._degrees()
        n, d = X.shape
        skip = int(self.interaction_only)
        # The products of one degree less, and for each j the first of them without x_1, ..., x_(j-1).
        lower, first = np.ones((n, 1)), np.zeros(d + 1, dtype=int)
        done = 0
        for degree in range(1, high + 1):
            ends = np.cumsum(lower.shape[1] - first[skip : skip + d])
            places = np.concatenate([[0], ends])
            width = places[-1]
            if width == 0:
                break
            products = found[:, done : done + width] if degree >= low else np.empty((n, width))
            for j in range(d):
                np.multiply(
                    lower[:, first[j + skip] :],
                    X[:, j : j + 1],
                    out=products[:, places[j] : places[j + 1]],
                )
            done += width if degree >= low else 0
            lower, first = products, places

    @property
    def powers_(self) -> np.ndarray:
        """p of each new column: (n_output_features_, features)."""
        self._require_fit()
        low, high = self._degrees()
        d = self.n_features_in_
        choose = combinations if self.interaction_only else combinations_with_replacement
        high = min(high, d) if self.interaction_only else high
        chosen = chain.from_iterable(choose(range(d), k) for k in range(low, high + 1))
        rows = [np.bincount(factors, minlength=d) for factors in chosen]
        ones = [np.zeros(d, dtype=np.intp)] * self.include_bias
        return np.stack(ones + rows)

    def _names_out(self, names):
        for powers in self.powers_:
            factors = [
                f"{name}^{p}" if p > 1 else name
                for name, p in zip(names, powers, strict=True)
                if p > 0
            ]
            yield " ".join(factors) or "1"
