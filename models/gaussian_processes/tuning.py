"""Hyper-parameters by the largest marginal likelihood, with the gradient that the engine finds."""

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from models.foundation import Estimator, choice, clone, function, integer, learned, seed
from models.foundation.iterate import Trace
from models.foundation.randomness import generator
from models.gaussian_processes.box import minimize_in_box
from models.gaussian_processes.kernels import RBF, ConstantKernel, Kernel, kernel_part
from tinygrad_edu import value_and_grad
from tinygrad_edu.diagnostics.words import refusal


class TunesKernel(Estimator):
    """A model with a kernel. `_tune` finds the θ at which its evidence is largest. A subclass writes

    `evidence(kernel, pairs)`    ln p(y | X, θ) in operations of NumPy; the parameters may be Tensors
    `_pairs()`                   the pairs of rows that it needs: what it knows of them is kept meanwhile

    The optimizer "fmin_l_bfgs_b" is a projected BFGS here, with the same bounds and the same maximum.
    """

    kernel: Any = kernel_part(None, doc="k; None for a constant times an RBF")
    optimizer: Any = (
        choice("fmin_l_bfgs_b", None, doc="how θ is found; None to keep that of the kernel; or a function "
               "(objective, θ, bounds) -> (θ, value) that minimizes objective(θ) -> (value, gradient)")
        | function()
    )  # fmt: skip
    n_restarts_optimizer: int = integer(
        0, at_least=0, doc="further starts, drawn between the bounds; the best is kept"
    )
    random_state: Any = seed(doc="draws the further starts")

    kernel_: Kernel = learned("the kernel with the θ that was found")
    log_marginal_likelihood_value_: float = learned("ln p(y | X, θ) there")
    trace_: Trace = learned(
        "-ln p(y | X, θ) and its gradient at every step; trace_.plot() draws them"
    )

    evidence: ClassVar[Any]
    _pairs: ClassVar[Any]

    def _untuned(self) -> Kernel:
        """The kernel with which tuning starts."""
        return ConstantKernel() * RBF() if self.kernel is None else clone(self.kernel)

    def _tune(self, kernel: Kernel, pairs: Any) -> None:
        """Sets kernel_ to the kernel with the best θ."""
        kernel._check_parameters()
        self.kernel_, self.trace_ = kernel, Trace()
        theta, best = kernel.theta, np.inf
        if self.optimizer is not None and kernel.n_dims:
            objective = self._objective(pairs)
            for start in self._starts(kernel):
                found, value, trace = self._minimize(objective, start, kernel.bounds)
                if value < best or best == np.inf:
                    theta, best, self.trace_ = found, value, trace
            kernel.theta = theta
            kernel._warn_of_bounds()
        self.log_marginal_likelihood_value_ = self._evidence_at(theta, pairs)

    def _minimize(self, objective: Callable, start: Any, bounds: Any) -> tuple[Any, float, Trace]:
        trace = Trace()
        if callable(self.optimizer):
            theta, value = self.optimizer(objective, start, bounds)
            return theta, float(value), trace
        theta, value, steps, _ = minimize_in_box(objective, start, bounds)
        for iteration, step in enumerate(steps):
            trace(iteration, *step)
        return theta, value, trace

    def _objective(self, pairs: Any) -> Callable:
        """θ -> -ln p(y | X, θ), and its gradient unless eval_gradient is False."""

        def objective(theta: Any, eval_gradient: bool = True) -> Any:
            if not eval_gradient:
                return -self._evidence_at(theta, pairs)
            value, gradient = self._evidence_and_gradient(theta, pairs)
            return -value, -gradient

        return objective

    def _evidence_at(self, theta: Any, pairs: Any) -> float:
        try:
            return float(self.evidence(self.kernel_.clone_with_theta(theta), pairs))
        except np.linalg.LinAlgError:
            return -np.inf

    def _evidence_and_gradient(self, theta: Any, pairs: Any) -> tuple[float, np.ndarray]:
        """ln p(y | X, θ) and its gradient; -inf and 0 where the covariance is not positive definite."""

        def evidence(theta: Any) -> Any:
            return self.evidence(self.kernel_.clone_with_theta(theta), pairs)

        try:
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                value, gradient = value_and_grad(evidence)(theta)
        except np.linalg.LinAlgError:
            return -np.inf, np.zeros_like(theta)
        return float(value), gradient

    def _starts(self, kernel: Kernel) -> list[np.ndarray]:
        low, high = kernel.bounds.T
        if self.n_restarts_optimizer and not np.isfinite(kernel.bounds).all():
            what = "Multiple optimizer restarts (n_restarts_optimizer>0) requires that all bounds are finite."
            raise refusal(ValueError, what, "bounds above 0 and below infinity")
        rng = generator(self.random_state)
        return [kernel.theta, *(rng.uniform(low, high) for _ in range(self.n_restarts_optimizer))]

    def log_marginal_likelihood(
        self, theta: Any = None, eval_gradient: bool = False, clone_kernel: bool = True
    ) -> Any:
        """ln p(y | X, θ), at θ of kernel_ if theta is None; with eval_gradient also its gradient.

        clone_kernel    without it, kernel_ keeps theta
        """
        self._require_fitted()
        if theta is None:
            if eval_gradient:
                what = "Gradient can only be evaluated for theta!=None."
                raise refusal(ValueError, what, "theta=model.kernel_.theta")
            return self.log_marginal_likelihood_value_
        ask: Any = self._evidence_and_gradient if eval_gradient else self._evidence_at
        result = ask(np.asarray(theta, dtype=np.float64), self._pairs())
        if not clone_kernel:
            self.kernel_.theta = theta
        return result

    def _require_fitted(self) -> None:
        self.kernel_  # raises NotFittedError before fit  # noqa: B018
