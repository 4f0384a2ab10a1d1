"""Word2Vec: its minimum in closed form, the paper's loss, and similar words."""

import numpy as np
import pytest

from models import Word2Vec
from models.foundation import NotFittedError
from tinygrad_edu.gradcheck import gradcheck

WORDS = ["a", "b", "c", "d", "e"]


def sentences(seed=0, count=300):
    rng = np.random.default_rng(seed)
    return [[WORDS[i] for i in rng.choice(5, 6, p=[0.3, 0.3, 0.2, 0.1, 0.1])] for _ in range(count)]


def counted(model, X):
    """N by two loops."""
    N = np.zeros((len(model.words_),) * 2)
    for sentence in X:
        for i, w in enumerate(sentence):
            for j, c in enumerate(sentence):
                if 0 < abs(i - j) <= model.window:
                    N[model.words_.index(w), model.words_.index(c)] += 1
    return N


@pytest.mark.parametrize("k, exponent", [(1, 1.0), (5, 0.75)])
def test_with_enough_dimensions_it_is_the_shifted_mutual_information(k, exponent):
    X = sentences()
    settings = {"window": 2, "negative": k, "ns_exponent": exponent, "tol": 1e-9}
    model = Word2Vec(5, random_state=0, max_iter=5000, **settings).fit(X)
    N = counted(model, X)
    occur = np.array([sum(s.count(w) for s in X) for w in model.words_])
    q = occur**exponent / np.sum(occur**exponent)
    np.testing.assert_allclose(model.noise_, q, rtol=1e-12)
    expected = np.log(N / N.sum(axis=1, keepdims=True) / q) - np.log(k)
    np.testing.assert_allclose(model.vectors_ @ model.context_vectors_.T, expected, atol=1e-5)
    assert list(occur) == sorted(occur, reverse=True)


def test_the_loss_is_the_mean_over_pairs_and_draws():
    """Against draws of the k random words, as in the paper."""
    X = sentences(1, 40)
    model = Word2Vec(3, window=1, negative=2, min_count=1, random_state=0, tol=1e-2).fit(X)
    N, rng = counted(model, X), np.random.default_rng(0)
    V, U = model.vectors_, model.context_vectors_
    w, c = np.nonzero(N)
    w, c = np.repeat(w, N[w, c].astype(int)), np.repeat(c, N[w, c].astype(int))

    def log_σ(z):
        return -np.log1p(np.exp(-z))

    drawn = rng.choice(5, (4000, len(w), 2), p=model.noise_)
    each = log_σ((V[w] * U[c]).sum(axis=1)) + log_σ(-(V @ U.T)[w[:, None], drawn]).sum(axis=-1)
    assert -each.mean() == pytest.approx(model.trace_.loss[-1], abs=1e-3)


def test_its_gradient():
    model = Word2Vec(2, random_state=0)
    rng = np.random.default_rng(0)
    N, model.noise_ = rng.integers(0, 9, (4, 4)).astype(float), np.full(4, 0.25)
    packing = model._packing(N, np.arange(4), np.ones(4))
    report = gradcheck(
        lambda w: model.loss(N, np.arange(4), np.ones(4), **packing.unpack(w)), packing.vector()
    )
    assert report, report


@pytest.mark.filterwarnings("ignore::models.foundation.ConvergenceWarning")
def test_words_in_the_same_places_are_similar():
    rng = np.random.default_rng(0)
    X = []
    for _ in range(400):
        animal, color = rng.choice(["cat", "dog", "cow"]), rng.choice(["red", "blue", "green"])
        X.append(["the", animal, rng.choice(["eats", "sleeps"]), "on", "a", color, "chair"])
    X = [[str(word) for word in sentence] for sentence in X]
    model = Word2Vec(8, window=2, random_state=0).fit(X)
    assert {word for word, _ in model.most_similar("cat", 2)} == {"dog", "cow"}
    assert {word for word, _ in model.most_similar("red", 2)} == {"blue", "green"}
    assert model.vector("cat").shape == (8,)
    adam = Word2Vec(8, window=2, random_state=0, solver="adam", batch_size=4, max_iter=100).fit(X)
    assert {word for word, _ in adam.most_similar("cat", 2)} == {"dog", "cow"}


def test_bad_input_is_refused():
    with pytest.raises(TypeError, match=r"sentence 1 is 'a b'[\s\S]*split\(\)"):
        Word2Vec().fit([["a"], "a b"])
    with pytest.raises(TypeError, match=r"sentence 0 is \[1, 2\]"):
        Word2Vec().fit([[1, 2]])
    for X in ([], [["a", "b"]], [["a"]] * 9):
        with pytest.raises(ValueError, match=r"min_count|0 sample"):
            Word2Vec().fit(X)
    with pytest.raises(NotFittedError):
        Word2Vec().vector("a")
    model = Word2Vec(2, tol=0.1, random_state=0).fit(sentences())
    with pytest.raises(KeyError, match=r"z.* is none of the 5 words"):
        model.vector("z")
