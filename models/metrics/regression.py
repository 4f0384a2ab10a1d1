"""Errors of predicted numbers, and how much of the variation they explain.

A target may have several columns. `multioutput` joins them: "uniform_average" is their mean, "raw_values"
keeps them apart, a list gives their weights; for R² and explained variance "variance_weighted" weighs each by
its variance.
"""

from typing import Any

import numpy as np

from models.foundation.kinds import explained
from models.foundation.weighted_quantiles import weighted_quantiles
from models.metrics.reading import numbers, same_length, too_few, weights
from tinygrad_edu.diagnostics.words import refusal


def _read(y_true, y_pred, sample_weight, multioutput=None):
    """(y_true, y_pred, weights): both (samples, targets). Raises ValueError for a bad multioutput."""
    same_length(y_true, y_pred, sample_weight)
    y_true, y_pred = numbers(y_true, "y_true"), numbers(y_pred, "y_pred")
    samples = len(y_true)
    if samples == 0:
        what = "Found array with 0 sample(s) while a minimum of 1 is required."
        raise refusal(ValueError, what, "the targets and predictions of at least one sample")
    y_true, y_pred = (y if y.ndim > 1 else y[:, None] for y in (y_true, y_pred))
    if y_true.shape != y_pred.shape:
        what = (
            "y_true and y_pred have different number of output "
            f"({y_true.shape[1]}!={y_pred.shape[1]}): y_true has shape {y_true.shape}, y_pred {y_pred.shape}."
        )
        raise refusal(ValueError, what, "a column of y_pred for each target")
    _check_multioutput(multioutput, y_true.shape[1])
    return y_true, y_pred, weights(sample_weight, samples)


def _one_target(y_true, y_pred, sample_weight, name):
    y_true, y_pred, weight = _read(y_true, y_pred, sample_weight)
    if y_true.shape[1] > 1:
        what = f"Multioutput not supported in {name}: y_true has {y_true.shape[1]} columns."
        raise refusal(ValueError, what, f"{name} of each column")
    return y_true[:, 0], y_pred[:, 0], weight


def _check_multioutput(multioutput, targets):
    if isinstance(multioutput, str) or multioutput is None:
        if multioutput not in (None, "raw_values", "uniform_average", "variance_weighted"):
            what = f"multioutput={multioutput!r}: no such way to join targets."
            raise refusal(ValueError, what, "'raw_values', 'uniform_average' or weights")
    elif targets == 1:
        what = "Custom weights are useful only in multi-output cases."
        raise refusal(ValueError, what, "multioutput='uniform_average'")
    elif len(multioutput) != targets:
        what = f"There must be equally many custom weights ({len(multioutput)}) as outputs ({targets})."
        raise refusal(ValueError, what, "a weight for each target")


def _joined(values, multioutput, variances=None):
    """The values of the targets, joined as multioutput says."""
    if not isinstance(multioutput, str):
        return float(np.average(values, weights=multioutput))
    if multioutput == "raw_values":
        return values
    weighted = multioutput == "variance_weighted" and variances is not None and variances.any()
    return float(np.average(values, weights=variances if weighted else None))


# ---- means of an error ---------------------------------------------------------------------------


def mean_squared_error(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: Any = "uniform_average"
) -> Any:
    """The mean of (y - ŷ)²."""
    y_true, y_pred, weight = _read(y_true, y_pred, sample_weight, multioutput)
    return _joined(np.average((y_true - y_pred) ** 2, axis=0, weights=weight), multioutput)


def root_mean_squared_error(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: Any = "uniform_average"
) -> Any:
    """The root of the mean of (y - ŷ)², in the unit of y."""
    y_true, y_pred, weight = _read(y_true, y_pred, sample_weight, multioutput)
    return _joined(np.sqrt(np.average((y_true - y_pred) ** 2, axis=0, weights=weight)), multioutput)


def mean_absolute_error(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: Any = "uniform_average"
) -> Any:
    """The mean of |y - ŷ|."""
    y_true, y_pred, weight = _read(y_true, y_pred, sample_weight, multioutput)
    return _joined(np.average(np.abs(y_pred - y_true), axis=0, weights=weight), multioutput)


def mean_absolute_percentage_error(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: Any = "uniform_average"
) -> Any:
    """The mean of |y - ŷ| / |y|, as a fraction: 0.1 is 10 %."""
    y_true, y_pred, weight = _read(y_true, y_pred, sample_weight, multioutput)
    size = np.maximum(np.abs(y_true), np.finfo(np.float64).eps)
    return _joined(np.average(np.abs(y_pred - y_true) / size, axis=0, weights=weight), multioutput)


def mean_pinball_loss(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    alpha: float = 0.5,
    multioutput: Any = "uniform_average",
) -> Any:
    """The mean of α (y - ŷ) if y is above ŷ, else (1 - α) (ŷ - y): least if ŷ is the α-quantile of y."""
    y_true, y_pred, weight = _read(y_true, y_pred, sample_weight, multioutput)
    return _joined(_pinball(y_true - y_pred, alpha, weight), multioutput)


def _pinball(errors, alpha, weight):
    above = errors >= 0
    losses = alpha * above * errors - (1 - alpha) * (1 - above) * errors
    return np.average(losses, axis=0, weights=weight)


def _logarithms(y_true, y_pred, sample_weight, multioutput):
    y_true, y_pred, weight = _read(y_true, y_pred, sample_weight, multioutput)
    if (y_true <= -1).any() or (y_pred <= -1).any():
        what = (
            "Mean Squared Logarithmic Error cannot be used when targets contain values less than or equal "
            "to -1."
        )
        raise refusal(ValueError, what, "mean_squared_error")
    return np.log1p(y_true), np.log1p(y_pred), weight


def mean_squared_log_error(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: Any = "uniform_average"
) -> Any:
    """The mean of (log(1 + y) - log(1 + ŷ))²."""
    y_true, y_pred, weight = _logarithms(y_true, y_pred, sample_weight, multioutput)
    return mean_squared_error(y_true, y_pred, sample_weight=weight, multioutput=multioutput)


def root_mean_squared_log_error(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: Any = "uniform_average"
) -> Any:
    """The root of mean_squared_log_error."""
    y_true, y_pred, weight = _logarithms(y_true, y_pred, sample_weight, multioutput)
    return root_mean_squared_error(y_true, y_pred, sample_weight=weight, multioutput=multioutput)


def median_absolute_error(
    y_true: Any, y_pred: Any, *, multioutput: Any = "uniform_average", sample_weight: Any = None
) -> Any:
    """The median of |y - ŷ|: a few huge errors do not matter."""
    y_true, y_pred, weight = _read(y_true, y_pred, sample_weight, multioutput)
    errors = np.abs(y_pred - y_true)
    medians = np.median(errors, axis=0) if weight is None else quantile(errors, weight, 0.5)
    return _joined(medians, multioutput)


def max_error(y_true: Any, y_pred: Any) -> float:
    """The largest |y - ŷ|."""
    y_true, y_pred, _ = _one_target(y_true, y_pred, None, "max_error")
    return float(np.max(np.abs(y_true - y_pred)))


def quantile(values: np.ndarray, weight: np.ndarray, level: float) -> np.ndarray:
    """The quantile of each column: the value where the weight of all up to it reaches the level.

    If the level falls between two values, it is their mean.
    """
    present = weight > 0
    columns = values[present].T
    return np.array([weighted_quantiles(x, weight[present], level, True) for x in columns])


# ---- deviances -----------------------------------------------------------------------------------


def mean_tweedie_deviance(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, power: float = 0
) -> float:
    """The mean deviance of a Tweedie distribution, whose variance is meanᵖ with p = power.

    0 is the squared error, 1 the Poisson deviance, 2 the Gamma deviance, 3 that of the inverse normal
    distribution. Source: B. Jørgensen, The Theory of Dispersion Models (1997), section 4.
    """
    y_true, y_pred, weight = _one_target(y_true, y_pred, sample_weight, "mean_tweedie_deviance")
    _require_domain(y_true, y_pred, power)
    return float(np.average(_tweedie(y_true, y_pred, power), weights=weight))


def _require_power(power):
    if 0 < power < 1:
        what = f"power={power}: no Tweedie distribution has a power between 0 and 1."
        raise refusal(ValueError, what, "power=0, or 1 and more")


def _require_domain(y_true, y_pred, power):
    _require_power(power)
    needs = {
        "strictly positive y_pred": power < 0 and (y_pred <= 0).any(),
        "non-negative y and strictly positive y_pred": 1 <= power < 2
        and ((y_true < 0).any() or (y_pred <= 0).any()),
        "strictly positive y and y_pred": power >= 2
        and ((y_true <= 0).any() or (y_pred <= 0).any()),
    }
    for need, violated in needs.items():
        if violated:
            what = f"Mean Tweedie deviance error with power={power} can only be used on {need}."
            raise refusal(ValueError, what, "power=0, or a model whose predictions are positive")


def _tweedie(y, mean, p):
    if p == 0:
        return (y - mean) ** 2
    if p == 1:
        return 2 * (y * np.log(np.where(y > 0, y / mean, 1)) - y + mean)
    if p == 2:
        return 2 * (np.log(mean / y) + y / mean - 1)
    positive = np.where(y > 0, y, 0.0)
    return 2 * (
        positive ** (2 - p) / ((1 - p) * (2 - p))
        - y * mean ** (1 - p) / (1 - p)
        + mean ** (2 - p) / (2 - p)
    )


def mean_poisson_deviance(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """The mean of 2 (y log(y / ŷ) - y + ŷ)."""
    return mean_tweedie_deviance(y_true, y_pred, sample_weight=sample_weight, power=1)


def mean_gamma_deviance(y_true: Any, y_pred: Any, *, sample_weight: Any = None) -> float:
    """The mean of 2 (log(ŷ / y) + y / ŷ - 1)."""
    return mean_tweedie_deviance(y_true, y_pred, sample_weight=sample_weight, power=2)


# ---- 1 - error / error of a constant prediction --------------------------------------------------


def _explained(errors, of_constant, multioutput, force_finite=True):
    """1 - errors / of_constant of each target, joined; `explained`, if the result must be finite."""
    if force_finite:
        scores = explained(errors, of_constant)
    else:
        with np.errstate(all="ignore"):
            scores = 1 - errors / of_constant
    return _joined(scores, multioutput, of_constant)


def r2_score(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    force_finite: bool = True,
) -> Any:
    """R² = 1 - Σ (y - ŷ)² / Σ (y - ȳ)²: 1 is perfect, 0 no better than the mean ȳ."""
    y_true, y_pred, weight = _read(y_true, y_pred, sample_weight, multioutput)
    if too_few(y_true, "R^2"):
        return float("nan")
    each: Any = 1.0 if weight is None else weight[:, None]
    errors = np.sum(each * (y_true - y_pred) ** 2, axis=0)
    mean = np.average(y_true, axis=0, weights=weight)
    return _explained(
        errors, np.sum(each * (y_true - mean) ** 2, axis=0), multioutput, force_finite
    )


def explained_variance_score(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    multioutput: Any = "uniform_average",
    force_finite: bool = True,
) -> Any:
    """1 - Var(y - ŷ) / Var(y): as R², but a constant error does not count."""
    y_true, y_pred, weight = _read(y_true, y_pred, sample_weight, multioutput)

    def variance(x):
        return np.average((x - np.average(x, axis=0, weights=weight)) ** 2, axis=0, weights=weight)

    return _explained(variance(y_true - y_pred), variance(y_true), multioutput, force_finite)


def d2_tweedie_score(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, power: float = 0
) -> float:
    """1 - deviance / deviance of the mean of y: R² for power=0."""
    y_true, y_pred, weight = _one_target(y_true, y_pred, sample_weight, "d2_tweedie_score")
    _require_power(power)
    if too_few(y_true, "D^2"):
        return float("nan")
    deviance = mean_tweedie_deviance(y_true, y_pred, sample_weight=weight, power=power)
    mean = np.average(y_true, weights=weight)
    with np.errstate(all="ignore"):  # the mean may be 0
        of_mean = np.average(_tweedie(y_true, mean, power), weights=weight)
    return _explained(np.array([deviance]), np.array([of_mean]), None)


def d2_pinball_score(
    y_true: Any,
    y_pred: Any,
    *,
    sample_weight: Any = None,
    alpha: float = 0.5,
    multioutput: Any = "uniform_average",
) -> Any:
    """1 - pinball loss / that of the α-quantile of y."""
    y_true, y_pred, weight = _read(y_true, y_pred, sample_weight, multioutput)
    if too_few(y_true, "D^2"):
        return float("nan")
    best = quantile(y_true, np.ones(len(y_true)) if weight is None else weight, alpha)
    errors = _pinball(y_true - y_pred, alpha, weight)
    return _explained(errors, _pinball(y_true - best, alpha, weight), multioutput)


def d2_absolute_error_score(
    y_true: Any, y_pred: Any, *, sample_weight: Any = None, multioutput: Any = "uniform_average"
) -> Any:
    """1 - mean absolute error / that of the median of y."""
    return d2_pinball_score(
        y_true, y_pred, sample_weight=sample_weight, alpha=0.5, multioutput=multioutput
    )
