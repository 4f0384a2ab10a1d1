"""TargetEncoder against scikit-learn's."""

import numpy as np
import pytest

from models import TargetEncoder
from tests.models.contract import assert_clear

pytest.importorskip("models.selection")
preprocessing = pytest.importorskip("sklearn.preprocessing")
model_selection = pytest.importorskip("sklearn.model_selection")

RNG = np.random.default_rng(0)
LETTERS = RNG.choice(["a", "b", "c", "d"], 120, p=[0.6, 0.3, 0.07, 0.03])
X = np.stack([LETTERS, RNG.choice(["x", "y"], 120)], axis=1)
NEW = np.array([["a", "x"], ["?", "y"], ["d", "?"]])
TARGETS = {
    "numbers": RNG.normal(size=120) + (X[:, 0] == "a"),
    "yes or no": np.where(RNG.random(120) < 0.3, "yes", "no"),
    "classes": RNG.choice(["p", "q", "r"], 120),
}


@pytest.mark.parametrize("smooth", ["auto", 0.0, 3.5])
@pytest.mark.parametrize("target", TARGETS)
def test_the_same_as_scikit_learn(target, smooth):
    y = TARGETS[target]
    kind = model_selection.KFold if target == "numbers" else model_selection.StratifiedKFold
    folds = kind(4, shuffle=True, random_state=0)
    ours, theirs = (
        kind(smooth=smooth, cv=folds) for kind in (TargetEncoder, preprocessing.TargetEncoder)
    )
    np.testing.assert_allclose(ours.fit_transform(X, y), theirs.fit_transform(X, y), rtol=1e-12)
    np.testing.assert_allclose(ours.transform(NEW), theirs.transform(NEW), rtol=1e-12)
    assert ours.target_type_ == theirs.target_type_
    np.testing.assert_allclose(ours.target_mean_, theirs.target_mean_)
    for found, expected in zip(ours.encodings_, theirs.encodings_, strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-12)
    np.testing.assert_array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())


def test_the_folds_of_the_same_seed():
    pytest.importorskip("sklearn")
    for y in TARGETS.values():
        with pytest.warns(FutureWarning):
            expected = preprocessing.TargetEncoder(random_state=3).fit_transform(X, y)
        np.testing.assert_allclose(TargetEncoder(random_state=3).fit_transform(X, y), expected)


def test_a_leak_is_noticed():
    model = TargetEncoder().fit(X, TARGETS["numbers"])
    with pytest.warns(UserWarning, match=r"shows each row its own target. Try: fit_transform"):
        model.transform(X)
    assert model.transform(X[:50]).shape == (50, 2)
    model.fit_transform(X, TARGETS["numbers"])
    assert model.transform(X).shape == (120, 2)  # as the score of a pipeline on its training rows


def test_a_category_per_row_tells_nothing_of_its_row():
    rows, y = np.arange(200)[:, None], RNG.normal(size=200)
    encoded = TargetEncoder(random_state=0).fit_transform(rows, y)
    assert abs(np.corrcoef(encoded[:, 0], y)[0, 1]) < 0.3


def test_frames_and_what_y_is():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=["letter", "axis"])
    encoder = TargetEncoder(random_state=0).set_output(transform="pandas")
    assert list(encoder.fit_transform(frame, TARGETS["classes"]).columns)[:2] == [
        "letter_p",
        "letter_q",
    ]
    with pytest.raises(ValueError, match="target_type='binary', and y has 3 classes") as error:
        TargetEncoder(target_type="binary").fit(X, TARGETS["classes"])
    assert_clear(error.value)
    numbers = TargetEncoder(target_type="continuous").fit(X, np.arange(120) % 2)
    assert numbers.classes_ is None
    with pytest.raises(ValueError, match="exactly once with no overlap"):
        TargetEncoder(cv=model_selection.ShuffleSplit(2)).fit_transform(X, TARGETS["numbers"])
