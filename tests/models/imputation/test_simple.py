"""SimpleImputer and MissingIndicator against scikit-learn's."""

import numpy as np
import pytest

from models import MissingIndicator, SimpleImputer
from tests.models.contract import assert_clear

impute = pytest.importorskip("sklearn.impute")
pandas = pytest.importorskip("pandas")

RNG = np.random.default_rng(0)
X = np.where(RNG.random((40, 4)) < 0.3, np.nan, RNG.normal(size=(40, 4)).round(1))
X[:, 3] = 1.0
NEW = np.where(RNG.random((9, 4)) < 0.5, np.nan, RNG.normal(size=(9, 4)))
NEW[:, 3] = np.nan
WORDS = RNG.choice(["red", "green", "blue"], (40, 2)).astype(object)
WORDS[RNG.random((40, 2)) < 0.3] = np.nan


@pytest.mark.parametrize("indicator", [False, True])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"strategy": "median"},
        {"strategy": "most_frequent"},
        {"strategy": "constant", "fill_value": -7.0},
        {"strategy": "constant"},
        {"strategy": np.max},
    ],
)
def test_the_same_as_scikit_learn(settings, indicator):
    ours = SimpleImputer(add_indicator=indicator, **settings).fit(X)
    theirs = impute.SimpleImputer(add_indicator=indicator, **settings).fit(X)
    np.testing.assert_array_equal(ours.statistics_, theirs.statistics_.astype(float))
    for rows in (X, NEW):
        np.testing.assert_array_equal(ours.transform(rows), theirs.transform(rows).astype(float))
    np.testing.assert_array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())
    if indicator:
        np.testing.assert_array_equal(ours.inverse_transform(ours.transform(X)), X)


@pytest.mark.parametrize("settings", [{"strategy": "most_frequent"}, {"strategy": "constant"}])
@pytest.mark.parametrize("missing", [np.nan, None, "?"])
def test_text(settings, missing):
    words = WORDS.copy()
    words[words != words] = missing
    ours = SimpleImputer(missing_values=missing, add_indicator=True, **settings)
    theirs = impute.SimpleImputer(missing_values=missing, add_indicator=True, **settings)
    np.testing.assert_array_equal(ours.fit_transform(words), theirs.fit_transform(words))


def test_a_frame_of_text_and_numbers():
    frame = pandas.DataFrame({"color": WORDS[:, 0], "size": X[:, 0], "kind": [1, 2] * 20})
    ours, theirs = (
        kind(strategy="most_frequent").fit_transform(frame)
        for kind in (SimpleImputer, impute.SimpleImputer)
    )
    np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(ValueError, match="column 'color'") as error:
        SimpleImputer().fit(frame)
    assert_clear(error.value)


def test_another_value_for_missing_ones():
    filled = np.where(np.isnan(X), -1, X)
    ours, theirs = (
        kind(missing_values=-1).fit_transform(filled)
        for kind in (SimpleImputer, impute.SimpleImputer)
    )
    np.testing.assert_array_equal(ours, theirs)
    with pytest.raises(ValueError, match="Input X contains NaN"):
        SimpleImputer(missing_values=-1).fit(X)


@pytest.mark.parametrize("strategy", ["mean", "median", "most_frequent", "constant"])
def test_columns_without_any_value(strategy):
    empty = np.column_stack([X, np.full(40, np.nan)])
    ours, theirs = (
        kind(strategy=strategy, keep_empty_features=True, fill_value=3).fit_transform(empty)
        for kind in (SimpleImputer, impute.SimpleImputer)
    )
    np.testing.assert_array_equal(ours, theirs.astype(float))
    model = SimpleImputer(strategy=strategy).fit(empty)
    with pytest.warns(UserWarning, match=r"Skipping features without any observed values: \[4\]"):
        assert model.transform(empty).shape == (40, 4)
    assert len(model.get_feature_names_out()) == 4


def test_a_constant_that_is_no_number():
    with pytest.raises(ValueError, match="fill_value='x' .* cannot be cast") as error:
        SimpleImputer(strategy="constant", fill_value="x").fit(X)
    assert_clear(error.value)
    assert not hasattr(SimpleImputer().fit(X), "inverse_transform")


@pytest.mark.parametrize("settings", [{}, {"features": "all"}, {"sparse": True}])
def test_where_values_are_missing(settings):
    ours, theirs = MissingIndicator(**settings).fit(X), impute.MissingIndicator(**settings).fit(X)
    np.testing.assert_array_equal(ours.features_, theirs.features_)
    found, expected = ours.transform(X), theirs.transform(X)
    assert found.dtype == bool
    if "sparse" in settings:
        found, expected = found.toarray(), expected.toarray()
    np.testing.assert_array_equal(found, expected)
    np.testing.assert_array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())


def test_missing_values_in_a_column_that_was_complete():
    with pytest.raises(
        ValueError, match=r"The features \[3\] have missing values in transform"
    ) as error:
        MissingIndicator().fit(X).transform(NEW)
    assert_clear(error.value)
    assert MissingIndicator(error_on_new=False).fit(X).transform(NEW).shape == (9, 3)


def test_a_table_without_any_value():
    X = np.full((3, 2), np.nan)
    for strategy in ("mean", "most_frequent", "constant"):
        with pytest.warns(UserWarning, match="Skipping features without any observed values"):
            assert SimpleImputer(strategy=strategy).fit_transform(X).shape == (3, 0)


@pytest.mark.parametrize("kind", [SimpleImputer, MissingIndicator])
def test_nan_that_is_not_the_missing_value(kind):
    settings = {"strategy": "most_frequent"} if kind is SimpleImputer else {}
    numbers, words = np.array([[1.0], [np.nan], [2.0]]), np.array([["b"], ["a"], [np.nan]], object)
    for X, value in ((numbers, 1), (words, "a"), (words, None)):
        with pytest.raises(ValueError, match="Input X contains NaN") as error:
            kind(missing_values=value, **settings).fit(X)
        assert_clear(error.value)
    text = np.array([["b"], ["a"], ["b"]])
    assert kind(missing_values=None, **settings).fit(text).n_features_in_ == 1
