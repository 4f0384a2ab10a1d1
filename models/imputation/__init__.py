"""Imputation: values in place of those that are missing.

missing     where they are, as columns of their own; what imputers have in common
simple      the mean, the median or the most frequent value of the column
nearest     the mean of similar rows
iterative   predictions from the other columns
"""

from models.foundation.contents import contents

__getattr__ = contents(__name__, {})
