"""Products in letters: what they refuse. (That they equal Keras's: test_keras_einsum.py)"""

import numpy as np
import pytest

from tinygrad_edu import nn


@pytest.mark.parametrize(
    ("equation", "output_shape"),
    [("abc,cd", 3), ("ab,bc->ac...", 3), ("...a,ab...->...b", 3)],
)  # fmt: skip
def test_equations_that_cannot_be(equation, output_shape):
    with pytest.raises(ValueError, match=r"EinsumDense\('(.|\n)*Try: EinsumDense\('abc,cd->abd'"):
        nn.EinsumDense(equation, output_shape)


@pytest.mark.parametrize(
    ("equation", "output_shape"), [("ab,bc->ac", (3, 4)), ("ab,bd->ac", 3), ("ab,bc->abc", (5, 3))]
)
def test_lengths_that_cannot_be(equation, output_shape):
    with pytest.raises(ValueError, match="one letter for each axis"):
        nn.EinsumDense(equation, output_shape)(np.ones((2, 4)))


def test_an_input_that_does_not_fit():
    layer = nn.EinsumDense("ab,bc->ac", 3, rng=0)
    layer(np.ones((2, 4)))
    for shape in ((2, 5), (4,), (2, 4, 1)):
        with pytest.raises(ValueError, match=r"it takes 'ab' of 'ab,bc->ac'"):
            layer(np.ones(shape))


def test_products_that_do_not_exist():
    for axes in (1, (0, 1), (2, 1)):
        with pytest.raises(ValueError, match=r"x \(2, 3, 4\) and y \(2, 5\) have no product along"):
            nn.Dot(axes)(np.ones((2, 3, 4)), np.ones((2, 5)))


def test_lora_of_something_else():
    for inner in (nn.ReLU(), nn.Linear(None, 3)):
        with pytest.raises(TypeError, match="is not a Linear that knows its inputs"):
            nn.LoRALinear(inner, 2)
