"""The pages of all algorithms, on a desktop and a telephone, light and dark: readable, without barriers."""

import numpy as np
import pytest

import models
from models.foundation import traced
from models.gaussian_processes.kernels import RBF, WhiteKernel
from tests.viz.pages import violations
from tinygrad_edu import viz

rng = np.random.default_rng(0)
X = rng.normal(size=(60, 2)) + 2 * np.eye(2)[np.arange(60) % 2]
LINE = np.linspace(0, 6, 30)[:, None]
SINE = np.sin(LINE[:, 0]) + 0.1 * rng.normal(size=30)
LABELS = np.array(["here", "there"])[np.arange(60) % 2]


def tree():
    model = models.DecisionTreeClassifier(max_depth=5, random_state=0).fit(X, LABELS)
    return viz.tree_frames(model, X[:4])


def kmeans():
    with traced():
        return viz.kmeans_frames(models.KMeans(3, n_init=1, random_state=0).fit(X), X)


def boosting():
    model = models.GradientBoostingRegressor(n_estimators=3, learning_rate=0.5).fit(LINE, SINE)
    return viz.boosting_frames(model, LINE, SINE)


def trellis():
    model = models.CategoricalHMM(2)
    model.startprob_ = np.array([0.6, 0.4])
    model.transmat_ = np.array([[0.7, 0.3], [0.4, 0.6]])
    model.emissionprob_ = np.array([[0.1, 0.4, 0.5], [0.6, 0.3, 0.1]])
    return viz.trellis_frames(model, np.array([0, 1, 2, 2, 1, 0, 0])[:, None])


def band():
    kernel = RBF(1.0) + WhiteKernel(0.1)
    model = models.GaussianProcessRegressor(kernel).fit(LINE, SINE)
    return viz.band_frames(model, LINE, SINE, steps=5)


def split():
    return viz.split_frames(X, LABELS)


ALL = [tree, split, kmeans, boosting, trellis, band]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("screen", [(1280, 900), (390, 844)], ids=str)
@pytest.mark.parametrize("make", ALL)
def test_a_page_is_readable(visit, make, screen, scheme):
    frames = make()
    page = visit(frames.html(), width=screen[0], height=screen[1], scheme=scheme)
    page.wait_for_selector("body[data-ready]")
    for step in (0, 1, len(frames) // 2):
        while int(page.input_value("#at")) < step:
            page.keyboard.press("ArrowRight")
        assert page.inner_text("#said p") == frames[step].words
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        smallest = page.evaluate(
            "Math.min(...[...document.querySelectorAll('#picture text')].map(t => "
            "parseFloat(getComputedStyle(t).fontSize) * t.getScreenCTM().a))"
        )
        assert smallest >= 8.9
    assert violations(page) == []


@pytest.mark.parametrize("make", ALL)
def test_matplotlib_draws_it_as_well(make):
    pytest.importorskip("matplotlib")
    frames = make()
    for step in (0, -1):
        ax = frames.plot(step)
        texts = [s.words for s in frames[step].shapes if hasattr(s, "words")]
        assert [t.get_text() for t in ax.texts] == [t.replace("$", r"\$") for t in texts]


@pytest.mark.parametrize("make", ALL)
def test_a_shape_has_one_key_in_a_frame(make):
    for frame in make():
        keys = [s.key for s in frame.shapes if s.key]
        assert len(set(keys)) == len(keys)
