"""Attention with several heads, and the block that transformers are stacked from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.modes import thread
from tinygrad_edu.nn.checks import Shape, demand_one_of, demand_positive, demand_sizes
from tinygrad_edu.nn.embedding import rotary
from tinygrad_edu.nn.initializers import glorot_uniform
from tinygrad_edu.nn.layer_tools import as_array, in_precision_of
from tinygrad_edu.nn.linear import Linear
from tinygrad_edu.nn.module import Module, Parameter
from tinygrad_edu.nn.noise import Dropout
from tinygrad_edu.nn.normalization import LayerNorm
from tinygrad_edu.nn.sequence_checks import (
    demand_attention_mask,
    demand_cacheable,
    demand_context,
    demand_heads,
    demand_queries,
    demand_shared_heads,
)
from tinygrad_edu.nn.sized_by_input import SizedByInput
from tinygrad_edu.ops.recurrent import unread
from tinygrad_edu.ops.scaled_dot_product import attention_weights, masked_softmax, seen_keys
from tinygrad_edu.ops.special import gelu_tanh
from tinygrad_edu.tensor import Tensor, value

__all__ = ["AdditiveAttention", "GroupedQueryAttention", "MultiHeadAttention", "TransformerBlock"]


class MultiHeadAttention(SizedByInput):
    """Each head looks for something else: y = [softmax(q kᵀ / √key_dim) v of each head] W + b.

    q, k and v are the layers `query`, `key` and `value`, (inputs, heads · key_dim) each, cut into heads;
    `output` maps the heads back to `inputs` numbers.

    x: (N, T, inputs) gives the queries, and without a context also keys and values; y: (N, T, inputs)
    context: (N, S, context_inputs) gives keys and values instead (cross-attention)
    mask: (T, S) or (N, T, S), False where a step may not look
    key_mask: (N, S), False at padding, where no step may look
    score_bias: added to the scores q kᵀ / √key_dim, (T, S) or anything that broadcasts to (N, heads, T, S)
    return_attention_scores: returns (y, weights), with the weights (N, heads, T, S) before dropout

    causal     a step may not look at later ones
    value_dim  length of the values of a head, if not key_dim
    bias       do query, key, value and output have a bias?
    soft_cap   keeps scores within ± soft_cap: see `ops.attention_weights`
    rotary     encodes positions by turning q and k: see `rotary`
    dropout    probability to drop a weight, in training

    Where a step may look at nothing, its heads give 0. Keras's MultiHeadAttention (use_causal_mask is
    `causal`, attention_mask is `mask`, value_mask is `key_mask`); its kernels are ours, reshaped. Vaswani
    et al. 2017, section 3.2.2. Raises ValueError for shapes that do not fit, TypeError for masks that do
    not hold truth values.
    """

    def __init__(
        self,
        inputs: int | None,
        heads: int,
        key_dim: int,
        *,
        value_dim: int | None = None,
        context_inputs: int | None = None,
        bias: bool = True,
        causal: bool = False,
        soft_cap: float | None = None,
        rotary: bool = False,
        dropout: float = 0.0,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ):
        demand_sizes(
            self, inputs=inputs, heads=heads, key_dim=key_dim, value_dim=value_dim or key_dim
        )
        if soft_cap is not None:
            demand_positive(self, soft_cap=soft_cap)
        self.inputs, self.context_inputs = inputs, context_inputs
        self.heads, self.key_dim, self.value_dim = heads, key_dim, value_dim or key_dim
        self.bias, self.causal, self.soft_cap, self.rotary = bias, causal, soft_cap, rotary
        rng = np.random.default_rng(rng)
        self.dropout = Dropout(dropout, rng=rng)
        self.make_now_or_later(rng, dtype)

    @property
    def key_heads(self) -> int:
        """The number of heads of keys and values."""
        return self.heads

    def make(self, rng: np.random.Generator, dtype: Any) -> None:
        self.context_inputs = self.context_inputs or self.inputs
        about: dict[str, Any] = {"bias": self.bias, "rng": rng, "dtype": dtype}
        self.query = Linear(self.inputs, self.heads * self.key_dim, **about)
        self.key = Linear(self.context_inputs, self.key_heads * self.key_dim, **about)
        self.value = Linear(self.context_inputs, self.key_heads * self.value_dim, **about)
        self.output = Linear(self.heads * self.value_dim, self.inputs, **about)

    def demand_shape(self, shape: Shape) -> None:
        demand_queries(self, shape)

    def forward(
        self,
        x: Any,
        context: Any = None,
        *,
        mask: Any = None,
        key_mask: Any = None,
        score_bias: Any = None,
        return_attention_scores: bool = False,
    ) -> Any:
        cache = thread.mode.cache if context is None or context is x else None
        start = 0 if cache is None else cache.start  # earlier steps: their keys and values are kept
        x = in_precision_of(self.query.W, x)
        context = x if context is None else in_precision_of(self.query.W, context)
        x, context, allowed = masked_steps(self, x, context, mask, key_mask)
        q, k, v = map(_in_heads, (self.query(x), self.key(context), self.value(context)),
                      (self.heads, self.key_heads, self.key_heads))  # fmt: skip
        if self.rotary:
            q, k = rotary(q, start=start), rotary(k, start=start)
        if cache is not None:
            demand_cacheable(self, mask, score_bias)
            k, v, allowed = cache.keep(self, k, v, allowed)
        k, v = (_repeated(z, self.heads // self.key_heads) for z in (k, v))
        if allowed is not None and allowed.ndim == 3:
            allowed = allowed[:, None]
        bias = None if score_bias is None else in_precision_of(self.query.W, score_bias)
        weights = attention_weights(q, k, allowed, bias=bias, soft_cap=self.soft_cap)
        y = self.dropout(weights) @ v
        n, _, steps, _ = y.shape
        y = np.reshape(np.swapaxes(y, 1, 2), (n, steps, self.heads * self.value_dim))
        return (self.output(y), weights) if return_attention_scores else self.output(y)

    def __repr__(self) -> str:
        settings = "".join(f", {n}=True" for n in ("causal", "rotary") if getattr(self, n))
        return f"{type(self).__name__}({self.inputs}, {self.heads}, {self.key_dim}{settings})"


def _in_heads(x: Any, heads: int) -> Any:
    """(N, T, heads d) -> (N, heads, T, d)"""
    n, steps, width = x.shape
    return np.swapaxes(np.reshape(x, (n, steps, heads, width // heads)), 1, 2)


def _repeated(x: Any, times: int) -> Any:
    """Each head of keys or values for several heads: (N, key_heads, S, d) -> (N, heads, S, d)"""
    return x if times == 1 else np.repeat(x, times, axis=1)


def masked_steps(
    layer: Any, x: Any, context: Any, mask: Any, key_mask: Any
) -> tuple[Any, Any, Any]:
    """(x, context, which step of x may look at which of the context); raises if they do not fit."""
    layer.demand_shape(x.shape)
    demand_context(layer, context.shape, len(x))
    allowed = allowed_pairs(layer, x.shape, context.shape[1], mask, key_mask)
    return *without_unseen(x, context, allowed), allowed


def allowed_pairs(layer: Any, x: Shape, keys: int, mask: Any, key_mask: Any) -> Any:
    """All masks in one, (T, S) or (N, T, S), with 1 along axes that share it; None without any mask."""
    n, steps, _ = x
    allowed = np.tri(steps, keys, dtype=bool) if layer.causal else None
    for name, given in (("mask", mask), ("key_mask", key_mask)):
        if given is None:
            continue
        given = np.asarray(value(given))
        demand_attention_mask(layer, name, given, n, steps, keys)
        given = given[:, None, :] if name == "key_mask" else given
        allowed = given if allowed is None else allowed & given
    return allowed


def without_unseen(x: Any, context: Any, allowed: Any) -> tuple[Any, Any]:
    """Both, with 0 in place of NaN where no step may look."""
    if allowed is None:
        return x, context
    seen = unread(context, seen_keys(allowed))
    return (seen if context is x else x), seen


class GroupedQueryAttention(MultiHeadAttention):
    """`MultiHeadAttention` in which several heads share keys and values: `key_heads` of them for all `heads`.

    key and value are (inputs, key_heads · key_dim), so that there is less to learn, and less to keep while
    a text is written. The other settings are those of `MultiHeadAttention`. Keras's GroupQueryAttention.
    Ainslie et al. 2023. Raises ValueError unless key_heads divides heads.
    """

    def __init__(
        self,
        inputs: int | None,
        heads: int,
        key_heads: int,
        key_dim: int,
        *,
        bias: bool = True,
        causal: bool = False,
        soft_cap: float | None = None,
        rotary: bool = False,
        dropout: float = 0.0,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ):
        demand_sizes(self, heads=heads, key_heads=key_heads)
        demand_shared_heads(self, heads, key_heads)
        self.shared = key_heads
        super().__init__(
            inputs, heads, key_dim, bias=bias, causal=causal, soft_cap=soft_cap, rotary=rotary,
            dropout=dropout, rng=rng, dtype=dtype,
        )  # fmt: skip

    @property
    def key_heads(self) -> int:
        return self.shared

    def __repr__(self) -> str:
        sizes = f"{self.inputs}, {self.heads}, {self.key_heads}, {self.key_dim}"
        return f"GroupedQueryAttention({sizes})"


class AdditiveAttention(SizedByInput):
    """y = softmax(Σ over the last axis of scale · tanh(q + k)) v: a small network compares q and k.

    x: (N, T, inputs) gives the queries q, context: (N, S, inputs) keys and values alike (x, if it is left
    out); y: (N, T, inputs). mask, key_mask, causal, dropout and return_attention_scores are those of
    `MultiHeadAttention`; without `scale` there is nothing to learn.

    Keras's AdditiveAttention. With a Linear before it for x, and one for the context, it is the attention
    of Bahdanau, Cho and Bengio 2015, section 3.1.
    """

    def __init__(
        self,
        inputs: int | None = None,
        *,
        scale: bool = True,
        causal: bool = False,
        dropout: float = 0.0,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ):
        demand_sizes(self, inputs=inputs)
        self.inputs = self.context_inputs = inputs
        self.causal, self.has_scale = causal, scale
        rng = np.random.default_rng(rng)
        self.dropout = Dropout(dropout, rng=rng)
        self.make_now_or_later(rng, dtype)

    def make(self, rng: np.random.Generator, dtype: Any) -> None:
        self.context_inputs = self.inputs
        start = glorot_uniform(rng, (self.inputs,), dtype)
        self.scale = Parameter(start) if self.has_scale else None

    def demand_shape(self, shape: Shape) -> None:
        demand_queries(self, shape)

    def forward(
        self,
        x: Any,
        context: Any = None,
        *,
        mask: Any = None,
        key_mask: Any = None,
        return_attention_scores: bool = False,
    ) -> Any:
        x = as_array(x) if self.scale is None else in_precision_of(self.scale, x)
        context = x if context is None else as_array(context).astype(x.dtype)
        x, context, allowed = masked_steps(self, x, context, mask, key_mask)
        both = np.tanh(x[:, :, None] + context[:, None])
        scores = np.sum(both if self.scale is None else self.scale * both, axis=-1)
        weights = masked_softmax(scores, allowed)
        y = self.dropout(weights) @ context
        return (y, weights) if return_attention_scores else y

    def __repr__(self) -> str:
        settings = "" if self.has_scale else ", scale=False"
        settings += ", causal=True" if self.causal else ""
        return f"AdditiveAttention({self.inputs}{settings})"


class TransformerBlock(Module):
    """Attention, then a perceptron of two layers, each added to its own input.

    norm="pre"    x + attention(LN x), then x + mlp(LN x)     (GPT-2; Xiong et al. 2020)
    norm="post"   LN(x + attention(x)), then LN(x + mlp(x))   (Vaswani et al. 2017, section 3.1)

    x: (N, T, size), y: (N, T, size). mlp(x) = activation(x W₁ + b₁) W₂ + b₂ has `hidden` numbers inside,
    4 size by default. The activation is GPT-2's form of GELU, with a tanh (`ops.gelu` is the exact one).
    causal, rotary, dropout, mask and key_mask are those of `MultiHeadAttention`; dropout also applies to
    both terms that are added. eps is that of `LayerNorm`. Raises ValueError unless heads divide size.
    """

    def __init__(
        self,
        size: int,
        heads: int,
        *,
        hidden: int | None = None,
        norm: str = "pre",
        activation: Callable = gelu_tanh,
        causal: bool = False,
        rotary: bool = False,
        dropout: float = 0.0,
        eps: float = 1e-3,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ):
        demand_sizes(self, size=size, heads=heads)
        demand_heads(self, size, heads)
        demand_one_of(self, ("pre", "post"), norm=norm)
        rng = np.random.default_rng(rng)
        self.norm, self.activation = norm, activation
        self.norm1 = LayerNorm(size, eps=eps, dtype=dtype)
        self.attention = MultiHeadAttention(
            size, heads, size // heads, causal=causal, rotary=rotary, dropout=dropout, rng=rng, dtype=dtype
        )  # fmt: skip
        self.norm2 = LayerNorm(size, eps=eps, dtype=dtype)
        self.up = Linear(size, hidden or 4 * size, rng=rng, dtype=dtype)
        self.down = Linear(hidden or 4 * size, size, rng=rng, dtype=dtype)
        self.dropout = Dropout(dropout, rng=rng)

    def mlp(self, x: Any) -> Any:
        return self.down(self.activation(self.up(x)))

    def forward(self, x: Any, *, mask: Any = None, key_mask: Any = None) -> Tensor:
        def look(x: Any) -> Any:
            return self.dropout(self.attention(x, mask=mask, key_mask=key_mask))

        def think(x: Any) -> Any:
            return self.dropout(self.mlp(x))

        x = in_precision_of(self.up.W, x)
        if key_mask is not None:
            x = unread(x, np.asarray(value(key_mask))[..., None])
        if self.norm == "pre":
            x = x + look(self.norm1(x))
            return x + think(self.norm2(x))
        x = self.norm1(x + look(x))
        return self.norm2(x + think(x))
