"""Hidden Markov models: beside hmmlearn, their identities, and their contract."""

import pickle

import numpy as np
import pytest

from models import CategoricalHMM, GaussianHMM
from models.foundation import ConvergenceWarning, NotFittedError, clone
from models.sequences import chain

RNG = np.random.default_rng(0)
K, D, M = 3, 2, 5
LENGTHS = [50, 1, 100, 49]
SYMBOLS = RNG.integers(0, M, (200, 1))
NUMBERS = RNG.normal(size=(200, D)) + 2 * RNG.integers(0, 3, (200, 1))
START = {"startprob_": RNG.dirichlet(np.ones(K)), "transmat_": RNG.dirichlet(np.ones(K), K)}
EMISSIONS = RNG.dirichlet(np.ones(M), K)
MEANS = 2 * RNG.normal(size=(K, D))
SHORT = {
    "diag": np.ones((K, D)), "full": np.stack([np.eye(D)] * K), "tied": np.eye(D), "spherical": np.ones(K)
}  # fmt: skip
PRIORS = {"means_weight": 0.5, "means_prior": 0.3, "covars_weight": 4.0, "covars_prior": 0.2,
          "transmat_prior": 1.5, "startprob_prior": 1.3}  # fmt: skip
quiet = pytest.mark.filterwarnings("ignore::models.foundation.ConvergenceWarning")


def started(model):
    """The same first parameters for each model."""
    for name, value in START.items():
        setattr(model, name, value.copy())
    if "Categorical" in type(model).__name__:
        model.emissionprob_ = EMISSIONS.copy()
    else:
        model.means_ = MEANS.copy()
        if type(model).__module__.startswith("hmmlearn"):
            model.n_features = D
        model.covars_ = SHORT[model.covariance_type].copy()
    return model


def categorical(n_iter=7, **given):
    return started(
        CategoricalHMM(K, n_iter=n_iter, tol=given.pop("tol", 0.0), init_params="", **given)
    )


def gaussian(n_iter=7, **given):
    return started(
        GaussianHMM(K, n_iter=n_iter, tol=given.pop("tol", 0.0), init_params="", **given)
    )


def assert_same_answers(ours, theirs, X):
    assert ours.score(X, LENGTHS) == pytest.approx(theirs.score(X, LENGTHS), rel=1e-10)
    for algorithm in ("viterbi", "map"):
        (score, path), (expected, states) = (
            m.decode(X, LENGTHS, algorithm) for m in (ours, theirs)
        )
        assert algorithm == "map" or score == pytest.approx(expected, rel=1e-10)
        if X is NUMBERS:  # several paths through symbols are equally likely
            np.testing.assert_array_equal(path, states)
    np.testing.assert_allclose(
        ours.predict_proba(X, LENGTHS), theirs.predict_proba(X, LENGTHS), atol=1e-10
    )


@quiet
@pytest.mark.parametrize("prior", [{}, {"emissionprob_prior": 1.4, "transmat_prior": 1.2}])
def test_categorical_as_hmmlearn(prior):
    hmm = pytest.importorskip("hmmlearn.hmm")
    theirs = started(hmm.CategoricalHMM(K, n_iter=7, tol=-1e9, init_params="", **prior))
    ours = categorical(**prior)
    assert ours.score(SYMBOLS, LENGTHS) == pytest.approx(theirs.score(SYMBOLS, LENGTHS), rel=1e-10)
    ours.fit(SYMBOLS, LENGTHS), theirs.fit(SYMBOLS, LENGTHS)
    np.testing.assert_allclose(-ours.trace_.loss, theirs.monitor_.history, rtol=1e-8)
    for name in ("startprob_", "transmat_", "emissionprob_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), atol=1e-8)
    assert_same_answers(ours, theirs, SYMBOLS)


@quiet
@pytest.mark.parametrize("prior", [{}, PRIORS])
@pytest.mark.parametrize("form", SHORT)
def test_gaussian_as_hmmlearn(form, prior):
    hmm = pytest.importorskip("hmmlearn.hmm")
    settings = {"covariance_type": form, **prior}
    theirs = started(hmm.GaussianHMM(K, n_iter=7, tol=-1e9, init_params="", **settings))
    ours = gaussian(**settings).fit(NUMBERS, LENGTHS)
    theirs.fit(NUMBERS, LENGTHS)
    np.testing.assert_allclose(-ours.trace_.loss, theirs.monitor_.history, rtol=1e-8)
    for name in ("startprob_", "transmat_", "means_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), atol=1e-8)
    expected = theirs.covars_
    if form == "spherical":
        # theirs repeats the variance for each feature, and so makes K d matrices
        expected = theirs._covars_[:, :1, None] * np.eye(D)
    np.testing.assert_allclose(ours.covars_, expected, atol=1e-8)
    assert_same_answers(ours, theirs, NUMBERS)


CASES = [
    pytest.param(categorical, SYMBOLS, {}, id="categorical"),
    pytest.param(categorical, SYMBOLS, {"emissionprob_prior": 1.4}, id="categorical, prior"),
    *[pytest.param(gaussian, NUMBERS, {"covariance_type": f}, id=f) for f in SHORT],
    *[pytest.param(gaussian, NUMBERS, {"covariance_type": f, **PRIORS}, id=f"{f}, prior") for f in SHORT],
]  # fmt: skip


@pytest.mark.parametrize("make, X, given", CASES)
def test_the_rounds_end_where_the_gradient_is_zero(make, X, given):
    """Two ways to the same likelihood: the gradient of `loss` judges the formulas of the rounds."""
    X, lengths = X[:60], [40, 20]
    rounds = make(n_iter=1000, tol=1e-8, **given).fit(X, lengths)
    there = make(n_iter=1, tol=1e-4, solver="lbfgs", **given)
    for name in rounds.names:
        setattr(there, f"{name}_", getattr(rounds, f"{name}_"))
    there.fit(X, lengths)
    assert there.trace_.gradient_norm[0] < 1e-4
    elsewhere = make(n_iter=1, tol=1e3, solver="lbfgs", **given).fit(X, lengths)
    assert elsewhere.trace_.gradient_norm[0] > 1e-2


@pytest.mark.parametrize("make, X, given", [CASES[0], CASES[2]])
def test_a_solver_climbs_to_a_maximum(make, X, given):
    found = make(n_iter=2000, tol=1e-6, solver="lbfgs", **given).fit(X, LENGTHS)
    few = make(n_iter=20, tol=1e9, **given).fit(X, LENGTHS)
    assert found.converged_ and found.score(X, LENGTHS) > few.score(X, LENGTHS)
    assert found.lower_bound_ == pytest.approx(found.score(X, LENGTHS))
    np.testing.assert_allclose(found.transmat_.sum(axis=1), 1)


def test_the_likelihood_rises():
    rise = np.diff(-categorical(n_iter=200, tol=1e-2).fit(SYMBOLS, LENGTHS).trace_.loss)
    assert len(rise) > 5 and (rise > 0).all()


def test_expected_emissions_are_a_gradient():
    model = categorical()
    scores = np.log(EMISSIONS).T[SYMBOLS[:, 0]]
    first = np.isin(np.arange(200), np.cumsum([0, *LENGTHS[:-1]]))
    π, A = np.log(START["startprob_"]), np.log(START["transmat_"])
    log_p, _, _, states = chain.expected_counts(π, A, scores, first)
    np.testing.assert_allclose(states, model.predict_proba(SYMBOLS, LENGTHS), atol=1e-10)
    assert model.score_samples(SYMBOLS, LENGTHS)[0] == pytest.approx(log_p)


@quiet
def test_only_what_params_names_is_learned():
    for solver in ("em", "lbfgs"):
        model = categorical(params="t", solver=solver, n_iter=3).fit(SYMBOLS, LENGTHS)
        np.testing.assert_allclose(model.startprob_, START["startprob_"], atol=1e-12)
        np.testing.assert_allclose(model.emissionprob_, EMISSIONS, atol=1e-12)
        assert np.abs(model.transmat_ - START["transmat_"]).max() > 1e-3


@quiet
def test_forbidden_transitions_stay_forbidden():
    A = np.array([[0.5, 0.5, 0.0], [0.0, 0.5, 0.5], [0.0, 0.0, 1.0]])
    for solver in ("em", "lbfgs"):
        model = categorical(solver=solver)
        model.startprob_, model.transmat_ = np.array([1.0, 0.0, 0.0]), A
        model.fit(SYMBOLS, LENGTHS)
        np.testing.assert_allclose(model.transmat_[A == 0], 0, atol=1e-200)
        assert (np.diff(model.predict(SYMBOLS[:50])) >= 0).all()


@quiet
def test_a_state_that_is_never_visited_keeps_its_parameters():
    model = gaussian()
    model.means_ = np.array([[0.0, 0.0], [4.0, 4.0], [1e6, 1e6]])
    model.fit(NUMBERS, LENGTHS)
    np.testing.assert_allclose(model.means_[2], 1e6)
    np.testing.assert_allclose(model.transmat_.sum(axis=1), 1)
    assert np.isfinite(model.score(NUMBERS, LENGTHS))


def test_samples_have_the_frequencies_of_the_model():
    model = gaussian()
    X, states = model.sample(4000, random_state=0)
    counts = np.zeros((K, K))
    np.add.at(counts, (states[:-1], states[1:]), 1)
    np.testing.assert_allclose(
        counts / counts.sum(axis=1, keepdims=True), START["transmat_"], atol=0.06
    )
    for j in range(K):
        np.testing.assert_allclose(X[states == j].mean(axis=0), MEANS[j], atol=0.3)
    assert model.sample(3, random_state=1, currstate=2)[1][0] == 2
    symbols, states = categorical().sample(4000, random_state=0)
    shown = np.bincount(symbols[states == 1, 0], minlength=M)
    np.testing.assert_allclose(shown / shown.sum(), EMISSIONS[1], atol=0.06)


def test_it_recovers_a_model_from_its_samples():
    truth = gaussian()
    truth.means_ = np.array([[0.0, 0.0], [6.0, 0.0], [0.0, 6.0]])
    X, states = truth.sample(1500, random_state=0)
    found = GaussianHMM(K, n_iter=100, random_state=0).fit(X)
    match = [int(np.argmin(((found.means_ - m) ** 2).sum(axis=1))) for m in truth.means_]
    np.testing.assert_allclose(found.means_[match], truth.means_, atol=0.3)
    assert (found.predict(X) == np.array(match)[states]).mean() > 0.98


# ---- the contract ----------------------------------------------------------------------------------


@quiet
@pytest.mark.parametrize("kind, X", [(CategoricalHMM, SYMBOLS), (GaussianHMM, NUMBERS)])
def test_copies_and_errors(kind, X):
    model = kind(2, random_state=0).fit(X, LENGTHS)
    again = pickle.loads(pickle.dumps(model))
    assert again.score(X, LENGTHS) == model.score(X, LENGTHS)
    assert kind(2, random_state=0).fit(X, LENGTHS).score(X) == model.score(X)
    listed = kind(2, random_state=0).fit(np.split(X, np.cumsum(LENGTHS)[:-1]))
    np.testing.assert_array_equal(listed.transmat_, model.transmat_)
    fresh = clone(model)
    assert fresh.get_params() == model.get_params() and not hasattr(fresh, "transmat_")
    for name in ("score", "predict", "predict_proba", "decode", "score_samples"):
        with pytest.raises(NotFittedError, match=f"this {kind.__name__} is not fitted yet"):
            getattr(fresh, name)(X)
    with pytest.raises(NotFittedError):
        fresh.sample()
    before = pickle.dumps(vars(model))
    for bad, lengths, message in [
        (X, [3, 4], "lengths add up to 7, and X has 200 samples"),
        (X, [-1, 201], "whole numbers ≥ 0"),
        (X, [0.5], "whole numbers ≥ 0"),
        (X * np.nan, None, "contains NaN"),
        (X[:0], None, "0 sample"),
        ([X, X], [200, 200], "a list of sequences, and lengths as well"),
        (np.hstack([X, X]), None, "features|one column of symbols"),
    ]:
        for method in (model.fit, model.score):
            if method == model.fit and bad is not X and np.shape(bad) == (200, 4):
                continue
            with pytest.raises(ValueError, match=message) as error:
                method(bad, lengths)
            assert "Try: " in str(error.value)
    assert pickle.dumps(vars(model)) == before
    for name, parameter in kind._parameters.items():
        assert parameter.doc and name in kind.__doc__
        with pytest.raises(ValueError, match=f"The '{name}' parameter of {kind.__name__} must be"):
            clone(model).set_params(**{name: object()}).fit(X)
    with pytest.raises(TypeError, match="n_component"):
        kind(n_component=2)


@quiet
def test_other_errors():
    with pytest.raises(
        ValueError, match=r"Symbols should be nonnegative integers, and X has 0\.5 in row 0"
    ):
        CategoricalHMM(2).fit([[0.5], [1.0]])
    with pytest.raises(
        ValueError, match="Largest symbol is 9 but the model only emits symbols up to 4"
    ):
        categorical().score([[9]])
    with pytest.raises(ValueError, match="fewer than n_components=3"):
        GaussianHMM(3).fit(NUMBERS[:2])
    with pytest.raises(ValueError, match="startprob_ must sum to 1"):
        broken = gaussian()
        broken.startprob_ = np.ones(3)
        broken.fit(NUMBERS)
    with pytest.raises(ValueError, match="covars_ of shape"):
        gaussian().covars_ = np.ones((7, 7))
    with pytest.raises(ValueError, match="must be symmetric, positive-definite"):
        broken = gaussian(covariance_type="tied")
        broken.covars_ = -np.eye(2)
        broken.fit(NUMBERS)
    with pytest.raises(ValueError, match="Unknown decoder 'best'"):
        gaussian().decode(NUMBERS, algorithm="best")
    impossible = categorical()
    impossible.emissionprob_ = np.eye(K, M)
    assert impossible.score([[4]]) == -np.inf
    with pytest.raises(ValueError, match="the probability 0"):
        impossible.predict_proba([[4]])
    with pytest.warns(ConvergenceWarning, match="stopped after 2 rounds.*raise n_iter"):
        categorical(n_iter=2).fit(SYMBOLS)
    with pytest.warns(ConvergenceWarning, match="stopped after 2 steps of 'lbfgs'.*raise n_iter"):
        categorical(n_iter=2, solver="lbfgs").fit(SYMBOLS)


@quiet
@pytest.mark.parametrize("change", [
    lambda X: np.full_like(X, 3.0), lambda X: X * 1e100, lambda X: X * 1e-150, lambda X: X[:3],
    lambda X: np.repeat(X[:3], 20, axis=0), lambda X: X + 1e8, lambda X: X[:1],
])  # fmt: skip
def test_unusual_data_give_finite_parameters_or_an_error(change):
    try:
        model = GaussianHMM(2, covariance_type="full", random_state=0).fit(change(NUMBERS))
    except ValueError as error:
        assert "Try: " in str(error)
        return
    for name in model.names:
        assert np.isfinite(getattr(model, f"{name}_")).all()
    assert np.isfinite(model.score(change(NUMBERS)))


def test_the_best_of_several_starts():
    """Single starts reach different maxima; of several, the highest is kept."""
    rng = np.random.default_rng(3)
    states = np.repeat(rng.integers(0, 5, 25), 5)
    X = rng.normal(size=(5, 2))[states] * 2 + rng.normal(size=(125, 2))
    same = {"n_iter": 100, "tol": 1e-2}
    single = [GaussianHMM(5, random_state=r, **same).fit(X).score(X) for r in range(5)]
    several = GaussianHMM(5, n_init=6, random_state=0, **same).fit(X).score(X)
    assert max(single) - min(single) > 1
    assert several >= np.median(single)
