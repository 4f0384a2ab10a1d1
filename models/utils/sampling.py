"""Rows of several arrays: in another order, drawn at random, or in batches."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from models.foundation.frames import samples, take_rows
from models.foundation.randomness import random_state as generator
from models.metrics.reading import array, same_length, weights
from models.selection.shuffles import shares
from tinygrad_edu.diagnostics.words import refusal


def shuffle(*arrays: Any, random_state: Any = None, n_samples: int | None = None) -> Any:
    """The arrays with their rows in the same random order; n_samples: only so many of them."""
    return resample(*arrays, replace=False, n_samples=n_samples, random_state=random_state)


def resample(
    *arrays: Any,
    replace: bool = True,
    n_samples: int | None = None,
    random_state: Any = None,
    stratify: Any = None,
    sample_weight: Any = None,
) -> Any:
    """Random rows of the arrays, the same of all: a list of arrays, or one if one is given.

    replace         may a row be drawn more than once, as for the bootstrap?
    n_samples       how many; None for as many as there are
    stratify        labels of the rows, whose proportions are kept
    sample_weight   how likely each row is drawn, with replace=True
    """
    if not arrays:
        return None
    same_length(*arrays)
    rng = generator(random_state)
    n = samples(arrays[0])
    wanted = n if n_samples is None else n_samples
    if not (isinstance(wanted, (int, np.integer)) and (wanted > 0 or n_samples is None)):
        what = f"n_samples of resample must be an integer ≥ 1 or None. Got {n_samples!r} instead."
        raise refusal(ValueError, what, "n_samples=None, for as many as there are rows")
    if wanted > n and not replace:
        what = f"Cannot sample {wanted} out of arrays with dim {n} when replace is False."
        raise refusal(ValueError, what, "replace=True")
    if sample_weight is not None and (not replace or stratify is not None):
        what = "sample_weight is only supported with replace=True and stratify=None."
        raise refusal(NotImplementedError, what, "sample_weight=None")
    if stratify is not None:
        rows = _of_each_class(array(stratify), wanted, replace, rng)
    elif replace:
        p = None if sample_weight is None else _chances(sample_weight, n)
        rows = rng.choice(n, size=wanted, p=p, replace=True)
    else:
        rows = np.arange(n)
        rng.shuffle(rows)
        rows = rows[:wanted]
    found = [take_rows(x, rows) for x in arrays]
    return found if len(found) > 1 else found[0]


def _chances(sample_weight: Any, n: int) -> np.ndarray:
    """Weights divided by their sum."""
    found: Any = weights(sample_weight, n)
    if (found < 0).any():
        what = f"sample_weight must not be negative: {found.min()}."
        raise refusal(ValueError, what, "0, for a row that is not drawn")
    found = found / found.max()  # their sum may be infinite
    return found / found.sum()


def _of_each_class(
    y: np.ndarray, wanted: int, replace: bool, rng: np.random.RandomState
) -> np.ndarray:
    """Random row numbers, in which the classes of y have their proportions."""
    if y.ndim == 2:
        y = np.array([" ".join(row) for row in y.astype(str)])
    _, codes, counts = np.unique(y, return_inverse=True, return_counts=True)
    rows_of = np.split(np.argsort(codes, kind="stable"), np.cumsum(counts)[:-1])
    share = shares(counts, wanted, rng)
    drawn = [rng.choice(r, s, replace=replace) for r, s in zip(rows_of, share, strict=True)]
    return rng.permutation(np.concatenate(drawn))


def gen_batches(n: int, batch_size: int, *, min_batch_size: int = 0) -> Iterator[slice]:
    """Slices of batch_size rows of n; the last may be shorter, by at least min_batch_size."""
    if not (isinstance(batch_size, (int, np.integer)) and batch_size > 0):
        what = f"gen_batches got batch_size={batch_size}, must be an integer > 0."
        raise refusal(ValueError, what, "batch_size=100")
    start = 0
    for _ in range(int(n // batch_size)):
        end = start + batch_size
        if end + min_batch_size > n:
            continue
        yield slice(start, end)
        start = end
    if start < n:
        yield slice(start, n)
