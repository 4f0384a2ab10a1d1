"""Pictures of classical models, ours and scikit-learn's: what is drawn are the numbers of the model."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")

from matplotlib.patches import Ellipse
from sklearn import cluster, ensemble, gaussian_process, inspection, linear_model, mixture, svm
from sklearn.datasets import load_diabetes

import models
from models.curvature import laplace
from tinygrad_edu import viz

rng = np.random.default_rng(0)
PLANE = rng.normal(size=(60, 2)) + 3 * np.eye(2)[np.arange(60) % 2]
CLASSES = np.arange(60) % 2
LINE = np.linspace(0, 6, 30)[:, None]
SINE = np.sin(LINE[:, 0]) + 0.1 * rng.normal(size=30)


def test_the_path_of_coefficients():
    X, y = load_diabetes(return_X_y=True)
    model = linear_model.LassoLars(alpha=0).fit(X, y)
    ax = viz.coefficient_path(model)
    lines = ax.get_lines()[:10]
    for line, row in zip(lines, model.coef_path_, strict=True):
        np.testing.assert_array_equal(line.get_xdata(), model.alphas_)
        np.testing.assert_array_equal(line.get_ydata(), row)
    assert ax.xaxis_inverted() and len(ax.get_legend().get_texts()) == 10
    again = viz.coefficient_path(model.alphas_, model.coef_path_, names=[*"abcdefghi$"])
    assert [t.get_text() for t in again.get_legend().get_texts()][:2] == ["a", "b"]
    with pytest.raises(ValueError, match=r"\(steps,\) and \(features, steps\)"):
        viz.coefficient_path(model.alphas_[1:], model.coef_path_)
    with pytest.raises(TypeError, match="needs alphas_, which this Ridge does not have"):
        viz.coefficient_path(models.Ridge().fit(X, y))


@pytest.mark.parametrize("model", [svm.SVC(kernel="linear"), models.LogisticRegression()])
def test_margins_are_where_the_score_is_1(model):
    model.fit(PLANE, CLASSES)
    ax = viz.margins(model, PLANE, CLASSES)
    (contours,) = [c for c in ax.collections if type(c).__name__ == "QuadContourSet"]
    for level, path in zip((-1, 0, 1), contours.get_paths(), strict=True):
        np.testing.assert_allclose(model.decision_function(path.vertices), level, atol=0.02)
    circles = [
        c
        for c in ax.collections
        if c.get_offsets().shape == (len(getattr(model, "support_", ())), 2)
    ]
    if hasattr(model, "support_"):
        np.testing.assert_allclose(circles[-1].get_offsets(), PLANE[model.support_])


def test_a_band_of_two_deviations():
    model = gaussian_process.GaussianProcessRegressor(alpha=0.01).fit(LINE, SINE)
    ax = viz.band(model, LINE, SINE)
    drawn = ax.get_lines()[0]
    mean, deviation = model.predict(drawn.get_xdata()[:, None], return_std=True)
    np.testing.assert_allclose(drawn.get_ydata(), mean)
    corners = ax.collections[0].get_paths()[0].vertices
    np.testing.assert_allclose(corners[:, 1].max(), (mean + 2 * deviation).max())
    ridge = models.Ridge().fit(LINE, SINE)
    assert not viz.band(ridge, LINE, SINE).collections  # without a deviation there is no band
    assert viz.band(laplace(ridge, LINE, SINE), LINE, SINE).collections
    with pytest.raises(ValueError, match=r"X \(n, 1\) and y \(n,\), not \(60, 2\)"):
        viz.band(ridge, PLANE, CLASSES)


@pytest.mark.parametrize("kind", ["full", "tied", "diag", "spherical"])
def test_ellipses_of_a_mixture(kind):
    model = mixture.GaussianMixture(2, covariance_type=kind, random_state=0).fit(PLANE)
    ellipses = [p for p in viz.mixture(model, PLANE).patches if isinstance(p, Ellipse)]
    assert len(ellipses) == 4
    for k, one in enumerate(ellipses[::2]):
        angle = np.radians(one.angle)
        R = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        S = R @ np.diag([(one.width / 2) ** 2, (one.height / 2) ** 2]) @ R.T
        np.testing.assert_allclose(np.linalg.inv(S) @ _covariance(model, k), np.eye(2), atol=1e-9)
        np.testing.assert_allclose(one.center, model.means_[k])
    with pytest.raises(ValueError, match=r"X \(n, 2\), not \(30, 1\)"):
        viz.mixture(model, LINE)


def _covariance(model, k):
    S = model.covariances_
    return {
        "full": lambda: S[k],
        "tied": lambda: S,
        "diag": lambda: np.diag(S[k]),
        "spherical": lambda: S[k] * np.eye(2),
    }[model.covariance_type]()


class Markov:
    """Stands for a fitted hidden Markov model."""

    transmat_ = np.eye(2)

    def predict(self, X):
        return (X[:, 0] > 0).astype(int)


def test_states_behind_a_sequence():
    X = np.array([-1.0, -1, 2, 2, 2, -1])
    for ax in (viz.states(Markov(), X), viz.learned(Markov(), X)):
        spans = [(p.get_x(), p.get_width()) for p in ax.patches]
        assert spans == [(-0.5, 2.0), (1.5, 3.0), (4.5, 1.0)]
        assert [t.get_text() for t in ax.get_legend().get_texts()] == ["state 0", "state 1"]


def test_the_picture_that_suits_a_model():
    assert viz.learned(svm.SVC().fit(PLANE, CLASSES), PLANE, CLASSES).images
    assert viz.learned(models.DecisionTreeClassifier().fit(PLANE, CLASSES), PLANE, CLASSES).images
    assert viz.learned(models.Ridge().fit(LINE, SINE), LINE, SINE).get_legend()
    assert viz.learned(models.DecisionTreeClassifier().fit(PLANE, CLASSES)).texts
    forest = ensemble.RandomForestClassifier(3).fit(PLANE, CLASSES)
    assert viz.learned(forest).get_xlabel() == "importance"
    clusters = cluster.AgglomerativeClustering(2, compute_distances=True).fit(PLANE)
    assert viz.learned(clusters).get_ylabel() == "distance"
    X, y = load_diabetes(return_X_y=True)
    poisson = models.PoissonRegressor().fit(X, y)
    assert viz.learned(poisson).get_xlabel() == viz.convergence(poisson).get_xlabel() == "iteration"
    with pytest.raises(TypeError, match="no picture of LinearRegression for X of shape"):
        viz.learned(models.LinearRegression().fit(X, y), X, y)


@pytest.mark.parametrize("forest", [True, False])
def test_importances_are_bars_with_the_largest_at_the_top(forest):
    X, y = load_diabetes(return_X_y=True, as_frame=True)
    kind = ensemble.RandomForestRegressor(5) if forest else ensemble.GradientBoostingRegressor()
    model = kind.set_params(random_state=0).fit(X, y)
    ax = viz.importances(model, most=4)
    largest = np.argsort(model.feature_importances_)[-4:]
    widths = [bar.get_width() for bar in ax.patches]
    np.testing.assert_array_equal(widths, model.feature_importances_[largest])
    assert [label.get_text() for label in ax.get_yticklabels()] == list(X.columns[largest])
    lines = [c for c in ax.collections if type(c).__name__ == "LineCollection"]
    assert len(lines) == forest
    if forest:
        reach = np.ptp(np.array(lines[0].get_segments())[:, :, 0], axis=1) / 2
        of_trees = [tree.feature_importances_ for tree in model.estimators_]
        np.testing.assert_allclose(reach, np.std(of_trees, axis=0)[largest])


def test_importances_of_permutations_and_of_numbers():
    X, y = load_diabetes(return_X_y=True)
    found = inspection.permutation_importance(
        linear_model.Ridge().fit(X, y), X, y, n_repeats=3, random_state=0
    )
    ax = viz.importances(found, names=[*"abcdefghij"])
    assert [bar.get_width() for bar in ax.patches] == sorted(found.importances_mean)
    assert len(viz.importances([0.2, 0.8]).patches) == 2
    with pytest.raises(ValueError, match="names has 1 names for 2 features"):
        viz.importances([0.2, 0.8], names=["a"])
    with pytest.raises(TypeError, match="needs feature_importances_"):
        viz.importances(linear_model.Ridge())
