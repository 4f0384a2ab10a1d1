"""Quantization: weights as whole numbers of one byte, with a scale for each output."""

from __future__ import annotations

import copy
from typing import Any, TypeVar

import numpy as np

from tinygrad_edu.nn import convolution
from tinygrad_edu.nn.compression_checks import (
    demand_finite_weights,
    demand_prediction,
    demand_quantizable,
)
from tinygrad_edu.nn.embedding import Embedding
from tinygrad_edu.nn.linear import Linear
from tinygrad_edu.nn.module import Buffer, Module
from tinygrad_edu.nn.module_checks import demand_model
from tinygrad_edu.nn.sequence_checks import demand_ids
from tinygrad_edu.ops.embedding import lookup
from tinygrad_edu.tensor import Tensor, value

__all__ = ["quantize"]

Model = TypeVar("Model", bound=Module)
MOST = 127  # int8 has -128, too, but a symmetric range needs no offset


def quantize(model: Model) -> Model:
    """A copy of a model for predictions, whose weights take one byte each.

    The W of every Linear, convolution and Embedding inside becomes q s: whole numbers q = round(w / s) from
    -127 to 127 in int8, and one scale s = max |w| / 127 for each output (each word of an Embedding). So
    |w - q s| <= s / 2. Biases and all other parameters stay as they are.

    A layer computes with W = q s in the former precision, which it makes at each call and does not keep: this
    saves memory and bytes of files, and costs time, since NumPy has no fast product of whole numbers.
    `state_dict`, `save` and `twins.save_safetensors` write q as `W_int8` and s as `W_scale`; to load, build
    the model and `nn.quantize(model).load(path)`.

    The copy is in eval mode, and its parameters are frozen. Raises RuntimeError if it is called in training
    mode, ValueError for a model without such a layer and for weights that are not finite. Jacob et al. 2018;
    Krishnamoorthi 2018, section 2.

    >>> from tinygrad_edu import nn
    >>> small = nn.quantize(nn.Linear(64, 10, rng=0))
    >>> {path: (a.dtype.name, a.nbytes) for path, a in small.state_dict().items()}
    {'b': ('float32', 40), 'W_int8': ('int8', 640), 'W_scale': ('float32', 40)}
    """
    demand_model("quantize", model)
    layers = model_layers(model)
    demand_quantizable(model, layers, tuple(QUANTIZED))
    for path, layer in layers.items():
        if type(layer) in QUANTIZED:
            demand_finite_weights("quantize", path, layer.W.data)
    made = copy.deepcopy(model).eval().freeze()
    for layer in model_layers(made).values():
        if type(layer) in QUANTIZED:
            q, scale = rounded(layer.W.data, layer.unit_axes)
            del layer.W
            layer.W_int8, layer.W_scale = Buffer(q), Buffer(scale)
            layer.__class__ = QUANTIZED[type(layer)]
    return made


def model_layers(model: Module) -> dict[str, Any]:
    """path -> module, of a model that knows all its sizes."""
    model.parameters()  # refuses a model that waits for its first input
    return dict(model.named_modules())


def rounded(w: np.ndarray, unit_axes: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    """(q in int8, s with 1 along all axes but those of the units), so that w ≈ q s."""
    units = [axis % w.ndim for axis in unit_axes]
    others = tuple(axis for axis in range(w.ndim) if axis not in units)
    scale = np.max(np.abs(w), axis=others, keepdims=True) / w.dtype.type(MOST)
    scale[scale == 0] = 1  # of weights that are all 0
    return np.clip(np.rint(w / scale), -MOST, MOST).astype(np.int8), scale


class _Quantized(Module):
    """What quantized layers share: W is made of W_int8 and W_scale whenever it is asked for."""

    W_int8: Buffer
    W_scale: Buffer

    @property
    def W(self) -> Tensor:
        return self.W_int8 * self.W_scale

    def forward(self, *inputs: Any) -> Any:
        demand_prediction(self)
        return super().forward(*inputs)

    def draw(self, rng: np.random.Generator) -> None:
        demand_prediction(self, learns=True)


class QuantizedEmbedding(_Quantized, Embedding):  # type: ignore[misc]
    """An `Embedding` that looks the whole numbers of its words up, and scales these alone."""

    def forward(self, ids: Any) -> Tensor:
        demand_prediction(self)
        ids = ids if getattr(ids, "as_array", False) else np.asarray(value(ids))
        demand_ids(self, ids)
        return lookup(self.W_int8, ids) * lookup(self.W_scale, ids)


def _quantized(kind: type) -> type:
    """The class of such layers with quantized weights. It is a name of this file, so that pickle finds it."""
    about = {"__module__": __name__, "__doc__": f"A `{kind.__name__}` with quantized weights."}
    made = type(f"Quantized{kind.__name__}", (_Quantized, kind), about)
    globals()[made.__name__] = made
    return made


KINDS: list[Any] = [Linear, *(getattr(convolution, name) for name in convolution.__all__)]
QUANTIZED: dict[type, type] = {
    kind: _quantized(kind) for kind in KINDS if hasattr(kind, "unit_axes")
}
QUANTIZED[Embedding] = QuantizedEmbedding
