"""Pictures by scikit-learn's names: with the same arguments they show the same numbers."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")

import matplotlib
import models.calibration
import models.model_selection
import models.tree
import sklearn.calibration
import sklearn.inspection
import sklearn.metrics
import sklearn.model_selection
from matplotlib.figure import Figure
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

import models.inspection
import models.metrics
from models import (
    DecisionTreeClassifier,
    GaussianNB,
    GradientBoostingRegressor,
    KMeans,
    LinearSVC,
    LogisticRegression,
    Ridge,
)
from models.selection import cross_validate

matplotlib.use("Agg")

X, y = load_breast_cancer(return_X_y=True)
X = X[:, :5]
IRIS, SPECIES = load_iris(return_X_y=True)
PLANE = IRIS[:, :2]
TABLE, TARGET = load_diabetes(return_X_y=True)
BAYES = GaussianNB().fit(X, y)
NAMED = GaussianNB().fit(X, np.array(["bad", "good"])[y])


def axes(**size):
    return Figure(**size).subplots()


def both(module, name):
    return tuple(getattr(getattr(root, module), name) for root in (models, sklearn))


def pair(module, display, how, *data, ax=True, **settings):
    """The displays of ours and of scikit-learn, drawn."""
    return [
        getattr(kind, how)(*data, **settings, **({"ax": axes()} if ax else {}))
        for kind in both(module, display)
    ]


def assert_same(ours, theirs, *names):
    for name in names:
        np.testing.assert_allclose(
            getattr(ours, name), getattr(theirs, name), rtol=1e-12, err_msg=name
        )


def texts(display):
    ax = display.ax_
    legend = ax.get_legend()
    words = [text.get_text() for text in legend.get_texts()] if legend else []
    return ax.get_xlabel(), ax.get_ylabel(), words


CURVES = [
    ("RocCurveDisplay", ("fpr", "tpr", "roc_auc")),
    (
        "PrecisionRecallDisplay",
        ("precision", "recall", "average_precision", "prevalence_pos_label"),
    ),
    ("DetCurveDisplay", ("fpr", "fnr")),
]


@pytest.mark.parametrize("name, numbers", CURVES)
def test_curves_of_two_classes(name, numbers):
    score = BAYES.predict_proba(X)[:, 1]
    weight = np.arange(len(y)) % 3 + 1.0
    settings = [{}, {"sample_weight": weight, "name": "mine"}, {"drop_intermediate": True}]
    for more in settings:
        ours, theirs = pair("metrics", name, "from_predictions", y, score, **more)
        assert_same(ours, theirs, *numbers)
        assert texts(ours) == texts(theirs)
        for axis in ("get_xdata", "get_ydata"):
            np.testing.assert_allclose(
                getattr(ours.line_, axis)(), getattr(theirs.line_, axis)(), rtol=1e-9
            )
    for estimator, labels in ((BAYES, y), (LinearSVC(tol=1e-3).fit(X, y), y)):
        ours, theirs = pair("metrics", name, "from_estimator", estimator, X, labels)
        assert_same(ours, theirs, *numbers)
        assert texts(ours) == texts(theirs)
    labels = np.array(["bad", "good"])[y]
    for label in (None, "bad"):
        ours, theirs = pair("metrics", name, "from_estimator", NAMED, X, labels, pos_label=label)
        assert_same(ours, theirs, *numbers)
        assert texts(ours) == texts(theirs)
    assert ours.figure_ is ours.ax_.figure


@pytest.mark.parametrize("name, numbers", CURVES[:2])
def test_curves_of_the_splits_and_of_chance(name, numbers):
    score = BAYES.predict_proba(X)[:, 1]
    look = {"plot_chance_level": True, "despine": True, "curve_kwargs": {"color": "green"}}
    ours, theirs = pair("metrics", name, "from_predictions", y, score, **look)
    assert texts(ours) == texts(theirs) and ours.line_.get_color() == "green"
    level = [line.get_ydata() for line in (ours.chance_level_, theirs.chance_level_)]
    np.testing.assert_allclose(*level)
    found = cross_validate(
        LogisticRegression(tol=1e-3), X, y, cv=3, return_estimator=True, return_indices=True
    )
    kind, other = both("metrics", name)
    named = {"name": ["a", "b", "c"], "curve_kwargs": [{"color": c} for c in "rgb"]}
    ours = kind.from_cv_results(found, X, y, ax=axes(), **named)
    theirs = other.from_cv_results(found, X, y, ax=axes(), drop_intermediate=True, **named)
    for number in numbers[:3]:
        for a, b in zip(getattr(ours, number), getattr(theirs, number), strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-12)
    assert len(ours.line_) == 3 and texts(ours)[2] == texts(theirs)[2]
    mean = [k.from_cv_results(found, X, y, ax=axes(), name="all") for k in (kind, other)]
    assert texts(mean[0])[2] == texts(mean[1])[2]
    with pytest.raises(ValueError, match="required keys"):
        kind.from_cv_results({}, X, y)


def test_curves_of_other_estimators_are_refused():
    from models.metrics import RocCurveDisplay

    with pytest.raises(ValueError, match="classifier of 3 classes"):
        RocCurveDisplay.from_estimator(GaussianNB().fit(IRIS, SPECIES), IRIS, SPECIES)
    with pytest.raises(ValueError, match="Ridge is no classifier"):
        RocCurveDisplay.from_estimator(Ridge().fit(X, y), X, y)


def test_confusion_matrix():
    predicted = np.where(np.arange(150) % 7, SPECIES, 0)
    names = ["setosa", "versicolor", "virginica"]
    for settings in (
        {},
        {"display_labels": names},
        {"normalize": "true"},
        {"labels": [2, 1]},
        {"cmap": "Blues"},
        {"values_format": ".1f", "include_values": True},
    ):
        ours, theirs = pair(
            "metrics", "ConfusionMatrixDisplay", "from_predictions", SPECIES, predicted, **settings
        )
        assert_same(ours, theirs, "confusion_matrix")
        assert texts(ours) == texts(theirs)
        ticks = [[t.get_text() for t in one.ax_.get_xticklabels()] for one in (ours, theirs)]
        assert ticks[0] == ticks[1]
        said = {tuple(map(round, t.get_position())): t.get_text() for t in ours.ax_.texts}
        for (i, j), text in np.ndenumerate(theirs.text_):
            if theirs.confusion_matrix[i, j]:
                assert said[j, i] == text.get_text()
    model = DecisionTreeClassifier(max_depth=1).fit(IRIS, SPECIES)
    ours, theirs = pair("metrics", "ConfusionMatrixDisplay", "from_estimator", model, IRIS, SPECIES)
    assert_same(ours, theirs, "confusion_matrix")
    look = {"include_values": False, "xticks_rotation": "vertical", "ax": axes()}
    bare = models.metrics.ConfusionMatrixDisplay(ours.confusion_matrix).plot(**look)
    assert not bare.ax_.texts


def test_calibration():
    p = BAYES.predict_proba(X)[:, 1]
    for settings in (
        {},
        {"n_bins": 8, "strategy": "quantile", "name": "mine"},
        {"ref_line": False},
    ):
        ours, theirs = pair(
            "calibration", "CalibrationDisplay", "from_predictions", y, p, **settings
        )
        assert_same(ours, theirs, "prob_true", "prob_pred", "y_prob")
        assert texts(ours) == texts(theirs)
    ours, theirs = pair("calibration", "CalibrationDisplay", "from_estimator", BAYES, X, y)
    assert_same(ours, theirs, "prob_true", "prob_pred")
    assert texts(ours) == texts(theirs)


def test_prediction_error():
    model = Ridge(alpha=0.1).fit(TABLE, TARGET)
    for settings in (
        {},
        {"kind": "actual_vs_predicted"},
        {"subsample": 50, "random_state": 0},
        {"subsample": 0.2, "random_state": 0},
    ):
        ours, theirs = pair(
            "metrics", "PredictionErrorDisplay", "from_estimator", model, TABLE, TARGET, **settings
        )
        assert_same(ours, theirs, "y_true", "y_pred")
        assert texts(ours)[:2] == texts(theirs)[:2]
        np.testing.assert_allclose(ours.scatter_.get_offsets(), theirs.scatter_.get_offsets())
        np.testing.assert_allclose(ours.line_.get_xydata(), theirs.line_.get_xydata())
    with pytest.raises(ValueError, match="`kind` must be one of"):
        ours.plot(kind="other")


def test_learning_curve():
    for settings in (
        {"scoring": "neg_mean_squared_error", "negate_score": True},
        {
            "scoring": "neg_mean_squared_error",
            "score_type": "test",
            "std_display_style": "errorbar",
        },
        {"std_display_style": None, "score_name": "R"},
    ):
        ours, theirs = pair(
            "model_selection", "LearningCurveDisplay", "from_estimator", Ridge(), TABLE, TARGET, cv=3,
            **settings,
        )  # fmt: skip
        assert_same(ours, theirs, "train_sizes", "train_scores", "test_scores")
        assert texts(ours) == texts(theirs)
        assert [len(ours.lines_ or ()), len(ours.fill_between_ or ()), len(ours.errorbar_ or ())] == [
            len(theirs.lines_ or ()), len(theirs.fill_between_ or ()), len(theirs.errorbar_ or ()),
        ]  # fmt: skip


def test_validation_curve():
    given = {"param_name": "alpha", "param_range": np.logspace(-3, 1, 5)}
    ours, theirs = pair(
        "model_selection", "ValidationCurveDisplay", "from_estimator", Ridge(), TABLE, TARGET, cv=3, **given
    )  # fmt: skip
    assert_same(ours, theirs, "train_scores", "test_scores", "param_range")
    assert (
        texts(ours) == texts(theirs) and ours.ax_.get_xscale() == theirs.ax_.get_xscale() == "log"
    )
    with pytest.raises(ValueError, match="score_type='none'"):
        ours.plot(score_type="none")


@pytest.mark.parametrize("method", ["contourf", "contour", "pcolormesh"])
def test_decision_boundary(method):
    three = LogisticRegression(tol=1e-3).fit(PLANE, SPECIES)
    names = DecisionTreeClassifier(max_depth=2).fit(PLANE, np.array(["a", "b", "c"])[SPECIES])
    clusters = KMeans(3, random_state=0).fit(PLANE)
    clusters.classes_ = None
    del clusters.classes_
    for model, settings in (
        (LogisticRegression(tol=1e-3).fit(PLANE, SPECIES > 0), {}),
        (three, {}),
        (three, {"class_of_interest": 2, "response_method": "predict_proba"}),
        (three, {"response_method": "predict", "eps": 0.3}),
        (names, {"response_method": "predict"}),
        (clusters, {"response_method": "predict"}),
        (Ridge().fit(PLANE, IRIS[:, 2]), {"grid_resolution": 20}),
    ):
        ours, theirs = pair(
            "inspection", "DecisionBoundaryDisplay", "from_estimator", model, PLANE, plot_method=method,
            **settings,
        )  # fmt: skip
        assert_same(ours, theirs, "xx0", "xx1", "response")
        assert ours.n_classes == theirs.n_classes and ours.surface_ is not None
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(PLANE, columns=["length", "width"])
    ours, theirs = pair(
        "inspection", "DecisionBoundaryDisplay", "from_estimator", three.fit(frame, SPECIES), frame
    )
    assert texts(ours) == texts(theirs)
    with pytest.raises(ValueError, match="n_features must be equal to 2. Got 4"):
        models.inspection.DecisionBoundaryDisplay.from_estimator(three, IRIS)


def test_partial_dependence():
    kind, other = both("inspection", "PartialDependenceDisplay")
    model = GradientBoostingRegressor(n_estimators=20, random_state=0).fit(TABLE[:, :4], TARGET)
    for settings in (
        {"features": [0, 2, (0, 2)], "grid_resolution": 8},
        {"features": [2], "kind": "both", "subsample": 20, "random_state": 0, "centered": True},
        {"features": [2, 3], "kind": ["individual", "average"], "n_cols": 1},
    ):
        ours = kind.from_estimator(model, TABLE[:, :4], ax=axes(), **settings)
        theirs = other.from_estimator(model, TABLE[:, :4], ax=axes(), method="brute", **settings)
        for a, b in zip(ours.pd_results, theirs.pd_results, strict=True):
            assert a.keys() & {"average", "individual"} == b.keys() & {"average", "individual"}
            for name in a.keys() & {"average", "individual"}:
                np.testing.assert_allclose(a[name], b[name], rtol=1e-10)
        assert ours.axes_.shape == theirs.axes_.shape
        for i, pair_ in enumerate(ours.features):
            axis, there = ours.axes_.flat[i], theirs.axes_.flat[i]
            if len(pair_) == 1:
                mine = np.sort([line.get_ydata()[-1] for line in axis.lines])
                assert len(mine) == len([line for line in there.lines if len(line.get_ydata()) > 2])
                assert axis.get_xlabel() == there.get_xlabel()
    three = GaussianNB().fit(IRIS, SPECIES)
    a, b = (k.from_estimator(three, IRIS, [0], target=2, ax=axes()) for k in (kind, other))
    np.testing.assert_allclose(
        a.lines_[0].get_ydata(), np.ravel(b.lines_)[0].get_ydata(), rtol=1e-10
    )
    with pytest.raises(ValueError, match="target must be specified for multi-class"):
        kind.from_estimator(three, IRIS, [0])


def test_plot_tree():
    model = DecisionTreeClassifier(max_depth=2).fit(IRIS, SPECIES)
    boxes = models.tree.plot_tree(
        model, filled=True, class_names=["a", "b", "c"], fontsize=7, ax=axes()
    )
    assert len(boxes) == model.tree_.node_count
    assert boxes[0].get_fontsize() == 7
    with pytest.raises(TypeError, match="unexpected keyword argument 'color'"):
        models.tree.plot_tree(model, color=1)


def test_where_the_names_are():
    assert "RocCurveDisplay" in models.offers.names("metrics")
    assert "plot_tree" in dir(models.tree)
    with pytest.raises(ImportError, match="RocCurveDisplay"):
        from models.metrics import RocCurvDisplay  # noqa: F401


def test_the_texts_of_a_confusion_matrix():
    counts = np.array([[1, 2], [3, 4]])
    drawn = models.metrics.ConfusionMatrixDisplay(counts).plot(values_format=".1f").text_
    assert [[text.get_text() for text in row] for row in drawn] == [["1.0", "2.0"], ["3.0", "4.0"]]
    assert models.metrics.ConfusionMatrixDisplay(counts).plot(include_values=False).text_ is None


@pytest.mark.filterwarnings("ignore:No positive samples")
def test_the_area_of_one_class_is_nan():
    drawn = models.metrics.RocCurveDisplay.from_predictions(0 * y, X[:, 0])
    assert np.isnan(drawn.roc_auc)


def test_refusals_in_words():
    line = Ridge().fit(TABLE, TARGET)
    plane = LogisticRegression().fit(X[:, :2], y)
    stump = DecisionTreeClassifier(max_depth=1).fit(X, y)
    for draw, words in [
        (
            lambda: models.metrics.ConfusionMatrixDisplay.from_estimator(line, TABLE, TARGET),
            "only supports classifiers",
        ),
        (
            lambda: models.inspection.DecisionBoundaryDisplay.from_estimator(
                plane, X[:, :2], grid_resolution=1
            ),
            "grid_resolution must be greater than 1",
        ),
        (
            lambda: models.inspection.PartialDependenceDisplay.from_estimator(
                line, TABLE, [(0, 2)], kind="individual"
            ),
            "have one map, the average",
        ),
        (
            lambda: models.tree.plot_tree(stump, class_names=["a"]),
            "class_names has 1 names, and the tree has 2 classes",
        ),
    ]:
        with pytest.raises(ValueError, match=words):
            draw()
