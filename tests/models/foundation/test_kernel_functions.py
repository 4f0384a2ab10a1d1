"""Kernels against scikit-learn's pairwise functions, and far from the origin."""

import numpy as np
import pytest

from models.foundation.kernel_functions import KERNELS, kernel_matrix, squared_distances

pairwise = pytest.importorskip("sklearn.metrics.pairwise")

RNG = np.random.default_rng(0)
X, Y = RNG.uniform(size=(13, 4)), RNG.uniform(size=(7, 4))


@pytest.mark.parametrize(
    "settings", [{}, {"gamma": 0.3}, {"gamma": 2.0, "coef0": -0.5, "degree": 2}]
)
@pytest.mark.parametrize("name", KERNELS)
def test_the_same_as_scikit_learn(name, settings):
    expected = pairwise.pairwise_kernels(X, Y, metric=name, filter_params=True, **settings)
    np.testing.assert_allclose(kernel_matrix(name, X, Y, **settings), expected, rtol=1e-13)
    expected = pairwise.pairwise_kernels(X, metric=name, filter_params=True, **settings)
    np.testing.assert_allclose(kernel_matrix(name, X, X, **settings), expected, rtol=1e-13)


def test_every_name_of_scikit_learn_is_there():
    assert KERNELS.keys() == pairwise.PAIRWISE_KERNEL_FUNCTIONS.keys()


def test_distances_far_from_the_origin():
    """‖x‖² + ‖y‖² - 2 x·y itself would be wrong by 1: its parts are near 1e16."""
    far = X + 1e8
    expected = ((far[:, None] - far) ** 2).sum(axis=-1)
    np.testing.assert_allclose(squared_distances(far, far), expected, atol=1e-14)
    assert (kernel_matrix("rbf", far, far).diagonal() == 1).all()


def test_a_kernel_that_is_too_large_says_so():
    with pytest.raises(
        ValueError, match=r"kernel 'poly' of these data is infinite.*\s.*\s.*Standard"
    ):
        kernel_matrix("poly", X * 1e150, X * 1e150)
    assert np.isfinite(kernel_matrix("rbf", X * 1e150, X * 1e150)).all()


def test_histograms_are_not_negative():
    with pytest.raises(ValueError, match="Negative values in data passed to the kernel 'chi2'"):
        kernel_matrix("chi2", X, -Y)
    zeros = np.zeros((2, 3))
    np.testing.assert_array_equal(kernel_matrix("additive_chi2", zeros, zeros), np.zeros((2, 2)))
