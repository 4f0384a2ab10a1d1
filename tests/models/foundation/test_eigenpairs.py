"""A few eigenpairs, against all of them."""

import numpy as np
import pytest

from models.foundation.eigenpairs import largest_eigenpairs

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
