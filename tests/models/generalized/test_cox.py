"""Proportional hazards against statsmodels, sums in plain loops, and closed forms."""

import numpy as np
import pytest

from models import CoxPHRegressor
from models.generalized.times import concordance, risk_sets
from tinygrad_edu.gradcheck import gradcheck

RNG = np.random.default_rng(0)
N = 120
X = RNG.normal(size=(N, 3)) * [1.0, 0.3, 5.0] + [0.0, 10.0, 0.0]
TIME = np.ceil(9 * RNG.exponential(np.exp(-X @ [0.7, -1.0, 0.05] - 10.0)))  # with many equal ones
EVENT = RNG.uniform(size=N) < 0.7
Y = np.column_stack([TIME, EVENT])
WEIGHT = RNG.integers(1, 4, size=N).astype(float)


@pytest.mark.parametrize("ties", ["breslow", "efron"])
@pytest.mark.parametrize("solver", ["newton", "lbfgs"])
def test_the_same_as_statsmodels(ties, solver):
    api = pytest.importorskip("statsmodels.api")
    ours = CoxPHRegressor(ties=ties, solver=solver, max_iter=1000).fit(X, Y)
    theirs = api.PHReg(TIME, X, status=EVENT.astype(int), ties=ties).fit(
        method="newton", maxiter=100
    )
    np.testing.assert_allclose(ours.coef_, theirs.params, rtol=1e-6)
    loss = ours.loss(X - ours.mean_, Y, np.ones(N), ours.coef_) * N
    assert loss == pytest.approx(-theirs.llf, rel=1e-10)


def likelihood(w, y, weight, ties):
    """-ln of the partial likelihood, by its definition."""
    η, total = X @ w, 0.0
    for t in np.unique(y[y[:, 1] == 1, 0]):
        at_risk = y[:, 0] >= t
        equal = (y[:, 0] == t) & (y[:, 1] == 1)
        d, s = equal.sum(), weight
        total -= s[equal] @ η[equal]
        for part in range(d):
            gone = part / d if ties == "efron" else 0.0
            risk = s[at_risk] @ np.exp(η[at_risk]) - gone * (s[equal] @ np.exp(η[equal]))
            total += s[equal].mean() * np.log(risk)
    return total


@pytest.mark.parametrize("ties", ["breslow", "efron"])
def test_the_loss_is_its_definition(ties):
    model, w = CoxPHRegressor(ties=ties), np.array([0.3, -0.5, 0.05])
    expected = likelihood(w, Y, WEIGHT, ties) / WEIGHT.sum()
    assert float(model.loss(X, Y, WEIGHT, w)) == pytest.approx(expected, rel=1e-12)
    assert gradcheck(lambda w: model.loss(X[:30], Y[:30], WEIGHT[:30], w), w)


def test_without_equal_times_the_ties_do_not_matter():
    y = np.column_stack([TIME + np.linspace(0, 0.5, N), EVENT])
    both = [CoxPHRegressor(ties=ties).fit(X, y).coef_ for ties in ("breslow", "efron")]
    np.testing.assert_allclose(*both, rtol=1e-10)


def test_without_features_that_matter_the_baseline_is_nelson_and_aalens():
    """H₀(t) = Σ events / number at risk (Nelson 1969, Aalen 1978)."""
    model = CoxPHRegressor(alpha=1e12).fit(X, Y)
    np.testing.assert_allclose(model.coef_, 0, atol=1e-10)
    times = np.unique(TIME[EVENT])
    steps = [(EVENT & (t == TIME)).sum() / (t <= TIME).sum() for t in times]
    np.testing.assert_array_equal(model.event_times_, times)
    np.testing.assert_allclose(model.baseline_cumulative_hazard_, np.cumsum(steps), rtol=1e-9)


def test_the_baseline_agrees_with_statsmodels():
    """Theirs has the hazard of x = 0 before each time; ours that of the mean, with it."""
    api = pytest.importorskip("statsmodels.api")
    y = np.column_stack([TIME + np.linspace(0, 0.5, N), EVENT])
    centered = X - X.mean(axis=0)
    model = CoxPHRegressor().fit(centered, y)
    fitted = api.PHReg(y[:, 0], centered, status=EVENT.astype(int)).fit()
    times, hazard, survival = fitted.baseline_cumulative_hazard[0]
    found = model.predict_cumulative_hazard_function(np.zeros((1, 3)), times)[0]
    np.testing.assert_allclose(found[:-1], hazard[1:], rtol=1e-6)
    found = model.predict_survival_function(np.zeros((1, 3)), times)[0]
    np.testing.assert_allclose(found[:-1], survival[1:], rtol=1e-6)


def test_as_many_events_are_expected_as_observed():
    """Σ H(t_i | x_i) is the number of events: the martingale residuals of Breslow's form add up to 0."""
    model = CoxPHRegressor().fit(X, Y)
    hazards = model.predict_cumulative_hazard_function(X, TIME)[np.arange(N), np.arange(N)]
    assert hazards.sum() == pytest.approx(EVENT.sum(), rel=1e-10)


def test_survival_starts_at_1_and_falls():
    model = CoxPHRegressor().fit(X, Y)
    survival = model.predict_survival_function(X, [0.0, *model.event_times_, 1e9])
    assert (survival[:, 0] == 1).all() and (np.diff(survival, axis=1) <= 0).all()
    assert (survival[:, -1] == survival[:, -2]).all() and (survival >= 0).all()


def test_ways_to_write_y():
    expected = CoxPHRegressor().fit(X, Y)
    fields = np.zeros(N, dtype=[("event", bool), ("time", float)])
    fields["event"], fields["time"] = EVENT, TIME
    frame = pytest.importorskip("pandas").DataFrame({"time": TIME, "event": EVENT})
    for y in (fields, Y.tolist(), frame):
        same = CoxPHRegressor().fit(X, y)
        np.testing.assert_array_equal(same.coef_, expected.coef_)
        assert same.score(X, y) == expected.score(X, Y)
    all_events = CoxPHRegressor().fit(X, np.column_stack([TIME, np.ones(N)]))
    np.testing.assert_array_equal(CoxPHRegressor().fit(X, TIME).coef_, all_events.coef_)


def test_mistakes_in_y_are_named():
    for y, said in (
        (np.column_stack([EVENT, TIME]), r"the event of row \d+ is [\d.]+, neither 0 nor 1"),
        (np.column_stack([TIME, np.zeros(N)]), "no event was observed"),
        (np.zeros(N, dtype=[("a", float), ("b", float)]), "y has the fields a, b: not one of bool"),
        (np.zeros((N, 3)), r"y should be a 1d array.*\(120, 3\)"),
    ):
        with pytest.raises(ValueError, match=said):
            CoxPHRegressor().fit(X, y)


def test_the_concordance_counts_pairs():
    η = np.round(X[:, 0], 1)
    right = total = 0.0
    for i in np.flatnonzero(EVENT):
        for j in range(N):
            if TIME[j] > TIME[i] or (TIME[j] == TIME[i] and not EVENT[j]):
                total += WEIGHT[i] * WEIGHT[j]
                right += WEIGHT[i] * WEIGHT[j] * ((η[i] > η[j]) + (η[i] == η[j]) / 2)
    assert concordance(Y, η, WEIGHT, block=7) == pytest.approx(right / total, rel=1e-12)
    assert concordance(Y, -TIME - 0.5 * EVENT + 0.5, WEIGHT) < 1.0
    assert concordance(Y, -TIME + 0.5 * EVENT, WEIGHT) == 1.0
    assert concordance(Y, 0 * η, WEIGHT) == 0.5
    assert concordance(np.array([[1.0, 0.0]]), np.zeros(1), np.ones(1)) == 0.5


def test_risk_sets():
    at = risk_sets(np.array([[2.0, 1], [5.0, 0], [2.0, 0], [2.0, 1], [7.0, 1]]))
    assert at.order.tolist() == [4, 1, 0, 2, 3] and at.event.tolist() == [1, 0, 1, 0, 1]
    assert at.last.tolist() == [0, 1, 4, 4, 4] and at.before.tolist() == [-1, 0, 1, 1, 1]
    assert at.number.tolist() == [1, 0, 2, 2, 2]
    assert at.part[at.event == 1].tolist() == [0, 0, 0.5]
    assert at.between(np.cumsum(at.event)).tolist() == [1, 0, 2, 2, 2]


def test_a_perfect_order_has_no_finite_minimum_and_says_so():
    x = np.arange(10.0)[:, None]
    with pytest.warns(UserWarning, match="CoxPHRegressor stopped after"):
        model = CoxPHRegressor(max_iter=5).fit(x, -x[:, 0])
    assert model.score(x, -x[:, 0]) == 1.0
