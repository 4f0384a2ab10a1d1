"""Selection of features.

selector        what all selections have in common
tails           probabilities of large F and χ²
scores          how much each feature says about the target: F, χ², correlation
mutual_information    the same, for dependence in any form
univariate      the features with the best scores
variance        features that vary
importances     how important a feature is to a model
from_model      features that are important to a model
elimination     again and again without the least important features
sequential      features added or left out one by one
"""

from models.foundation.contents import contents

__getattr__ = contents(
    __name__,
    {
        "chi2": "scores",
        "f_classif": "scores",
        "f_oneway": "scores",
        "f_regression": "scores",
        "mutual_info_classif": "mutual_information",
        "mutual_info_regression": "mutual_information",
        "r_regression": "scores",
    },
)
