"""Learning from one sample after the other: a step for each, in rounds over all samples.

Source: L. Bottou, Stochastic gradient descent tricks (2012); W. Xu, Towards optimal one pass large scale
learning with averaged stochastic gradient descent (2011), for averages; Y. Tsuruoka, J. Tsujii, S. Ananiadou,
Stochastic gradient descent training for L1-regularized log-linear models (2009), for ‖w‖₁.
"""

import copy
import itertools
import math
from typing import Any, ClassVar

import numpy as np

from models.foundation import (
    Regressor,
    boolean,
    choice,
    integer,
    learned,
    mapping,
    nonnegative,
    number,
    seed,
)
from models.foundation.bunch import Bunch
from models.foundation.incremental import Incremental, IncrementalClassifier
from models.foundation.iterate import Trace, kept_by, warn_not_converged
from models.foundation.linear_predictor import LinearPredictor, SparseWeights
from models.foundation.randomness import generator
from models.foundation.targets import against_rest
from models.online.losses import loss_named
from tinygrad_edu.diagnostics.words import refusal

SMALLEST_SCALE = 1e-9
CHUNK = 500  # samples
STEEPEST = 1e12  # the largest slope that a step uses


class OnlineModel(LinearPredictor, SparseWeights, Incremental):
    """A score z = w·x + b. For one sample after the other, with its weight s:

        w ← (1 - (1 - ρ) η α) w - s η (∂ loss / ∂ z) x          b ← b - s η ∂ loss / ∂ z

    This descends along the gradient of s · loss(z, y) + α ((1 - ρ) ‖w‖² / 2 + ρ ‖w‖₁), with ρ = 0 for
    penalty="l2", 1 for "l1", and no α for None. ‖w‖₁ has a kink at 0: there the step stops (see Line.clip).

    A round is a pass over all samples, an epoch. The rounds end when the mean loss, or with early_stopping
    the score of samples held out, has not improved by tol for n_iter_no_change rounds.

    In the same order of samples (shuffle=False) the numbers are those of scikit-learn; its random orders are
    others. Two decisions differ: the average of w is that of all steps also with the penalty ‖w‖₁, and
    partial_fit with averages goes on from the b of its last step.
    """

    does_not_apply = {
        name: "two steps for two equal rows differ from one step of double size"
        for name in (
            "check_sample_weight_equivalence_on_dense_data",
            "test_weights_are_repetitions",
        )
    }

    fit_intercept = True
    max_iter: int = integer(1000, at_least=1, doc="largest number of rounds of fit")
    tol: float | None = nonnegative(
        1e-3, optional=True, doc="least improvement of a round; None: max_iter rounds"
    )
    shuffle: bool = boolean(True, doc="a new order of the samples in each round")
    verbose: bool | int = boolean(False, doc="print a line per round") | integer(at_least=0)
    random_state: Any = seed(doc="orders of the samples, and which are held out")
    early_stopping: bool = boolean(False, doc="judge rounds by samples that are held out")
    validation_fraction: float = number(0.1, above=0, below=1, doc="fraction held out")
    n_iter_no_change: int = integer(5, at_least=1, doc="rounds without improvement at the end")
    warm_start: bool = boolean(False, doc="start from the result of the previous fit")

    n_iter_: int = learned("number of rounds")
    t_: float = learned("1 + the number of steps")
    trace_: Trace = learned(
        "mean objective of each round, for several classes of the one with most; trace_.plot() draws it"
    )

    # What the models below have as parameters, or as constants.
    loss: Any = None
    epsilon: Any = 0.0
    penalty: Any = None
    alpha: Any = 0.0
    l1_ratio: Any = 0.0
    learning_rate: Any = "constant"
    eta0: Any = 1.0
    power_t: Any = 0.5
    average: Any = False
    _first_b: ClassVar[float] = 0.0  # where b starts

    @classmethod
    def examples(cls, rng):
        """Those of the kind, in the order of the rows: a random order differs from scikit-learn's."""
        for estimator, X, y in super().examples(rng):
            yield estimator.set_params(shuffle=False), X, y

    def _loss(self):
        return loss_named(self.loss, self.epsilon)

    def _slope_of_b(self):
        """The factor of b in the objective."""
        return 0.0

    def _rule(self):
        """The rule of the learning rate, and η0."""
        return self.learning_rate, self.eta0

    _targets: ClassVar[Any]  # (y, weight) -> for each score its targets and weights
    _quality: ClassVar[Any]  # (z, y, weight) -> how good the scores of samples held out are

    def _fit(self, X, y, weight):
        self.t_ = 1.0
        lines = None
        if "coef_" in vars(self):  # with warm_start
            W = np.atleast_2d(self.densify().coef_)
            if W.shape == (len(self._targets(y, weight)), X.shape[1]):
                lines = [Line(w, b) for w, b in zip(W, self.intercept_, strict=True)]
        self._learn_rounds(X, y, weight, self.max_iter, lines)
        if self.tol is not None and self.n_iter_ == self.max_iter:
            warn_not_converged(
                self,
                "rounds. Maximum number of iteration reached before convergence",
                "raise max_iter, scale the features, or raise tol",
            )

    def _partial_fit(self, X, y, weight):
        self._refuse_settings_of_fit()
        self.t_ = getattr(self, "t_", 1.0)
        lines = copy.deepcopy(getattr(self, "_lines_", None))  # a call that fails changes nothing
        self._learn_rounds(X, y, weight, 1, lines)

    def _learn_rounds(self, X, y, weight, rounds, lines):
        problems = self._targets(y, weight)
        if lines is None:
            lines = [Line(np.zeros(X.shape[1]), self._first_b) for _ in problems]
        rng = generator(self.random_state)
        with np.errstate(all="ignore"):  # overflow is reported after the round
            each = zip(lines, problems, strict=True)
            traces = [self._descend(line, X, target, s, rounds, rng) for line, (target, s) in each]
        self.trace_ = max(traces, key=len)
        self.trace_.states = self._together(traces)
        self.n_iter_ = len(self.trace_)
        self.t_ += float(self.n_iter_ * len(X))
        self._lines_ = lines
        found = [line.found(0 < self.average <= self.t_ - 1) for line in lines]
        self._keep(found)

    def _keep(self, found):
        """Stores w and b of each score."""
        W, b = map(np.array, zip(*found, strict=True))
        self.coef_ = W if self.kind == "classifier" else W[0]
        self.intercept_ = b

    def _together(self, traces):
        """The state of all scores after each round; a score whose rounds have ended stays as it is."""
        rounds = itertools.zip_longest(*(trace.states for trace in traces))
        states: list[Bunch] = []
        last: list[Any] = [None] * len(traces)
        for each in rounds:
            last = [before if now is None else now for now, before in zip(each, last, strict=True)]
            states.append(Bunch(kept_by(self, [state.found for state in last])))
        return states

    def _descend(self, line, X, y, weight, rounds, rng):
        """Rounds for one score; returns their objectives."""
        trace = Trace.of(self)
        rows, held_out = np.arange(len(y)), None
        if self.early_stopping:
            rows, held_out = self._hold_out(y, rng)
        best, waiting, t = -np.inf, 0, int(self.t_)
        rule, η0 = self._rule()
        for done in range(1, rounds + 1):
            order = rng.permutation(rows) if self.shuffle else rows
            samples = in_order(X, y, weight, order)
            total = self._round(line, samples, t, self._rate(rule, η0))
            t += len(order)
            self._require_finite(line, total, done)
            quality = -total / len(order)
            if held_out is not None:
                z = X[held_out] @ line.w + line.b
                quality = self._quality(z, y[held_out], weight[held_out])
            trace(done, total / len(order))
            if trace.keeps_states:
                trace.keep(found=line.found(0 < self.average <= t - 1))
            no_better = self.tol is not None and quality < best + self.tol
            waiting = waiting + 1 if no_better else 0
            best = max(best, quality)
            if waiting >= self.n_iter_no_change:
                if rule != "adaptive" or η0 <= 1e-6:
                    break
                η0, waiting = η0 / 5, 0
        return trace

    def _round(self, line, samples, t, rate):
        """A step for each sample; returns the sum of their objectives, each before its step.

        w is kept as scale · v: so most decays are a product of two numbers, and ‖v‖² is kept along.
        """
        (value, slope), (l2, l1) = self._loss(), self._strengths()
        average, pull, moves_b = int(self.average), self._slope_of_b(), int(self.fit_intercept)
        v, b, scale, total = line.w, line.b, 1.0, 0.0
        size, dot = float(v @ v), v.dot
        for x, target, s, xx in samples:
            vx = float(dot(x))
            z = scale * vx + b
            loss = value(z, target)
            total += loss + l2 / 2 * scale * scale * size + pull * b
            η = rate(t, loss, xx)
            steepness = slope(z, target)
            if abs(steepness) > STEEPEST:
                steepness = math.copysign(STEEPEST, steepness)
            step = -η * s * steepness
            if l2 > 0:
                scale *= 1 - η * l2 if η * l2 < 1 else 0.0
                if scale < SMALLEST_SCALE or l1 > 0 or average:
                    v *= scale
                    vx, size, scale = vx * scale, size * scale * scale, 1.0
            if step:
                change = step / scale
                v += change * x
                size += change * (2 * vx + change * xx)
                b += step * moves_b
            if pull:
                b -= η * pull
            if l1 > 0:
                total += l1 * float(np.abs(v).sum())
                line.clip(η * l1)
                size = float(v @ v)
            if 0 < average <= t:
                line.mean_w += (v - line.mean_w) / (t - average + 1)
                line.mean_b += (b - line.mean_b) / (t - average + 1)
            t += 1
        v *= scale
        line.b = b
        return total

    def _strengths(self):
        """The factors of ‖w‖² / 2 and of ‖w‖₁ in the objective."""
        if self.penalty is None:
            return 0.0, 0.0
        ρ = {"l2": 0.0, "l1": 1.0}.get(self.penalty, self.l1_ratio)
        if ρ is None:
            what = "l1_ratio must be set when penalty is 'elasticnet'."
            raise refusal(ValueError, what, f"{type(self).__name__}(l1_ratio=0.15)")
        return (1 - ρ) * self.alpha, ρ * self.alpha

    def _rate(self, rule, η0):
        """(t, loss, ‖x‖²) -> η: the learning rate of step t."""
        α, p = self.alpha, self.power_t
        if rule == "optimal":
            if not α > 0:
                what = "alpha must be > 0 since learning_rate is 'optimal'."
                raise refusal(ValueError, what, "learning_rate='constant', or alpha=1e-4")
            t0 = α**-0.75
            return lambda t, loss, xx: 1 / (α * (t0 + t - 1))
        return {
            "constant": lambda t, loss, xx: η0,
            "adaptive": lambda t, loss, xx: η0,
            "invscaling": lambda t, loss, xx: η0 / t**p,
            "pa1": lambda t, loss, xx: min(η0, loss / xx) if xx > 0 else 0.0,
            "pa2": lambda t, loss, xx: loss / (xx + 0.5 / η0),
        }[rule]

    def _hold_out(self, y, rng):
        """Rows to learn from, and rows held out, with all targets in both where possible."""
        order = rng.permutation(len(y))
        order = order[np.argsort(y[order], kind="stable")]
        held = np.zeros(len(y), dtype=bool)
        size = round(self.validation_fraction * len(y))
        if not 0 < size < len(y):
            what = f"validation_fraction={self.validation_fraction} of {len(y)} samples is all or none."
            raise refusal(ValueError, what, "more samples, or early_stopping=False")
        held[order[np.linspace(0, len(y) - 1, size).astype(int)]] = True
        return np.flatnonzero(~held), np.flatnonzero(held)

    def _require_finite(self, line, total, done):
        if not (np.isfinite(line.w).all() and np.isfinite(line.b) and np.isfinite(total)):
            what = f"Floating-point under-/overflow occurred at epoch #{done}: the weights of "
            what += f"{type(self).__name__}, or its losses, are not finite."
            raise refusal(ValueError, what, "features of a common size: StandardScaler")

    def _refuse_settings_of_fit(self):
        """partial_fit makes one round: nothing can be held out, and classes to come cannot be balanced."""
        if self.early_stopping:
            what = "early_stopping should be False with partial_fit."
            raise refusal(ValueError, what, f"{type(self).__name__}(early_stopping=False)")
        if getattr(self, "class_weight", None) == "balanced":
            what = (
                "class_weight 'balanced' is not supported for partial_fit: classes may come later."
            )
            raise refusal(ValueError, what, "a dict with a weight for each class")


def in_order(X, y, weight, order):
    """x, y, weight and ‖x‖² of each sample in this order. They are read in chunks, to copy little."""
    for start in range(0, len(order), CHUNK):
        rows = order[start : start + CHUNK]
        A = X[rows]
        squares = np.einsum("ij,ij->i", A, A)
        yield from zip(A, y[rows].tolist(), weight[rows].tolist(), squares.tolist(), strict=True)


class Line:
    """w and b of one score, their averages over the steps, and the clipping of w."""

    def __init__(self, w, b):
        self.w, self.b = np.array(w, dtype=np.float64), float(b)
        self.mean_w, self.mean_b = np.zeros_like(self.w), 0.0
        self.due, self.paid = 0.0, np.zeros_like(self.w)

    def found(self, averaged):
        """w and b, of the last step or on average."""
        return (self.mean_w, self.mean_b) if averaged else (self.w, self.b)

    def clip(self, more):
        """Moves every w_j toward 0 by what the penalty ‖w‖₁ is due so far, but not beyond 0.

        An order of samples that moves w_j about its 0 does not matter: what was paid counts for later steps.
        """
        self.due += more
        before = self.w.copy()
        down = np.maximum(0, before - (self.due + self.paid))
        up = np.minimum(0, before + (self.due - self.paid))
        self.w[:] = np.where(before > 0, down, np.where(before < 0, up, 0))
        self.paid += self.w - before


class OnlineClassifier(OnlineModel, IncrementalClassifier):
    """The sign of the score; for more classes the largest of their scores, each against the rest."""

    one_class = False

    class_weight: Any = choice(None, "balanced") | mapping(doc="factors of the weights, by class")
    n_jobs: int | None = integer(None, doc="no effect: one class after the other")

    coef_: Any = learned("w of each class: (classes, features), or (1, features) for two")
    intercept_: np.ndarray = learned("b: (classes,), or (1,) for two")

    def _weights_with_classes(self, y, weight):
        return weight  # the factor of a class is for its own score alone: see _targets

    def _targets(self, y, weight):
        own = against_rest(y, len(self.classes_))
        in_class = super()._weights_with_classes(y, weight)
        rest = in_class if len(own) == 1 else weight
        return [(2.0 * of_class - 1, np.where(of_class, in_class, rest)) for of_class in own]

    def _quality(self, z, y, weight):
        return weight @ ((z > 0) == (y > 0)) / weight.sum()

    def _decision(self, X):
        z = self.linear(X, self.coef_, self.intercept_)
        return z[:, 0] if z.shape[1] == 1 else z


class OnlineRegressor(OnlineModel, Regressor):
    """The score is the prediction."""

    coef_: Any = learned("w: (features,)")
    intercept_: np.ndarray = learned("b: (1,)")

    def _targets(self, y, weight):
        return [(y, weight)]

    def _quality(self, z, y, weight):
        spread = weight @ (y - weight @ y / weight.sum()) ** 2
        return 1 - weight @ (y - z) ** 2 / spread if spread > 0 else 0.0

    def _predict(self, X):
        return self.linear(X, self.coef_, self.intercept_)
