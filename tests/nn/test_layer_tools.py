"""What many layers need: the precision of x, and a repr that is the call of the layer."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn
from tinygrad_edu.nn.layer_tools import as_array, as_called, in_precision_of


def test_x_stays_what_it_is_where_it_can():
    array, tensor, single = np.ones(3), Tensor(np.ones(3)), nn.Parameter(np.ones(3, np.float32))
    assert as_array(array) is array and as_array(tensor) is tensor
    assert isinstance(as_array([1, 2]), np.ndarray)
    assert in_precision_of(single, single) is single
    for x in (array, tensor, [1, 2], 3):
        assert in_precision_of(single, x).dtype == np.float32


class Stem(nn.Conv2d):
    """A layer of the user's, whose arguments are not those of its base."""

    def __init__(self, channels, *, deep=False):
        super().__init__(3, channels, 5)


@pytest.mark.parametrize(
    ("layer", "call"),
    [
        (nn.Linear(3, 4, bias=False), "Linear(3, 4, bias=False)"),
        (nn.Linear(None, 4), "Linear(None, 4)"),
        (nn.GroupNorm(2, inputs=4, eps=0.1), "GroupNorm(2, 4, eps=0.1)"),
        (
            nn.GRU(3, 4, reset_after=False, return_state=True),
            "GRU(3, 4, return_state=True, reset_after=False)",
        ),
        (nn.MaxPool2d(stride=1), "MaxPool2d(2, stride=1)"),
        (nn.Reshape(2, -1), "Reshape(2, -1)"),
        (Stem(8), "Stem()"),
    ],
    ids=str,
)
def test_a_layer_is_shown_as_its_call(layer, call):
    assert as_called(layer) == repr(layer) == call


@pytest.mark.parametrize(
    ("dtype", "words"),
    [
        (complex, r"x \(2, 3\) is complex128(.|\n)*imaginary part(.|\n)*x\.imag"),
        ("M8[D]", r"is datetime64\[D\](.|\n)*np\.timedelta64"),
    ],
)
@pytest.mark.parametrize(
    "layer", [nn.Linear(3, 1), nn.Linear(None, 1), nn.LayerNorm(3), nn.BatchNorm(3), nn.SimpleRNN]
)
def test_what_would_lose_a_part_is_refused(layer, dtype, words):
    shape = (2, 3)
    if layer is nn.SimpleRNN:
        layer, shape, words = nn.SimpleRNN(3, 2), (2, 4, 3), words.replace("2, 3", "2, 4, 3")
    with pytest.raises(TypeError, match=words):
        layer(np.ones(shape).astype(dtype))
