"""Spectral co-clustering against scikit-learn's, and on tables with known clusters."""

import numpy as np
import pytest

from models import SpectralCoclustering

cluster = pytest.importorskip("sklearn.cluster")
datasets = pytest.importorskip("sklearn.datasets")
metrics = pytest.importorskip("sklearn.metrics")


def shuffled(n_clusters=4, noise=5.0):
    data, rows, columns = datasets.make_biclusters(
        (60, 40), n_clusters, noise=noise, random_state=0
    )
    rng = np.random.default_rng(0)
    i, j = rng.permutation(60), rng.permutation(40)
    return data[i][:, j], (rows[:, i], columns[:, j])


@pytest.mark.parametrize("n_clusters", [2, 3, 4])
@pytest.mark.parametrize("noise", [1.0, 5.0])
def test_known_clusters_and_those_of_scikit_learn(n_clusters, noise):
    data, truth = shuffled(n_clusters, noise)
    ours = SpectralCoclustering(n_clusters, random_state=0).fit(data)
    theirs = cluster.SpectralCoclustering(n_clusters, random_state=0).fit(data)
    assert metrics.consensus_score(ours.biclusters_, theirs.biclusters_) == 1
    assert metrics.consensus_score(ours.biclusters_, truth) > 0.9


def test_the_parts_of_a_cluster():
    data, _ = shuffled()
    model = SpectralCoclustering(4, random_state=0).fit(data)
    for i in range(4):
        rows, columns = model.get_indices(i)
        np.testing.assert_array_equal(rows, np.flatnonzero(model.row_labels_ == i))
        assert model.get_shape(i) == (len(rows), len(columns))
        inside = model.get_submatrix(i, data)
        np.testing.assert_array_equal(inside, data[rows][:, columns])
        assert inside.mean() > data.mean()
    assert model.rows_.sum() == 60 and model.columns_.sum() == 40


def test_other_settings():
    data, truth = shuffled()
    small = SpectralCoclustering(4, mini_batch=True, random_state=0).fit(data)
    assert metrics.consensus_score(small.biclusters_, truth) > 0.9
    assert SpectralCoclustering(1, random_state=0).fit(data).get_shape(0) == (60, 40)
    scaled = SpectralCoclustering(4, random_state=0).fit(data * 1e200)
    assert metrics.consensus_score(scaled.biclusters_, truth) > 0.9
    with pytest.raises(ValueError, match="n_clusters should be <= n_samples=60"):
        SpectralCoclustering(61).fit(data)
