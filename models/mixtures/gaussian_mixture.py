"""The Gaussian mixture, by expectation and maximization, or by gradient.

Source: C. Bishop, Pattern Recognition and Machine Learning (2006), section 9.2.2; A. Dempster, N. Laird,
D. Rubin, Maximum likelihood from incomplete data via the EM algorithm (1977).
"""

from typing import Any

import numpy as np

from models.foundation import array, choice
from models.foundation.loss_model import LossModel
from models.foundation.packing import Packing
from models.foundation.randomness import generator
from models.mixtures import gaussians
from models.mixtures.mixture import Mixture
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import log_softmax, logsumexp


class GaussianMixture(Mixture, LossModel):
    """p(x) = Σ_k π_k N(x; μ_k, Σ_k), with the largest likelihood ℓ = Σ_i s_i log p(x_i) / Σ s.

    s are the sample weights. With solver="em", a round takes the responsibilities r_ki = P(k | x_i), and from
    them (Bishop 9.24-9.27)

        N_k = Σ_i s_i r_ki     π_k = N_k / N     μ_k = Σ_i s_i r_ki x_i / N_k
        Σ_k = Σ_i s_i r_ki (x_i - μ_k)(x_i - μ_k)ᵀ / N_k + ε I

    Both steps are gradients of ℓ N: ∂/∂log π_k = N_k, and the new mean is μ_k + Σ_k (∂/∂μ_k) / N_k.

    Any other solver follows the gradient of -ℓ, which the engine finds, from the same start, with
    π = softmax(logits) and Σ = A Aᵀ + ε I. Then `tol` is about the gradient, and there is one start.
    """

    n_components = 1
    solver: Any = choice("em", doc="how ℓ is maximized") | LossModel._parameters["solver"]
    weights_init: Any = array(None, at_least=0, doc="the first π")
    means_init: Any = array(None, doc="the first μ")
    precisions_init: Any = array(None, doc="the first Σ⁻¹, in the shape of precisions_")

    @classmethod
    def examples(cls, rng):
        for _, X, y in super().examples(rng):
            start = {"weights_init": [0.2, 0.3, 0.5], "means_init": X[:3]}
            for form in gaussians.FORMS:
                P = gaussians.unit(form, 3, X.shape[1]) / 4
                yield cls(3, covariance_type=form, precisions_init=P, **start), X, y

    # ---- by expectation and maximization -------------------------------------------------------

    def log_joint(self, X, weights, means, covariances):
        form = self.covariance_type
        P = gaussians.precision_factors(form, covariances)
        with np.errstate(divide="ignore"):  # a component of weight 0
            return gaussians.log_densities(form, X, means, P) + np.log(weights)[:, None]

    def maximize(self, X, weight, expected):
        R = weight * expected
        N, means, covariances = gaussians.moments(self.covariance_type, X, R, self.reg_covar)
        return {"weights": N / N.sum(), "means": means, "covariances": covariances}

    def start(self, X, weight, rng):
        self._require_enough_rows(X)
        given = self._given(X.shape[1])
        return given if len(given) == 3 else super().start(X, weight, rng) | given

    # ---- by gradient ---------------------------------------------------------------------------

    def loss(self, X, y, weight, logits, means, roots):
        """-ℓ of Tensors. roots: A, in the shape of covariances_."""
        K, d = means.shape
        Σ = gaussians.matrices(self.covariance_type, self._covariances(roots), K, d)
        joint = log_softmax(logits)[:, None] + gaussians.log_densities_of_tensors(X, means, Σ)
        return -(weight @ logsumexp(joint, axis=0)) / weight.sum()

    def _covariances(self, roots):
        """A Aᵀ + ε I."""
        if self.covariance_type in ("full", "tied"):
            return roots @ np.swapaxes(roots, -1, -2) + self.reg_covar * np.eye(roots.shape[-1])
        return roots * roots + self.reg_covar

    def _packing(self, X, y, weight):
        earlier = self._learned_parameters() if self.warm_start else None
        first = earlier or self.start(X, weight, generator(self.random_state))
        return Packing({
            "logits": np.log(first["weights"]),
            "means": first["means"],
            "roots": self._roots(first["covariances"]),
        })  # fmt: skip

    def _roots(self, Σ):
        """A with A Aᵀ + ε I = Σ, but never 0, where ∂Σ/∂A would be 0."""
        if self.covariance_type not in ("full", "tied"):
            return np.sqrt(np.maximum(Σ - self.reg_covar, 1e-3 * Σ))
        λ, V = np.linalg.eigh(Σ)
        return V * np.sqrt(np.maximum(λ - self.reg_covar, 1e-3 * λ))[..., None, :]

    def _fit(self, X, weight):  # type: ignore[override]
        if self.solver == "em":
            return super()._fit(X, weight)
        if self.n_init > 1:
            what = (
                f"GaussianMixture(solver={self.solver!r}, n_init={self.n_init}): it has one start."
            )
            raise refusal(ValueError, what, "n_init=1, or solver='em'")
        self._keep(self._minimize(X, None, weight))
        self.lower_bound_ = -self.trace_.loss[-1]
        self.converged_ = bool(self.trace_.gradient_norm[-1] <= self.tol)
        self._finish()

    def _keep(self, parameters):
        if "logits" in parameters:  # the free numbers of the gradient
            logits, covariances = parameters["logits"], self._covariances(parameters["roots"])
            weights = np.exp(logits - logsumexp(logits))
            parameters = {
                "weights": weights, "means": parameters["means"], "covariances": covariances
            }  # fmt: skip
        super()._keep(parameters)

    # ---- what was given, and criteria ------------------------------------------------------------

    def _given(self, d):
        """The parts of the start that are parameters of the estimator, checked."""
        K, form = self.n_components, self.covariance_type
        unit = gaussians.unit(form, K, d)
        shapes = {"weights": (K,), "means": (K, d), "precisions": unit.shape}
        given = {}
        for name, shape in shapes.items():
            value = getattr(self, f"{name}_init")
            if value is None:
                continue
            given[name] = np.array(value, dtype=float)
            if given[name].shape != shape:
                what = f"The parameter '{name}_init' should have the shape of {shape}"
                what += f", but got {given[name].shape}."
                raise refusal(ValueError, what, f"{name}_init of shape {shape}, or None")
        if "weights" in given and not np.isclose(given["weights"].sum(), 1):
            what = f"The parameter 'weights_init' should be normalized: its sum is {given['weights'].sum()}."
            raise refusal(ValueError, what, "weights_init / weights_init.sum()")
        if "precisions" in given:
            factor = gaussians.precision_factors(form, given.pop("precisions"))
            given["covariances"] = gaussians.precisions(form, factor)  # the inverse
        return given

    def bic(self, X: Any) -> float:
        """The Bayesian information criterion, -2 log p(X) + parameters · log n: lower is better."""
        return -2 * self.score(X) * len(X) + self._n_parameters() * float(np.log(len(X)))

    def aic(self, X: Any) -> float:
        """The Akaike information criterion, -2 log p(X) + 2 parameters: lower is better."""
        return -2 * self.score(X) * len(X) + 2 * self._n_parameters()

    def _n_parameters(self):
        K, d = self.means_.shape
        unit = gaussians.unit(self.covariance_type, K, d)
        symmetric = 2 if self.covariance_type in ("full", "tied") else 1  # half of it counts twice
        return (unit.size + np.count_nonzero(unit) * (symmetric - 1)) // symmetric + K * d + K - 1
