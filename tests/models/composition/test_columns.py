"""Transformers of columns: scikit-learn's results, for arrays and frames."""

import numpy as np
import pytest

pytest.importorskip("sklearn")
pytest.importorskip("pandas")

import pandas
import sklearn.compose as theirs
from sklearn.datasets import load_iris
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import MinMaxScaler, OneHotEncoder, StandardScaler

import models
from models.composition import (
    ColumnTransformer,
    make_column_selector,
    make_column_transformer,
    make_pipeline,
)

X, Y = load_iris(return_X_y=True)
FRAME = pandas.DataFrame(X, columns=list("abcd")).assign(
    color=np.array(["red", "green", "blue"])[Y], text=["one two", "two"] * 75
)
SCALE, ONE_HOT = StandardScaler(), OneHotEncoder(sparse_output=False)
CASES = {
    "numbers": (X, [("s", SCALE, [0, 1]), ("m", MinMaxScaler(), slice(2, 4))], {}),
    "a mask, and the rest": (X, [("s", SCALE, [True, False, False, True])], {"remainder": "passthrough"}),
    "the rest scaled": (X, [("s", SCALE, [3]), ("p", "passthrough", [0])], {"remainder": MinMaxScaler()}),
    "names": (FRAME, [("s", SCALE, ["b", "a"]), ("o", ONE_HOT, ["color"])], {}),
    "slices of names": (FRAME, [("s", SCALE, slice("b", "d"))], {}),
    "words": (FRAME, [("s", SCALE, ["a"]), ("t", CountVectorizer(), "text")], {"sparse_threshold": 0}),
    "sparse": (FRAME, [("o", OneHotEncoder(), ["color"]), ("t", CountVectorizer(), "text")],
               {"sparse_threshold": 0.9}),
    "weights": (X, [("s", SCALE, [0]), ("m", MinMaxScaler(), [1])], {"transformer_weights": {"m": 3}}),
    "dropped": (X, [("s", SCALE, [0]), ("d", "drop", [1])], {"remainder": "passthrough", "n_jobs": 2}),
    "selected": (FRAME, [("s", SCALE, theirs.make_column_selector(dtype_include=float))], {}),
    "nothing": (X, [("s", SCALE, []), ("m", MinMaxScaler(), [-1])], {}),
    "short names": (X, [("s", SCALE, [0, 1])], {"verbose_feature_names_out": False}),
}  # fmt: skip


@pytest.mark.parametrize("name", CASES)
def test_the_same_columns(name):
    table, parts, given = CASES[name]
    ours, expected = ColumnTransformer(parts, **given), theirs.ColumnTransformer(parts, **given)
    for method in ("fit_transform", "transform"):
        found, wanted = getattr(ours, method)(table), getattr(expected, method)(table)
        assert hasattr(found, "toarray") == hasattr(wanted, "toarray")
        found, wanted = (t.toarray() if hasattr(t, "toarray") else t for t in (found, wanted))
        np.testing.assert_array_equal(found, wanted)
    assert list(ours.get_feature_names_out()) == list(expected.get_feature_names_out())
    assert ours.output_indices_ == expected.output_indices_
    assert ours.n_features_in_ == expected.n_features_in_


def test_frames_come_out_and_polars_goes_in():
    parts = [("s", SCALE, ["a"]), ("o", ONE_HOT, ["color"])]
    for given in ({}, {"remainder": "passthrough"}):
        ours = ColumnTransformer(parts, **given).set_output(transform="pandas").fit_transform(FRAME)
        expected = (
            theirs.ColumnTransformer(parts, **given)
            .set_output(transform="pandas")
            .fit_transform(FRAME)
        )
        pandas.testing.assert_frame_equal(ours, expected, check_dtype=False)
    polars = pytest.importorskip("polars")
    same = polars.DataFrame({name: FRAME[name].tolist() for name in FRAME})
    found = ColumnTransformer(parts).fit(FRAME).transform(same)
    np.testing.assert_array_equal(found, ColumnTransformer(parts).fit_transform(FRAME))


def test_other_order_is_noticed_and_missing_columns_named():
    model = ColumnTransformer([("s", SCALE, ["a", "b"])]).fit(FRAME)
    expected = model.transform(FRAME)
    assert (model.transform(FRAME[["text", "b", "a", "c"]]) == expected).all()
    with pytest.raises(ValueError, match="columns are missing: {'b'}"):
        model.transform(FRAME[["a"]])
    with pytest.raises(ValueError, match="'z'(?s:.*)Try: 'a', 'b'"):
        ColumnTransformer([("s", SCALE, ["z"])]).fit(FRAME)
    with pytest.raises(ValueError, match="only supported for dataframes"):
        ColumnTransformer([("s", SCALE, ["z"])]).fit(X)
    with pytest.raises(TypeError, match="should implement fit and transform: 's', Ridge"):
        ColumnTransformer([("s", models.Ridge(), [0])]).fit(X)
    with pytest.raises(ValueError, match="X has 3 features, but ColumnTransformer is expecting 4"):
        ColumnTransformer([("s", SCALE, [0])]).fit(X).transform(X[:, :3])


def test_in_a_pipeline():
    pre = make_column_transformer(
        (StandardScaler(), make_column_selector(dtype_include=float)), (OneHotEncoder(), ["color"])
    )
    pipe = make_pipeline(pre, LogisticRegression()).fit(FRAME, Y)
    assert pipe.score(FRAME, Y) == 1 and pre.get_params()["standardscaler__with_mean"] is True
    pre.set_params(standardscaler__with_mean=False)
    assert (
        make_pipeline(pre, LogisticRegression()).fit(FRAME, Y)[0].transformers_[0][1].mean_
        is not None
    )


@pytest.mark.parametrize("container", ["pandas", "polars"])
def test_columns_of_a_frame_keep_their_types(container):
    library = pytest.importorskip(container)
    data = {
        "a": [1.5, 2.5, 3.5],
        "word": ["x", "y", "x"],
        "n": [1, 2, 3],
        "yes": [True, False, True],
    }
    X = library.DataFrame(data)
    if container == "pandas":
        X = X.astype({"word": "category"}).set_axis([7, 8, 9])
    parts = [("scaled", models.StandardScaler(), ["a"])]
    ours = models.ColumnTransformer(parts, remainder="passthrough").set_output(transform=container)
    found = ours.fit_transform(X)
    assert [*found.columns] == ["scaled__a", "remainder__word", "remainder__n", "remainder__yes"]
    assert [*found.dtypes][1:] == [*X.dtypes][1:] and [*ours.transform(X).dtypes] == [*found.dtypes]
    if container == "pandas":
        twin = theirs.ColumnTransformer(
            [("scaled", StandardScaler(), ["a"])], remainder="passthrough"
        )
        expected = twin.set_output(transform="pandas").fit_transform(X)
        library.testing.assert_frame_equal(found, expected)


def test_the_order_of_a_triple():
    wrong = models.ColumnTransformer([("scaled", ["a"], models.StandardScaler())])
    with pytest.raises(ValueError, match=r"\(name, transformer, columns\) in this order"):
        wrong.fit(np.eye(3))
