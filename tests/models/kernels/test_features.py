"""Features whose inner products are a kernel: exactly, or in the mean of random draws."""

import numpy as np
import pytest

from models import Nystroem, RBFSampler
from models.foundation.kernel_functions import KERNELS, kernel_matrix

approximation = pytest.importorskip("sklearn.kernel_approximation")

RNG = np.random.default_rng(0)
X = RNG.uniform(size=(60, 4))


@pytest.mark.parametrize("kernel", [k for k in KERNELS if k not in ("sigmoid", "additive_chi2")])
def test_with_all_rows_the_kernel_is_exact(kernel):
    features = Nystroem(kernel=kernel, n_components=60, random_state=0).fit_transform(X)
    np.testing.assert_allclose(features @ features.T, kernel_matrix(kernel, X, X), atol=1e-8)


def test_on_its_rows_it_is_exact_and_the_rest_as_in_scikit_learn():
    ours = Nystroem(gamma=1.0, n_components=20, random_state=0).fit(X)
    F, rows = ours.transform(X), ours.component_indices_
    np.testing.assert_allclose(
        F @ F[rows].T, kernel_matrix("rbf", X, X[rows], gamma=1.0), atol=1e-9
    )
    theirs = approximation.Nystroem(gamma=1.0, n_components=20).fit(X[rows])
    order = np.argsort(theirs.component_indices_)
    np.testing.assert_allclose(F, theirs.transform(X)[:, order], atol=1e-6)
    np.testing.assert_array_equal(ours.components_, X[rows])
    assert ours.normalization_.shape == (20, 20)


def test_matrices_and_functions_as_kernels():
    by_name = Nystroem(gamma=0.5, n_components=9, random_state=1).fit(X)
    K = kernel_matrix("rbf", X, X, gamma=0.5)
    given = Nystroem("precomputed", n_components=9, random_state=1).fit(K)
    np.testing.assert_allclose(given.transform(K), by_name.transform(X), atol=1e-10)
    own = Nystroem(lambda a, b: np.exp(-((a - b) ** 2).sum() / 2), n_components=9, random_state=1)
    np.testing.assert_allclose(own.fit_transform(X), by_name.transform(X), atol=1e-10)
    with pytest.raises(ValueError, match="Don't pass gamma, coef0 or degree to Nystroem"):
        Nystroem("precomputed", gamma=1.0).fit(K)


def test_more_components_than_rows():
    F = Nystroem(n_components=61).fit_transform(X)
    assert F.shape == (60, 60)
    np.testing.assert_allclose(F @ F.T, kernel_matrix("rbf", X, X), atol=1e-8)


def test_random_waves_have_the_kernel_as_their_mean():
    K = kernel_matrix("rbf", X, X, gamma=2.0)
    errors = []
    for m in (100, 10_000):
        F = RBFSampler(gamma=2.0, n_components=m, random_state=0).fit_transform(X)
        errors.append(np.sqrt(np.mean((F @ F.T - K) ** 2)))
    assert 1 / np.sqrt(100) > errors[0] > 5 * errors[1]


def test_the_scale_of_the_data():
    features = RBFSampler("scale", n_components=7, random_state=3).fit(X)
    theirs = approximation.RBFSampler(gamma="scale", n_components=7).fit(X)
    same = RBFSampler(1 / (4 * X.var()), n_components=7, random_state=3).fit(X)
    np.testing.assert_allclose(features.random_weights_, same.random_weights_, rtol=1e-12)
    assert features.random_weights_.shape == theirs.random_weights_.shape
    assert features.random_offset_.shape == theirs.random_offset_.shape
    theirs.random_weights_, theirs.random_offset_ = same.random_weights_, same.random_offset_
    np.testing.assert_allclose(features.transform(X), theirs.transform(X), atol=1e-12)
