"""The transformers as functions, and functions as transformers."""

import numpy as np
import pytest

from models import FunctionTransformer
from models import preprocessing as ours
from tests.models.contract import assert_clear

theirs = pytest.importorskip("sklearn.preprocessing")

X = np.random.default_rng(0).normal(size=(30, 4)) * [1, 10, 0.1, 3] + 1


@pytest.mark.parametrize(
    "name, settings",
    [
        ("scale", {}),
        ("scale", {"axis": 1}),
        ("scale", {"with_mean": False}),
        ("minmax_scale", {}),
        ("minmax_scale", {"feature_range": (-1, 1), "axis": 1}),
        ("maxabs_scale", {}),
        ("maxabs_scale", {"axis": 1}),
        ("robust_scale", {}),
        ("robust_scale", {"unit_variance": True, "axis": 1}),
        ("normalize", {}),
        ("normalize", {"norm": "max", "axis": 0}),
        ("binarize", {"threshold": 0.5}),
        ("add_dummy_feature", {"value": 2.0}),
    ],
)
def test_the_same_as_scikit_learns(name, settings):
    found, expected = (getattr(library, name)(X, **settings) for library in (ours, theirs))
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-14)
    if name.endswith("scale") and settings.get("axis", 0) == 0:
        one = getattr(ours, name)(X[:, 0], **settings)
        np.testing.assert_allclose(one, getattr(theirs, name)(X[:, 0], **settings), atol=1e-14)


def test_norms_beside_the_rows():
    for found, expected in zip(
        ours.normalize(X, return_norm=True), theirs.normalize(X, return_norm=True), strict=True
    ):
        np.testing.assert_array_equal(found, expected)


def test_an_axis_that_no_table_has():
    with pytest.raises(ValueError, match="axis=2") as error:
        ours.scale(X, axis=2)
    assert_clear(error.value)


def test_names_of_the_chapter():
    from models.preprocessing import OneHotEncoder

    assert OneHotEncoder.__name__ == "OneHotEncoder"
    with pytest.raises(AttributeError, match="minmax_scale"):
        _ = ours.min_max_scale


def test_a_function_and_its_inverse():
    model = FunctionTransformer(np.log1p, np.expm1).fit(np.abs(X))
    np.testing.assert_array_equal(model.transform(np.abs(X)), np.log1p(np.abs(X)))
    np.testing.assert_allclose(model.inverse_transform(model.transform(np.abs(X))), np.abs(X))
    with pytest.warns(UserWarning, match="not strictly inverse of each other"):
        FunctionTransformer(np.log1p, np.exp).fit(np.abs(X))
    assert FunctionTransformer(np.log1p, np.exp, check_inverse=False).fit(X)
    clipped = FunctionTransformer(np.clip, kw_args={"a_min": 0, "a_max": 1}).transform(X)
    np.testing.assert_array_equal(clipped, np.clip(X, 0, 1))


def test_a_frame_stays_a_frame_and_names_are_given():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=list("abcd"))
    assert list(FunctionTransformer(lambda F: F[["a"]]).fit_transform(frame).columns) == ["a"]
    named = FunctionTransformer(np.abs, feature_names_out="one-to-one").fit(frame)
    assert list(named.get_feature_names_out()) == list("abcd")
    doubled = FunctionTransformer(
        lambda A: np.hstack([A, A]), feature_names_out=lambda t, names: [*names, *names + "2"]
    )
    doubled = doubled.set_output(transform="pandas").fit(frame)
    assert list(doubled.transform(frame).columns) == [*"abcd", "a2", "b2", "c2", "d2"]
    assert not hasattr(FunctionTransformer(), "get_feature_names_out")


def test_validated():
    with pytest.raises(ValueError, match="Input X contains NaN"):
        FunctionTransformer(validate=True).fit_transform([[np.nan]])
