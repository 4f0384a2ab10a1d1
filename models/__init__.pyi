# The contents of the classical models: an estimator a line.
__all__: list[str]
from models.clusters.kmeans import KMeans as KMeans
from models.components.factor_analysis import FactorAnalysis as FactorAnalysis
from models.components.fast_ica import FastICA as FastICA
from models.components.nmf import NMF as NMF
from models.components.pca import PCA as PCA
from models.components.topics import LatentDirichletAllocation as LatentDirichletAllocation
from models.generalized.logistic import LogisticRegression as LogisticRegression
from models.generalized.poisson import PoissonRegressor as PoissonRegressor
from models.linear.least_squares import LinearRegression as LinearRegression
from models.linear.ridge import Ridge as Ridge
from models.mixtures.bayesian_mixture import BayesianGaussianMixture as BayesianGaussianMixture
from models.mixtures.gaussian_mixture import GaussianMixture as GaussianMixture
from models.preprocessing.scale import StandardScaler as StandardScaler
from models.trees.tree import DecisionTreeClassifier as DecisionTreeClassifier
