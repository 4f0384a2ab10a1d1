"""Learning from rows as they come is learning from all of them, where there is a formula for it."""

import pickle

import numpy as np
import pytest

import models
from models.foundation import learned
from models.foundation.incremental import IncrementalClassifier
from tests.models.contract import checks_of, name_of

pytest.importorskip("sklearn")

RNG = np.random.default_rng(0)
X, Y = RNG.normal(size=(30, 3)) + 5, np.arange(30) % 3
WEIGHT = RNG.uniform(0.5, 2, size=30)


class NearestMean(IncrementalClassifier):
    """The class whose mean is nearest, from sums that are added to."""

    sums_: np.ndarray = learned("(classes, features)")
    counts_: np.ndarray = learned("(classes,)")

    def _partial_fit(self, X, y, weight):
        member = weight * (y == np.arange(len(self.classes_))[:, None])
        self.sums_ = getattr(self, "sums_", 0) + member @ X
        self.counts_ = getattr(self, "counts_", 0) + member.sum(axis=1)

    def _decision(self, X):
        means = self.sums_ / np.maximum(self.counts_, 1e-300)[:, None]
        far = ((X[:, None] - means) ** 2).sum(axis=2)
        far = np.where(self.counts_ > 0, far, 1e300)
        return far[:, 0] - far[:, 1] if far.shape[1] == 2 else -far


def test_in_parts_or_at_once():
    model = NearestMean()
    for part in np.split(np.arange(30), [4, 17]):
        model.partial_fit(X[part], Y[part], classes=[0, 1, 2], sample_weight=WEIGHT[part])
    whole = NearestMean().fit(X, Y, WEIGHT)
    np.testing.assert_allclose(model.sums_, whole.sums_, rtol=1e-12)
    np.testing.assert_array_equal(model.predict(X), whole.predict(X))
    assert model.fit(X[:9], Y[:9]).counts_.tolist() == [3, 3, 3]  # a fit starts afresh


def test_weights_that_would_be_ignored_are_refused():
    class Unweighted(NearestMean):
        def _partial_fit(self, X, y):
            super()._partial_fit(X, y, np.ones(len(X)))

    Unweighted().partial_fit(X, Y, classes=[0, 1, 2])
    with pytest.raises(ValueError, match="Unweighted.partial_fit has no argument sample_weight"):
        Unweighted().partial_fit(X, Y, classes=[0, 1, 2], sample_weight=WEIGHT)


def test_the_first_call_names_the_classes():
    with pytest.raises(ValueError, match="classes must be passed on the first call to partial_fit"):
        NearestMean().partial_fit(X, Y)
    model = NearestMean().partial_fit(X[:1], Y[:1], classes=[2, 0, 1])
    assert model.predict(X).tolist() == [0] * 30
    with pytest.raises(ValueError, match=r"classes=\[0, 1\] is not the same as on the first call"):
        model.partial_fit(X, Y, classes=[0, 1])
    before = pickle.dumps(vars(model))
    with pytest.raises(ValueError, match=r"knows the classes \[0, 1, 2\], and y has 3 in row 1\."):
        model.partial_fit(X[:2], [2, 3])
    with pytest.raises(ValueError, match="X has 2 features"):
        model.partial_fit(X[:, :2], Y)
    assert pickle.dumps(vars(model)) == before


@pytest.mark.parametrize("weighted", [False, True])
def test_the_scaler_merges_means_and_variances(weighted):
    preprocessing = pytest.importorskip("sklearn.preprocessing")
    ours, theirs = models.StandardScaler(), preprocessing.StandardScaler()
    for part in np.split(np.arange(30), [1, 2, 19]):
        weight = WEIGHT[part] if weighted else None
        ours.partial_fit(X[part], sample_weight=weight)
        theirs.partial_fit(X[part], sample_weight=weight)
    np.testing.assert_allclose(ours.mean_, theirs.mean_, rtol=1e-13)
    np.testing.assert_allclose(ours.var_, theirs.var_, rtol=1e-12)
    np.testing.assert_allclose(ours.transform(X), theirs.transform(X), rtol=1e-11, atol=1e-12)
    assert ours.n_samples_seen_ == pytest.approx(np.max(theirs.n_samples_seen_))


@pytest.mark.parametrize(
    "check",
    [pytest.param(c, id=f"{name_of(c)}-{i}") for i, c in enumerate(checks_of(NearestMean()))],
)
@pytest.mark.filterwarnings("ignore:X .* feature names:UserWarning")
def test_scikit_learns_checks(check):
    check(NearestMean())
