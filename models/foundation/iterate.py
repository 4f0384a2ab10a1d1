"""Parts of all iterations: their history, progress lines, and the warning that they did not converge."""

from typing import Any, Self

import numpy as np

from models.foundation.sklearn_bridge import ConvergenceWarning, warn


class Trace:
    """The history of an iteration: loss and size of the gradient, at the start and after each step.

    loss            array of shape (iterations + 1,); of a formula (1,), at the minimum
    gradient_norm   the largest element of the gradient; NaN for an iteration without gradients

    `trace.plot()` draws both. Called with (iteration, loss, gradient_norm) it adds a step, and prints it
    if `verbose` is the name of a model.
    """

    def __init__(self, verbose: str = ""):
        self.verbose = verbose
        self._steps: list[tuple[float, float]] = []

    @classmethod
    def of(cls, estimator: Any) -> Self:
        """The empty history of an estimator, which prints if its `verbose` says so."""
        return cls(type(estimator).__name__ if estimator.verbose else "")

    def __call__(self, iteration: int, loss: float, gradient_norm: float = np.nan) -> None:
        self._steps.append((float(loss), float(gradient_norm)))
        if self.verbose:
            slope = "" if np.isnan(gradient_norm) else f"   gradient {gradient_norm:.2e}"
            print(f"{self.verbose}   iteration {iteration:>4}   loss {loss:.8g}{slope}")

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


def warn_not_converged(estimator: Any, what: str, hint: str) -> None:
    """Warns that the iterations ended too soon: what is left, and what to try."""
    name = type(estimator).__name__
    warn(ConvergenceWarning, f"{name} stopped after {estimator.n_iter_} {what}. Try: {hint}")
