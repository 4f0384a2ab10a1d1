"""How ensembles make and fit the models in them."""

from typing import Any

import numpy as np

from models.foundation import clone, takes_weights
from models.foundation.meta import fit_clone
from tinygrad_edu.diagnostics.words import refusal


def seeded(estimator: Any, rng: np.random.Generator) -> Any:
    """An unfitted clone whose random_state, and those of its parts, are drawn from rng."""
    made = clone(estimator)
    names = sorted(
        n for n in made.get_params() if n == "random_state" or n.endswith("__random_state")
    )
    return (
        made.set_params(**{name: int(rng.integers(2**31 - 1)) for name in names}) if names else made
    )


def require_weights(estimator: Any) -> None:
    if not takes_weights(estimator):
        what = f"{type(estimator).__name__} doesn't support sample_weight."
        raise refusal(ValueError, what, "an estimator whose fit takes weights")


def present(estimators: Any, owner: str) -> list[tuple[str, Any]]:
    """The pairs (name, estimator) that are not dropped. Raises ValueError if none is left."""
    found = [(name, estimator) for name, estimator in estimators if not is_dropped(estimator)]
    if not found:
        what = (
            f"All estimators of {owner} are dropped. At least one is required to be an estimator."
        )
        raise refusal(ValueError, what, "set_params(name=an estimator)")
    return found


def is_dropped(estimator: Any) -> bool:
    return isinstance(estimator, str) and estimator == "drop"


def fit_member(estimator: Any, X: Any, y: Any, weight: Any) -> Any:
    """A fitted clone, with weights if there are any."""
    return fit_clone(estimator, X, y, weight)
