"""Nonnegative matrix factorization.

Source: D. Lee, H. Seung, Algorithms for non-negative matrix factorization (2001); C. Févotte, J. Idier,
Algorithms for nonnegative matrix factorization with the β-divergence (2011); A. Cichocki, A. Phan, Fast local
algorithms for large scale nonnegative matrix and tensor factorizations (2009); C. Boutsidis, E. Gallopoulos,
SVD based initialization (2008).
"""

from typing import Any

import numpy as np

from models.components.truncated_svd import of_gram
from models.foundation import (
    Transformer,
    boolean,
    choice,
    integer,
    learned,
    nonnegative,
    number,
    seed,
)
from models.foundation.iterate import Trace, warn_not_converged
from models.foundation.randomness import generator
from models.foundation.validation import require_range
from tinygrad_edu.diagnostics.words import refusal

BETA = {"frobenius": 2.0, "kullback-leibler": 1.0, "itakura-saito": 0.0}
EPSILON = float(np.finfo(np.float32).eps)  # in place of a 0 that would divide
BLOCK = (
    1500  # rows at a time, which stay in the cache; products of a power of two of rows are slower
)


class NMF(Transformer):
    """X ≈ W H with W, H ≥ 0: each row is a sum of patterns, the rows of H, and nothing is subtracted.

        L(W, H) = D(X, W H) + d α_W (ρ ΣW + (1-ρ)/2 ‖W‖²) + n α_H (ρ ΣH + (1-ρ)/2 ‖H‖²)

    with ρ = l1_ratio and D the β-divergence: ‖X - W H‖² / 2 for β = 2 ("frobenius"), Σ x log(x/y) - x + y for
    β = 1 ("kullback-leibler"), Σ x/y - log(x/y) - 1 for β = 0 ("itakura-saito"). "cd" minimizes along one
    column of W at a time, which is Newton's step cut off at 0. "mu" multiplies (Lee and Seung, theorem 1),

        W ← W ∘ X Hᵀ / (W H Hᵀ)     = W - W / (W H Hᵀ) ∘ ∂L/∂W,

    a gradient step whose length for each element keeps it positive; the other β have similar rules.

    `transform` finds the best W for the learned H, and fit_transform(X) is fit(X).transform(X), while in
    scikit-learn it returns the W of the last update. The start computes singular
    vectors exactly; scikit-learn approximates them, so that results from it differ a little.
    """

    nonnegative_X = True
    overcomplete = True
    twin_tolerance = 1e-4

    n_components: Any = choice(
        "auto", None, doc="'auto' or None for one for each feature"
    ) | integer(at_least=1)
    init: Any = choice(
        None, "random", "nndsvd", "nndsvda", "nndsvdar", "custom",
        doc="the first W and H: random, or singular vectors with 0, the mean ('a') or small random numbers "
        "('ar') for what is negative; 'custom' for those given to fit; None for 'nndsvda' if possible",
    )  # fmt: skip
    solver: str = choice("cd", "mu", doc="coordinate descent, for 'frobenius', or multiplication")
    beta_loss: Any = choice(*BETA) | number(doc="D")
    tol: float = nonnegative(
        1e-4, doc="of the slope ('cd') or the fall of √2D in 10 steps, beside the first"
    )
    max_iter: int = integer(200, at_least=1, doc="largest number of updates of W and H")
    random_state: Any = seed()
    alpha_W: float = nonnegative(0.0, doc="α_W")
    alpha_H: Any = choice("same") | nonnegative(doc="α_H")
    l1_ratio: float = number(0.0, at_least=0, at_most=1, doc="ρ")
    verbose: Any = boolean(False, doc="no effect") | integer(at_least=0)
    shuffle: bool = boolean(False, doc="columns in random order, for 'cd'")

    components_: np.ndarray = learned("H: (components, features)")
    n_components_: int = learned("number of components")
    reconstruction_err_: float = learned("√(2 D(X, W H))")
    n_iter_: int = learned("number of updates")
    trace_: Trace = learned(
        "of a fit in `with traced():` √(2 D) and components_ after every update"
    )

    @classmethod
    def examples(cls, rng):
        for _, X, y in super().examples(rng):
            yield cls(2, random_state=0, tol=1e-8, max_iter=2000), X, y

    def fit(self, X: Any, y: Any = None, W: Any = None, H: Any = None) -> Any:
        """Learns H and returns self. W, H: the start with init="custom". y is ignored."""
        self._check_parameters()
        learner = self._copy(with_learned=False)
        learner._factorize(learner._read(X, None, None)["X"], W, H)
        return self._take_over(learner)

    def fit_transform(self, X: Any, y: Any = None, W: Any = None, H: Any = None) -> Any:  # type: ignore
        """Fits, and returns transform(X). W, H: the start with init="custom". y is ignored."""
        return self.fit(X, y, W, H).transform(X)

    def _fit(self, X):
        self._factorize(X, None, None)

    def _factorize(self, X, W, H):
        β = self._beta()
        if self.solver == "cd" and β != 2:
            what = f"solver='cd' minimizes 'frobenius' only, and beta_loss={self.beta_loss!r}."
            raise refusal(ValueError, what, "NMF(solver='mu')")
        if β <= 0 and X.min() == 0:
            what = "When beta_loss <= 0 and X contains zeros, the solver may diverge."
            raise refusal(ValueError, what, "small numbers added to X, or a positive beta_loss")
        W, H = self._start(require_range(X), W, H)
        trace = Trace.of(self)
        W, H, self.n_iter_, arrived = self._descend(X, W, H, trace)
        if trace:
            self.trace_ = trace
        if not arrived:
            warn_not_converged(self, "updates", "raise max_iter, or tol")
        self.components_, self.n_components_ = H, len(H)
        self.reconstruction_err_ = error_of(X, W, H, β)

    def _transform(self, X):
        """The best W for these H."""
        H = self.components_
        start = np.sqrt(X.mean() / len(H)) if self.solver == "mu" else 0.0
        return self._descend(X, np.full((len(X), len(H)), start), H)[0]

    def _inverse_transform(self, W):
        return W @ self.components_

    def _descend(self, X, W, H, trace=None):
        """W, H, the number of updates, and whether they arrived, from this start. Without a trace H stays."""
        by = _by_coordinates if self.solver == "cd" else _by_multiplication
        return by(self, X, W, H, trace)

    def _names_out(self, names):
        return [f"nmf{i}" for i in range(self.n_components_)]

    def _beta(self):
        return BETA.get(self.beta_loss, self.beta_loss)

    def _penalties(self, X):
        """(linear, quadratic) of W and of H."""
        ρ, α_H = self.l1_ratio, self.alpha_W if self.alpha_H == "same" else self.alpha_H
        sizes = X.shape[1] * self.alpha_W, X.shape[0] * α_H
        return [(size * ρ, size * (1 - ρ)) for size in sizes]

    def _start(self, X, W, H):
        n, d = X.shape
        k = self.n_components
        k = (d if H is None else len(H)) if k in (None, "auto") else k
        if self.init == "custom":
            return _given("W", W, (n, k)), _given("H", H, (k, d))
        init = self.init or ("nndsvda" if k <= min(n, d) else "random")
        rng = generator(self.random_state)
        if init == "random":
            mean = np.sqrt(X.mean() / k)
            H = mean * np.abs(rng.standard_normal((k, d)))
            return mean * np.abs(rng.standard_normal((n, k))), H
        if k > min(n, d):
            what = f"init={init!r} can only be used when n_components <= min(n_samples, n_features), and "
            what += f"n_components={k}, X has shape {X.shape}."
            raise refusal(ValueError, what, "NMF(init='random')")
        W, H = nonnegative_singular(X, k)
        for part in (W, H) if init != "nndsvd" else ():
            zero = part == 0
            fill = np.abs(rng.standard_normal(zero.sum())) / 100 if init == "nndsvdar" else 1.0
            part[zero] = X.mean() * fill
        return W, H


def _by_coordinates(model, X, W, H, trace):
    """Newton's step on one column of W, then of Hᵀ, at a time, cut off at 0."""
    learn_H = trace is not None
    (W1, W2), (H1, H2) = model._penalties(X)
    rng = generator(model.random_state)
    Wt, H = W.T.copy(), H.copy()
    first = 0.0
    for n_iter in range(1, model.max_iter + 1):
        HH, order = H @ H.T, _order(len(H), rng if model.shuffle else None)
        WW, WX, slope = np.zeros_like(HH), np.zeros_like(H), 0.0
        for i in range(0, len(X), BLOCK):  # each row of X has its own column of Wᵀ
            w, x = Wt[:, i : i + BLOCK], X[i : i + BLOCK]
            slope += _sweep(w, HH, H @ x.T, W1, W2, order)
            if learn_H:
                WW += w @ w.T
                WX += w @ x
        if learn_H:
            slope += _sweep(H, WW, WX, H1, H2, _order(len(H), rng if model.shuffle else None))
            _note(trace, n_iter, X, Wt.T, H, 2.0)
        first = first or slope
        if slope <= model.tol * first:
            return Wt.T, H, n_iter, True
    return Wt.T, H, n_iter, False


def _note(trace, n_iter, X, W, H, β):
    if trace is not None and trace.keeps_states:
        trace(n_iter, error_of(X, W, H, β))
        trace.keep(components_=H)


def _order(k, rng):
    return range(k) if rng is None else rng.permutation(k)


def _sweep(W, HH, HX, linear, quadratic, order):
    """One pass over the rows of W, in place. Returns how far the slope is from that of a minimum."""
    HX -= linear
    slope = 0.0
    for t in order:
        w, curvature = W[t], HH[t, t] + quadratic
        g = HH[t] @ W
        g -= HX[t]
        if quadratic:
            g += quadratic * w
        slope += np.abs(g) @ ((w > 0) | (g < 0))  # at 0, a slope upwards is that of a minimum
        if curvature > 0:
            g *= -1 / curvature
            g += w
            np.maximum(g, 0, out=w)
    return slope


def _by_multiplication(model, X, W, H, trace):
    """Lee and Seung's rules, for any β (Févotte and Idier 2011, section 4.1)."""
    learn_H = trace is not None
    β, (of_W, of_H) = model._beta(), model._penalties(X)
    first = error = error_of(X, W, H, β)
    for n_iter in range(1, model.max_iter + 1):
        sums = []
        for i in range(0, len(X), BLOCK):
            w, x = W[i : i + BLOCK], X[i : i + BLOCK]
            falling, rising = sides(x, w, H, β)
            w *= multiplier(falling, rising, w, β, *of_W)
            if β < 1:
                w *= np.finfo(float).eps <= w
            if learn_H:
                sums.append(sides(x.T, H.T, w.T, β))
        if learn_H:
            falling, rising = (sum(side) for side in zip(*sums, strict=True))
            H *= multiplier(falling, rising, H.T, β, *of_H).T
            if β <= 1:
                H *= np.finfo(float).eps <= H
            _note(trace, n_iter, X, W, H, β)
        if n_iter % 10 == 0 and model.tol > 0:
            before, error = error, error_of(X, W, H, β)
            if before - error < model.tol * first or first == 0:
                return W, H, n_iter, True
    return W, H, n_iter, model.tol == 0


def sides(X, W, H, β):
    """(X ∘ Y^(β-2)) Hᵀ and Y^(β-1) Hᵀ, Y = W H: ∂D/∂W is the second minus the first."""
    if β == 2:
        return X @ H.T, W @ (H @ H.T)
    Y = np.maximum(W @ H, EPSILON) if β < 2 else W @ H
    falling = (X / Y if β == 1 else X * Y ** (β - 2)) @ H.T
    return falling, H.sum(axis=1) if β == 1 else Y ** (β - 1) @ H.T


def multiplier(falling, rising, W, β, linear=0.0, quadratic=0.0):
    """The first side by the second with its penalties, to the power γ."""
    if linear or quadratic:
        rising = rising + linear + quadratic * W
    falling /= np.where(rising == 0, EPSILON, rising)
    γ = 1 / (2 - β) if β < 1 else 1 / (β - 1) if β > 2 else 1
    return falling if γ == 1 else falling**γ


def error_of(X, W, H, β):
    """√(2 D)."""
    starts = range(0, len(X), BLOCK)
    D = sum(divergence(X[i : i + BLOCK], W[i : i + BLOCK] @ H, β) for i in starts)
    return float(np.sqrt(2 * max(D, 0)))  # rounding errors may be below 0


def divergence(X, Y, β):
    """D(X, Y), of arrays or Tensors; 0 log 0 = 0."""
    if β == 2:
        error = X - Y
        return (error * error).sum() / 2
    if β == 1:
        some = X > EPSILON
        x, y = X[some], Y[some]
        return (x * np.log(x / np.maximum(y, EPSILON))).sum() + Y.sum() - X.sum()
    if β == 0:
        ratio = X / np.maximum(Y, EPSILON)
        return (ratio - np.log(ratio)).sum() - X.size
    whole = (X**β).sum() - β * (X * Y ** (β - 1)).sum() + (β - 1) * (Y**β).sum()
    return whole / (β * (β - 1))


def nonnegative_singular(X, k):
    """W and H from the k largest singular triplets u s vᵀ: the positive or negative part, the larger one."""
    U, s, V = np.linalg.svd(X, full_matrices=False) if len(X) < 10 * X.shape[1] else _tall_svd(X)
    W, H = np.zeros((len(X), k)), np.zeros((k, X.shape[1]))
    W[:, 0], H[0] = np.sqrt(s[0]) * np.abs(U[:, 0]), np.sqrt(s[0]) * np.abs(V[0])
    for j in range(1, k):
        parts = [(np.maximum(a * U[:, j], 0), np.maximum(a * V[j], 0)) for a in (1, -1)]
        norms = [(np.linalg.norm(u), np.linalg.norm(v)) for u, v in parts]
        larger = 0 if np.prod(norms[0]) > np.prod(norms[1]) else 1
        (u, v), (a, b) = parts[larger], norms[larger]
        if a * b > 0:
            W[:, j], H[j] = u * np.sqrt(s[j] * b / a), v * np.sqrt(s[j] * a / b)
    W[W < 1e-6] = 0
    H[H < 1e-6] = 0
    return W, H


def _tall_svd(X):
    """The singular value decomposition from the eigenvectors of XᵀX."""
    s, V = of_gram(X.T @ X, X.shape[1])
    return X @ V.T / np.maximum(s, 1e-8 * s[0] or 1.0), s, V


def _given(name, value, shape):
    if value is None or np.shape(value) != shape:
        found = "none was given" if value is None else f"it has shape {np.shape(value)}"
        what = f"init='custom' needs {name} of shape {shape} as start; {found}."
        raise refusal(ValueError, what, "fit(X, W=..., H=...), or init=None")
    value = np.array(value, dtype=float)
    if not (value >= 0).all():
        raise refusal(ValueError, f"Negative values in data passed to NMF (input {name}).", "abs")
    return value
