"""The band of a Gaussian process: mean, deviation and evidence are those of the model with that kernel."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import models
from models.gaussian_processes import kernels
from tinygrad_edu import viz

rng = np.random.default_rng(0)
X = np.sort(rng.uniform(0, 6, 15))[:, None]
Y = np.sin(2 * X[:, 0]) + 0.2 * rng.normal(size=15)


def process():
    kernel = kernels.RBF(1.0) + kernels.WhiteKernel(0.1)
    return models.GaussianProcessRegressor(kernel).fit(X, Y)


def shape(frame, key):
    (found,) = [s for s in frame.shapes if s.key == key]
    return np.array(found.points)


def closed_form(l, noise, grid):
    """GPML 2.25 and 2.26, and the evidence 2.30."""
    k = lambda a, b: np.exp(-((a - b.T) ** 2) / (2 * l * l))
    K = k(X, X) + noise * np.eye(15)
    mean = k(grid, X) @ np.linalg.solve(K, Y)
    variance = 1 + noise - np.einsum("ij,ji->i", k(grid, X), np.linalg.solve(K, k(X, grid)))
    evidence = (
        -Y @ np.linalg.solve(K, Y) / 2 - np.linalg.slogdet(K)[1] / 2 - 7.5 * np.log(2 * np.pi)
    )
    return mean, np.sqrt(variance), evidence


def test_each_frame_is_the_process_with_another_length_scale():
    model = process()
    found = viz.band_frames(model, X, Y, steps=9)
    names = [s.name for s in found.series]
    assert names == ["length scale", "noise level"] and len(found) == 9
    best, noise = model.kernel_.k1.length_scale, model.kernel_.k2.noise_level
    low, high = X.min() - 0.06 * np.ptp(X), X.max() + 0.06 * np.ptp(X)
    grid = np.linspace(low, high, 160)[:, None]
    for frame, l in zip(found, best * np.geomspace(0.1, 10, 9), strict=True):
        mean, deviation, evidence = closed_form(l, noise, grid)
        assert frame.title == f"length scale = {l:.3g}"
        assert f"ln p(y | X) = {evidence:.4g}" in frame.words
        assert f"± {2 * deviation.min():.3g} to ± {2 * deviation.max():.3g}" in frame.words
        dots = [s for s in frame.shapes if getattr(s, "radius", 0) == 4.5]
        slope, start = np.polyfit([d.y for d in dots], Y, 1)
        inside = np.abs(start + slope * shape(frame, "mean")[:, 1] - mean) < 1e-8
        assert inside.mean() > 0.7  # the rest is beyond the panel
        upper = start + slope * shape(frame, "band")[:160, 1]
        seen = upper < upper.max() - 1e-9
        assert_allclose(upper[seen], (mean + 2 * deviation)[seen], atol=1e-8)


def test_the_fitted_number_is_the_middle_and_said():
    found = viz.band_frames(process(), X, Y, steps=9)
    for series in found.series:
        middle = series.frames[4].words
        assert middle.endswith("the largest of all. This is the fitted number.")
        assert sum("This is the fitted number" in f.words for f in series.frames) == 1


def test_the_model_itself_is_left_as_it_is():
    model = process()
    before = str(model.kernel_), model.predict(X)
    viz.band_frames(model, X, Y, steps=3)
    assert str(model.kernel_) == before[0]
    np.testing.assert_array_equal(model.predict(X), before[1])


def test_scikit_learns_process_draws_the_same():
    gp = pytest.importorskip("sklearn.gaussian_process")
    kernel = gp.kernels.RBF(0.7) + gp.kernels.WhiteKernel(0.05)
    theirs = gp.GaussianProcessRegressor(kernel, optimizer=None).fit(X, Y)
    ours = models.GaussianProcessRegressor(
        kernels.RBF(0.7) + kernels.WhiteKernel(0.05), optimizer=None
    ).fit(X, Y)
    pairs = zip(
        viz.band_frames(ours, X, Y, steps=5), viz.band_frames(theirs, X, Y, steps=5), strict=True
    )
    for a, b in pairs:
        assert a.words == b.words


def test_what_is_refused():
    with pytest.raises(ValueError, match=r"band_frames draws X \(n, 1\)"):
        viz.band_frames(process(), np.c_[X, X], Y)
    with pytest.raises(TypeError, match="needs kernel_"):
        viz.band_frames(models.Ridge().fit(X, Y), X, Y)
    with pytest.raises(ValueError, match="steps=1: a number moves in 2 steps or more"):
        viz.band_frames(process(), X, Y, steps=1)
