# The contents of the classical models: an estimator a line.
__all__: list[str]
from models.clusters.kmeans import KMeans as KMeans
from models.gaussian_processes.classification import (
    GaussianProcessClassifier as GaussianProcessClassifier,
)
from models.gaussian_processes.regression import (
    GaussianProcessRegressor as GaussianProcessRegressor,
)
from models.gaussian_processes.sparse import (
    SparseGaussianProcessRegressor as SparseGaussianProcessRegressor,
)
from models.generalized.bayesian_logistic import (
    BayesianLogisticRegression as BayesianLogisticRegression,
)
from models.generalized.logistic import LogisticRegression as LogisticRegression
from models.generalized.poisson import PoissonRegressor as PoissonRegressor
from models.linear.least_squares import LinearRegression as LinearRegression
from models.linear.ridge import Ridge as Ridge
from models.preprocessing.scale import StandardScaler as StandardScaler
from models.trees.tree import DecisionTreeClassifier as DecisionTreeClassifier
