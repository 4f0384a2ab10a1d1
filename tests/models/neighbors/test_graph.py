"""Graphs of neighbors: scikit-learn's matrices, and models that begin with one."""

import numpy as np
import pytest

import models
from models.neighbors import kneighbors_graph, radius_neighbors_graph

neighbors = pytest.importorskip("sklearn.neighbors")
cluster = pytest.importorskip("sklearn.cluster")

rng = np.random.default_rng(0)
X, Q = rng.normal(size=(80, 3)), rng.normal(size=(20, 3))
y = np.arange(80) % 3


def same(ours, theirs):
    assert ours.format == theirs.format == "csr"
    np.testing.assert_allclose(ours.toarray(), theirs.toarray(), rtol=1e-12)
    np.testing.assert_array_equal(ours.indptr, theirs.indptr)


@pytest.mark.parametrize("mode", ["connectivity", "distance"])
@pytest.mark.parametrize("include_self", [True, False, "auto"])
def test_functions(mode, include_self):
    settings = {"mode": mode, "include_self": include_self, "metric": "manhattan"}
    same(kneighbors_graph(X, 4, **settings), neighbors.kneighbors_graph(X, 4, **settings))
    same(
        radius_neighbors_graph(X, 1.1, **settings),
        neighbors.radius_neighbors_graph(X, 1.1, **settings),
    )
    model = models.NearestNeighbors().fit(X)
    same(kneighbors_graph(model, 4), neighbors.kneighbors_graph(X, 4))


@pytest.mark.parametrize("mode", ["connectivity", "distance"])
def test_transformers(mode):
    for name, setting in (
        ("KNeighborsTransformer", {"n_neighbors": 4}),
        ("RadiusNeighborsTransformer", {}),
    ):
        ours = getattr(models, name)(mode=mode, **setting).fit(X)
        theirs = getattr(neighbors, name)(mode=mode, **setting).fit(X)
        for rows in (X, Q):
            same(ours.transform(rows), theirs.transform(rows))
        np.testing.assert_array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())
        with pytest.raises(ValueError, match="output does not support sparse data"):
            ours.set_output(transform="pandas").transform(X)


def test_models_that_begin_with_a_graph():
    graph = models.KNeighborsTransformer(n_neighbors=12)
    D, new = graph.fit_transform(X), graph.transform(Q)
    for kind in (models.KNeighborsClassifier, models.KNeighborsRegressor):
        plain, by_graph = kind().fit(X, y), kind(metric="precomputed").fit(D, y)
        np.testing.assert_array_equal(by_graph.predict(new), plain.predict(Q))
        np.testing.assert_array_equal(by_graph.kneighbors()[1], plain.kneighbors()[1])
    near = models.RadiusNeighborsTransformer(radius=0.9).fit_transform(X)
    near_new = models.RadiusNeighborsTransformer(radius=0.9).fit(X).transform(Q)
    plain = models.RadiusNeighborsClassifier(0.9, outlier_label=0).fit(X, y)
    by_graph = models.RadiusNeighborsClassifier(0.9, metric="precomputed", outlier_label=0).fit(
        near, y
    )
    np.testing.assert_array_equal(by_graph.predict(near_new), plain.predict(Q))
    with pytest.raises(
        ValueError, match="20 neighbors per samples are required, but some .* only 13"
    ):
        models.KNeighborsClassifier(20, metric="precomputed").fit(D, y).predict(new)


@pytest.mark.parametrize("own", [True, False])
def test_dbscan_of_a_graph(own):
    D = radius_neighbors_graph(X, 0.7, mode="distance", include_self=own)
    ours = models.DBSCAN(0.7, min_samples=4, metric="precomputed").fit(D)
    theirs = cluster.DBSCAN(eps=0.7, min_samples=4, metric="precomputed").fit(D)
    np.testing.assert_array_equal(ours.labels_, theirs.labels_)
    np.testing.assert_array_equal(ours.labels_, models.DBSCAN(0.7, min_samples=4).fit_predict(X))
    for kind in (models.OPTICS, models.HDBSCAN):
        with pytest.raises(TypeError, match="Sparse data are not supported"):
            kind(metric="precomputed").fit(D)
