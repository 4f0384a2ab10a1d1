"""Writing with a language model: one token after the other, with the keys and values of earlier ones kept.

In causal attention a step never looks at later ones, so a new token changes nothing of what earlier tokens
gave: their keys and values are kept, and a new token costs one row of work in place of the whole sequence.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from tinygrad_edu.modes import no_grad, set_mode
from tinygrad_edu.nn.embedding import Positions
from tinygrad_edu.nn.generation_checks import (
    demand_context_length,
    demand_next_steps,
    demand_same_layer,
    demand_same_scores,
    demand_scores,
    demand_scores_of_steps,
    demand_start,
)
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.module_checks import demand_model
from tinygrad_edu.ops.activations import softmax
from tinygrad_edu.tensor import value

__all__ = ["KVCache", "generate"]


class Kept(NamedTuple):
    """What is kept for one causal attention, at most `length` steps of it."""

    layer: Module
    keys: np.ndarray  # (N, key_heads, length, key_dim)
    values: np.ndarray  # (N, key_heads, length, value_dim)
    seen: np.ndarray  # (N, length): False at padding, where no later step may look


class KVCache:
    """A model called with new steps only: the keys and values of the steps before are kept.

    `cache(x)` is an array, the last T rows of model(all x so far), for T new steps x: (N, T) or (N, T, ...).
    A model made of `MultiHeadAttention` (or `GroupedQueryAttention`, `TransformerBlock`) with causal=True and
    `Positions` needs no change: while it is called here, these layers put the new steps behind the kept ones.
    Everything else must treat each step by itself. The second call is compared with the model without a
    cache, so that a model that mixes steps in another way is refused, and not wrong.

    length   the most steps, for which memory is taken at the first call: by default that of `Positions`

    `cache.start` is the number of steps that are kept, `cache.nbytes` their memory, and `cache.reset()`
    forgets them, as it must after the weights have changed. Raises ValueError for more than `length` steps,
    another number of sequences, or a model that does not fit; RuntimeError in training mode and inside a
    function that is differentiated, where nothing is kept. Shazeer 2019, section 2.4.

    >>> from tinygrad_edu import nn
    >>> block = nn.TransformerBlock(4, 2, causal=True)
    >>> model = nn.Sequential(nn.Embedding(9, 4), nn.Positions(6, 4), block, seed=0)
    >>> ids, cache = np.array([[3, 1, 4, 1, 5]]), nn.KVCache(model.eval())
    >>> steps = [cache(ids[:, :3]), cache(ids[:, 3:4]), cache(ids[:, 4:])]
    >>> np.allclose(np.concatenate(steps, axis=1), model(ids).data, atol=1e-6)
    True
    """

    def __init__(self, model: Module, length: int | None = None):
        demand_model("KVCache", model)
        self.model = model
        self.length = demand_context_length("KVCache", length, context_length(model))
        self.reset()

    def reset(self) -> None:
        """Forgets all steps and gives their memory back."""
        self.start = 0
        self.kept: list[Kept] = []  # one for each call of an attention, in the order of the calls
        self.turn = 0  # calls of attention in the present call of the model
        # The x of the first call, until the second is compared.
        self.first: np.ndarray | None = None
        self.shape: tuple[int, ...] = ()  # of x, without the axis of the steps

    def __call__(self, x: Any) -> np.ndarray:
        x = np.asarray(value(x))
        demand_next_steps(self, x)
        self.turn = 0
        with set_mode(recording=False, cache=self):
            y = value(self.model(x))
        demand_scores_of_steps(self, x, y)
        if self.start == 0:
            self.first, self.shape = x, (x.shape[0], *x.shape[2:])
        elif self.first is not None:
            with set_mode(recording=False, cache=None):
                whole = value(self.model(np.concatenate([self.first, x], axis=1)))
            demand_same_scores(self, y, whole)
            self.first = None
        self.start += x.shape[1]
        return y

    def keep(self, layer: Any, k: Any, v: Any, allowed: Any) -> tuple[Any, Any, Any]:
        """(keys, values, which new step may look at which step), of the earlier steps and the new ones.

        k, v, allowed   those of the new steps. k: (N, key_heads, T, d), allowed: (T, T) or (N, T, T)
        """
        k, v = value(k), value(v)
        n, _, steps, _ = k.shape
        if self.start == 0:
            del self.kept[self.turn :]
            keys, values = (
                np.empty((*z.shape[:2], self.length, z.shape[3]), z.dtype) for z in (k, v)
            )
            self.kept.append(Kept(layer, keys, values, np.empty((n, self.length), bool)))
        demand_same_layer(self, layer)
        kept, end = self.kept[self.turn], self.start + steps
        self.turn += 1
        kept.keys[:, :, self.start : end], kept.values[:, :, self.start : end] = k, v
        # As the mask is causal, the last step sees most.
        kept.seen[:, self.start : end] = allowed[..., -1, :]
        before = kept.seen[:, None, : self.start]
        if steps == 1 and kept.seen[:, :end].all():
            allowed = None  # no mask at all is faster
        elif before.size:
            allowed = np.broadcast_to(allowed, (n, steps, steps))
            allowed = np.concatenate([np.repeat(before, steps, axis=1), allowed], axis=2)
        return kept.keys[:, :, :end], kept.values[:, :, :end], allowed

    @property
    def nbytes(self) -> int:
        return sum(kept.keys.nbytes + kept.values.nbytes + kept.seen.nbytes for kept in self.kept)

    def __repr__(self) -> str:
        layers = f"{len(self.kept)} layers, {self.nbytes:,} bytes"
        return f"KVCache({self.start} of {self.length} steps, {layers})"


def context_length(model: Module) -> int | None:
    """The most steps that the `Positions` of a model allow; None without any."""
    tables = [m.length for _, m in model.named_modules() if isinstance(m, Positions)]
    return min(tables, default=None)


def generate(
    model: Module,
    ids: Any,
    count: int,
    *,
    temperature: float = 1.0,
    top_k: int | None = None,
    length: int | None = None,
    cache: bool = True,
    rng: np.random.Generator | int | None = None,
) -> np.ndarray:
    """ids, and behind them `count` tokens that a language model continues them with.

    ids: (T,) or (N, T) whole numbers, T from 1. model(ids): (N, T, K), a score for each of K tokens that may
    come next. The result is (T + count,) or (N, T + count). The model is called in eval mode, which it leaves
    afterwards, and nothing is recorded.

    temperature   divides the scores before the softmax: below 1, probable tokens become more probable; at 0
                  the most probable one is taken, and nothing is drawn
    top_k         draws from the k most probable tokens only (Fan et al. 2018)
    length        how many tokens the model sees: by default, as many as its `Positions` have, or all. Of a
                  longer text it sees the last `length`. This window moves at every token, and with it all
                  positions, so that from there on the whole window is computed for each token
    cache         keeps keys and values of earlier tokens, see `KVCache`. Without it every token costs the
                  whole sequence; the result is the same, up to rounding, and the model may be any, as a GRU

    Raises ValueError for a model that a KVCache does not fit, or scores that are NaN.
    """
    ids = demand_start(model, ids, count, temperature, top_k)
    rng = np.random.default_rng(rng)
    n, steps = ids.shape[0] if ids.ndim == 2 else 1, ids.shape[-1]
    written = np.empty((n, steps + count), ids.dtype)
    written[:, :steps] = ids
    most = context_length(model) or length or steps + count
    length = demand_context_length("generate", length, most)
    with _evaluated(model):
        kept = KVCache(model, min(length, steps + count)) if cache and steps <= length else None
        for t in range(steps, steps + count):
            if kept is not None and t <= kept.length:
                scores = kept(written[:, kept.start : t])
            else:
                scores = value(model(written[:, max(0, t - length) : t]))
            written[:, t] = drawn(demand_scores(scores, n), temperature, top_k, rng)
    return written[0] if ids.ndim == 1 else written


def drawn(scores: Any, temperature: float, top_k: int | None, rng: np.random.Generator) -> Any:
    """(N,): a token for each row of scores (N, K)."""
    if temperature == 0:
        return scores.argmax(axis=1)
    scores = scores.astype(np.float64)
    if top_k is not None and top_k < scores.shape[1]:
        least = np.partition(scores, -top_k, axis=1)[:, -top_k, None]
        scores[scores < least] = -np.inf
    upto = softmax((scores - scores.max(axis=1, keepdims=True)) / temperature).cumsum(axis=1)
    return (upto <= rng.random((len(scores), 1)) * upto[:, -1:]).sum(axis=1)


@contextmanager
def _evaluated(model: Module) -> Iterator[None]:
    """Context in which a model is in eval mode, and nothing is recorded."""
    modes = [(module, module.training) for _, module in model.named_modules()]
    model.eval()
    try:
        with no_grad():
            yield
    finally:
        for module, training in modes:
            module.training = training
