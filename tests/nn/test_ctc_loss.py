"""CTC: the sum over all alignments, and what it refuses. (Derivatives: test_every_layer.py)"""

import itertools

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, ops

RNG = np.random.default_rng(0)
N, K = 5, 4
X = RNG.normal(size=(N, K))
WEIGHTS = RNG.uniform(0.1, 2, size=N)
TEXTS = np.array([[1, 1, 2], [3, 2, 0], [2, 0, 0], [0, 0, 0], [1, 2, 1]])
FRAMES = RNG.normal(size=(N, 5, K))


def spelled(path, blank):
    merged = [letter for letter, _ in itertools.groupby(path)]
    return [letter for letter in merged if letter != blank]


def ctc_by_enumeration(x, labels, times, blank):
    """-ln of the sum over all K^T paths that spell the text, of one sample."""
    text, k = [i for i in labels if i != blank], x.shape[1]
    y = ops.log_softmax(x)
    paths = [p for p in itertools.product(range(k), repeat=times) if spelled(p, blank) == text]
    paths = np.array(paths)
    return -ops.logsumexp(np.sum(y[np.arange(times), paths], axis=1))


@pytest.mark.parametrize("blank", [0, 3])
def test_ctc_is_the_sum_over_all_paths(blank):
    texts = np.where(TEXTS == 0, blank, np.where(blank == TEXTS, 0, TEXTS))
    times = np.array([4, 5, 1, 3, 5])
    x = Tensor(FRAMES, requires_grad=True)
    y = nn.ctc(x, texts, times=times, blank=blank, reduction="none")
    y.backward(WEIGHTS)
    for i in range(N):
        sample = Tensor(FRAMES[i], requires_grad=True)
        expected = ctc_by_enumeration(sample, texts[i], times[i], blank)
        assert np.isclose(y.data[i], expected.item(), rtol=1e-12)
        expected.backward(WEIGHTS[i])
        assert np.allclose(x.grad[i], sample.grad, rtol=0, atol=1e-12)


def test_ctc_of_empty_texts():
    """Nothing but blanks."""
    expected = -ops.log_softmax(FRAMES)[:, :, 0].sum(axis=1)
    for labels in (np.zeros((N, 0), int), np.zeros((N, 2), int)):
        assert np.allclose(nn.ctc(FRAMES, labels, reduction="none"), expected, rtol=1e-13)


# ----------------------------------------------------------------------- refusals, and their words


@pytest.mark.parametrize(
    ("ask", "words"),
    [
        (lambda: nn.ctc(X, TEXTS), r"^ctc: logits \(5, 4\) and labels \(5, 3\) do not fit"),
        (lambda: nn.ctc(FRAMES, TEXTS[:2]), r"^ctc: logits \(5, 5, 4\) and labels \(2, 3\)"),
        (lambda: nn.ctc(FRAMES[:0], TEXTS[:0]), r"^ctc: an empty batch, logits \(0, 5, 4\)"),
        (lambda: nn.ctc(FRAMES, TEXTS + 2), "^ctc: labels run from 2 to 5, but logits"),
        (lambda: nn.ctc(FRAMES, TEXTS, blank=4), r"^ctc\(blank=4\): one of 4 classes"),
        (
            lambda: nn.ctc(FRAMES, TEXTS, times=[3, 3, 3, 3, 3]),
            "^ctc: sample 0 has 3 letters and needs 4 times",
        ),
        (
            lambda: nn.ctc(FRAMES, TEXTS, times=[9] * 5),
            "^ctc: times are 5 whole numbers, 1 to 5, not .* from 9 to 9",
        ),
        (lambda: nn.ctc(FRAMES, TEXTS, times=[5.0] * 5), "^ctc: times are .*, not float64"),
        (lambda: nn.ctc(FRAMES, TEXTS, times=[5]), r"^ctc: times are .* of shape \(1,\)"),
        (
            lambda: nn.ctc(FRAMES, TEXTS[:, ::-1]),
            r"^ctc: labels\[1\] has the blank, 0, before its last letter",
        ),
    ],
)
def test_what_is_refused(ask, words):
    with pytest.raises(ValueError, match=words) as error:
        ask()
    assert "\n  at test_ctc_loss.py:" in str(error.value)


def test_ctc_refuses_labels_that_are_no_whole_numbers():
    with pytest.raises(TypeError, match=r"^ctc: labels are the numbers of classes, not float64"):
        nn.ctc(FRAMES, TEXTS.astype(float))
