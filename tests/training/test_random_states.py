"""Random generators are found wherever they are, and go on from a state that was saved."""

import numpy as np
import pytest

from tinygrad_edu import nn
from tinygrad_edu.training.random_states import generators, set_states, states


class Noisy:
    def __init__(self, rng):
        self.rng = rng


def test_generators_in_attributes_dicts_and_lists():
    rng = np.random.default_rng
    model = nn.Sequential(nn.Linear(2, 2), nn.Dropout(0.5, rng=1))
    found = generators({"model": model, "data": [Noisy(rng(2)), {"x": Noisy(rng(3))}]})
    assert list(found) == ["model.layers.1.rng", "data.0.rng", "data.1.x.rng"]
    assert found["model.layers.1.rng"] is model[1].rng


def test_a_shared_generator_is_found_once_and_circles_come_to_an_end():
    rng = np.random.default_rng(0)
    noisy = Noisy(rng)
    noisy.itself, noisy.again = noisy, rng
    assert generators(noisy) == {"rng": rng}
    assert generators(np.random.default_rng(1)).keys() == {""}


@pytest.mark.parametrize(
    "kind", [np.random.PCG64, np.random.MT19937, np.random.Philox, np.random.SFC64]
)
def test_the_same_numbers_are_drawn_again(kind):
    found = generators(Noisy(np.random.Generator(kind(3))))
    before = states(found)
    drawn = found["rng"].normal(size=5)
    set_states(found, before)
    np.testing.assert_array_equal(found["rng"].normal(size=5), drawn)
