"""Leaves of random trees as features.

Source: P. Geurts, D. Ernst, L. Wehenkel, Extremely randomized trees, Machine Learning 63 (2006); F. Moosmann,
B. Triggs, F. Jurie, Fast discriminative visual codebooks using randomized clustering forests, NIPS (2007).
"""

import copy
from typing import Any

import numpy as np

from models.ensembles.random_forest import ExtraTreesRegressor
from models.foundation import Transformer, integer, learned
from models.foundation.randomness import generator, seed
from models.foundation.sparse import sparse_output
from models.preprocessing.one_hot import OneHotEncoder


def of_forests(name: str) -> Any:
    """A parameter that the forest gets."""
    return copy.copy(ExtraTreesRegressor._parameters[name])


class RandomTreesEmbedding(Transformer):
    """Each row becomes a row of 0 and 1, with a 1 for the leaf in which it ends in each tree.

    The trees know no targets: they ask about one random feature at a random cut. Rows that end in the same
    leaves are near each other, so that a linear model of the new columns is a nonlinear one of X.

    Different from scikit-learn: the default sparse_output="auto" returns an array while it is not large.
    """

    allow_nan = True
    twin_settings = {"sparse_output": False}
    does_not_apply = {
        "check_sample_weight_equivalence_on_dense_data": "which cuts a tree draws depends on the rows",
        "test_weights_are_repetitions": "which cuts a tree draws depends on the rows",
        "test_its_twin_gives_the_same_answers": "the twin draws other cuts",
    }

    n_estimators: int = of_forests("n_estimators")
    max_depth: int | None = integer(5, at_least=1, optional=True, doc="largest number of levels")
    min_samples_split: float = of_forests("min_samples_split")
    min_samples_leaf: float = of_forests("min_samples_leaf")
    min_weight_fraction_leaf: float = of_forests("min_weight_fraction_leaf")
    max_leaf_nodes: int | None = of_forests("max_leaf_nodes")
    min_impurity_decrease: float = of_forests("min_impurity_decrease")
    sparse_output: Any = sparse_output()
    n_jobs: int | None = of_forests("n_jobs")
    random_state: Any = seed()
    verbose: int = of_forests("verbose")
    warm_start: bool = of_forests("warm_start")

    estimators_: list = learned("the trees")
    feature_importances_: np.ndarray = learned(
        "(features,): the mean of the importances in the trees, for random targets"
    )
    one_hot_encoder_: OneHotEncoder = learned("what makes columns of the numbers of leaves")
    _forest_: ExtraTreesRegressor = learned("the trees as a forest")

    def _fit(self, X, weight):
        rng = generator(self.random_state)
        given = self.get_params().keys() & ExtraTreesRegressor._parameters.keys()
        settings = {name: getattr(self, name) for name in given} | {"random_state": rng}
        forest = vars(self).get("_forest_") or ExtraTreesRegressor(max_features=1)
        forest = forest._copy(with_learned=True).set_params(**settings)
        self._forest_ = forest.fit(X, rng.random(len(X)), weight)
        self.estimators_ = forest.estimators_
        self.feature_importances_ = forest.feature_importances_
        self.one_hot_encoder_ = OneHotEncoder(sparse_output=self.sparse_output)
        self.one_hot_encoder_.fit(forest.apply(X))

    def _transform(self, X):
        encoder = self.one_hot_encoder_
        return encoder._transform(encoder._check(self._forest_.apply(X)))

    def _names_out(self, names):
        leaves = enumerate(self.one_hot_encoder_.categories_)
        return [f"randomtreesembedding_{i}_{leaf}" for i, found in leaves for leaf in found]

    @property
    def estimators_samples_(self):
        """For each tree all rows of X: none is drawn."""
        self._require_fit()
        return self._forest_.estimators_samples_

    def apply(self, X):
        """(samples, trees): the number of the leaf in which each row of X ends."""
        return self._forest_.apply(self._check(X))

    def decision_path(self, X):
        """(samples, nodes of all trees), sparse (SciPy's), and where the nodes of each tree begin."""
        return self._forest_.decision_path(self._check(X))
