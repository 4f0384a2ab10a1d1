"""No function of NumPy is forgotten: what a Tensor refuses is listed here, and refused by name."""

import importlib.util
import inspect
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu import Tensor
from tinygrad_edu.tensor import ROWS, Op, value

SCRIPT = Path(__file__).parents[2] / "tools" / "numpy_functions.py"
SPEC = importlib.util.spec_from_file_location("numpy_functions", SCRIPT)
numpy_functions = importlib.util.module_from_spec(SPEC)
SPEC.loader.exec_module(numpy_functions)

# dates and bytes; steps between neighboring floats; what decides by the numbers which kind they are of
REFUSED = {
    "np.busday_count", "np.busday_offset", "np.datetime_as_string", "np.is_busday", "np.isnat",
    "np.packbits", "np.unpackbits", "np.nextafter", "np.polydiv", "np.sort_complex",
    "np.printoptions", "np.trapz", "np.in1d", "np.row_stack",
}  # fmt: skip


def test_all_but_a_few_functions_of_numpy_are_known():
    found = numpy_functions.standing()
    assert set(found["refused"]) <= REFUSED
    assert len(found["row"]) > 110 and len(found["composed"]) > 120 and len(found["plain"]) > 90


@pytest.mark.parametrize("name", ["packbits", "nextafter", "sort_complex", "isnat"])
def test_the_others_are_refused_by_name(name):
    inputs = [Tensor([1.0, 2.0], requires_grad=True)] * (2 if name == "nextafter" else 1)
    with pytest.raises(TypeError, match=rf"np\.{name} has no row in the derivative table"):
        getattr(np, name)(*inputs)


MATRIX = np.array([[2.0, 1.0], [1.0, 3.0]])


def calls():
    """A call of every row's NumPy function, by its cases, and of those composed of rows on a matrix."""
    for function, row in ROWS.items():
        if not isinstance(function, np.ufunc) and not getattr(
            function, "__module__", ""
        ).startswith("numpy"):
            continue
        if isinstance(row, Op):
            for inputs, settings in row.cases(np.random.default_rng(0))[:1] if row.cases else ():
                yield function, inputs, settings
        else:
            yield function, (MATRIX,), {}


def told(function, inputs, settings):
    """The arrays of the result; None if the function does not take such a call."""
    try:
        y = function(*inputs, **settings)
    except (TypeError, ValueError, IndexError):
        return None
    return [np.asarray(value(part)) for part in (y if isinstance(y, (tuple, list)) else [y])]


def parameters(function):
    try:
        return [*inspect.signature(function).parameters.values()]
    except ValueError:  # written in C
        return []


def names_of_inputs(function, inputs):
    return {p.name for p in parameters(function)[: len(inputs)]}


def defaults(function):
    if isinstance(function, np.ufunc):
        return {"order": "K", "subok": True, "casting": "same_kind", "where": True, "out": None}
    return {p.name: p.default for p in parameters(function) if p.default is not p.empty}


def alike(a, b):
    return a.shape == b.shape and np.allclose(a, b, equal_nan=True)


def test_a_default_of_numpy_may_be_given_outright():
    tried, wrong = 0, []
    for function, inputs, settings in calls():
        tensors = [Tensor(x) if isinstance(x, np.ndarray) else x for x in inputs]
        expected = told(function, tensors, settings)
        if expected is None:
            continue
        of_inputs = set() if isinstance(function, np.ufunc) else names_of_inputs(function, inputs)
        for name, default in defaults(function).items():
            if name in settings or name in of_inputs:
                continue
            outright = {**settings, name: default}
            if told(function, inputs, outright) is None:  # np.matmul has no where=
                continue
            got = told(function, tensors, outright)
            tried += 1
            if got is None or not all(
                np.array_equal(a, b, equal_nan=a.dtype.kind in "fc")
                for a, b in zip(got, expected, strict=True)
            ):
                wrong.append(f"{function.__name__}({name}={default})")
    assert not wrong
    assert tried > 300


def test_arguments_may_be_given_by_position_as_in_numpy():
    """np.sum(x, 0, None, None, True): each in the place that NumPy's signature gives it."""
    tried, wrong = 0, []
    for function, inputs, settings in calls():
        takes = parameters(function)
        names = [p.name for p in takes if p.kind not in (p.VAR_POSITIONAL, p.KEYWORD_ONLY)]
        if isinstance(function, np.ufunc) or len(names) < len(inputs):
            continue
        tensors = [Tensor(x) if isinstance(x, np.ndarray) else x for x in inputs]
        known = {k: x for k, x in defaults(function).items() if x is not np._NoValue}
        known |= settings
        for n in range(len(inputs) + 1, len(names) + 1):
            if not known.keys() >= set(names[len(inputs) : n]):
                break
            more = [known[name] for name in names[len(inputs) : n]]
            rest = {name: x for name, x in settings.items() if name not in names[:n]}
            expected = told(function, [*inputs, *more], rest)
            # np.where(x, None, None) has objects
            if expected is None or any(x.dtype == object for x in expected):
                continue
            if told(function, tensors, settings) is None:
                continue
            got, tried = told(function, [*tensors, *more], rest), tried + 1
            if got is None or not all(map(alike, got, expected)):
                wrong.append(f"{function.__name__}{tuple(names[len(inputs) : n])}")
    assert not wrong
    assert tried > 200


def test_a_setting_in_the_place_that_numpy_gives_it():
    x = Tensor(MATRIX, requires_grad=True)
    assert np.sum(x, 0, None, None, True).shape == (1, 2)
    assert np.array_equal(np.var(x, 0, None, None, 1).data, np.var(MATRIX, 0, ddof=1))
    assert np.array_equal(np.median(x, None, None, False).data, 1.5)
    assert np.array_equal(np.take(x, [5], 0, None, "clip").data, MATRIX[1:])
    assert np.array_equal(x.compress([False, True], 1).data, MATRIX[:, 1:])
    for call in (lambda: np.mean(x, 0, np.float32), lambda: np.cumsum(x, 0, int)):
        with pytest.raises(TypeError, match="does not take dtype="):
            call()


def test_defaults_that_signatures_do_not_give():
    x = Tensor(MATRIX, requires_grad=True)
    np.testing.assert_array_equal(x.sum(initial=0).data, 7)
    np.testing.assert_array_equal(np.sum(x, axis=0, initial=0).data, [3, 4])
    np.testing.assert_array_equal(np.prod(x, initial=1).data, 6)
    np.testing.assert_array_equal(np.vecdot(x, x, axis=-1).data, [5, 10])
    with pytest.raises(TypeError, match="does not take initial="):
        x.sum(initial=1)
    with pytest.raises(TypeError, match="does not take subok="):
        np.exp(x, subok=False)


def test_clip_takes_a_list_before_a_tensor():
    most = Tensor([4.0, 5.0], requires_grad=True)
    y = np.clip([[1.0, 9.0]], 0, most)
    np.testing.assert_array_equal(y.data, [[1, 5]])
    y.sum().backward()
    np.testing.assert_array_equal(most.grad, [0, 1])
