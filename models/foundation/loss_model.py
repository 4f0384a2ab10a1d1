"""Models trained by optimization: the model is its loss, and the solver has a name.

    class PoissonRegressor(LinearPredictor, LossModel, Regressor):
        def loss(self, X, y, weight, coef, intercept):
            η = self.linear(X, coef, intercept)
            return weight @ (np.exp(η) - y * η) / weight.sum()

The arguments after `weight` are learned: `start` gives the initial value of each, and `fit`
stores each as an attribute, `coef_` and `intercept_`. Gradients and Hessians come from the engine.
"""

from dataclasses import KW_ONLY
from typing import Any, ClassVar

import numpy as np

from models.foundation.constraints import Fixed
from models.foundation.estimator import Estimator
from models.foundation.fields import learned
from models.foundation.iterate import Trace, kept_by, warn_not_converged
from models.foundation.packing import Packing
from models.foundation.parameters import (
    boolean,
    choice,
    function,
    integer,
    positive,
)
from models.foundation.randomness import seed
from models.foundation.stochastic import descend, optimizers
from tinygrad_edu import Tensor, hessian, hvp, value_and_grad
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.optim.minimize import METHODS, Minimum, minimize

MINIMIZERS = tuple(dict.fromkeys(("lbfgs", *METHODS, "proximal")))


class LossModel(Estimator):
    """A subclass writes `loss(self, X, y, weight, **parameters)` on Tensors, and `start`.

    solver          how the loss is minimized
        "lbfgs", "cg", "newton", "newton-cg"   with a line search, on all rows at once
        "exact"                                by a formula in one step, if the model has `_exact`
        "proximal"                             for a penalty with kinks, if the model has `prox`
        "adam", "sgd", "rmsprop", ...          any optimizer of tinygrad_edu.optim, on batches of rows
    """

    _: KW_ONLY  # so that the first argument is a parameter of the model itself

    solver: str = choice(*MINIMIZERS, "exact", *optimizers(), doc="how the loss is minimized")
    tol: float = positive(1e-6, doc="stop when no element of the gradient is larger")
    max_iter: int = integer(
        100,
        at_least=1,
        doc="largest number of iterations, or of epochs for optimizers such as 'adam'",
    )
    learning_rate: Any = positive(0.01, doc="of optimizers such as 'adam'") | function()
    batch_size: int | None = integer(
        None, at_least=1, doc="rows per step of such optimizers; None for all rows"
    )
    random_state: Any = seed(doc="shuffles the rows for batches")
    warm_start: bool = boolean(False, doc="start from the result of the previous fit")
    verbose: bool | int = boolean(False, doc="print a line per iteration") | integer(at_least=0)

    n_iter_: int = learned("number of iterations")
    trace_: Trace = learned(
        "loss and gradient of every iteration, of 'exact' at its minimum; trace_.plot() draws them"
    )

    loss: ClassVar[Any]
    start: ClassVar[Any]  # (X, y, weight) -> name -> an array, or a constraint around one
    kinked_penalty: ClassVar[Any]  # (**parameters) -> h, a penalty with kinks; no part of `loss`
    prox: ClassVar[Any]  # (name, w, step) -> argmin_v h(v) + ‖v - w‖² / 2 step
    _exact: ClassVar[Any]  # (X, y, weight) -> name -> the parameter at which the loss is least

    def objective(self, X: Any, y: Any, weight: Any, **parameters: Any) -> Any:
        """What is minimized: `loss`. A model with a parameter of that name writes this instead."""
        return self.loss(X, y, weight, **parameters)

    @property
    def has_kinks(self) -> bool:
        """Is there a penalty with kinks, which needs `prox`?"""
        return hasattr(self, "prox")

    def _solver(self) -> str:
        """The solver that runs; a model may accept other names for it."""
        return self.solver

    def _fit(self, X: Any, y: Any, weight: Any) -> None:
        self._keep(self._minimize(X, y, weight))

    def _keep(self, parameters: dict[str, Any]) -> None:
        """Stores each parameter as an attribute, `coef` as `coef_`."""
        for name, value in parameters.items():
            setattr(self, f"{name}_", value)

    def _minimize(self, X: Any, y: Any, weight: Any) -> dict[str, Any]:
        """The parameters with the least loss, by name."""
        solver = self._solver()
        self._require_suitable_solver(solver)
        if solver == "exact":
            found = self._exact(X, y, weight)
            self.n_iter_, self.trace_ = 1, self._one_step(found, X, y, weight)
            return found
        packing = self._packing(X, y, weight)
        trace = Trace.of(self)

        def note(iteration, value, gradient_norm, point):
            trace(iteration, value, gradient_norm)
            if trace.keeps_states:
                trace.keep(**kept_by(self, values_of(packing, point)))

        if solver in MINIMIZERS:
            found = self._by_line_search(solver, packing, X, y, weight, note)
        else:
            found = descend(self, packing, X, y, weight, note)
        self.n_iter_, self.trace_ = found.iterations, trace
        if not found.converged:
            warn_not_converged(
                self,
                f"steps of {solver!r} with a gradient of {np.abs(found.gradient).max():.1e}, "
                f"above tol={self.tol}",
                f"raise {self.limit}, scale the features to a common size, or raise tol",
            )
        return values_of(packing, found.point)

    def _one_step(self, found: dict[str, Any], X: Any, y: Any, weight: Any) -> Trace:
        """The trace of a formula: loss and gradient at the minimum that it found."""
        trace = Trace.of(self)
        if trace.keeps_states:
            trace.keep(**kept_by(self, found))
        with np.errstate(all="ignore"):
            if self.has_kinks:  # a penalty with kinks has no gradient
                loss = self.objective(X, y, weight, **found) + self.kinked_penalty(**found)
                trace(1, loss)
                return trace
            variables = {name: Tensor(value) for name, value in found.items()}
            for name, start in self.start(X, y, weight).items():
                variables[name].requires_grad = not isinstance(start, Fixed)
            loss = self.objective(X, y, weight, **variables)
            loss.backward()
        gradients = [v.grad for v in variables.values() if v.requires_grad]
        trace(1, loss.item(), max(np.abs(g).max(initial=0) for g in gradients))
        return trace

    def _by_line_search(self, solver, packing, X, y, weight, note) -> Minimum:
        def objective(vector):
            return self.objective(X, y, weight, **packing.unpack(vector))

        kinks = {}
        if self.has_kinks:
            kinks = {
                "prox": lambda w, step: packing.prox(self.prox, w, step),
                "penalty": lambda w: float(self.kinked_penalty(**packing.unpack(w))),
            }
        elif solver == "proximal":
            kinks = {"prox": lambda w, step: w}
        of_all = self._value_and_grad(objective, packing, X, y, weight)
        return minimize(
            of_all,
            self._first_point(of_all, solver, packing, X, y, weight),
            method=solver,
            hessian=self._hessian(objective, packing, X, y, weight),
            inverse=self._inverse(packing, X, y, weight) if solver == "lbfgs" else None,
            product=lambda w, v: hvp(objective, (w,), (v,)),
            tol=self.tol,
            max_iter=self.max_iter,
            callback=note,
            **kinks,
        )

    def _value_and_grad(self, objective: Any, packing: Packing, X: Any, y: Any, weight: Any) -> Any:
        """Free numbers -> the loss and its gradient; a model may know a faster way to it."""
        return value_and_grad(objective)

    def _first_point(
        self, of_all: Any, solver: str, packing: Packing, X: Any, y: Any, weight: Any
    ) -> np.ndarray:
        """The free numbers from which a minimizer starts; a model may know a better start."""
        return packing.vector()

    def _hessian(self, objective: Any, packing: Packing, X: Any, y: Any, weight: Any) -> Any:
        """The Hessian as a function of the free numbers; a model may know a faster way to it."""
        return hessian(objective)

    def _inverse(self, packing: Packing, X: Any, y: Any, weight: Any) -> Any:
        """For "lbfgs" to start from: (free numbers, q) -> roughly the inverse Hessian times q; or None."""
        return None

    def _packing(self, X: Any, y: Any, weight: Any) -> Packing:
        """The initial values; with warm_start the result of the last fit, if the shapes are the same."""
        packing = Packing(self.start(X, y, weight))
        if self.warm_start:
            packing.move({name.removesuffix("_"): value for name, value in vars(self).items()})
        return packing

    def _require_suitable_solver(self, solver: str) -> None:
        name = type(self).__name__
        if solver == "exact" and not hasattr(self, "_exact"):
            what = f"{name}(solver='exact'): there is no formula for its minimum."
            raise refusal(ValueError, what, f"{name}(solver={self._defaults()['solver']!r})")
        if self.has_kinks and solver not in ("proximal", "exact"):
            what = (
                f"{name}(solver={self.solver!r}): its penalty has kinks, which that solver misses."
            )
            raise refusal(ValueError, what, f"{name}(solver='proximal')")


def values_of(packing: Packing, point: np.ndarray) -> dict[str, Any]:
    """The parameters at a vector by name; those without axes as numbers."""
    return {name: np.asarray(w)[()] for name, w in packing.unpack(point).items()}
