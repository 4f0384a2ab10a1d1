"""Preprocessing: features as other models like them.

scale           of a common size
polynomial      products of features
spline          smooth bumps between knots
"""

from models.offers import lazily

__getattr__ = lazily(__name__)
