"""Scalers, encoders, imputers, selections and texts beside scikit-learn's: seconds and peak memory.

    python benchmarks/models_preprocessing.py            all of them
    python benchmarks/models_preprocessing.py Scaler     those whose name contains the word

20,000 samples, 50 features, or 5,000 documents. The limits are the project's own goals.
"""

import estimators  # first: it may have to restart Python before NumPy is loaded

import sys

import numpy as np
from sklearn import feature_extraction, feature_selection, impute, preprocessing
from sklearn.feature_extraction import text


def compare(theirs, data, limit=1.0, budget=1.5, **settings):
    """fit_transform of both, with the same settings."""
    name = theirs.__name__
    if len(sys.argv) > 1 and sys.argv[1] not in name:
        return
    title = f"{name}({', '.join(f'{k}={v!r}' for k, v in settings.items())})"
    pair = estimators.both(theirs, **settings)
    estimators.compare(
        title, limit, pair, lambda m: m.fit_transform(*data), rounds=6, budget=budget
    )


def documents(rng, number=5_000, words=100):
    """Texts of words that are as frequent as those of a language."""
    vocabulary = np.array([f"word{i}" for i in range(20_000)])
    drawn = rng.zipf(1.3, size=(number, words)) % len(vocabulary)
    return [" ".join(vocabulary[row]) for row in drawn]


def main():
    rng = np.random.default_rng(0)
    X, y = estimators.classes(3)
    for scaler in (
        preprocessing.StandardScaler, preprocessing.MinMaxScaler, preprocessing.MaxAbsScaler,
        preprocessing.RobustScaler, preprocessing.Normalizer, preprocessing.Binarizer,
    ):  # fmt: skip
        compare(scaler, (X,))
    compare(preprocessing.QuantileTransformer, (X,), random_state=0)
    compare(preprocessing.QuantileTransformer, (X,), random_state=0, output_distribution="normal")
    compare(preprocessing.PowerTransformer, (X[:, :10],))
    for strategy in ("uniform", "quantile", "kmeans"):
        settings = {"strategy": strategy, "encode": "ordinal"}
        compare(preprocessing.KBinsDiscretizer, (X[:, :10],), **settings)

    categories = rng.integers(0, 10, size=X.shape)
    words = np.array([f"category {i}" for i in range(10)], dtype=object)[categories]
    for table in (categories, words):
        compare(preprocessing.OneHotEncoder, (table,), sparse_output=False)
        compare(preprocessing.OneHotEncoder, (table,), sparse_output=True)
        compare(preprocessing.OrdinalEncoder, (table,))
        compare(preprocessing.LabelEncoder, (table[:, 0],))
    compare(preprocessing.LabelBinarizer, (words[:, 0],))

    holes = np.where(rng.random(X.shape) < 0.1, np.nan, X)
    for strategy in ("mean", "median", "most_frequent"):
        compare(impute.SimpleImputer, (holes,), strategy=strategy)
    compare(impute.KNNImputer, (holes[:1000],))

    compare(feature_selection.SelectKBest, (X, y))
    compare(feature_selection.VarianceThreshold, (X,))

    texts = documents(rng)
    for vectorizer in (text.CountVectorizer, text.TfidfVectorizer, text.HashingVectorizer):
        compare(vectorizer, (texts,), budget=3)
    compare(text.CountVectorizer, (texts,), budget=3, ngram_range=(1, 2))
    records = [{"city": str(a), "year": float(b)} for a, b in rng.integers(0, 50, size=(5_000, 2))]
    compare(feature_extraction.DictVectorizer, (records,))


if __name__ == "__main__":
    main()
