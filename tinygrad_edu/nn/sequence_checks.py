"""What layers of sequences refuse: recurrent layers, attention and embeddings. See `checks.py`."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.operations import truth_values
from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.modes import recorded, thread
from tinygrad_edu.nn.checks import Shape, layer_got, layer_name, wrong_input

# --------------------------------------------------------------------------------------------- recurrent


def demand_sequences(layer: Any, shape: Shape) -> None:
    """x is (N, T, inputs), of one step or more."""
    inputs = layer.inputs
    if len(shape) == 3 and inputs in (None, shape[2]) and shape[1] > 0:
        return
    layout = f"(N, T, {'inputs' if inputs is None else inputs})"
    hint = f"{type(layer).__name__}({shape[-1] if shape else 1}, {layer.units}) here"
    if len(shape) == 2:
        hint = _all_steps_of_the_layer_before(layer) or (
            "x[None] for one sequence; x[:, :, None], if each step is one number"
        )
    elif len(shape) == 3 and shape[1] == inputs:
        hint = "np.swapaxes(x, 1, 2), if time is the last axis of x"
    elif 0 in shape:
        hint = "sequences of one step or more"
    elif len(shape) != 3:
        hint = f"x.reshape(...) to {layout}"
    raise wrong_input(layer, shape, f"it takes {layout}, T from 1", hint)


def _all_steps_of_the_layer_before(layer: Any) -> str:
    """The layer before, as it must be if it is a recurrent one that returns its last step only."""
    layers = getattr(thread.mode.scope[-2], "layers", None) if len(thread.mode.scope) > 1 else None
    for i, (before, after) in enumerate(itertools.pairwise(layers or ())):
        inner = getattr(before, "forwards", before)  # of a Bidirectional
        if after is layer and getattr(inner, "return_sequences", True) is False:
            kind = type(inner).__name__
            return f"{kind}({inner.inputs}, {inner.units}, return_sequences=True) as layer {i}"
    return ""


def demand_one_step(layer: Any, shape: Shape) -> None:
    """x is (N, inputs)."""
    inputs = layer.inputs
    if len(shape) == 2 and inputs in (None, shape[1]):
        return
    kind = type(layer).__name__
    hint = f"{kind}({shape[-1] if shape else 1}, {layer.units}) here"
    if len(shape) == 3:
        hint = f"x[:, t], or {kind.removesuffix('Cell')}, which reads all steps"
    elif len(shape) == 1:
        hint = "x[None] for one sequence"
    layout = f"(N, {'inputs' if inputs is None else inputs})"
    raise wrong_input(layer, shape, f"it takes one step, {layout}", hint)


def demand_states(layer: Any, shapes: list[Shape], wanted: Shape, called: str, giver: str) -> None:
    """One state (N, units), or of an LSTM two.

    called, giver    the argument, and what returns such states
    """
    if shapes != [wanted] * len(layer.states):
        names = ", ".join(layer.states)
        takes = f"it takes {names}, {wanted}{' each' if len(layer.states) > 1 else ''}"
        given: Any = " and ".join(map(str, shapes))
        raise wrong_input(layer, given, takes, f"{called}=({names}), as {giver} them", called)


def demand_step_mask(layer: Any, mask: np.ndarray, wanted: tuple[int, int]) -> None:
    """A mask of recurrent layers has a truth value for each step, (N, T)."""
    if mask.shape != wanted:
        hint = "mask.T" if mask.shape == wanted[::-1] else "one truth value for each step"
        of = f"{wanted[0]} sequences of {wanted[1]} steps"
        raise _wrong_mask(layer, "mask", mask, of, str(wanted), hint)
    truth_values(layer_got(layer), mask, "at the steps that count")


def demand_place_mask(layer: Any, mask: np.ndarray, wanted: Shape) -> None:
    """A mask of pools has a truth value for each place, (N, H, W)."""
    if mask.shape != wanted:
        of, hint = f"x with places {wanted}", "one truth value for each place"
        raise _wrong_mask(layer, "mask", mask, of, str(wanted), hint)
    truth_values(layer_got(layer), mask, "at the places that count")


def _wrong_mask(
    layer: Any, name: str, mask: np.ndarray, of: str, takes: str, hint: str
) -> Exception:
    what = f"a {name} of shape {mask.shape} for {of}: it takes {takes}"
    return refusal(ValueError, f"{layer_got(layer)} {what}.", hint)


def demand_two_directions(forward: Any, backward: Any, recurrent: type) -> None:
    """The second layer reads backwards, and both return the same things."""
    for layer in (forward, backward):
        if not isinstance(layer, recurrent):
            hint = "Bidirectional(LSTM(8, 16), LSTM(8, 16, go_backwards=True))"
            raise refusal(
                TypeError, f"Bidirectional: {layer!r} is no SimpleRNN, LSTM or GRU.", hint
            )
    both = f"{forward!r} and {backward!r}"
    if forward.go_backwards or not backward.go_backwards:
        what = f"Bidirectional: the second layer, and only it, reads backwards; got {both}."
        raise refusal(ValueError, what, "go_backwards=True in the second layer")
    for name in ("return_sequences", "return_state"):
        if getattr(forward, name) != getattr(backward, name):
            what = f"Bidirectional: {name} differs in {both}."
            raise refusal(ValueError, what, f"the same {name} in both")


def demand_same_units(forward: Any, backward: Any) -> None:
    """Outputs of two directions that are added have the same length."""
    if forward.units != backward.units:
        what = f"Bidirectional: {forward.units} and {backward.units} units do not fit together."
        raise refusal(ValueError, what, "merge='concat', or the same number of units")


def demand_same_batch(layer: Any, before: int, n: int) -> None:
    """A stateful layer goes on with the sequences of the batch before."""
    if n != before:
        what = (
            f"{n} sequences, but as a stateful layer it goes on with the {before} of its last call"
        )
        hint = "layer.reset_state() before other sequences"
        raise refusal(ValueError, f"{layer_got(layer)} {what}.", hint)


def demand_cell(layer: Any, cell: Any, name: str) -> None:
    """A cell is called for one step, and tells which of its states is the output."""
    if not callable(cell) or isinstance(cell, type) or not hasattr(cell, "output"):
        what = f"{type(layer).__name__}: {name} is {cell!r}, which is not a recurrent cell."
        raise refusal(TypeError, what, "LSTMCell(8, 16), or GRUCell or SimpleRNNCell")


# --------------------------------------------------------------------------------------------- attention


def demand_heads(layer: Any, size: int, heads: int) -> None:
    """Heads divide the size of a transformer block."""
    if size % heads:
        what = f"{type(layer).__name__}: {heads} heads do not divide size={size}."
        raise refusal(ValueError, what, f"heads of the same length, as heads={np.gcd(size, heads)}")


def demand_shared_heads(layer: Any, heads: int, key_heads: int) -> None:
    """Equally many heads of queries share each head of keys."""
    if heads % key_heads:
        what = f"key_heads={key_heads} do not divide heads={heads}"
        hint = f"key_heads={np.gcd(heads, key_heads)}"
        raise refusal(ValueError, f"{type(layer).__name__}: {what}.", hint)


def demand_queries(layer: Any, shape: Shape) -> None:
    """x is (N, T, inputs), of one step or more."""
    _demand_steps(layer, "x", shape, layer.inputs, None)


def demand_context(layer: Any, shape: Shape, n: int) -> None:
    """The context is (n, S, context_inputs), of one step or more."""
    _demand_steps(layer, "context", shape, layer.context_inputs, n)


def _demand_steps(layer: Any, name: str, shape: Shape, width: int | None, n: int | None) -> None:
    if len(shape) == 3 and width in (None, shape[2]) and n in (None, shape[0]) and shape[1] > 0:
        return
    length = "inputs" if width is None else width
    hint = f"x.reshape(...) to (N, T, {length})"
    if len(shape) == 2:
        hint = f"{name}[None], if it is one sequence"
    elif len(shape) == 3 and shape[1] > 0:
        hint = f"a Linear({shape[2]}, {width}) before it"
        if shape[2] == width:
            hint = "as many sequences of context as of x"
        elif name == "context":
            hint = f"context_inputs={shape[2]} in this layer"
    layout = f"({'N' if n is None else n}, {'T' if name == 'x' else 'S'}, {length})"
    raise wrong_input(layer, shape, f"it takes {layout}", hint, name)


def demand_attention_mask(
    layer: Any, name: str, mask: np.ndarray, n: int, steps: int, keys: int
) -> None:
    """A mask is (T, S) or (N, T, S), a key_mask (N, S), of truth values."""
    wanted = ((steps, keys), (n, steps, keys)) if name == "mask" else ((n, keys),)
    if mask.shape not in wanted:
        hint = "key_mask=" if mask.shape == (n, keys) else "one truth value for each pair"
        of = f"{n} sequences of {steps} steps that look at {keys}"
        raise _wrong_mask(layer, name, mask, of, " or ".join(map(str, wanted)), hint)
    scores = "score_bias=mask of MultiHeadAttention" if name == "mask" else ""
    truth_values(layer_got(layer), mask, "where one may look", name, scores)


def demand_cacheable(layer: Any, mask: Any, score_bias: Any) -> None:
    """Earlier steps do not depend on later ones, and nothing is made for a whole sequence."""
    if not layer.causal:
        what = (
            "is not causal: earlier steps look at later ones, so that their values cannot be kept"
        )
        raise refusal(
            ValueError, f"KVCache: {layer_name(layer)} {what}.", "causal=True in this layer"
        )
    if mask is not None or score_bias is not None:
        name = "mask" if mask is not None else "score_bias"
        what = (
            f"a {name} of whole sequences, but with a KVCache it is called with the new steps alone"
        )
        hint = "causal=True, and key_mask= for padding; or generate(..., cache=False)"
        raise refusal(ValueError, f"{layer_got(layer)} {what}.", hint)


# -------------------------------------------------------------------------------------------- embeddings


@recorded
def demand_ids(layer: Any, ids: np.ndarray) -> None:
    """ids are whole numbers from 0 to vocab - 1."""
    if ids.dtype.kind not in "iu":
        what = f"{layer_got(layer)} ids of shape {ids.shape} {ids.dtype}: it takes whole numbers."
        raise refusal(TypeError, what, "ids.astype(int)")
    if ids.size and (ids.min() < 0 or ids.max() >= layer.vocab):
        what = f"ids of shape {ids.shape} from {ids.min()} to {ids.max()}"
        words = f"its {layer.vocab} words are 0 to {layer.vocab - 1}"
        hint = f"Embedding({ids.max() + 1}, {layer.size}), or an id for unknown words"
        raise refusal(ValueError, f"{layer_got(layer)} {what}, but {words}.", hint)


def demand_places(layer: Any, shape: Shape) -> None:
    """x is (N, T, size), with at most `length` steps."""
    if len(shape) < 2 or shape[-1] != layer.size or shape[-2] > layer.length:
        hint = "x[None], if it is one step"
        if len(shape) > 1:
            hint = f"{type(layer).__name__}({shape[-2]}, {shape[-1]}) here"
        takes = f"it takes (N, T, {layer.size}), T up to {layer.length}"
        raise wrong_input(layer, shape, takes, hint)


def demand_even(function: str, shape: Shape) -> None:
    """The last axis can be cut into pairs."""
    if shape[-1] % 2:
        what = f"{function}: x of shape {shape} has an odd last axis, which does not make pairs."
        raise refusal(ValueError, what, f"{shape[-1] + 1} numbers a head")
