"""Errors of numbers: equal to scikit-learn's, to the last digits."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from hypothesis import given, settings
from hypothesis import strategies as st

from models import metrics
from tests.models.metrics.cases import same

JOINED = [
    "mean_squared_error", "root_mean_squared_error", "mean_absolute_error", "mean_absolute_percentage_error",
    "mean_pinball_loss", "mean_squared_log_error", "root_mean_squared_log_error", "median_absolute_error",
    "r2_score", "explained_variance_score", "d2_pinball_score", "d2_absolute_error_score",
]  # fmt: skip
OF_ONE_TARGET = [
    *(("mean_tweedie_deviance", {"power": p}) for p in (-1, 0, 0.5, 1, 1.5, 2, 3)),
    *(("d2_tweedie_score", {"power": p}) for p in (0, 1, 1.5, 2, 3)),
    ("mean_poisson_deviance", {}), ("mean_gamma_deviance", {}),
]  # fmt: skip


@st.composite
def pairs(draw, targets=None, positive=False):
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    n, targets = draw(st.integers(1, 20)), draw(st.integers(1, 3)) if targets is None else targets
    shape = (n, targets) if targets > 1 else n
    y, predicted = rng.normal(size=(2, *np.atleast_1d(shape)))
    if draw(st.booleans()):
        y, predicted = np.round(y), np.round(predicted)  # ties, zeros and constants
    if positive or draw(st.booleans()):
        y, predicted = np.abs(y), np.abs(predicted) + 0.1
    weight = draw(
        st.sampled_from([None, rng.integers(0, 3, n) + (np.arange(n) == 0), rng.random(n)])
    )
    return y, predicted, weight


@pytest.mark.parametrize("name", JOINED)
@settings(max_examples=60, deadline=None)
@given(
    case=pairs(),
    how=st.sampled_from(["uniform_average", "raw_values", "variance_weighted", [1, 2.0, 3]]),
)
def test_several_targets(name, case, how):
    if how == "variance_weighted" and name not in ("r2_score", "explained_variance_score"):
        how = "uniform_average"
    if isinstance(how, list) and np.ndim(case[0]) == 1:
        how = None  # some of theirs take a weight for a single target
    how = how[: np.ndim(case[0]) and np.shape(case[0])[-1]] if isinstance(how, list) else how
    same(name, *case[:2], sample_weight=case[2], multioutput=how)


@pytest.mark.parametrize("name, given_", OF_ONE_TARGET)
@settings(max_examples=30, deadline=None)
@given(case=st.one_of(pairs(1, positive=True), pairs(1), pairs(2)))
def test_one_target(name, given_, case):
    same(name, *case[:2], sample_weight=case[2], tolerance=1e-12, **given_)
    same("max_error", *case[:2])


@settings(max_examples=40, deadline=None)
@given(case=pairs(), alpha=st.sampled_from([0.1, 0.25, 0.5, 0.9]))
def test_quantiles(case, alpha):
    same("d2_pinball_score", *case[:2], sample_weight=case[2], alpha=alpha)
    same("mean_pinball_loss", *case[:2], sample_weight=case[2], alpha=alpha)


def test_constants_need_not_be_finite():
    for predicted in ([1.0, 1.0], [1.0, 2.0]):
        for name in ("r2_score", "explained_variance_score"):
            same(name, [1.0, 1.0], predicted, force_finite=False)
            same(name, [1.0, 1.0], predicted)


def test_what_does_not_fit_together():
    with pytest.raises(ValueError, match=r"different number of output \(2!=1\)"):
        metrics.mean_squared_error(np.ones((3, 2)), np.ones(3))
    with pytest.raises(ValueError, match="y_pred contains NaN or infinity: 1 of its 2 values"):
        metrics.r2_score([1, 2], [1, np.nan])
    with pytest.raises(ValueError, match="Custom weights are useful only in multi-output cases"):
        metrics.r2_score([1, 2], [1, 2], multioutput=[1.0])
    with pytest.raises(ValueError, match="y_true must be numbers"):
        metrics.r2_score(["a", "b"], [1, 2])
    with pytest.raises(ValueError, match="strictly positive y and y_pred"):
        metrics.mean_gamma_deviance([0.0, 1], [1, 1])
    with pytest.raises(ValueError, match="no Tweedie distribution has a power between 0 and 1"):
        metrics.d2_tweedie_score([1.0], [1.0], power=0.5)
