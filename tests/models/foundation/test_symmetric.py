"""Systems with a symmetric matrix, against NumPy."""

import numpy as np
import pytest

from models.foundation.symmetric import solve_symmetric

RNG = np.random.default_rng(0)


def test_a_matrix_is_solved_in_place_and_is_the_same_again():
    A = RNG.normal(size=(150, 150))
    A = A @ A.T + np.eye(150)
    B = RNG.normal(size=(150, 2))
    again = A.copy()
    np.testing.assert_allclose(solve_symmetric(again, B), np.linalg.solve(A, B), rtol=1e-9)
    np.fill_diagonal(again, A.diagonal())
    np.testing.assert_array_equal(again, np.triu(A) + np.triu(A, 1).T)


@pytest.mark.parametrize("half", [5, 75])
def test_a_singular_matrix_has_its_shortest_solution(half):
    """Some of its pivots are 0 but for rounding, which may leave them above 0: 7 - √7² is 8.9e-16."""
    A = np.kron(np.ones((2, 2)), np.diag(np.full(half, 7.0)))
    B = np.tile(RNG.normal(size=(half, 1)), (2, 1))
    np.testing.assert_allclose(solve_symmetric(A, B), B / 14, rtol=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_a_matrix_of_low_rank_has_its_shortest_solution(seed):
    rng = np.random.default_rng(seed)
    X = rng.normal(size=(150, 20))
    A, B = X @ X.T, X @ rng.normal(size=(20, 3))
    shortest = np.linalg.pinv(A, rcond=1e-12) @ B
    np.testing.assert_allclose(solve_symmetric(A, B), shortest, rtol=1e-7, atol=1e-9)
