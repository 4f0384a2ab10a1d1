"""No function of NumPy is forgotten: what a Tensor refuses is listed here, and refused by name."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from tinygrad_edu import Tensor

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
