"""Data sets: the numbers of scikit-learn, from the same seeds."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

import sklearn.datasets as theirs

from models import datasets

REAL = ["iris", "wine", "digits", "breast_cancer", "diabetes", "linnerud"]


@pytest.mark.parametrize("name", REAL)
def test_real_sets(name):
    ours, expected = (getattr(m, f"load_{name}")() for m in (datasets, theirs))
    for key in {*expected} - {
        "DESCR",
        "filename",
        "data_module",
        "data_filename",
        "target_filename",
    }:
        if key in ("data", "target", "images"):
            np.testing.assert_allclose(ours[key], expected[key], rtol=1e-13, atol=1e-16)
            assert ours[key].dtype == expected[key].dtype
        else:
            assert np.array_equal(np.asarray(ours[key]), np.asarray(expected[key])), key
    assert ours.data is ours["data"] and "Source" in ours.DESCR
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    assert np.array_equal(X, ours.data) and np.array_equal(y, ours.target)
    with pytest.raises(AttributeError, match="there is no 'dat', only data, target"):
        ours.dat  # noqa: B018


@pytest.mark.parametrize("name", REAL)
def test_frames(name):
    pandas = pytest.importorskip("pandas")
    ours, expected = (getattr(m, f"load_{name}")(as_frame=True) for m in (datasets, theirs))
    pandas.testing.assert_frame_equal(ours.frame, expected.frame)
    pandas.testing.assert_frame_equal(ours.data, expected.data)
    same = (
        pandas.testing.assert_frame_equal
        if name == "linnerud"
        else pandas.testing.assert_series_equal
    )
    same(ours.target, expected.target)


def test_settings_of_real_sets():
    assert np.array_equal(datasets.load_digits(n_class=3).data, theirs.load_digits(n_class=3).data)
    raw = datasets.load_diabetes(scaled=False, return_X_y=True)[0]
    assert np.array_equal(raw, theirs.load_diabetes(scaled=False, return_X_y=True)[0])


CASES = [
    ("make_classification", {}),
    ("make_classification", {"n_informative": 5, "n_repeated": 2, "n_classes": 3, "weights": [0.5, 0.2]}),
    ("make_classification", {"hypercube": False, "shift": None, "scale": None, "shuffle": False}),
    ("make_classification", {"n_features": 60, "n_informative": 40, "class_sep": 2.0, "flip_y": 0.3}),
    ("make_blobs", {}), ("make_blobs", {"centers": 5, "n_features": 3, "cluster_std": [1, 2, 3, 4, 5.0]}),
    ("make_blobs", {"centers": [[0, 0], [3, 4]], "shuffle": False}),
    ("make_blobs", {"n_samples": [5, 7, 9], "return_centers": True}),
    ("make_moons", {}), ("make_moons", {"noise": 0.1, "n_samples": (10, 15)}),
    ("make_circles", {}), ("make_circles", {"noise": 0.1, "factor": 0.3, "shuffle": False, "n_samples": 33}),
    ("make_gaussian_quantiles", {}), ("make_gaussian_quantiles", {"mean": [1, 2], "cov": 3, "n_classes": 7}),
    ("make_hastie_10_2", {"n_samples": 50}),
    ("make_multilabel_classification", {}),
    ("make_multilabel_classification", {"allow_unlabeled": False, "return_distributions": True}),
    ("make_regression", {}), ("make_regression", {"n_targets": 2, "noise": 2.0, "bias": 3.0, "coef": True}),
    ("make_regression", {"effective_rank": 5, "shuffle": False}),
    ("make_low_rank_matrix", {}), ("make_low_rank_matrix", {"n_samples": 20, "n_features": 50}),
    ("make_sparse_uncorrelated", {}),
    ("make_friedman1", {"noise": 0.5}), ("make_friedman2", {"noise": 0.5}),
    ("make_friedman3", {"noise": 0.5}),
    ("make_swiss_roll", {"noise": 0.1}), ("make_swiss_roll", {"hole": True}),
    ("make_s_curve", {"noise": 0.1}),
]  # fmt: skip


@pytest.mark.parametrize("seed", [0, 7])
@pytest.mark.parametrize("name, given", CASES)
def test_made_sets(name, given, seed):
    ours, expected = (getattr(m, name)(random_state=seed, **given) for m in (datasets, theirs))
    pairs = zip(ours, expected, strict=True) if isinstance(expected, tuple) else [(ours, expected)]
    for found, wanted in pairs:
        assert found.dtype == wanted.dtype and found.shape == wanted.shape
        np.testing.assert_allclose(found, wanted, rtol=1e-11, atol=1e-12)


def test_facts_about_the_columns():
    ours, expected = (
        m.make_classification(n_repeated=3, return_X_y=False, random_state=1)
        for m in (datasets, theirs)
    )
    assert ours.feature_info == expected.feature_info


@pytest.mark.parametrize(
    "call, message",
    [
        (lambda: datasets.make_classification(n_features=3), "must sum to less than"),
        (lambda: datasets.make_classification(n_classes=9), r"2\*\*n_informative\(2\)=4"),
        (
            lambda: datasets.make_classification(weights=[1, 2, 3]),
            "incompatible with number of classes",
        ),
        (lambda: datasets.make_blobs(cluster_std=[1.0]), "`cluster_std` not consistent"),
        (lambda: datasets.make_moons((1, 2, 3)), "two-element tuple"),
        (lambda: datasets.make_gaussian_quantiles(n_samples=2), "at least n_classes"),
    ],
)
def test_mistakes(call, message):
    with pytest.raises(ValueError, match=message) as error:
        call()
    assert "Try: " in str(error.value) and "test_datasets.py" in str(error.value)
