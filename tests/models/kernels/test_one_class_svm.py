"""The support vector machine of one class against scikit-learn, and what ν means.

scikit-learn keeps kernel values in single precision, so that it agrees to five or six digits.
"""

import numpy as np
import pytest

from models import OneClassSVM
from models.foundation.kernel_functions import kernel_matrix

svm = pytest.importorskip("sklearn.svm")

RNG = np.random.default_rng(0)
X = np.concatenate([RNG.normal(size=(200, 3)), RNG.uniform(-6, 6, size=(20, 3))])
WEIGHT = RNG.uniform(0.3, 2, size=220)


@pytest.mark.parametrize("nu", [0.05, 0.5])  # with 1 and weights, their process ends
@pytest.mark.parametrize("kernel", ["rbf", "poly"])
@pytest.mark.parametrize("weighted", [True, False])
def test_the_same_as_scikit_learn(nu, kernel, weighted):
    same = {"nu": nu, "kernel": kernel, "gamma": 0.1, "coef0": 1.0, "tol": 1e-10}
    weight = WEIGHT if weighted else None
    ours = OneClassSVM(**same).fit(X, sample_weight=weight)
    theirs = svm.OneClassSVM(**same).fit(X, sample_weight=weight)
    size = np.abs(theirs.score_samples(X)).max()
    np.testing.assert_allclose(ours.score_samples(X), theirs.score_samples(X), atol=1e-5 * size)
    np.testing.assert_allclose(ours.offset_, theirs.offset_, rtol=1e-5)
    np.testing.assert_allclose(ours.intercept_, theirs.intercept_, rtol=1e-5)
    clear = np.abs(theirs.decision_function(X)) > 1e-5 * size
    assert clear.sum() > 180
    np.testing.assert_array_equal(ours.predict(X)[clear], theirs.predict(X)[clear])
    np.testing.assert_array_equal(ours.support_, theirs.support_)
    assert ours.offset_.shape == theirs.offset_.shape


def test_at_most_the_fraction_nu_is_outside():
    for ν in (0.05, 0.3):
        model = OneClassSVM(nu=ν).fit(X)
        assert (model.predict(X) == -1).mean() <= ν <= len(model.support_) / len(X)


def test_the_border_counts_as_inside():
    model = OneClassSVM(nu=0.2).fit(X)
    border = model.support_[model.dual_coef_[0] < 1 - 1e-9]
    assert len(border) > 2 and (model.predict(X[border]) == 1).all()
    np.testing.assert_allclose(model.decision_function(X[border]), 0, atol=1e-7)


def test_with_nu_one_it_is_a_density_of_bumps():
    """Every β is 1: f is the sum of the kernel over all rows (Schölkopf et al. 2001, section 3)."""
    model = OneClassSVM(nu=1.0, gamma=0.5).fit(X)
    K = kernel_matrix("rbf", X, X, gamma=0.5)
    np.testing.assert_allclose(model.score_samples(X), K.sum(axis=1), rtol=1e-12)
