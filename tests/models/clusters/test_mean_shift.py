"""MeanShift: scikit-learn's centers and labels."""

import numpy as np
import pytest

from models import MeanShift
from models.clusters import estimate_bandwidth, get_bin_seeds

cluster = pytest.importorskip("sklearn.cluster")
datasets = pytest.importorskip("sklearn.datasets")

SETS = {
    "blobs": datasets.make_blobs(80, centers=4, random_state=0)[0],
    "moons": datasets.make_moons(70, noise=0.08, random_state=0)[0],
    "iris": datasets.load_iris().data[::3],
    "wine": datasets.load_wine().data[::3],
    "equal rows": np.repeat(np.random.default_rng(0).normal(size=(20, 2)), 4, axis=0),
}


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize(
    "settings",
    [
        {}, {"factor": 0.5}, {"factor": 0.3}, {"bin_seeding": True}, {"cluster_all": False, "factor": 0.4},
        {"bin_seeding": True, "min_bin_freq": 3, "factor": 0.5}, {"max_iter": 0}, {"max_iter": 2},
    ],
)  # fmt: skip
def test_centers_and_labels(name, settings):
    X, settings = SETS[name], dict(settings)
    factor = settings.pop("factor", None)
    if factor:
        settings["bandwidth"] = factor * estimate_bandwidth(X)
    ours, theirs = MeanShift(**settings).fit(X), cluster.MeanShift(**settings).fit(X)
    np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-6)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    assert ours.n_iter_ == theirs.n_iter_
    np.testing.assert_array_equal(ours.predict(X[::-1] + 0.1), theirs.predict(X[::-1] + 0.1))


@pytest.mark.parametrize("name", SETS)
@pytest.mark.parametrize("quantile", [0, 0.01, 0.3, 1])
def test_bandwidths(name, quantile):
    found = estimate_bandwidth(SETS[name], quantile=quantile)
    assert found == pytest.approx(
        cluster.estimate_bandwidth(SETS[name], quantile=quantile), abs=1e-12
    )
    some = estimate_bandwidth(SETS[name], n_samples=50, random_state=1)
    assert 0.5 < some / estimate_bandwidth(SETS[name]) < 2


def test_seeds():
    X = SETS["blobs"]
    seeds = X[::7]
    ours, theirs = (
        MeanShift(bandwidth=1, seeds=seeds).fit(X),
        cluster.MeanShift(bandwidth=1, seeds=seeds).fit(X),
    )
    np.testing.assert_allclose(ours.cluster_centers_, theirs.cluster_centers_, rtol=1e-9)
    assert {*map(tuple, get_bin_seeds(X, 2.0, 2))} == {
        *map(tuple, cluster._mean_shift.get_bin_seeds(X, 2.0, 2))
    }
    assert get_bin_seeds(X, 1e-9) is X and get_bin_seeds(X, 0) is X


def test_refusals():
    X = SETS["blobs"]
    for wrong, message in (
        (
            lambda: MeanShift(bandwidth=1, seeds=X[:3] + 99).fit(X),
            "No point was within bandwidth=1",
        ),
        (
            lambda: MeanShift(seeds=[[1.0]]).fit(X),
            r"seeds has shape \(1, 1\), and X has 2 features",
        ),
        (lambda: estimate_bandwidth(X, quantile=2), "quantile must be from 0 to 1"),
    ):
        with pytest.raises(ValueError, match=message):
            wrong()
