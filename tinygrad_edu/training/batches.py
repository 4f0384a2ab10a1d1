"""Turns the data that `fit` and `evaluate` are given into batches (x, y) or (x, y, weight).

Each of the three is an array, or several in a tuple or a dict: the inputs, targets or weights of a model with
several inputs or outputs.
"""

from __future__ import annotations

import functools
import inspect
import math
from collections.abc import Iterator, Mapping
from numbers import Real
from typing import Any

import numpy as np

from tinygrad_edu.data import DataLoader
from tinygrad_edu.diagnostics.frame_rows import warn_of_other_order
from tinygrad_edu.diagnostics.words import refusal, shortened, warn
from tinygrad_edu.modes import thread
from tinygrad_edu.nn import Module
from tinygrad_edu.tensor import Tensor, value
from tinygrad_edu.training import tables
from tinygrad_edu.training.structure import as_tuple, leaves, mapped, rows_of


class Grouped:
    """A DataLoader whose batches are made of tuples and dicts: ((x1, x2), y) or ({"name": x1, ...}, y)."""

    def __init__(self, *parts: Any, **settings: Any):
        self.form = [mapped(lambda array: None, part) for part in parts]
        arrays = [array for part in parts for _, array in leaves(part)]
        self.loader = DataLoader(*arrays, **settings)

    def __len__(self) -> int:
        return len(self.loader)

    def __iter__(self) -> Iterator[tuple]:
        return self.batches()

    def batches(self, start: int = 0) -> Iterator[tuple]:
        return map(self._grouped, self.loader.batches(start))

    def _grouped(self, batch: tuple) -> tuple:
        arrays = iter(batch)
        return tuple([mapped(lambda _: next(arrays), part) for part in self.form])

    def __repr__(self) -> str:
        counts = zip(("inputs", "targets"), self.form, strict=False)
        several = [f"{len(part)} {name}" for name, part in counts if part is not None]
        return f"{' and '.join(several)} by {self.loader!r}"


def output_of(model: Module, x: Any) -> Any:
    """model(x), or model(*x) for a tuple and model(**x) for a dict of inputs. A list becomes a tuple."""
    args, named = _arguments(x)
    try:
        y = model(*args, **named)
    except TypeError as error:
        other = _other_inputs(model, x)
        if other:
            raise other from error
        raise
    return tuple(y) if isinstance(y, list) else y


def _arguments(x: Any) -> tuple[tuple, dict]:
    """(those by position, those by name) of a model's forward."""
    if isinstance(x, dict):
        return (), x
    return (x if isinstance(x, tuple) else (x,)), {}


def _other_inputs(model: Module, x: Any) -> Exception | None:
    """The error of inputs that the forward of the model does not take, if they are what is wrong."""
    takes = inspect.signature(model.forward)
    args, named = _arguments(x)
    try:
        takes.bind(*args, **named)
    except TypeError:
        inputs = f"{len(x)} arrays" if isinstance(x, tuple) else "one array"
        if named:
            inputs = f"a dict of {', '.join(map(repr, named))}"
        names = [*takes.parameters]
        hint = "x, one array" if len(names) == 1 else f"inputs {', '.join(names)}"
        what = f"x is {inputs}, but {type(model).__name__}.forward{takes} takes others."
        return refusal(TypeError, what, hint)
    return None


def loaders_of_fit(
    x: Any,
    y: Any,
    validation: Any,
    validation_split: Any,
    sample_weight: Any,
    class_weight: Any,
    dtype: Any,
    **settings: Any,
) -> tuple[Any, Any]:
    """(batches to learn from, batches to evaluate on or None), of the arguments of `fit`."""
    warn_of_other_order(x, y)
    y = targets_of(y)
    if y is not None:
        demand_arrays(x, y)
        if isinstance(validation, (tuple, list)) and len(validation):
            tables.demand_columns(tables.columns_by_part(x), validation[0])
            warn_of_scale(x, validation[0])
        x, y = numbers(x, "x"), numbers(y, "y")
        warn_if_swapped(x, y)
    weight = weights_of(y, sample_weight, None, dtype)
    if validation_split:
        if validation is not None:
            raise refusal(ValueError, "fit got validation and validation_split.", "one of them")
        (x, y, weight), validation = split_off(x, y, weight, validation_split)
    if class_weight is not None:  # classes are weighted in training only
        weight = weights_of(y, weight, class_weight, dtype)
    loader = loader_of(x, y, weight, **settings)
    if loader is x and settings["batch_size"] != 32:
        warn(
            f"fit(batch_size={settings['batch_size']}) goes with arrays x and y; {shortened(x)} has batches "
            "of its own.",
            f"DataLoader(x, y, batch_size={settings['batch_size']})",
            stacklevel=3,
        )
    warn_of_order(loader)
    return loader, None if validation is None else validation_loader(validation)


def validation_loader(validation: Any) -> Any:
    """Batches of (x, y) or (x, y, weight); or the batches that were given."""
    if isinstance(validation, (tuple, list)) and len(validation) in (2, 3):
        return loader_of(*validation, batch_size=1024)
    if isinstance(validation, (tuple, list, np.ndarray)) or not hasattr(validation, "__len__"):
        raise refusal(
            ValueError,
            f"fit(validation=...) wants a pair, not {type(validation).__name__}.",
            "validation=(x_val, y_val)",
        )
    return loader_of(validation, None, batch_size=1024)


def loader_of(x: Any, y: Any, weight: Any = None, **settings: Any) -> Any:
    """Something with a length that yields batches: made of the arrays or the data set, or given as x."""
    y = targets_of(y)
    if y is not None:
        demand_arrays(x, y)
        return arrays_loader(x, *((y,) if weight is None else (y, weight)), **settings)
    if not is_arrays(x) and hasattr(x, "__iter__"):
        demand_loader(x)
        return x
    if not is_arrays(x) and hasattr(x, "__getitem__"):
        from tinygrad_edu.data.streams import ExampleLoader  # imports threads, which few need

        return ExampleLoader(x, **settings)
    raise refusal(ValueError, "y is missing.", "(x, y)")


def arrays_loader(*parts: Any, **settings: Any) -> Any:
    """Batches of arrays, or of tuples and dicts of them: (x, y, weight) or part of that."""
    parts = tuple(map(numbers, parts, ("x", "y", "sample_weight")))
    several = any(isinstance(part, (tuple, dict)) for part in parts)
    return (Grouped if several else DataLoader)(*parts, **settings)


def numbers(part: Any, name: str) -> Any:
    """An array or several, if they are of numbers."""
    part = as_tuple(part)
    return mapped(lambda array: tables.numbers(name, array), part)


def targets_of(y: Any) -> Any:
    """y, but one array for a tuple of numbers, which is not a tuple of targets."""
    y = as_tuple(y)
    several = isinstance(y, tuple) and all(
        np.ndim(part) and hasattr(part, "__array__") for part in y
    )
    return np.asarray(y) if isinstance(y, tuple) and not several else y


def is_arrays(x: Any) -> bool:
    """Is it one array or several, that need a y?"""
    return (
        isinstance(x, (tuple, dict, str, Tensor)) or hasattr(x, "__array__") or tables.is_sparse(x)
    )


def batches_of(loader: Any, start: int = 0) -> Iterator[Any]:
    """The batches of an epoch, from number `start` on. Those of unknown loaders are checked."""
    if isinstance(loader, (DataLoader, Grouped)):
        return waited_for(loader.batches(start))
    batches = iter(loader)
    for _ in range(start):
        next(batches)
    return waited_for(map(checked_batch, batches))


def waited_for(batches: Iterator[Any]) -> Iterator[Any]:
    """The same batches. In a `profile()`, the time until each is there is that of "data loading"."""
    while True:
        profile = thread.mode.profile
        wait = next if profile is None else functools.partial(profile.part, "data loading", next)
        batch = wait(batches, None)
        if batch is None:
            return
        yield batch


def arrays_of(loader: Any) -> Iterator[tuple[str, np.ndarray]]:
    """(name, array) of the arrays that the batches are taken from, as far as they are known."""
    parts = ("x", "y", "sample weights")
    if isinstance(loader, DataLoader):
        yield from zip(parts, loader.arrays, strict=False)
    elif isinstance(loader, Grouped):
        forms = zip(parts, loader.form, strict=False)
        names = [name for part, form in forms for name, _ in leaves(form, part)]
        yield from zip(names, loader.loader.arrays, strict=True)
    elif hasattr(loader, "loader"):
        yield from arrays_of(loader.loader)


# --------------------------------------------------------------------------- weights, and splitting


def weights_of(y: Any, sample_weight: Any, class_weight: Any, dtype: Any) -> Any:
    """How much each sample counts: sample_weight * class_weight[y]. None if neither is given.

    sample_weight may be a tuple or a dict, for several targets.
    """
    if sample_weight is None and class_weight is None:
        return None
    if y is None:
        raise refusal(
            ValueError,
            "sample_weight and class_weight go with arrays x and y, but a loader was given.",
            "DataLoader(x, y, weight), which gives each batch its weights",
        )
    y = targets_of(y)
    n = rows_of(y)
    if class_weight is not None and isinstance(y, (tuple, dict)):
        raise refusal(
            ValueError,
            f"class_weight goes with one target, and y has {len(y)}.",
            "sample_weight, with the weights of each target in a tuple or a dict as y",
        )
    if sample_weight is None:
        return _demand_weights(_of_classes(np.asarray(y), class_weight), n).astype(dtype)
    by_class = 1.0 if class_weight is None else _of_classes(np.asarray(y), class_weight)
    return mapped(lambda w: (by_class * _demand_weights(w, n)).astype(dtype), sample_weight)


def _demand_weights(weight: Any, n: int) -> np.ndarray:
    """The weights, if there is one for each of n samples, none below 0, and not all 0."""
    weight = np.asarray(weight)
    if weight.shape != (n,):
        raise refusal(
            ValueError,
            f"sample_weight has shape {weight.shape}, but there are {n} samples.",
            f"one number for each, shape ({n},)",
        )
    if not (np.isfinite(weight).all() and weight.min(initial=0) >= 0 and weight.any()):
        raise refusal(
            ValueError,
            "weights are finite numbers, none below 0 and not all 0; these run from "
            f"{weight.min()} to {weight.max()}.",
        )
    return weight


def _labels(y: np.ndarray) -> np.ndarray:
    """(n,) of y: (n,), (n, 1), or one-hot (n, K)."""
    return y.argmax(axis=1) if y.ndim == 2 and y.shape[1] > 1 else y.reshape(len(y), -1)[:, 0]


def _of_classes(y: np.ndarray, class_weight: Any) -> np.ndarray:
    """class_weight[label] for each label.    y: (n,), (n, 1), or one-hot (n, K)"""
    labels = _labels(y)
    if y.ndim > 2 or not np.array_equal(labels, np.round(labels)):
        raise refusal(
            ValueError,
            f"class_weight goes with the numbers of classes, not with y {y.shape} {y.dtype}.",
            "sample_weight, a number for each sample",
        )
    labels = labels.astype(int)
    if isinstance(class_weight, str):
        raise refusal(
            ValueError,
            f"class_weight={class_weight!r}: the trainer takes numbers, {{class: weight}}.",
            "n = np.bincount(y); class_weight=n.sum() / (len(n) * n), which is balanced",
        )
    if isinstance(class_weight, Mapping):
        demand_numbers_of_classes(class_weight)
        classes, where = np.unique(labels, return_inverse=True)
        absent = [k for k in class_weight if k not in classes]
        if absent:
            told = ", ".join(map(str, classes[:10])) + (", ..." if len(classes) > 10 else "")
            warn(
                f"class_weight has a weight for {', '.join(map(str, absent[:5]))}, but y has no such class; "
                f"its classes are {told}.",
                "weights for the classes of y",
                stacklevel=2,
            )
        return np.array([float(class_weight.get(k, 1.0)) for k in classes.tolist()])[where]
    weights = np.asarray(class_weight, float)
    if weights.ndim != 1 or labels.min() < 0 or labels.max() >= len(weights):
        raise refusal(
            ValueError,
            f"class_weight of shape {weights.shape}, but the labels run from {labels.min()} to "
            f"{labels.max()}.",
            "{class: weight}, or an array with one for each class",
        )
    return weights[labels]


def split_off(x: Any, y: Any, weight: Any, share: Any) -> tuple[tuple, tuple]:
    """(x, y, weight) to train on, and (x, y[, weight]) to evaluate on: the last part, as in Keras."""
    if y is None:
        raise refusal(
            ValueError,
            "validation_split goes with arrays x and y, but a loader was given.",
            "validation=, with another loader",
        )
    n = rows_of(y)
    fits = isinstance(share, Real) and 0 < float(share) < 1
    start = math.floor(n * (1.0 - float(share))) if fits else 0
    if start in (0, n):
        raise refusal(
            ValueError,
            f"validation_split={share!r} of {n} samples leaves none on one side.",
            "a share between 0 and 1, such as 0.1",
        )
    for name, part in leaves(x) + leaves(y, "y"):
        if len(part) != n:
            raise refusal(ValueError, f"{name} has {len(part)} rows, but y has {n}.")
    for name, part in leaves(y, "y"):
        warn_of_missing_classes(name, np.asarray(part), start, share)

    def rows(part: Any, which: slice) -> Any:
        return mapped(lambda array: np.asarray(array)[which], part)

    first, last = slice(None, start), slice(start, None)
    kept = None if weight is None else rows(weight, first)
    judged = () if weight is None else (rows(weight, last),)
    return (rows(x, first), rows(y, first), kept), (rows(x, last), rows(y, last), *judged)


def warn_of_missing_classes(name: str, y: np.ndarray, start: int, share: Any) -> None:
    """Warns if a split leaves out a class that a random one would have on both sides, of labels in order.

    y: labels (n,) or (n, 1), or one-hot (n, K). A class with c samples is missing from a random share s of
    them with a probability of about (1 - s)^c, which must be below 1 %.
    """
    labels = _labels(y)
    one_hot = (
        y.ndim < 2
        or y.shape[1] == 1
        or np.array_equal(np.sort(y, axis=1)[:, -2:], [[0, 1]] * len(y))
    )
    if y.ndim > 2 or not one_hot or labels.dtype.kind not in "iubf":
        return
    classes, which = np.unique(labels, return_inverse=True)
    first, last = (np.bincount(part, minlength=len(classes)) for part in np.split(which, [start]))
    for here, there, part, side in (
        (first, last, 1 - float(share), "training"),
        (last, first, float(share), "validation"),
    ):
        missing = (here == 0) & ((1 - part) ** there < 0.01)
        if missing.any():
            told = ", ".join(f"{k:g}" for k in classes[missing][:5])
            warn(
                f"fit(validation_split={share}): the last part of the samples is taken for validation, "
                f"before any shuffling, and so the {side} data has no {name} = {told}: the samples are in "
                "the order of their classes.",
                f"x_train, x_val, y_train, y_val = train_test_split(x, y, test={share}), which shuffles and "
                "stratifies; and validation=(x_val, y_val)",
                stacklevel=2,
            )
            return


# -------------------------------------------------------------------------------------------- checks


def demand_arrays(x: Any, y: Any) -> None:
    """Refuses a loader together with y, and arrays with different numbers of samples."""
    if hasattr(x, "__iter__") and not is_arrays(x) and not isinstance(x, list):
        raise refusal(
            ValueError,
            f"a {type(x).__name__} has its own targets, and y was given too.",
            "the loader alone, or x and y",
        )
    if isinstance(x, (tuple, dict)) or isinstance(y, (tuple, dict)):
        return  # DataLoader compares them
    if isinstance(x, list):
        tables.numbers("x", x)  # its rows may differ in length
    shape, wanted = np.shape(value(x)), np.shape(value(y))
    if shape and wanted and shape[0] != wanted[0]:
        hint = "x_train with y_train, x_test with y_test"
        if len(shape) == 2 and shape[1] == wanted[0]:
            hint = "x.T, if the samples are in columns"
        raise refusal(
            ValueError,
            f"x {shape} has {shape[0]} samples, and y {wanted} has {wanted[0]}: the first axis "
            "of each counts them.",
            hint,
        )


def warn_if_swapped(x: Any, y: Any) -> None:
    """Warns of whole numbers (n,) as x with a table of others (n, d) as y: labels and samples, swapped."""
    x, y = (np.asarray(part) if not isinstance(part, (tuple, dict)) else None for part in (x, y))
    if x is None or y is None or x.ndim != 1 or y.ndim != 2 or x.dtype.kind not in "iu":
        return
    if y.shape[1] > 1 and y.dtype.kind == "f" and not np.array_equal(y, np.round(y)):
        warn(
            f"x {x.shape} {x.dtype} and y {y.shape} {y.dtype} look swapped: x are the samples, y the labels.",
            "fit(y, x)",
            stacklevel=3,
        )


def warn_of_order(loader: Any) -> None:
    """Warns of batches that hold one class each: of labels (n,) in their order, which are not shuffled."""
    if not isinstance(loader, DataLoader) or loader.shuffle or len(loader.arrays) < 2:
        return
    y = loader.arrays[1]
    if y.ndim > 1 or y.dtype.kind not in "iub" or not (y[:-1] <= y[1:]).all():
        return
    classes, counts = np.unique(y, return_counts=True)
    if len(classes) > 1 and counts.min() >= loader.batch_size:
        warn(
            f"the samples are in the order of their {len(classes)} classes, and are not shuffled: most "
            f"batches of {loader.batch_size} hold one class alone, and each unlearns the last.",
            "shuffle=True",
            stacklevel=4,
        )


def warn_of_scale(trained_on: Any, x: Any) -> None:
    """Warns of images 0 ... 255 for a model that was trained on floats around 1."""
    if not isinstance(x, np.ndarray) or x.dtype != np.uint8 or not x.size:
        return
    if not hasattr(trained_on, "shape"):  # several inputs, a list, or none that are known
        return
    some = np.asarray(trained_on)[:: max(1, len(trained_on) // 1000)]
    if some.dtype.kind == "f" and some.size and 20 * np.abs(some).max() < x.max():
        warn(
            f"x {x.shape} uint8 runs from {x.min()} to {x.max()}, but training had numbers up to "
            f"{np.abs(some).max():.3g}: the model has seen nothing like it.",
            "x / 255, or whatever was done to the data of training",
            stacklevel=4,
        )


def demand_loader(x: Any) -> None:
    """Refuses batches without targets, and what has no batch or does not know how many."""
    if isinstance(x, DataLoader) and len(x.arrays) not in (2, 3):
        raise refusal(
            ValueError,
            f"{x!r} gives {len(x.arrays)} arrays, not x and y (and the weights of samples).",
            "DataLoader(x, y)",
        )
    if not hasattr(x, "__len__"):
        raise refusal(
            ValueError,
            f"a {type(x).__name__} does not say how many batches it has.",
            "a list of batches, a class with __len__ and __iter__, or x and y apart: "
            "(*load_digits())",
        )
    if len(x) == 0:
        raise refusal(ValueError, f"{shortened(x)} has no batches: it is empty.")


def checked_batch(batch: Any) -> Any:
    """The batch of an unknown loader, if it is (x, y) or (x, y, weight) with as many rows in each."""
    if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
        got = f"{type(batch).__name__} of {len(batch)}" if hasattr(batch, "__len__") else batch
        raise refusal(
            ValueError,
            f"a batch is a tuple (x, y) or (x, y, weight), not a {got}.",
            "DataLoader(x, y), or yield x, y",
        )
    shapes = [np.shape(array) for part in batch for _, array in leaves(part)]
    no_rows = not all(shapes) or shapes[0][0] == 0
    if no_rows or len({shape[0] for shape in shapes}) > 1:
        raise refusal(
            ValueError,
            f"a batch of shapes {' and '.join(map(str, shapes))} "
            f"{'has no rows' if no_rows else 'differs in its rows'}: the first axis of each "
            "counts the samples.",
            "ExampleLoader(dataset, batch_size=32), if these are samples and not batches",
        )
    return batch


def demand_numbers_of_classes(class_weight: Mapping) -> None:
    for k in class_weight:
        if isinstance(k, str) or k != int(k):
            raise refusal(
                ValueError,
                f"class_weight={shortened(class_weight)}: {k!r} is not the number of a class.",
                "{0: 1.0, 1: 5.0}",
            )
