"""Preprocessing: features as other models like them.

one_to_one          what the transformers that change each column by itself have in common
standard            mean 0 and variance 1
ranges, quantiles   from 0 to 1; by the largest; by the middle half
rows                rows of length 1; numbers above a threshold
functions           these as functions
categories          the categories of columns of text or numbers; infrequent ones as a group
one_hot, ordinal    a column, or a number, for each category
target              the mean of the target for each category
labels              the same for targets
power               powers that make a column more like a normal distribution
quantile_transformer    ranks
bins                intervals
function            any function
kernel_centerer     a kernel of centered features
polynomial          products of features
spline              smooth bumps between knots
"""

from models.foundation.contents import contents

__getattr__ = contents(
    __name__,
    {
        "add_dummy_feature": "functions",
        "binarize": "functions",
        "label_binarize": "labels",
        "maxabs_scale": "functions",
        "minmax_scale": "functions",
        "normalize": "functions",
        "power_transform": "functions",
        "quantile_transform": "functions",
        "robust_scale": "functions",
        "scale": "functions",
    },
)
