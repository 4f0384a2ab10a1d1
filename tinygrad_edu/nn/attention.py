"""Attention with several heads, and the block that transformers are stacked from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.nn.checks import Shape, demand_one_of, demand_sizes
from tinygrad_edu.nn.embedding import rotary
from tinygrad_edu.nn.layer_tools import in_precision_of
from tinygrad_edu.nn.linear import Linear
from tinygrad_edu.nn.module import Module
from tinygrad_edu.nn.noise import Dropout
from tinygrad_edu.nn.normalization import LayerNorm
from tinygrad_edu.nn.sequence_checks import (
    demand_attention_mask,
    demand_context,
    demand_heads,
    demand_queries,
)
from tinygrad_edu.nn.sized_by_input import SizedByInput
from tinygrad_edu.ops.recurrent import unread
from tinygrad_edu.ops.scaled_dot_product import attention_weights, gelu_in_pieces, seen_keys
from tinygrad_edu.tensor import Tensor, value

__all__ = ["MultiHeadAttention", "TransformerBlock"]


class MultiHeadAttention(SizedByInput):
    """Each head looks for something else: y = [softmax(q kᵀ / √key_dim) v of each head] W + b.

    q, k and v are the layers `query`, `key` and `value`, (inputs, heads · key_dim) each, cut into heads;
    `output` maps the heads back to `inputs` numbers.

    x: (N, T, inputs) gives the queries, and without a context also keys and values; y: (N, T, inputs)
    context: (N, S, context_inputs) gives keys and values instead (cross-attention)
    mask: (T, S) or (N, T, S), False where a step may not look
    key_mask: (N, S), False at padding, where no step may look

    causal     a step may not look at later ones
    value_dim  length of the values of a head, if not key_dim
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
        causal: bool = False,
        rotary: bool = False,
        dropout: float = 0.0,
        rng: np.random.Generator | int | None = None,
        dtype: Any = np.float32,
    ):
        demand_sizes(
            self, inputs=inputs, heads=heads, key_dim=key_dim, value_dim=value_dim or key_dim
        )
        self.inputs, self.context_inputs = inputs, context_inputs
        self.heads, self.key_dim, self.value_dim = heads, key_dim, value_dim or key_dim
        self.causal, self.rotary = causal, rotary
        rng = np.random.default_rng(rng)
        self.dropout = Dropout(dropout, rng=rng)
        self.make_now_or_later(rng, dtype)

    def make(self, rng: np.random.Generator, dtype: Any) -> None:
        self.context_inputs = self.context_inputs or self.inputs
        keys, values = self.heads * self.key_dim, self.heads * self.value_dim
        self.query = Linear(self.inputs, keys, rng=rng, dtype=dtype)
        self.key = Linear(self.context_inputs, keys, rng=rng, dtype=dtype)
        self.value = Linear(self.context_inputs, values, rng=rng, dtype=dtype)
        self.output = Linear(values, self.inputs, rng=rng, dtype=dtype)

    def demand_shape(self, shape: Shape) -> None:
        demand_queries(self, shape)

    def forward(
        self, x: Any, context: Any = None, *, mask: Any = None, key_mask: Any = None
    ) -> Tensor:
        x = in_precision_of(self.query.W, x)
        self.demand_shape(x.shape)
        context = x if context is None else in_precision_of(self.query.W, context)
        demand_context(self, context.shape, len(x))
        allowed = self._allowed(x.shape, context.shape[1], mask, key_mask)
        if allowed is not None:
            seen, alone = seen_keys(allowed), context is x
            context = unread(context, seen[:, 0] if seen.ndim == 4 else seen)
            x = context if alone else x
        q, k, v = map(self._in_heads, (self.query(x), self.key(context), self.value(context)))
        if self.rotary:
            q, k = rotary(q), rotary(k)
        y = self.dropout(attention_weights(q, k, allowed)) @ v
        n, _, steps, _ = y.shape
        return self.output(
            np.reshape(np.swapaxes(y, 1, 2), (n, steps, self.heads * self.value_dim))
        )

    def _in_heads(self, x: Any) -> Any:
        """(N, T, heads d) -> (N, heads, T, d)"""
        n, steps, width = x.shape
        return np.swapaxes(np.reshape(x, (n, steps, self.heads, width // self.heads)), 1, 2)

    def _allowed(self, x: Shape, keys: int, mask: Any, key_mask: Any) -> Any:
        """All masks in one, of a shape that broadcasts to (N, heads, T, S); None without any mask."""
        n, steps, _ = x
        allowed = np.tri(steps, keys, dtype=bool) if self.causal else None
        for name, given in (("mask", mask), ("key_mask", key_mask)):
            if given is None:
                continue
            given = np.asarray(value(given))
            demand_attention_mask(self, name, given, n, steps, keys)
            if name == "key_mask":
                given = given[:, None, None, :]
            elif given.ndim == 3:
                given = given[:, None]
            allowed = given if allowed is None else allowed & given
        return allowed

    def __repr__(self) -> str:
        settings = "".join(f", {n}=True" for n in ("causal", "rotary") if getattr(self, n))
        return f"MultiHeadAttention({self.inputs}, {self.heads}, {self.key_dim}{settings})"


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
        activation: Callable = gelu_in_pieces,
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
