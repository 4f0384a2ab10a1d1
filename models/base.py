"""What every estimator shares: parameters, checks of what it is given, and what it keeps.

An estimator stores the arguments of its `__init__` unchanged, learns in `fit`, and keeps what it
has learned in attributes that end in an underscore. That is scikit-learn's contract, and its own
checks hold it here; but scikit-learn is imported only when it asks us first (`__sklearn_tags__`),
so that these models need NumPy alone.

`fit` works on local names and hands its results to `_keep` at the very end: whatever goes wrong
before that leaves an earlier fit as it was.
"""

import inspect
import itertools
import sys
import warnings
from collections.abc import Callable

import numpy as np

from tinygrad_edu import hessian, hvp, value_and_grad
from tinygrad_edu.optim.directions import DIRECTIONS
from tinygrad_edu.optim.minimize import minimize


class NotFittedError(ValueError, AttributeError):
    """An estimator was asked for an answer before it had learned one."""


class DataConversionWarning(UserWarning):
    """The data were given in a form that had to be guessed at."""


class ConvergenceWarning(UserWarning):
    """The iterations ended before the answer stood still."""


def _known_to_sklearn(kind):
    """`kind`, and, where scikit-learn is loaded, its class of the same name too.

    Code around an estimator (a grid search, `warnings.filterwarnings`) catches that class.
    """
    theirs = getattr(sys.modules.get("sklearn.exceptions"), kind.__name__, None)
    return kind if theirs is None else type(kind.__name__, (kind, theirs), {})


class Estimator:
    """The base of every model: `get_params`, `set_params`, repr, input checks, tags."""

    _kind: str | None = None  # "classifier", "regressor" or "clusterer"
    _supervised = False
    _several_targets = False

    n_features_in_: int  # every fit keeps it: the features of its X

    # ---- parameters: the arguments of __init__ -------------------------------------------------

    @classmethod
    def _defaults(cls):
        """Parameter name -> default value, read off the signature of `__init__`."""
        parameters = inspect.signature(cls).parameters.values()
        return {parameter.name: parameter.default for parameter in parameters}

    def get_params(self, deep=True):
        """Parameter name -> value; of an estimator inside this one as `outer__inner`, if deep."""
        params = {name: getattr(self, name) for name in self._defaults()}
        if deep:
            for outer, value in list(params.items()):
                if isinstance(value, Estimator):
                    inside = value.get_params()
                    params |= {f"{outer}__{name}": inner for name, inner in inside.items()}
        return params

    def set_params(self, **params):
        """Changes parameters by name and returns self. ValueError for an unknown name."""
        known = self._defaults()
        for name in params:
            if name.partition("__")[0] not in known:
                raise ValueError(
                    f"{type(self).__name__} has no parameter {name!r}: it has {', '.join(known)}"
                )
        for name, value in params.items():
            outer, _, inner = name.partition("__")
            if inner:
                getattr(self, outer).set_params(**{inner: value})
            else:
                setattr(self, outer, value)
        return self

    def __repr__(self):
        changed = [
            f"{name}={getattr(self, name)!r}"
            for name, default in self._defaults().items()
            if repr(getattr(self, name)) != repr(default)
        ]
        return f"{type(self).__name__}({', '.join(changed)})"

    def _require_choice(self, name, choices):
        value = getattr(self, name)
        if not isinstance(value, str) or value not in choices:
            raise ValueError(
                f"{type(self).__name__}({name}={value!r}): choose one of "
                + ", ".join(map(repr, choices))
            )

    def _require_number(self, name, at_least=None, above=None, whole=False):
        value = getattr(self, name)
        kind = (int, np.integer) if whole else (int, float, np.integer, np.floating)
        good = isinstance(value, kind) and not isinstance(value, bool)
        if not (
            good and (at_least is None or value >= at_least) and (above is None or value > above)
        ):
            bound = f"at least {at_least}" if above is None else f"above {above}"
            raise ValueError(
                f"{type(self).__name__}({name}={value!r}): {name} must be "
                f"{'an integer' if whole else 'a number'} {bound}"
            )

    # ---- what is learned ------------------------------------------------------------------------

    def _keep(self, **learned):
        """Keeps what fit has learned, all of it or nothing, in place of an earlier fit; returns self."""
        vars(self).update(learned)
        return self

    def _require_fitted(self):
        if not hasattr(self, "n_features_in_"):
            name = type(self).__name__
            raise _known_to_sklearn(NotFittedError)(
                f"this {name} has not learned anything yet: call {name}.fit(...) first"
            )

    # ---- what it is given ----------------------------------------------------------------------

    def _rows(self, X):
        """X as a float64 array of shape (samples, features), all of it finite, or an error."""
        name = type(self).__name__
        if hasattr(X, "toarray"):
            raise TypeError(f"Sparse data are not supported by {name}: give it X.toarray()")
        X = np.asarray(X)
        if X.dtype.kind == "c":
            raise ValueError(f"Complex data not supported by {name}: give it X.real or abs(X)")
        if X.ndim != 2:
            raise ValueError(
                f"{name} expects X of shape (samples, features), got shape {X.shape}. Reshape your "
                "data: X.reshape(-1, 1) if it is one feature, X.reshape(1, -1) if it is one sample"
            )
        for axis, things in enumerate(("sample", "feature")):
            if X.shape[axis] == 0:
                raise ValueError(
                    f"Found array with 0 {things}(s) (shape={X.shape}) while a minimum of 1 is "
                    f"required by {name}."
                )
        try:
            X = X.astype(np.float64, copy=False)
        except ValueError as error:
            raise ValueError(
                f"{name} computes with numbers, and X has others: {error}. Words are usually made "
                "into one column of 0 and 1 for each word"
            ) from error
        _require_finite(X, "X", name)
        return X

    def _queries(self, X):
        """X of a method that uses what was learned: as `_rows`, and as wide as the X of fit."""
        self._require_fitted()
        X = self._rows(X)
        if X.shape[1] != self.n_features_in_:
            raise ValueError(
                f"X has {X.shape[1]} features, but {type(self).__name__} is expecting "
                f"{self.n_features_in_} features as input, as many as in fit"
            )
        return X

    def _weights(self, sample_weight, samples):
        """sample_weight as a float64 array of shape (samples,): all ones if it is None."""
        if sample_weight is None:
            return np.ones(samples)
        weight = np.asarray(sample_weight).astype(np.float64)
        if weight.shape != (samples,):
            raise ValueError(
                f"sample_weight must hold one weight for each of the {samples} samples, "
                f"got shape {weight.shape}"
            )
        _require_finite(weight, "sample_weight", type(self).__name__)
        if (weight < 0).any():
            row = int(np.argmax(weight < 0))
            raise ValueError(f"sample_weight must not be negative: {weight[row]} in row {row}")
        if not weight.any():
            raise ValueError("every sample_weight is zero: at least one weight must not be")
        return weight

    def _training(self, X, y, sample_weight):
        """Checked X, y and weights, without the rows of weight zero: they are as good as absent."""
        X = self._rows(X)
        if self._supervised:
            y = self._targets(y, len(X))
        weight = self._weights(sample_weight, len(X))
        if not weight.all():
            present = weight > 0
            X, weight = X[present], weight[present]
            y = y[present] if self._supervised else None
        return X, y, weight

    def _targets(self, y, samples):
        """y as an array with one row for each of the samples, or an error."""
        name = type(self).__name__
        if y is None:
            raise ValueError(f"{name} requires y to be passed, but the target y is None")
        y = np.asarray(y)
        if y.ndim == 2 and not self._several_targets:
            if y.shape[1] != 1:
                raise ValueError(f"y should be a 1d array, one a sample; got shape {y.shape}")
            warnings.warn(
                "A column-vector y was passed when a 1d array was expected. Try y.ravel(): it "
                f"has shape ({len(y)},) instead of {y.shape}",
                _known_to_sklearn(DataConversionWarning),
                stacklevel=4,
            )
            y = y.ravel()
        if y.ndim not in (1, 2):
            raise ValueError(f"y should be a 1d array, one a sample; got shape {y.shape}")
        if len(y) != samples:
            raise ValueError(f"X has {samples} samples and y has {len(y)}: they must be as many")
        if y.dtype.kind == "f":
            _require_finite(y, "y", name)
        return y

    # ---- what scikit-learn asks ----------------------------------------------------------------

    def __sklearn_tags__(self):
        from sklearn.utils import (
            ClassifierTags,
            RegressorTags,
            Tags,
            TargetTags,
            TransformerTags,
        )

        return Tags(
            estimator_type=self._kind,
            target_tags=TargetTags(required=self._supervised, multi_output=self._several_targets),
            classifier_tags=ClassifierTags() if self._kind == "classifier" else None,
            regressor_tags=RegressorTags() if self._kind == "regressor" else None,
            transformer_tags=(
                TransformerTags(preserves_dtype=[]) if hasattr(self, "transform") else None
            ),
        )


def _require_finite(values, name, estimator):
    """ValueError that says how many values are NaN or infinite, and where the first of them is."""
    finite = np.isfinite(values)
    if finite.all():
        return
    first = np.unravel_index(int(np.argmin(finite)), values.shape)
    place = ", ".join(f"{axis} {i}" for axis, i in zip(("row", "column"), first, strict=False))
    raise ValueError(
        f"Input {name} contains NaN or infinity: {values.size - np.count_nonzero(finite)} of its "
        f"{values.size} values, the first ({values[first]}) in {place}. {estimator} needs finite "
        "numbers: drop those rows, or fill them in"
    )


class Regressor(Estimator):
    """Predicts numbers. A subclass has `fit` and `predict`."""

    _kind = "regressor"
    _supervised = True

    fit: Callable
    predict: Callable[..., np.ndarray]

    def _targets(self, y, samples):
        y = super()._targets(y, samples).astype(np.float64)
        _require_finite(y, "y", type(self).__name__)
        return y

    def score(self, X, y, sample_weight=None):
        """R² = 1 - Σ w (y - ŷ)² / Σ w (y - ȳ)², the mean of it over several targets.

        1 is perfect, 0 no better than the mean ȳ. Of a target without any variance R² is 1 where it
        is met exactly, and 0 otherwise.
        """
        predicted = self.predict(X)
        y = self._targets(y, len(predicted)).reshape(len(predicted), -1)
        weight = self._weights(sample_weight, len(y))
        residual = weight @ (y - predicted.reshape(y.shape)) ** 2
        total = weight @ (y - np.average(y, axis=0, weights=weight)) ** 2
        constant = total == 0
        unexplained = np.where(constant, residual != 0, residual / np.where(constant, 1, total))
        return float(np.mean(1 - unexplained))


class Classifier(Estimator):
    """Predicts classes. A subclass has `fit`, which keeps `classes_`, and `predict_proba`."""

    _kind = "classifier"
    _supervised = True

    fit: Callable
    predict_proba: Callable[..., np.ndarray]
    classes_: np.ndarray  # (classes,), sorted

    def _targets(self, y, samples):
        y = super()._targets(y, samples)
        if y.dtype.kind == "f" and (y != np.floor(y)).any():
            row = int(np.argmax(y != np.floor(y)))
            raise ValueError(
                f"Unknown label type: continuous. {type(self).__name__} predicts classes, and y "
                f"has {y[row]} in row {row}: did you want a regressor?"
            )
        return y

    def _classes(self, y):
        """The classes of y in order, and for each sample the index of its class."""
        try:
            return np.unique(y, return_inverse=True)
        except TypeError as error:
            kinds = ", ".join(sorted({type(label).__name__ for label in y}))
            raise ValueError(
                f"Unknown label type: y mixes {kinds}, which have no common order: "
                "make them all strings or all integers"
            ) from error

    def predict(self, X):
        """The most probable class of each row of X; the first of equally probable ones."""
        most_probable = np.argmax(self.predict_proba(X), axis=1)
        return self.classes_[most_probable]

    def predict_log_proba(self, X):
        """log P(class | x), shape (samples, classes)."""
        with np.errstate(divide="ignore"):  # log 0 = -inf is the right answer
            return np.log(self.predict_proba(X))

    def score(self, X, y, sample_weight=None):
        """Accuracy: the share (by weight) of rows whose class is predicted."""
        predicted = self.predict(X)
        hits = predicted == self._targets(y, len(predicted))
        return float(np.average(hits, weights=self._weights(sample_weight, len(hits))))


class Clusterer(Estimator):
    """Finds groups. A subclass has `fit`, which keeps `labels_`."""

    _kind = "clusterer"

    fit: Callable
    labels_: np.ndarray  # (samples,), the group of each row of the X of fit

    def fit_predict(self, X, y=None, sample_weight=None):
        """Fits, and returns the group of each row of X. y is ignored: pipelines pass it."""
        return self.fit(X, sample_weight=sample_weight).labels_


class LossModel(Estimator):
    """A model whose training is an optimization: it is its loss, and the solver is a word.

    A subclass writes `loss(X, y, weight, **parameters)` on Tensors, and calls `_minimize`. Gradient
    and Hessian come from the engine; a new solver in `optim.minimize` serves every model at once.
    """

    loss: Callable
    solver: str  # one of `optim.directions.DIRECTIONS`
    tol: float  # it stops when no element of the gradient is larger
    max_iter: int

    def _minimize(self, X, y, weight, **shapes):
        """Where the loss is least: the parameters, of the given shapes; and the steps it took."""
        self._require_choice("solver", DIRECTIONS)
        self._require_number("tol", above=0)
        self._require_number("max_iter", at_least=1, whole=True)

        ends = np.cumsum([0] + [int(np.prod(shape)) for shape in shapes.values()])

        def unpack(flat):
            """The one vector that the solver moves, cut into the parameters it stands for."""
            parts = [flat[start:end] for start, end in itertools.pairwise(ends)]
            named = zip(shapes.items(), parts, strict=True)
            return {name: part.reshape(shape) for (name, shape), part in named}

        def objective(flat):
            return self.loss(X, y, weight, **unpack(flat))

        found = minimize(
            value_and_grad(objective),
            np.zeros(ends[-1]),
            method=self.solver,
            hessian=hessian(objective),
            tol=self.tol,
            max_iter=self.max_iter,
            product=lambda w, v: hvp(objective, (w,), (v,)),
        )
        if not found.converged:
            warnings.warn(
                f"{type(self).__name__} stopped after {found.iterations} steps of {self.solver!r} "
                f"with a gradient of {np.abs(found.gradient).max():.1e}, above tol={self.tol}: "
                "raise max_iter, scale the features to a common size, or raise tol",
                _known_to_sklearn(ConvergenceWarning),
                stacklevel=3,
            )
        return unpack(found.point), found.iterations
