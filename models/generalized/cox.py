"""Cox's proportional hazards: how long until an event, where some have not had it yet.

Source: D. Cox, Regression models and life-tables (1972), with the discussion by N. Breslow; B. Efron, The
efficiency of Cox's likelihood function for censored data (1977).
"""

from typing import Any

import numpy as np

from models.foundation import choice, learned, nonnegative, validation
from models.foundation.loss_model import LossModel
from models.generalized.times import concordance, risk_sets, times_and_events
from tinygrad_edu.diagnostics.words import refusal


class CoxPHRegressor(LossModel):
    """The hazard of an event at time t is h(t | x) = h₀(t) exp(η) with η = w·(x - x̄), for any h₀ (Cox 1972).

        L(w) = -Σ_i s_i (η_i - ln Σ_{j at risk at t_i} s_j exp η_j) / Σ s + α ‖w‖² / 2

    is -ln of the partial likelihood; i runs over the events, s are the sample weights, and j is at risk until
    its own time. This is Breslow's form for equal times. In Efron's, l / d of the risk of d equal events is
    gone when the l-th comes, l = 0, ..., d - 1, as nobody knows their order; a weight there is no repetition.
    The baseline is that of the mean x̄ (Breslow 1972):

        H₀(t) = Σ_{i: t_i ≤ t} s_i / Σ_{j at risk at t_i} s_j exp η_j,        S(t | x) = exp(-H₀(t) exp η)

    y is (samples, 2): times and events, 1 if the event was observed, 0 if the time is only a lower bound.
    Or it is a structured array with a field of booleans and one of numbers. Plain times are all events.
    """

    does_not_apply = {
        "check_sample_weight_equivalence_on_dense_data": "its 10 columns order its 15 times perfectly, so "
        "that without a penalty there is no finite minimum",
    }

    alpha: float = nonnegative(0.0, doc="strength of the penalty")
    ties: str = choice("breslow", "efron", doc="how equal times of events are counted")
    solver = "newton"
    tol = 1e-9

    coef_: Any = learned("w: (features,)")
    mean_: np.ndarray = learned("x̄: (features,)")
    event_times_: np.ndarray = learned("the different times of events: (times,)")
    baseline_cumulative_hazard_: np.ndarray = learned("H₀ at these times: (times,)")

    def start(self, X, y, weight):
        return {"coef": np.zeros(X.shape[1])}

    def loss(self, X, y, weight, coef):
        """L above. y: (samples, 2)."""
        at = risk_sets(y)
        s = weight[at.order]
        η = (X @ coef)[at.order]  # the longest time first, so that those at risk are all before
        events = s * at.event
        log_risk = np.logaddexp.accumulate(η + np.log(s))[at.last]
        if self.ties == "efron":
            equal = at.between(np.cumsum(events * np.exp(η - log_risk)))  # their part of the risk
            log_risk = log_risk + np.log1p(-at.part * equal)
            mean = at.between(np.cumsum(events)) / np.maximum(at.number, 1) * at.event
            return self._penalized(mean @ log_risk - events @ η, weight, coef)
        return self._penalized(events @ (log_risk - η), weight, coef)

    def _penalized(self, surprise, weight, coef):
        return surprise / weight.sum() + self.alpha / 2 * (coef @ coef)

    def _read_targets(self, y, samples):
        return times_and_events(y, samples, self)

    def _fit(self, X, y, weight):
        if not y[:, 1].any():
            what = "CoxPHRegressor: no event was observed, so that nothing says when they occur."
            raise refusal(
                ValueError, what, "y with 1 in its second column where the event occurred"
            )
        self.mean_ = weight @ X / weight.sum()
        super()._fit(X - self.mean_, y, weight)
        self._fit_baseline(X, y, weight)

    def _fit_baseline(self, X, y, weight):
        at = risk_sets(y)
        s = weight[at.order]
        log_risk = np.logaddexp.accumulate(self._log_hazard(X)[at.order] + np.log(s))[at.last]
        times, which = np.unique(y[at.order, 0], return_inverse=True)
        steps = np.bincount(which, s * at.event * np.exp(-log_risk))
        observed = np.bincount(which, at.event) > 0
        self.event_times_ = times[observed]
        self.baseline_cumulative_hazard_ = np.cumsum(steps[observed])

    def _log_hazard(self, X):
        return (X - self.mean_) @ self.coef_

    def predict(self, X: Any) -> np.ndarray:
        """η of each row of X, the logarithm of its hazard relative to that of the mean: (samples,)."""
        return self._log_hazard(self._check(X))

    def predict_cumulative_hazard_function(self, X: Any, times: Any = None) -> np.ndarray:
        """H(t | x) = H₀(t) exp η at `times`, by default event_times_: (samples, times)."""
        times = self.event_times_ if times is None else np.asarray(times, dtype=np.float64)
        H = np.append(0.0, self.baseline_cumulative_hazard_)
        at = np.searchsorted(self.event_times_, times, side="right")
        return np.exp(self.predict(X))[:, None] * H[at]

    def predict_survival_function(self, X: Any, times: Any = None) -> np.ndarray:
        """S(t | x) = exp(-H(t | x)), the probability that the event is later than t: (samples, times)."""
        return np.exp(-self.predict_cumulative_hazard_function(X, times))

    def score(self, X: Any, y: Any, sample_weight: Any = None) -> float:
        """The concordance: how often the one with the higher hazard has its event first; 0.5 by chance."""
        validation.refuse_swapped(X, y, self)
        η = self.predict(X)
        y = self._read_targets(y, len(η))
        return concordance(y, η, self._weights(sample_weight, len(y)))

    @classmethod
    def examples(cls, rng):
        X = rng.normal(size=(60, 4))
        time = np.ceil(8 * rng.exponential(np.exp(-X @ [0.5, -0.5, 0.2, 0.0])))
        yield cls(), X, time
        yield cls(alpha=0.1), X, np.column_stack([time, rng.uniform(size=60) < 0.7])
