"""Independent components against scikit-learn, and as a stationary point of one likelihood."""

import numpy as np
import pytest

from models import FastICA
from models.components.fast_ica import log_likelihood
from tinygrad_edu import grad

decomposition = pytest.importorskip("sklearn.decomposition")

RNG = np.random.default_rng(0)
SOURCES = RNG.laplace(size=(2000, 3))
A = RNG.normal(size=(3, 3))
X = SOURCES @ A.T + [1.0, -2.0, 0.0]


@pytest.mark.parametrize("whiten", ["unit-variance", "arbitrary-variance"])
@pytest.mark.parametrize("solver", ["svd", "eigh"])
@pytest.mark.parametrize("fun", ["logcosh", "exp", "cube"])
@pytest.mark.parametrize("algorithm", ["parallel", "deflation"])
def test_the_same_as_scikit_learn_from_the_same_start(algorithm, fun, solver, whiten):
    same = {
        "algorithm": algorithm, "fun": fun, "whiten_solver": solver, "whiten": whiten,
        "w_init": np.eye(3) + 0.1, "tol": 1e-8, "max_iter": 500,
    }  # fmt: skip
    ours, theirs = FastICA(3, **same).fit(X), decomposition.FastICA(3, **same).fit(X)
    assert ours.n_iter_ == theirs.n_iter_
    for name in ("components_", "mixing_", "mean_", "whitening_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), atol=1e-8)
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), atol=1e-8)
    np.testing.assert_allclose(ours.inverse_transform(ours.transform(X)), X, atol=1e-10)


def test_it_finds_the_sources():
    S = FastICA(random_state=0).fit_transform(X)
    fit = np.abs(np.corrcoef(S.T, SOURCES.T)[:3, 3:])
    np.testing.assert_allclose(np.sort(fit, axis=1)[:, -1], 1, atol=0.01)
    np.testing.assert_allclose(S.std(axis=0), 1, atol=1e-10)


def test_it_is_a_stationary_point_of_the_likelihood_among_rotations():
    """ℓ(W) = Σ log p(W x) + log |det W|: its gradient along every rotation, the antisymmetric part, is 0."""
    model = FastICA(whiten="arbitrary-variance", random_state=0, tol=1e-14, max_iter=2000).fit(X)
    K = model.whitening_ * np.sqrt(len(X))
    Z = (X - model.mean_) @ K.T
    W = model.components_ @ np.linalg.inv(model.whitening_)
    np.testing.assert_allclose(W @ W.T, np.eye(3), atol=1e-10)
    slope = grad(lambda W: log_likelihood(Z, W))(W) @ W.T
    np.testing.assert_allclose(slope, slope.T, atol=1e-6)
    # the natural gradient is (I - E[g(y) yᵀ]) W
    y = Z @ W.T
    np.testing.assert_allclose(slope, np.eye(3) - np.tanh(y).T @ y / len(y), atol=1e-10)
    turned = np.linalg.qr(W + 0.1 * RNG.normal(size=(3, 3)))[0]
    assert log_likelihood(Z, turned) < log_likelihood(Z, W)


def test_white_data_and_functions_of_ones_own():
    white = FastICA(random_state=0, whiten="arbitrary-variance").fit(X)
    Z = (X - white.mean_) @ white.whitening_.T * np.sqrt(len(X))
    cube = FastICA(
        whiten=False, w_init=np.eye(3), fun=lambda y: (y**3, (3 * y * y).mean(axis=-1))
    ).fit(Z)
    same = FastICA(whiten=False, w_init=np.eye(3), fun="cube").fit(Z)
    np.testing.assert_allclose(cube.components_, same.components_, atol=1e-12)
    same = {"w_init": np.eye(3), "fun_args": {"alpha": 1.5}, "tol": 1e-8}
    ours, theirs = FastICA(**same).fit(X), decomposition.FastICA(**same).fit(X)
    np.testing.assert_allclose(ours.components_, theirs.components_, atol=1e-9)


def test_mistakes():
    with pytest.raises(ValueError, match="n_components=4 is too large"):
        FastICA(4).fit(X)
    with pytest.raises(ValueError, match=r"w_init has invalid shape -- should be \(3, 3\)"):
        FastICA(w_init=np.eye(2)).fit(X)
    with pytest.warns(UserWarning, match="FastICA stopped after 1 steps"):
        FastICA(max_iter=1, random_state=0).fit(X)
