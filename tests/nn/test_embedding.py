"""Embeddings and positions: their formulas, and what they refuse. (Derivatives: test_every_layer.py)"""

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn
from tinygrad_edu.gradcheck import gradcheck

RNG = np.random.default_rng(0)
IDS = np.array([[0, 2, 2], [3, 0, 2]])


@pytest.mark.parametrize("vocab", [4, 300])  # either side of the two ways back
def test_a_row_for_each_word_and_its_gradient(vocab):
    layer = nn.Embedding(vocab, 5, rng=0, dtype=np.float64)
    y = layer(IDS)
    assert np.array_equal(y.data, layer.W.data[IDS])
    g = RNG.normal(size=y.shape)
    y.backward(g)
    expected = np.zeros((vocab, 5))
    np.add.at(expected, IDS, g)
    assert np.allclose(layer.W.grad, expected, rtol=1e-14, atol=1e-15)


def test_no_words_at_all():
    layer = nn.Embedding(300, 2, rng=0)
    y = layer(np.zeros((2, 0), int))
    assert y.shape == (2, 0, 2)
    y.sum().backward()
    assert not layer.W.grad.any()


def test_padding():
    assert nn.Embedding(4, 2, mask_zero=True).compute_mask(IDS).tolist() == (IDS != 0).tolist()
    assert nn.Embedding(4, 2).compute_mask(IDS) is None


def test_sinusoidal_positions_are_their_formula():
    table = nn.sinusoidal_positions(50, 6, dtype=np.float64)
    for t, j in ((0, 0), (7, 1), (49, 2)):
        angle = t / 10000 ** (2 * j / 6)
        assert table[t, 2 * j] == pytest.approx(np.sin(angle), abs=1e-14)
        assert table[t, 2 * j + 1] == pytest.approx(np.cos(angle), abs=1e-14)
    assert nn.sinusoidal_positions(3, 5).shape == (3, 5)
    assert nn.sinusoidal_positions(3, 5).dtype == np.float32


def test_rotated_products_depend_on_the_distance_alone():
    q, k = RNG.normal(size=(2, 8))
    turned_q, turned_k = (nn.rotary(np.broadcast_to(x, (12, 8))) for x in (q, k))
    products = turned_q @ turned_k.T
    for distance in range(-11, 12):
        diagonal = np.diagonal(products, distance)
        assert np.allclose(diagonal, diagonal[0], rtol=0, atol=1e-13)
    assert products[0, 0] == pytest.approx(q @ k) and abs(products[0, 5] - products[0, 0]) > 0.01


def test_rotation_has_derivatives_to_order_two():
    report = gradcheck(lambda x: nn.rotary(x) ** 2, RNG.normal(size=(2, 3, 4)))
    assert report, report
    assert nn.rotary(np.ones((3, 4), np.float32)).dtype == np.float32


def test_positions_are_added():
    layer = nn.Positions(7, 4, rng=0)
    x = RNG.normal(size=(2, 5, 4)).astype(np.float32)
    assert np.array_equal(layer(x).data, x + layer.W.data[:5])


# ----------------------------------------------------------------------- refusals, and their words


@pytest.mark.parametrize(
    ("ids", "error", "words"),
    [
        ([[1, 4]], ValueError, r"shape \(1, 2\) from 1 to 4, but its 4 words are 0 to 3(.|\n)*ing\(5, 2\)"),
        ([-1], ValueError, "from -1 to -1"),
        ([1.0], TypeError, r"ids of shape \(1,\) float64(.|\n)*ids.astype\(int\)"),
    ],
)  # fmt: skip
def test_ids_that_are_no_words(ids, error, words):
    with pytest.raises(error, match=rf"layer 0, Embedding\(.*\), got (.|\n)*{words}"):
        nn.Sequential(nn.Embedding(4, 2, rng=0))(Tensor(ids))


@pytest.mark.parametrize(
    ("shape", "hint"),
    [
        ((2, 9, 4), r"Positions\(9, 4\) here"),
        ((2, 5, 3), r"Positions\(5, 3\)"),
        ((4,), r"x\[None\]"),
    ],
)
def test_sequences_that_are_too_long_or_too_wide(shape, hint):
    with pytest.raises(ValueError, match=r"it takes \(N, T, 4\), T up to 7(.|\n)*" + hint):
        nn.Positions(7, 4, rng=0)(np.ones(shape))


def test_sizes_that_cannot_be():
    with pytest.raises(ValueError, match=r"Embedding\(vocab=0\)"):
        nn.Embedding(0, 2)
    with pytest.raises(ValueError, match="odd last axis(.|\n)*4 numbers a head"):
        nn.rotary(np.ones((2, 3)))
