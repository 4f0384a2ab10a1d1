"""The gradient of t-SNE's loss, computed in blocks that stay in the processor's cache.

With n_ij = 1 / (1 + d_ij²/ν), q̃ = n^((ν+1)/2) and Z = Σ q̃, so that q = q̃ / Z:

    ∂/∂y_i = 2 (ν+1)/ν (α Σ_j p_ij n_ij (y_i - y_j) - Σ_j q̃_ij n_ij (y_i - y_j) / Z)

Z needs no sum of its own. With f = q̃ n it is Σ f (1 + d²/ν), and
Σ_ij f_ij d_ij² = 2 Σ_i y_i·Σ_j f_ij (y_i - y_j).

Each pair is visited once: the matrices are symmetric, and only blocks on and above the diagonal are needed.
In the blocks on the diagonal every pair stands twice, and counts half.
"""

import numpy as np

ROWS = 64  # of a block


class KLGradient:
    """(Y, α) -> Σ p ln p + α (ν+1)/2 Σ p ln(1 + d²/ν) + ln Z, and its gradient. P: symmetric, with sum 1."""

    def __init__(self, P: np.ndarray, ν: int):
        n = len(P)
        self.ν = ν
        self.starts = range(0, n, ROWS)
        self.P = [P[i : i + ROWS, i:].copy() for i in self.starts]
        for p in self.P:
            p[:, : len(p)] /= 2
        space = np.empty((2, ROWS * n))  # the same for all blocks
        self.near, self.work = ([part[: p.size].reshape(p.shape) for p in self.P] for part in space)
        self.p_log_p = float(np.vdot(P, np.log(np.where(P > 0, P, 1))))

    def __call__(
        self, Y: np.ndarray, exaggeration: float = 1.0, value: bool = True
    ) -> tuple[float, np.ndarray]:
        """The loss, nan without `value`, and the gradient, (n, components)."""
        ν, power = self.ν, (self.ν + 1) / 2
        size, one = (Y * Y).sum(axis=1), np.ones(len(Y))
        left = np.column_stack([-2 / ν * Y, 1 + size / ν, one / ν])
        right = np.column_stack([Y, one, size]).T.copy()  # left @ right is 1 + d²/ν
        Y1 = np.column_stack([Y, one])
        attract, repel, ln_near = np.zeros_like(Y1), np.zeros_like(Y1), 0.0
        for i, p, near, work in zip(self.starts, self.P, self.near, self.work, strict=True):
            rows = len(p)
            np.matmul(left[i : i + rows], right[:, i:], out=near)
            np.reciprocal(near, out=near)
            _add_both_ways(attract, np.multiply(p, near, out=work), Y1, i)
            if value:
                ln_near += 2 * np.vdot(p, np.log(near, out=work))
            np.multiply(near if ν == 1 else near**power, near, out=work)
            work[:, :rows] *= 0.5
            _add_both_ways(repel, work, Y1, i)
        attraction, repulsion = (F[:, -1:] * Y - F[:, :-1] for F in (attract, repel))
        Z = repel[:, -1].sum() + 2 / ν * np.vdot(Y, repulsion) - len(Y)  # without the diagonal
        g = 2 * (ν + 1) / ν * (exaggeration * attraction - repulsion / Z)
        loss = self.p_log_p - exaggeration * power * ln_near + np.log(Z) if value else np.nan
        return float(loss), g


def _add_both_ways(total: np.ndarray, F: np.ndarray, Y1: np.ndarray, i: int) -> None:
    """Adds F Y1 for the rows of a block that begins at (i, i), and Fᵀ Y1 for its columns."""
    rows = slice(i, i + len(F))
    total[rows] += F @ Y1[i:]
    total[i:] += F.T @ Y1[rows]
