# The contents of the classical models: an estimator a line.
__all__: list[str]
from models.clusters.kmeans import KMeans as KMeans
from models.embeddings.mds import MDS as MDS
from models.embeddings.nca import NeighborhoodComponentsAnalysis as NeighborhoodComponentsAnalysis
from models.embeddings.tsne import TSNE as TSNE
from models.embeddings.umap import UMAP as UMAP
from models.factors.machine import FactorizationMachineClassifier as FactorizationMachineClassifier
from models.factors.machine import FactorizationMachineRegressor as FactorizationMachineRegressor
from models.factors.matrix_factorization import MatrixFactorization as MatrixFactorization
from models.factors.rbm import BernoulliRBM as BernoulliRBM
from models.generalized.logistic import LogisticRegression as LogisticRegression
from models.generalized.poisson import PoissonRegressor as PoissonRegressor
from models.linear.least_squares import LinearRegression as LinearRegression
from models.linear.ridge import Ridge as Ridge
from models.preprocessing.scale import StandardScaler as StandardScaler
from models.trees.tree import DecisionTreeClassifier as DecisionTreeClassifier
