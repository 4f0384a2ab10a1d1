"""The same work for many items, in one process or, through joblib, in several."""

import sys
from collections.abc import Callable, Iterable
from typing import Any

from models.foundation.configuration import config_context, get_config
from tinygrad_edu.diagnostics.words import refusal


def each(work: Callable[..., Any], items: Iterable[tuple], n_jobs: int | None = None) -> list:
    """[work(*item) for item in items], by n_jobs processes; -1: as many as there are processors.

    The answer does not depend on n_jobs: give each item its own seed. n_jobs=None means one process, or what
    `joblib.parallel_config(backend=...)` sets. Raises ImportError if n_jobs needs joblib, and it is not
    installed.
    """
    if n_jobs == 1 or (n_jobs is None and "joblib" not in sys.modules):
        return [work(*item) for item in items]
    try:
        import joblib
    except ImportError:
        what = f"n_jobs={n_jobs} needs the library joblib, which is not installed."
        raise refusal(ImportError, what, "pip install joblib, or n_jobs=None") from None
    settings = get_config()
    return joblib.Parallel(n_jobs=n_jobs)(
        joblib.delayed(_configured)(settings, work, item) for item in items
    )


def _configured(settings: dict[str, Any], work: Callable[..., Any], item: tuple) -> Any:
    """work(*item), in a process that may not know the settings of this one."""
    with config_context(**settings):
        return work(*item)


def seeds(rng: Any, number: int) -> list[int]:
    """Different seeds for the items of `each`, drawn from one generator."""
    return [int(seed) for seed in rng.integers(0, 2**31 - 1, number)]
