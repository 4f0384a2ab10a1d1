"""Least angle regression, and the whole path of the lasso by it.

Source: B. Efron, T. Hastie, I. Johnstone, R. Tibshirani, Least angle regression (2004); T. Hastie,
R. Tibshirani, J. Friedman, The Elements of Statistical Learning, 2nd edition (ESL), section 3.4.4.
"""

from typing import Any, NamedTuple

import numpy as np

from models.foundation import (
    array,
    boolean,
    choice,
    integer,
    learned,
    nonnegative,
    positive,
    seed,
)
from models.foundation.linear_predictor import LinearModel
from models.foundation.randomness import generator
from models.linear.coordinate_descent import SquaredErrors

DEPENDENT = 1e-13  # of a column of length one, the square that active columns do not explain
TIE = 1e-9  # the part of a correlation that may be rounding error
ROUNDING = 1e-12  # so small a part of the first λ is rounding, when nothing is left to explain


class LarsPath(NamedTuple):
    """The corners of a path: α, descending, (corners,); w, (features, corners); active features in order."""

    alphas: np.ndarray
    coefs: np.ndarray
    active: list[int]


def lars_path(
    errors: SquaredErrors, alpha, max_iter, lasso: bool, positive: bool = False
) -> LarsPath:
    """From w = 0 towards least squares, along which the active features correlate equally with the residual.

    With c = Aᵀ(b - A w), and λ = max |c|, which all active features have, w moves in the direction d, with
    (A_activeᵀ A_active) d = sign(c_active). So λ shrinks by γ as w moves by γ d, until another feature has
    |c_j| = λ, and becomes active; or, for the lasso, until a w_j returns to 0, and is active no more (ESL,
    algorithm 3.2a). The way ends at λ = alpha Σ s.

    A feature that depends on the active ones stays out.
    """
    size = errors.size
    w, c = np.zeros(len(size)), errors.moments(np.zeros(len(size)))[2] * size
    end = alpha * errors.total / errors.b_size
    active: list[int] = []
    allowed, dropped = size > 0, False
    λ = max(np.max(c if positive else np.abs(c), initial=0), 0.0)
    rounding = ROUNDING * λ
    corners = [(max(λ, end), w)]
    while λ > end and len(corners) <= max_iter:
        if not dropped:
            j = most_correlated(c, allowed, active, positive)
            if j is not None and (c[j] if positive else abs(c[j])) > (1 - TIE) * λ:
                if not independent(errors, active, j):
                    allowed[j] = False
                    continue
                active.append(j)
        if not active:
            break
        signs = np.ones(len(active)) if positive else np.sign(c[active])
        d = np.linalg.solve(errors.gram_of(active), signs / size[active])
        direction = np.zeros(len(size))
        direction[active] = d
        falls = errors.curvature(direction) * size  # how fast c does
        γ = min(_until_next(λ, c, falls, allowed, active, positive), λ - end)
        with np.errstate(divide="ignore", invalid="ignore"):
            back = np.where((d * signs < 0) & lasso, -w[active] / d, np.inf)
        dropped = back.min() < γ
        γ = min(γ, back.min())
        if λ - γ <= end + rounding:
            γ, dropped = λ - end, False
        w = w + γ * direction
        if dropped:
            gone = active.pop(int(back.argmin()))
            w[gone] = 0.0
            allowed = size > 0
        λ, c = λ - γ, errors.moments(w)[2] * size
        corners.append((λ, w))
    scale = errors.b_size / errors.total
    alphas = np.array([λ for λ, _ in corners]) * scale
    return LarsPath(
        alphas, np.stack([w for _, w in corners], axis=1) / size[:, None] * errors.b_size, active
    )


def most_correlated(c, allowed, active, positive):
    """The feature that correlates most with the residual, among those that may become active, or None."""
    free = allowed.copy()
    free[active] = False
    if not free.any():
        return None
    return int(np.argmax(np.where(free, c if positive else np.abs(c), -np.inf)))


def independent(errors, active, j):
    """Is column j, of length one, no combination of the active ones?"""
    gram = errors.gram_of([*active, j])
    across = gram[:-1, -1]
    return 1 - across @ np.linalg.solve(gram[:-1, :-1], across) > DEPENDENT


def _until_next(λ, c, falls, allowed, active, positive):
    """The step until an inactive feature correlates as much as the active ones: |c - γ falls| = λ - γ."""
    free = allowed.copy()
    free[active] = False
    steps = [np.inf]
    for sign in (1,) if positive else (1, -1):
        behind, closer = (λ - sign * c)[free], (1 - sign * falls)[free]
        met = closer > np.finfo(np.float64).eps
        steps.append(np.min(np.maximum(behind[met], 0) / closer[met], initial=np.inf))
    return min(steps)


class LarsFamily(LinearModel):
    """What Lars and LassoLars have in common. A subclass says where its path ends."""

    several_targets = True

    precompute: Any = (
        choice("auto", True, False, doc="no effect: the Gram matrix is used where it helps")
        | array()
    )
    copy_X: bool = boolean(True, doc="no effect: X is never changed")
    eps: float = positive(
        np.finfo(np.float64).eps, doc="no effect: dependent features stay out of the path"
    )
    fit_path: bool = boolean(True, doc="keep coef_path_ and active_")
    jitter: float | None = nonnegative(None, doc="adds random numbers up to this to y")
    verbose: bool | int = boolean(False, doc="no effect") | integer(at_least=0)
    random_state: Any = seed(doc="of the jitter")

    alphas_: Any = learned(
        "λ / Σ s at the corners of the path, descending; a list for several targets"
    )
    active_: Any = learned(
        "the features that are active at the end, in the order in which they became so"
    )
    coef_path_: Any = learned("w at the corners of the path: (features, corners)")
    n_iter_: Any = learned("number of steps; a list for several targets")

    def _path(self, errors) -> LarsPath:
        raise NotImplementedError

    def _fit(self, X, y, weight):
        if self.jitter is not None:
            noise = generator(self.random_state).uniform(high=self.jitter, size=len(y))
            y = (y.T + noise).T
        errors = SquaredErrors(X, y, weight, self.fit_intercept)
        paths = [self._path(errors.target(k)) for k in range(y[:1].size)]
        several = y.ndim == 2 and y.shape[1] > 1
        kept: dict[str, list] = {"n_iter_": [max(len(p.alphas) - 1, 1) for p in paths]}
        if self.fit_path:
            kept["alphas_"] = [p.alphas for p in paths]
            kept["active_"] = [p.active for p in paths]
            kept["coef_path_"] = [p.coefs for p in paths]
        else:
            kept["alphas_"] = [p.alphas[-1:] for p in paths]
        for name, values in kept.items():
            setattr(self, name, values if several else values[0])
        W = np.stack([p.coefs[:, -1] for p in paths])
        self.coef_ = W.copy() if several else W[0]
        self.intercept_ = errors.y_mean - self.coef_ @ errors.x_mean


class Lars(LarsFamily):
    """Least angle regression: features enter one after the other, and keep equal correlation.

    With c_j = Σ_i s_i x_ij (y_i - x_i·w - b), all active features have the same |c_j| = λ, the others less. λ
    falls until n_nonzero_coefs features are active, or λ = 0, which is least squares.

    scikit-learn turns the direction of a feature around where its weight crosses 0, after which the active
    features no longer correlate equally. Here they do.
    """

    n_nonzero_coefs: int = integer(500, at_least=1, doc="largest number of active features")

    def _path(self, errors):
        return lars_path(errors, 0.0, self.n_nonzero_coefs, lasso=False)


class LassoLars(LarsFamily):
    """The lasso, Σ_i s_i (y_i - x_i·w - b)² / (2 Σ s) + α ‖w‖₁, and its whole path down to α.

    w(α) is piecewise linear, and the path consists of its corners. It is exact, unlike a grid of α.
    """

    alpha: float = nonnegative(1.0, doc="α, where the path ends")
    max_iter: int = integer(500, at_least=1, doc="largest number of steps")
    positive: bool = boolean(False, doc="w ≥ 0")

    def _path(self, errors):
        return lars_path(errors, self.alpha, self.max_iter, lasso=True, positive=self.positive)
