"""A few eigenpairs, against those of which a matrix is made."""

import numpy as np
import pytest

from models.foundation.eigenpairs import largest_eigenpairs, smallest_eigenpairs

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("n", [1, 20, 300])
@pytest.mark.parametrize("k", [1, 3, 8])
@pytest.mark.parametrize("spectrum", ["falling", "equal pairs", "flat", "negative too", "zero"])
def test_the_largest_are_those_of_all(n, k, spectrum):
    Q = np.linalg.qr(RNG.normal(size=(n, n)))[0]
    λ = {
        "falling": 1 / (1 + np.arange(n)),
        "equal pairs": 0.8 ** (np.arange(n) // 2),
        "flat": np.ones(n),
        "negative too": np.linspace(1, -1.5, n),
        "zero": np.zeros(n),
    }[spectrum]
    K = (Q * λ) @ Q.T
    K = (K + K.T) / 2
    k = min(k, n)
    found, V = largest_eigenpairs(K, k)
    np.testing.assert_allclose(found, np.sort(λ)[::-1][:k], atol=1e-12)
    np.testing.assert_allclose(V.T @ V, np.eye(k), atol=1e-10)
    np.testing.assert_allclose(K @ V, V * found, atol=1e-11)


@pytest.mark.parametrize("n", [20, 300])
@pytest.mark.parametrize("least", [1e-6, 1e-3, 0.0])
def test_the_smallest_besides_one_that_is_known(n, least):
    Q = np.linalg.qr(np.column_stack([np.ones(n), RNG.normal(size=(n, n - 1))]))[0]
    λ = np.concatenate([[0, least, least], np.linspace(0.1, 1, n - 3)])
    M = (Q * λ) @ Q.T
    M = (M + M.T) / 2
    found, V = smallest_eigenpairs(M, 3, np.full(n, n**-0.5))
    np.testing.assert_allclose(found, [least, least, 0.1], atol=1e-12)
    np.testing.assert_allclose(V.T @ V, np.eye(3), atol=1e-9)
    np.testing.assert_allclose(M @ V, V * found, atol=1e-9)
