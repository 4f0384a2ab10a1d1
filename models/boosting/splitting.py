"""Rows held out of a fit, to know when to stop."""

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal


def hold_out(samples: int, part: Any, labels: Any, rng: Any, name: str) -> np.ndarray:
    """Random row numbers: a part of all rows, or that many; of each label the same part.

    Raises ValueError if nothing would be left, or no row of some label.
    """
    rng = np.random.default_rng(rng)
    size = int(np.ceil(part * samples)) if part < 1 else int(part)
    groups = (
        [np.arange(samples)]
        if labels is None
        else [np.flatnonzero(labels == k) for k in np.unique(labels)]
    )
    shares = np.array([size * len(group) / samples for group in groups])
    counts = np.floor(shares).astype(int)
    counts[np.argsort(counts - shares, kind="stable")[: size - counts.sum()]] += 1
    if any(count >= len(group) for count, group in zip(counts, groups, strict=True)):
        what = f"{name}: validation_fraction={part} of {samples} rows leaves too few of them to learn from."
        raise refusal(ValueError, what, "more rows of every class, or no early stopping")
    chosen = [rng.permutation(group)[:count] for count, group in zip(counts, groups, strict=True)]
    return np.sort(np.concatenate(chosen))
