"""Attention with several heads, and the block that transformers are stacked from."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.nn.containers import Dropout
from tinygrad_edu.nn.embedding import rotary
from tinygrad_edu.nn.linear import Linear, demand_sizes, in_precision_of
from tinygrad_edu.nn.module import Module, module_path
from tinygrad_edu.nn.normalization import LayerNorm
from tinygrad_edu.ops.scaled_dot_product import attention_weights, gelu_in_pieces
from tinygrad_edu.tensor import Tensor, value


class MultiHeadAttention(Module):
    """Every head looks for something else: y = [softmax(q kᵀ / √key_dim) v of each head] W + b.

    q, k and v are the layers `query`, `key` and `value`, (inputs, heads · key_dim) each, cut into heads;
    `output` brings the heads back to `inputs` numbers.

    x: (N, T, inputs) asks and, if nothing else is given, answers; y: (N, T, inputs)
    context: (N, S, context_inputs) answers instead (cross-attention)
    mask: (T, S) or (N, T, S), False where a step may not look
    key_mask: (N, S), False at the steps of padding, where nobody may look

    causal     a step may not look at later ones
    value_dim  length of the values of a head, if not key_dim
    rotary     places are told by turning q and k: see `rotary`
    dropout    probability to drop a weight, in training

    Where a step may look at nothing, its heads give 0. Keras's MultiHeadAttention (use_causal_mask is
    `causal`, attention_mask is `mask`, value_mask is `key_mask`); its kernels are ours, reshaped. Vaswani
    et al. 2017, section 3.2.2. Raises ValueError for shapes that do not fit, TypeError for masks that
    are not of truth values.
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
        self.inputs: Any = inputs
        self.context_inputs: Any = context_inputs
        self.heads, self.key_dim, self.value_dim = heads, key_dim, value_dim or key_dim
        self.causal, self.rotary = causal, rotary
        rng = np.random.default_rng(rng)
        self._start = rng, dtype
        self.dropout = Dropout(dropout, rng=rng)
        self.make_when_known(inputs)

    def make(self, inputs: int) -> None:
        rng, dtype = self.__dict__.pop("_start")
        self.inputs = inputs
        self.context_inputs = self.context_inputs or inputs
        answers, keys, values = (
            self.context_inputs,
            self.heads * self.key_dim,
            self.heads * self.value_dim,
        )
        self.query = Linear(inputs, keys, rng=rng, dtype=dtype)
        self.key = Linear(answers, keys, rng=rng, dtype=dtype)
        self.value = Linear(answers, values, rng=rng, dtype=dtype)
        self.output = Linear(values, inputs, rng=rng, dtype=dtype)

    def forward(
        self, x: Any, context: Any = None, *, mask: Any = None, key_mask: Any = None
    ) -> Tensor:
        x = in_precision_of(self.query.W, x)
        self._demand("x", x.shape, self.inputs)
        context = x if context is None else in_precision_of(self.query.W, context)
        self._demand("context", context.shape, self.context_inputs, n=x.shape[0])
        allowed = self._allowed(x.shape[0], x.shape[1], context.shape[1], mask, key_mask)
        q, k, v = (
            self._in_heads(layer(z))
            for layer, z in ((self.query, x), (self.key, context), (self.value, context))
        )
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

    def _demand(self, name: str, shape: tuple[int, ...], width: int, n: int | None = None) -> None:
        if len(shape) == 3 and shape[2] == width and n in (None, shape[0]) and shape[1] > 0:
            return
        hint = f"x.reshape(...) to (N, T, {width})"
        if len(shape) == 2:
            hint = f"{name}[None], if it is one sequence"
        elif len(shape) == 3 and shape[1] > 0:
            hint = f"a Linear({shape[2]}, {width}) before it"
            if shape[2] == width:
                hint = "as many sequences of context as of x"
            elif name == "context":
                hint = f"context_inputs={shape[2]} in this layer"
        wanted = f"({'N' if n is None else n}, {'T' if name == 'x' else 'S'}, {width})"
        raise refusal(
            ValueError,
            f"{module_path(self)} got {name} of shape {shape}: it takes {wanted}.",
            f"{hint}",
        )

    def _allowed(self, n: int, steps: int, keys: int, mask: Any, key_mask: Any) -> Any:
        """The masks together, of a shape that broadcasts to (N, heads, T, S); None if there is none."""
        allowed = np.tri(steps, keys, dtype=bool) if self.causal else None
        for name, given, wanted in (
            ("mask", mask, ((steps, keys), (n, steps, keys))),
            ("key_mask", key_mask, ((n, keys),)),
        ):
            if given is None:
                continue
            given = np.asarray(value(given))
            if given.shape not in wanted:
                raise refusal(
                    ValueError,
                    f"{module_path(self)} got a {name} of shape {given.shape} for {n} "
                    f"sequences of {steps} steps that look at {keys}: it takes "
                    f"{' or '.join(map(str, wanted))}.",
                    f"{'key_mask=' if given.shape == (n, keys) else 'one truth value for each pair'}",
                )
            if given.dtype != bool:
                raise refusal(
                    TypeError,
                    f"{module_path(self)} got a {name} of {given.dtype}: it takes truth values.",
                    f"{name}.astype(bool), True where one may look",
                )
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
    """Look around, then think: attention and a perceptron of two layers, each added to what went in.

    norm="pre"    x + attention(LN x), then x + mlp(LN x)     (GPT-2; Xiong et al. 2020)
    norm="post"   LN(x + attention(x)), then LN(x + mlp(x))   (Vaswani et al. 2017, section 3.1)

    x: (N, T, size), y alike. mlp(x) = activation(x W₁ + b₁) W₂ + b₂ has `hidden` numbers between, 4 size by
    default; the activation is GPT-2's form of the GELU, by a tanh (`ops.gelu` is the exact one). causal,
    rotary, dropout, mask and key_mask are those of `MultiHeadAttention`; dropout is applied to what is
    added, too. eps is that of `LayerNorm`. Raises ValueError unless heads divide size.
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
        if size % heads:
            raise refusal(
                ValueError,
                f"TransformerBlock: {heads} heads do not divide size={size}.",
                f"heads of the same length, as heads={np.gcd(size, heads)}",
            )
        if norm not in ("pre", "post"):
            raise refusal(ValueError, f"TransformerBlock(norm={norm!r}): 'pre' or 'post'.")
        rng = np.random.default_rng(rng)
        self.norm, self.activation = norm, activation
        self.norm1 = LayerNorm(size, eps=eps, dtype=dtype)
        self.attention = MultiHeadAttention(
            size,
            heads,
            size // heads,
            causal=causal,
            rotary=rotary,
            dropout=dropout,
            rng=rng,
            dtype=dtype,
        )
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
        if self.norm == "pre":
            x = x + look(self.norm1(x))
            return x + think(self.norm2(x))
        x = self.norm1(x + look(x))
        return self.norm2(x + think(x))
