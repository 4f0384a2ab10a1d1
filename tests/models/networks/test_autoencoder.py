"""Autoencoder: without hidden layers it is PCA, and with them better than that."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.datasets import load_iris
from sklearn.decomposition import PCA

from models import Autoencoder
from tinygrad_edu.gradcheck import gradcheck

IRIS = load_iris().data
unfinished = pytest.mark.filterwarnings("ignore::models.foundation.ConvergenceWarning")


def mean_square(model, X):
    return np.mean((X - model.inverse_transform(model.transform(X))) ** 2)


@pytest.mark.parametrize("k, seed", [(1, 2), (2, 2)])
def test_a_linear_one_ends_in_the_plane_of_pca(k, seed):
    settings = {"hidden_layer_sizes": (), "tol": 1e-8, "max_iter": 3000}
    model = Autoencoder(k, random_state=seed, **settings).fit(IRIS)
    pca = PCA(k).fit(IRIS)
    plane = np.linalg.qr(model.decoder_[-1][0].T)[0]
    outside = pca.components_.T - plane @ (plane.T @ pca.components_.T)
    assert np.linalg.norm(outside, 2) < 1e-6  # the sine of the largest principal angle
    expected = pca.inverse_transform(pca.transform(IRIS))
    np.testing.assert_allclose(model.inverse_transform(model.transform(IRIS)), expected, atol=1e-5)
    np.testing.assert_allclose(mean_square(model, IRIS), mean_square(pca, IRIS), rtol=1e-9)


@unfinished
def test_hidden_layers_follow_a_curve_that_a_plane_misses():
    t = np.linspace(-2, 2, 80)
    X = np.c_[t, t**2]
    model = Autoencoder(1, hidden_layer_sizes=(8,), random_state=0, tol=1e-3).fit(X)
    assert mean_square(model, X) < 0.05 * mean_square(PCA(1).fit(X), X)
    assert [W.shape for W, _ in model.encoder_] == [(2, 8), (8, 1)]
    assert [W.shape for W, _ in model.decoder_] == [(1, 8), (8, 2)]


@unfinished
def test_the_loss_is_the_mean_square_and_weights_are_repetitions():
    weight = np.random.default_rng(0).integers(0, 3, 150).astype(float)
    rows = np.repeat(np.arange(150), weight.astype(int))
    model = Autoencoder(random_state=0)
    start = model.start(IRIS, None, weight)
    again = model.start(IRIS[rows], None, np.ones(len(rows)))
    for name in start:
        np.testing.assert_allclose(start[name], again[name], rtol=1e-12)
    weighted = model.loss(IRIS, None, weight, **start)
    repeated = model.loss(IRIS[rows], None, np.ones(len(rows)), **start)
    np.testing.assert_allclose(weighted, repeated, rtol=1e-12)
    model = Autoencoder(hidden_layer_sizes=(), random_state=0).fit(IRIS)
    np.testing.assert_allclose(model.trace_.loss[-1], mean_square(model, IRIS), rtol=1e-12)


@pytest.mark.parametrize("activation", ["tanh", "logistic", "softplus", "identity"])
def test_the_gradient_of_every_smooth_activation(activation):
    model = Autoencoder(1, hidden_layer_sizes=(3, 2), activation=activation, random_state=0)
    packing = model._packing(IRIS[:9], None, np.ones(9))
    report = gradcheck(
        lambda w: model.loss(IRIS[:9], None, np.ones(9), **packing.unpack(w)), packing.vector()
    )
    assert report, report


def test_warm_start_goes_on_and_adam_learns_too():
    settings = {"hidden_layer_sizes": (4,), "random_state": 0, "solver": "adam", "tol": 10.0}
    model = Autoencoder(2, max_iter=30, batch_size=32, **settings).set_params(tol=1e-9)
    with pytest.warns(UserWarning, match="stopped after 30 steps of 'adam'"):
        first = model.fit(IRIS).trace_.loss
    assert first[-1] < first[0]
    model.set_params(warm_start=True, tol=10.0)
    np.testing.assert_allclose(model.fit(IRIS).trace_.loss[0], first[-1], rtol=1e-12)


def test_more_numbers_than_rows_are_refused():
    with pytest.raises(ValueError, match=r"n_components=5 .* n_samples=3[\s\S]*n_components=3"):
        Autoencoder(5).fit(IRIS[:3])
