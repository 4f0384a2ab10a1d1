"""What embeddings have in common: a point for each row of X, and one optimizer for different losses.

estimator   what the data say of a pair (i, j)            the loss, of the distances d_ij of the points
TSNE        p_ij: probability to be neighbors             KL(P ‖ Q), q_ij ∝ 1 / (1 + d_ij²)
UMAP        w_ij: membership in a fuzzy set of edges      cross-entropy of W and 1 / (1 + a d_ij^2b)
MDS         δ_ij: distance of the rows                    stress, Σ (δ_ij - d_ij)²
"""

from collections.abc import Callable
from dataclasses import KW_ONLY
from typing import Any, ClassVar

import numpy as np

from models.embeddings.distances import METRICS
from models.foundation import Transformer, choice, function, integer, learned, mapping, seed
from models.foundation.iterate import Trace
from models.foundation.randomness import generator
from models.foundation.signs import signs
from tinygrad_edu import value_and_grad
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.optim.minimize import Minimum, minimize

NO_NEW_ROWS = "it embeds the rows of fit, and has no answer for new ones"


class Embedding(Transformer):
    """A point y_i in few dimensions for each row x_i, so that a loss of all pairs is least.

    A subclass writes two functions, and `_fit`, which follows `slope`, for example `by_line_search`:

    `pairs(X)`          what the data say of each pair, such as (n, n) distances
    `loss(pairs, Y)`    on Tensors; Y are the points, (n, n_components)
    """

    does_not_apply: ClassVar[Any] = {
        "test_its_twin_gives_the_same_answers": NO_NEW_ROWS,
        "test_the_derivatives_of_a_loss_to_order_two": "its loss is of pairs; tests/models/embeddings",
        "test_a_solver_that_did_not_arrive_says_so": "its loss is of pairs; tests/models/embeddings",
    }

    n_components: int = integer(2, at_least=1, doc="dimensions of the points")
    _: KW_ONLY

    metric: Any = choice(*METRICS, "precomputed", doc="distance of two rows") | function()
    metric_params: Any = mapping(None, doc="keywords for a metric that is a function")
    n_jobs: int | None = integer(None, doc="no effect: NumPy's matrix products use all cores")
    random_state: Any = seed(doc="for init='random', and for random steps")
    verbose: Any = integer(0, at_least=0, doc="1 or more prints lines of progress")

    embedding_: np.ndarray = learned("the points: (samples, n_components)")
    n_iter_: int = learned("number of iterations")
    trace_: Trace = learned("loss and gradient; trace_.plot() draws them")

    pairs: ClassVar[Any]
    loss: ClassVar[Any]

    def slope(self, pairs: Any, Y: np.ndarray, **settings: Any) -> tuple[float, np.ndarray]:
        """The loss and its gradient, by the engine."""
        value, gradient = value_and_grad(lambda Y: self.loss(pairs, Y, **settings))(Y)
        return float(value), np.asarray(gradient)

    def by_line_search(
        self, method: str, slope: Callable, Y: np.ndarray, *, max_iter: int, tol: float
    ) -> Minimum:
        """The Minimum that a method of tinygrad_edu.optim.minimize reaches from Y.

        slope   Y -> loss, ∇L
        """

        def evaluate(y):
            value, gradient = slope(y.reshape(Y.shape))
            return value, gradient.ravel()

        def note(iteration, value, gradient_norm, point):
            self.trace_(iteration, value, gradient_norm)
            if self.trace_.keeps_states:
                self.trace_.keep(embedding_=point.reshape(Y.shape))

        found = minimize(evaluate, Y.ravel(), method, max_iter=max_iter, tol=tol, callback=note)
        return found._replace(point=found.point.reshape(Y.shape))

    def _begin(self, samples: int) -> np.random.Generator:
        """Checks the numbers of rows and components, and starts the trace."""
        k, name = self.n_components, type(self).__name__
        if samples == 1:
            what = f"{name} places pairs of rows, and X has 1 sample."
            raise refusal(ValueError, what, "two rows or more")
        if k > samples:
            what = f"{name} got n_components={k}, more than n_samples={samples}."
            raise refusal(ValueError, what, f"{name}(n_components=2), and more rows")
        self.trace_ = Trace.of(self)
        return generator(self.random_state)

    def fit_transform(self, X: Any, y: Any = None, **given: Any) -> Any:
        """Fits, and returns the points, (samples, n_components). y is ignored."""
        return self._contained(self.fit(X, y, **given).embedding_, X)

    def _names_out(self, names: np.ndarray) -> list[str]:
        return [f"{type(self).__name__.lower()}{i}" for i in range(self.embedding_.shape[1])]


def principal_components(X: np.ndarray, k: int, name: str) -> np.ndarray:
    """The coordinates of the rows along the k directions of largest variance, (n, k).

    The largest weight of each direction is positive.
    """
    if k > min(X.shape):
        what = f"{name}(init='pca'): n_components={k} must be at most min(n_samples, n_features), with "
        what += f"n_samples={X.shape[0]} and n_features={X.shape[1]}."
        raise refusal(ValueError, what, f"{name}(init='random')")
    X = X - X.mean(axis=0)
    U, size, directions = np.linalg.svd(X, full_matrices=False)
    return (U * (size * signs(directions)))[:, :k]


def given_start(init: Any, samples: int, k: int, name: str) -> np.ndarray:
    """An array given as the start, checked."""
    Y = np.array(init, dtype=np.float64)
    if Y.shape != (samples, k) or not np.isfinite(Y).all():
        what = f"{name}: init should be finite numbers of shape {(samples, k)}, and has {Y.shape}."
        raise refusal(
            ValueError, what, f"a row for each of the {samples} samples, and n_components={k}"
        )
    return Y
