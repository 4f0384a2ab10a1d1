"""Programs written for scikit-learn: with other import lines they run, and find the same numbers."""

import re

import numpy as np
import pytest

pytest.importorskip("sklearn")

import models

# Each program leaves its results in `found`.
PROGRAMS = {
    "regression with a penalty": """
        from sklearn.linear_model import ElasticNet, Lasso, LassoCV, LinearRegression, Ridge, RidgeCV
        from sklearn.datasets import load_diabetes
        from sklearn.model_selection import train_test_split
        from sklearn.metrics import mean_squared_error
        X, y = load_diabetes(return_X_y=True)
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=0)
        found = {}
        for model in (LinearRegression(), Ridge(alpha=0.1), RidgeCV(alphas=[0.01, 0.1, 1.0]),
                      Lasso(alpha=0.1, tol=1e-10),
                      ElasticNet(alpha=0.01, l1_ratio=0.7, tol=1e-10), LassoCV(cv=5, tol=1e-12)):
            model.fit(X_train, y_train)
            name = type(model).__name__
            found[name] = mean_squared_error(y_test, model.predict(X_test)), model.score(X_test, y_test)
            found[name + " coef"] = model.coef_
        found["zeros"] = (Lasso(alpha=1.0, tol=1e-10).fit(X, y).coef_ == 0)
    """,
    "a pipeline and a grid search": """
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import StandardScaler
        from sklearn.linear_model import LogisticRegression
        from sklearn.model_selection import GridSearchCV, cross_val_score
        from sklearn.datasets import load_breast_cancer
        from sklearn.metrics import roc_auc_score
        X, y = load_breast_cancer(return_X_y=True)
        pipe = make_pipeline(StandardScaler(), LogisticRegression(solver="newton-cholesky", tol=1e-8))
        grid = GridSearchCV(pipe, {"logisticregression__C": [0.01, 0.1, 1.0]}, cv=3).fit(X, y)
        best = grid.best_estimator_[-1]
        found = {
            "best": grid.best_params_["logisticregression__C"], "score": grid.best_score_,
            "coef": best.coef_, "intercept": best.intercept_,
            "auc": roc_auc_score(y, grid.predict_proba(X)[:, 1]),
            "folds": cross_val_score(pipe, X, y, cv=4),
        }
    """,
    "classifiers side by side": """
        from sklearn.naive_bayes import BernoulliNB, GaussianNB, MultinomialNB
        from sklearn.discriminant_analysis import LinearDiscriminantAnalysis, QuadraticDiscriminantAnalysis
        from sklearn.svm import SVC
        from sklearn.gaussian_process import GaussianProcessClassifier
        from sklearn.datasets import load_iris
        X, y = load_iris(return_X_y=True)
        names = np.array(["setosa", "versicolor", "virginica"])[y]
        found = {}
        for model in (GaussianNB(), MultinomialNB(), BernoulliNB(binarize=2.0), LinearDiscriminantAnalysis(),
                      QuadraticDiscriminantAnalysis(), GaussianProcessClassifier(random_state=0)):
            model.fit(X, names)
            found[type(model).__name__] = model.predict_proba(X[::10])
        svc = SVC(C=2.0, gamma="auto", tol=1e-8).fit(X, names)
        found["SVC"] = svc.decision_function(X[::10])
        found["support"] = svc.support_
        found["projection"] = np.abs(LinearDiscriminantAnalysis(n_components=2).fit(X, y).transform(X))
    """,
    "counts, insurance and kernels": """
        from sklearn.linear_model import GammaRegressor, PoissonRegressor, TweedieRegressor
        from sklearn.kernel_ridge import KernelRidge
        from sklearn.svm import SVR
        rng = np.random.default_rng(0)
        X = rng.normal(size=(200, 3))
        y = rng.poisson(np.exp(0.5 * X[:, 0] + 0.2)) + 0.0
        found = {}
        for model in (PoissonRegressor(alpha=0.1, tol=1e-9, max_iter=1000),
                      TweedieRegressor(power=1.5, alpha=0.1, tol=1e-9, max_iter=1000)):
            found[type(model).__name__] = model.fit(X, y).coef_, model.coef_ * model.score(X, y)
        gamma = GammaRegressor(tol=1e-9, max_iter=1000).fit(X, y + 0.5, sample_weight=y + 1)
        found["gamma"] = gamma.predict(X[:5])
        found["ridge"] = KernelRidge(kernel="rbf", gamma=0.3, alpha=0.5).fit(X, y).predict(X[:5])
        found["svr"] = SVR(C=0.5, tol=1e-8).fit(X, y).predict(X[:5])
    """,
    "what is hidden in a table": """
        from sklearn.decomposition import NMF, PCA
        from sklearn.mixture import GaussianMixture
        from sklearn.cluster import KMeans
        from sklearn.datasets import load_wine
        X, y = load_wine(return_X_y=True)
        Z = (X - X.mean(axis=0)) / X.std(axis=0)
        pca = PCA(n_components=3).fit(Z)
        start = Z[[0, 60, 140]]
        mixture = GaussianMixture(
            3, means_init=start, covariance_type="diag", random_state=0, tol=1e-9, max_iter=2000,
            weights_init=[0.3, 0.4, 0.3], precisions_init=np.ones((3, 13)),
        ).fit(Z)
        nmf = NMF(3, init="nndsvda", tol=1e-10, max_iter=3000).fit(X)
        found = {
            "variance": pca.explained_variance_ratio_, "components": pca.components_,
            "codes": pca.transform(Z)[:5],
            "inertia": KMeans(3, init=start, n_init=1).fit(Z).inertia_,
            "means": mixture.means_, "bic": mixture.bic(Z), "labels": mixture.predict(Z),
            "error": nmf.reconstruction_err_,
        }
    """,
    "a network": """
        from sklearn.neural_network import MLPClassifier, MLPRegressor
        from sklearn.datasets import load_digits
        from sklearn.metrics import confusion_matrix
        X, y = load_digits(return_X_y=True)
        net = MLPClassifier(hidden_layer_sizes=(32,), random_state=1, max_iter=200, tol=1e-3)
        net.fit(X[:600] / 16, y[:600])
        found = {"matrix": confusion_matrix(y[600:], net.predict(X[600:] / 16)), "curve": net.loss_curve_}
        target = (X[:600] / 16).mean(axis=1)
        net = MLPRegressor(hidden_layer_sizes=(8,), random_state=0, tol=1e-3)
        found["regression"] = net.fit(X[:600] / 16, target).predict(X[600:610] / 16)
    """,
    "one row after the other": """
        from sklearn.linear_model import Perceptron, SGDClassifier, SGDRegressor
        from sklearn.naive_bayes import GaussianNB
        from sklearn.preprocessing import StandardScaler
        from sklearn.datasets import load_iris
        X, y = load_iris(return_X_y=True)
        X = StandardScaler().fit_transform(X)
        found = {}
        for model in (SGDClassifier(shuffle=False, max_iter=20, tol=None),
                      Perceptron(shuffle=False, max_iter=20, tol=None)):
            found[type(model).__name__] = model.fit(X, y).coef_
        found["regressor"] = SGDRegressor(shuffle=False, max_iter=20, tol=None).fit(X, y).coef_
        bayes = GaussianNB()
        for part in np.array_split(np.arange(150), 3):
            bayes.partial_fit(X[part], y[part], classes=[0, 1, 2])
        found["bayes"] = bayes.predict_proba(X[:5])
    """,
}


def run(program):
    space = {"np": np}
    exec(program, space)
    return space["found"]


def translated(program):
    """`from sklearn.linear_model import Ridge` becomes `from models import Ridge`, if models has it."""

    def line(match):
        names = [name.strip() for name in match[3].split(",")]
        if all(name in models.__all__ for name in names):
            return f"{match[1]}from models import {match[3]}"
        assert not any(name in models.__all__ for name in names), match[0]
        return match[0]

    found, changed = re.subn(r"^( *)from (sklearn\.\w+) import (.*)$", line, program, flags=re.M)
    assert changed and "from models import" in found
    return found


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::models.foundation.ConvergenceWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_with_other_import_lines(name):
    program = re.sub(r"^        ", "", PROGRAMS[name], flags=re.M)
    expected, found = run(program), run(translated(program))
    assert found.keys() == expected.keys()
    for key in expected:
        np.testing.assert_allclose(found[key], expected[key], rtol=1e-6, atol=1e-8, err_msg=key)
