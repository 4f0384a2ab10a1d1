"""Trees in words, against scikit-learn's text and against the tree."""

import re

import numpy as np
import pytest

import models
from models.trees import export_text, rules

tree = pytest.importorskip("sklearn.tree")
datasets = pytest.importorskip("sklearn.datasets")

IRIS = datasets.load_iris()
DIABETES = datasets.load_diabetes()


@pytest.mark.parametrize("settings", [
    {}, {"decimals": 4, "spacing": 5}, {"max_depth": 1}, {"show_weights": True},
    {"feature_names": IRIS.feature_names, "class_names": list(IRIS.target_names)},
], ids=str)  # fmt: skip
def test_a_classifier_reads_as_in_scikit_learn(settings):
    w = np.random.default_rng(0).uniform(0.5, 2, 150)
    ours = models.DecisionTreeClassifier(max_depth=4).fit(IRIS.data, IRIS.target, w)
    theirs = tree.DecisionTreeClassifier(max_depth=4, random_state=0).fit(IRIS.data, IRIS.target, w)
    assert export_text(ours, **settings) == tree.export_text(theirs, **settings)


def test_a_regressor_reads_as_in_scikit_learn():
    for y in (DIABETES.target, np.stack([DIABETES.target, -DIABETES.target], axis=1)):
        ours = models.DecisionTreeRegressor(max_depth=3).fit(DIABETES.data, y)
        theirs = tree.DecisionTreeRegressor(max_depth=3, random_state=0).fit(DIABETES.data, y)
        assert export_text(ours) == tree.export_text(theirs)


def test_rules_hold_for_the_samples_of_their_leaf():
    X, y = IRIS.data, IRIS.target
    model = models.DecisionTreeClassifier(max_depth=4).fit(X, y)
    found = rules(model, decimals=9)
    assert len(found) == model.get_n_leaves()
    columns = {f"feature_{i}": X[:, i] for i in range(4)}
    covered = np.zeros(len(X), dtype=int)
    for rule in found:
        condition, label, size = re.fullmatch(
            r"if (.*): class: (\d) \((\d+) samples\)", rule
        ).groups()
        # "a < x <= b" compares arrays: a < x and x <= b
        condition = re.sub(r"(\S+) < (\w+) <=", r"\2 > \1 and \2 <=", condition)
        holds = np.all([eval(part, {}, columns) for part in condition.split(" and ")], axis=0)
        assert holds.sum() == int(size) and (model.predict(X[holds]) == int(label)).all()
        covered += holds
    assert (covered == 1).all()
    assert rules(models.DecisionTreeRegressor().fit([[0.0], [1.0]], [2.0, 2.0])) == [
        "always: value: [2.00] (2 samples)"
    ]


def test_what_is_wrong_is_said():
    model = models.DecisionTreeClassifier().fit(IRIS.data, IRIS.target)
    with pytest.raises(ValueError, match="feature_names must contain 4 elements, got 1"):
        export_text(model, feature_names=["a"])
    with pytest.raises(ValueError, match="class_names has 1 names, .* fitted with 3 classes"):
        export_text(model, class_names=["a"])
    several = models.DecisionTreeClassifier().fit(IRIS.data, np.stack([IRIS.target] * 2, axis=1))
    with pytest.raises(ValueError, match="several targets has no single class"):
        export_text(several)
    named = pytest.importorskip("pandas").DataFrame(IRIS.data, columns=["a", "b", "c", "d"])
    assert "|--- c <= " in export_text(model.fit(named, IRIS.target))
