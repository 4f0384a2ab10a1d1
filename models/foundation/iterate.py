"""Parts of all iterations: their history, progress lines, and the warning that they did not converge.

Every iterative estimator makes a `Trace`, and calls it once per iteration. A trace always has the losses that
the algorithm computes anyway. What costs time or memory, the state after each iteration, is kept on request:

    with traced():
        model = KMeans(3).fit(X)
    model.trace_.states[4].cluster_centers_     # after step 4

A state has learned attributes of the estimator, with the values that `fit` would store if it stopped there.
So the last state is the result. In an estimator this is

    trace = Trace.of(self)
    for iteration in range(1, self.max_iter + 1):
        centers = ...
        trace(iteration, loss)
        if trace.keeps_states:
            trace.keep(cluster_centers_=centers)
    self.trace_ = trace

If no loss is computed in its loop, the estimator calls the trace only if it keeps states, and stores it only
if it is not empty: `if trace: self.trace_ = trace`.
"""

import copy
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, Self

import numpy as np

from models.foundation.bunch import Bunch
from models.foundation.sklearn_bridge import ConvergenceWarning, warn

_states_are_kept = ContextVar("states are kept", default=False)


@contextmanager
def traced() -> Iterator[None]:
    """Context in which iterative estimators keep the state after each iteration, in `trace_.states`.

        with traced():
            model = GaussianMixture(3).fit(X)
        viz.animate_fit(model, "mixture.gif", X)

    Fits in other processes, by n_jobs, keep none.
    """
    before = _states_are_kept.set(True)
    try:
        yield
    finally:
        _states_are_kept.reset(before)


class Trace:
    """The history of an iteration: loss and size of the gradient, at the start and after each step.

    iteration       its number for each entry: from 0 if the start is known, otherwise from 1
    loss            array of shape (entries,); of a formula (1,), at the minimum; NaN if not computed
    gradient_norm   the largest element of the gradient; NaN for an iteration without gradients
    states          of a fit in `with traced():` the learned attributes after each iteration; otherwise []

    `trace.plot()` draws loss and gradient. Called with (iteration, loss, gradient_norm) it adds an entry, and
    prints it if `verbose` is the name of a model.
    """

    def __init__(self, verbose: str = ""):
        self.verbose = verbose
        self.keeps_states = _states_are_kept.get()
        self.states: list[Bunch] = []
        self.iteration: list[int] = []
        self._steps: list[tuple[float, float]] = []

    @classmethod
    def of(cls, estimator: Any) -> Self:
        """The empty history of an estimator, which prints if its `verbose` says so."""
        return cls(type(estimator).__name__ if getattr(estimator, "verbose", False) else "")

    def __call__(self, iteration: int, loss: float = np.nan, gradient_norm: float = np.nan) -> None:
        self.iteration.append(int(iteration))
        self._steps.append((float(loss), float(gradient_norm)))
        if self.verbose:
            slope = "" if np.isnan(gradient_norm) else f"   gradient {gradient_norm:.2e}"
            print(f"{self.verbose}   iteration {iteration:>4}   loss {loss:.8g}{slope}")

    def keep(self, **attributes: Any) -> None:
        """Keeps the state of the last entry: a copy of learned attributes."""
        self.states.append(Bunch(copy.deepcopy(attributes)))

    @property
    def loss(self) -> np.ndarray:
        return np.array([loss for loss, _ in self._steps])

    @property
    def gradient_norm(self) -> np.ndarray:
        return np.array([norm for _, norm in self._steps])

    def __len__(self) -> int:
        return len(self._steps)

    def __repr__(self) -> str:
        if not self._steps:
            return "Trace(no steps)"
        first, last = self._steps[0][0], self._steps[-1][0]
        if len(self) == 1:
            return f"Trace(loss {first:.6g}, gradient {self._steps[0][1]:.2g})"
        return f"Trace({len(self) - 1} iterations, loss {first:.6g} to {last:.6g})"

    def plot(self, ax: Any = None, **style: Any) -> Any:
        """Draws how far the loss is above its lowest value, and the gradient; returns matplotlib's axes."""
        if ax is None:
            import matplotlib.pyplot as plt

            _, ax = plt.subplots()
        above = self.loss - self.loss.min()
        shown = above > 0  # the lowest one has no logarithm
        steps = np.arange(len(self))
        ax.semilogy(steps[shown], above[shown], marker=".", label="loss - lowest loss", **style)
        if not np.isnan(self.gradient_norm).all():
            ax.semilogy(steps, self.gradient_norm, ".--", label="max |gradient|", **style)
        ax.set_xlabel("iteration")
        ax.legend()
        return ax


def kept_by(estimator: Any, parameters: Any) -> dict[str, Any]:
    """The state with these parameters: the attributes that `estimator._keep(parameters)` stores."""
    other = estimator._copy(with_learned=True)
    before = dict(vars(other))
    other._keep(parameters)
    now = vars(other).items()
    return {n: x for n, x in now if x is not before.get(n) and not n.startswith("_")}


def warn_not_converged(estimator: Any, what: str, hint: str) -> None:
    """Warns that the iterations ended too soon: what is left, and what to try."""
    name = type(estimator).__name__
    stopped = f"{name} stopped after {estimator.n_iter_} {what}: it failed to converge"
    warn(ConvergenceWarning, f"{stopped}. Try: {hint}")
