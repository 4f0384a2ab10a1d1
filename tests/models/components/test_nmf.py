"""Nonnegative factorization against scikit-learn's from the same start, and the rules as gradient steps."""

import numpy as np
import pytest

from models import NMF
from models.components.nmf import divergence, multiplier, nonnegative_singular, sides
from tinygrad_edu import grad

decomposition = pytest.importorskip("sklearn.decomposition")
datasets = pytest.importorskip("sklearn.datasets")

DIGITS = datasets.load_digits().data[:300]
RNG = np.random.default_rng(0)
POSITIVE = RNG.gamma(2.0, size=(60, 3)) @ RNG.gamma(1.0, size=(3, 8)) + 0.1 * RNG.random((60, 8))


def start(X, k):
    rng = np.random.default_rng(1)
    return {"W": rng.random((len(X), k)) + 0.1, "H": rng.random((k, X.shape[1])) + 0.1}


@pytest.mark.parametrize("penalty", [{}, {"alpha_W": 0.01, "l1_ratio": 0.4}, {"alpha_H": 0.02}])
@pytest.mark.parametrize(
    "solver, loss",
    [("cd", "frobenius"), ("mu", "frobenius"), ("mu", "kullback-leibler"), ("mu", "itakura-saito"),
     ("mu", 1.5), ("mu", 2.5)],
)  # fmt: skip
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_the_same_as_scikit_learn_from_the_same_start(solver, loss, penalty):
    X = DIGITS if loss in ("frobenius", "kullback-leibler") else POSITIVE
    same = {
        "init": "custom",
        "solver": solver,
        "beta_loss": loss,
        "max_iter": 60,
        "tol": 1e-5,
    } | penalty
    ours = NMF(3, **same).fit(X, **start(X, 3))
    theirs = decomposition.NMF(3, **same).fit(X, **start(X, 3))
    assert ours.n_iter_ == theirs.n_iter_
    np.testing.assert_allclose(ours.components_, theirs.components_, rtol=1e-8, atol=1e-8)
    assert ours.reconstruction_err_ == pytest.approx(theirs.reconstruction_err_, rel=1e-8)
    if loss != "kullback-leibler" or not penalty:  # theirs adds the penalty again in every update
        np.testing.assert_allclose(
            ours.transform(X[:50]), theirs.transform(X[:50]), rtol=1e-6, atol=1e-8
        )
    W = ours.transform(X)
    np.testing.assert_allclose(ours.inverse_transform(W), W @ ours.components_)


@pytest.mark.parametrize("init", [None, "random", "nndsvd", "nndsvda", "nndsvdar"])
def test_every_start_arrives_as_well_as_scikit_learns(init):
    same = {"init": init, "max_iter": 1000, "tol": 1e-5, "random_state": 0}
    ours, theirs = NMF(6, **same).fit(DIGITS), decomposition.NMF(6, **same).fit(DIGITS)
    assert ours.reconstruction_err_ == pytest.approx(theirs.reconstruction_err_, rel=0.01)


def test_singular_vectors_without_their_negative_parts():
    from sklearn.decomposition._nmf import _initialize_nmf

    for X in (POSITIVE, RNG.random((200, 8)), RNG.random((5, 9))):
        for a, b in zip(
            nonnegative_singular(X, 4), _initialize_nmf(X, 4, "nndsvd", random_state=0), strict=True
        ):
            np.testing.assert_allclose(a, b, atol=1e-7)


@pytest.mark.parametrize("β", [2, 1, 0, 1.5])
def test_a_multiplication_is_a_gradient_step_of_a_length_for_each_element(β):
    """W ∘ multiplier = W - (W / rising) ∘ ∂D/∂W; for β = 2 the length is W / (W H Hᵀ)."""
    W, H = start(POSITIVE, 3).values()
    slope = grad(lambda W: divergence(POSITIVE, W @ H, β))(W)
    Y = W @ H
    rising = Y ** (β - 1) @ H.T
    factor = multiplier(*sides(POSITIVE, W, H, β), W, β)
    factor = factor**2 if β == 0 else factor  # γ = 1/2
    np.testing.assert_allclose(W * factor, W - W / rising * slope, rtol=1e-10)
    if β == 2:
        np.testing.assert_allclose(rising, W @ (H @ H.T), rtol=1e-12)


def test_a_step_along_a_column_is_newtons():
    """With one component, and no bound reached, a sweep over W is W - (∂²L/∂w²)⁻¹ ∂L/∂w."""
    given = start(POSITIVE, 1)
    with pytest.warns(UserWarning, match="stopped after 1 updates"):
        model = NMF(1, init="custom", max_iter=1).fit(POSITIVE, **given)
    W, H = given.values()
    W = W - grad(lambda W: divergence(POSITIVE, W @ H, 2))(W) / (H @ H.T)
    H = H - grad(lambda H: divergence(POSITIVE, W @ H, 2))(H) / (W.T @ W)
    np.testing.assert_allclose(model.components_, H, rtol=1e-10)


@pytest.mark.parametrize("solver", ["cd", "mu"])
def test_at_the_end_no_slope_leads_down(solver):
    """The conditions of Karush, Kuhn and Tucker: ∂L/∂H = 0 where H > 0, and ≥ 0 where H = 0."""
    model = NMF(3, solver=solver, tol=1e-12, max_iter=50_000).fit(POSITIVE)
    W, H = model.transform(POSITIVE), model.components_
    for slope, part in (
        (grad(lambda H: divergence(POSITIVE, W @ H, 2))(H), H),
        (grad(lambda W: divergence(POSITIVE, W @ H, 2))(W), W),
    ):
        assert np.abs(np.minimum(slope, part)).max() < 1e-2 and (part >= 0).all()


def test_mistakes():
    with pytest.raises(ValueError, match="solver='cd' minimizes 'frobenius' only"):
        NMF(2, beta_loss="kullback-leibler").fit(POSITIVE)
    with pytest.raises(ValueError, match="X contains zeros, the solver may diverge"):
        NMF(2, solver="mu", beta_loss="itakura-saito").fit(DIGITS)
    with pytest.raises(ValueError, match=r"needs W of shape \(60, 2\).*none was given"):
        NMF(2, init="custom").fit(POSITIVE)
    with pytest.raises(ValueError, match="can only be used when n_components <= min"):
        NMF(9, init="nndsvd").fit(POSITIVE)
