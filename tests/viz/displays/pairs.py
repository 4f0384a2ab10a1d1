"""The displays of ours and of scikit-learn with the same arguments, and data for them."""

import numpy as np
import pytest

pytest.importorskip("matplotlib")
pytest.importorskip("sklearn")

import matplotlib
import models.calibration
import models.model_selection
import sklearn.calibration
import sklearn.inspection
import sklearn.metrics
import sklearn.model_selection
from matplotlib.figure import Figure
from sklearn.datasets import load_breast_cancer, load_diabetes, load_iris

import models.inspection
import models.metrics
from models import GaussianNB

matplotlib.use("Agg")

X, y = load_breast_cancer(return_X_y=True)
X = X[:, :5]
IRIS, SPECIES = load_iris(return_X_y=True)
TABLE, TARGET = load_diabetes(return_X_y=True)
BAYES = GaussianNB().fit(X, y)


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
