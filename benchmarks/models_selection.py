"""Metrics, splits, searches and data sets beside scikit-learn's: seconds and peak memory of a call.

    python benchmarks/models_selection.py

200,000 rows, or 20,000 rows of 20 labels; searches over 2,000 rows with a quick model.
"""

import estimators  # first: it may have to restart Python before NumPy is loaded

import numpy as np
import sklearn.datasets
import sklearn.metrics
import sklearn.model_selection
import sklearn.pipeline
from sklearn.naive_bayes import GaussianNB
from sklearn.preprocessing import StandardScaler

from models import composition, datasets, metrics, selection

rng = np.random.default_rng(0)
N = 200_000
classes, guesses = rng.integers(0, 5, (2, N))
binary, score, weight = rng.integers(0, 2, N), rng.normal(size=N), rng.random(N)
table = rng.random((N, 5))
table /= table.sum(axis=1, keepdims=True)
labels = rng.integers(0, 2, (20_000, 20))
numbers = rng.normal(size=(2, N))
groups = rng.integers(0, 500, N)
X, y = sklearn.datasets.make_classification(2_000, 20, random_state=0)

OF_METRICS = {
    "confusion matrix": lambda m: m.confusion_matrix(classes, guesses),
    "F1, macro": lambda m: m.f1_score(classes, guesses, average="macro"),
    "accuracy, weighted": lambda m: m.accuracy_score(classes, guesses, sample_weight=weight),
    "ROC area": lambda m: m.roc_auc_score(binary, score),
    "ROC area of 5 classes": lambda m: m.roc_auc_score(classes, table, multi_class="ovr"),
    "average precision": lambda m: m.average_precision_score(binary, score),
    "log loss": lambda m: m.log_loss(classes, table),
    "ranking loss of 20 labels": lambda m: m.label_ranking_loss(
        labels, table[:20_000].repeat(4, axis=1)
    ),
    "mean squared error": lambda m: m.mean_squared_error(*numbers),
    "R²": lambda m: m.r2_score(*numbers),
}
OF_SPLITS = {
    "train_test_split": lambda m: m.train_test_split(
        table, classes, random_state=0, stratify=classes
    ),
    "stratified folds": lambda m: list(
        m.StratifiedKFold(5, shuffle=True, random_state=0).split(table, classes)
    ),
    "group folds": lambda m: list(m.GroupKFold(5).split(table, classes, groups)),
    "grid search, 30 fits": lambda m: m.GridSearchCV(
        GaussianNB(), {"var_smoothing": [1e-9, 1e-8, 1e-7, 1e-6, 1e-5, 1e-4]}, cv=5
    ).fit(X, y),
    "cross-validation": lambda m: m.cross_val_score(GaussianNB(), X, y, cv=10),
}
OF_DATASETS = {
    "make_classification": lambda m: m.make_classification(20_000, 50, random_state=0),
    "load_breast_cancer": lambda m: m.load_breast_cancer(),
}
OF_PIPELINES = {
    "pipeline": lambda m: m.make_pipeline(StandardScaler(), GaussianNB()).fit(X, y).predict(X),
}

if __name__ == "__main__":
    for tasks, pair in (
        (OF_METRICS, (metrics, sklearn.metrics)),
        (OF_SPLITS, (selection, sklearn.model_selection)),
        (OF_DATASETS, (datasets, sklearn.datasets)),
        (OF_PIPELINES, (composition, sklearn.pipeline)),
    ):
        for title, work in tasks.items():
            estimators.compare(title, None, pair, work, rounds=7, budget=2)
