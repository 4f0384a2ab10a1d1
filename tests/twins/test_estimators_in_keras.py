"""Estimators and the same models in Keras: loss and gradient for the same weights agree to 1e-10."""

import numpy as np
import pytest

pytest.importorskip("sklearn")

from sklearn.datasets import load_breast_cancer, load_diabetes, load_digits, load_iris
from sklearn.preprocessing import scale

import models
from tinygrad_edu.twins import scikit_learn
from tinygrad_edu.twins.estimators_in_keras import TWINS, Weight

DIABETES, IRIS, DIGITS = (f(return_X_y=True) for f in (load_diabetes, load_iris, load_digits))
CANCER = scale(load_breast_cancer().data), load_breast_cancer().target
DIGITS = DIGITS[0] / 16, DIGITS[1]

CASES = {
    "linear": (models.LinearRegression(), DIABETES),
    "linear without b": (models.LinearRegression(fit_intercept=False), DIABETES),
    "ridge": (models.Ridge(alpha=0.3), DIABETES),
    "several targets": (
        models.Ridge(alpha=[0.5, 3.0]),
        (IRIS[0], np.c_[IRIS[1], IRIS[1] ** 2].astype(float)),
    ),
    "two classes": (models.LogisticRegression(C=0.1), CANCER),
    "softmax": (models.LogisticRegression(C=0.7), DIGITS),
    "without a penalty": (models.LogisticRegression(penalty=None), IRIS),
    "liblinear": (models.LogisticRegression(solver="liblinear", intercept_scaling=2.0), CANCER),
    "class weights": (models.LogisticRegression(class_weight={0: 2.0, 1: 1.0, 2: 0.5}), IRIS),
    "poisson": (models.PoissonRegressor(alpha=0.2), IRIS),
    "autoencoder": (models.Autoencoder(3, random_state=0), DIGITS),
    "a relu autoencoder": (
        models.Autoencoder(hidden_layer_sizes=(9, 5), activation="relu", random_state=0),
        IRIS,
    ),
    "a linear autoencoder": (models.Autoencoder(hidden_layer_sizes=(), random_state=0), IRIS),
    "vae": (models.VAE(2, n_draws=3, random_state=0), IRIS),
    "a bernoulli vae": (models.VAE(3, likelihood="bernoulli", random_state=0), DIGITS),
}
RATINGS = np.random.default_rng(2).integers(0, [12, 9], (90, 2)), np.arange(90) % 5 + 1.0
if hasattr(models, "MLPClassifier"):
    CASES |= {
        "mlp, two classes": (models.MLPClassifier((7, 5), alpha=0.3, random_state=0), CANCER),
        "mlp, classes": (models.MLPClassifier(activation="tanh", random_state=0), DIGITS),
        "mlp, numbers": (
            models.MLPRegressor(hidden_layer_sizes=(6,), activation="logistic", random_state=0),
            DIABETES,
        ),
        "mlp, counts": (
            models.MLPRegressor(hidden_layer_sizes=(6,), loss="poisson", random_state=0),
            IRIS,
        ),
    }
if hasattr(models, "MatrixFactorization"):
    CASES |= {
        "ratings": (models.MatrixFactorization(3, random_state=0), RATINGS),
        "without biases": (
            models.MatrixFactorization(2, biases=False, alpha=0.1, random_state=0),
            RATINGS,
        ),
    }


@pytest.mark.parametrize("case", CASES)
def test_loss_and_gradient_agree(keras, case):
    estimator, (X, y) = CASES[case]
    weight = np.random.default_rng(1).uniform(0.5, 2, len(X))
    found = scikit_learn.compare(estimator, X, y, sample_weight=weight, rounds=1, against="keras")
    assert found.max_difference() < 1e-10, found
    gradients = [row for row in found.rows if row.name.startswith("gradient of ")]
    assert found.rows[0].name == "loss" and gradients
    assert all(np.abs(row.theirs).max() > 1e-6 for row in gradients)


def test_it_is_the_loss_that_fit_minimizes(keras):
    """At the weights that are compared, and as a number of its own."""
    X, y = DIABETES
    found = scikit_learn.compare(models.Ridge(alpha=2.0), X, y, rounds=1, against="keras")
    rng = np.random.default_rng(0)
    w = 0.1 * rng.normal(size=11)
    expected = (np.sum((y - X @ w[:-1] - w[-1]) ** 2) + 2 * w[:-1] @ w[:-1]) / len(y)
    assert found["loss"].theirs == pytest.approx(expected, rel=1e-12)


def test_a_difference_is_found(keras, monkeypatch):
    other = TWINS["PoissonRegressor"]
    monkeypatch.setitem(TWINS, "Ridge", other)
    found = scikit_learn.compare(models.Ridge(0.5), *DIABETES, rounds=1, against="keras")
    assert found["loss"].difference > 0.01 and found["gradient of coef"].difference > 0.01


def test_the_report_names_the_library_time_and_memory(keras, tmp_path):
    found = scikit_learn.compare(models.PoissonRegressor(), *IRIS, rounds=2, against="keras")
    text = str(found)
    assert "PoissonRegressor() and the same model in Keras 3" in text
    assert "gradient of coef" in text and "The loss with its gradient takes" in text
    assert found.seconds["ours"] > 0 and found.seconds["theirs"] > 0
    assert "Comparison with Keras" in found.to_html(tmp_path / "page.html")


def test_what_has_no_twin_is_refused():
    with pytest.raises(TypeError, match=r"KMeans has no twin in Keras[\s\S]*one of LinearReg"):
        scikit_learn.compare(models.KMeans(), *IRIS, against="keras")
    with pytest.raises(ValueError, match=r"against='torch'[\s\S]*'scikit-learn' or 'keras'"):
        scikit_learn.compare(models.Ridge(), *IRIS, against="torch")
    with pytest.raises(ValueError, match="LogisticRegression: the penalty .* has kinks"):
        scikit_learn.compare(models.LogisticRegression(l1_ratio=0.5), *IRIS, against="keras")


def test_a_turned_matrix_comes_back():
    class Variable:
        shape = (4, 3)

        def assign(self, value):
            self.value = value

    weight = Weight(Variable(), turned=True)
    ours = np.arange(12.0).reshape(3, 4)
    weight.set(ours)
    np.testing.assert_array_equal(weight.variable.value, ours.T)
    np.testing.assert_array_equal(weight.as_ours(weight.variable.value, (3, 4)), ours)
