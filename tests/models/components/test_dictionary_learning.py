"""Sparse codes and dictionaries against scikit-learn's, and the conditions of their minimum."""

import numpy as np
import pytest

from models import DictionaryLearning, MiniBatchDictionaryLearning, SparseCoder
from models.components.dictionary_learning import objective
from models.components.sparse_codes import sparse_encode
from tests.models.contract import checks_of

decomposition = pytest.importorskip("sklearn.decomposition")
datasets = pytest.importorskip("sklearn.datasets")

DIGITS = datasets.load_digits().data[:150] / 16
RNG = np.random.default_rng(0)
quiet = pytest.mark.filterwarnings(
    "ignore::sklearn.exceptions.ConvergenceWarning", "ignore::RuntimeWarning"
)


def dictionary(atoms, features=8, rng=RNG):
    D = rng.normal(size=(atoms, features))
    return D / np.linalg.norm(D, axis=1, keepdims=True)


@quiet
@pytest.mark.parametrize("atoms", [5, 8, 20])
@pytest.mark.parametrize(
    "algorithm, settings",
    [("omp", {}), ("omp", {"n_nonzero_coefs": 4}), ("lars", {"n_nonzero_coefs": 3}), ("threshold", {}),
     ("threshold", {"positive": True}), ("lasso_lars", {"alpha": 0.3}), ("lasso_lars", {"alpha": 1e-10}),
     ("lasso_cd", {"alpha": 0.3}), ("lasso_cd", {"alpha": 0.3, "positive": True})],
)  # fmt: skip
def test_the_codes_are_scikit_learns(algorithm, settings, atoms):
    X, D = RNG.normal(size=(40, 8)), dictionary(atoms)
    ours = sparse_encode(X, D, algorithm=algorithm, **settings)
    theirs = decomposition.sparse_encode(X, D, algorithm=algorithm, **settings)
    np.testing.assert_allclose(ours, theirs, atol=1e-5 if algorithm == "lasso_cd" else 1e-6)


@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("algorithm", ["lasso_lars", "lasso_cd"])
def test_the_slope_of_a_lasso_is_that_of_a_minimum(algorithm, positive):
    """|c_j| ≤ α, and c_j = α sign(w_j) where w_j ≠ 0, with c = (X - W D) Dᵀ; also for correlated atoms."""
    D = dictionary(6, 20) + dictionary(1, 20)
    X = RNG.normal(size=(50, 20))
    W = sparse_encode(X, D, algorithm=algorithm, alpha=0.2, positive=positive, max_iter=5000)
    c = (X - W @ D) @ D.T
    tolerance = 1e-12 if algorithm == "lasso_lars" else 1e-6
    assert (c if positive else np.abs(c)).max() < 0.2 + tolerance
    np.testing.assert_allclose(c[W != 0], 0.2 * np.sign(W[W != 0]), atol=tolerance)
    assert not positive or (W >= 0).all()
    assert 0 < np.mean(W == 0) < 1


def test_nearly_equal_atoms_do_not_let_others_in_too_early():
    """The conditions of the minimum hold also where an atom depends on others, and correlates as much."""
    D = dictionary(5, 12)
    D = np.vstack([D, -D[:3], D[1:4], (D[0] + D[1]) / np.linalg.norm(D[0] + D[1])])
    X = RNG.normal(size=(1000, 12))
    W = sparse_encode(X, D, alpha=0.1)
    c = (X - W @ D) @ D.T
    assert np.abs(c).max() < 0.1 + 1e-6
    np.testing.assert_allclose(c[W != 0], 0.1 * np.sign(W[W != 0]), atol=1e-6)


def test_equal_atoms_and_atoms_of_zero_are_no_trouble():
    D = dictionary(4)
    doubled = np.vstack([D, D[:2], np.zeros((1, 8))])
    X = RNG.normal(size=(30, 8))
    for algorithm in ("lasso_lars", "lasso_cd", "omp", "lars", "threshold"):
        settings = {"n_nonzero_coefs": 4} if algorithm in ("omp", "lars") else {"alpha": 0.1}
        few = sparse_encode(X, D, algorithm=algorithm, **settings)
        more = sparse_encode(X, doubled, algorithm=algorithm, **settings)
        assert np.isfinite(more).all()
        if algorithm != "threshold":
            np.testing.assert_allclose(more @ doubled, few @ D, atol=1e-6)


def test_many_rows_are_coded_in_blocks(monkeypatch):
    X, D = RNG.normal(size=(30, 8)), dictionary(6)
    whole = sparse_encode(X, D, alpha=0.1)
    monkeypatch.setattr("models.components.sparse_codes.BLOCK", 7 * 36)
    np.testing.assert_allclose(sparse_encode(X, D, alpha=0.1), whole, atol=1e-12)


@quiet
@pytest.mark.parametrize(
    "settings",
    [{}, {"fit_algorithm": "cd"}, {"positive_dict": True, "fit_algorithm": "cd"},
     {"positive_code": True, "fit_algorithm": "cd"}],
)  # fmt: skip
def test_the_same_rounds_as_scikit_learn_from_the_same_start(settings):
    same = {
        "n_components": 6,
        "alpha": 0.2,
        "max_iter": 15,
        "tol": 1e-12,
        "transform_algorithm": "lasso_lars",
    }
    X = DIGITS[:, 10:50]
    ours = DictionaryLearning(**same, **settings).fit(X)
    theirs = decomposition.DictionaryLearning(**same, **settings).fit(X)
    np.testing.assert_allclose(ours.error_, theirs.error_, rtol=1e-6)
    np.testing.assert_allclose(ours.components_, theirs.components_, atol=1e-4)


@quiet
def test_at_convergence_the_objective_is_scikit_learns():
    D, W = dictionary(5, 64), RNG.normal(size=(150, 5))
    same = {
        "n_components": 5,
        "alpha": 0.5,
        "tol": 1e-9,
        "max_iter": 2000,
        "dict_init": D,
        "code_init": W,
    }
    ours = DictionaryLearning(**same)
    codes = ours.fit_transform(DIGITS)
    theirs = decomposition.DictionaryLearning(**same).fit(DIGITS)
    assert ours.error_[-1] == pytest.approx(theirs.error_[-1], rel=1e-6)
    assert objective(DIGITS, codes, ours.components_, 0.5) == pytest.approx(
        ours.error_[-1], rel=1e-6
    )
    assert (np.diff(ours.error_) <= 1e-9).all()
    assert (np.linalg.norm(ours.components_, axis=1) <= 1 + 1e-12).all()


@pytest.mark.parametrize("algorithm", ["lars", "cd"])
def test_batches_as_scikit_learns(algorithm):
    D = dictionary(5, 64)
    same = {"n_components": 5, "alpha": 0.5, "dict_init": D, "shuffle": False, "batch_size": 32,
            "max_iter": 8, "fit_algorithm": algorithm}  # fmt: skip
    ours = MiniBatchDictionaryLearning(**same).fit(DIGITS)
    theirs = decomposition.MiniBatchDictionaryLearning(**same | {"dict_init": D.copy()}).fit(DIGITS)
    assert (ours.n_iter_, ours.n_steps_) == (theirs.n_iter_, theirs.n_steps_)
    np.testing.assert_allclose(ours.components_, theirs.components_, atol=1e-6)
    ours, theirs = (
        MiniBatchDictionaryLearning(**same),
        decomposition.MiniBatchDictionaryLearning(**same | {"dict_init": D.copy()}),
    )
    for batch in (DIGITS[:40], DIGITS[40:100], DIGITS[100:]):
        ours.partial_fit(batch)
        theirs.partial_fit(batch)
    np.testing.assert_allclose(ours.components_, theirs.components_, atol=1e-6)


def test_atoms_that_made_the_data_are_found():
    rng = np.random.default_rng(3)
    D = dictionary(8, 10, rng)
    W = rng.normal(size=(400, 8)) * (rng.random((400, 8)) < 0.25)
    found = DictionaryLearning(8, alpha=0.05, tol=1e-6, random_state=0).fit(W @ D).components_
    alike = np.abs(found @ D.T) / np.linalg.norm(found, axis=1)[:, None]
    assert (alike.max(axis=0) > 0.98).mean() >= 0.75


def coder(features):
    return SparseCoder(
        np.eye(5, features) + 0.1, transform_algorithm="lasso_lars", transform_alpha=0.1
    )


@pytest.mark.filterwarnings("ignore:X .* feature names:UserWarning")
@pytest.mark.parametrize("number", range(len(list(checks_of(coder(3))))))
def test_scikit_learns_checks_with_a_dictionary_of_the_width_of_each(number):
    for features in (3, 2, 4, 1, 10, 20, 5, 8):
        check = list(checks_of(coder(features)))[number]
        try:
            return check(coder(features))
        except (ValueError, AssertionError) as error:
            if "different numbers of features" not in f"{error} {error.__cause__}":
                raise
    pytest.fail("no width is right")


def test_codes_split_by_sign_and_back():
    X, D = RNG.normal(size=(30, 8)), dictionary(12)
    plain = SparseCoder(D, transform_algorithm="lasso_lars", transform_alpha=0.1)
    split = SparseCoder(D, transform_algorithm="lasso_lars", transform_alpha=0.1, split_sign=True)
    W = split.fit_transform(X)
    assert W.shape == (30, 24) and (W >= 0).all()
    np.testing.assert_allclose(W[:, :12] - W[:, 12:], plain.transform(X))
    np.testing.assert_allclose(split.inverse_transform(W), plain.fit(X).transform(X) @ D)
    assert len(split.get_feature_names_out()) == 24


def test_the_callback_sees_the_rounds():
    seen = []
    DictionaryLearning(2, tol=1e-3, callback=lambda found: seen.append(found["ii"])).fit(DIGITS)
    assert seen[0] == 0
    seen.clear()
    MiniBatchDictionaryLearning(2, max_iter=2, callback=lambda found: seen.append(found["i"])).fit(
        DIGITS
    )
    assert seen == [0, 1] or seen == [0]


def test_mistakes():
    with pytest.raises(
        ValueError, match="different numbers of features.*dictionary.shape: \\(3, 5\\)"
    ):
        SparseCoder(np.ones((3, 5))).transform(np.ones((2, 4)))
    with pytest.raises(ValueError, match="Positive constraint not supported for 'omp'"):
        SparseCoder(np.ones((3, 4)), positive_code=True).fit_transform(np.ones((2, 4)))
    with pytest.raises(ValueError, match=r"dict_init has shape \(2, 3\)"):
        DictionaryLearning(2, dict_init=np.ones((2, 3))).fit(DIGITS)
    with pytest.raises(ValueError, match=r"code_init has shape \(2, 3\)"):
        DictionaryLearning(2, code_init=np.ones((2, 3))).fit(DIGITS)
