"""Twins: the same model in another library, compared number by number.

Keras is imported when a twin is made and not before: `import tinygrad_edu.twins` costs nothing.
"""

from tinygrad_edu.twins.compare import Parting, Report, Run, compare
from tinygrad_edu.twins.keras import to_keras

__all__ = ["Parting", "Report", "Run", "compare", "to_keras"]
