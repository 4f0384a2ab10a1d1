"""Multidimensional scaling: SMACOF as gradient descent, scikit-learn from the same start, closed forms."""

import numpy as np
import pytest

from models import MDS
from models.embeddings.distances import distances
from models.embeddings.mds import classical, guttman, isotonic
from tinygrad_edu.gradcheck import gradcheck

manifold = pytest.importorskip("sklearn.manifold")
datasets = pytest.importorskip("sklearn.datasets")


def digits(n=80):
    return datasets.load_digits().data[:n]


START = np.random.default_rng(0).uniform(size=(80, 2))


@pytest.mark.parametrize("metric_mds", [True, False])
@pytest.mark.parametrize("normalized_stress", ["auto", True, False])
def test_it_is_scikit_learns_from_the_same_start(metric_mds, normalized_stress):
    same = {"metric_mds": metric_mds, "normalized_stress": normalized_stress}
    theirs = manifold.MDS(init="random", **same).fit(digits(), init=START)
    for ours in (MDS(**same).fit(digits(), init=START), MDS(init=START, **same).fit(digits())):
        size = np.abs(theirs.embedding_).max()
        np.testing.assert_allclose(ours.embedding_, theirs.embedding_, rtol=0, atol=1e-8 * size)
        assert ours.stress_ == pytest.approx(theirs.stress_, rel=1e-9)
        assert ours.n_iter_ == theirs.n_iter_ == len(ours.trace_)
        np.testing.assert_allclose(
            ours.dissimilarity_matrix_, theirs.dissimilarity_matrix_, atol=1e-10
        )


@pytest.mark.parametrize("metric_mds", [True, False])
@pytest.mark.parametrize("data", ["iris", "wine", "diabetes"])
def test_and_from_classical_scaling(metric_mds, data):
    X = getattr(datasets, f"load_{data}")().data[::3]
    if data == "iris":  # many equal distances, which theirs tells apart by their rounding
        X = X + np.random.default_rng(0).normal(size=X.shape) / 10
    theirs = manifold.MDS(init="classical_mds", metric_mds=metric_mds, eps=1e-9).fit(X)
    ours = MDS(metric_mds=metric_mds, eps=1e-9).fit(X)
    assert ours.stress_ == pytest.approx(theirs.stress_, rel=1e-6)
    size = np.abs(theirs.embedding_).max()
    np.testing.assert_allclose(ours.embedding_, theirs.embedding_, rtol=0, atol=1e-6 * size)


def test_smacof_is_gradient_descent_with_the_step_1_over_2n():
    model, D = MDS(), distances(digits(), "euclidean")
    Y = np.random.default_rng(0).normal(size=(80, 2))
    _, gradient = model.slope(D, Y)
    after = guttman(D, distances(Y, "euclidean"), Y)
    Y = Y - Y.mean(axis=0)
    np.testing.assert_allclose(after, Y - gradient / (2 * 80), rtol=0, atol=1e-10)


def test_the_loss_is_the_stress_and_its_gradient_is_right():
    D = distances(digits(8), "euclidean") / 30
    Y = np.random.default_rng(0).normal(size=(8, 2))
    expected = sum((np.linalg.norm(Y[i] - Y[j]) - D[i, j]) ** 2 for i in range(8) for j in range(i))
    assert float(MDS().loss(D, Y)) == pytest.approx(expected, rel=1e-12)
    report = gradcheck(lambda Y: MDS().loss(D, Y), Y)
    assert report, report


def test_all_solvers_minimize_the_stress():
    found = {
        s: MDS(solver=s, eps=1e-10, max_iter=3000).fit(digits()) for s in ("smacof", "gains", "lbfgs", "cg")
    }  # fmt: skip
    D = found["lbfgs"].dissimilarity_matrix_
    for model in found.values():  # local minima, of which there are several
        slope = model.slope(D, model.embedding_)[1]
        assert np.abs(slope).max() < 0.02 * D.max()
        assert model.stress_ == pytest.approx(found["lbfgs"].stress_, rel=0.01)
    assert found["smacof"].stress_ == pytest.approx(found["lbfgs"].stress_, rel=1e-6)
    assert (np.diff(found["smacof"].trace_.loss) <= 1e-9).all()  # it never rises


def test_distances_in_the_plane_are_found_again():
    plane = np.random.default_rng(1).normal(size=(30, 2))
    D = distances(plane, "euclidean")
    np.testing.assert_allclose(distances(classical(D, 2), "euclidean"), D, atol=1e-10)
    model = MDS(metric="precomputed").fit(D)
    assert model.stress_ < 1e-20
    older = MDS(dissimilarity="precomputed").fit(D)
    np.testing.assert_array_equal(older.embedding_, model.embedding_)


def test_non_metric_scaling_needs_the_order_alone():
    D = distances(np.random.default_rng(1).normal(size=(30, 2)), "euclidean")
    a, b = (MDS(metric=False, eps=1e-12, max_iter=2000, init="random", random_state=0, n_init=3,
                dissimilarity="precomputed").fit(table) for table in (D, np.exp(2 * D) - 1))  # fmt: skip
    assert a.stress_ < 0.02 and b.stress_ < 0.02
    with pytest.raises(ValueError, match="order of distances has no gradient"):
        MDS(metric_mds=False, solver="lbfgs").fit(digits())


def test_isotonic_regression_is_scikit_learns():
    from sklearn.isotonic import isotonic_regression

    rng = np.random.default_rng(0)
    for n in (1, 2, 10, 1000):
        x = rng.permutation(n) + 1.0
        y = 0.01 * x + rng.normal(size=n)
        expected = np.empty(n)
        expected[np.argsort(x)] = isotonic_regression(y[np.argsort(x)])
        np.testing.assert_allclose(isotonic(x, y), expected, atol=1e-12)
    np.testing.assert_allclose(isotonic(np.array([1.0, 1, 2]), np.array([4.0, 2, 5])), [3, 3, 5])


def test_several_starts_keep_the_best():
    one = [MDS(init="random", random_state=s).fit(digits(40)).stress_ for s in range(3)]
    several = MDS(init="random", n_init=8, random_state=0).fit(digits(40))
    assert several.stress_ <= one[0] and several.stress_ < max(one)


@pytest.mark.parametrize("scale", [1e-150, 1e150])
def test_the_unit_of_X_is_that_of_the_points(scale):
    model, plain = MDS().fit(digits(40) * scale), MDS().fit(digits(40))
    np.testing.assert_allclose(model.embedding_ / scale, plain.embedding_, rtol=1e-6, atol=1e-8)
