import numpy as np
import pytest

from models.foundation.laplacian import normalized_laplacian

csgraph = pytest.importorskip("scipy.sparse.csgraph")


def test_the_laplacian_is_that_of_scipy():
    """A node without edges gets 1 on the diagonal here, as in I - D^-½ W D^-½; 0 there."""
    W = np.random.default_rng(0).random((7, 7)) * (np.random.default_rng(1).random((7, 7)) < 0.5)
    W += W.T
    W[3] = W[:, 3] = 0
    before = W.copy()
    L, root = normalized_laplacian(W)
    expected, their_root = csgraph.laplacian(W, normed=True, return_diag=True)
    expected[3, 3] = 1
    np.testing.assert_allclose(L, expected, atol=1e-15)
    np.testing.assert_allclose(root, their_root)
    np.testing.assert_array_equal(W, before)
