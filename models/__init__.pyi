# The contents of the classical models: an estimator a line.
__all__: list[str]
from models.bayes.bernoulli import BernoulliNB as BernoulliNB
from models.bayes.categorical import CategoricalNB as CategoricalNB
from models.bayes.complement import ComplementNB as ComplementNB
from models.bayes.gaussian import GaussianNB as GaussianNB
from models.bayes.lda import LinearDiscriminantAnalysis as LinearDiscriminantAnalysis
from models.bayes.multinomial import MultinomialNB as MultinomialNB
from models.bayes.qda import QuadraticDiscriminantAnalysis as QuadraticDiscriminantAnalysis
from models.boosting.distribution_boosting import (
    DistributionBoostingRegressor as DistributionBoostingRegressor,
)
from models.boosting.gradient_boosting import (
    GradientBoostingClassifier as GradientBoostingClassifier,
)
from models.boosting.gradient_boosting import (
    GradientBoostingRegressor as GradientBoostingRegressor,
)
from models.boosting.histogram_boosting import (
    HistGradientBoostingClassifier as HistGradientBoostingClassifier,
)
from models.boosting.histogram_boosting import (
    HistGradientBoostingRegressor as HistGradientBoostingRegressor,
)
from models.clusters.affinity_propagation import AffinityPropagation as AffinityPropagation
from models.clusters.agglomerative import AgglomerativeClustering as AgglomerativeClustering
from models.clusters.agglomerative import FeatureAgglomeration as FeatureAgglomeration
from models.clusters.birch import Birch as Birch
from models.clusters.bisecting import BisectingKMeans as BisectingKMeans
from models.clusters.coclustering import SpectralCoclustering as SpectralCoclustering
from models.clusters.dbscan import DBSCAN as DBSCAN
from models.clusters.fuzzy import FuzzyCMeans as FuzzyCMeans
from models.clusters.hdbscan import HDBSCAN as HDBSCAN
from models.clusters.kmeans import KMeans as KMeans
from models.clusters.mean_shift import MeanShift as MeanShift
from models.clusters.medoids import KMedoids as KMedoids
from models.clusters.mini_batch import MiniBatchKMeans as MiniBatchKMeans
from models.clusters.optics import OPTICS as OPTICS
from models.clusters.spectral import SpectralClustering as SpectralClustering
from models.components.dictionary_learning import DictionaryLearning as DictionaryLearning
from models.components.dictionary_learning import (
    MiniBatchDictionaryLearning as MiniBatchDictionaryLearning,
)
from models.components.dictionary_learning import SparseCoder as SparseCoder
from models.components.factor_analysis import FactorAnalysis as FactorAnalysis
from models.components.fast_ica import FastICA as FastICA
from models.components.incremental_pca import IncrementalPCA as IncrementalPCA
from models.components.kernel_pca import KernelPCA as KernelPCA
from models.components.nmf import NMF as NMF
from models.components.pca import PCA as PCA
from models.components.random_projection import GaussianRandomProjection as GaussianRandomProjection
from models.components.random_projection import SparseRandomProjection as SparseRandomProjection
from models.components.sparse_pca import SparsePCA as SparsePCA
from models.components.topics import LatentDirichletAllocation as LatentDirichletAllocation
from models.components.truncated_svd import TruncatedSVD as TruncatedSVD
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
from models.dummy.classifier import DummyClassifier as DummyClassifier
from models.dummy.regressor import DummyRegressor as DummyRegressor
from models.embeddings.isomap import Isomap as Isomap
from models.embeddings.locally_linear import LocallyLinearEmbedding as LocallyLinearEmbedding
from models.embeddings.mds import MDS as MDS
from models.embeddings.nca import NeighborhoodComponentsAnalysis as NeighborhoodComponentsAnalysis
from models.embeddings.spectral_embedding import SpectralEmbedding as SpectralEmbedding
from models.embeddings.tsne import TSNE as TSNE
from models.embeddings.umap import UMAP as UMAP
from models.ensembles.adaboost import AdaBoostClassifier as AdaBoostClassifier
from models.ensembles.adaboost import AdaBoostRegressor as AdaBoostRegressor
from models.ensembles.bagging import BaggingClassifier as BaggingClassifier
from models.ensembles.bagging import BaggingRegressor as BaggingRegressor
from models.ensembles.embedding import RandomTreesEmbedding as RandomTreesEmbedding
from models.ensembles.isolation import IsolationForest as IsolationForest
from models.ensembles.random_forest import ExtraTreesClassifier as ExtraTreesClassifier
from models.ensembles.random_forest import ExtraTreesRegressor as ExtraTreesRegressor
from models.ensembles.random_forest import RandomForestClassifier as RandomForestClassifier
from models.ensembles.random_forest import RandomForestRegressor as RandomForestRegressor
from models.ensembles.stacking import StackingClassifier as StackingClassifier
from models.ensembles.stacking import StackingRegressor as StackingRegressor
from models.ensembles.voting import VotingClassifier as VotingClassifier
from models.ensembles.voting import VotingRegressor as VotingRegressor
from models.factors.machine import FactorizationMachineClassifier as FactorizationMachineClassifier
from models.factors.machine import FactorizationMachineRegressor as FactorizationMachineRegressor
from models.factors.matrix_factorization import MatrixFactorization as MatrixFactorization
from models.factors.rbm import BernoulliRBM as BernoulliRBM
from models.feature_selection.elimination import RFE as RFE
from models.feature_selection.elimination import RFECV as RFECV
from models.feature_selection.from_model import SelectFromModel as SelectFromModel
from models.feature_selection.sequential import (
    SequentialFeatureSelector as SequentialFeatureSelector,
)
from models.feature_selection.univariate import (
    GenericUnivariateSelect as GenericUnivariateSelect,
)
from models.feature_selection.univariate import SelectFdr as SelectFdr
from models.feature_selection.univariate import SelectFpr as SelectFpr
from models.feature_selection.univariate import SelectFwe as SelectFwe
from models.feature_selection.univariate import SelectKBest as SelectKBest
from models.feature_selection.univariate import SelectPercentile as SelectPercentile
from models.feature_selection.variance import VarianceThreshold as VarianceThreshold
from models.foundation.configuration import config_context as config_context
from models.foundation.configuration import get_config as get_config
from models.foundation.configuration import set_config as set_config
from models.foundation.meta import clone as clone
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
from models.generalized.logistic_cv import LogisticRegressionCV as LogisticRegressionCV
from models.generalized.ordinal import OrdinalRegression as OrdinalRegression
from models.generalized.overdispersed import NegativeBinomialRegressor as NegativeBinomialRegressor
from models.generalized.poisson import PoissonRegressor as PoissonRegressor
from models.generalized.tweedie import TweedieRegressor as TweedieRegressor
from models.imputation.iterative import IterativeImputer as IterativeImputer
from models.imputation.missing import MissingIndicator as MissingIndicator
from models.imputation.nearest import KNNImputer as KNNImputer
from models.imputation.simple import SimpleImputer as SimpleImputer
from models.inspection.conformal import SplitConformalRegressor as SplitConformalRegressor
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
from models.linear.lars_cv import LarsCV as LarsCV
from models.linear.lars_cv import LassoLarsCV as LassoLarsCV
from models.linear.lars_cv import LassoLarsIC as LassoLarsIC
from models.linear.least_squares import LinearRegression as LinearRegression
from models.linear.matching_pursuit import OrthogonalMatchingPursuit as OrthogonalMatchingPursuit
from models.linear.matching_pursuit import (
    OrthogonalMatchingPursuitCV as OrthogonalMatchingPursuitCV,
)
from models.linear.multi_task import MultiTaskElasticNet as MultiTaskElasticNet
from models.linear.multi_task import MultiTaskElasticNetCV as MultiTaskElasticNetCV
from models.linear.multi_task import MultiTaskLasso as MultiTaskLasso
from models.linear.multi_task import MultiTaskLassoCV as MultiTaskLassoCV
from models.linear.quantile import QuantileRegressor as QuantileRegressor
from models.linear.ransac import RANSACRegressor as RANSACRegressor
from models.linear.ridge import Ridge as Ridge
from models.linear.ridge_cv import RidgeCV as RidgeCV
from models.linear.theil_sen import TheilSenRegressor as TheilSenRegressor
from models.mixtures.bayesian_mixture import BayesianGaussianMixture as BayesianGaussianMixture
from models.mixtures.gaussian_mixture import GaussianMixture as GaussianMixture
from models.neighbors.centroid import NearestCentroid as NearestCentroid
from models.neighbors.classification import KNeighborsClassifier as KNeighborsClassifier
from models.neighbors.classification import (
    RadiusNeighborsClassifier as RadiusNeighborsClassifier,
)
from models.neighbors.density import KernelDensity as KernelDensity
from models.neighbors.graph import KNeighborsTransformer as KNeighborsTransformer
from models.neighbors.graph import RadiusNeighborsTransformer as RadiusNeighborsTransformer
from models.neighbors.neighbors import NearestNeighbors as NearestNeighbors
from models.neighbors.outliers import LocalOutlierFactor as LocalOutlierFactor
from models.neighbors.regression import KNeighborsRegressor as KNeighborsRegressor
from models.neighbors.regression import RadiusNeighborsRegressor as RadiusNeighborsRegressor
from models.networks.autoencoder import Autoencoder as Autoencoder
from models.networks.gan import GAN as GAN
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
from models.preprocessing.bins import KBinsDiscretizer as KBinsDiscretizer
from models.preprocessing.function import FunctionTransformer as FunctionTransformer
from models.preprocessing.kernel_centerer import KernelCenterer as KernelCenterer
from models.preprocessing.labels import LabelBinarizer as LabelBinarizer
from models.preprocessing.labels import LabelEncoder as LabelEncoder
from models.preprocessing.labels import MultiLabelBinarizer as MultiLabelBinarizer
from models.preprocessing.one_hot import OneHotEncoder as OneHotEncoder
from models.preprocessing.ordinal import OrdinalEncoder as OrdinalEncoder
from models.preprocessing.polynomial import PolynomialFeatures as PolynomialFeatures
from models.preprocessing.power import PowerTransformer as PowerTransformer
from models.preprocessing.quantile_transformer import QuantileTransformer as QuantileTransformer
from models.preprocessing.ranges import MaxAbsScaler as MaxAbsScaler
from models.preprocessing.ranges import MinMaxScaler as MinMaxScaler
from models.preprocessing.ranges import RobustScaler as RobustScaler
from models.preprocessing.rows import Binarizer as Binarizer
from models.preprocessing.rows import Normalizer as Normalizer
from models.preprocessing.spline import SplineTransformer as SplineTransformer
from models.preprocessing.standard import StandardScaler as StandardScaler
from models.preprocessing.target import TargetEncoder as TargetEncoder
from models.selection.halving import HalvingGridSearchCV as HalvingGridSearchCV
from models.selection.halving import HalvingRandomSearchCV as HalvingRandomSearchCV
from models.selection.search import GridSearchCV as GridSearchCV
from models.selection.search import RandomizedSearchCV as RandomizedSearchCV
from models.sequences.categorical_hmm import CategoricalHMM as CategoricalHMM
from models.sequences.conditional_random_field import LinearChainCRF as LinearChainCRF
from models.sequences.gaussian_hmm import GaussianHMM as GaussianHMM
from models.sequences.kalman_filter import KalmanFilter as KalmanFilter
from models.text.counts import CountVectorizer as CountVectorizer
from models.text.dictionaries import DictVectorizer as DictVectorizer
from models.text.hashed_records import FeatureHasher as FeatureHasher
from models.text.hashing import HashingVectorizer as HashingVectorizer
from models.text.tfidf import TfidfTransformer as TfidfTransformer
from models.text.tfidf import TfidfVectorizer as TfidfVectorizer
from models.trees.tree import DecisionTreeClassifier as DecisionTreeClassifier
from models.trees.tree import DecisionTreeRegressor as DecisionTreeRegressor
from models.trees.tree import ExtraTreeClassifier as ExtraTreeClassifier
from models.trees.tree import ExtraTreeRegressor as ExtraTreeRegressor
