"""Models that are a loss: every solver arrives at the same place, whatever the parameters may be."""

import numpy as np
import pytest

import models
from models.foundation import ConvergenceWarning, Regressor, learned, nonnegative, positive
from models.foundation.constraints import Bounded, Fixed, Free, Positive
from models.foundation.linear_predictor import LinearPredictor
from models.foundation.loss_model import MINIMIZERS, LossModel
from models.foundation.packing import Packing
from models.foundation.stochastic import optimizers
from tinygrad_edu import Tensor

RNG = np.random.default_rng(0)
X = RNG.normal(size=(40, 3))
Y = X @ [1.0, -2.0, 0.0] + 0.5 + 0.3 * RNG.normal(size=40)
WEIGHT = RNG.uniform(0.5, 2, size=40)


class Lasso(LinearPredictor, LossModel, Regressor):
    """Σ s (y - x·w - b)² / 2 Σ s + α ‖w‖₁"""

    alpha: float = positive(0.1, doc="strength of the penalty")
    solver = "proximal"

    def loss(self, X, y, weight, coef, intercept):
        return weight @ (y - self.linear(X, coef, intercept)) ** 2 / (2 * weight.sum())

    def prox(self, name, w, step):
        return np.sign(w) * np.maximum(np.abs(w) - self.alpha * step, 0) if name == "coef" else w

    def kinked_penalty(self, coef, intercept):
        return self.alpha * np.abs(coef).sum()

    def _predict(self, X):
        return self.linear(X, self.coef_, self.intercept_)


class Gaussian(LossModel, Regressor):
    """y ~ Normal(μ, σ²) around a share p of the largest y: -log likelihood over n. X does not matter."""

    least: float = nonnegative(0.0, doc="not used")
    scale_: float = learned("σ")
    share_: float = learned("p")
    top_: float = learned("largest y")

    def start(self, X, y, weight):
        return {"scale": Positive(2.0), "share": Bounded(0.5, 0, 1), "top": Fixed(y.max())}

    def loss(self, X, y, weight, scale, share, top):
        z = (y - share * top) / scale
        return weight @ (z * z / 2 + np.log(scale)) / weight.sum()

    def _predict(self, X):
        return np.full(len(X), self.share_ * self.top_)


# ---- solvers -------------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", MINIMIZERS)
def test_every_method_finds_the_exact_minimum(solver):
    exact = models.Ridge(2.0).fit(X, Y, WEIGHT)
    found = models.Ridge(2.0, solver=solver, tol=1e-10, max_iter=2000).fit(X, Y, WEIGHT)
    np.testing.assert_allclose(found.coef_, exact.coef_, atol=1e-8)
    assert found.intercept_ == pytest.approx(exact.intercept_, abs=1e-8)
    assert exact.n_iter_ == 1 and found.n_iter_ == len(found.trace_) - 1
    assert found.trace_.gradient_norm[-1] <= 1e-10 < found.trace_.gradient_norm[0]
    if solver == "newton":
        assert found.n_iter_ == 1  # the loss is quadratic


# They need other learning rates, or very many epochs.
SLOW = {"adadelta", "adafactor", "adagrad", "ftrl"}


@pytest.mark.parametrize("solver", sorted(optimizers().keys() - SLOW - {"muon"}))
@pytest.mark.filterwarnings("ignore::models.foundation.ConvergenceWarning")
def test_every_optimizer_comes_near_it(solver):
    exact = models.Ridge(2.0).fit(X, Y, WEIGHT)
    settings = {"solver": solver, "learning_rate": 0.02, "batch_size": 10, "random_state": 0}
    found = models.Ridge(2.0, max_iter=150, **settings).fit(X, Y, WEIGHT)
    np.testing.assert_allclose(found.coef_, exact.coef_, atol=0.2)
    again = models.Ridge(2.0, max_iter=150, **settings).fit(X, Y, WEIGHT)
    np.testing.assert_array_equal(found.coef_, again.coef_)
    assert found.trace_.loss[-1] < found.trace_.loss[0]


def test_gradient_descent_on_all_rows_is_the_formula():
    model = models.Ridge(0.5, solver="sgd", learning_rate=0.1, max_iter=3)
    with pytest.warns(ConvergenceWarning, match=r"after 3 steps of 'sgd' with a gradient of"):
        model.fit(X, Y, WEIGHT)
    w, b, total = np.zeros(3), 0.0, WEIGHT.sum()
    for _ in range(3):
        error = X @ w + b - Y
        w, b = (
            w - 0.1 * (2 * X.T @ (WEIGHT * error) + w) / total,
            b - 0.1 * 2 * WEIGHT @ error / total,
        )
    np.testing.assert_allclose(model.coef_, w, rtol=1e-12)
    assert model.intercept_ == pytest.approx(b, rel=1e-12)


def test_a_learning_rate_that_is_too_large_is_an_error():
    with pytest.raises(
        FloatingPointError, match=r"Ridge\(solver='sgd'\): the loss or its gradient is not"
    ):
        models.Ridge(solver="sgd", learning_rate=1e9).fit(X, Y)


def test_a_batch_stands_for_all_rows():
    """With the penalty alone, a step on a batch is the step on all rows: its weights add up to theirs."""
    settings = {
        "solver": "sgd",
        "learning_rate": 0.1,
        "max_iter": 1,
        "tol": 1e-300,
        "warm_start": True,
    }
    ends = []
    for size in (40, 20):
        model = models.Ridge(7.0, fit_intercept=False, **settings)
        model.coef_, model.intercept_, model.n_features_in_ = np.ones(3), 0.0, 3
        with pytest.warns(ConvergenceWarning):
            model.set_params(batch_size=size).fit(np.zeros((40, 3)), np.zeros(40), WEIGHT)
        ends.append(model.coef_)
    shrink = 1 - 0.1 * 2 * 7.0 / WEIGHT.sum()
    np.testing.assert_allclose(ends[0], shrink, rtol=1e-12)
    np.testing.assert_allclose(ends[1], shrink**2, rtol=1e-12)


def test_a_penalty_with_kinks_gives_zeros():
    linear_model = pytest.importorskip("sklearn.linear_model")
    ours = Lasso(0.3, tol=1e-10, max_iter=10_000).fit(X, Y, WEIGHT)
    theirs = linear_model.Lasso(0.3, tol=1e-12).fit(X, Y, WEIGHT)
    np.testing.assert_allclose(ours.coef_, theirs.coef_, atol=1e-8)
    assert ours.intercept_ == pytest.approx(theirs.intercept_, abs=1e-8)
    assert ours.coef_[2] == 0
    full = (
        Lasso.loss(ours, X, Y, WEIGHT, ours.coef_, ours.intercept_) + 0.3 * np.abs(ours.coef_).sum()
    )
    assert ours.trace_.loss[-1] == pytest.approx(full, rel=1e-12)
    with pytest.raises(
        ValueError, match=r"Lasso\(solver='lbfgs'\): its penalty has kinks[\s\S]*proximal"
    ):
        Lasso(solver="lbfgs").fit(X, Y)


def test_solvers_that_do_not_suit():
    with pytest.raises(
        ValueError, match=r"exact'\): there is no formula for its minimum[\s\S]*lbfgs"
    ):
        models.PoissonRegressor(solver="exact").fit(X, np.abs(Y))
    message = r"'solver' parameter of PoissonRegressor must be one of 'lbfgs', "
    with pytest.raises(ValueError, match=message):
        models.PoissonRegressor(solver="newton-lbfg").fit(X, np.abs(Y))


# ---- parameters that may not be any number ---------------------------------------------------------


@pytest.mark.parametrize("solver", ["lbfgs", "newton", "newton-cg", "cg"])
def test_positive_bounded_and_fixed_parameters(solver):
    model = Gaussian(solver=solver, tol=1e-10, max_iter=1000).fit(X, Y + 3, WEIGHT)
    mean = np.average(Y + 3, weights=WEIGHT)
    assert model.top_ == (Y + 3).max() and isinstance(model.scale_, float)
    assert model.share_ * model.top_ == pytest.approx(mean, abs=1e-8)
    variance = np.average((Y + 3 - mean) ** 2, weights=WEIGHT)
    assert model.scale_ == pytest.approx(np.sqrt(variance), abs=1e-8)


@pytest.mark.parametrize("solver", ["adam", "scheduleFreeAdamW".lower()])
@pytest.mark.filterwarnings("ignore::models.foundation.ConvergenceWarning")
def test_constraints_under_an_optimizer(solver):
    model = Gaussian(solver=solver, learning_rate=0.05, max_iter=400).fit(X, Y + 3)
    assert model.scale_ == pytest.approx(Y.std(), rel=0.01) and 0 < model.share_ < 1


@pytest.mark.parametrize(
    "constraint, inside",
    [(Free([-1.0, 2.0]), [-1, 2]), (Positive([0.5, 3.0]), [0.5, 3]), (Bounded([0.1, 0.7], 0, 1), [0.1, 0.7]),
     (Bounded([-3.0, 4.5], -5, 5), [-3, 4.5]), (Fixed([1.0, 2.0]), [1, 2])],
)  # fmt: skip
def test_a_constraint_and_its_free_numbers(constraint, inside):
    np.testing.assert_allclose(constraint.value(constraint.free()), inside, rtol=1e-14)
    moved = constraint.at([0.3, 0.6])
    expected = inside if isinstance(constraint, Fixed) else [0.3, 0.6]
    np.testing.assert_allclose(moved.value(moved.free()), expected, rtol=1e-14)
    np.testing.assert_allclose(constraint.value(constraint.free()), inside, rtol=1e-14)


def test_packing_keeps_names_and_shapes():
    start = {"W": np.arange(6.0).reshape(2, 3), "b": Fixed(np.ones(2)), "s": Positive(1.0)}
    packing = Packing(start)
    np.testing.assert_array_equal(packing.vector(), [0, 1, 2, 3, 4, 5, 0])
    found = packing.unpack(Tensor(packing.vector(), requires_grad=True))
    assert {name: np.shape(x) for name, x in found.items()} == {"W": (2, 3), "b": (2,), "s": ()}
    assert isinstance(found["W"], Tensor)
    halved = packing.prox(lambda name, w, step: w * step, packing.vector() + 1, 0.5)
    np.testing.assert_array_equal(halved, [0.5, 1, 1.5, 2, 2.5, 3, 1])  # s is not any number


# ---- the way there ---------------------------------------------------------------------------------


def test_a_warm_start_goes_on_where_the_last_fit_ended():
    model = models.LogisticRegression(solver="lbfgs", warm_start=True, tol=1e-8, max_iter=500)
    first = model.fit(X, Y > 0).n_iter_
    assert model.fit(X, Y > 0).n_iter_ == 0 < first
    assert model.set_params(C=0.5).fit(X, Y > 0).n_iter_ < first
    model.fit(X[:, :2], Y > 0)  # other shapes: it starts anew
    assert model.coef_.shape == (1, 2)


def test_the_trace_is_printed_and_drawn(capsys):
    model = models.PoissonRegressor(verbose=True).fit(X, np.abs(Y))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == len(model.trace_) == len(model.trace_.loss) == model.n_iter_ + 1
    assert lines[1].startswith(
        f"PoissonRegressor   iteration    1   loss {model.trace_.loss[1]:.8g}   gradient "
    )
    assert (np.diff(model.trace_.loss) < 0).all()
    assert repr(model.trace_).startswith(f"Trace({model.n_iter_} iterations, loss ")
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("agg")
    figure = pytest.importorskip("matplotlib.figure").Figure()
    ax = model.trace_.plot(figure.add_subplot())
    np.testing.assert_array_equal(ax.lines[1].get_ydata(), model.trace_.gradient_norm)
    above = model.trace_.loss - model.trace_.loss.min()
    np.testing.assert_array_equal(ax.lines[0].get_ydata(), above[above > 0])
    models.Ridge(verbose=False).fit(X, Y)
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("fit_intercept", [True, False])
@pytest.mark.parametrize("targets", [(), (3,)])
def test_a_formula_leaves_a_trace_of_its_one_step(fit_intercept, targets, capsys):
    rng = np.random.default_rng(0)
    y = rng.normal(size=(len(X), *targets))
    model = models.Ridge(2.0, fit_intercept=fit_intercept, verbose=True).fit(X, y, WEIGHT)
    assert len(model.trace_) == model.n_iter_ == 1
    coef, b = model.coef_, model.intercept_
    errors = (WEIGHT @ (y - X @ coef.T - b) ** 2).sum() + 2.0 * (coef**2).sum()
    np.testing.assert_allclose(model.trace_.loss, [errors / WEIGHT.sum()])
    assert 0 < model.trace_.gradient_norm[0] < 1e-12
    assert repr(model.trace_).startswith("Trace(loss ")
    assert capsys.readouterr().out.count("Ridge   iteration    1   loss") == 1
    ax = pytest.importorskip("matplotlib.figure").Figure().subplots()
    assert model.trace_.plot(ax) is ax


def test_a_formula_for_a_penalty_with_kinks_has_no_gradient():
    class Lasso(models.Ridge):
        has_kinks = True
        _minimize = LossModel._minimize

        def _exact(self, X, y, weight):
            found = models.Ridge().fit(X, y, weight)
            return {"coef": found.coef_, "intercept": found.intercept_}

        def prox(self, name, w, step):
            return w

        def kinked_penalty(self, coef, intercept):
            return 7.0

    trace = Lasso().fit(X, Y).trace_
    np.testing.assert_allclose(trace.loss, models.Ridge().fit(X, Y).trace_.loss + 7.0)
    assert np.isnan(trace.gradient_norm).all()
