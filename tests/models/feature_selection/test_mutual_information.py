"""Mutual information against scikit-learn's, and against its exact value."""

import numpy as np
import pytest

from models import feature_selection as ours
from models.feature_selection.mutual_information import _kth_in_one, _kth_in_two
from tests.models.contract import assert_clear

theirs = pytest.importorskip("sklearn.feature_selection")
datasets = pytest.importorskip("sklearn.datasets")

RNG = np.random.default_rng(0)
WINE = datasets.load_wine(return_X_y=True)
DIABETES = datasets.load_diabetes(return_X_y=True)


@pytest.mark.parametrize("k", [1, 3, 10])
@pytest.mark.parametrize(
    "name, data, discrete",
    [
        ("classif", WINE, "auto"),
        ("classif", WINE, [1, 5]),
        ("classif", WINE, True),
        ("regression", DIABETES, "auto"),
        # In small categories scikit-learn's distances have rounding errors, so that its counts are others.
        ("regression", DIABETES, [1]),
    ],
)
@pytest.mark.filterwarnings("ignore:Clustering metrics expects discrete values:UserWarning")
def test_the_same_as_scikit_learn(name, data, discrete, k):
    found, expected = (
        getattr(library, f"mutual_info_{name}")(
            *data, discrete_features=discrete, n_neighbors=k, random_state=0
        )
        for library in (ours, theirs)
    )
    np.testing.assert_allclose(found, expected, atol=1e-9)


def test_of_normal_variables_it_is_known():
    x, noise = RNG.normal(size=(2, 3000))
    y = 0.8 * x + 0.6 * noise
    found = ours.mutual_info_regression(x[:, None], y, random_state=0)[0]
    assert abs(found - -np.log(1 - 0.8**2) / 2) < 0.05
    assert ours.mutual_info_regression(noise[:, None], x, random_state=0)[0] < 0.03


def test_distances_are_those_of_all_pairs():
    x, y = RNG.normal(size=(2, 80))
    one = np.abs(x[:, None] - x)
    both = np.maximum(one, np.abs(y[:, None] - y))
    for k in (1, 4, 79):
        np.testing.assert_array_equal(_kth_in_one(x, k), np.sort(one, axis=1)[:, k])
        np.testing.assert_array_equal(_kth_in_two(x, y, k), np.sort(both, axis=1)[:, k])


def test_categories_of_one_row_and_bad_input():
    y = np.array([0, 1, *[2] * 28])
    X = RNG.normal(size=(30, 1))
    assert ours.mutual_info_classif(X, y, random_state=0).shape == (1,)
    assert ours.mutual_info_classif(X, np.arange(30), random_state=0) == [0]
    for settings, words in (
        ({"n_neighbors": 30}, "n_neighbors=30, and X has 30 rows"),
        ({"discrete_features": "some"}, "Invalid string value for discrete_features: 'some'"),
    ):
        with pytest.raises(ValueError, match=words) as error:
            ours.mutual_info_classif(X, y, **settings)
        assert_clear(error.value)


def test_in_several_processes():
    pytest.importorskip("joblib")
    one, two = (ours.mutual_info_classif(*WINE, random_state=0, n_jobs=n) for n in (1, 2))
    np.testing.assert_array_equal(one, two)
