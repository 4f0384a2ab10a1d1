"""Facts about an estimator for other code. A class overrides those that differ from the defaults."""

from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any, ClassVar


class Facts:
    """Class attributes with their default values."""

    # ---- what it is
    kind: ClassVar[str | None] = None  # "classifier", "regressor", ... in scikit-learn's words
    requires_fit: ClassVar[bool] = True  # does it learn anything?
    limit: ClassVar[str] = "max_iter"  # its parameter for the largest number of iterations
    keeps_zero_weights: ClassVar[bool] = False  # does `_fit` get rows of weight 0 too?
    overcomplete: ClassVar[bool] = False  # may it have more components than X has rows?

    # ---- what X may be
    reads: Any = "numbers"  # "categories": any values, in Columns; "anything": passed on unread
    allow_nan: Any = False
    accepts_sparse: Any = False
    nonnegative_X: ClassVar[bool] = False
    pairwise: Any = False  # are its columns rows of the training data, as of a kernel matrix?

    # ---- what y may be
    several_targets: ClassVar[bool] = False  # several columns?
    y_at_least: ClassVar[float | None] = None
    y_above: ClassVar[float | None] = None
    one_class: ClassVar[bool] = True  # a single class?
    several_classes: ClassVar[bool] = True  # more than two?
    poor_score: ClassVar[bool] = False  # is it too coarse for the blobs of scikit-learn's checks?

    # ---- its twin in scikit-learn, which the tests compare it with
    twin: ClassVar[str | None] = None  # its name there, if different; "" if there is none
    twin_settings: ClassVar[Mapping[str, Any]] = {}  # parameters with which the twin does the same
    twin_solvers: ClassVar[tuple[str, ...]] = ()  # those that do the same there
    twin_tolerance: ClassVar[float] = 1e-8

    # ---- its tests
    # Parameters for scikit-learn's checks, if the defaults are too large for their few rows.
    checked_with: ClassVar[Mapping[str, Any]] = {}

    # ---- a contract other than a table X with a plain y
    # scikit-learn's checks, and tests of tests/models/test_every_estimator.py, that make no sense for
    # it: name -> reason. "check_*" stands for all checks, "test_*" for all tests, "*" for both.
    does_not_apply: ClassVar[Mapping[str, str]] = {}

    @classmethod
    def reason_against(cls, check: str) -> str | None:
        """Why a check or test with this name does not apply to the estimator; None if it applies."""
        for pattern, reason in cls.does_not_apply.items():
            if fnmatchcase(check, pattern):
                return reason
        return None
