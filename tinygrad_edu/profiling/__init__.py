"""Where the time of a program goes, and how near it comes to what the machine can do."""

from tinygrad_edu.profiling.costs import Line
from tinygrad_edu.profiling.machine import Limits, limits
from tinygrad_edu.profiling.measuring import BETWEEN, Profile, profile
from tinygrad_edu.profiling.table import Record, Row, Table, as_html, least_seconds

__all__ = [
    "BETWEEN", "Limits", "Line", "Profile", "Record", "Row", "Table", "as_html", "least_seconds", "limits",
    "profile",
]  # fmt: skip
