# The contents of the classical models: an estimator a line.
from models.clusters.kmeans import KMeans as KMeans
from models.generalized.logistic import LogisticRegression as LogisticRegression
from models.generalized.poisson import PoissonRegressor as PoissonRegressor
from models.linear.elastic_net import ElasticNet as ElasticNet
from models.linear.elastic_net import Lasso as Lasso
from models.linear.elastic_net_cv import ElasticNetCV as ElasticNetCV
from models.linear.elastic_net_cv import LassoCV as LassoCV
from models.linear.huber import HuberRegressor as HuberRegressor
from models.linear.lars import Lars as Lars
from models.linear.lars import LassoLars as LassoLars
from models.linear.least_squares import LinearRegression as LinearRegression
from models.linear.matching_pursuit import OrthogonalMatchingPursuit as OrthogonalMatchingPursuit
from models.linear.quantile import QuantileRegressor as QuantileRegressor
from models.linear.ridge import Ridge as Ridge
from models.linear.ridge_cv import RidgeCV as RidgeCV
from models.preprocessing.scale import StandardScaler as StandardScaler
from models.trees.tree import DecisionTreeClassifier as DecisionTreeClassifier
