"""Attention and transformer blocks: their formulas, derivatives to order two, and what they refuse.

That they equal Keras's is tested in test_keras_attention.py.
"""

import numpy as np
import pytest

from tinygrad_edu import nn, ops, optim
from tinygrad_edu.gradcheck import gradcheck

RNG = np.random.default_rng(0)
SEEN = np.array([[True, False, True], [False, False, False], [True, True, True]])
KEYS = np.array([[True, True, False], [True, True, True]])


def draw(*shape):
    return RNG.normal(size=shape)


def block(**settings):
    made = nn.TransformerBlock(4, 2, hidden=3, rng=0, dtype=np.float64, **settings)
    for parameter in made.parameters():
        parameter.data[...] += 0.3 * draw(*parameter.shape)
    return made


@pytest.mark.parametrize(
    "settings", [{}, {"causal": True}, {"rotary": True}, {"value_dim": 3}], ids=str
)
def test_derivatives_of_attention_to_order_two(settings):
    layer = nn.MultiHeadAttention(3, 2, 2, rng=0, dtype=np.float64, **settings)
    report = gradcheck(
        lambda x: layer(x, mask=SEEN, key_mask=KEYS), draw(2, 3, 3), wrt=layer.parameters()
    )
    assert report, report


def test_derivatives_of_attention_to_another_sequence():
    layer = nn.MultiHeadAttention(3, 2, 2, context_inputs=4, rng=0, dtype=np.float64)
    report = gradcheck(layer, draw(2, 2, 3), draw(2, 3, 4), wrt=layer.parameters())
    assert report, report


def test_dropout_is_drawn_in_training_only():
    x = draw(1, 3, 4)
    made = nn.TransformerBlock(4, 2, hidden=3, dropout=0.4, rng=0, dtype=np.float64)
    one, two = made(x), made(x)
    assert not np.array_equal(one.data, two.data)
    made.eval()
    assert np.array_equal(made(x).data, made(x).data)


def test_nothing_is_seen_of_what_is_later():
    made = block(causal=True)
    x = draw(1, 5, 4)
    y = made(x).data
    x[:, 3:] = draw(1, 2, 4)
    assert np.array_equal(made(x).data[:, :3], y[:, :3])
    assert not np.allclose(made(x).data[:, 3:], y[:, 3:])


def test_nothing_is_seen_of_padding():
    layer = nn.MultiHeadAttention(4, 2, 3, rng=0, dtype=np.float64)
    x = draw(2, 3, 4)
    y = layer(x, key_mask=KEYS).data
    assert np.allclose(y[0, :2], layer(x[:1, :2]).data[0], rtol=1e-13, atol=1e-15)
    assert np.array_equal(layer(x, mask=np.repeat(KEYS[:, None], 3, axis=1)).data, y)


def test_without_places_the_order_does_not_matter_and_with_rotation_it_does():
    x, order = draw(1, 4, 4), [2, 0, 3, 1]
    plain, turned = (
        nn.MultiHeadAttention(4, 2, 4, rotary=rotary, rng=0, dtype=np.float64)
        for rotary in (False, True)
    )
    assert np.allclose(plain(x[:, order]).data, plain(x).data[:, order], rtol=0, atol=1e-13)
    assert not np.allclose(turned(x[:, order]).data, turned(x).data[:, order], rtol=0, atol=1e-3)


def test_a_models_precision_is_its_own():
    made = nn.TransformerBlock(4, 2, causal=True, rng=0)
    y = made(draw(2, 3, 4), mask=SEEN, key_mask=KEYS)
    y.sum().backward()
    assert y.dtype == np.float32
    assert {p.grad.dtype for p in made.parameters()} == {np.dtype(np.float32)}


def test_the_size_of_the_input_may_be_found_out():
    layer = nn.MultiHeadAttention(None, 2, 3, rng=0).build((5, 4))
    told = nn.MultiHeadAttention(4, 2, 3, rng=0)
    assert {k: v.shape for k, v in layer.state_dict().items()} == {
        **{f"{name}.W": (4, 6) for name in ("query", "key", "value")},
        **{f"{name}.b": (6,) for name in ("query", "key", "value")},
        "output.W": (6, 4), "output.b": (4,),
    }  # fmt: skip
    assert all(map(np.array_equal, layer.state_dict().values(), told.state_dict().values()))


def test_a_small_gpt_learns_by_heart():
    """Two blocks see "abcabd...": after them only what went before tells c from d."""
    ids = np.array([[0, 1, 2, 0, 1, 3] * 4])
    words, places = nn.Embedding(4, 16, rng=0), nn.Positions(24, 16, rng=1)
    blocks = [nn.TransformerBlock(16, 2, causal=True, rng=i) for i in (2, 3)]
    model = nn.Sequential(words, places, *blocks, nn.Linear(16, 4, rng=4))
    optimizer = optim.Adam(model.parameters(), lr=0.01)
    for _ in range(60):
        loss = nn.cross_entropy(model(ids[:, :-1])[0], ids[0, 1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    assert np.array_equal(model(ids[:, :-1]).data.argmax(-1), ids[:, 1:])


# ----------------------------------------------------------------------- refusals, and their words


@pytest.mark.parametrize(
    ("x", "context", "words"),
    [
        ((2, 3, 5), None, r"x of shape \(2, 3, 5\): it takes \(N, T, 4\)(.|\n)*Linear\(5, 4\) before"),
        ((3, 4), None, r"x of shape \(3, 4\)(.|\n)*x\[None\]"),
        ((2, 0, 4), None, r"x of shape \(2, 0, 4\)"),
        ((4,), None, r"x of shape \(4,\)(.|\n)*x.reshape"),
        ((2, 3, 4), (2, 3, 5), r"context of shape \(2, 3, 5\): it takes \(2, S, 4\)(.|\n)*context_inputs=5"),
        ((2, 3, 4), (3, 3, 4), r"context of shape \(3, 3, 4\)(.|\n)*as many sequences of context"),
    ],
)  # fmt: skip
def test_sequences_that_do_not_fit(x, context, words):
    layer = nn.MultiHeadAttention(4, 2, 3, rng=0)
    with pytest.raises(ValueError, match=r"MultiHeadAttention\(4, 2, 3\) got " + words):
        layer(np.ones(x), None if context is None else np.ones(context))


@pytest.mark.parametrize(
    ("masks", "error", "words"),
    [
        ({"mask": np.ones((3, 2), bool)}, ValueError,
         r"a mask of shape \(3, 2\) for 2 sequences of 3 steps .* takes \(3, 3\) or \(2, 3, 3\)"),
        ({"mask": np.ones((2, 3), bool)}, ValueError, r"a mask of shape \(2, 3\)(.|\n)*Try: key_mask="),
        ({"mask": np.where(SEEN, 0, -1e9)}, TypeError,
         r"a mask of float64(.|\n)*mask == 0(.|\n)*score_bias=mask"),
        ({"key_mask": np.ones((3, 3), bool)}, ValueError, r"a key_mask of shape \(3, 3\) .* takes \(2, 3\)"),
        ({"mask": np.ones((3, 3))}, TypeError, r"a mask of float64(.|\n)*mask.astype\(bool\)"),
    ],
)  # fmt: skip
def test_masks_that_do_not_fit(masks, error, words):
    made = nn.Sequential(nn.TransformerBlock(4, 2, rng=0))
    with pytest.raises(
        error, match=r"layer attention, MultiHeadAttention\(4, 2, 2\), got " + words
    ):
        made[0](np.ones((2, 3, 4)), **masks)


def test_settings_that_cannot_be():
    with pytest.raises(ValueError, match=r"3 heads do not divide size=4(.|\n)*heads=1"):
        nn.TransformerBlock(4, 3)
    with pytest.raises(ValueError, match="norm='both'.: 'pre' or 'post'"):
        nn.TransformerBlock(4, 2, norm="both")
    with pytest.raises(ValueError, match=r"MultiHeadAttention\(heads=0\)"):
        nn.MultiHeadAttention(4, 0, 2)
    with pytest.raises(ValueError, match="p is a probability"):
        nn.MultiHeadAttention(4, 2, 2, dropout=1.0)


def test_padding_may_be_nan():
    """Of keys that nobody may look at nothing is read, and all gradients are finite."""
    real = np.array([[True, True, True], [True, True, False]])
    x = np.random.default_rng(0).normal(size=(2, 3, 4)).astype(np.float32)
    block = nn.TransformerBlock(4, 2, rng=0)
    for layer in (block.attention, block):
        found = []
        for padding in (5.0, np.nan):
            x[~real] = padding
            for parameter in layer.parameters():
                parameter.grad = None
            y = layer(x, key_mask=real)
            y[real].sum().backward()
            found.append([y.data[real], *(p.grad for p in layer.parameters())])
        assert all(np.array_equal(a, b) for a, b in zip(*found, strict=True))


def test_weights_of_keys_that_are_nan():
    q, k, v = np.random.default_rng(0).normal(size=(3, 2, 3))
    mask = np.array([[True, False], [True, False]])
    k[1], v[1] = np.nan, np.inf
    assert np.array_equal(ops.attention(q, k, v, mask=mask), np.stack([v[0]] * 2))


def test_a_soft_cap_bends_scores():
    """c tanh(s / c) of the scores, in the layer and in the function; a large c changes nothing."""
    q, k, v = np.random.default_rng(0).normal(size=(3, 2, 4, 3))
    s = 3 * np.tanh(q @ np.swapaxes(k, 1, 2) / 3**0.5 / 3)
    e = np.exp(s) * np.tri(4)
    want = e / e.sum(axis=-1, keepdims=True) @ v
    mask = np.tri(4, dtype=bool)
    assert np.allclose(ops.attention(q, k, v, mask=mask, soft_cap=3.0), want, rtol=1e-13)
    x = np.random.default_rng(1).normal(size=(2, 5, 4))
    plain, capped, flat = (
        nn.MultiHeadAttention(4, 2, 2, soft_cap=c, rng=0, dtype=np.float64)(x).data
        for c in (None, 1e9, 1e-9)
    )
    assert np.allclose(plain, capped, rtol=1e-12) and np.ptp(flat, axis=1).max() < 1e-8
    with pytest.raises(ValueError, match="soft_cap=0.: a positive number"):
        nn.MultiHeadAttention(4, 2, 2, soft_cap=0)


def test_heads_that_cannot_be_shared():
    with pytest.raises(ValueError, match="key_heads=3 do not divide heads=4(.|\n)*key_heads=1"):
        nn.GroupedQueryAttention(8, 4, 3, 2)


def test_additive_attention_is_shown_as_it_is_called():
    assert repr(nn.AdditiveAttention(2)) == "AdditiveAttention(2)"
    assert repr(nn.AdditiveAttention(2, scale=False)) == "AdditiveAttention(2, scale=False)"
