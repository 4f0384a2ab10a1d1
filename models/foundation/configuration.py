"""Settings for all estimators, by scikit-learn's functions: set_config, get_config, config_context.

    with config_context(transform_output="pandas"):
        StandardScaler().fit_transform(X)            # a data frame

Only `transform_output` changes anything here. Settings that save time in scikit-learn are accepted.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from tinygrad_edu.diagnostics.words import alike, refusal

DEFAULTS: dict[str, Any] = {
    "assume_finite": False, "working_memory": 1024, "print_changed_only": True, "display": "diagram",
    "pairwise_dist_chunk_size": 256, "enable_cython_pairwise_dist": True, "array_api_dispatch": False,
    "transform_output": "default", "enable_metadata_routing": False, "skip_parameter_validation": False,
    "sparse_interface": "spmatrix",
}  # fmt: skip
# With other values of these, scikit-learn computes something else.
FIXED = (
    "print_changed_only", "array_api_dispatch", "enable_metadata_routing", "sparse_interface",
)  # fmt: skip
CONTAINERS = ("default", "pandas", "polars")

_current = dict(DEFAULTS)


def get_config() -> dict[str, Any]:
    """Setting -> value, a copy."""
    return dict(_current)


def set_config(**settings: Any) -> None:
    """Changes settings, by name; None leaves one as it is.

    transform_output   what transformers return: "default" for arrays, "pandas" or "polars". `set_output` of
                       an estimator has priority

    Raises TypeError for an unknown setting, ValueError for a value that is not supported.
    """
    changed = {name: value for name, value in settings.items() if value is not None}
    for name, value in changed.items():
        if name not in DEFAULTS:
            what = f"set_config got an unexpected keyword argument {name!r}."
            raise refusal(TypeError, what, ", ".join(alike(name, DEFAULTS)) or "transform_output")
        if name == "transform_output" and value not in CONTAINERS:
            what = f"transform_output={value!r}: no such container."
            raise refusal(ValueError, what, "'default', 'pandas' or 'polars'")
        if name in FIXED and value != DEFAULTS[name]:
            what = f"set_config({name}={value!r}) is not supported."
            raise refusal(ValueError, what, f"{name}={DEFAULTS[name]!r}")
    _current.update(changed)


@contextmanager
def config_context(**settings: Any) -> Iterator[None]:
    """Context in which settings have other values; the arguments are those of set_config."""
    before = get_config()
    set_config(**settings)
    try:
        yield
    finally:
        _current.update(before)
