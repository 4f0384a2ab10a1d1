"""The nearest of all rows, without an index: every distance is looked at, in blocks of bounded memory.

For Euclidean distances most of the work is a matrix product, of numbers with half the digits:

    ‖y‖² - 2 x·y = ‖x - y‖² - ‖x‖²,   off by at most e, a bound on the rounding errors

1. Filter: only rows whose value is at most 2 e above the k-th smallest can be among the k nearest.
2. Refine: for these few, ‖x - y‖² is computed from the differences.

So the answer is exact, also for rows that are near each other and far from the origin. Of rows at the same
distance the first comes first.
"""

from collections.abc import Iterator

import numpy as np

from models.foundation.lloyd import squares
from models.neighbors.distances import TILE, Metric, squared

BLOCK = 2**21  # distances at once
LOST = 64  # times as many candidates as neighbors: the filter needs more digits


def nearest(Q: np.ndarray, X: np.ndarray, k: int, metric: Metric) -> tuple[np.ndarray, np.ndarray]:
    """The k nearest rows of X for each row of Q, both prepared: what `between` says, and their numbers."""
    values, numbers = np.empty((len(Q), k)), np.empty((len(Q), k), dtype=np.intp)
    filtered = metric.between is squared and len(X) > 4 * k and X.shape[1] > 1
    products = Products(X, Q) if filtered else None
    rows = max(1, BLOCK // len(X))
    for start in range(0, len(Q), rows):
        part = slice(start, start + rows)
        if products is not None:
            i, j = products.near(Q[part], k)
            found = refined(Q[part], X, i, j, metric)
        else:
            D = metric.of_all(Q[part], X)
            D[np.isnan(D)] = np.inf  # of rows that have no feature in common
            i, j = candidates(D, k)
            found = D[i, j]
        values[part], numbers[part] = smallest(i, j, found, k)
    return values, numbers


def within(
    Q: np.ndarray, X: np.ndarray, limit: float, metric: Metric
) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
    """The rows of X for which `between` is at most limit: row of Q, row of X and value, block by block."""
    products = Products(X, Q) if metric.between is squared and X.shape[1] > 4 else None
    rows = max(1, BLOCK // len(X))
    for start in range(0, len(Q), rows):
        part = Q[start : start + rows]
        if products is not None:
            i, j = products.within(part, limit)
            found = refined(part, X, i, j, metric)
        else:
            D = metric.of_all(part, X)
            i, j = np.nonzero(limit >= D)
            found = D[i, j]
        inside = found <= limit
        yield i[inside] + start, j[inside], found[inside]


def candidates(D, k):
    """Rows and columns of the entries that are at most the k-th smallest of their row."""
    return np.nonzero(np.partition(D, k - 1, axis=1)[:, k - 1 : k] >= D)


def smallest(rows, columns, values, k):
    """The k smallest values of each row, and their columns; every row has at least k. Ties: by column."""
    order = ascending(rows, columns, values)
    starts = np.flatnonzero(np.diff(rows[order], prepend=-1))
    chosen = order[starts[:, None] + np.arange(k)]
    return values[chosen], columns[chosen]


def ascending(rows, columns, values):
    """The order by row, in it by value, and then by column: as np.lexsort, in a seventh of the time."""
    order = np.argsort(values)
    few = rows.max(initial=0) < 2**15  # numbers of 16 bits are sorted in linear time
    order = order[np.argsort(rows[order].astype(np.int16 if few else np.int64), kind="stable")]
    row, value = rows[order], values[order]
    equal = (row[1:] == row[:-1]) & (value[1:] == value[:-1])
    if equal.any():  # within runs of equal values, by column
        run = np.concatenate([[0], np.cumsum(~equal)])
        tied = np.flatnonzero(np.append(equal, False) | np.append(False, equal))
        order[tied] = order[tied][np.lexsort((columns[order[tied]], run[tied]))]
    return order


def refined(Q, X, i, j, metric):
    """What `between` says of the pairs (i, j), a tile at a time."""
    size = max(1, TILE // X.shape[1])
    parts = [
        metric.of_pairs(Q[i[at : at + size]], X[j[at : at + size]]) for at in range(0, len(i), size)
    ]
    return np.concatenate(parts) if parts else np.empty(0)


class Products:
    """The filter: ‖y‖² - 2 x·y for blocks of x, with a bound on its error."""

    def __init__(self, X, Q):
        self.center = X.mean(axis=0)
        self.X, self.at = X, {}
        low = np.minimum(X.min(axis=0), Q.min(axis=0))
        high = np.maximum(X.max(axis=0), Q.max(axis=0))
        size = np.maximum(high - self.center, self.center - low).max()
        self.kinds = [np.float32, np.float64] if 1e-12 < size < 1e12 else [np.float64]

    def operand(self, kind, groups):
        """-2 Yᵀ and ‖y‖² in numbers of this kind, filled up to whole groups with rows infinitely far away.

        And the largest ‖y‖.
        """
        if (kind, groups) not in self.at:
            n, d = self.X.shape
            Y = np.zeros((n - n % -groups, d), dtype=kind)
            np.subtract(self.X, self.center, out=Y[:n], casting="same_kind")
            sizes = np.full(len(Y), np.inf, dtype=kind)
            sizes[:n] = squares(Y[:n])
            Y *= -2
            self.at[kind, groups] = Y.T, sizes, np.sqrt(sizes[:n].max())
        return self.at[kind, groups]

    def values(self, Q, kind, groups):
        """(rows of Q, n): the values, and for each row their largest possible error."""
        A = Q - self.center
        Y, sizes, largest = self.operand(kind, groups)
        found = A.astype(kind) @ Y
        found += sizes
        u, d = np.finfo(kind).eps, A.shape[1]
        error = (3 * d + 16) * u * (np.sqrt(squares(A)) + largest) * largest
        return found, error[:, None]

    def near(self, Q, k):
        """Pairs (row of Q, row of X), among which are the k nearest of each row of Q.

        The columns are dealt into groups. The k-th smallest of the least values of the groups is at least
        the k-th smallest value, and most groups have nothing below it: they are not looked at again.
        """
        n = len(self.X)
        groups = max(1, min(max(64, 16 * k), n // 2))
        if groups < 4 * k:
            groups = n
        for kind in self.kinds:
            D, error = self.values(Q, kind, groups)
            D = D.reshape(len(Q), -1, groups)
            least = D.min(axis=1)
            bound = np.partition(least, k - 1, axis=1)[:, k - 1 : k] + 2 * error
            row, group = np.nonzero(least <= bound)
            pair, member = np.nonzero(D[row, :, group] <= bound[row])
            if len(pair) <= LOST * k * len(Q):
                break
        return row[pair], member * groups + group[pair]

    def within(self, Q, limit):
        """Pairs (row of Q, row of X), among which are those with ‖x - y‖² ≤ limit."""
        D, error = self.values(Q, np.float64, 1)
        i, j = np.nonzero(limit + error - squares(Q - self.center)[:, None] >= D)
        return i, j
