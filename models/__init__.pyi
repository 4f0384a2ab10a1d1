# The contents of the classical models: an estimator a line.
__all__: list[str]
from models.clusters.kmeans import KMeans as KMeans
from models.generalized.binomial import BinomialRegressor as BinomialRegressor
from models.generalized.cox import CoxPHRegressor as CoxPHRegressor
from models.generalized.gamma import GammaRegressor as GammaRegressor
from models.generalized.logistic import LogisticRegression as LogisticRegression
from models.generalized.ordinal import OrdinalRegression as OrdinalRegression
from models.generalized.overdispersed import NegativeBinomialRegressor as NegativeBinomialRegressor
from models.generalized.poisson import PoissonRegressor as PoissonRegressor
from models.generalized.tweedie import TweedieRegressor as TweedieRegressor
from models.linear.least_squares import LinearRegression as LinearRegression
from models.linear.ridge import Ridge as Ridge
from models.preprocessing.scale import StandardScaler as StandardScaler
from models.trees.tree import DecisionTreeClassifier as DecisionTreeClassifier
