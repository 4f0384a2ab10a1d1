"""The average of weights."""

import numpy as np
import pytest

from tinygrad_edu import nn, optim


def test_the_average_of_weights_by_hand():
    p = nn.Parameter([1.0, 2.0])
    ema = optim.EMA([p], 0.75)
    for w in ([1.0, 2.0], [5.0, 2.0], [9.0, -2.0]):
        p.data[...] = w
        ema.update()
    data = p.data
    with ema.averaged():
        assert p.data is data
        assert p.data.tolist() == [0.75 * 2 + 0.25 * 9, 0.75 * 2 - 0.25 * 2]
    assert p.data is data and data.tolist() == [9, -2]
    with pytest.raises(KeyError), ema.averaged():
        raise KeyError
    assert p.data.tolist() == [9, -2]

    other = optim.EMA([nn.Parameter([0.0, 0.0])], 0.75)
    other.load_state_dict(ema.state_dict())
    for average in (ema, other):
        average.parameters[0].data[...] = 1
        average.update()
    assert str(ema.state_dict()) == str(other.state_dict())
    with pytest.raises(ValueError, match=r"not of this EMA(.|\n)*average.0 is \(3,\)"):
        ema.load_state_dict(optim.EMA([nn.Parameter(np.ones(3))]).state_dict())


def test_the_average_keeps_the_precision_of_parameters():
    p = nn.Parameter(np.ones(2, np.float32))
    ema = optim.EMA([p])
    ema.update()
    assert ema.state_dict()["average.0"].dtype == np.float32


def test_what_an_average_refuses():
    with pytest.raises(ValueError, match="momentum must be from 0 to below 1, not 1"):
        optim.EMA([nn.Parameter([1.0])], 1)
    with pytest.raises(TypeError, match="EMA got .* which is not a Parameter"):
        optim.EMA([np.ones(2)])
    with (
        pytest.raises(RuntimeError, match=r"no average yet(.|\n)*ema.update"),
        optim.EMA([nn.Parameter([1.0])]).averaged(),
    ):
        pass


def test_the_average_of_float16_parameters_is_float32():
    p = nn.Parameter(np.zeros(1, np.float16))
    ema = optim.EMA([p], 0.99)
    ema.update()
    p.data[...] = 1
    for _ in range(100):
        ema.update()
    assert abs(ema.averages[0][0] - (1 - 0.99**100)) < 1e-6
    with ema.averaged():
        assert p.dtype == np.float16 and abs(float(p.data[0]) - 0.634) < 1e-3
