"""Decision boundaries have the grid and the answers of scikit-learn's."""

import numpy as np
import pytest

import models.inspection
from models import DecisionTreeClassifier, KMeans, LogisticRegression, Ridge
from tests.viz.displays.pairs import IRIS, SPECIES, assert_same, pair, texts

PLANE = IRIS[:, :2]


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
