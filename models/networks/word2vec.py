"""Vectors of words.

Source: T. Mikolov, I. Sutskever, K. Chen, G. Corrado, J. Dean, Distributed representations of words and
phrases and their compositionality (2013); O. Levy, Y. Goldberg, Neural word embedding as implicit matrix
factorization (2014), for the loss as a function of counts.
"""

from collections import Counter
from typing import Any, ClassVar

import numpy as np

from models.foundation import integer, learned, nonnegative
from models.foundation.loss_model import LossModel
from models.foundation.randomness import generator
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.ops import softplus


class Word2Vec(LossModel):
    """A vector v_w for each word, from the words c near it: skip-grams with negative sampling.

    For each pair of a word and one of its neighbors, and k random words n in place of the neighbor,

        ln σ(u_c·v_w) + Σ_n ln σ(-u_n·v_w),      n ~ q,  q_n ∝ (count of n)^0.75       (Mikolov, equation 4)

    is to be large. Here the draws are replaced by their mean, so that the loss depends on counts alone
    (Levy, Goldberg, equation 4): with N_wc pairs and N_w = Σ_c N_wc,

        L = -Σ_wc [N_wc ln σ(u_c·v_w) + k N_w q_c ln σ(-u_c·v_w)] / Σ N

    With enough dimensions its minimum is u_c·v_w = ln(N_wc / N_w q_c) - ln k. N is a square matrix, which
    fits in memory for some thousand words; `min_count` leaves out rare ones.

    X is a list of sentences, each a list of words.
    """

    reads = "anything"
    twin = ""
    does_not_apply: ClassVar[Any] = {
        "*": "X is a list of lists of words; tests/models/networks/test_word2vec.py"
    }

    vector_size: int = integer(100, at_least=1, doc="numbers in a vector")
    window: int = integer(5, at_least=1, doc="how far apart neighbors may be")
    min_count: int = integer(5, at_least=1, doc="leaves out words that occur less often")
    negative: int = integer(5, at_least=1, doc="k, random words for each pair")
    ns_exponent: float = nonnegative(0.75, doc="exponent of the counts in q")
    tol = 1e-5
    max_iter = 200

    noise_: np.ndarray = learned("q: (words,)")
    words_: list = learned("the words, the most frequent first")
    vectors_: np.ndarray = learned("v: (words, vector_size)")
    context_vectors_: np.ndarray = learned("u: (words, vector_size)")

    def loss(self, X, y, weight, vectors, context_vectors):
        """L. X: rows of N, y: which words they are."""
        scores = vectors[y] @ context_vectors.T
        pulled = X * softplus(-scores)
        pushed = X.sum(axis=1)[:, None] * self.noise_ * softplus(scores)
        return (pulled + self.negative * pushed).sum() / X.sum()

    def start(self, X, y, weight):
        """Small random vectors; zeros as in the original would be a saddle for u and v together."""
        rng = generator(self.random_state)
        shape = (X.shape[1], self.vector_size)
        size = 0.5 / np.sqrt(self.vector_size)
        return {
            "vectors": size * rng.standard_normal(shape),
            "context_vectors": size * rng.standard_normal(shape),
        }

    def _fit(self, X):  # type: ignore[override]
        for i, sentence in enumerate(X):
            if isinstance(sentence, str) or not all(isinstance(w, str) for w in sentence):
                what = f"Word2Vec reads lists of words, and sentence {i} is {sentence!r:.60}."
                raise refusal(
                    TypeError, what, "[sentence.lower().split() for sentence in sentences]"
                )
        counted = Counter(word for sentence in X for word in sentence).most_common()
        self.words_ = [word for word, count in counted if count >= self.min_count]
        N = self._pairs(X)
        if not N.any():
            what = (
                f"no two words that occur at least min_count={self.min_count} times are neighbors."
            )
            raise refusal(ValueError, what, "more sentences, or a smaller min_count")
        q = np.array([count for _, count in counted[: len(N)]]) ** self.ns_exponent
        self.noise_ = q / q.sum()
        super()._fit(N, np.arange(len(N)), np.ones(len(N)))

    def _pairs(self, sentences):
        """N: how often word c is a neighbor of word w, in either direction."""
        number = {word: i for i, word in enumerate(self.words_)}
        size = len(number)
        N = np.zeros((size, size))
        for sentence in sentences:
            numbers = np.array([number[word] for word in sentence if word in number], dtype=int)
            for distance in range(1, min(self.window, len(numbers) - 1) + 1):
                np.add.at(N, (numbers[:-distance], numbers[distance:]), 1.0)
        return N + N.T

    def vector(self, word: str) -> np.ndarray:
        """v of a word, (vector_size,). KeyError for a word that `fit` has not seen often enough."""
        return self.vectors_[self._number(word)]

    def most_similar(self, word: str, n: int = 10) -> list[tuple[str, float]]:
        """The n words with the largest cosine of the angle between their v and that of the word."""
        unit = self.vectors_ / np.linalg.norm(self.vectors_, axis=1, keepdims=True)
        cosines = unit @ unit[self._number(word)]
        order = [i for i in np.argsort(-cosines) if self.words_[i] != word]
        return [(self.words_[i], float(cosines[i])) for i in order[:n]]

    def _number(self, word):
        self._check([])
        if word not in self.words_:
            what = f"{word!r} is none of the {len(self.words_)} words of this Word2Vec."
            raise refusal(KeyError, what, "a smaller min_count, or one of .words_")
        return self.words_.index(word)

    @classmethod
    def examples(cls, rng):
        words = np.array(["cat", "dog", "sits", "runs", "red", "blue"])
        sentences = [list(words[rng.integers(0, 6, 8)]) for _ in range(60)]
        sentences = [[str(word) for word in sentence] for sentence in sentences]
        yield cls(3, random_state=0), sentences, None
