"""Expectation and maximization, for models with hidden variables.

    expect      the hidden variables, given the parameters: p(hidden | x, θ)
    maximize    the parameters, given the hidden variables: argmax_θ E[log p(x, hidden | θ)]

Each round raises the likelihood of the data (Dempster, Laird, Rubin 1977), and converges to a
local maximum. With several starts, the best is kept. As in scikit-learn, a round ends with `maximize`,
and its likelihood is that of the parameters with which it began: a lower bound of the result's.
"""

from dataclasses import KW_ONLY
from typing import Any, ClassVar

import numpy as np

from models.foundation.estimator import Estimator
from models.foundation.fields import learned
from models.foundation.iterate import Trace, kept_by, warn_not_converged
from models.foundation.parameters import boolean, integer, nonnegative
from models.foundation.randomness import generator, seed


class EM(Estimator):
    """A subclass writes three functions; `fit` keeps each parameter as an attribute, `means` as `means_`.

    `start(X, weight, rng)`             the first parameters, name -> array
    `expect(X, **parameters)`           log p(x) of each row, and the expectations of the hidden variables
    `maximize(X, weight, expected)`     the best parameters given these, name -> array

    A variational model, which maximizes another bound than the mean of log p(x), writes it as `bound`.
    """

    _: KW_ONLY  # so that the first argument is a parameter of the model itself

    n_init: int = integer(1, at_least=1, doc="number of starts; the best is kept")
    max_iter: int = integer(100, at_least=1, doc="largest number of rounds per start")
    tol: float = nonnegative(1e-3, doc="stop when the mean of log p(x) rises by at most this")
    random_state: Any = seed()
    warm_start: bool = boolean(False, doc="start from the result of the previous fit")
    verbose: bool = boolean(False, doc="print a line per round")

    n_iter_: int = learned("number of rounds of the best start")
    converged_: bool = learned("whether the rise fell below tol")
    lower_bound_: float = learned("mean of log p(x) of the training data in the last round")
    trace_: Trace = learned("-(mean of log p(x)) of every round; trace_.plot() draws it")

    start: ClassVar[Any]
    expect: ClassVar[Any]
    maximize: ClassVar[Any]

    def _fit(self, X: Any, weight: Any) -> None:
        rng = generator(self.random_state)
        earlier = self._learned_parameters() if self.warm_start else None
        starts = [earlier] if earlier else [self.start(X, weight, rng) for _ in range(self.n_init)]
        runs = [self._climb(X, weight, start) for start in starts]
        self.lower_bound_, parameters, self.converged_, self.trace_ = max(runs, key=lambda r: r[0])
        self.n_iter_ = len(self.trace_)
        self._keep(parameters)
        if not self.converged_:
            what = f"rounds, while log p(x) still rose by more than tol={self.tol}"
            warn_not_converged(self, what, f"raise {self.limit}, raise tol, or another start")

    def _keep(self, parameters: dict[str, Any]) -> None:
        """Stores each parameter as an attribute, `means` as `means_`."""
        self._parameter_names_ = tuple(parameters)
        for name, value in parameters.items():
            setattr(self, f"{name}_", value)

    def _climb(self, X: Any, weight: Any, parameters: Any) -> tuple[float, Any, bool, Trace]:
        """Rounds from one start: (mean of log p(x), parameters, converged, trace)."""
        trace = Trace.of(self)
        bound = vars(self).get("lower_bound_", -np.inf)  # known from the last fit, with warm_start
        for iteration in range(1, self.max_iter + 1):
            log_p, expected = self.expect(X, **parameters)
            parameters = self.maximize(X, weight, expected)
            before, bound = bound, self.bound(weight, log_p, expected, **parameters)
            trace(iteration, -bound)
            if trace.keeps_states:
                trace.keep(**kept_by(self, parameters))
            if abs(bound - before) <= self.tol:
                return bound, parameters, True, trace
        return bound, parameters, False, trace

    def bound(self, weight: Any, log_p: Any, expected: Any, **parameters: Any) -> float:
        """What a round maximizes: the mean of log p(x)."""
        return float(np.average(log_p, weights=weight))

    def _learned_parameters(self) -> dict[str, Any]:
        """The parameters as `expect` takes them."""
        names = vars(self).get("_parameter_names_", ())
        return {name: getattr(self, f"{name}_") for name in names}
