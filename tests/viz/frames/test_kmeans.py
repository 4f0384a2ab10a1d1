"""The frames of k-means: centers, labels and inertia of every step are those of the model."""

import re

import numpy as np
import pytest
from numpy.testing import assert_allclose

import models
from models.foundation import traced
from tinygrad_edu import viz

rng = np.random.default_rng(1)
X = rng.normal(size=(90, 2)) + 3 * np.array([(0, 0), (1, 0), (0, 1)])[np.arange(90) % 3]
with traced():
    MODEL = models.KMeans(3, tol=0, init="random", n_init=1, random_state=4).fit(X)
TRACE = [state.cluster_centers_ for state in MODEL.trace_.states]


def drawn(frame):
    """The points and the centers in the numbers of the data, and the colors of the points."""
    dots = [s for s in frame.shapes if re.fullmatch(r"x\d+", s.key)]
    pixels = np.array([(s.x, s.y, 1) for s in dots])
    to_data = np.linalg.lstsq(pixels, X, rcond=None)[0]
    assert_allclose(pixels @ to_data, X, atol=1e-9)
    lines = [s for s in frame.shapes if re.fullmatch(r"center\d+0", s.key)]
    middles = np.array([(*np.mean(s.points, axis=0), 1) for s in lines])
    return middles @ to_data, [s.fill for s in dots]


def test_each_step_has_the_centers_of_the_trace():
    found = viz.kmeans_frames(MODEL, X)
    steps = len(TRACE) - 1
    assert len(found) == 2 * steps  # the last step moves nothing, and has one frame
    assert_allclose(drawn(found[0])[0], TRACE[0], atol=1e-9)
    for step in range(steps):
        distances = ((X[:, None] - TRACE[step]) ** 2).sum(axis=2)
        choose = found[1 + 2 * step]
        centers, colors = drawn(choose)
        assert_allclose(centers, TRACE[step], atol=1e-9)
        assert colors == [f"c{k}" for k in distances.argmin(axis=1)]
        assert f"J = {distances.min(axis=1).sum():.5g}." in choose.words
        counts = np.bincount(distances.argmin(axis=1), minlength=3)
        assert "they have {}, {} and {} points".format(*counts) in choose.words
        if step + 1 < steps:
            assert_allclose(drawn(found[2 + 2 * step])[0], TRACE[step + 1], atol=1e-9)


def test_it_ends_at_the_result():
    last = viz.kmeans_frames(MODEL, X)[-1]
    assert f"The inertia is J = {MODEL.inertia_:.5g}. No center moves" in last.words
    centers, colors = drawn(last)
    assert_allclose(centers, MODEL.cluster_centers_, atol=1e-9)
    assert colors == [f"c{k}" for k in MODEL.labels_]


def test_both_halves_of_a_step_lower_the_inertia():
    found = viz.kmeans_frames(MODEL, X)
    fell = [re.search(r"J falls from (\S+) to (\S+)\.", f.words) for f in found]
    pairs = [(float(m[1]), float(m[2])) for m in fell if m]
    assert len(pairs) == len(TRACE) - 2 and all(a > b for a, b in pairs)


def test_what_is_refused():
    with pytest.raises(TypeError, match="needs trace_"):
        viz.kmeans_frames(models.KMeans(2).fit(X), X)
    three = np.c_[X, X[:, 0]]
    with traced():
        model = models.KMeans(2).fit(three)
    with pytest.raises(ValueError, match="kmeans_frames draws X"):
        viz.kmeans_frames(model, three)


def test_of_many_points_some_are_drawn():
    many = rng.normal(size=(5000, 2))
    with traced():
        model = models.KMeans(2, n_init=1, max_iter=3, random_state=0).fit(many)
    found = viz.kmeans_frames(model, many)
    dots = [s for s in found[1].shapes if re.fullmatch(r"x\d+", s.key)]
    assert len(dots) == 400 and found.about.endswith("Of 5,000 points 400 are drawn.")
    assert found[0].words.startswith("2 centers, and 5000 points")
    assert len(found.html()) < 300_000
