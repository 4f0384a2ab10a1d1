"""The Theil-Sen estimator: a median of the lines through few samples.

Source: P. Sen, Estimates of the regression coefficient based on Kendall's tau (1968); X. Dang, H. Peng,
X. Wang, H. Zhang, Theil-Sen estimators in a multiple linear regression model (2008); T. Kärkkäinen,
S. Äyrämö, On computation of spatial median for robust data mining (2005).
"""

import itertools
import math

import numpy as np

from models.foundation import boolean, integer, learned, positive, seed
from models.foundation.iterate import Trace, kept_by, warn_not_converged
from models.foundation.linear_predictor import LinearModel
from models.foundation.randomness import generator
from tinygrad_edu.diagnostics.words import refusal

EPSILON = np.finfo(np.float64).eps


class TheilSenRegressor(LinearModel):
    """The (b, w) with the least sum of distances to those of all subsets of n_subsamples samples.

    Each subset is fitted by least squares. Up to a part `breakdown_` of the samples may be arbitrarily wrong,
    because fewer than half of the subsets then contain one of these. If there are more than
    max_subpopulation subsets, so many are drawn at random (by other numbers than scikit-learn's).
    """

    twin = ""  # subsets of the tests' 60 samples are random

    max_subpopulation: float = positive(10_000, doc="largest number of subsets")
    n_subsamples: int | None = integer(
        None, at_least=1, doc="samples in a subset; None for the number of weights, the most robust"
    )
    max_iter: int = integer(300, at_least=1, doc="largest number of iterations for the median")
    tol: float = positive(1e-3, doc="stop when the median moves by less")
    random_state: int | None = seed(doc="draws the subsets")
    n_jobs: int | None = integer(None, doc="no effect: subsets are solved at once")
    verbose: bool = boolean(False, doc="no effect")

    breakdown_: float = learned("part of the samples that may be wrong")
    n_subpopulation_: int = learned("number of subsets")
    n_iter_: int = learned("number of iterations for the median")

    def _fit(self, X, y):
        A = np.column_stack([np.ones(len(X)), X]) if self.fit_intercept else X
        n, m = len(A), self._subset_size(*A.shape)
        half = 0.5 ** (1 / m)
        self.breakdown_ = 1 - (half * (n - m + 1) + m - 1) / n
        subsets = self._subsets(n, m)
        self.n_subpopulation_ = len(subsets)
        chunks = np.array_split(subsets, math.ceil(subsets.size * A.shape[1] / 1e6))
        fits = [
            np.einsum("kij,kj->ki", np.linalg.pinv(A[rows], EPSILON), y[rows]) for rows in chunks
        ]
        self._keep(self._spatial_median(np.concatenate(fits)))

    def _keep(self, found):
        self.intercept_, self.coef_ = (found[0], found[1:]) if self.fit_intercept else (0.0, found)

    def _subset_size(self, n, parameters):
        m = min(parameters, n) if self.n_subsamples is None else self.n_subsamples
        if m > n:
            what = f"Invalid parameter since n_subsamples > n_samples ({m} > {n})."
            raise refusal(ValueError, what, f"n_subsamples={min(parameters, n)}")
        if m < min(parameters, n):
            what = f"Invalid parameter: n_subsamples={m}, for {parameters} weights and {n} samples."
            raise refusal(ValueError, what, f"n_subsamples={min(parameters, n)} or more")
        return m

    def _subsets(self, n, m):
        """Row numbers of the subsets, (subsets, m): all of them, or a random part."""
        if math.comb(n, m) <= self.max_subpopulation:
            return np.array(list(itertools.combinations(range(n), m)))
        rng, count = generator(self.random_state), max(int(self.max_subpopulation), 1)
        if n < 8 * m * m:
            return np.array([rng.choice(n, size=m, replace=False) for _ in range(count)])
        drawn = rng.integers(n, size=(count, m))
        while (twice := (np.diff(np.sort(drawn)) == 0).any(axis=1)).any():  # a row drawn twice
            drawn[twice] = rng.integers(n, size=(twice.sum(), m))
        return drawn

    def _spatial_median(self, points):
        """The point with the least sum of distances, by Weiszfeld's iteration.

        It moves to the mean of the points p, with weights 1 / ‖p - x‖, until Σ (p - x) / ‖p - x‖ = 0. At one
        of the points, that one holds it back, as in a median.
        """
        self.n_iter_ = 1
        if points.shape[1] == 1:
            return np.median(points, axis=0)
        size = np.abs(points).max() or 1.0
        points = points / size
        x, trace = points.mean(axis=0), Trace.of(self)
        for step in range(1, self.max_iter + 1):
            self.n_iter_ = step
            distance = np.linalg.norm(points - x, axis=1)
            others = distance >= EPSILON
            pull = 1 / distance[others]
            force = np.linalg.norm(pull @ (points[others] - x))
            before = x
            if force > EPSILON:
                held = 0.0 if others.all() else min(1.0, 1 / float(force))
                x = (1 - held) * (pull @ points[others]) / pull.sum() + held * x
            if trace.keeps_states:
                trace(step, size * np.linalg.norm(points - x, axis=1).mean())
                trace.keep(**kept_by(self, x * size))
            if np.linalg.norm(x - before) * size < self.tol:
                break
        else:
            warn_not_converged(self, "iterations for the median", "raise max_iter, or raise tol")
        if trace:
            self.trace_ = trace
        return x * size
