"""Declared parameters: what each kind allows, and what a class gets from its fields."""

import inspect
from fractions import Fraction

import numpy as np
import pytest

import models
from models.foundation import (
    Estimator,
    anything,
    array,
    boolean,
    choice,
    function,
    integer,
    learned,
    mapping,
    named_parts,
    nonnegative,
    number,
    part,
    positive,
    seed,
)

RIDGE = models.Ridge()


@pytest.mark.parametrize(
    "parameter, allowed, refused, words",
    [
        (number(), [-1, 0.5, np.float32(2), np.int8(1), Fraction(1, 3), np.inf],
         [None, True, np.True_, np.nan, "1", 1j, [1], np.ones(1)], "a number"),
        (number(1, above=0, at_most=1), [1e-300, 1], [0, 1.01], "a number > 0 and ≤ 1"),
        (number(0, at_least=0, below=1), [0, 0.99], [1, -1e-9], "a number ≥ 0 and < 1"),
        (number(1.0, at_least=0, optional=True), [None, 0], [-1], "a number ≥ 0 or None"),
        (positive(1.0), [1e-9], [0, None], "a number > 0"),
        (nonnegative(1.0), [0], [-1e-9], "a number ≥ 0"),
        (integer(3, at_least=1, at_most=5), [1, 5, np.uint8(3)], [0, 6, 2.0, True], "an integer ≥ 1 and ≤ 5"),
        (integer(None, at_least=1), [None, 1], [0], "an integer ≥ 1 or None"),
        (boolean(True), [True, False, np.True_], [0, 1, "True", None], "True or False"),
        (choice("a", "b"), ["a", "b"], ["c", None, 0], "one of 'a', 'b'"),
        (choice(None, "a", 1), [None, "a", 1], [True, 1.0, "b"], "one of None, 'a', 1"),
        (choice(False, "a"), [False, "a"], [0, True], "one of False, 'a'"),
        (function(np.exp), [np.exp, len], [int, "exp"], "a function"),
        (array(None), [None, [1, 2], (1.0,), np.eye(2), [[1], [2]], [True]],
         [1.0, "ab", ["a"], [[1], [1, 2]], [np.nan], {}], "an array of numbers or None"),
        (array(at_least=0), [[0, 1]], [[0, -1]], "an array of numbers ≥ 0"),
        (mapping({}), [{}, {0: 1.0}], [None, [1], "balanced"], "a dict"),
        (part(None), [None, RIDGE], [models.Ridge, 1, "ridge"], "an estimator with fit or None"),
        (part(needs="fit transform"), [models.StandardScaler()], [RIDGE],
         "an estimator with fit and transform"),
        (named_parts(), [[("a", RIDGE)], (("a", RIDGE), ["b", RIDGE])],
         [[], RIDGE, [RIDGE], [("a", 1)], [("a", RIDGE), ("a", RIDGE)], [("a__b", RIDGE)], [(1, RIDGE)]],
         "a list of pairs (name, estimator), all names different"),
        (seed(), [None, 0, 7, np.int64(3), np.random.default_rng(0)], [-1, 1.0, True, "1"],
         "an integer ≥ 0, a generator of NumPy or None"),
        (anything(1), [object(), None, "x"], [], "anything"),
        (integer(at_least=1) | number(above=0, below=1), [3, 0.5], [0, 1.5, None],
         "an integer ≥ 1 or a number > 0 and < 1"),
        (choice("sqrt", "log2") | integer(at_least=1), ["sqrt", 3], [0, "no", None],
         "one of 'sqrt', 'log2' or an integer ≥ 1"),
    ],
)  # fmt: skip
def test_what_each_kind_allows(parameter, allowed, refused, words):
    assert all(parameter.allows(value) for value in allowed)
    assert not any(parameter.allows(value) for value in refused)
    assert parameter.range() == words


def test_of_several_ranges_the_first_gives_the_default():
    assert (choice("sqrt") | integer(2)).default == "sqrt"
    assert (integer(2) | choice("sqrt", doc="how many")).doc == "how many"


class Parent(Estimator):
    """A model."""

    depth: int = integer(3, at_least=1, doc="of the tree")
    rate: float = positive(0.1)
    weights_: np.ndarray = learned("(features,)")

    def _fit(self, X):
        self.weights_ = np.zeros(self.depth)


class Child(Parent):
    size: int = integer(2)
    rate = 0.5
    more_: int = learned("a number")


class Needy(Estimator):
    first: object = part()
    second: int = integer()
    third: int = integer(1)

    def _fit(self, X):
        pass


def test_signatures():
    assert str(inspect.signature(Parent)) == "(depth: int = 3, *, rate: float = 0.1)"
    assert str(inspect.signature(Child)) == "(size: int = 2, *, rate: float = 0.5, depth: int = 3)"
    assert str(inspect.signature(Needy)) == "(first: object, second: int, *, third: int = 1)"
    assert Parent().rate == 0.1 and Child().rate == 0.5  # a plain value is a new default
    assert Child.__init__.__qualname__ == "Child.__init__"


def test_arguments_are_stored_unchanged():
    value = [1, 2]
    model = Child(value, rate="no number")
    assert model.size is value and model.rate == "no number" and model.depth == 3
    assert Needy(RIDGE, second=2).get_params(deep=False) == {
        "first": RIDGE,
        "second": 2,
        "third": 1,
    }


@pytest.mark.parametrize(
    "wrong, message",
    [
        (lambda: Child(dept=1), r"Child has no argument 'dept'.\s.*\s.*Try: size, rate, depth"),
        (lambda: Child(1, 2), r"Child takes size by position, the other parameters by name; got 2"),
        (lambda: Child(1, size=2), "Child got size twice"),
        (
            lambda: Needy(),
            r"Needy needs first: an estimator with fit.\s.*\s.*Try: Needy\(first, second\)",
        ),
        (lambda: Needy(RIDGE), "Needy needs second: an integer"),
    ],
)
def test_wrong_arguments(wrong, message):
    with pytest.raises(TypeError, match=message):
        wrong()


def test_the_docstring_lists_parameters_and_what_is_learned():
    assert Parent.__doc__ == (
        "A model.\n\n"
        "Parameters:\n"
        "    depth=3: an integer ≥ 1; of the tree\n"
        "    rate=0.1: a number > 0\n\n"
        "Learned by fit:\n"
        "    weights_: (features,)\n"
        "    n_features_in_: number of columns of X\n"
        "    feature_names_in_: names of the columns, if X was a data frame"
    )
    assert Child.__doc__.startswith("Parameters:\n    size=2: an integer\n    rate=0.5: ")
    assert "    more_: a number\n    weights_: (features,)\n" in Child.__doc__
    assert repr(Parent.depth) == "depth=3: an integer ≥ 1; of the tree"
    assert repr(Parent.weights_) == "weights_, learned by fit: (features,)"


def test_a_value_out_of_range_is_told_with_a_hint():
    with pytest.raises(ValueError) as error:
        models.KMeans(2.0).fit(np.ones((3, 2)))
    said = str(error.value).split("\n")
    assert (
        said[0] == "The 'n_clusters' parameter of KMeans must be an integer ≥ 1. Got 2.0 instead."
    )
    assert said[1].startswith("  at test_parameters.py:")
    assert said[2] == "  Try: KMeans(n_clusters=8)"
    with pytest.raises(TypeError, match=r"Try: KMeans\(init='k-means\+\+'\)"):
        models.KMeans(init="kmeans++").fit(np.ones((3, 2)))
    with pytest.raises(ValueError, match=r"Try: LogisticRegression\(solver='newton-cg'\)"):
        models.LogisticRegression(solver="newton-gc").fit(np.ones((3, 2)), [0, 1, 0])
    with pytest.raises(ValueError, match=r"Try: LogisticRegression\(penalty=None\)"):
        models.LogisticRegression(penalty="none").fit(np.ones((3, 2)), [0, 1, 0])


def test_reading_what_is_not_learned_yet():
    model = Parent()
    with pytest.raises(
        models.foundation.NotFittedError,
        match="this Parent is not fitted yet, so it has no weights_",
    ):
        model.weights_  # noqa: B018
    assert not hasattr(model, "weights_") and hasattr(model.fit([[1.0]]), "weights_")
    with pytest.raises(AttributeError, match="this Child has no more_: with its parameters"):
        Child().fit([[1.0]]).more_  # noqa: B018


# ---- get_params, set_params, repr -----------------------------------------------------------------


class Outer(Estimator):
    inner: object = part(None)
    size: int = integer(1)
    steps: list = named_parts(None)

    def _fit(self, X):
        pass


def test_repr_shows_what_differs_from_the_defaults():
    assert repr(models.LogisticRegression()) == "LogisticRegression()"
    changed = models.LogisticRegression(10.0, solver="newton", tol=1e-4)
    assert repr(changed) == "LogisticRegression(C=10.0, solver='newton')"
    assert repr(Outer(models.KMeans(3))) == "Outer(inner=KMeans(n_clusters=3))"
    assert len(repr(models.KMeans(init=np.zeros((100, 100))))) < 100


def test_parameters_of_parts():
    outer = Outer(models.KMeans(3))
    assert outer.get_params()["inner__n_clusters"] == 3
    assert "inner__n_clusters" not in outer.get_params(deep=False)
    assert outer.set_params(inner__n_clusters=5, size=2) is outer
    assert (outer.inner.n_clusters, outer.size) == (5, 2)
    new = models.Ridge()
    outer.set_params(inner__alpha=3.0, inner=new)  # the part is replaced first
    assert outer.inner is new and new.alpha == 3.0


def test_parameters_of_named_parts_ours_and_scikit_learns():
    linear_model = pytest.importorskip("sklearn.linear_model")
    theirs = linear_model.Ridge(alpha=2.0)
    outer = Outer(steps=[("a", models.Ridge()), ("b", theirs)])
    assert outer.get_params()["b__alpha"] == 2.0 and outer.get_params()["b"] is theirs
    outer.set_params(a__alpha=5.0, b__alpha=6.0)
    assert (outer.steps[0][1].alpha, theirs.alpha) == (5.0, 6.0)
    other = models.LinearRegression()
    outer.set_params(a=other)
    assert outer.steps == [("a", other), ("b", theirs)]


def test_unknown_parameters_name_those_there_are_and_change_nothing():
    model = models.KMeans()
    message = r"Invalid parameter 'cluster' for estimator KMeans. Valid .* n_clusters, [\s\S]*Try: n_clusters"
    with pytest.raises(ValueError, match=message):
        model.set_params(n_clusters=2, cluster=3)
    assert model.n_clusters == 8
    with pytest.raises(ValueError, match="Invalid parameter 'alpa' for estimator Ridge"):
        Outer(models.Ridge()).set_params(inner__alpa=1)
    with pytest.raises(ValueError, match="Invalid parameter 'size__x'"):
        Outer().set_params(size__x=1)


def test_a_property_removes_an_inherited_parameter():
    class Rounds(Estimator):
        max_iter: int = integer(100)

    class Renamed(Rounds):
        n_iter: int = integer(10)
        max_iter = property(lambda self: self.n_iter)

    class Child(Renamed):
        pass

    assert Child(n_iter=3).get_params() == {"n_iter": 3} and Child(n_iter=3).max_iter == 3
    with pytest.raises(TypeError, match="max_iter"):
        Child(max_iter=3)


def test_there_is_always_something_to_try():
    with pytest.raises(ValueError, match=r"Try: one of these names"):
        models.Ridge().set_params(bogus=1)
    with pytest.raises(ValueError, match=r"Try: Pipeline\(steps=\.\.\.\)"):
        models.Pipeline([]).fit([[1.0]], [1])
