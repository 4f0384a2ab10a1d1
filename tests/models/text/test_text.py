"""Counts of terms against scikit-learn's: the same columns and the same numbers."""

import io
import re

import numpy as np
import pytest

import models
from models import CountVectorizer, HashingVectorizer, TfidfTransformer, TfidfVectorizer
from models.text.hashing import hashes_of
from models.text.stop_words import ENGLISH_STOP_WORDS
from tests.models.contract import assert_clear

theirs_of = pytest.importorskip("sklearn.feature_extraction.text")

DOCUMENTS = [
    "The cat sat on the mat, and the cat was fat.",
    "A Dog ate my homework; then the dog ate the cat's food!",
    "Ça va? Où est l'élève naïf, à côté de la fenêtre?",
    "",
    "x y z of the",
    "cat   dog\tmouse\n mouse  MOUSE 123 4",
]
NEW = ["the unknown elephant ate a cat", "mouse mouse", "nothing known"]

SETTINGS = [
    {},
    {"lowercase": False},
    {"binary": True},
    {"stop_words": "english"},
    {"stop_words": ["the", "cat"]},
    {"ngram_range": (1, 2)},
    {"ngram_range": (2, 3), "stop_words": "english"},
    {"analyzer": "char", "ngram_range": (1, 3)},
    {"analyzer": "char_wb", "ngram_range": (2, 5)},
    {"analyzer": str.split},
    {"strip_accents": "ascii"},
    {"strip_accents": "unicode"},
    {"token_pattern": r"(?u)\b\w+\b"},
    {"token_pattern": r"\b(\w)\w+\b"},
    {"tokenizer": str.split, "token_pattern": None},
    {"preprocessor": str.upper},
]
LIMITS = [
    {"min_df": 2},
    {"max_df": 0.4},
    {"max_features": 5},
    {"min_df": 0.2, "max_df": 3, "max_features": 4},
    {"vocabulary": ["cat", "dog", "zebra"]},
    {"vocabulary": {"dog": 1, "cat": 0}},
]


def assert_same(name, settings):
    ours, theirs = getattr(models, name)(**settings), getattr(theirs_of, name)(**settings)
    found, expected = ours.fit_transform(DOCUMENTS), theirs.fit_transform(DOCUMENTS)
    assert found.dtype == expected.dtype
    np.testing.assert_allclose(found.toarray(), expected.toarray(), rtol=1e-14)
    fitted = getattr(models, name)(**settings).fit(DOCUMENTS)
    for documents in (NEW, DOCUMENTS):
        expected = theirs.transform(documents).toarray()
        np.testing.assert_allclose(fitted.transform(documents).toarray(), expected, rtol=1e-14)
        np.testing.assert_array_equal(fitted.transform(documents), ours.transform(documents))
    return ours, theirs


@pytest.mark.parametrize("settings", [*SETTINGS, *LIMITS], ids=str)
def test_counts(settings):
    ours, theirs = assert_same("CountVectorizer", settings)
    assert ours.vocabulary_ == theirs.vocabulary_
    assert ours.fixed_vocabulary_ == theirs.fixed_vocabulary_
    np.testing.assert_array_equal(ours.get_feature_names_out(), theirs.get_feature_names_out())
    for found, expected in zip(
        ours.inverse_transform(ours.transform(NEW)),
        theirs.inverse_transform(theirs.transform(NEW)),
        strict=True,
    ):
        assert sorted(found) == sorted(expected)


@pytest.mark.parametrize("settings", SETTINGS, ids=str)
def test_hashed_counts(settings):
    assert_same("HashingVectorizer", {**settings, "n_features": 32})


@pytest.mark.parametrize("settings", [{"norm": "l1"}, {"norm": None, "alternate_sign": False}])
def test_norms_and_signs_of_hashed_counts(settings):
    assert_same("HashingVectorizer", {**settings, "n_features": 7})


TFIDF = [
    {},
    {"norm": "l1"},
    {"norm": None},
    {"use_idf": False},
    {"smooth_idf": False},
    {"sublinear_tf": True},
]


@pytest.mark.parametrize("settings", [*TFIDF, {"ngram_range": (1, 2), "min_df": 2}], ids=str)
def test_weighted_by_how_rare_they_are(settings):
    ours, theirs = assert_same("TfidfVectorizer", settings)
    if settings.get("use_idf", True):
        np.testing.assert_allclose(ours.idf_, theirs.idf_, rtol=1e-15)


@pytest.mark.parametrize("settings", TFIDF, ids=str)
def test_counts_that_are_weighted(settings):
    counts = CountVectorizer().fit_transform(DOCUMENTS)
    theirs = theirs_of.TfidfTransformer(**settings).fit(counts)
    expected = theirs.transform(counts).toarray()
    for each in (counts, pytest.importorskip("scipy.sparse").csr_array(counts)):
        found = TfidfTransformer(**settings).fit_transform(each)
        np.testing.assert_allclose(found.toarray(), expected, rtol=1e-14)


def test_sparse_matrices_in_the_same_form():
    scipy = pytest.importorskip("scipy.sparse")
    for name in ("CountVectorizer", "TfidfVectorizer", "HashingVectorizer"):
        found = getattr(models, name)(sparse_output=True).fit_transform(DOCUMENTS)
        expected = getattr(theirs_of, name)().fit_transform(DOCUMENTS)
        assert scipy.issparse(found) and found.has_sorted_indices
        np.testing.assert_allclose((found - expected).toarray(), 0, atol=1e-15)
    assert scipy.issparse(HashingVectorizer().fit_transform(DOCUMENTS * 11))  # 2**20 columns


def test_hash_values_are_those_of_murmurhash():
    murmurhash = pytest.importorskip("sklearn.utils").murmurhash3_32
    words = ["", "a", "ab", "abc", "abcd", "abcde", "é", "Ω" * 7, "x" * 50]
    assert hashes_of(words).tolist() == [murmurhash(word.encode()) for word in words]


def test_stop_words_are_scikit_learns():
    assert ENGLISH_STOP_WORDS == theirs_of.ENGLISH_STOP_WORDS


def test_bytes_files_and_paths(tmp_path):
    text = "café cat"
    path = tmp_path / "text"
    path.write_bytes(text.encode())
    for settings, document in (
        ({}, text.encode()),
        ({"input": "file"}, io.BytesIO(text.encode())),
        ({"input": "filename"}, str(path)),
    ):
        assert CountVectorizer(**settings).fit([document]).vocabulary_ == {"café": 0, "cat": 1}
    with pytest.raises(UnicodeDecodeError):
        CountVectorizer(encoding="ascii").fit([text.encode()])
    ignored = CountVectorizer(encoding="ascii", decode_error="ignore").fit([text.encode()])
    assert ignored.vocabulary_ == {"caf": 0, "cat": 1}


def test_a_series_and_a_generator_of_documents():
    pandas = pytest.importorskip("pandas")
    expected = CountVectorizer().fit_transform(DOCUMENTS)
    for documents in (pandas.Series(DOCUMENTS), (text for text in DOCUMENTS), np.array(DOCUMENTS)):
        np.testing.assert_array_equal(CountVectorizer().fit_transform(documents), expected)


def test_a_frame_of_counts():
    pytest.importorskip("pandas")
    framed = CountVectorizer().set_output(transform="pandas").fit_transform(NEW)
    assert list(framed.columns)[:3] == ["ate", "cat", "elephant"] and framed.shape == (3, 8)


@pytest.mark.parametrize("kind", [CountVectorizer, TfidfVectorizer, HashingVectorizer])
def test_what_is_no_list_of_documents(kind):
    for wrong, words in {
        "text": ("cat", "(?s)string object received.*Try: \\[text\\]"),
        "nan": (["cat", np.nan], "(?s)nan is an invalid document.*fillna"),
    }.values():
        with pytest.raises(ValueError, match=words) as error:
            kind().fit_transform(wrong)
        assert_clear(error.value)
    with pytest.raises(ValueError, match="lower boundary larger"):
        kind(ngram_range=(2, 1)).fit(NEW)


@pytest.mark.parametrize(
    "settings, words",
    [
        ({"stop_words": "english", "analyzer": lambda text: []}, "empty vocabulary"),
        ({"min_df": 4}, "After pruning, no terms remain"),
        ({"min_df": 3, "max_df": 2}, "max_df corresponds to < documents than min_df"),
        ({"vocabulary": ["a", "a"]}, "Duplicate term in vocabulary: 'a'"),
        ({"vocabulary": {"a": 1}}, "whose columns are not 0, 1, 2"),
        ({"token_pattern": "(a)(b)"}, "More than 1 capturing group"),
    ],
)
def test_vocabularies_that_cannot_be(settings, words):
    with pytest.raises(ValueError, match=words) as error:
        CountVectorizer(**settings).fit(DOCUMENTS)
    assert_clear(error.value)


def test_before_fit():
    for kind in (CountVectorizer, TfidfVectorizer):
        with pytest.raises(ValueError, match=f"this {kind.__name__} is not fitted yet"):
            kind().transform(NEW)
    given = CountVectorizer(vocabulary=["cat", "ate"])
    assert given.transform(NEW).tolist() == [[1, 1], [0, 0], [0, 0]]


def test_steps_that_do_not_fit_together_warn():
    with pytest.warns(UserWarning, match="'token_pattern' will not be used"):
        CountVectorizer(tokenizer=str.split).fit(DOCUMENTS)
    with pytest.warns(UserWarning, match=r"generated tokens \['ll', 've'\] not in stop_words"):
        CountVectorizer(stop_words=["we've", "we", "he", "he'll"]).fit(DOCUMENTS)


def test_naive_bayes_on_counts():
    counts = CountVectorizer().fit_transform(DOCUMENTS)
    labels = [0, 1, 2, 2, 0, 1]
    assert (models.MultinomialNB().fit(counts, labels).predict(counts)[:3] == [0, 1, 2]).all()


def test_the_default_words_are_those_of_its_pattern():
    """A search without the ends of words finds the same ones."""
    letters = np.array(list("ab_1éÄЖ ,.-\n'\u0301"))
    for text in np.random.default_rng(0).choice(letters, size=(300, 40)):
        text = "".join(text)
        assert CountVectorizer().build_tokenizer()(text) == re.findall(r"(?u)\b\w\w+\b", text)
