"""OneHotEncoder and OrdinalEncoder against scikit-learn's: text, numbers, missing values, frames."""

import warnings

import numpy as np
import pytest

import models
from models import OneHotEncoder, OrdinalEncoder
from tests.models.contract import assert_clear

preprocessing = pytest.importorskip("sklearn.preprocessing")
pandas = pytest.importorskip("pandas")

RNG = np.random.default_rng(0)
COLORS = np.array(["red", "green", "blue", "black", "white"])[
    RNG.geometric(0.5, 200).clip(1, 5) - 1
]
FLOATS = RNG.choice([0.5, 1.5, -2.0], 200)
WITH_NAN = np.where(RNG.random(200) < 0.1, np.nan, FLOATS)
WITH_NONE = COLORS.astype(object)
WITH_NONE[RNG.random(200) < 0.1] = None
WITH_BOTH = WITH_NONE.copy()
WITH_BOTH[RNG.random(200) < 0.1] = float("nan")
FRAME = pandas.DataFrame({"color": COLORS, "size": FLOATS, "number": RNG.geometric(0.4, 200)})

DATA = {
    "numbers": np.stack([FLOATS, RNG.permutation(FLOATS)], axis=1),
    "integers": RNG.geometric(0.3, (200, 3)),
    "NaN": np.stack([WITH_NAN, FLOATS], axis=1),
    "text": np.stack([COLORS, COLORS[::-1]], axis=1),
    "objects": np.stack([COLORS, WITH_NONE], axis=1).astype(object),
    "None and NaN": np.stack([WITH_NONE, WITH_BOTH], axis=1),
    "a list of rows": list(map(list, zip(COLORS.tolist(), FLOATS.tolist(), strict=True))),
    "a frame": FRAME,
    "a frame of categories": FRAME.astype("category"),
    "yes or no": RNG.choice(["no", "yes"], (200, 2)),
}


def pairs(estimator, data, new):
    """What both libraries say of the same data, as pairs."""
    name = type(estimator).__name__
    settings = estimator.get_params()
    if name == "OneHotEncoder":
        settings["sparse_output"] = False
    theirs = getattr(preprocessing, name)(**settings)
    grouped = settings["min_frequency"] or settings["max_categories"]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        estimator.fit(data), theirs.fit(data)
        missing = getattr(theirs, "_missing_indices", None)
        for rows in (data, *new):
            yield np.asarray(estimator.transform(rows)), theirs.transform(rows)
            Z = theirs.transform(rows)
            if not (missing and grouped):  # there, theirs takes NaN for the infrequent, or fails
                yield estimator.inverse_transform(Z), theirs.inverse_transform(Z)
    yield from zip(estimator.categories_, theirs.categories_, strict=True)
    yield estimator.get_feature_names_out(), theirs.get_feature_names_out()
    if hasattr(theirs, "drop_idx_"):
        yield estimator.drop_idx_, theirs.drop_idx_
    if hasattr(theirs, "_infrequent_indices"):
        yield from zip(estimator.infrequent_categories_, theirs.infrequent_categories_, strict=True)


def assert_same(ours, theirs):
    """The same values and type; NaN equals NaN among objects too."""
    if theirs is None:
        assert ours is None
        return
    assert ours.shape == theirs.shape and ours.dtype == theirs.dtype
    for a, b in zip(ours.ravel().tolist(), theirs.ravel().tolist(), strict=True):
        assert a == b or (a != a and b != b)


ONE_HOT = [
    {},
    {"drop": "first"},
    {"drop": "if_binary"},
    {"min_frequency": 20},
    {"min_frequency": 0.2, "drop": "first"},
    {"max_categories": 2},
    {"max_categories": 3, "min_frequency": 5, "drop": "if_binary"},
    {"max_categories": 1},
    {"dtype": np.int32},
    {"feature_name_combiner": lambda feature, category: f"{feature}={category!r}"},
]
ORDINAL = [
    {},
    {"min_frequency": 20},
    {"max_categories": 3},
    {"encoded_missing_value": -2},
    {"dtype": np.int32, "encoded_missing_value": 99},
]


@pytest.mark.parametrize("data", DATA)
@pytest.mark.parametrize(
    "estimator", [*(OneHotEncoder(**s) for s in ONE_HOT), *(OrdinalEncoder(**s) for s in ORDINAL)]
)
def test_the_same_as_scikit_learn(estimator, data):
    for ours, theirs in pairs(estimator, DATA[data], ()):
        assert_same(ours, theirs)


NEW = {
    "numbers": np.array([[0.5, 7.0], [9.0, 1.5]]),
    "text": np.array([["red", "a color longer than the others"], ["?", "white"]]),
    "None and NaN": np.array([["red", "?"], [np.nan, "black"]], dtype=object),
    "yes or no": np.array([["maybe", "yes"], ["yes", "no"]]),
}
UNKNOWN = [
    OneHotEncoder(handle_unknown="ignore"),
    OneHotEncoder(handle_unknown="ignore", drop="first"),
    OneHotEncoder(handle_unknown="infrequent_if_exist", min_frequency=20),
    OneHotEncoder(handle_unknown="warn", max_categories=2, drop="if_binary"),
    OneHotEncoder(handle_unknown="ignore", max_categories=2),
    OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1),
    OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=np.nan),
    OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=77, max_categories=2),
]


@pytest.mark.parametrize("data", NEW)
@pytest.mark.parametrize("estimator", UNKNOWN, ids=str)
def test_unknown_categories_as_in_scikit_learn(estimator, data):
    for ours, theirs in pairs(estimator, DATA[data], [NEW[data]]):
        assert_same(ours, theirs)


@pytest.mark.parametrize("kind", [OneHotEncoder, OrdinalEncoder])
def test_an_unknown_category_is_named_with_its_column(kind):
    model = kind().fit(FRAME)
    with pytest.raises(
        ValueError, match="'size'.* during transform: the first is in row 1"
    ) as error:
        model.transform(FRAME[:3].assign(size=[0.5, 7.0, 8.0]))
    assert "Found unknown categories [7.0, 8.0] in column 1" in str(error.value)
    assert f"Try: {kind.__name__}(handle_unknown=" in str(error.value)
    assert_clear(error.value)


@pytest.mark.parametrize("kind", [np.int8, np.uint8, np.int64, np.uint64])
def test_integers_near_each_other_and_far_apart(kind):
    low, high = np.iinfo(kind).min, np.iinfo(kind).max
    for values in ([low, high, 3], [3, 5, 4, 3], [low, low + 1], [*range(low, low + 200)] * 2):
        column = np.array(values, dtype=kind)[:, None]
        model = OrdinalEncoder().fit(column)
        theirs = preprocessing.OrdinalEncoder().fit(column)
        assert model.categories_[0].dtype == kind
        assert_same(model.transform(column), theirs.transform(column))
    model = OrdinalEncoder(handle_unknown="use_encoded_value", unknown_value=-1)
    found = model.fit([[3], [5], [4]]).transform([[2], [3], [6], [5], [10**9], [-(10**9)]])
    assert found.ravel().tolist() == [-1, 0, -1, 2, -1, -1]


def test_the_inverse_of_nan_beside_infrequent_categories():
    model = OrdinalEncoder(max_categories=2).fit([[1.0], [1.0], [2.0], [3.0], [np.nan]])
    found = model.inverse_transform(model.transform([[1.0], [3.0], [np.nan]])).ravel()
    assert found[:2].tolist() == [1.0, "infrequent_sklearn"] and found[2] != found[2]


def test_two_values_that_are_nan_are_one_category():
    model = OrdinalEncoder(encoded_missing_value=-1).fit([["a"], [float("nan")]])
    assert model.transform([["a"], [float("nan")], [np.nan]]).ravel().tolist() == [0, -1, -1]


def test_given_categories():
    given = [["white", "red", "green", "blue", "black"], [-2.0, 0.5, 1.5]]
    data = DATA["a list of rows"]
    for kind in (OneHotEncoder, OrdinalEncoder):
        for ours, theirs in pairs(kind(categories=given), data, ()):
            assert_same(ours, theirs)
    for wrong, words in {
        "one": (given[:1], r"Shape mismatch.*1 lists, and X has 2"),
        "twice": ([["red", "red"], given[1]], "duplicate elements"),
        "unknown": (
            [["red"], given[1]],
            r"unknown categories \['black', .* in column 0 during fit",
        ),
    }.values():
        with pytest.raises(ValueError, match=words) as error:
            OneHotEncoder(categories=wrong).fit(data)
        assert_clear(error.value)
    with pytest.raises(ValueError, match="Unsorted categories"):
        OneHotEncoder(categories=[[3.0, 1.0]]).fit([[1.0]])
    with pytest.raises(ValueError, match="Nan should be the last"):
        OneHotEncoder(categories=[[np.nan, 1.0]]).fit([[1.0]])


def test_text_beside_numbers_in_a_column_of_objects():
    with pytest.raises(
        TypeError, match=r"uniformly strings or numbers. Got \['int', 'str'\]"
    ) as error:
        OneHotEncoder().fit(np.array([["a"], [1]], dtype=object))
    assert_clear(error.value)


def test_sparse_and_framed_results():
    scipy = pytest.importorskip("scipy.sparse")
    sparse = OneHotEncoder(sparse_output=True).fit(FRAME)
    theirs = preprocessing.OneHotEncoder().fit_transform(FRAME)
    found = sparse.transform(FRAME)
    assert scipy.issparse(found) and found.indices.dtype == theirs.indices.dtype
    np.testing.assert_array_equal(found.toarray(), theirs.toarray())
    np.testing.assert_array_equal(OneHotEncoder().fit_transform(FRAME).toarray(), theirs.toarray())
    framed = OneHotEncoder().set_output(transform="pandas").fit_transform(FRAME)
    assert list(framed.columns)[:2] == ["color_black", "color_blue"]
    with pytest.raises(ValueError, match=r"(?s)does not support sparse data.*sparse_output=False"):
        sparse.set_output(transform="pandas").transform(FRAME)
    ignoring = OneHotEncoder(sparse_output=True, handle_unknown="ignore", drop="first").fit(FRAME)
    other = preprocessing.OneHotEncoder(handle_unknown="ignore", drop="first").fit(FRAME)
    np.testing.assert_array_equal(
        ignoring.transform(FRAME).toarray(), other.transform(FRAME).toarray()
    )


def test_the_dropped_category_of_the_users_choice():
    data = DATA["a list of rows"]
    for ours, theirs in pairs(OneHotEncoder(drop=["red", -2.0]), data, ()):
        assert_same(ours, theirs)
    for drop, words in {
        ("red",): r"length equal to the number of features \(2\), got 1",
        ("red", 4.0): "supposed to be dropped, but were not found.*\nCategory: 4.0, Feature: 1",
    }.items():
        with pytest.raises(ValueError, match=words) as error:
            OneHotEncoder(drop=drop).fit(data)
        assert_clear(error.value)
    with pytest.raises(ValueError, match="Unable to drop category 'white'.*infrequent"):
        OneHotEncoder(drop=["white", -2.0], min_frequency=30).fit(data)


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"unknown_value": 3}, "only be set when"),
        ({"handle_unknown": "use_encoded_value"}, "should be an integer or np.nan"),
        (
            {"handle_unknown": "use_encoded_value", "unknown_value": 1},
            "is one of the values already",
        ),
        (
            {"handle_unknown": "use_encoded_value", "unknown_value": np.nan, "dtype": int},
            "should be a float dtype",
        ),
        ({"dtype": int}, r"missing values in column 0, which dtype=.*int.* cannot be"),
        ({"encoded_missing_value": 2}, r"already used to encode a known category in column 0"),
    ],
)
def test_numbers_that_would_mean_two_things(settings, words):
    with pytest.raises((ValueError, TypeError), match=words) as error:
        OrdinalEncoder(**settings).fit(DATA["NaN"])
    assert_clear(error.value)


def test_what_no_transform_returns_has_no_inverse():
    model = models.OneHotEncoder().fit(FRAME)
    with pytest.raises(ValueError, match=r"Expected 1\d columns, got shape \(2, 2\)"):
        model.inverse_transform(np.ones((2, 2)))
    with pytest.raises(ValueError, match=r"Samples \[0, 1\] can not be inverted"):
        model.inverse_transform(np.zeros((2, len(model.get_feature_names_out()))))
    with pytest.raises(ValueError, match="7.0 is the number of no category of column 0"):
        models.OrdinalEncoder().fit(FRAME).inverse_transform([[7, 0, 0]])
