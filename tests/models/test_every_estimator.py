"""Every estimator: scikit-learn's checks, its twin there, weights, frames, bad data, derivatives.

The estimators are those that `models` exports, the data their own `examples`: whoever adds an estimator adds
nothing here. What makes no sense for an estimator, its class lists with a reason in `does_not_apply`.
"""

import copy
import inspect
import pickle
import re
from functools import partial

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.base import clone, is_classifier, is_clusterer, is_outlier_detector, is_regressor

import models
from models.foundation import ConvergenceWarning, NotFittedError
from models.foundation.examples import example_for_checks
from models.foundation.fields import REQUIRED, Learned
from models.foundation.loss_model import LossModel
from tests.models.contract import (
    ANSWERS,
    answers,
    assert_clear,
    assert_same_answers,
    checks_of,
    learned,
    name_of,
)
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.twins.estimator_table import thorough
from tinygrad_edu.twins.scikit_learn import twin_of

pytestmark = [
    # Some of the data here fall apart into groups without neighbors in common.
    pytest.mark.filterwarnings("ignore:.*[Gg]raph is (not fully connected|[0-9]+ > 1)"),
    # Many tests transform the rows of fit, of which TargetEncoder warns.
    pytest.mark.filterwarnings("ignore:transform of the rows of fit shows each:UserWarning"),
]

EVERY = [getattr(models, name) for name in models.__all__]
EXAMPLES = [
    pytest.param(*example, id=f"{kind.__name__}-{i}")
    for kind in EVERY
    for i, example in enumerate(kind.examples(np.random.default_rng(0)))
]
every = pytest.mark.parametrize("kind", EVERY)
every_example = pytest.mark.parametrize("estimator, X, y", EXAMPLES)


@pytest.fixture(autouse=True)
def it_applies(request):
    """Skips what the class of the estimator says does not apply to it."""
    given = getattr(request.node, "callspec", None)
    given = {} if given is None else given.params
    estimator = given.get("estimator", given.get("kind"))
    name = name_of(given["check"]) if "check" in given else request.function.__name__
    reason = None if estimator is None else estimator.reason_against(name)
    reason = reason or reads_it(estimator, f"{name} {given.get('case', '')}")
    if reason:
        pytest.skip(f"{name}: {reason}")


# What is bad only for an estimator that computes with numbers, and with every one of them.
MISSING = re.compile(
    "_in_fit_and_after_it (NaN|None|masked values)$|_and_remedy pandas.NA|_in_a_frame_is_named|_nullable_"
)
WORDS = re.compile(
    "_in_fit_and_after_it (text|a dict|dates)|_and_remedy words|_in_a_frame_is_named"
)


def reads_it(estimator, test):
    """Why the data of a test are good for the estimator; None if they are bad."""
    if getattr(estimator, "allow_nan", False) is True and MISSING.search(test):
        return "it accepts missing values"
    if getattr(estimator, "reads", "numbers") == "categories" and WORDS.search(test):
        return "it accepts any values"
    if getattr(estimator, "several_targets", False) and test.endswith("_and_remedy one-hot"):
        return "it accepts several columns of labels"
    return None


# ---- scikit-learn's own checks -------------------------------------------------------------------

# Besides each estimator with its defaults.
VARIANTS = [
    models.DecisionTreeClassifier(criterion="entropy"),
    models.LogisticRegression(solver="newton"),
    models.Ridge(solver="newton"),
]


CHECKS = [
    pytest.param(estimator, check, id=f"{estimator}-{name_of(check)}-{i}")
    for estimator in [*map(example_for_checks, EVERY), *VARIANTS]
    for i, check in enumerate(checks_of(estimator))
]


@pytest.mark.parametrize("estimator, check", CHECKS)
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:X .* feature names:UserWarning")
@pytest.mark.filterwarnings("ignore:No features were selected:UserWarning")
@pytest.mark.filterwarnings("ignore:Bins whose width are too small:UserWarning")
def test_scikit_learns_own_checks(estimator, check):
    check(estimator)


def test_the_checks_are_many():
    """An empty list of checks would pass too."""
    assert len(CHECKS) > 55 * len(EVERY) > 0


@every
def test_what_does_not_apply_exists_and_has_a_reason(kind):
    """A check that was renamed, or a misspelled one, would not be skipped, or without need."""
    known = {name_of(check) for check in checks_of(example_for_checks(kind))}
    known |= {name for name in globals() if name.startswith("test_")} | {"check_*", "test_*", "*"}
    assert {*kind.does_not_apply} <= known
    assert all(" " in reason for reason in kind.does_not_apply.values())


@every
def test_scikit_learn_knows_what_kind_it_is(kind):
    kinds = {
        "classifier": is_classifier,
        "regressor": is_regressor,
        "clusterer": is_clusterer,
        "outlier_detector": is_outlier_detector,
    }
    expected = [kind.kind] if kind.kind in kinds else []
    assert [name for name, is_it in kinds.items() if is_it(example_for_checks(kind))] == expected


# ---- its twin ------------------------------------------------------------------------------------


@every_example
def test_its_twin_gives_the_same_answers(estimator, X, y):
    ours = thorough(estimator)
    theirs = twin_of(ours)
    if theirs is None:
        pytest.skip(f"scikit-learn has no {type(ours).__name__}")
    with np.errstate(divide="ignore"):  # their trees say log 0
        expected = answers(theirs.fit(X, y), X)
    found = answers(ours.fit(X, y), X)
    both = found.keys() & expected.keys()
    assert both
    tolerance = ours.twin_tolerance
    assert_same_answers({n: found[n] for n in both}, {n: expected[n] for n in both}, tolerance)


# ---- fit -----------------------------------------------------------------------------------------


@every_example
def test_weights_are_repetitions(estimator, X, y):
    if "sample_weight" not in inspect.signature(estimator.fit).parameters:
        pytest.skip("takes no weights")
    weight = np.random.default_rng(1).integers(0, 4, len(X))
    weight[:3] = 1  # KMeans starts there
    rows = np.repeat(np.arange(len(X)), weight)
    weighted = thorough(estimator).fit(X, y, sample_weight=weight)
    repeated = thorough(estimator).fit(X[rows], y[rows])
    assert_same_answers(answers(weighted, X), answers(repeated, X), 1e-6)
    same = thorough(estimator).fit(X, y, sample_weight=1.0)
    assert_same_answers(answers(same, X), answers(thorough(estimator).fit(X, y), X))


@every_example
def test_a_second_fit_is_as_fresh_as_the_first(estimator, X, y):
    model = clone(estimator).fit(X[:40] + 1.0, None if y is None else y[:40])
    vars(model)["forgotten_"] = 1
    again, first = model.fit(X, y), clone(estimator).fit(X, y)
    assert learned(again).keys() == learned(first).keys()
    assert_same_answers(answers(again, X), answers(first, X), 0)


@every_example
def test_a_fit_that_fails_changes_nothing(estimator, X, y):
    fitted = clone(estimator).fit(X, y)
    before = pickle.dumps(vars(fitted))
    wrongs = [lambda: fitted.fit(np.full(X.shape, np.inf), y), lambda: fitted.fit(X[:0], y[:0])]
    if estimator.reads != "categories":
        wrongs.append(lambda: fitted.fit(np.array([["a"] * 4] * len(X)), y))
    for wrong in wrongs:
        with pytest.raises(ValueError):
            wrong()
        assert pickle.dumps(vars(fitted)) == before


@every_example
def test_what_is_learned_is_declared(estimator, X, y):
    kind, model = type(estimator), clone(estimator).fit(X, y)
    for name in learned(model):
        if not name.startswith("_"):
            assert isinstance(getattr(kind, name, None), Learned), name
            assert f"    {name}: " in kind.__doc__
    assert not model.get_params().keys() & learned(model).keys()


@every_example
def test_pickle_copy_and_clone(estimator, X, y):
    fitted = clone(estimator).fit(X, y)
    for again in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        assert learned(again).keys() == learned(fitted).keys()
        assert_same_answers(answers(again, X), answers(fitted, X), 0)
    made = models.foundation.clone(fitted)
    assert type(made) is type(fitted) and repr(made) == repr(fitted) and not learned(made)


@every_example
def test_an_answer_before_fit_is_an_error_that_says_what_to_do(estimator, X, y):
    if not estimator.requires_fit:
        pytest.skip("answers before fit")
    model = clone(estimator)
    methods = [*ANSWERS, "score", "apply", "get_depth", "get_feature_names_out"]
    for name in filter(partial(hasattr, model), methods):
        arguments = {"get_depth": (), "get_feature_names_out": (), "score": (X, y)}.get(name, (X,))
        with pytest.raises(NotFittedError) as error:
            getattr(model, name)(*arguments)
        assert f"this {type(model).__name__} is not fitted yet" in str(error.value)
        assert f"Try: {type(model).__name__}(...).fit(X" in str(error.value)


# ---- parameters ----------------------------------------------------------------------------------

VALUES = [
    None, -1, 0, 0.5, 3, 1e9, -np.inf, np.nan, np.inf, True, "no such word", object(), int, [], {}, [1, 2],
    np.array([-1.0]), lambda x: x,
]  # fmt: skip


@every_example
def test_parameters_out_of_range_are_refused_by_fit_and_only_there(estimator, X, y):
    kind = type(estimator)
    for name, parameter in kind._parameters.items():
        for value in VALUES:
            if parameter.allows(value):
                continue
            model = clone(estimator).set_params(**{name: value})
            assert model.get_params(deep=False)[name] is value
            with pytest.raises((ValueError, TypeError)) as error:
                model.fit(X, y)
            said = str(error.value)
            expected = (
                f"The {name!r} parameter of {kind.__name__} must be {parameter.range()}. Got "
            )
            assert said.startswith(expected) and "test_every_estimator.py:" in said
            assert not learned(model)


@every
def test_every_parameter_refuses_something_and_is_documented(kind):
    for name, parameter in kind._parameters.items():
        assert not all(map(parameter.allows, VALUES)), name
        assert parameter.default is REQUIRED or parameter.allows(parameter.default)
        assert re.search(rf"^    {name}\b", kind.__doc__, re.M), name
        assert parameter.doc, name
    expected = {name: p.default for name, p in kind._parameters.items()}
    signature = inspect.signature(kind).parameters
    assert {name: p.default for name, p in signature.items()} == expected


# ---- bad data ------------------------------------------------------------------------------------


def poisoned(X, value):
    X = X.copy()
    X[7, 1] = value
    return X


def constant_column(X):
    return np.column_stack([X[:, :-1], np.full(len(X), 7.0)])


# Data that are unusual but good: an answer is finite, or there is one clear error.
UNUSUAL = {
    "a constant column": lambda X, y: (constant_column(X), y),
    "nothing but constants": lambda X, y: (np.full_like(X, 3.0), y),
    "one sample": lambda X, y: (X[:1], y[:1]),
    "two samples": lambda X, y: (X[:2], y[:2]),
    "fewer rows than columns": lambda X, y: (X[:3], y[:3]),
    "a copied column": lambda X, y: (np.column_stack([X[:, :-1], X[:, 0]]), y),
    "equal rows": lambda X, y: (np.repeat(X[:6], 10, axis=0), y),
    "huge": lambda X, y: (X * 1e150, y),
    "tiny": lambda X, y: (X * 1e-150, y),
    "huge beside tiny": lambda X, y: (X * [1e150, 1e-150, 1, 1], y),
    "far from the origin": lambda X, y: (X + 1e8, y),
    "one class or target": lambda X, y: (X, np.full_like(y, y[0])),
    "whole numbers": lambda X, y: (np.round(X).astype(int), y),
    "booleans": lambda X, y: (X > 0, y),
    "float32": lambda X, y: (X.astype(np.float32), y),
    "words that are numbers": lambda X, y: (X.astype(str), y),
    "lists": lambda X, y: (X.tolist(), y.tolist()),
    "objects": lambda X, y: (X.astype(object), y.astype(object)),
    "columns in Fortran's order": lambda X, y: (np.asfortranarray(X), y),
    "every other row": lambda X, y: (np.repeat(X, 2, axis=0)[::2], np.repeat(y, 2, axis=0)[::2]),
}


@pytest.mark.parametrize("case", UNUSUAL)
@every_example
@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore::models.foundation.ConvergenceWarning")
@pytest.mark.filterwarnings("ignore:No features were selected:UserWarning")
@pytest.mark.filterwarnings("ignore:Feature . is constant and will be replaced with 0:UserWarning")
@pytest.mark.filterwarnings("ignore:Bins whose width are too small:UserWarning")
def test_unusual_data_give_a_finite_answer_or_one_clear_error(estimator, X, y, case):
    X, y = UNUSUAL[case](X, y)
    model = clone(estimator)
    if "max_iter" in model.get_params():
        model.set_params(max_iter=20)
    try:
        model.fit(X, y)
    except ValueError as error:
        assert_clear(error)
        return
    for name, values in {**answers(model, X), **learned(model)}.items():
        if isinstance(values, (float, np.ndarray)) and name != "predict_log_proba":
            values = np.asarray(values)
            assert values.dtype.kind != "f" or np.isfinite(values).all(), name


# Bad data -> what the error says.
BAD = {
    "NaN": (lambda X, y: (poisoned(X, np.nan), y), r"1 of its 240 .*first \(nan\) in row 7, column 1"),
    "infinity": (lambda X, y: (poisoned(X, -np.inf), y), r"the first \(-inf\) in row 7, column 1"),
    "None": (lambda X, y: (poisoned(X.astype(object), None), y), r"the first \(nan\) in row 7, column 1"),
    "text": (lambda X, y: (poisoned(X.astype(object), "red"), y), "X has 'red' in row 7, column 1"),
    "a dict": (lambda X, y: (poisoned(X.astype(object), {}), y), "must be a string or a real number"),
    "dates": (lambda X, y: (np.full(X.shape, np.datetime64("2020-01-01")), y), "dates"),
    "complex": (lambda X, y: (X + 1j, y), "Complex data not supported"),
    "one axis": (lambda X, y: (X[:, 0], y.reshape(60, -1)[:, 0]), r"got shape \(60,\)\. Reshape your data"),
    "three axes": (lambda X, y: (X[:, None], y), r"got shape \(60, 1, 4\).*\s.*\s.*reshape\(len\(X\), -1"),
    "a number": (lambda X, y: (3.0, y), r"got shape \(\)"),
    "masked values": (lambda X, y: (np.ma.masked_equal(X, X[7, 1]), y), r"\(nan\) in row 7, column 1"),
    "None as X": (lambda X, y: (None, y), r"got shape \(\)"),
    "rows of different lengths": (lambda X, y: ([[1.0], [1.0, 2.0]], y[:2]), "X is not a table"),
    "no rows": (lambda X, y: (X[:0], y[:0]), r"0 sample\(s\) \(shape=\(0, 4\)\) while a minimum of 1 is req"),
    "no columns": (lambda X, y: (X[:, :0], y), r"0 feature\(s\) \(shape=\(60, 0\)\) while a minimum"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
@every_example
def test_bad_data_are_refused_in_fit_and_after_it(estimator, X, y, case):
    make, message = BAD[case]
    bad, bad_y = make(X, y)
    with pytest.raises((ValueError, TypeError), match=message) as error:
        clone(estimator).fit(bad, bad_y)
    assert_clear(error.value)
    model = clone(estimator).fit(X, y)
    before = pickle.dumps(vars(model))
    for name in ANSWERS:
        if hasattr(model, name):
            with pytest.raises((ValueError, TypeError), match=message) as error:
                getattr(model, name)(bad)
            assert_clear(error.value)
    assert pickle.dumps(vars(model)) == before


@every_example
def test_another_number_of_columns(estimator, X, y):
    model = clone(estimator).fit(X, y)
    message = f"X has 3 features, but {type(model).__name__} is expecting 4 features as input"
    for name in ANSWERS:
        if hasattr(model, name):
            with pytest.raises(ValueError, match=message) as error:
                getattr(model, name)(X[:, :3])
            assert_clear(error.value)


@every_example
def test_sparse_data_are_refused_by_name_or_accepted(estimator, X, y):
    sparse = pytest.importorskip("scipy.sparse")
    table = sparse.csr_array(X)
    if estimator.accepts_sparse:
        model = clone(estimator).fit(table, y)
        expected = answers(clone(estimator).fit(X, y), X)
        assert_same_answers(answers(model, table), expected)
        return
    name = type(estimator).__name__
    message = (
        rf"(?s)not supported by {name}: .* of shape \(60, 4\).*X\.toarray\(\), which needs 1\.92 kB"
    )
    with pytest.raises(TypeError, match=message) as error:
        clone(estimator).fit(table, y)
    assert_clear(error.value)


SUPERVISED = [p for p in EXAMPLES if p.values[0]._is_supervised()]
supervised = pytest.mark.parametrize("estimator, X, y", SUPERVISED)

BAD_TARGETS = {
    "too few": (lambda y: y[:-1], r"numbers of samples: \[60, 59\]\. X has 60 samples and y has 59"),
    "None": (lambda y: None, "requires y to be passed, but the target y is None"),
    "three axes": (lambda y: np.zeros((60, 2, 2)), r"y should be a 1d array.*\(60, 2, 2\)"),
    "complex": (lambda y: np.arange(60) + 1j, "Complex data not supported"),
    "NaN": (lambda y: poisoned(np.zeros((60, 2)), np.nan)[:, 1], "Input y contains NaN.*in row 7"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD_TARGETS)
@supervised
def test_bad_targets(estimator, X, y, case):
    make, message = BAD_TARGETS[case]
    with pytest.raises(ValueError, match=message) as error:
        clone(estimator).fit(X, make(y))
    assert_clear(error.value)


@supervised
def test_x_and_y_swapped(estimator, X, y):
    model = clone(estimator).fit(X, y)
    y = y.reshape(60, -1)[:, 0]
    columns = {"60,": [y, y.tolist()], "60, 1": [] if estimator.several_targets else [y[:, None]]}
    for method in (clone(estimator).fit, getattr(model, "score", clone(estimator).fit)):
        for shape, given in columns.items():
            message = (
                rf"X and y look swapped: .* got X of shape \({shape}\) and y of shape \(60, 4\)"
            )
            for column in given:
                with pytest.raises(ValueError, match=message) as error:
                    method(column, X)
                assert_clear(error.value)


def test_one_feature_and_several_targets_are_not_swapped():
    X = np.arange(6.0).reshape(6, 1)
    assert models.LinearRegression().fit(X, np.hstack([X, 2 * X])).coef_.shape == (2, 1)


def with_labels(y, value, dtype=object):
    """A pandas Series with the labels of LABELS, and a value in row 'case 7'."""
    series = pytest.importorskip("pandas").Series(y, index=LABELS, dtype=object)
    series.iloc[7] = value
    return series.astype(dtype)


def missing():
    return pytest.importorskip("pandas").NA


def with_missing(X):
    table = frame("pandas", X).astype("Float64")
    table.iloc[7, 1] = missing()
    return table


# Mistakes in X or y -> what the error says, by the kind of estimator that must notice them. X and y are
# floats; a classifier's y are 0, 1 and 2.
MISTAKES = {
    "regressor": {
        "text": (lambda X, y: (X, ["tall", "short"] * 30), r"y has 'tall' in row 0\..*a classifier, if y"),
        "a word": (lambda X, y: (X, with_labels(y, "tall")), "y has 'tall' in row 'case 7'"),
        "NaN": (lambda X, y: (X, with_labels(y, np.nan, float)), r"\(nan\) in row 'case 7'.*y\.dropna"),
        "pandas.NA": (lambda X, y: (X, with_labels(np.round(y), missing(), "Int64")), "row 'case 7'"),
    },
    "classifier": {
        "None": (lambda X, y: (X, with_labels(y.astype(str), None)), r"\(None\) in row 'case 7'.*y\.notna"),
        "NaN": (lambda X, y: (X, with_labels(y.astype(str), np.nan)), r"\(nan\) in row 'case 7'"),
        "pandas.NA": (lambda X, y: (X, with_labels(y.astype(str), missing(), "string")), "'case 7'"),
        "measurements": (lambda X, y: (X, with_labels(y, 0.5, float)), r"has 0\.5 in row 'case 7'.*a regr"),
        "one-hot": (lambda X, y: (X, np.eye(3)[y.astype(int)]), r"shape \(60, 3\).*y\.argmax\(axis=1\)"),
    },
    None: {
        "a path": (lambda X, y: ("data.csv", y), r"got shape \(\).*read_csv"),
        "a dict": (lambda X, y: ({"a": X[:, 0]}, y), r"got shape \(\).*pandas\.DataFrame\(X\)"),
        "a generator": (lambda X, y: ((row for row in X), y), r"got shape \(\).*list\(X\)"),
        "pandas.NA": (
            lambda X, y: (with_missing(X), y),
            r"1 of its 240 values.* in row 'case 7', column 'width'.*X\.dropna",
        ),
        "words": (
            lambda X, y: (frame("pandas", X).assign(width="red"), y),
            "'red' in row 'case 0', column 'width'.*pandas.get_dummies",
        ),
    },
}  # fmt: skip


@pytest.mark.parametrize(
    "kind, case", [(kind, case) for kind, cases in MISTAKES.items() for case in cases]
)
@every_example
def test_mistakes_are_named_with_row_column_and_remedy(estimator, X, y, kind, case):
    if kind not in (None, estimator.kind):
        pytest.skip(f"not a {kind}")
    y = np.arange(60.0) % 3 if estimator.kind == "classifier" else y.reshape(60, -1)[:, 0]
    make, message = MISTAKES[kind][case]
    with pytest.raises((ValueError, TypeError), match=f"(?s){message}") as error:
        clone(estimator).fit(*make(X, y))
    assert_clear(error.value)


@every_example
def test_more_groups_or_neighbors_than_samples(estimator, X, y):
    names = [
        n for n in estimator.get_params() if n in ("n_clusters", "n_neighbors", "n_components")
    ]
    if not names or estimator.overcomplete:
        pytest.skip("has no such number, or no such limit")
    model = clone(estimator).set_params(**{names[0]: 61})
    model.set_params(**{"init": "random"} if "init" in model.get_params() else {})
    with pytest.raises(ValueError, match=rf"(?s)60.*{names[0]}=61|{names[0]}=61.*60") as error:
        model.fit(X, y)
    assert_clear(error.value)


@supervised
def test_a_single_class_is_named_or_learned(estimator, X, y):
    if estimator.kind != "classifier":
        pytest.skip("has no classes")
    model = clone(estimator)
    if estimator.one_class:
        assert {*model.fit(X, ["yes"] * 60).predict(X)} == {"yes"}
        return
    with pytest.raises(ValueError, match="got one class only: 'yes'") as error:
        model.fit(X, ["yes"] * 60)
    assert_clear(error.value)


@supervised
def test_a_score_of_labels_that_fit_never_saw_warns(estimator, X, y):
    if estimator.kind != "classifier":
        pytest.skip("has no classes")
    model = clone(estimator).fit(X, y)
    with pytest.warns(UserWarning, match="no label of y, such as 'never', is one of the classes"):
        assert model.score(X, ["never"] * 60) == 0


@every
def test_a_misspelled_argument_is_answered_with_the_right_one(kind):
    for name in kind._parameters:
        with pytest.raises(TypeError, match=f"no argument '{name}s'") as error:
            kind(**{f"{name}s": 1})
        assert_clear(error.value)
        suggested = str(error.value).rpartition("Try: ")[2].split(", ")
        assert name in suggested and len(suggested) <= 3


@every_example
def test_a_method_that_it_lacks_is_answered_with_those_it_has(estimator, X, y):
    from models.foundation.conditional import Conditional

    lacking = [
        name
        for base in type(estimator).__mro__
        for name, method in vars(base).items()
        if isinstance(method, Conditional) and not hasattr(estimator, name)
    ]
    for name in lacking:
        with pytest.raises(
            AttributeError, match=f"this {type(estimator).__name__} has no {name}"
        ) as error:
            getattr(estimator, name)
        assert_clear(error.value)


@every_example
def test_bad_weights(estimator, X, y):
    if "sample_weight" not in inspect.signature(estimator.fit).parameters:
        pytest.skip("takes no weights")
    for weight, message in {
        "too few": (np.ones(59), r"one weight for each of the 60 samples, got shape \(59,\)"),
        "zero": (np.zeros(60), "every sample_weight is zero"),
        "negative": (-np.ones(60), "must not be negative: -1.0 in row 0"),
        "NaN": (np.full(60, np.nan), "Input sample_weight contains NaN"),
        "text": (["a"] * 60, "sample_weight must be numbers"),
    }.values():
        with pytest.raises(ValueError, match=message) as error:
            clone(estimator).fit(X, y, sample_weight=weight)
        assert_clear(error.value)


# ---- data frames ---------------------------------------------------------------------------------

NAMES = ["height", "width", "depth", "age"]
LABELS = [f"case {i}" for i in range(60)]


def frame(library, X, names=NAMES):
    if library == "pandas":
        return pytest.importorskip("pandas").DataFrame(X, columns=names, index=LABELS[: len(X)])
    return pytest.importorskip("polars").DataFrame(X, schema=names, orient="row")


@pytest.mark.parametrize("library", ["pandas", "polars"])
@every_example
def test_a_frame_is_an_array_with_names(estimator, X, y, library):
    plain = clone(estimator).fit(X, y)
    model = clone(estimator).fit(frame(library, X), y)
    assert list(model.feature_names_in_) == NAMES
    assert_same_answers(answers(model, frame(library, X)), answers(plain, X))
    assert not hasattr(model.fit(X, y), "feature_names_in_")


@pytest.mark.parametrize("library", ["pandas", "polars"])
@every_example
def test_other_columns_are_refused_by_name(estimator, X, y, library):
    model = clone(estimator).fit(frame(library, X), y)
    turned = frame(library, X, NAMES[::-1])
    renamed = frame(library, X, ["height", "breadth", "depth", "age"])
    for name in [n for n in ANSWERS if hasattr(model, n)]:
        with pytest.raises(ValueError, match="in the same order as they were in fit") as error:
            getattr(model, name)(turned)
        assert "Column 0 is 'age'; in fit it was 'height'." in str(error.value)
        with pytest.raises(
            ValueError, match="unseen at fit time:\n- breadth\n.*missing:\n- width\n"
        ):
            getattr(model, name)(renamed)
        with pytest.warns(UserWarning, match="X does not have valid feature names"):
            getattr(model, name)(X)
        assert_clear(error.value)


@pytest.mark.parametrize("library", ["pandas", "polars"])
@every_example
def test_what_is_wrong_in_a_frame_is_named_by_its_column(estimator, X, y, library):
    row = "'case 7'" if library == "pandas" else "7"
    with pytest.raises(ValueError, match=f"1 of its 240 values.*in row {row}, column 'width'"):
        clone(estimator).fit(frame(library, poisoned(X, np.nan)), y)
    words = dict(zip(NAMES, X.T.tolist(), strict=True)) | {"width": ["red"] * 60}
    if library == "pandas":
        table = pytest.importorskip("pandas").DataFrame(words, index=LABELS)
    else:
        table = pytest.importorskip("polars").DataFrame(words)
    row = "'case 0'" if library == "pandas" else "0"
    with pytest.raises(ValueError, match=f"X has 'red' in row {row}, column 'width'"):
        clone(estimator).fit(table, y)


@every_example
def test_nullable_columns_of_pandas(estimator, X, y):
    pandas = pytest.importorskip("pandas")
    table = frame("pandas", np.round(X)).astype("Int64")
    expected = answers(clone(estimator).fit(np.round(X), y), np.round(X))
    assert_same_answers(answers(clone(estimator).fit(table, y), table), expected)
    table.iloc[7, 1] = pandas.NA
    with pytest.raises(ValueError, match="in row 'case 7', column 'width'"):
        clone(estimator).fit(table, y)


# ---- models that are a loss ----------------------------------------------------------------------


LOSSES = [p for p in EXAMPLES if isinstance(p.values[0], LossModel)]
every_loss = pytest.mark.parametrize("estimator, X, y", LOSSES)


@every_loss
def test_the_derivatives_of_a_loss_to_order_two(estimator, X, y):
    model = clone(estimator)
    data = model._read(X[:20], y[:20], np.arange(1.0, 21.0))
    packing = model._packing(**data)
    rng = np.random.default_rng(0)
    point = packing.vector() + 0.3 * rng.normal(size=packing.vector().shape)
    report = gradcheck(lambda w: model.objective(**data, **packing.unpack(w)), point)
    assert report, report


@every_loss
def test_a_solver_that_did_not_arrive_says_so(estimator, X, y):
    solver = "proximal" if estimator.has_kinks else "cg"
    model = clone(estimator).set_params(solver=solver, max_iter=1, tol=1e-12)
    with pytest.warns(
        ConvergenceWarning, match=rf"stopped after 1 steps of '{solver}'.*raise max_"
    ):
        model.fit(X, y)
    assert model.n_iter_ == 1 and len(model.trace_) == 2
