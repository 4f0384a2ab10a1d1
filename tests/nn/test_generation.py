"""Writing with a key-value cache: the numbers of the whole sequence, for the work of one row."""

import numpy as np
import pytest

from tinygrad_edu import nn, value_and_grad
from tinygrad_edu.modes import thread

WORDS, LENGTH, SIZE = 11, 20, 16


def gpt(dtype=np.float64, blocks=3, positions=LENGTH, **settings):
    """A GPT in which every part matters: no weight is 0 or 1."""
    places = [nn.Positions(positions, SIZE, dtype=dtype)] if positions else []
    stack = [
        nn.TransformerBlock(SIZE, 4, causal=True, dtype=dtype, **settings) for _ in range(blocks)
    ]
    head = nn.Linear(SIZE, WORDS, dtype=dtype)
    words = nn.Embedding(WORDS, SIZE, dtype=dtype)
    model = nn.Sequential(words, *places, *stack, nn.LayerNorm(SIZE, dtype=dtype), head, seed=0)
    rng = np.random.default_rng(1)
    for parameter in model.parameters():
        parameter.data[...] += rng.normal(0, 0.3, parameter.shape)
    return model.eval()


def texts(n, steps, seed=0):
    return np.random.default_rng(seed).integers(0, WORDS, (n, steps))


def in_pieces(cache, x, *cuts):
    """The rows of a model that is given x in pieces."""
    return np.concatenate([cache(piece) for piece in np.split(x, cuts, axis=1)], axis=1)


MODELS = {
    "absolute": {},
    "rotary": {"rotary": True, "positions": None},
    "one block": {"blocks": 1},
    "post": {"norm": "post"},
    "dropout": {"dropout": 0.5},
}


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.parametrize(("dtype", "near"), [(np.float32, 1e-6), (np.float64, 1e-12)])
@pytest.mark.parametrize(
    "cuts", [range(1, LENGTH), (5, 6, 9), (19,)], ids=["steps", "mixed", "prompt"]
)
def test_rows_are_those_of_the_whole_sequence(name, dtype, near, cuts):
    model, x = gpt(dtype, **MODELS[name]), texts(3, LENGTH)
    whole = model(x).data
    rows = in_pieces(nn.KVCache(model, LENGTH), x, *cuts)
    assert rows.dtype == whole.dtype
    assert np.allclose(rows, whole, rtol=0, atol=near * np.abs(whole).max())


class Grouped(nn.Module):
    """Shared heads of keys, values of another length, a layer that is called twice, and padding."""

    def __init__(self):
        self.words = nn.Embedding(WORDS, SIZE, rng=0, dtype=np.float64)
        self.first = nn.GroupedQueryAttention(
            SIZE, 4, 2, 6, causal=True, rotary=True, rng=1, dtype=np.float64
        )
        self.second = nn.MultiHeadAttention(
            SIZE, 2, 4, value_dim=3, causal=True, soft_cap=2.0, rng=2, dtype=np.float64
        )

    def forward(self, ids):
        seen = ids != 0
        x = 20 * self.words(ids)
        x = x + self.first(x, key_mask=seen)
        x = x + self.second(x, key_mask=seen)
        return x + self.second(x, x)


def test_shared_heads_padding_and_a_layer_called_twice():
    model, x = Grouped().eval(), texts(4, 9)
    x[0, :4] = 0  # padding before a short text
    x[1, 5] = 0
    cache = nn.KVCache(model, 9)
    rows = in_pieces(cache, x, 3, 4, 6)
    assert np.allclose(rows, model(x).data, rtol=0, atol=1e-12)
    assert [kept.keys.shape for kept in cache.kept] == [(4, 2, 9, 6), (4, 2, 9, 4), (4, 2, 9, 4)]
    assert cache.kept[1].values.shape == (4, 2, 9, 3)


def test_padding_may_be_nan_and_is_not_read():
    layer = nn.MultiHeadAttention(4, 2, 2, causal=True, rng=0, dtype=np.float64)

    class Model(nn.Module):
        def __init__(self):
            self.layer = layer

        def forward(self, x):
            return self.layer(x, key_mask=~np.isnan(x[..., 0]))

    model, x = Model().eval(), np.random.default_rng(0).normal(size=(2, 6, 4))
    x[0, :2] = np.nan
    rows = in_pieces(nn.KVCache(model, 6), x, 1, 4)
    assert np.isfinite(rows[1]).all()
    assert np.allclose(rows[:, 2:], model(x).data[:, 2:], rtol=0, atol=1e-12)


def test_memory_is_taken_once_and_for_the_whole_length():
    model = gpt(np.float32)
    cache = nn.KVCache(model)
    assert (cache.length, cache.nbytes) == (LENGTH, 0)
    cache(texts(2, 1))
    rooms = [kept.keys for kept in cache.kept]
    assert cache.nbytes == 3 * (2 * 2 * LENGTH * SIZE * 4 + 2 * LENGTH)
    for _ in range(LENGTH - 1):
        cache(texts(2, 1))
    assert all(a is b.keys for a, b in zip(rooms, cache.kept, strict=True))
    assert repr(cache) == f"KVCache(20 of 20 steps, 3 layers, {cache.nbytes:,} bytes)"
    cache.reset()
    assert (cache.start, cache.nbytes) == (0, 0)


def test_the_work_grows_with_the_number_of_tokens_and_not_with_its_square():
    model = gpt(positions=100)
    rows = []
    model[2].up.add_hook(lambda layer, inputs, y: rows.append(inputs[0].shape[1]))
    for count in (20, 40, 80):
        rows.clear()
        nn.generate(model, texts(1, 5), count, rng=0)
        compared = 6  # the second call is compared with the whole sequence, once
        assert sum(rows) == 5 + (count - 1) + compared
        rows.clear()
        nn.generate(model, texts(1, 5), count, rng=0, cache=False)
        assert sum(rows) == sum(range(5, 5 + count))


# ---------------------------------------------------------------------------------------------- refused


def test_what_cannot_be_kept_is_refused_and_not_wrong():
    words = nn.Embedding(WORDS, SIZE, rng=0)

    class ByHand(nn.Module):
        def __init__(self):
            self.words, self.block = words, nn.TransformerBlock(SIZE, 4, causal=True, rng=0)

        def forward(self, ids):
            return self.block(self.words(ids) + nn.sinusoidal_positions(ids.shape[1], SIZE))

    block = nn.TransformerBlock(SIZE, 4, causal=True, rng=0)
    recurrent = nn.Sequential(words, nn.GRU(SIZE, SIZE, return_sequences=True, rng=1), block)
    for model in (ByHand(), recurrent):
        cache = nn.KVCache(model.eval(), 8)
        cache(texts(1, 3))
        with pytest.raises(ValueError, match=r"differs from .* by up to .*\n.*\n  Try: Positions"):
            cache(texts(1, 1))
        assert cache.start == 3


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        ([nn.TransformerBlock(SIZE, 4, rng=0)], "layer 1.attention, .* is not causal"),
        (
            [nn.GRU(SIZE, SIZE, return_sequences=True)],
            "0 causal attentions, so that there is nothing",
        ),
        (
            [nn.TransformerBlock(SIZE, 4, causal=True, rng=0), nn.GRU(SIZE, 4)],
            "shape .1, 4., and not a row",
        ),
    ],
)
def test_models_that_do_not_fit(layers, told):
    model = nn.Sequential(nn.Embedding(WORDS, SIZE), *layers).eval()
    with pytest.raises(ValueError, match=told):
        nn.KVCache(model, 8)(texts(1, 3))
    assert thread.mode.cache is None


def test_masks_of_whole_sequences_are_refused():
    class Model(nn.Module):
        def __init__(self, **more):
            self.layer, self.more = nn.MultiHeadAttention(4, 2, 2, causal=True, rng=0), more

        def forward(self, x):
            return self.layer(
                x, **{name: np.ones((3, 3), kind) for name, kind in self.more.items()}
            )

    for name, kind in (("mask", bool), ("score_bias", float)):
        with pytest.raises(ValueError, match=f"a {name} of whole sequences"):
            nn.KVCache(Model(**{name: kind}).eval(), 8)(np.ones((1, 3, 4)))


def test_layers_that_change_from_call_to_call():
    class Model(nn.Module):
        def __init__(self):
            self.layers = [nn.MultiHeadAttention(4, 2, 2, causal=True, rng=i) for i in range(2)]

        def forward(self, x):
            return self.layers[x.shape[1] % 2](x)

    cache = nn.KVCache(Model().eval(), 8)
    cache(np.ones((1, 3, 4)))
    with pytest.raises(ValueError, match="attention number 1 of this call"):
        cache(np.ones((1, 2, 4)))


def test_nothing_is_kept_while_a_model_learns():
    model = gpt()
    cache = nn.KVCache(model)
    model[2].train()
    with pytest.raises(RuntimeError, match=r"training mode(.|\n)*model.eval\(\) first"):
        cache(texts(1, 2))
    model.eval()
    with pytest.raises(RuntimeError, match="keeps no gradients"):
        value_and_grad(lambda w: cache(texts(1, 2)).sum() * w)(1.0)
    assert cache.start == 0
    assert type(cache(texts(1, 2))) is np.ndarray


@pytest.mark.parametrize(
    ("x", "told"),
    [
        (np.array([1, 2]), "it takes new steps"),
        (np.zeros((1, 0), int), "T from 1"),
        (texts(2, 1), r"before \(1, T\)"),
        (texts(1, LENGTH - 2), "18 steps after 3 are more than its length, 20"),
    ],
)
def test_steps_that_do_not_continue(x, told):
    cache = nn.KVCache(gpt())
    cache(texts(1, 3))
    with pytest.raises(ValueError, match=told):
        cache(x)
    assert cache.start == 3


def test_a_call_that_failed_leaves_the_steps_as_they_were():
    model, x = gpt(), texts(1, 9)
    cache, rows = nn.KVCache(model), []
    for piece in np.split(x, 3, axis=1):
        remove = model[4].up.add_hook(lambda *_: 1 / 0)
        with pytest.raises(ZeroDivisionError):
            cache(texts(1, 2, seed=5))
        remove()
        rows.append(cache(piece))
    assert np.allclose(np.concatenate(rows, axis=1), model(x).data, rtol=0, atol=1e-12)


def test_lengths():
    with pytest.raises(ValueError, match="has no Positions"):
        nn.KVCache(gpt(positions=None))
    with pytest.raises(ValueError, match="have 20 steps"):
        nn.KVCache(gpt(), 21)
    with pytest.raises(ValueError, match="1 or more"):
        nn.KVCache(gpt(), 0)
    with pytest.raises(TypeError, match="is not a Module"):
        nn.KVCache(len, 3)


# --------------------------------------------------------------------------------------------- generate


def written_by_hand(model, ids, count, temperature, length, seed):
    """What lesson 14 does."""
    rng, ids = np.random.default_rng(seed), list(ids)
    for _ in range(count):
        scores = model(np.array(ids[-length:])[None]).data[0, -1].astype(float) / temperature
        p = np.exp(scores - scores.max())
        ids.append(rng.choice(len(p), p=p / p.sum()))
    return ids


@pytest.mark.parametrize("settings", [{}, {"rotary": True, "positions": None}], ids=str)
def test_it_draws_what_a_loop_by_hand_draws_also_beyond_the_context_length(settings):
    model = gpt(**settings)
    made = nn.generate(model, texts(1, 4)[0], 30, temperature=0.7, length=12, rng=3)
    assert made.tolist() == written_by_hand(model, texts(1, 4)[0], 30, 0.7, 12, seed=3)


@pytest.mark.parametrize("steps", [1, 4, LENGTH, LENGTH + 3])
def test_with_and_without_a_cache_the_same(steps):
    model = gpt()
    ids = texts(3, steps)
    one, two = (nn.generate(model, ids, 25, rng=0, cache=cache) for cache in (True, False))
    assert np.array_equal(one, two) and np.array_equal(one[:, :steps], ids)
    assert one.shape == (3, steps + 25)


def test_the_most_probable_and_the_best_k():
    model, ids = gpt(), texts(2, 3)
    best = nn.generate(model, ids, 1, temperature=0)[:, -1]
    scores = model(ids).data[:, -1]
    assert np.array_equal(best, scores.argmax(axis=1))
    assert np.array_equal(best, nn.generate(model, ids, 1, top_k=1)[:, -1])
    drawn = {
        int(nn.generate(model, ids, 1, temperature=50.0, top_k=3, rng=i)[0, -1]) for i in range(60)
    }
    assert drawn == set(np.argsort(scores[0])[-3:].tolist())


def test_a_recurrent_model_writes_without_a_cache():
    layers = nn.Embedding(WORDS, 4), nn.GRU(4, 8, return_sequences=True), nn.Linear(8, WORDS)
    model = nn.Sequential(*layers, seed=0)
    with pytest.raises(ValueError, match="cache=False"):
        nn.generate(model, [1, 2], 3)
    assert nn.generate(model, [1, 2], 3, cache=False).shape == (5,)
    assert model.training


def test_modes_are_given_back():
    model = gpt().train()
    model[3].eval()
    nn.generate(model, [1, 2], 2)
    assert [layer.training for layer in model] == [True] * 3 + [False] + [True] * 3


@pytest.mark.parametrize(
    ("ids", "settings", "told"),
    [
        ([], {}, "T from 1"),
        ([0.5], {}, "whole numbers"),
        ([1], {"temperature": -1}, "0 or more"),
        ([1], {"temperature": np.nan}, "0 or more"),
        ([1], {"top_k": 0}, "1 or more"),
        ([1], {"count": 1.5}, "whole number"),
        ([1], {"length": 21}, "have 20 steps"),
    ],
)
def test_what_cannot_be_continued(ids, settings, told):
    with pytest.raises(ValueError, match=told):
        nn.generate(gpt(), ids, **{"count": 3} | settings)


def test_scores_that_are_nan_are_not_drawn_from():
    model = gpt()
    model[-1].b.data[3] = np.nan
    with pytest.raises(ValueError, match="the largest of 11 scores is nan"):
        nn.generate(model, [1], 2)
