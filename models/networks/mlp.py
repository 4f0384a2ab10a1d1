"""Multilayer perceptrons with scikit-learn's interface.

Source: D. Rumelhart, G. Hinton, R. Williams, Learning representations by back-propagating errors (1986); D.
Kingma, J. Ba, Adam: a method for stochastic optimization (2015). The start is that of X. Glorot, Y. Bengio,
Understanding the difficulty of training deep feedforward neural networks (2010).
"""

import copy
import itertools
from dataclasses import dataclass, field
from typing import Any, ClassVar

import numpy as np

from models.foundation import (
    Regressor,
    boolean,
    choice,
    integer,
    learned,
    nonnegative,
    number,
    positive,
    seed,
    warn,
    where,
)
from models.foundation.fields import Parameter as Field
from models.foundation.incremental import Incremental, IncrementalClassifier
from models.foundation.iterate import ConvergenceWarning, Trace, kept_by
from models.foundation.loss_model import LossModel
from models.networks.layers import forward, layers_of, named
from tinygrad_edu import no_grad, optim
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.nn import Parameter
from tinygrad_edu.ops import logsumexp, sigmoid, softmax, softplus
from tinygrad_edu.tensor import value

STOCHASTIC = ("adam", "sgd")  # solvers that step on batches


def _sizes(default: Any, doc: str) -> Any:
    def test(x: Any) -> bool:
        sizes = x if isinstance(x, (tuple, list, np.ndarray)) else [x]
        return all(
            type(n) is not bool and isinstance(n, (int, np.integer)) and n >= 1 for n in sizes
        )

    return Field(default, test, "a tuple of integers ≥ 1, or one", doc)


@dataclass
class Training:
    """What an epoch of training hands to the next."""

    parameters: dict[str, Any]
    optimizer: Any
    trace: Trace
    kept: dict[str, Any]  # the weights of the result: the last, or with early_stopping the best
    best: float = np.inf  # lowest loss, or minus the highest score
    idle: int = 0  # epochs without progress
    ended: bool = False
    scores: list[float] = field(default_factory=list)


class MultilayerPerceptron(LossModel):
    """f(x) = W_L a(... a(W_1 x + b_1) ...) + b_L, with the least mean of ℓ(f(x), y) + α Σ ‖W‖² / 2n.

    A subclass writes `errors`, the loss ℓ of each sample. "adam" and "sgd" take the samples in scikit-learn's
    order, from its random start: with the same integer as `random_state`, both libraries make the same steps.
    Only the rows that `early_stopping` leaves out are others. `partial_fit` makes one epoch.
    """

    twin_solvers = ("adam", "sgd", "lbfgs")
    does_not_apply: ClassVar = {
        "test_its_twin_gives_the_same_answers": "the twin's lbfgs stops early; test_mlp.py compares all steps"
    }

    hidden_layer_sizes: Any = _sizes((100,), "units of each hidden layer")
    activation: str = choice("relu", "tanh", "logistic", "identity", doc="a, of the hidden layers")
    solver: str = choice(
        "adam",
        "sgd",
        "lbfgs",
        "cg",
        "newton-cg",
        doc="how the loss is minimized; the last three use all rows at once",
    )
    alpha: float = nonnegative(0.0001, doc="α, the strength of the penalty")
    batch_size: Any = choice("auto", doc="rows per step; 'auto' for min(200, samples)") | integer(
        1, at_least=1
    )
    learning_rate: str = choice(
        "constant", "invscaling", "adaptive",
        doc="of 'sgd': lr, lr / t^power_t, or a fifth after each stretch without progress",
    )  # fmt: skip
    learning_rate_init: float = positive(0.001, doc="lr of 'adam' and 'sgd'")
    power_t: float = nonnegative(0.5, doc="exponent of 'invscaling'")
    max_iter = 200
    shuffle: bool = boolean(True, doc="draw the order of the rows in each epoch")
    random_state: Any = seed(doc="of the start and of the order of the rows")
    tol = 1e-4
    momentum: float = number(0.9, at_least=0, at_most=1, doc="of 'sgd'")
    nesterovs_momentum: bool = boolean(True, doc="momentum that looks ahead")
    early_stopping: bool = boolean(
        False, doc="stop by the score of a part of the rows that is not trained on"
    )
    validation_fraction: float = number(0.1, at_least=0, below=1, doc="the part of such rows")
    beta_1: float = number(0.9, at_least=0, below=1, doc="decay of the mean of gradients of 'adam'")
    beta_2: float = number(0.999, at_least=0, below=1, doc="decay of the mean of their squares")
    epsilon: float = positive(1e-8, doc="added to the root of that in 'adam'")
    n_iter_no_change: int = integer(
        10, at_least=1, doc="epochs without progress of tol before the end"
    )
    max_fun: int = integer(15000, at_least=1, doc="no effect: max_iter limits 'lbfgs'")

    coefs_: list = learned("W of each layer, (units before, units)")
    intercepts_: list = learned("b of each layer, (units,)")
    loss_: float = learned("the loss of the last epoch")
    best_loss_: Any = learned("the lowest loss of an epoch; None with early_stopping")
    loss_curve_: list = learned("the loss of every epoch, the mean over its steps")
    validation_scores_: Any = learned("the score of every epoch, with early_stopping")
    best_validation_score_: Any = learned("the best of them")
    n_layers_: int = learned("number of layers, the input counted as one")
    n_outputs_: int = learned("number of outputs")
    out_activation_: str = learned("the activation of the output")
    t_: int = learned("number of samples seen in training")

    errors: ClassVar[Any]
    _outputs: ClassVar[Any]
    _score: ClassVar[Any]

    # ---- the function and its loss ----------------------------------------------------------------

    def objective(self, X, y, weight, **parameters):
        layers = layers_of("", parameters)
        errors = self.errors(forward(X, layers, self.activation), y)
        penalty = self.alpha / 2 * sum((W * W).sum() for W, _ in layers)
        return (weight @ errors + penalty) / weight.sum()

    def start(self, X, y, weight):
        """Glorot's uniform start; of a fitted network, what it has learned."""
        if "coefs_" in vars(self):
            return named("", self._layers())
        self._rng_ = rng = _random(self.random_state)
        hidden = np.atleast_1d(self.hidden_layer_sizes).tolist()
        layers = []
        for n, m in itertools.pairwise([X.shape[1], *hidden, self._outputs(y)]):
            bound = np.sqrt((2 if self.activation == "logistic" else 6) / (n + m))
            layers.append((rng.uniform(-bound, bound, (n, m)), rng.uniform(-bound, bound, m)))
        return named("", layers)

    def _layers(self):
        return [*zip(self.coefs_, self.intercepts_, strict=True)]

    def _keep(self, parameters):
        layers = layers_of("", parameters)
        self.coefs_ = [np.asarray(W) for W, _ in layers]
        self.intercepts_ = [np.asarray(b) for _, b in layers]
        self.n_layers_ = len(layers) + 1
        self.n_outputs_ = self.coefs_[-1].shape[1]

    # ---- training --------------------------------------------------------------------------------

    def _fit(self, X, y, weight):
        self.t_, self.loss_curve_, self.n_iter_ = 0, [], 0
        if self.solver not in STOCHASTIC:
            self._keep(self._minimize(X, y, weight))
            self.loss_curve_ = self.trace_.loss[1:].tolist()
            self.loss_ = self.best_loss_ = float(self.trace_.loss[-1])
            return
        training = self._begin(X, y, weight)
        left_out = self._left_out(len(X)) if self.early_stopping else np.zeros(len(X), bool)
        held = X[left_out], y[left_out], weight[left_out]
        trained = X[~left_out], y[~left_out], weight[~left_out]
        order = np.arange(len(trained[0]))
        for _ in range(self.max_iter):
            if self.shuffle:
                order = order[self._rng_.permutation(len(order))]
            self._advance(training, trained, order, held)
            if training.ended:
                break
        else:
            what = f"Stochastic Optimizer: Maximum iterations ({self.max_iter}) reached and the "
            what += "optimization hasn't converged yet. Try: a larger max_iter or tol"
            warn(ConvergenceWarning, what)
        self._finish(training)

    @property
    def _stochastic(self):
        if self.solver not in STOCHASTIC:
            raise AttributeError(f"solver={self.solver!r} uses all rows at once")

    @where("_stochastic")
    def _partial_fit(self, X, y, weight):
        """One epoch, which goes on from the weights and the optimizer of the call before.

        As scikit-learn's, it draws the same order for each call if `random_state` is an integer.
        """
        if self.early_stopping:
            what = "partial_fit does not support early_stopping=True: it holds no rows back."
            raise refusal(ValueError, what, "early_stopping=False")
        self.n_iter_ = 0
        if "_training_" in vars(self):
            training, self._rng_ = copy.deepcopy(self._training_), _random(self.random_state)
            self.loss_curve_ = [*self.loss_curve_]
        else:
            self.t_, self.loss_curve_ = 0, []
            training = self._begin(X, y, weight)
        order = self._rng_.permutation(len(X)) if self.shuffle else np.arange(len(X))
        self._advance(training, (X, y, weight), order)
        self._finish(training)

    def _begin(self, X, y, weight):
        parameters = {name: Parameter(w) for name, w in self.start(X, y, weight).items()}
        optimizer, trace = self._optimizer(parameters), Trace.of(self)
        return Training(parameters, optimizer, trace, kept=dict(parameters))

    def _advance(self, training, rows, order, held=None):
        """One epoch; counts how many epochs in a row brought no progress of `tol`."""
        parameters, optimizer = training.parameters, training.optimizer
        with np.errstate(over="ignore", invalid="ignore"):  # a loss that is not finite is refused
            self.loss_ = self._epoch(rows, parameters, optimizer, order)
        self.t_, self.n_iter_ = self.t_ + len(order), self.n_iter_ + 1
        self._demand_finite_loss()
        self.loss_curve_.append(self.loss_)
        training.trace(len(training.trace) + 1, self.loss_)
        now = self.loss_
        if self.early_stopping:
            self._keep({name: w.data.copy() for name, w in parameters.items()})
            training.scores.append(self._score(*held))
            now = -training.scores[-1]
        training.idle = training.idle + 1 if now > training.best - self.tol else 0
        if now < training.best:
            training.best = now
            if self.early_stopping:
                training.kept = {name: w.data.copy() for name, w in parameters.items()}
        if training.trace.keeps_states:
            kept = {name: value(w) for name, w in training.kept.items()}
            training.trace.keep(**kept_by(self, kept))
        if self.solver == "sgd" and self.learning_rate == "invscaling":
            optimizer.lr = self.learning_rate_init / (self.t_ + 1) ** self.power_t
        if training.idle > self.n_iter_no_change:
            adaptive = self.solver == "sgd" and self.learning_rate == "adaptive"
            training.ended = not adaptive or optimizer.lr <= 1e-6
            if not training.ended:
                optimizer.lr, training.idle = optimizer.lr / 5, 0

    def _finish(self, training):
        self._training_, self.trace_ = training, training.trace
        self._keep({name: value(w).copy() for name, w in training.kept.items()})
        early = self.early_stopping
        self.best_loss_ = None if early else float(training.best)
        self.validation_scores_ = training.scores if early else None
        self.best_validation_score_ = float(-training.best) if early else None

    def _epoch(self, rows, parameters, optimizer, order):
        """A step on each batch, in this order of the rows; returns the mean loss."""
        X, y, weight = rows
        n, total = len(X), 0.0
        size = min(200, n) if self.batch_size == "auto" else min(self.batch_size, n)
        for first in range(0, n, size):
            batch = order[first : first + size]
            optimizer.zero_grad()
            loss = self.objective(X[batch], y[batch], weight[batch], **parameters)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(batch)
        return total / n

    def _optimizer(self, parameters):
        if self.solver == "adam":
            betas = (self.beta_1, self.beta_2)
            return optim.Adam(
                [*parameters.values()], self.learning_rate_init, betas=betas, eps=self.epsilon
            )
        nesterov = self.nesterovs_momentum and self.momentum > 0
        settings = {"momentum": self.momentum, "nesterov": nesterov}
        return optim.SGD([*parameters.values()], self.learning_rate_init, **settings)

    @classmethod
    def examples(cls, rng):
        """Small networks with a penalty, whose minimum all starts and solvers find."""
        settings = {
            "hidden_layer_sizes": (4,),
            "activation": "tanh",
            "solver": "newton-cg",
            "alpha": 3.0,
        }
        for estimator, X, y in super().examples(rng):
            yield estimator.set_params(**settings, tol=1e-10, max_iter=5000), X, y

    def _left_out(self, n):
        """Which rows are not trained on, but measure the progress."""
        count = int(np.ceil(self.validation_fraction * n))
        if count < 2 or count >= n:
            what = f"The validation set is too small: {count} of {n} samples."
            raise refusal(ValueError, what, "a larger validation_fraction, or early_stopping=False")
        return self._rng_.permutation(n) < count

    def _demand_finite_loss(self):
        if not np.isfinite(self.loss_):
            raise refusal(
                ValueError,
                f"{type(self).__name__}: the loss is not finite after {self.n_iter_} epochs with "
                f"learning_rate_init={self.learning_rate_init}.",
                "features of a common size (StandardScaler), or a smaller learning_rate_init",
            )

    def _output(self, X):
        with no_grad():
            return forward(X, self._layers(), self.activation)


class MLPClassifier(MultilayerPerceptron, IncrementalClassifier):
    """P(y = k | x) = softmax(f(x))_k, f a multilayer perceptron; of two classes, σ(f(x)) for the second.

    ℓ is -ln P(y | x). With no hidden layer, `hidden_layer_sizes=()`, it is logistic regression.
    """

    def errors(self, f, y):
        if f.shape[1] == 1:
            return softplus(f[:, 0]) - f[:, 0] * y
        return logsumexp(f, axis=1) - f[np.arange(len(y)), y]

    def _outputs(self, y):
        return 1 if len(self.classes_) <= 2 else len(self.classes_)

    def _keep(self, parameters):
        super()._keep(parameters)
        self.out_activation_ = "logistic" if self.n_outputs_ == 1 else "softmax"

    def _score(self, X, y, weight):
        return float(np.average(self._predict(X) == y, weights=weight))

    def _predict_proba(self, X):
        f = self._output(X)
        if f.shape[1] > 1:
            return softmax(f, axis=1)
        P = np.concatenate([1 - sigmoid(f), sigmoid(f)], axis=1)
        return P[:, : len(self.classes_)] if len(self.classes_) == 2 else np.ones((len(X), 1))


class MLPRegressor(MultilayerPerceptron, Incremental, Regressor):
    """y ≈ f(x), f a multilayer perceptron; for counts, loss="poisson", y ~ Poisson(exp f(x)).

    ℓ is the mean over outputs of (f(x) - y)² / 2, or of the half deviance e^f - y f + y ln y - y.
    """

    several_targets = True
    loss = choice("squared_error", "poisson", doc="ℓ")

    def errors(self, f, y):
        y = np.reshape(y, f.shape)
        if self.loss == "poisson":
            constant = y * np.log(np.where(y > 0, y, 1)) - y
            return (np.exp(f) - y * f + constant).mean(axis=1)
        return ((f - y) ** 2).mean(axis=1) / 2

    def _outputs(self, y):
        return y[:1].size

    def _keep(self, parameters):
        super()._keep(parameters)
        self.out_activation_ = "exp" if self.loss == "poisson" else "identity"

    def _score(self, X, y, weight):
        found = self._predict(X)
        unexplained = weight @ (y - found).reshape(len(y), -1) ** 2
        total = weight @ (y - np.average(y, axis=0, weights=weight)).reshape(len(y), -1) ** 2
        return float(1 - np.mean(unexplained / np.where(total == 0, 1, total)))

    def _predict(self, X):
        f = self._output(X)
        f = np.exp(f) if self.loss == "poisson" else f
        return f[:, 0] if f.shape[1] == 1 else f


def _random(random_state):
    """NumPy's older generator, whose numbers scikit-learn draws; or the given generator."""
    if isinstance(random_state, (np.random.Generator, np.random.RandomState)):
        return random_state
    return np.random.RandomState(random_state)
