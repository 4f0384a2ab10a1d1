"""Distances and similarities of rows: the numbers of scikit-learn."""

import numpy as np
import pytest

from models.metrics import pairwise as ours

theirs = pytest.importorskip("sklearn.metrics.pairwise")
sparse = pytest.importorskip("scipy.sparse")

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 6)), RNG.normal(size=(20, 6))
X[3], Y[4] = 0, 0
COUNTS = RNG.integers(0, 5, (15, 4)).astype(float)
PLACES = RNG.uniform(-1.5, 1.5, (12, 2))
HOLES = np.where(RNG.uniform(size=(9, 5)) < 0.3, np.nan, RNG.normal(size=(9, 5)))

CASES = [
    ("euclidean_distances", X, Y, {}),
    ("euclidean_distances", X, Y, {"squared": True}),
    ("manhattan_distances", X, Y, {}),
    ("cosine_similarity", X, Y, {}),
    ("haversine_distances", PLACES, PLACES[::2], {}),
    ("nan_euclidean_distances", HOLES, HOLES[:4], {}),
    ("nan_euclidean_distances", HOLES, HOLES[:4], {"squared": True}),
    ("linear_kernel", X, Y, {}),
    ("polynomial_kernel", X, Y, {}),
    ("polynomial_kernel", X, Y, {"degree": 2, "gamma": 0.3, "coef0": 0.5}),
    ("rbf_kernel", X, Y, {}),
    ("rbf_kernel", X, Y, {"gamma": 0.2}),
    ("laplacian_kernel", X, Y, {"gamma": 0.2}),
    ("sigmoid_kernel", X, Y, {"gamma": 0.1, "coef0": 0.2}),
    ("additive_chi2_kernel", COUNTS, COUNTS[::2], {}),
    ("chi2_kernel", COUNTS, COUNTS[::2], {"gamma": 0.5}),
    ("pairwise_kernels", X, Y, {"metric": "rbf", "gamma": 0.5}),
    ("pairwise_kernels", X, Y, {"metric": "cosine", "gamma": 0.5, "filter_params": True}),
    ("pairwise_kernels", X, Y, {"metric": lambda x, y: x @ y + 1}),
    ("pairwise_distances", X, Y, {"metric": "minkowski", "p": 3}),
    ("pairwise_distances", X, Y, {"metric": "l1", "n_jobs": 2}),
    ("pairwise_distances", X, Y, {"metric": lambda x, y: np.abs(x - y).max()}),
    ("pairwise_distances_argmin", X, Y, {}),
    ("pairwise_distances_argmin", X, Y, {"axis": 0, "metric": "manhattan"}),
]


def close(a, b):
    a, b = (np.asarray(x) for x in (a, b))
    size = np.nanmax(np.abs(b)) if a.dtype.kind == "f" else 0
    np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-14 * size)


@pytest.mark.parametrize("case", range(len(CASES)))
def test_the_numbers_of_scikit_learn(case):
    name, A, B, settings = CASES[case]
    mine, other = getattr(ours, name), getattr(theirs, name)
    close(mine(A, B, **settings), other(A, B, **settings))
    if "argmin" not in name and settings.get("metric") != "l1":
        close(mine(A, **settings), other(A, **settings))


def test_lists_and_frames():
    pandas = pytest.importorskip("pandas")
    close(ours.cosine_similarity(X.tolist(), pandas.DataFrame(Y)), theirs.cosine_similarity(X, Y))


def test_cosine_distances_but_for_two_rows_of_zeros():
    expected = theirs.cosine_distances(X, Y)
    expected[3, 4] = 0  # scikit-learn: 1
    np.testing.assert_allclose(ours.cosine_distances(X, Y), expected, atol=1e-15)
    tiny = np.array([[1.0, 0.0], [1.0, 1e-9]])
    assert ours.cosine_distances(tiny)[0, 1] == pytest.approx(5e-19)  # scikit-learn: 0


@pytest.mark.parametrize(
    "name", ["paired_euclidean_distances", "paired_manhattan_distances", "paired_cosine_distances"]
)
def test_the_same_rows(name):
    np.testing.assert_allclose(
        getattr(ours, name)(X[:20], Y), getattr(theirs, name)(X[:20], Y), rtol=1e-12
    )
    metric = name.split("_")[1]
    if metric != "cosine":
        close(ours.paired_distances(X[:20], Y, metric=metric), getattr(theirs, name)(X[:20], Y))
    with pytest.raises(ValueError, match="should be of same shape"):
        getattr(ours, name)(X[:4], Y[:3])


def test_argmin_and_the_least_distance():
    for settings in ({}, {"axis": 0}, {"metric": "minkowski", "metric_kwargs": {"p": 3}}):
        for a, b in zip(
            ours.pairwise_distances_argmin_min(X, Y, **settings),
            theirs.pairwise_distances_argmin_min(X, Y, **settings),
            strict=True,
        ):
            close(a, b)


@pytest.mark.parametrize("metric", ["euclidean", "seuclidean", "cosine"])
def test_in_chunks(metric):
    parts = list(ours.pairwise_distances_chunked(X, metric=metric, working_memory=1e-3))
    assert len(parts) > 3
    close(np.concatenate(parts), ours.pairwise_distances(X, metric=metric))
    sums = [*ours.pairwise_distances_chunked(X, Y, reduce_func=lambda D, start: D.sum(axis=1))]
    close(np.concatenate(sums), ours.pairwise_distances(X, Y).sum(axis=1))


def test_sparse_matrices():
    A, B = (sparse.random(40, 50, density=0.1, random_state=i, format="csr") for i in (0, 1))
    for name in ("cosine_similarity", "linear_kernel"):
        mine, other = getattr(ours, name), getattr(theirs, name)
        close(mine(A, B), other(A, B))
        close(mine(A, B.toarray()), other(A, B.toarray()))
        kept = mine(A, dense_output=False)
        assert sparse.issparse(kept)
        close(kept.toarray(), other(A))
    close(ours.euclidean_distances(A, B), theirs.euclidean_distances(A, B))
    close(ours.rbf_kernel(A), theirs.rbf_kernel(A))


@pytest.mark.parametrize(
    "call, kind, message",
    [
        (lambda: ours.rbf_kernel(X, Y[:, :3]), ValueError, "Incompatible dimension"),
        (lambda: ours.cosine_similarity(X, Y[:, :3]), ValueError, "Incompatible dimension"),
        (lambda: ours.cosine_similarity(X[0]), ValueError, "Expected 2D array"),
        (lambda: ours.linear_kernel(HOLES), ValueError, "contains NaN"),
        (lambda: ours.pairwise_kernels(X, metric="rbff"), ValueError, "Unknown kernel(?s:.*)Try: rbf"),
        (lambda: ours.pairwise_kernels(X, metric="rbf", degree=2), TypeError, "no parameter degree"),
        (lambda: ours.pairwise_distances(X, metric="manhatan"), ValueError, "Try: manhattan"),
        (lambda: ours.chi2_kernel(X), ValueError, "Negative values"),
    ],
)  # fmt: skip
def test_refusals(call, kind, message):
    with pytest.raises(kind, match=message):
        call()


@pytest.mark.parametrize("name", ours.__all__)
def test_complex_numbers_are_refused(name):
    if name in ("pairwise_distances_chunked", "haversine_distances"):
        return
    for Z in (X * 1j, sparse.csr_matrix(X * 1j)):
        with pytest.raises(ValueError, match="Complex data not supported"):
            getattr(ours, name)(Z, X)


def test_refusals_of_shapes():
    with pytest.raises(ValueError, match="no row is nearest"):
        ours.pairwise_distances_argmin(X[:0], Y)
    with pytest.raises(ValueError, match="Expected 2D array"):
        ours.paired_cosine_distances(X[0], X[0])
