"""The Kalman filter: the joint normal distribution of all steps, pykalman, and its gradient."""

import pickle

import numpy as np
import pytest

from models import KalmanFilter
from models.foundation import ConvergenceWarning, NotFittedError, clone
from models.sequences.kalman_filter import NAMES, filtered
from models.sequences.lengths import Sequences
from tinygrad_edu.gradcheck import gradcheck

A = np.array([[0.9, 0.2], [-0.1, 0.8]])
C = np.array([[1.0, 0.3], [0.0, 1.0], [0.5, -0.5]])
Q = np.array([[0.3, 0.1], [0.1, 0.2]])
R = np.diag([0.2, 0.3, 0.4]) + 0.05
m, P = np.array([1.0, -1.0]), 0.5 * np.eye(2)
GIVEN = dict(zip(NAMES.values(), (A, C, Q, R, m, P), strict=True))
TRUTH = KalmanFilter(learn="none", **GIVEN).fit(np.zeros((1, 3)))
STATES, X = TRUTH.sample(60, random_state=0)
LENGTHS = [25, 15, 20]
quiet = pytest.mark.filterwarnings("ignore::models.foundation.ConvergenceWarning")


def joint(T):
    """Mean and covariance of all states below all observations, from the matrices of the model."""
    mean, S = [m], np.zeros((T, 2, T, 2))
    S[0, :, 0] = P
    for t in range(1, T):
        mean.append(A @ mean[-1])
        S[t, :, t] = A @ S[t - 1, :, t - 1] @ A.T + Q
        for s in range(t):
            S[t, :, s] = A @ S[t - 1, :, s]
            S[s, :, t] = S[t, :, s].T
    G = np.kron(np.eye(T), C)
    S, mean = S.reshape(2 * T, 2 * T), np.concatenate(mean)
    return mean, S, G @ mean, G @ S @ G.T + np.kron(np.eye(T), R), S @ G.T


def with_gaps():
    gaps = X[:12].copy()
    gaps[3] = np.nan
    gaps[5, 1] = gaps[9, 0] = gaps[9, 2] = gaps[0, 2] = np.nan
    return gaps


@pytest.mark.parametrize("x", [X[:12], with_gaps()])
def test_against_the_joint_normal_distribution(x):
    mean, S, expected_x, Sxx, Szx = joint(12)
    seen = ~np.isnan(x.ravel())
    e, Sxx, Szx = (x.ravel() - expected_x)[seen], Sxx[np.ix_(seen, seen)], Szx[:, seen]
    log_p = -0.5 * (e @ np.linalg.solve(Sxx, e) + np.linalg.slogdet(2 * np.pi * Sxx)[1])
    assert TRUTH.score(x) == pytest.approx(log_p, abs=1e-10)
    z, V = TRUTH.smooth(x)
    np.testing.assert_allclose(z.ravel(), mean + Szx @ np.linalg.solve(Sxx, e), atol=1e-10)
    left = S - Szx @ np.linalg.solve(Sxx, Szx.T)
    blocks = left.reshape(12, 2, 12, 2)[np.arange(12), :, np.arange(12)]
    np.testing.assert_allclose(V, blocks, atol=1e-10)
    np.testing.assert_allclose(TRUTH.filter(x)[0][-1], z[-1], atol=1e-12)


def test_as_pykalman():
    pykalman = pytest.importorskip("pykalman")
    theirs = pykalman.KalmanFilter(**GIVEN)
    assert TRUTH.score(X) == pytest.approx(theirs.loglikelihood(X), abs=1e-10)
    for method in ("filter", "smooth"):
        for ours, expected in zip(
            getattr(TRUTH, method)(X), getattr(theirs, method)(X), strict=True
        ):
            np.testing.assert_allclose(ours, expected, atol=1e-10)


@quiet
@pytest.mark.parametrize(
    "learn, names", [("all", [*NAMES.values()]), ("covariances", [NAMES[x] for x in "QRmP"])]
)
def test_rounds_as_pykalman(learn, names):
    pykalman = pytest.importorskip("pykalman")
    ours = KalmanFilter(learn=learn, n_iter=4, tol=0.0, **GIVEN).fit(X)
    theirs = pykalman.KalmanFilter(**GIVEN, em_vars=names).em(X, n_iter=4)
    for name in NAMES.values():
        np.testing.assert_allclose(getattr(ours, f"{name}_"), getattr(theirs, name), atol=1e-8)
    assert (np.diff(ours.trace_.loss) < 0).all()


def test_sequences_are_independent():
    parts = np.split(X, np.cumsum(LENGTHS)[:-1])
    assert TRUTH.score(X, LENGTHS) == pytest.approx(sum(map(TRUTH.score, parts)), abs=1e-10)
    smoothed = np.concatenate([TRUTH.predict(part) for part in parts])
    np.testing.assert_allclose(TRUTH.predict(X, LENGTHS), smoothed, atol=1e-12)
    np.testing.assert_allclose(TRUTH.predict(parts), smoothed, atol=1e-12)


def test_the_gradient_goes_through_the_recursion():
    sequences = Sequences(with_gaps(), np.isin(np.arange(12), [0, 7]))
    report = gradcheck(lambda a, r: filtered(sequences, a, C, Q, r, m, P).log_p.sum(), A, R)
    assert report, report


@quiet
def test_the_rounds_climb_along_the_gradient():
    """The gradient of log p is that of E[log p(x, z)] (Fisher): where the rounds stand, it is zero."""
    given = {**GIVEN, "initial_state_covariance": P}
    rounds = KalmanFilter(learn="covariances", n_iter=400, tol=1e-7, **given).fit(X, LENGTHS)
    there = {name: getattr(rounds, f"{name}_") for name in NAMES.values()}
    stays = KalmanFilter(learn="covariances", solver="lbfgs", n_iter=1, tol=1e-2, **there).fit(
        X, LENGTHS
    )
    moves = KalmanFilter(learn="covariances", solver="lbfgs", n_iter=15, tol=1e-2, **given).fit(
        X, LENGTHS
    )
    assert stays.trace_.gradient_norm[0] < 1e-2 < moves.trace_.gradient_norm[0]
    assert moves.lower_bound_ > TRUTH.score(X, LENGTHS) + 1
    assert moves.lower_bound_ == pytest.approx(moves.score(X, LENGTHS))


def test_missing_values_are_filled_in_by_the_smoother():
    gaps = X.copy()
    gaps[20:24] = np.nan
    z, V = TRUTH.smooth(gaps)
    assert np.isfinite(z).all() and (V[22, 0, 0] > V[40, 0, 0]).all()
    with pytest.warns(ConvergenceWarning, match="raise n_iter"):
        found = KalmanFilter(learn="covariances", n_iter=3, **GIVEN).fit(gaps)
    assert found.score(gaps) > TRUTH.score(gaps)


@quiet
def test_copies_and_errors():
    model = KalmanFilter(n_dim_state=2, n_iter=2).fit(X)
    assert pickle.loads(pickle.dumps(model)).score(X) == model.score(X)
    assert clone(model).get_params() == model.get_params()
    with pytest.raises(NotFittedError, match="this KalmanFilter is not fitted yet"):
        clone(model).smooth(X)
    with pytest.raises(ValueError, match="X has 2 features, but KalmanFilter is expecting 3"):
        model.score(X[:, :2])
    with pytest.raises(ValueError, match="contains infinity"):
        model.fit(X * np.inf)
    with pytest.raises(ValueError, match="lengths add up to 7, and X has 60 samples"):
        model.fit(X, [7])
    with pytest.raises(ValueError, match=r"transition_covariance has shape \(3, 3\), and 2 states"):
        KalmanFilter(n_dim_state=2, transition_covariance=np.eye(3)).fit(X)
    with pytest.raises(ValueError, match="must be symmetric and positive-definite"):
        KalmanFilter(transition_covariance=[[-1.0]]).fit(X)
    with pytest.raises(ValueError, match=r"complete or missing as a whole(.|\n)*solver='lbfgs'"):
        KalmanFilter(n_dim_state=2).fit(with_gaps())
    for name, parameter in KalmanFilter._parameters.items():
        assert parameter.doc and name in KalmanFilter.__doc__
        with pytest.raises(ValueError, match=f"The '{name}' parameter of KalmanFilter must be"):
            clone(model).set_params(**{name: object()}).fit(X)


@quiet
@pytest.mark.parametrize("change", [
    lambda X: np.zeros_like(X), lambda X: X * 1e100, lambda X: X * 1e200, lambda X: X * 1e-150,
    lambda X: X[:1], lambda X: X[:, [0, 0, 0]], lambda X: X + 1e8, lambda X: np.repeat(X[:1], 9, axis=0),
])  # fmt: skip
@pytest.mark.parametrize("learn", ["all", "covariances"])
def test_unusual_data_give_finite_parameters_or_an_error(change, learn):
    try:
        with np.errstate(all="ignore"):
            model = KalmanFilter(n_dim_state=2, learn=learn, n_iter=30).fit(change(X))
    except ValueError as error:
        assert "Try: " in str(error)
        return
    for name in NAMES.values():
        assert np.isfinite(getattr(model, f"{name}_")).all()
