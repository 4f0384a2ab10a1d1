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
from models.factors.factorization_machine import FactorizationMachine as FactorizationMachine
from models.factors.matrix_factorization import MatrixFactorization as MatrixFactorization
from models.generalized.logistic import LogisticRegression as LogisticRegression
from models.generalized.poisson import PoissonRegressor as PoissonRegressor
from models.linear.least_squares import LinearRegression as LinearRegression
from models.linear.ridge import Ridge as Ridge
from models.online.one_class import SGDOneClassSVM as SGDOneClassSVM
from models.online.passive import PassiveAggressiveClassifier as PassiveAggressiveClassifier
from models.online.passive import PassiveAggressiveRegressor as PassiveAggressiveRegressor
from models.online.perceptron import Perceptron as Perceptron
from models.online.sgd import SGDClassifier as SGDClassifier
from models.online.sgd import SGDRegressor as SGDRegressor
from models.preprocessing.scale import StandardScaler as StandardScaler
from models.trees.tree import DecisionTreeClassifier as DecisionTreeClassifier
