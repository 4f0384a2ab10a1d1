"""Online models: scikit-learn's numbers for the same order of samples, and what theory says."""

import numpy as np
import pytest

import models
from models.foundation import ConvergenceWarning
from models.online.losses import FOR_CLASSES, FOR_NUMBERS, loss_named
from tinygrad_edu import grad

theirs = pytest.importorskip("sklearn.linear_model")
datasets = pytest.importorskip("sklearn.datasets")


def scaled(name):
    X, y = getattr(datasets, f"load_{name}")(return_X_y=True)
    return (X - X.mean(axis=0)) / X.std(axis=0), y


DATA = {name: scaled(name) for name in ("iris", "wine", "breast_cancer", "diabetes")}
CLASSES, NUMBERS = ("iris", "wine", "breast_cancer"), ("diabetes",)


def assert_same(ours, twin, tolerance=1e-8):
    for name in ("coef_", "intercept_"):
        found, expected = getattr(ours, name), getattr(twin, name)
        assert found.shape == expected.shape
        size = np.abs(expected).max()
        np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance * size)
    assert ours.t_ == twin.t_


def compare(name, data, settings, weight=None, twin=None, **given):
    """Fits both in the order of the rows, and compares what they learned."""
    X, y = DATA[data]
    same = {"shuffle": False, "max_iter": 20, "tol": None, **settings}
    ours = getattr(models, name)(**same).fit(X, y, weight)
    twin = getattr(theirs, twin or name)(**{k: v for k, v in same.items() if k != "C"}, **given)
    twin.fit(X, y, sample_weight=weight)
    assert_same(ours, twin)
    return ours, twin


# ---- losses --------------------------------------------------------------------------------------

# The same losses, on Tensors.
FORMULAS = {
    "hinge": lambda z, y: np.maximum(0, 1 - y * z),
    "perceptron": lambda z, y: np.maximum(0, -y * z),
    "squared_hinge": lambda z, y: np.maximum(0, 1 - y * z) ** 2,
    "modified_huber": lambda z, y: np.where(y * z >= -1, np.maximum(0, 1 - y * z) ** 2, -4 * y * z),
    "log_loss": lambda z, y: np.logaddexp(0, -y * z),
    "squared_error": lambda z, y: (z - y) ** 2 / 2,
    "huber": lambda z, y: np.where(
        np.abs(z - y) <= 0.3, (z - y) ** 2 / 2, 0.3 * np.abs(z - y) - 0.045
    ),
    "epsilon_insensitive": lambda z, y: np.maximum(0, np.abs(z - y) - 0.3),
    "squared_epsilon_insensitive": lambda z, y: np.maximum(0, np.abs(z - y) - 0.3) ** 2,
}


@pytest.mark.parametrize("name", FOR_CLASSES)
def test_every_slope_is_the_derivative_of_its_loss(name):
    loss, formula = loss_named(name, 0.3), FORMULAS[name]
    for z in np.linspace(-5.03, 5.07, 40).tolist():
        for y in (-1.0, 1.0) if name not in FOR_NUMBERS else (-1.7, 0.4):
            assert loss.value(z, y) == pytest.approx(float(formula(z, y)), rel=1e-13, abs=1e-15)
            assert loss.slope(z, y) == pytest.approx(
                float(grad(lambda t, y=y: formula(t, y))(z)), rel=1e-13, abs=1e-15
            )


def test_losses_far_from_the_border():
    log = loss_named("log_loss", 0.0)
    assert log.value(-1e5, 1.0) == 1e5 and log.slope(-1e5, 1.0) == -1
    assert log.value(1e5, 1.0) == 0 and -1e-300 < log.slope(1e5, 1.0) <= 0


# ---- scikit-learn, in the same order -------------------------------------------------------------


@pytest.mark.parametrize("data", CLASSES)
@pytest.mark.parametrize(
    "settings",
    [
        *({"loss": loss, "learning_rate": "constant", "eta0": 0.001} for loss in FOR_CLASSES),
        {"loss": "hinge"},
        {"loss": "log_loss", "alpha": 0.01},
        {"penalty": "l1", "alpha": 0.01},
        {"penalty": "elasticnet", "alpha": 0.01, "loss": "log_loss"},
        {"penalty": None, "loss": "perceptron"},
        {"average": True},
        {"average": 300, "alpha": 0.01},
        {"learning_rate": "invscaling", "eta0": 0.1},
        {"learning_rate": "adaptive", "eta0": 0.1, "tol": 1e-3, "max_iter": 200},
        {"class_weight": "balanced"},
        {"class_weight": {0: 3.0}, "alpha": 0.01},
        {"fit_intercept": False},
        {"alpha": 3.0},  # the first steps would turn w around: it becomes 0
        {"learning_rate": "pa1", "penalty": None, "eta0": 1.0},
    ],
)
def test_sgd_classifiers(data, settings):
    compare("SGDClassifier", data, settings)


@pytest.mark.parametrize(
    "settings",
    [
        *({"loss": loss} for loss in FOR_NUMBERS),
        {"penalty": "l1", "alpha": 0.1},
        {"average": True},
        {"learning_rate": "adaptive"},
        {"learning_rate": "pa2", "penalty": None, "loss": "epsilon_insensitive", "eta0": 1.0},
    ],
)
def test_sgd_regressors(settings):
    compare("SGDRegressor", "diabetes", settings)


@pytest.mark.parametrize("data", CLASSES)
@pytest.mark.parametrize("settings", [{}, {"penalty": "l2"}, {"penalty": "l1"}, {"eta0": 0.1}])
def test_perceptrons(data, settings):
    compare("Perceptron", data, settings)


@pytest.mark.parametrize("C", [1.0, 0.01])
@pytest.mark.parametrize("rule", ["pa1", "pa2"])
def test_passive_aggressive_models(rule, C):
    """scikit-learn plans to have them as rates of SGD alone."""
    squared = "squared_" if rule == "pa2" else ""
    given = {"penalty": None, "learning_rate": rule, "eta0": C}
    for name, twin, loss, datas in (
        ("PassiveAggressiveClassifier", "SGDClassifier", "hinge", CLASSES),
        ("PassiveAggressiveRegressor", "SGDRegressor", "epsilon_insensitive", NUMBERS),
    ):
        for data in datas:
            X, y = DATA[data]
            same = {"shuffle": False, "max_iter": 20, "tol": None}
            ours = getattr(models, name)(C=C, loss=squared + loss, **same).fit(X, y)
            assert_same(ours, getattr(theirs, twin)(loss=loss, **same, **given).fit(X, y))


@pytest.mark.parametrize(
    "settings",
    [{}, {"nu": 0.1}, {"learning_rate": "constant", "average": True}, {"fit_intercept": False}],
)
def test_one_class(settings):
    X, _ = DATA["wine"]
    same = {"shuffle": False, "max_iter": 20, "tol": None, **settings}
    ours, twin = (kind.SGDOneClassSVM(**same).fit(X + 2) for kind in (models, theirs))
    np.testing.assert_allclose(ours.coef_, twin.coef_, rtol=1e-8)
    np.testing.assert_allclose(ours.offset_, twin.offset_, rtol=1e-8)
    np.testing.assert_allclose(ours.decision_function(X), twin.decision_function(X), rtol=1e-6)


def test_nu_is_about_the_fraction_of_outliers():
    """At the minimum, the part of the samples before the plane is at most ν (Schölkopf, proposition 3)."""
    X = np.random.default_rng(0).normal(size=(1000, 3)) / 4 + 1
    for ν in (0.1, 0.4):
        model = models.SGDOneClassSVM(
            nu=ν, average=True, tol=None, max_iter=50, learning_rate="constant", random_state=0
        )
        assert (model.fit(X).predict(X) < 0).mean() == pytest.approx(ν, abs=0.02)


def test_weights_scale_the_steps():
    weight = np.random.default_rng(0).uniform(0.5, 2, 569)
    compare("SGDClassifier", "breast_cancer", {"alpha": 0.01}, weight)


@pytest.mark.parametrize("name", ["SGDClassifier", "Perceptron", "SGDRegressor"])
def test_the_rounds_end_where_scikit_learn_ends(name):
    for data in NUMBERS if name == "SGDRegressor" else CLASSES:
        settings = {"tol": 1e-3, "max_iter": 1000}
        if name == "SGDClassifier":
            settings |= {"alpha": 0.01, "loss": "log_loss"}
        if name == "SGDRegressor":
            settings |= {"tol": 1.0}
        ours, twin = compare(name, data, settings)
        assert ours.n_iter_ == twin.n_iter_ == len(ours.trace_) > 5
        assert ours.trace_.loss[-1] < ours.trace_.loss[0]


@pytest.mark.parametrize("settings", [{"loss": "log_loss"}, {"loss": "modified_huber"}])
@pytest.mark.parametrize("data", CLASSES)
def test_partial_fit_and_probabilities(data, settings):
    X, y = DATA[data]
    ours, twin = (kind.SGDClassifier(shuffle=False, **settings) for kind in (models, theirs))
    for part in np.split(np.arange(len(y)), [10, 30, 90]):
        for model in (ours, twin):
            model.partial_fit(X[part], y[part], classes=np.unique(y))
    assert_same(ours, twin)
    far = 100 * X
    np.testing.assert_allclose(ours.predict_proba(far), twin.predict_proba(far), atol=1e-10)
    np.testing.assert_allclose(ours.decision_function(X), twin.decision_function(X), rtol=1e-8)


def test_parts_are_a_round():
    """partial_fit goes on where it was, averages and rates included: unlike theirs with averages."""
    X, y = DATA["breast_cancer"]
    for average in (False, 5, True):
        whole = models.SGDClassifier(shuffle=False, average=average).partial_fit(X, y, [0, 1])
        model = models.SGDClassifier(shuffle=False, average=average)
        for part in np.split(np.arange(len(y)), [3, 100]):
            model.partial_fit(X[part], y[part], classes=[0, 1])
        np.testing.assert_allclose(model.coef_, whole.coef_, rtol=1e-9)


# ---- theory --------------------------------------------------------------------------------------


def test_the_minimum_is_that_of_logistic_regression():
    """The mean of SGD's steps comes near the minimum of its objective: C = 1 / (α n)."""
    X, y = DATA["breast_cancer"]
    α = 0.1
    exact = models.LogisticRegression(C=1 / (α * len(y)), tol=1e-10).fit(X, y)
    model = models.SGDClassifier(
        loss="log_loss", alpha=α, average=True, tol=None, max_iter=60, random_state=0
    ).fit(X, y)
    np.testing.assert_allclose(model.coef_, exact.coef_, atol=0.05 * np.abs(exact.coef_).max())


def test_the_minimum_is_that_of_ridge_regression():
    X, y = DATA["diabetes"]
    exact = models.Ridge(alpha=0.1 * len(y)).fit(X, y)
    model = models.SGDRegressor(
        alpha=0.1, average=True, tol=None, max_iter=100, learning_rate="constant", random_state=0
    ).fit(X, y)
    assert np.abs(model.coef_ - exact.coef_).max() < 0.02 * np.abs(exact.coef_).max()


def test_the_averages_are_means_of_the_steps():
    X, y = DATA["iris"]
    settings = {"loss": "log_loss", "penalty": "l1", "alpha": 0.01, "shuffle": False}
    model, steps = models.SGDRegressor(**(settings | {"loss": "squared_error"})), []
    for i in range(40):
        steps.append(model.partial_fit(X[i : i + 1], y[i : i + 1].astype(float)).coef_)
    assert np.all(np.isfinite(steps))
    averaged = models.SGDClassifier(average=True, **(settings | {"penalty": "l2"}))
    single = models.SGDClassifier(**(settings | {"penalty": "l2"}))
    steps = []
    for i in range(40):
        averaged.partial_fit(X[i : i + 1], y[i : i + 1], classes=[0, 1, 2])
        steps.append(single.partial_fit(X[i : i + 1], y[i : i + 1], classes=[0, 1, 2]).coef_)
    np.testing.assert_allclose(averaged.coef_, np.mean(steps, axis=0), rtol=1e-10, atol=1e-12)


def test_the_perceptron_converges_for_separable_classes():
    """At most (R / γ)² mistakes, R the largest norm and γ the margin (Novikoff 1962)."""
    X, y = DATA["iris"]
    y = np.where(y == 0, 1, -1)
    model = models.Perceptron(tol=None, max_iter=50, shuffle=False).fit(X, y)
    assert model.score(X, y) == 1.0
    rows = np.column_stack([X, np.ones(len(X))])
    w = np.append(model.coef_, model.intercept_)
    γ = (y * (rows @ w)).min() / np.linalg.norm(w)
    mistakes = np.linalg.norm(w) ** 2  # each mistake adds at most R² to ‖w‖²
    R = np.linalg.norm(rows, axis=1).max()
    assert γ > 0 and mistakes <= R**2 * (R / γ) ** 2


def test_an_aggressive_step_mends_the_mistake():
    """Without an intercept and with a large C, the loss of the last sample is 0 (Crammer et al., eq. 3)."""
    X, y = DATA["breast_cancer"]
    model = models.PassiveAggressiveClassifier(C=1e6, fit_intercept=False)
    for i in range(50):
        model.partial_fit(X[i : i + 1], y[i : i + 1], classes=[0, 1])
        margin = (2 * y[i] - 1) * model.decision_function(X[i : i + 1])[0]
        assert margin >= 1 - 1e-12
    numbers = models.PassiveAggressiveRegressor(C=1e6, fit_intercept=False)
    X, y = DATA["diabetes"]
    for i in range(50):
        numbers.partial_fit(X[i : i + 1], y[i : i + 1])
        assert abs(numbers.predict(X[i : i + 1])[0] - y[i]) <= 0.1 + 1e-9


def test_the_l1_penalty_makes_weights_exactly_zero():
    X, y = DATA["breast_cancer"]
    model = models.SGDClassifier(loss="log_loss", penalty="l1", alpha=0.05, random_state=0)
    zeros = np.count_nonzero(model.fit(X, y).coef_ == 0)
    assert zeros > 15 and model.score(X, y) > 0.9


# ---- settings ------------------------------------------------------------------------------------


def test_early_stopping_holds_samples_out():
    X, y = DATA["breast_cancer"]
    model = models.SGDClassifier(early_stopping=True, random_state=0).fit(X, y)
    assert model.n_iter_ < 100 and model.score(X, y) > 0.94
    X, y = DATA["diabetes"]
    assert models.SGDRegressor(early_stopping=True, random_state=0).fit(X, y).score(X, y) > 0.4
    with pytest.raises(ValueError, match="early_stopping should be False with partial_fit"):
        models.SGDRegressor(early_stopping=True).partial_fit(X, y)
    with pytest.raises(ValueError, match="0.1 of 3 samples is all or none"):
        models.SGDRegressor(early_stopping=True).fit(X[:3], y[:3])


def test_warm_start_goes_on():
    X, y = DATA["diabetes"]
    same = {"shuffle": False, "tol": None, "learning_rate": "constant"}
    model = models.SGDRegressor(max_iter=3, warm_start=True, **same).fit(X, y).fit(X, y)
    six = models.SGDRegressor(max_iter=6, **same).fit(X, y)
    np.testing.assert_allclose(model.coef_, six.coef_, rtol=1e-10)
    # Other columns: from the start.
    other = models.SGDRegressor(max_iter=3, **same).fit(X[:, :4], y)
    np.testing.assert_array_equal(model.fit(X[:, :4], y).coef_, other.coef_)
    sparse = models.Perceptron(warm_start=True).fit(*DATA["iris"]).sparsify()
    assert sparse.fit(*DATA["iris"]).coef_.shape == (3, 4)


def test_probabilities_only_where_the_loss_has_them():
    model = models.SGDClassifier().fit(*DATA["iris"])
    assert not hasattr(model, "predict_proba")
    assert hasattr(models.SGDClassifier(loss="log_loss"), "predict_proba")


def test_what_is_refused_or_warned_of(capsys):
    X, y = DATA["breast_cancer"]
    with pytest.raises(ValueError, match="alpha must be > 0 since learning_rate is 'optimal'"):
        models.SGDClassifier(alpha=0.0).fit(X, y)
    with pytest.raises(
        ValueError, match="class_weight 'balanced' is not supported for partial_fit"
    ):
        models.Perceptron(class_weight="balanced").partial_fit(X, y, classes=[0, 1])
    with pytest.raises(ValueError, match="Floating-point under-/overflow occurred at epoch #1"):
        models.SGDRegressor(loss="squared_error").fit(X * 1e200, y)
    with pytest.warns(ConvergenceWarning, match="Maximum number of iteration reached before conv"):
        models.SGDClassifier(max_iter=2, verbose=1, shuffle=False).fit(X, y)
    assert "SGDClassifier   iteration    2   loss " in capsys.readouterr().out
