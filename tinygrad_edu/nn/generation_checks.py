"""What writing with a language model refuses. See `checks.py`."""

from __future__ import annotations

from typing import Any

import numpy as np

from tinygrad_edu.diagnostics.words import refusal
from tinygrad_edu.modes import thread
from tinygrad_edu.nn.checks import demand_each, demand_sizes
from tinygrad_edu.nn.module_checks import demand_model

NO_CACHE = "generate(..., cache=False), which computes all tokens again for each new one"


def demand_context_length(owner: str, length: Any, most: int | None) -> int:
    """The number of steps that a model sees: `length`, at most that of its Positions, which is `most`."""
    if length is None and most is None:
        what = f"{owner}: the model has no Positions, which would tell how many steps it takes"
        raise refusal(ValueError, f"{what}.", f"{owner}(..., length=128)")
    if length is None:
        return int(most or 0)
    demand_sizes(owner, length=length)
    if most is not None and length > most:
        what = f"{owner}(length={length}): the Positions of the model have {most} steps"
        raise refusal(ValueError, f"{what}.", f"length={most}, or Positions({length}, ...)")
    return int(length)


def demand_next_steps(cache: Any, x: np.ndarray) -> None:
    """The model predicts, and x continues the sequences of the calls before, within the context length."""
    inside = (
        () if cache.start else cache.model.named_modules()
    )  # all of them once: a walk takes time
    if cache.model.training or any(module.training for _, module in inside):
        what = "KVCache: the model is in training mode, where kept keys and values would be out of date."
        raise refusal(RuntimeError, what, "model.eval() first; to train, call the model itself")
    if thread.mode.depth:
        what = (
            "KVCache: called inside a function that is differentiated, but it keeps no gradients."
        )
        raise refusal(RuntimeError, what, "the model itself, model(x), inside this function")
    if x.ndim < 2 or 0 in x.shape[:2]:
        what = f"KVCache got x of shape {x.shape}: it takes new steps, (N, T) or (N, T, ...), T from 1."
        raise refusal(
            ValueError, what, "ids[None] for one sequence; ids[:, None] for one step of each"
        )
    shape = (x.shape[0], *x.shape[2:])
    if cache.start and shape != cache.shape:
        before = (cache.shape[0], "T", *cache.shape[1:])
        what = f"KVCache got x of shape {x.shape}, and before ({', '.join(map(str, before))})"
        hint = "the same sequences; cache.reset() before other ones"
        raise refusal(ValueError, f"{what}.", hint)
    if cache.start + x.shape[1] > cache.length:
        what = f"KVCache: {x.shape[1]} steps after {cache.start} are more than its length, {cache.length}"
        hint = "a larger length=; or generate(), whose window then moves along the text"
        raise refusal(ValueError, f"{what}.", hint)


def demand_same_layer(cache: Any, layer: Any) -> None:
    """Each call of the model calls the same attention layers in the same order."""
    if cache.turn >= len(cache.kept) or cache.kept[cache.turn].layer is not layer:
        which = f"attention number {cache.turn + 1} of this call, {layer!r}"
        what = f"KVCache: {which}, is not that of the calls before"
        raise refusal(ValueError, f"{what}.", NO_CACHE)


def demand_scores_of_steps(cache: Any, x: np.ndarray, y: Any) -> None:
    """The model called causal attention, the same as before, and gave a row for each step."""
    if cache.turn < max(1, len(cache.kept)):
        what = f"KVCache: the model called {cache.turn} causal attentions"
        what += (
            f", and {len(cache.kept)} before"
            if cache.kept
            else ", so that there is nothing to keep"
        )
        raise refusal(ValueError, f"{what}.", NO_CACHE)
    if not isinstance(y, np.ndarray) or y.ndim < 2 or y.shape[:2] != x.shape[:2]:
        got = f"of shape {y.shape}" if isinstance(y, np.ndarray) else f"of type {type(y).__name__}"
        what = f"KVCache: for x of shape {x.shape} the model returned something {got}"
        what += ", and not a row for each step"
        raise refusal(ValueError, f"{what}.", f"a model that returns {x.shape[:2]} rows of scores")


def demand_same_scores(cache: Any, y: np.ndarray, whole: np.ndarray) -> None:
    """y are the last rows of what the model gives for the whole sequences, up to rounding."""
    wanted = whole[:, -y.shape[1] :]
    finite = np.abs(wanted[np.isfinite(wanted)])
    largest = float(finite.max(initial=0))
    allowed = np.finfo(y.dtype).eps ** 0.5 * largest if y.dtype.kind == "f" else 0
    if y.shape != wanted.shape or not np.allclose(y, wanted, rtol=0, atol=allowed, equal_nan=True):
        off = ""
        if y.shape == wanted.shape:
            with np.errstate(invalid="ignore"):
                off = f", by up to {np.nanmax(np.abs(y - wanted)):.2g} of {largest:.2g}"
        what = (
            f"KVCache: what {type(cache.model).__name__} gives for new steps differs from what it gives for "
            f"them at the end of the whole sequence{off}. Something in it other than causal attention and "
            "Positions depends on other steps or on their number, such as a recurrent layer, a convolution, "
            "or positions added by hand."
        )
        raise refusal(ValueError, what, f"Positions, or rotary=True; {NO_CACHE}")


def demand_start(model: Any, ids: Any, count: Any, temperature: Any, top_k: Any) -> np.ndarray:
    """ids are whole numbers, one or more; the numbers that say how to draw are in their ranges."""
    demand_model("generate", model)
    ids = np.asarray(ids)
    if ids.dtype.kind not in "iu" or ids.ndim not in (1, 2) or 0 in ids.shape:
        what = f"generate got ids of shape {ids.shape} {ids.dtype}"
        what += ": it takes (T,) or (N, T) whole numbers, T from 1"
        raise refusal(ValueError, f"{what}.", "tokenizer.encode('a first letter')")
    demand_each("generate", _whole(0), "a whole number, 0 or more", count=count)
    demand_each(
        "generate", lambda t: 0 <= t < np.inf, "a number, 0 or more", temperature=temperature
    )
    if top_k is not None:
        demand_each("generate", _whole(1), "a whole number, 1 or more", top_k=top_k)
    return ids


def _whole(least: int) -> Any:
    def fits(n: Any) -> Any:
        return isinstance(n, (int, np.integer)) and not isinstance(n, bool) and n >= least

    return fits


def demand_scores(scores: Any, n: int) -> np.ndarray:
    """The last row of scores of each sequence, (N, K), none of them NaN or +∞."""
    if not isinstance(scores, np.ndarray) or scores.ndim != 3 or len(scores) != n:
        shape = getattr(scores, "shape", type(scores).__name__)
        what = (
            f"generate: the model returned {shape}, and not ({n}, T, K), K scores after each token"
        )
        raise refusal(ValueError, f"{what}.", "return_sequences=True in a recurrent layer")
    last = scores[:, -1]
    if not np.isfinite(last.max(axis=1)).all():
        what = f"generate: the largest of {last.shape[1]} scores is {last.max()}"
        raise refusal(
            ValueError,
            f"{what}.",
            "finite weights; -inf for tokens that must not come, not for all",
        )
    return last
