# The contents of the classical models: an estimator a line.
__all__: list[str]
from models.bayes.bernoulli import BernoulliNB as BernoulliNB
from models.bayes.categorical import CategoricalNB as CategoricalNB
from models.bayes.complement import ComplementNB as ComplementNB
from models.bayes.gaussian import GaussianNB as GaussianNB
from models.bayes.lda import LinearDiscriminantAnalysis as LinearDiscriminantAnalysis
from models.bayes.multinomial import MultinomialNB as MultinomialNB
from models.bayes.qda import QuadraticDiscriminantAnalysis as QuadraticDiscriminantAnalysis
from models.clusters.kmeans import KMeans as KMeans
from models.components.factor_analysis import FactorAnalysis as FactorAnalysis
from models.components.fast_ica import FastICA as FastICA
from models.components.nmf import NMF as NMF
from models.components.pca import PCA as PCA
from models.components.topics import LatentDirichletAllocation as LatentDirichletAllocation
from models.composition.calibration import CalibratedClassifierCV as CalibratedClassifierCV
from models.composition.columns import ColumnTransformer as ColumnTransformer
from models.composition.multiclass import OneVsOneClassifier as OneVsOneClassifier
from models.composition.multiclass import OneVsRestClassifier as OneVsRestClassifier
from models.composition.multiclass import OutputCodeClassifier as OutputCodeClassifier
from models.composition.outputs import ClassifierChain as ClassifierChain
from models.composition.outputs import MultiOutputClassifier as MultiOutputClassifier
from models.composition.outputs import MultiOutputRegressor as MultiOutputRegressor
from models.composition.outputs import RegressorChain as RegressorChain
from models.composition.pipeline import Pipeline as Pipeline
from models.composition.target import TransformedTargetRegressor as TransformedTargetRegressor
from models.composition.thresholds import FixedThresholdClassifier as FixedThresholdClassifier
from models.composition.thresholds import (
    TunedThresholdClassifierCV as TunedThresholdClassifierCV,
)
from models.composition.union import FeatureUnion as FeatureUnion
from models.embeddings.mds import MDS as MDS
from models.embeddings.nca import NeighborhoodComponentsAnalysis as NeighborhoodComponentsAnalysis
from models.embeddings.tsne import TSNE as TSNE
from models.embeddings.umap import UMAP as UMAP
from models.factors.machine import FactorizationMachineClassifier as FactorizationMachineClassifier
from models.factors.machine import FactorizationMachineRegressor as FactorizationMachineRegressor
from models.factors.matrix_factorization import MatrixFactorization as MatrixFactorization
from models.factors.rbm import BernoulliRBM as BernoulliRBM
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
from models.generalized.binomial import BinomialRegressor as BinomialRegressor
from models.generalized.cox import CoxPHRegressor as CoxPHRegressor
from models.generalized.gamma import GammaRegressor as GammaRegressor
from models.generalized.logistic import LogisticRegression as LogisticRegression
from models.generalized.ordinal import OrdinalRegression as OrdinalRegression
from models.generalized.overdispersed import NegativeBinomialRegressor as NegativeBinomialRegressor
from models.generalized.poisson import PoissonRegressor as PoissonRegressor
from models.generalized.tweedie import TweedieRegressor as TweedieRegressor
from models.inspection.conformal import ConformalRegressor as ConformalRegressor
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
from models.linear.bayesian import ARDRegression as ARDRegression
from models.linear.bayesian import BayesianRidge as BayesianRidge
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
from models.linear.ransac import RANSACRegressor as RANSACRegressor
from models.linear.ridge import Ridge as Ridge
from models.linear.ridge_cv import RidgeCV as RidgeCV
from models.linear.theil_sen import TheilSenRegressor as TheilSenRegressor
from models.mixtures.bayesian_mixture import BayesianGaussianMixture as BayesianGaussianMixture
from models.mixtures.gaussian_mixture import GaussianMixture as GaussianMixture
from models.networks.autoencoder import Autoencoder as Autoencoder
from models.networks.mlp import MLPClassifier as MLPClassifier
from models.networks.mlp import MLPRegressor as MLPRegressor
from models.networks.soft_tree import SoftDecisionTreeClassifier as SoftDecisionTreeClassifier
from models.networks.soft_tree import SoftDecisionTreeRegressor as SoftDecisionTreeRegressor
from models.networks.vae import VAE as VAE
from models.networks.word2vec import Word2Vec as Word2Vec
from models.online.one_class import SGDOneClassSVM as SGDOneClassSVM
from models.online.passive import PassiveAggressiveClassifier as PassiveAggressiveClassifier
from models.online.passive import PassiveAggressiveRegressor as PassiveAggressiveRegressor
from models.online.perceptron import Perceptron as Perceptron
from models.online.sgd import SGDClassifier as SGDClassifier
from models.online.sgd import SGDRegressor as SGDRegressor
from models.preprocessing.polynomial import PolynomialFeatures as PolynomialFeatures
from models.preprocessing.scale import StandardScaler as StandardScaler
from models.preprocessing.spline import SplineTransformer as SplineTransformer
from models.selection.halving import HalvingGridSearchCV as HalvingGridSearchCV
from models.selection.halving import HalvingRandomSearchCV as HalvingRandomSearchCV
from models.selection.search import GridSearchCV as GridSearchCV
from models.selection.search import RandomizedSearchCV as RandomizedSearchCV
from models.sequences.categorical_hmm import CategoricalHMM as CategoricalHMM
from models.sequences.conditional_random_field import LinearChainCRF as LinearChainCRF
from models.sequences.gaussian_hmm import GaussianHMM as GaussianHMM
from models.sequences.kalman_filter import KalmanFilter as KalmanFilter
from models.trees.tree import DecisionTreeClassifier as DecisionTreeClassifier
