"""Data sets: real ones that come with the package, and random ones of known form.

real       iris, wine, digits, breast cancer, diabetes, linnerud
published  penguins, auto-mpg, titanic, sunspots, CO2: missing values, categories, time
made       classes, clusters, regressions, manifolds
"""

from models.datasets.made import (
    make_blobs,
    make_circles,
    make_classification,
    make_friedman1,
    make_friedman2,
    make_friedman3,
    make_gaussian_quantiles,
    make_hastie_10_2,
    make_low_rank_matrix,
    make_moons,
    make_multilabel_classification,
    make_regression,
    make_s_curve,
    make_sparse_uncorrelated,
    make_swiss_roll,
)
from models.datasets.published import (
    load_auto_mpg,
    load_co2,
    load_penguins,
    load_sunspots,
    load_titanic,
)
from models.datasets.real import (
    load_breast_cancer,
    load_diabetes,
    load_digits,
    load_iris,
    load_linnerud,
    load_wine,
)
from models.foundation.bunch import Bunch

__all__ = [
    "Bunch",
    "load_auto_mpg",
    "load_breast_cancer",
    "load_co2",
    "load_diabetes",
    "load_digits",
    "load_iris",
    "load_linnerud",
    "load_penguins",
    "load_sunspots",
    "load_titanic",
    "load_wine",
    "make_blobs",
    "make_circles",
    "make_classification",
    "make_friedman1",
    "make_friedman2",
    "make_friedman3",
    "make_gaussian_quantiles",
    "make_hastie_10_2",
    "make_low_rank_matrix",
    "make_moons",
    "make_multilabel_classification",
    "make_regression",
    "make_s_curve",
    "make_sparse_uncorrelated",
    "make_swiss_roll",
]
