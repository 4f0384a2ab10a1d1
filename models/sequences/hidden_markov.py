"""Hidden Markov models: what they have in common.

Source: L. Rabiner, A tutorial on hidden Markov models, Proceedings of the IEEE 77 (1989);
C. Bishop, Pattern Recognition and Machine Learning (2006), section 13.2.
"""

from typing import Any, ClassVar

import numpy as np

from models.foundation import array, choice, integer, learned, nonnegative
from models.foundation.constraints import Fixed, Free
from models.foundation.em import EM
from models.foundation.fields import Parameter
from models.foundation.loss_model import LossModel
from models.foundation.packing import Packing
from models.foundation.randomness import generator
from models.sequences import chain
from models.sequences.lengths import ReadsSequences
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import softmax

TINY = 1e-300


def letters(known: str, doc: str) -> Any:
    """A parameter that is a text of some of these letters."""
    return Parameter(
        known, lambda x: isinstance(x, str) and {*x} <= {*known}, f"letters of {known!r}", doc
    )


class HiddenMarkovModel(ReadsSequences, EM, LossModel):
    """p(X) = Σ over all paths z of  π[z_1] b(x_1 | z_1) Π_(t > 1) A[z_(t-1), z_t] b(x_t | z_t).

    With solver="em" (Baum-Welch, Rabiner 40) a round counts how often each state and transition is expected,
    which are gradients of log p(X) (`chain`), and takes the most likely parameters given these counts:

        π = starts / Σ starts        A[i, j] = transitions[i, j] / Σ_j transitions[i, j]

    Any other solver follows the gradient of -log p(X) / steps from the same start, with softmax for
    probabilities; then `tol` is about the gradient. Both add the logarithm of the priors, as hmmlearn does.

    Each start climbs to a maximum near it, which is often not the highest. "em" has n_init starts, of which
    it keeps the best; the others have one. hmmlearn always has one.

    Parameters that `init_params` does not name start at the attribute that was set before `fit`, such as
    `model.startprob_ = ...`; those that `params` does not name stay there. A state that is never
    visited keeps its parameters (hmmlearn sets them to 0).
    """

    limit = "n_iter"

    n_components: int = integer(1, at_least=1, doc="number of hidden states")
    startprob_prior: Any = nonnegative(1.0, doc="α - 1 is added to the counts") | array(at_least=0)
    transmat_prior: Any = nonnegative(1.0, doc="the same of transitions") | array(at_least=0)
    algorithm: str = choice("viterbi", "map", doc="decode the best path, or each best state")
    solver: Any = choice("em", "lbfgs", "cg", "newton", "newton-cg", doc="how to maximize")
    n_iter: int = integer(10, at_least=1, doc="largest number of rounds or steps")
    tol = 1e-2
    params: str = letters("stmce", "which parameters are learned, by their first letters")
    init_params: str = letters("stmce", "which do not start at an attribute that was set")
    verbose: Any = EM._parameters["verbose"] | integer(at_least=0)
    implementation: str = choice("log", "scaling", doc="no effect: always in logarithms")

    max_iter = property(lambda self: self.n_iter)
    learning_rate = batch_size = property(lambda self: None)

    startprob_: np.ndarray = learned("π: (states,)")
    transmat_: np.ndarray = learned("A: (states, states), from row to column")
    lower_bound_: float = learned("log p(X) of the training data in the last round")
    trace_: Any = learned("the loss of every round or step; trace_.plot() draws it")

    names: ClassVar[tuple[str, ...]]  # of all parameters: "startprob", "transmat", ...
    log_emissions: ClassVar[Any]  # (rows, **parameters) -> log b(x_t | j): (steps, states)
    first_emissions: ClassVar[Any]  # (rows, rng) -> name -> array
    best_emissions: ClassVar[Any]  # (rows, P(state | X), **parameters) -> name -> array
    log_prior_of_emissions: ClassVar[Any]  # (**parameters) -> a number
    constrained: ClassVar[Any]  # name -> array, of emissions -> name -> constraint
    draw: ClassVar[Any]  # (state, rng) -> a row
    width: ClassVar[Any]  # () -> number of columns

    # ---- by expectation and maximization ---------------------------------------------------------

    def start(self, X, weight, rng):
        K = self.n_components
        start = {"startprob": rng.dirichlet(np.ones(K)), "transmat": rng.dirichlet(np.ones(K), K)}
        start |= self.first_emissions(X.rows, rng)
        return start | self._given()

    def chain_of(self, X, startprob, transmat, **emissions):
        """What `chain` adds up: log π, log A, log b of every step; and where sequences begin."""
        # log 0 = -inf is a state or transition that never occurs
        with np.errstate(divide="ignore"):
            log_π, log_A = np.log(startprob), np.log(transmat)
        return log_π, log_A, self.log_emissions(X.rows, **emissions), X.first

    def expect(self, X, **parameters):
        log_p, *counts = chain.expected_counts(*self.chain_of(X, **parameters))
        self._require_possible(log_p)
        return log_p, (parameters, *counts)

    def maximize(self, X, weight, expected):
        parameters, starts, transitions, states = expected
        best = {
            "startprob": best_distributions(starts, self.startprob_prior, parameters["startprob"]),
            "transmat": best_distributions(
                transitions, self.transmat_prior, parameters["transmat"]
            ),
            **self.best_emissions(X.rows, states, **parameters),
        }
        learned = {name: best[name] for name in self.names if name[0] in self.params}
        return parameters | learned

    def bound(self, weight, log_p, expected, **parameters):
        return log_p

    # ---- by gradient -----------------------------------------------------------------------------

    def loss(self, X, y, weight, startprob, transmat, **emissions):
        """-(log p(X) + log prior) / steps."""
        log_π, log_A = (np.log(np.maximum(p, TINY)) for p in (startprob, transmat))
        log_p = chain.log_partition(log_π, log_A, self.log_emissions(X.rows, **emissions), X.first)
        prior = ((np.asarray(self.startprob_prior) - 1) * log_π).sum()
        prior = prior + ((np.asarray(self.transmat_prior) - 1) * log_A).sum()
        return -(log_p + prior + self.log_prior_of_emissions(**emissions)) / len(X)

    def _packing(self, X, y, weight):
        first = self._learned_parameters() if self.warm_start else None
        first = first or self.start(X, weight, generator(self.random_state))
        free = self.constrained(**first) | {
            name: Distributions(first[name]) for name in ("startprob", "transmat")
        }
        return Packing({
            name: free[name] if name[0] in self.params else Fixed(free[name].value(free[name].free()))
            for name in self.names
        })  # fmt: skip

    def _fit(self, X, weight):  # type: ignore[override]
        if self.solver == "em":
            super()._fit(X, weight)
            return
        self._keep(self._minimize(X, None, weight))
        self.converged_ = bool(self.trace_.gradient_norm[-1] <= self.tol)
        self.lower_bound_ = self._log_p(X)

    # ---- answers ---------------------------------------------------------------------------------

    def score(self, X: Any, lengths: Any = None) -> float:
        """log p(X), of all sequences together."""
        return self._log_p(self._sequences(X, lengths))

    def _log_p(self, X):
        return float(chain.log_partition(*self._chain(X)))

    def score_samples(self, X: Any, lengths: Any = None) -> tuple[float, np.ndarray]:
        """log p(X), and P(state | X) of every step: (steps, states)."""
        X = self._sequences(X, lengths)
        log_p, _, _, states = chain.expected_counts(*self._chain(X))
        self._require_possible(log_p)
        return log_p, states / states.sum(axis=1, keepdims=True)

    def predict_proba(self, X: Any, lengths: Any = None) -> np.ndarray:
        """P(state | X) of every step: (steps, states)."""
        return self.score_samples(X, lengths)[1]

    def decode(
        self, X: Any, lengths: Any = None, algorithm: str | None = None
    ) -> tuple[float, np.ndarray]:
        """The best states, (steps,), and their score.

        algorithm: "viterbi" for the best path, of score log p(X, path); "map" for the best state of
        each step alone, of score Σ_t P(state | X); None for that of the estimator.
        """
        algorithm = algorithm or self.algorithm
        if algorithm not in ("viterbi", "map"):
            what = f"Unknown decoder {algorithm!r}."
            raise refusal(ValueError, what, "algorithm='viterbi' or algorithm='map'")
        if algorithm == "map":
            states = self.predict_proba(X, lengths)
            return float(states.max(axis=1).sum()), states.argmax(axis=1)
        X = self._sequences(X, lengths)
        score, path = chain.best_path(*self._chain(X))
        self._require_possible(score)
        return score, path

    def predict(self, X: Any, lengths: Any = None) -> np.ndarray:
        """The best state of every step: (steps,)."""
        return self.decode(X, lengths)[1]

    def sample(
        self, n_samples: int = 1, random_state: Any = None, currstate: int | None = None
    ) -> tuple[np.ndarray, np.ndarray]:
        """A random sequence, (steps, features), and its states. currstate: the first state."""
        self._require_parameters()
        rng = generator(self.random_state if random_state is None else random_state)
        K = len(self.startprob_)
        states = [rng.choice(K, p=self.startprob_) if currstate is None else currstate]
        while len(states) < n_samples:
            states.append(rng.choice(K, p=self.transmat_[states[-1]]))
        return np.stack([self.draw(state, rng) for state in states]), np.array(states)

    # ---- parameters that were set ----------------------------------------------------------------

    def _learner(self):
        learner = super()._learner()
        for name in self.names:
            if name[0] not in self.init_params and f"{name}_" in vars(self):
                setattr(learner, f"{name}_", vars(self)[f"{name}_"])
        return learner

    def _given(self):
        """The parameters that are attributes already, checked."""
        given = {
            n: np.array(vars(self)[f"{n}_"], float) for n in self.names if f"{n}_" in vars(self)
        }
        K = self.n_components
        for name, shape in (("startprob", (K,)), ("transmat", (K, K)), ("emissionprob", (K, -1))):
            if name in given:
                require_distributions(f"{name}_", given[name], shape)
        return given

    def _check(self, X):
        self._require_parameters()
        known = self
        if "n_features_in_" not in vars(self):  # the parameters were set, and fit was never called
            known = self._copy(with_learned=True)
            known.n_features_in_ = self.width()
        return super(HiddenMarkovModel, known)._check(X)

    def _require_parameters(self):
        for name in self.names:
            getattr(self, f"{name}_")  # raises NotFittedError

    def _chain(self, X):
        parameters = {name: getattr(self, f"{name}_") for name in self.names}
        return self.chain_of(X, **parameters)

    def _learned_parameters(self):
        known = {n: vars(self)[f"{n}_"] for n in self.names if f"{n}_" in vars(self)}
        return known if len(known) == len(self.names) else {}

    def _require_possible(self, log_p):
        if not np.isfinite(log_p):
            what = (
                f"{type(self).__name__} gives these sequences the probability {np.exp(log_p):.3g}."
            )
            raise refusal(ValueError, what, "a start without zeros, or features of a common size")


class Distributions(Free):
    """Probabilities that add up to 1 along the last axis: softmax z."""

    def free(self):
        return np.log(np.maximum(self.start, TINY))

    def value(self, z):
        return softmax(z)


def best_distributions(counts, prior, before):
    """(counts + prior - 1) / their sum along the last axis. What was 0 stays 0; without counts, all stays."""
    counts = np.where(before == 0, 0, np.maximum(counts + np.asarray(prior) - 1, 0))
    total = counts.sum(axis=-1, keepdims=True)
    return np.where(total > 0, counts / np.where(total > 0, total, 1), before)


def require_distributions(name, found, shape):
    """Raises ValueError unless it has this shape, and rows of probabilities that add up to 1."""
    sizes = tuple(
        size if wanted == -1 else wanted for size, wanted in zip(found.shape, shape, strict=False)
    )
    if found.ndim != len(shape) or found.shape != sizes:
        what = f"{name} must have length n_components: the shape {shape}, not {found.shape}."
        raise refusal(ValueError, what, "n_components of that size")
    if (found < 0).any() or not np.allclose(found.sum(axis=-1), 1):
        what = f"{name} must sum to 1 along its last axis, and have no negative value."
        raise refusal(ValueError, what, f"{name} / {name}.sum(axis=-1, keepdims=True)")
