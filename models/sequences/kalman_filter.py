"""The Kalman filter and smoother: a hidden state that is a vector and moves linearly.

Source: R. Kalman, A new approach to linear filtering and prediction problems (1960); R. Shumway, D. Stoffer,
An approach to time series smoothing and forecasting using the EM algorithm (1982); C. Bishop, Pattern
Recognition and Machine Learning (2006), section 13.3.
"""

from typing import Any, NamedTuple

import numpy as np

from models.foundation import array, choice, integer, learned
from models.foundation.constraints import Fixed, Free
from models.foundation.em import EM
from models.foundation.loss_model import LossModel
from models.foundation.packing import Packing
from models.foundation.randomness import generator
from models.sequences.lengths import ReadsSequences
from tinygrad_edu import scan
from tinygrad_edu.diagnostics.words import refusal

# letter of Bishop's notation -> name of the parameter
NAMES = {
    "A": "transition_matrices", "C": "observation_matrices", "Q": "transition_covariance",
    "R": "observation_covariance", "m": "initial_state_mean", "P": "initial_state_covariance",
}  # fmt: skip
COVARIANCES = (NAMES["Q"], NAMES["R"], NAMES["P"])


class KalmanFilter(ReadsSequences, EM, LossModel):
    """z_1 ~ N(m, P),   z_t = A z_(t-1) + N(0, Q),   x_t = C z_t + N(0, R).

    The filter gives p(z_t | x_1 ... x_t) = N(μ_t, V_t) by a recursion (Bishop 13.89-13.92), with the
    prediction A μ, V⁻ = A V Aᵀ + Q and the gain K = V⁻ Cᵀ (C V⁻ Cᵀ + R)⁻¹:

        μ_t = A μ + K (x_t - C A μ)        V_t = V⁻ - K C V⁻

    The smoother gives p(z_t | all x) by a second recursion, backward (13.100, 13.101). `learn` says
    which parameters are learned. They start at the argument of the same name, or at the identity. With
    solver="em" by expectation and maximization (13.110-13.115); any other solver follows the gradient of
    -log p(X) / steps through the recursion. An element of X that is NaN is missing, and has no influence.

    The names are those of pykalman.
    """

    allow_nan = True
    limit = "n_iter"

    transition_matrices: Any = array(None, doc="A: (states, states)")
    observation_matrices: Any = array(None, doc="C: (features, states)")
    transition_covariance: Any = array(None, doc="Q: (states, states)")
    observation_covariance: Any = array(None, doc="R: (features, features)")
    initial_state_mean: Any = array(None, doc="m: (states,); None for 0")
    initial_state_covariance: Any = array(None, doc="P: (states, states)")
    n_dim_state: int | None = integer(
        None, at_least=1, doc="number of states; None for that of the matrices, or 1"
    )
    learn: str = choice("covariances", "all", "none", doc="what is learned: Q, R, m, P; or all")
    solver: Any = choice("em", "lbfgs", "cg", "newton-cg", doc="how to maximize")
    n_iter: int = integer(10, at_least=1, doc="largest number of rounds or steps")
    verbose: Any = EM._parameters["verbose"] | integer(at_least=0)

    max_iter = property(lambda self: self.n_iter)
    n_init = property(lambda self: 1)
    learning_rate = batch_size = random_state = property(lambda self: None)

    transition_matrices_: np.ndarray = learned("A: (states, states)")
    observation_matrices_: np.ndarray = learned("C: (features, states)")
    transition_covariance_: np.ndarray = learned("Q: (states, states)")
    observation_covariance_: np.ndarray = learned("R: (features, features)")
    initial_state_mean_: np.ndarray = learned("m: (states,)")
    initial_state_covariance_: np.ndarray = learned("P: (states, states)")
    lower_bound_: float = learned("log p(X) of the training data in the last round")
    trace_: Any = learned("the loss of every round or step; trace_.plot() draws it")

    # ---- fit -------------------------------------------------------------------------------------

    def start(self, X, weight, rng):
        p = X.rows.shape[1]
        C, A = self.observation_matrices, self.transition_matrices
        d = self.n_dim_state or (np.shape(A)[0] if A is not None else 0)
        d = d or (np.shape(C)[-1] if C is not None else 1)
        shapes = {"A": (d, d), "C": (p, d), "Q": (d, d), "R": (p, p), "m": (d,), "P": (d, d)}
        start = {}
        for letter, shape in shapes.items():
            name = NAMES[letter]
            given = getattr(self, name)
            if given is None:
                given = np.eye(*shape) if len(shape) == 2 else np.zeros(shape)
            found = np.array(given, dtype=float)
            if found.shape != shape:
                what = (
                    f"{name} has shape {found.shape}, and {d} states and {p} features need {shape}."
                )
                raise refusal(ValueError, what, f"{name} of shape {shape}, or n_dim_state")
            if name in COVARIANCES:
                _require_covariance(name, found)
            start[name] = found
        return start

    def _fit(self, X, weight):  # type: ignore[override]
        try:
            self._find(X, weight)
        except np.linalg.LinAlgError:
            raise _degenerate() from None

    def _find(self, X, weight):
        if self.learn == "none":
            found = self.start(X, weight, None)
            self.n_iter_, self.converged_ = 0, True
        elif self.solver == "em":
            super()._fit(X, weight)
            return
        else:
            found = self._minimize(X, None, weight)
            self.converged_ = bool(self.trace_.gradient_norm[-1] <= self.tol)
        self._keep(found)
        self.lower_bound_ = float(filtered(X, **found).log_p.sum())

    def _learned_names(self):
        return {"all": NAMES.values(), "covariances": [NAMES[x] for x in "QRmP"]}[self.learn]

    def loss(self, X, y, weight, **parameters):
        """-log p(X) / steps."""
        return -filtered(X, **parameters).log_p.sum() / len(X)

    def _packing(self, X, y, weight):
        first = self._learned_parameters() if self.warm_start else None
        first = first or self.start(X, weight, None)
        free = {n: Covariance(v) if n in COVARIANCES else Free(v) for n, v in first.items()}
        chosen = self._learned_names()
        return Packing({n: free[n] if n in chosen else Fixed(v) for n, v in first.items()})

    def expect(self, X, **parameters):
        found = filtered(X, **parameters)
        log_p = found.log_p.sum()
        if not np.isfinite(log_p):
            raise _degenerate()
        return log_p, (parameters, smoothed(found, X, **parameters))

    def bound(self, weight, log_p, expected, **parameters):
        return float(log_p)

    def maximize(self, X, weight, expected):
        """The parameters with the largest E[log p(X, Z)] (Bishop 13.110-13.115)."""
        before, (z, V, G) = expected
        A, C, *_ = before.values()
        best, first = {}, X.first
        second = V + z[:, :, None] * z[:, None]  # E[z_t z_tᵀ]
        after = np.flatnonzero(~first)
        lagged = V[after] @ np.swapaxes(G[after - 1], 1, 2) + z[after, :, None] * z[after - 1, None]
        best["m"] = z[first].mean(axis=0)
        away = z[first] - best["m"]
        best["P"] = V[first].mean(axis=0) + away.T @ away / first.sum()
        if len(after):
            past, now, both = (s.sum(axis=0) for s in (second[after - 1], second[after], lagged))
            if self.learn == "all":
                A = best["A"] = np.linalg.solve(past, both.T).T
            best["Q"] = (now - A @ both.T - both @ A.T + A @ past @ A.T) / len(after)
        seen = ~np.isnan(X.rows)
        rows = seen.all(axis=1)
        if (seen.any(axis=1) & ~rows).any():
            what = "KalmanFilter(solver='em') reads rows that are complete or missing as a whole."
            raise refusal(ValueError, what, "KalmanFilter(solver='lbfgs')")
        if rows.any():
            x, xz, zz = X.rows[rows], X.rows[rows].T @ z[rows], second[rows].sum(axis=0)
            if self.learn == "all":
                C = best["C"] = np.linalg.solve(zz, xz.T).T
            best["R"] = (x.T @ x - C @ xz.T - xz @ C.T + C @ zz @ C.T) / len(x)
        named = {NAMES[letter]: value for letter, value in best.items()}
        symmetric = {n: (v + v.T) / 2 if n in COVARIANCES else v for n, v in named.items()}
        return before | symmetric

    # ---- answers ---------------------------------------------------------------------------------

    def _parameters_now(self):
        return {name: getattr(self, f"{name}_") for name in NAMES.values()}

    def filter(self, X: Any, lengths: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """Means (steps, states) and covariances (steps, states, states) of z_t given x_1 ... x_t."""
        found = filtered(self._sequences(X, lengths), **self._parameters_now())
        return found.mean, found.covariance

    def smooth(self, X: Any, lengths: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """Means (steps, states) and covariances (steps, states, states) of z_t given all x."""
        X, parameters = self._sequences(X, lengths), self._parameters_now()
        z, V, _ = smoothed(filtered(X, **parameters), X, **parameters)
        return z, V

    def predict(self, X: Any, lengths: Any = None) -> np.ndarray:
        """The means of the states given all x: (steps, states)."""
        return self.smooth(X, lengths)[0]

    def score(self, X: Any, lengths: Any = None) -> float:
        """log p(X), of all sequences together."""
        return float(self.score_samples(X, lengths).sum())

    def score_samples(self, X: Any, lengths: Any = None) -> np.ndarray:
        """log p(x_t | x_1 ... x_(t-1)) of every step: (steps,)."""
        return filtered(self._sequences(X, lengths), **self._parameters_now()).log_p

    def sample(self, n_timesteps: int, random_state: Any = None) -> tuple[np.ndarray, np.ndarray]:
        """Random states (steps, states), and what is observed of them (steps, features)."""
        A, C, Q, R, m, P = self._parameters_now().values()
        rng = generator(random_state)
        z = [rng.multivariate_normal(m, P)]
        while len(z) < n_timesteps:
            z.append(rng.multivariate_normal(A @ z[-1], Q))
        noise = rng.multivariate_normal(np.zeros(len(R)), R, n_timesteps)
        return np.stack(z), np.stack(z) @ C.T + noise


class Filtered(NamedTuple):
    """p(z_t | x_1 ... x_t), and log p(x_t | x_1 ... x_(t-1)), of every step."""

    mean: Any
    covariance: Any
    log_p: Any


def filtered(X, transition_matrices, observation_matrices, transition_covariance,
             observation_covariance, initial_state_mean, initial_state_covariance):  # fmt: skip
    """The filter, of arrays or Tensors.

    A missing element gets the row 0 in C, the value 0 and noise of variance 1 and no covariance. This adds
    log N(0; 0, 1) to log p, which is taken away (Shumway and Stoffer 1982, section 3).
    """
    A, C = transition_matrices, observation_matrices
    Q, R = transition_covariance, observation_covariance
    m, P = initial_state_mean, initial_state_covariance
    seen = (~np.isnan(X.rows)).astype(float)
    unseen = np.eye(seen.shape[1])

    def step(carry, given):
        (μ, V), (x, mask, begins) = carry[:2], given
        μ = np.where(begins, m, A @ μ)
        V = np.where(begins, P, A @ V @ A.T + Q)
        H = mask[:, None] * C
        S = H @ V @ H.T + mask[:, None] * R * mask + unseen * (1 - mask)
        e = x - H @ μ
        K = np.linalg.solve(S, H @ V).T
        log_p = -0.5 * (e @ np.linalg.solve(S, e) + np.linalg.slogdet(S)[1])
        V = V - K @ H @ V
        return (μ + K @ e, (V + V.T) / 2), log_p

    d = np.shape(m)[0]
    given = (np.nan_to_num(X.rows), seen, X.first)
    (mean, covariance), log_p = scan(step, (np.zeros(d), np.eye(d)), given)
    return Filtered(mean, covariance, log_p - seen.sum(axis=1) * np.log(2 * np.pi) / 2)


def smoothed(found, X, transition_matrices, transition_covariance, **_):
    """Means and covariances of z_t given all x, and the gains J_t = V_t Aᵀ (A V_t Aᵀ + Q)⁻¹."""
    A, Q = transition_matrices, transition_covariance
    z, V = found.mean.copy(), found.covariance.copy()
    ahead = A @ found.covariance @ A.T + Q
    J = np.swapaxes(np.linalg.solve(ahead, A @ found.covariance), 1, 2)
    for t in range(len(z) - 2, -1, -1):
        if not X.first[t + 1]:
            z[t] += J[t] @ (z[t + 1] - A @ z[t])
            V[t] += J[t] @ (V[t + 1] - ahead[t]) @ J[t].T
    return z, V, J


class Covariance(Free):
    """A positive-definite matrix L Lᵀ + ε I, with the free numbers z in L; ε keeps it regular."""

    def __init__(self, start):
        super().__init__(start)
        self.least = 1e-8 * np.linalg.eigvalsh(self.start).min() * np.eye(len(self.start))

    def free(self):
        return np.linalg.cholesky(self.start - self.least)

    def value(self, z):
        return z @ z.T + self.least


def _degenerate():
    what = "KalmanFilter: log p(X) is not finite: a covariance has become singular, or X is huge."
    return refusal(ValueError, what, "fewer rounds, fewer states, or features of a common size")


def _require_covariance(name, found):
    if not np.allclose(found, found.T) or np.linalg.eigvalsh(found).min() <= 0:
        what = f"{name} must be symmetric and positive-definite."
        raise refusal(ValueError, what, f"{name} + 1e-6 * np.eye({len(found)})")
