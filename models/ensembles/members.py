"""How ensembles make and fit the models in them."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from models.foundation import Estimator, clone, fit_clone, frames, integer, learned, takes_weights
from models.foundation.fields import REQUIRED, Parameter
from models.foundation.parallel import each
from models.foundation.parameters import is_named_list
from tinygrad_edu.diagnostics.words import refusal


def seeded(estimator: Any, rng: np.random.Generator) -> Any:
    """An unfitted clone whose random_state, and those of its parts, are drawn from rng."""
    made = clone(estimator)
    names = [n for n in made.get_params() if n == "random_state" or n.endswith("__random_state")]
    return made.set_params(**{name: int(rng.integers(2**31 - 1)) for name in sorted(names)})


def require_weights(estimator: Any) -> None:
    if not takes_weights(estimator):
        what = f"{type(estimator).__name__} doesn't support sample_weight."
        raise refusal(ValueError, what, "an estimator whose fit takes weights")


# ---- drawn rows ----------------------------------------------------------------------------------


class Draws(NamedTuple):
    """How the members of a group draw rows, so that they can be drawn again.

    seed, number   of the generator, and of the members
    rows           how many there are
    size           how many a member draws; None: it takes all, and draws none
    replace        with replacement?
    chance         (rows,): the probability of each; None if they are equal
    """

    seed: int
    number: int
    rows: int
    size: int | None
    replace: bool
    chance: np.ndarray | None

    def by(self, rng: np.random.Generator) -> Iterator[np.ndarray]:
        """The rows of each member. rng: a generator of the seed, from which nothing was drawn before."""
        for _ in range(self.number):
            if self.size is None:
                yield np.arange(self.rows)
            else:
                yield rng.choice(self.rows, self.size, replace=self.replace, p=self.chance)

    def again(self) -> Iterator[np.ndarray]:
        """The same rows once more."""
        return self.by(np.random.default_rng(self.seed))


class DrawsRows(Estimator):
    """An estimator whose members draw rows of X. It keeps the numbers of those that may be drawn."""

    _rows_: np.ndarray | None = learned("numbers of the rows of positive weight; None if all are")

    def _read(self, X, y, sample_weight, more=False):
        data = super()._read(X, y, sample_weight, more)
        weight = self._weights(sample_weight, frames.samples(X))
        self._rows_ = None if weight.all() else np.flatnonzero(weight)
        return data

    def _in_X(self, drawn: np.ndarray) -> np.ndarray:
        """The numbers that drawn rows have in X, where those of weight 0 count."""
        return drawn if self._rows_ is None else self._rows_[drawn]


# ---- named members -------------------------------------------------------------------------------


def is_dropped(member: Any) -> bool:
    return isinstance(member, str) and member == "drop"


def _are_members(x: Any) -> bool:
    return is_named_list(x) and all(
        is_dropped(member) or (hasattr(member, "fit") and hasattr(member, "get_params"))
        for _, member in x
    )


def members(doc: str) -> Any:
    """A required parameter: a list of pairs (name, estimator)."""
    words = "a list of pairs (name, estimator), all names different; or (name, 'drop')"
    return Parameter(REQUIRED, _are_members, words, doc)


class Named(Estimator):
    """What voting and stacking share: members with names, that get X as it is.

    A member "drop" is left out.
    """

    reads = "anything"

    estimators: Any = members("the models, with names")
    n_jobs: int | None = integer(None, doc="processes, through joblib; -1: all processors")

    estimators_: list[Any] = learned("the fitted models that are not dropped")
    named_estimators_: dict[str, Any] = learned("name -> fitted model, or 'drop'")

    def _present(self) -> list[tuple[str, Any]]:
        found = [pair for pair in self.estimators if not is_dropped(pair[1])]
        if not found:
            what = f"{type(self).__name__}: All estimators are dropped. At least one is required to be an "
            what += "estimator."
            raise refusal(ValueError, what, "set_params(name=an estimator)")
        return found

    def _fit_members(self, X: Any, y: Any, weight: Any) -> None:
        work = [(member, X, y, weight) for _, member in self._present()]
        self._take_members(each(fit_clone, work, self.n_jobs))

    def _names_present(self) -> list[str]:
        """The names of the fitted models."""
        return [name for name, member in self.named_estimators_.items() if not is_dropped(member)]

    def _take_members(self, fitted: list[Any]) -> None:
        self.estimators_ = fitted
        rest = iter(fitted)
        self.named_estimators_ = {
            name: "drop" if is_dropped(member) else next(rest) for name, member in self.estimators
        }
