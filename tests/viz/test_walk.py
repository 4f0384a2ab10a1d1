"""The way back, watched: every step, and every path, against backward()."""

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, no_grad, ops
from tinygrad_edu.viz import why
from tinygrad_edu.viz.walk import steps_back

RNG = np.random.default_rng(0)


def leaf(x, name=None):
    return Tensor(x, requires_grad=True, name=name)


def network():
    model = nn.Sequential(nn.Linear(3, 4, rng=0), nn.Tanh(), nn.Linear(4, 2, rng=1)).astype(float)
    return model, nn.cross_entropy(model(RNG.normal(size=(5, 3))), np.array([0, 1, 1, 0, 1]))


def test_the_steps_add_up_to_what_backward_gives():
    model, loss = network()
    found = {}
    for step in steps_back(loss):
        np.testing.assert_array_equal(
            step.after, step.contribution + (0 if step.before is None else step.before)
        )
        found[step.x] = step.after
    assert all(p.grad is None for p in model.parameters())  # watching changes nothing
    loss.backward()
    for p in model.parameters():
        np.testing.assert_array_equal(found[p], p.grad)


def test_a_gradient_that_arrives_over_two_paths_is_told_twice():
    x = leaf(3.0, "x")
    steps = [(s.y.op.name, s.i, float(s.contribution), s.before) for s in steps_back(x * x + x)]
    assert steps == [("add", 0, 1.0, None), ("add", 1, 1.0, None), ("multiply", 0, 3.0, 1.0),
                     ("multiply", 1, 3.0, 4.0)]  # fmt: skip


PROGRAMS = {
    "two uses": lambda x: np.sum(np.tanh(x) * x + np.exp(x)),
    "a sum over broadcast numbers": lambda x: np.sum(x[0] * x + np.outer(x, x)),
    "any number of inputs": lambda x: np.sum(np.concatenate([x, x * 2, x]) ** 2),
    "a part without a rule": lambda x: np.sum(x * np.floor(x) + ops.softmax(x)[1]),
}


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("index", [0, 2, -1])
def test_the_paths_add_up_to_the_gradient(name, index):
    x = leaf(RNG.normal(size=3))
    loss = PROGRAMS[name](x)
    taken_apart = why(loss, x, index)
    loss.backward()
    np.testing.assert_allclose(taken_apart.total, x.grad[index], rtol=1e-13)
    sizes = [abs(path.contribution) for path in taken_apart.paths]
    assert sizes == sorted(sizes, reverse=True)


def test_paths_of_a_network_to_one_weight():
    model, loss = network()
    taken_apart = why(loss, model[0].W, (1, 2))
    loss.backward()
    np.testing.assert_allclose(taken_apart.total, model[0].W.grad[1, 2], rtol=1e-13)
    assert str(taken_apart).startswith("dL/dW[1, 2] = ")
    assert len(taken_apart.paths) == 1


def test_factors_of_single_numbers_multiply_to_the_contribution():
    x = leaf(0.5, "x")
    y = np.tanh(x * 2.0) * x
    (first, second) = why(y, x).paths
    for path in (first, second):
        np.testing.assert_allclose(np.prod(path.factors), path.contribution, rtol=1e-14)
    local = 1 - np.tanh(1.0) ** 2
    assert str(first) == f"{np.tanh(1.0):>12.6g}  multiply  = {np.tanh(1.0):.4g}"
    assert str(second) == f"{local:>12.6g}  multiply → tanh → multiply  = 2 × {local:.4g} × 0.5"


def test_many_paths_are_cut_short_in_print_and_none_is_forgotten():
    x = leaf(1.0)
    y = x
    for _ in range(4):
        y = y * 0.5 + y * 0.25 + y * 0.125
    taken_apart = why(y, x)
    assert len(taken_apart.paths) == 81
    lines = str(taken_apart).splitlines()
    assert len(lines) == 12 and "along the 71 others" in lines[-1]
    np.testing.assert_allclose(taken_apart.total, 0.875**4)


def test_what_is_refused():
    x, other = leaf(1.0, "x"), leaf(1.0, "other")
    with pytest.raises(ValueError, match="is not made from other"):
        why(x * 2, other)
    with no_grad():
        cut = x * 2
    with pytest.raises(ValueError, match="look for no_grad"):
        why(cut, x)
    with pytest.raises(ValueError, match=r"single number, but Tensor \(2,\)"):
        why(leaf([1.0, 2.0]) * x, x)
    with pytest.raises(ValueError, match=r"has no number at \[5\]"):
        v = leaf([1.0, 2.0])
        why(np.sum(v), v, 5)
    with pytest.raises(TypeError, match="takes Tensors, not 3.0"):
        why(3.0, x)
    y = x
    for _ in range(20):
        y = y + y * 2
    with pytest.raises(ValueError, match="there are 1,048,576 paths"):
        why(y, x)
    y = x * x
    y.backward()
    with pytest.raises(RuntimeError, match="freed by an earlier backward"):
        why(y, x)
