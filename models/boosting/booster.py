"""What both kinds of boosting share: scores, which are a constant and the trees of all iterations."""

from collections.abc import Callable, Iterator
from typing import Any, ClassVar

import numpy as np

from models.boosting.splitting import hold_out
from models.boosting.steps import scores_of
from models.foundation import Estimator, learned
from models.foundation.randomness import generator


class Booster(Estimator):
    """f(x) = a constant + Σ ν tree(x). A subclass writes:

    _for_trees          checked X -> X as its trees read it
    _starting_scores    X as trees read it -> the scores before the first iteration
    _added              (tree, X as trees read it) -> what the tree adds to the score of each row
    """

    _for_trees: ClassVar[Any]
    _starting_scores: ClassVar[Any]
    _added: ClassVar[Any]
    validation_fraction: Any
    random_state: Any

    n_trees_per_iteration_: int = learned(
        "trees in an iteration: 1, or one for each of several classes"
    )
    _trees_: list[Any] = learned("the trees of each iteration")

    # ---- in fit ----------------------------------------------------------------------------------

    def _draw_seeds(self) -> None:
        """The generator, and the seed of the rows held out: a warm start keeps both."""
        self._rng_ = generator(self.random_state)
        self._seed_ = int(self._rng_.integers(2**31))

    def _train_and_held(self, labels: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Numbers of the rows to learn from, and of those held out: of each class the same part."""
        n, name = len(labels), type(self).__name__
        classes = labels if self.kind == "classifier" else None
        held = hold_out(n, self.validation_fraction, classes, self._seed_, name)
        return np.setdiff1d(np.arange(n), held), held

    # ---- scores: (rows,), or (rows, trees of an iteration) ------------------------------------------

    def _repeated(self, constant: Any, samples: int) -> np.ndarray:
        """The same scores for all rows."""
        f = np.empty((self.n_trees_per_iteration_, samples)).T
        f[:] = constant
        return f if self.n_trees_per_iteration_ > 1 else f[:, 0]

    def _add(self, trees: list[Any], X: Any, f: np.ndarray) -> None:
        """Adds the trees of an iteration to the scores."""
        for k, tree in enumerate(trees):
            f[scores_of(f, k)] += self._added(tree, X)

    def _sum(self, X: Any) -> np.ndarray:
        """The scores of rows, given as trees read them."""
        f = self._starting_scores(X)
        for trees in self._trees_:
            self._add(trees, X, f)
        return f

    def _staged(self, X: Any, answer: Callable[[np.ndarray], np.ndarray]) -> Iterator[np.ndarray]:
        """What `answer` makes of the scores after each iteration."""
        X = self._for_trees(self._check(X))
        f = self._starting_scores(X)
        for trees in self._trees_:
            self._add(trees, X, f)
            yield answer(f.copy())
