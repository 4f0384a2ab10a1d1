"""Independent component analysis.

Source: A. Hyvärinen, E. Oja, Independent component analysis: algorithms and applications (2000); D. MacKay,
Information Theory, Inference, and Learning Algorithms (2003), chapter 34.
"""

from typing import Any

import numpy as np

from models.foundation import (
    Transformer,
    array,
    choice,
    function,
    integer,
    learned,
    mapping,
    positive,
    seed,
)
from models.foundation.iterate import Trace, warn_not_converged
from models.foundation.randomness import generator
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import log_cosh


class FastICA(Transformer):
    """s = W x with independent sources s: the inverse of a mixture x = A s.

    If the sources have the density p, the likelihood of W is one formula (MacKay 34.15),

        log p(x) = Σ_j log p(w_j·x) + log |det W|,

    where log p = -log cosh ("logcosh") suits sources with long tails. For whitened x, whose covariance is I,
    W is a rotation, and FastICA finds a stationary point by Newton's steps, g = -(log p)' (equation 40),

        w ← E[x g(w·x)] - E[g'(w·x)] w,      then W ← (W Wᵀ)^-½ W, or one row after the other ("deflation").
    """

    n_components: int | None = integer(
        None, at_least=1, doc="number of sources; None: as many as possible"
    )
    algorithm: str = choice(
        "parallel", "deflation", doc="all rows of W at once, or one after the other"
    )
    whiten: Any = choice(
        "unit-variance", "arbitrary-variance", False,
        doc="sources of variance 1, or with W a rotation of the whitened x; False if X is white",
    )  # fmt: skip
    fun: Any = choice("logcosh", "exp", "cube", doc="-log p") | function(
        doc="x -> g(x), mean of g'(x)"
    )
    fun_args: Any = mapping(None, doc="arguments of fun; for 'logcosh' alpha, from 1 to 2")
    max_iter: int = integer(200, at_least=1, doc="largest number of steps")
    tol: float = positive(1e-4, doc="stop when no row of W turns by more: |1 - |cos||")
    w_init: Any = array(None, doc="the first W, (components, components); None for random")
    whiten_solver: str = choice("svd", "eigh", doc="of X, or of its covariance, which is faster")
    random_state: Any = seed()

    components_: np.ndarray = learned("W for x - mean: (components, features)")
    mixing_: np.ndarray = learned("A, its pseudoinverse: (features, components)")
    mean_: np.ndarray = learned("(features,), if whiten")
    whitening_: np.ndarray = learned(
        "K: (components, features); K (x - mean) has variance 1 / n, if whiten"
    )
    n_iter_: int = learned("number of steps; of 'deflation' of the slowest row")
    trace_: Trace = learned(
        "of a fit with 'parallel' in `with traced():` components_ after every step, and how far it turned"
    )

    @classmethod
    def examples(cls, rng):
        mixture, start = rng.normal(size=(2, 4, 4))
        sources = rng.uniform(size=(60, 4))
        for _, _, y in super().examples(rng):
            yield cls(w_init=start, tol=1e-6, max_iter=2000), sources @ mixture, y

    def _fit(self, X):
        n, d = X.shape
        k = min(n, d) if self.n_components is None or not self.whiten else self.n_components
        if k > min(n, d):
            what = f"n_components={k} is too large: X has shape {X.shape}."
            raise refusal(ValueError, what, f"FastICA(n_components={min(n, d)})")
        if self.whiten:
            self.mean_ = X.mean(axis=0)
            Z = (X - self.mean_).T
            self.whitening_ = self._whitening(Z, k)
            white = (np.sqrt(n) * self.whitening_) @ Z
            del Z  # as large as X
        else:
            k, white = d, X.T
        rng = generator(self.random_state)
        start = rng.standard_normal((k, k)) if self.w_init is None else np.array(self.w_init, float)
        if start.shape != (k, k):
            what = f"w_init has invalid shape -- should be {(k, k)}, and is {start.shape}."
            raise refusal(ValueError, what, "w_init=None")
        steps = self._parallel if self.algorithm == "parallel" else self._deflation
        W, self.n_iter_, arrived = steps(white, start)
        if not arrived:
            warn_not_converged(self, "steps", "raise max_iter, or tol")
        self.components_ = self._unmixing(W, white)
        self.mixing_ = np.linalg.pinv(self.components_, rcond=1e-15)

    def _unmixing(self, W, white):
        """W for the rows of X, from W for white rows."""
        if self.whiten == "unit-variance":
            deviations = (W @ white).std(axis=1)[:, None] / np.sqrt(white.shape[1])
            W = W / np.where(deviations > 0, deviations, 1)
        return W @ self.whitening_ if self.whiten else W

    def _whitening(self, Z, k):
        """K with K Z Zᵀ Kᵀ = I. Directions without variance count as rounding error."""
        if self.whiten_solver == "eigh":
            λ, U = np.linalg.eigh(Z @ Z.T)
            s, U = np.sqrt(np.maximum(λ[::-1], 0)), U[:, ::-1]
            least = 1e-8
        else:
            U, s = np.linalg.svd(Z, full_matrices=False)[:2]
            least = np.finfo(float).eps
        s = np.maximum(s, least * s[0] or 1.0)
        U = U * np.where(U[0] < 0, -1, 1)
        return (U / s).T[:k]

    def _g(self, y):
        """g(y), and the mean of g'(y) over the last axis. y may be changed: it is W x of this step alone."""
        if callable(self.fun):
            return self.fun(y, **(self.fun_args or {}))
        if self.fun == "logcosh":
            α = (self.fun_args or {}).get("alpha", 1.0)
            y *= α
            t = np.tanh(y, out=y)
            return t, α * (1 - np.einsum("...i,...i->...", t, t) / t.shape[-1])
        if self.fun == "exp":
            e = np.exp(-y * y / 2)
            return y * e, ((1 - y * y) * e).mean(axis=-1)
        return y * y * y, 3 * np.square(y).mean(axis=-1)

    def _parallel(self, X, W):
        W, trace = orthogonal(W), Trace.of(self)
        for n_iter in range(1, self.max_iter + 1):
            g, slope = self._g(W @ X)
            new = orthogonal(g @ X.T / X.shape[1] - slope[:, None] * W)
            turn = np.abs(np.abs((new * W).sum(axis=1)) - 1).max()
            W = new
            if trace.keeps_states:
                trace(n_iter, turn)
                trace.keep(components_=self._unmixing(W, X))
                self.trace_ = trace
            if turn < self.tol:
                return W, n_iter, True
        return W, n_iter, False

    def _deflation(self, X, start):
        W, most, arrived = np.zeros_like(start), 0, True
        for j, w in enumerate(start):
            w = w / np.linalg.norm(w)
            for n_iter in range(1, self.max_iter + 1):
                g, slope = self._g(w @ X)
                new = X @ g / X.shape[1] - slope * w
                new -= W[:j].T @ (W[:j] @ new)
                new /= np.linalg.norm(new) or 1.0
                turn = np.abs(np.abs(new @ w) - 1)
                w, most = new, max(most, n_iter)
                if turn < self.tol:
                    break
            W[j] = w
            arrived &= bool(turn < self.tol)
        return W, most, arrived

    def _transform(self, X):
        return (X - self.mean_ if self.whiten else X) @ self.components_.T

    def _inverse_transform(self, S):
        X = S @ self.mixing_.T
        return X + self.mean_ if self.whiten else X


def orthogonal(W):
    """(W Wᵀ)^-½ W, the nearest orthogonal matrix."""
    λ, U = np.linalg.eigh(W @ W.T)
    return (U / np.sqrt(np.maximum(λ, np.finfo(float).tiny))) @ U.T @ W


def log_likelihood(X, W):
    """The mean of Σ_j log p(w_j·x) + log |det W| with log p = -log cosh, of arrays or Tensors."""
    return -log_cosh(X @ W.T).sum() / len(X) + np.linalg.slogdet(W)[1]
