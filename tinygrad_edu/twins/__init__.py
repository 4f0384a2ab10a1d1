"""Twins: the same model in Keras, compared number by number.

Keras is imported when a twin is made and not before: `import tinygrad_edu.twins` costs nothing.
"""

from tinygrad_edu.twins.architectures import five_architectures, summary
from tinygrad_edu.twins.comparison import compare
from tinygrad_edu.twins.graph import Graph, Merge
from tinygrad_edu.twins.keras_export import to_keras
from tinygrad_edu.twins.keras_import import from_keras
from tinygrad_edu.twins.report import Divergence, Report, Run
from tinygrad_edu.twins.safetensors import load_safetensors, save_safetensors
from tinygrad_edu.twins.weights import load_keras_weights

__all__ = [
    "Divergence",
    "Graph",
    "Merge",
    "Report",
    "Run",
    "compare",
    "five_architectures",
    "from_keras",
    "load_keras_weights",
    "load_safetensors",
    "save_safetensors",
    "summary",
    "to_keras",
]
