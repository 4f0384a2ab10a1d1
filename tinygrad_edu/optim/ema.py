"""The average of the weights over the last steps, which often does better than the last weights."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.modes import recorded
from tinygrad_edu.nn.module import Parameter
from tinygrad_edu.optim.checks import check_fraction, check_parameters
from tinygrad_edu.optim.flat_parameters import precision_of_steps
from tinygrad_edu.optim.state import check_state


@contextmanager
def restored_afterwards(parameters: list[Parameter]) -> Iterator[None]:
    """Context in which parameters may be changed; afterwards they have the values from before."""
    kept = [p.data.copy() for p in parameters]
    try:
        yield
    finally:
        for p, data in zip(parameters, kept, strict=True):
            p.data[...] = data


class EMA:
    """The exponential moving average of parameters: a ← μ a + (1 - μ) w, starting from a = w.

        ema = EMA(model.parameters())
        ...
            optimizer.step()
            ema.update()
        with ema.averaged():
            trainer.evaluate(x, y)

    It averages over about 1 / (1 - μ) steps. Keras's use_ema; Polyak and Juditsky 1992 (the plain mean).
    Raises ValueError unless 0 ≤ μ < 1, TypeError for anything but Parameters.
    """

    def __init__(self, parameters: Iterable[Parameter], momentum: float = 0.99):
        self.momentum = check_fraction("momentum", momentum)
        self.parameters = check_parameters(parameters, "EMA")
        self.averages = [np.zeros(p.shape, precision_of_steps(p.dtype)) for p in self.parameters]
        self.updates = 0

    @recorded
    def update(self) -> None:
        """Adds the present weights to the average. Call it after each step."""
        momentum = self.momentum if self.updates else 0.0
        for p, average in zip(self.parameters, self.averages, strict=True):
            average *= momentum
            average += np.multiply(p.data, 1 - momentum, dtype=average.dtype)
        self.updates += 1

    @recorded
    def keep(self) -> None:
        """Sets the parameters to their averages permanently."""
        for p, average in zip(self.parameters, self.averages, strict=True):
            p.data[...] = average

    @contextmanager
    def averaged(self) -> Iterator[None]:
        """Context in which parameters hold their averaged values; afterwards those from before."""
        if not self.updates:
            raise refusal(
                RuntimeError,
                "EMA.averaged(): there is no average yet.",
                "ema.update() after each optimizer.step()",
            )
        with restored_afterwards(self.parameters):
            self.keep()
            yield

    def state_dict(self) -> dict[str, Any]:
        """`updates`, and "average.3" of parameter 3, as copies."""
        return {"updates": self.updates} | {
            f"average.{i}": average.copy() for i, average in enumerate(self.averages)
        }

    def load_state_dict(self, state: Mapping[str, Any], source: str = "the state") -> None:
        """Raises ValueError that lists every difference; then nothing has been changed."""
        new = check_state(self.state_dict(), state, f"{source} is not of this EMA")
        self.updates = new["updates"]
        for i, average in enumerate(self.averages):
            average[...] = new[f"average.{i}"]
