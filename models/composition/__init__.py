"""Composition: estimators made of others.

pipeline   transformers one after the other, and an estimator at the end
union      transformers side by side
columns    different transformers for different columns
target     a regressor of a transformed target
"""

from models.composition.columns import (
    ColumnTransformer,
    make_column_selector,
    make_column_transformer,
)
from models.composition.pipeline import Pipeline, make_pipeline
from models.composition.target import TransformedTargetRegressor
from models.composition.union import FeatureUnion, make_union

__all__ = [
    "ColumnTransformer",
    "FeatureUnion",
    "Pipeline",
    "TransformedTargetRegressor",
    "make_column_selector",
    "make_column_transformer",
    "make_pipeline",
    "make_union",
]
