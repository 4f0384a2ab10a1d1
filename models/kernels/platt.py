"""Probabilities from the scores of pairs of classes.

Sources: J. Platt, Probabilistic outputs for support vector machines (1999); H.-T. Lin, C.-J. Lin, R. Weng,
A note on Platt's probabilistic outputs for support vector machines (2007); T.-F. Wu, C.-J. Lin, R. Weng,
Probability estimates for multi-class classification by pairwise coupling (2004).
"""

import numpy as np

from tinygrad_edu import hessian, value_and_grad
from tinygrad_edu.ops import sigmoid, softplus
from tinygrad_edu.optim.minimize import minimize


def sigmoid_of_scores(scores, signs):
    """A and B of P(first class | f) = 1 / (1 + exp(A f + B)), with the largest likelihood.

    The targets are not 1 and 0 but (n₊ + 1) / (n₊ + 2) and 1 / (n₋ + 2), as if each class had one row more.
    """
    n_first, n_second = (signs > 0).sum(), (signs < 0).sum()
    t = np.where(signs > 0, (n_first + 1) / (n_first + 2), 1 / (n_second + 2))
    size = np.abs(scores).max() or 1.0

    def surprise(z):  # -Σ t ln p + (1 - t) ln (1 - p)
        η = z[0] * (scores / size) + z[1]
        return (softplus(η) - (1 - t) * η).sum()

    start = np.array([0.0, np.log((n_second + 1) / (n_first + 1))])
    found = minimize(
        value_and_grad(surprise), start, "newton", hessian(surprise), tol=1e-10 * len(t)
    )
    return found.point[0] / size, found.point[1]


def probability_of(scores, A, B):
    """P(first class of the pair) of each score, at least 1e-7 from 0 and 1."""
    return np.clip(sigmoid(-(A * scores + B)), 1e-7, 1 - 1e-7)


def couple(pairs):
    """P(class) from r_ij = P(i | i or j) of all pairs i < j: (samples, pairs) -> (samples, classes).

    The p with the least Σ_ij (r_ji p_i - r_ij p_j)² and Σ p = 1 (Wu, Lin, Weng 2004, equations 19 to 21):

        Q p + λ 1 = 0,   1ᵀ p = 1,      Q_ii = Σ_s r_si²,   Q_ij = -r_ji r_ij
    """
    samples, number = pairs.shape
    classes = round((1 + np.sqrt(1 + 8 * number)) / 2)
    i, j = np.triu_indices(classes, 1)
    r = np.zeros((samples, classes, classes))
    r[:, i, j], r[:, j, i] = pairs, 1 - pairs
    system = np.ones((samples, classes + 1, classes + 1))
    system[:, :-1, :-1] = -r * r.swapaxes(1, 2)
    system[:, range(classes), range(classes)] = (r * r).sum(axis=1)
    system[:, -1, -1] = 0
    right = np.zeros((samples, classes + 1, 1))
    right[:, -1] = 1
    p = np.maximum(np.linalg.solve(system, right)[:, :-1, 0], 0)
    return p / p.sum(axis=1, keepdims=True)
