"""The way back, watched: every step, and every path, against backward()."""

import math

import numpy as np
import pytest

from tinygrad_edu import Tensor, nn, no_grad, ops
from tinygrad_edu.viz import backward_steps, why
from tinygrad_edu.viz.backward_steps import steps_back

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
    assert taken_apart.total == x.grad[index]  # to the last bit
    contributions = [path.contribution for path in taken_apart.paths]
    np.testing.assert_allclose(math.fsum(contributions), x.grad[index], rtol=1e-14)
    assert math.fsum([*contributions, taken_apart.rest]) == taken_apart.total
    sizes = [abs(path.contribution) for path in taken_apart.paths]
    assert sizes == sorted(sizes, reverse=True)


def test_paths_of_a_network_to_one_weight():
    model, loss = network()
    taken_apart = why(loss, model[0].W, (1, 2))
    loss.backward()
    assert taken_apart.total == model[0].W.grad[1, 2]
    assert "0.matmul → 0.add → 1.tanh → 2.matmul → 2.add → cross_entropy" in str(taken_apart)
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


def many_ways(x, steps):
    y = x
    for k in range(steps):
        y = np.tanh(y) * 0.9 + np.sin(y) * (0.5 if k % 2 else -0.3)
    return y


def test_of_too_many_paths_the_largest_are_followed(monkeypatch):
    x = leaf(1.0, "x")
    y = many_ways(x, 14)
    few = why(y, x)
    assert (len(few.paths), few.others) == (1000, 2**14 - 1000)
    monkeypatch.setattr(backward_steps, "MOST", 2**14)
    every = why(y, x)
    assert (len(every.paths), every.others) == (2**14, 0)
    np.testing.assert_array_equal(
        [path.contribution for path in few.paths],
        [path.contribution for path in every.paths[:1000]],
    )
    assert few.total == every.total
    np.testing.assert_allclose(
        few.rest, math.fsum(path.contribution for path in every.paths[1000:]), atol=1e-15
    )


def test_more_paths_than_can_ever_be_followed():
    x = leaf(1.0, "x")
    taken_apart = why(many_ways(x, 100), x)
    assert len(taken_apart.paths) == 1000 and taken_apart.others == 2**100 - 1000
    parts = [taken_apart.rest, *(path.contribution for path in taken_apart.paths)]
    np.testing.assert_allclose(math.fsum(parts), taken_apart.total, rtol=1e-12)
    first = str(taken_apart).splitlines()[1]
    assert "… 290 more …" in first and "×" not in first and len(first) < 150


def test_the_printed_numbers_add_up():
    x = leaf(1.0, "x")
    lines = str(why(many_ways(x, 14), x)).splitlines()
    total = float(lines[0].split()[2].rstrip(","))
    parts = [float(line.split()[0]) for line in lines[1:]]
    assert len(parts) == 11 and lines[-1].endswith("along the 16,374 others")
    np.testing.assert_allclose(sum(parts), total, atol=1e-5)


def test_paths_of_single_precision_add_up_to_its_gradient():
    x = Tensor(np.linspace(-1, 1, 5, dtype=np.float32), requires_grad=True)
    loss = np.sum(many_ways(x, 5))
    taken_apart = why(loss, x, 3)
    loss.backward()
    assert x.grad.dtype == np.float32 and taken_apart.total == x.grad[3]
    assert abs(taken_apart.rest) < 1e-6 * abs(taken_apart.total)


def test_long_ways_are_told_by_their_modules():
    inner = lambda k: nn.Residual(nn.Sequential(nn.Linear(3, 3, rng=k), nn.Tanh()))
    model = nn.Sequential(nn.Linear(3, 3, rng=9), *map(inner, range(6)))
    lines = str(why(np.sum(model(np.ones((1, 3), np.float32))), model[0].b, 0)).splitlines()
    assert lines[0].endswith("the sum over 64 paths:")
    every = [str(p) for p in why(np.sum(model(np.ones((1, 3), np.float32))), model[0].b, 0).paths]
    assert sum("0 → 1.f.0 → 1.f.1 → 1 → 2.f.0 " in line for line in every) > 0
    assert max(map(len, every)) < 200


def test_the_loss_itself_and_strange_names():
    x = leaf(2.0, "a\nb")
    assert str(why(x, x)) == "dL/da\\nb = 1, the sum over 1 path:\n           1  "


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
    y = x * x
    y.backward()
    with pytest.raises(RuntimeError, match="freed by an earlier backward"):
        why(y, x)
