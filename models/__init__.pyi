# The contents of the classical models: an estimator a line.
__all__: list[str]
from models.clusters.kmeans import KMeans as KMeans
from models.generalized.logistic import LogisticRegression as LogisticRegression
from models.generalized.poisson import PoissonRegressor as PoissonRegressor
from models.kernels.features import Nystroem as Nystroem
from models.kernels.features import RBFSampler as RBFSampler
from models.kernels.kernel_ridge import KernelRidge as KernelRidge
from models.kernels.linear_svm import LinearSVC as LinearSVC
from models.kernels.linear_svm import LinearSVR as LinearSVR
from models.kernels.one_class_svm import OneClassSVM as OneClassSVM
from models.kernels.svc import SVC as SVC
from models.kernels.svc import NuSVC as NuSVC
from models.kernels.svr import SVR as SVR
from models.kernels.svr import NuSVR as NuSVR
from models.linear.least_squares import LinearRegression as LinearRegression
from models.linear.ridge import Ridge as Ridge
from models.preprocessing.scale import StandardScaler as StandardScaler
from models.trees.tree import DecisionTreeClassifier as DecisionTreeClassifier
