"""The rounds of boosting: predictions, residuals and trees are those of the model."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import models
from tinygrad_edu import viz

ensemble = pytest.importorskip("sklearn.ensemble")

rng = np.random.default_rng(0)
X = np.sort(rng.uniform(0, 6, 60))[:, None]
Y = np.sin(X[:, 0]) + 0.2 * rng.normal(size=60)
SETTINGS = {"n_estimators": 6, "learning_rate": 0.4, "max_depth": 2, "random_state": 0}


def shape(frame, key):
    (found,) = [s for s in frame.shapes if s.key == key]
    return found


def heights(frame, key, names, numbers):
    """The heights of a line in the numbers of the data, of which the dots `names` show some."""
    dots = [shape(frame, f"{names}{i}") for i in range(len(numbers))]
    slope, start = np.polyfit([d.y for d in dots], numbers, 1)
    return start + slope * np.array(shape(frame, key).points)[:, 1]


@pytest.mark.parametrize(
    "kind", [models.GradientBoostingRegressor, ensemble.GradientBoostingRegressor]
)
def test_each_round_has_the_numbers_of_the_model(kind):
    model = kind(**SETTINGS).fit(X, Y)
    found = viz.boosting_frames(model, X, Y)
    assert len(found) == 3 * 6
    stages = [np.full(60, Y.mean()), *model.staged_predict(X)]
    for m in range(6):
        residuals, tree, step = (found[3 * m + i] for i in range(3))
        before, after = ((Y - f) @ (Y - f) / 60 for f in stages[m : m + 2])
        assert f"their mean square is {before:.4g}." in residuals.words
        assert f"falls from {before:.4g} to {after:.4g}." in step.words
        # the dots of the residuals lie at y - f, up to the scale of the panel
        seen = np.array([shape(residuals, f"r{i}").y for i in range(60)])
        zero = shape(residuals, "zero").points[0][1]
        assert_allclose((zero - seen) / (zero - seen).std(), (Y - stages[m]) / (Y - stages[m]).std(),
                        atol=0.03)  # fmt: skip
        levels = np.unique(model.estimators_[m, 0].predict(X))
        line = heights(tree, "tree", "r", Y - stages[m])
        assert_allclose(np.unique(np.round(line, 9)), levels, atol=1e-6)
        line = heights(step, "f", "y", Y)
        assert_allclose(
            np.unique(np.round(line, 9)), np.unique(np.round(stages[m + 1], 9)), atol=1e-6
        )


def test_the_first_prediction_is_said():
    model = models.GradientBoostingRegressor(**SETTINGS).fit(X, Y)
    found = viz.boosting_frames(model, X, Y, rounds=2)
    assert len(found) == 6
    assert found[0].words.startswith(f"Before the first tree f is a constant, {Y.mean():.4g}.")


def test_what_is_refused():
    model = models.GradientBoostingRegressor(**SETTINGS).fit(X, Y)
    with pytest.raises(ValueError, match=r"boosting_frames draws X \(n, 1\)"):
        viz.boosting_frames(model, np.c_[X, X], Y)
    with pytest.raises(ValueError, match="rounds=0 draws nothing"):
        viz.boosting_frames(model, X, Y, rounds=0)
    robust = models.GradientBoostingRegressor(loss="absolute_error").fit(X, Y)
    with pytest.raises(TypeError, match="to which this GradientBoostingRegressor fits no trees"):
        viz.boosting_frames(robust, X, Y)
    labels = models.GradientBoostingClassifier(n_estimators=2).fit(X, Y > 0)
    with pytest.raises(TypeError, match="draws residuals"):
        viz.boosting_frames(labels, X, Y)
    with pytest.raises(TypeError, match="needs estimators_"):
        viz.boosting_frames(models.Ridge().fit(X, Y), X, Y)
