"""Programs written for scikit-learn: with other import lines they run, and find the same numbers."""

import importlib
import re
import textwrap

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


def assert_same_results(program, ours):
    expected, found = run(program), run(ours)
    assert found.keys() == expected.keys()
    for key in expected:
        np.testing.assert_allclose(found[key], expected[key], rtol=1e-6, atol=1e-8, err_msg=key)


def translated(program):
    """`from sklearn.linear_model import Ridge` becomes `from models import Ridge`, if models has it."""

    def line(match):
        names = [name.strip() for name in match[3].split(",")]
        ours = ", ".join(name for name in names if name in models.__all__)
        theirs = ", ".join(name for name in names if name not in models.__all__)
        lines = [f"{match[1]}from models import {ours}"] if ours else []
        lines += [f"{match[1]}from {match[2]} import {theirs}"] if theirs else []
        return "\n".join(lines)

    found, changed = re.subn(r"^( *)from (sklearn\.\w+) import (.*)$", line, program, flags=re.M)
    assert changed and "from models import" in found
    return found


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::models.foundation.ConvergenceWarning")
@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_with_other_import_lines(name):
    program = textwrap.dedent(PROGRAMS[name])
    assert_same_results(program, translated(program))


# ---- complete programs, with `sklearn` replaced by `models` --------------------------------------

COMPLETE = {
    "a classifier from the table to the report": """
        from sklearn.datasets import load_breast_cancer
        from sklearn.linear_model import LogisticRegression
        from sklearn.metrics import accuracy_score, classification_report, confusion_matrix, roc_auc_score
        from sklearn.model_selection import GridSearchCV, StratifiedKFold, train_test_split
        from sklearn.pipeline import Pipeline
        from sklearn.preprocessing import StandardScaler

        data = load_breast_cancer()
        X_train, X_test, y_train, y_test = train_test_split(
            data.data, data.target, test_size=0.3, stratify=data.target, random_state=42
        )
        pipe = Pipeline([
            ("scaler", StandardScaler()),
            ("clf", LogisticRegression(solver="newton-cholesky", tol=1e-10)),
        ])
        folds = StratifiedKFold(n_splits=5, shuffle=True, random_state=0)
        search = GridSearchCV(pipe, {"clf__C": [0.01, 0.1, 1, 10]}, cv=folds, scoring="roc_auc")
        search.fit(X_train, y_train)
        y_pred = search.predict(X_test)
        names = [str(name) for name in data.target_names]
        found = {
            "params": search.best_params_["clf__C"], "cv": search.best_score_,
            "table": search.cv_results_["mean_test_score"], "rank": search.cv_results_["rank_test_score"],
            "accuracy": accuracy_score(y_test, y_pred), "matrix": confusion_matrix(y_test, y_pred),
            "auc": roc_auc_score(y_test, search.predict_proba(X_test)[:, 1]),
            "report": list(classification_report(y_test, y_pred, target_names=names).encode()),
            "coef": search.best_estimator_.named_steps["clf"].coef_,
        }
    """,
    "a regression with a table of scores": """
        from sklearn.compose import TransformedTargetRegressor, make_column_transformer
        from sklearn.datasets import load_diabetes
        from sklearn.linear_model import LinearRegression, Ridge
        from sklearn.metrics import mean_absolute_error, mean_squared_error, r2_score
        from sklearn.model_selection import KFold, RandomizedSearchCV, cross_validate, train_test_split
        from sklearn.pipeline import make_pipeline
        from sklearn.preprocessing import PolynomialFeatures, StandardScaler

        X, y = load_diabetes(return_X_y=True, scaled=False)
        X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)
        columns = make_column_transformer((StandardScaler(), slice(0, 10)), remainder="drop")
        model = make_pipeline(columns, PolynomialFeatures(2, include_bias=False), Ridge())
        search = RandomizedSearchCV(
            model, {"ridge__alpha": list(np.logspace(-2, 3, 30))}, n_iter=8, random_state=0,
            cv=KFold(4, shuffle=True, random_state=0), scoring="neg_root_mean_squared_error",
        )
        search.fit(X_train, y_train)
        y_pred = search.predict(X_test)
        judges = ["r2", "neg_mean_absolute_error"]
        scores = cross_validate(search.best_estimator_, X, y, cv=3, scoring=judges)
        logarithm = TransformedTargetRegressor(LinearRegression(), func=np.log1p, inverse_func=np.expm1)
        found = {
            "alpha": search.best_params_["ridge__alpha"], "cv": search.cv_results_["mean_test_score"],
            "mse": mean_squared_error(y_test, y_pred), "mae": mean_absolute_error(y_test, y_pred),
            "r2": r2_score(y_test, y_pred), "folds": scores["test_r2"],
            "absolute": scores["test_neg_mean_absolute_error"],
            "logarithm": logarithm.fit(X_train, y_train).score(X_test, y_test),
        }
    """,
    "digits, one against the rest": """
        from sklearn.datasets import load_digits
        from sklearn.decomposition import PCA
        from sklearn.metrics import f1_score, top_k_accuracy_score
        from sklearn.model_selection import cross_val_predict, learning_curve, train_test_split
        from sklearn.multiclass import OneVsRestClassifier
        from sklearn.pipeline import make_pipeline
        from sklearn.svm import SVC

        X, y = load_digits(n_class=6, return_X_y=True)
        X_train, X_test, y_train, y_test = train_test_split(X / 16, y, random_state=0, train_size=300)
        model = make_pipeline(PCA(20, svd_solver="full"), SVC(C=2.0, gamma=0.05, tol=1e-9))
        rest = OneVsRestClassifier(SVC(C=2.0, gamma=0.05, tol=1e-9)).fit(X_train, y_train)
        model.fit(X_train, y_train)
        sizes, train_scores, test_scores = learning_curve(model, X_train, y_train, cv=3)
        found = {
            "f1": f1_score(y_test, model.predict(X_test), average="macro"),
            "two": top_k_accuracy_score(y_test, rest.decision_function(X_test), k=2),
            "decisions": rest.decision_function(X_test[:5]), "rest": rest.score(X_test, y_test),
            "folds": cross_val_predict(model, X_train, y_train, cv=4),
            "sizes": sizes, "train": train_scores, "test": test_scores,
        }
    """,
    "clusters and components": """
        from sklearn.cluster import KMeans
        from sklearn.datasets import make_blobs, make_moons
        from sklearn.decomposition import PCA
        from sklearn.mixture import GaussianMixture
        from sklearn.pipeline import make_pipeline, make_union
        from sklearn.preprocessing import StandardScaler
        from sklearn.metrics import accuracy_score
        from sklearn.naive_bayes import GaussianNB

        X, y, centers = make_blobs(200, 3, centers=3, cluster_std=1.5, random_state=3, return_centers=True)
        model = make_pipeline(StandardScaler(), PCA(2, svd_solver="full"))
        Z = model.fit_transform(X)
        start = model.transform(centers)
        clusters = KMeans(3, init=start, n_init=1).fit(Z)
        mixture = GaussianMixture(3, means_init=start, tol=1e-9, max_iter=1000, random_state=0).fit(Z)
        union = make_union(StandardScaler(), PCA(1, svd_solver="full")).fit_transform(X)
        moons, side = make_moons(100, noise=0.2, random_state=0)
        found = {
            "components": np.abs(model[-1].components_), "inertia": clusters.inertia_,
            "centers": clusters.cluster_centers_, "means": mixture.means_, "union": np.abs(union),
            "moons": accuracy_score(side, GaussianNB().fit(moons, side).predict(moons)),
        }
    """,
    "a small grid over a Gaussian process, and calibrated probabilities": """
        from sklearn.calibration import CalibratedClassifierCV, calibration_curve
        from sklearn.datasets import make_classification, make_friedman1
        from sklearn.gaussian_process import GaussianProcessRegressor
        from sklearn.gaussian_process.kernels import RBF, WhiteKernel
        from sklearn.linear_model import LogisticRegression
        from sklearn.metrics import brier_score_loss, log_loss, make_scorer, mean_pinball_loss
        from sklearn.model_selection import GridSearchCV, cross_val_score, train_test_split
        from sklearn.multioutput import MultiOutputRegressor
        from sklearn.naive_bayes import GaussianNB
        from sklearn.linear_model import Ridge

        X, y = make_friedman1(80, 5, noise=0.3, random_state=0)
        process = GaussianProcessRegressor(RBF(2.0) + WhiteKernel(0.1), optimizer=None, normalize_y=True)
        grid = GridSearchCV(
            process, {"alpha": [1e-3, 1e-1]}, cv=3,
            scoring=make_scorer(mean_pinball_loss, alpha=0.9, greater_is_better=False),
        ).fit(X, y)
        two = MultiOutputRegressor(Ridge()).fit(X, np.stack([y, y**2], axis=1))
        X2, y2 = make_classification(400, n_informative=4, random_state=5)
        X_train, X_test, y_train, y_test = train_test_split(X2, y2, random_state=0, stratify=y2)
        model = CalibratedClassifierCV(GaussianNB(), method="isotonic", cv=4).fit(X_train, y_train)
        p = model.predict_proba(X_test)[:, 1]
        true, predicted = calibration_curve(y_test, p, n_bins=5)
        found = {
            "alpha": grid.best_params_["alpha"], "scores": grid.cv_results_["mean_test_score"],
            "predicted": grid.predict(X[:5]), "two": two.predict(X[:3]),
            "brier": brier_score_loss(y_test, p), "log": log_loss(y_test, p),
            "bins": true, "means": predicted,
            "plain": cross_val_score(LogisticRegression(solver="newton-cholesky", tol=1e-9), X2, y2, cv=5),
        }
    """,
    "estimators of one's own": """
        from sklearn.base import BaseEstimator, ClassifierMixin, TransformerMixin
        from sklearn.compose import ColumnTransformer
        from sklearn.datasets import load_wine
        from sklearn.model_selection import GridSearchCV, cross_val_score
        from sklearn.pipeline import Pipeline
        from sklearn.utils import resample, shuffle
        from sklearn.utils.class_weight import compute_class_weight
        from sklearn.utils.multiclass import unique_labels
        from sklearn.utils.validation import check_is_fitted, validate_data

        class Quantiles(TransformerMixin, BaseEstimator):
            def __init__(self, level=0.25):
                self.level = level

            def fit(self, X, y=None):
                X = validate_data(self, X)
                self.low_, self.high_ = np.quantile(X, [self.level, 1 - self.level], axis=0)
                return self

            def transform(self, X):
                check_is_fitted(self)
                X = validate_data(self, X, reset=False)
                return (X - self.low_) / (self.high_ - self.low_)

        class NearestMean(ClassifierMixin, BaseEstimator):
            def __init__(self, shrink=0.0):
                self.shrink = shrink

            def fit(self, X, y):
                X, y = validate_data(self, X, y)
                self.classes_ = unique_labels(y)
                means = np.array([X[y == label].mean(axis=0) for label in self.classes_])
                self.means_ = means + self.shrink * (X.mean(axis=0) - means)
                return self

            def predict(self, X):
                check_is_fitted(self)
                X = validate_data(self, X, reset=False)
                return self.classes_[((X[:, None] - self.means_) ** 2).sum(axis=2).argmin(axis=1)]

        X, y = shuffle(*load_wine(return_X_y=True), random_state=0)
        parts = ColumnTransformer([("own", Quantiles(), [0, 1, 2, 6]), ("kept", "passthrough", [10])])
        pipe = Pipeline([("parts", parts), ("model", NearestMean())])
        grid = {"parts__own__level": [0.1, 0.3], "model__shrink": [0.0, 0.5]}
        search = GridSearchCV(pipe, grid, cv=4).fit(X, y)
        found = {
            "scores": search.cv_results_["mean_test_score"],
            "level": search.best_params_["parts__own__level"],
            "folds": cross_val_score(pipe, X, y, cv=5), "score": search.score(X, y),
            "drawn": resample(y, n_samples=30, stratify=y, random_state=1),
            "weights": compute_class_weight("balanced", classes=np.unique(y), y=y),
        }
    """,
}


@pytest.mark.parametrize("name", COMPLETE)
def test_a_complete_program_with_other_import_lines(name):
    program = textwrap.dedent(COMPLETE[name])
    ours, changed = re.subn(r"^from sklearn\.", "from models.", program, flags=re.M)
    assert changed >= 6 and "sklearn" not in ours
    assert_same_results(program, ours)


@pytest.mark.parametrize(
    "line, message",
    [
        (
            "from models.linear_model import Rigde",
            "models.linear_model has no Rigde(?s:.*)Try: Ridge",
        ),
        (
            "from models.preprocessing import StandardScalar",
            "models.preprocessing has no(?s:.*)StandardScaler",
        ),
        ("from models.pipeline import make_pipelines", "Try: make_pipeline"),
        ("from models.svm import Ridge", "models.svm has no Ridge"),
    ],
)
def test_a_name_that_is_not_offered(line, message):
    with pytest.raises(ImportError, match=message):
        exec(line, {})


def test_modules_without_files():
    import models.linear_model
    import models.svm as svm

    assert svm.SVC is models.SVC and models.linear_model.Ridge is models.Ridge
    assert "make_pipeline" in dir(models.pipeline) and not hasattr(models.pipeline, "SVC")
    assert models.neighbors.NeighborhoodComponentsAnalysis is models.NeighborhoodComponentsAnalysis
    with pytest.raises(ModuleNotFoundError):
        import models.nothing
    for module, offers in models.offers.MODULES.items():
        for offer in offers:
            _, _, chosen = offer.partition(": ")
            for name in chosen.split():
                assert getattr(importlib.import_module(f"models.{module}"), name)
