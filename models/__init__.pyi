# The contents of the classical models: an estimator a line.
__all__: list[str]
from models.clusters.kmeans import KMeans as KMeans
from models.generalized.logistic import LogisticRegression as LogisticRegression
from models.generalized.poisson import PoissonRegressor as PoissonRegressor
from models.kernels.features import Nystroem as Nystroem
from models.kernels.features import RBFSampler as RBFSampler
from models.kernels.kernel_ridge import KernelRidge as KernelRidge
from models.linear.elastic_net import ElasticNet as ElasticNet
from models.linear.elastic_net import Lasso as Lasso
from models.linear.elastic_net_cv import ElasticNetCV as ElasticNetCV
from models.linear.elastic_net_cv import LassoCV as LassoCV
from models.linear.lars import Lars as Lars
from models.linear.lars import LassoLars as LassoLars
from models.linear.least_squares import LinearRegression as LinearRegression
from models.linear.ridge import Ridge as Ridge
from models.linear.ridge_cv import RidgeCV as RidgeCV
from models.preprocessing.scale import StandardScaler as StandardScaler
from models.sequences.categorical_hmm import CategoricalHMM as CategoricalHMM
from models.sequences.conditional_random_field import LinearChainCRF as LinearChainCRF
from models.sequences.gaussian_hmm import GaussianHMM as GaussianHMM
from models.sequences.kalman_filter import KalmanFilter as KalmanFilter
from models.trees.tree import DecisionTreeClassifier as DecisionTreeClassifier
