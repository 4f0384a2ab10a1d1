"""scan: the recursion whose derivatives are computed for all steps at once, against the plain loop."""

import numpy as np
import pytest

from tinygrad_edu import (
    Tensor,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    nn,
    no_grad,
    scan,
    scanning,
    value_and_grad,
    vjp,
    vmap,
)
from tinygrad_edu.gradcheck import gradcheck
from tinygrad_edu.scanning import plain_scan
from tinygrad_edu.tensor import value

RNG = np.random.default_rng(0)


@pytest.fixture
def quick(monkeypatch):
    """A scan that may not fall back on the plain loop."""

    def refused(*_):
        raise AssertionError("the plain loop")

    monkeypatch.setattr(scanning, "plain_scan", refused)


def wavy(w):
    """A step with a tuple for a carry, a dict of two arrays for x, and a y."""

    def step(carry, x):
        s, m = carry
        new = np.tanh(w @ s + x["u"]) + 0.1 * m
        m = 0.5 * m + np.sum(s * s) * x["f"]
        return (new, m), np.sin(new[0]) * m + w[0, 0]

    return step


def wavy_loss(scanned, w, s, m, u, f):
    (states, means), ys = scanned(wavy(w), (s, m), {"u": u, "f": f})
    return np.sum(np.sin(states)) + np.sum(means * means) + np.sum(ys**2) + states[-1, 0] * ys[1]


def wavy_inputs():
    sizes = (3, 3), (3,), (), (5, 3), (5,)
    return [0.5 * RNG.normal(size=size) for size in sizes]


# ------------------------------------------------------------------------- against the plain loop


def test_values_are_those_of_a_loop_on_arrays():
    w, s, m, u, f = wavy_inputs()
    carry, states, ys = (s, m), [], []
    for t in range(5):
        carry, y = wavy(w)(carry, {"u": u[t], "f": f[t]})
        states.append(carry[0])
        ys.append(y)
    for weights in (w, Tensor(w), Tensor(w, requires_grad=True)):
        (found, _), found_ys = scan(wavy(weights), (s, m), {"u": u, "f": f})
        assert isinstance(found, Tensor) == isinstance(weights, Tensor)
        assert np.array_equal(value(found), states)
        assert np.allclose(value(found_ys), ys, rtol=1e-15)


def test_gradients_are_those_of_the_plain_loop_in_everything(quick):
    inputs, every = wavy_inputs(), (0, 1, 2, 3, 4)
    y, one = value_and_grad(lambda *xs: wavy_loss(scan, *xs), every)(*inputs)
    same, two = value_and_grad(lambda *xs: wavy_loss(plain_scan, *xs), every)(*inputs)
    assert np.isclose(y, same, rtol=1e-14)
    for a, b in zip(one, two, strict=True):
        assert a.shape == b.shape and np.allclose(a, b, rtol=1e-12, atol=1e-13)


def test_backward_reaches_the_tensors_that_step_uses(quick):
    w, s, m, u, f = wavy_inputs()
    found = []
    for scanned in (scan, plain_scan):
        leaf = Tensor(w, requires_grad=True)
        wavy_loss(scanned, leaf * 2, s, m, u, f).backward()
        found.append(leaf.grad)
    assert np.allclose(*found, rtol=1e-12, atol=1e-13)


def test_derivatives_agree_with_differences_to_order_two(quick):
    report = gradcheck(lambda *xs: wavy_loss(scan, *xs), *wavy_inputs())
    assert report, report


def test_higher_orders_are_those_of_the_plain_loop(quick):
    w, s, m, u, f = wavy_inputs()
    a, b = (lambda s, k=k: wavy_loss(k, w, s, m, u, f) for k in (scan, plain_scan))
    assert np.allclose(hessian(a)(s), hessian(b)(s), rtol=1e-11, atol=1e-12)
    third = lambda f: grad(lambda s: np.trace(hessian(f)(s)))(s)
    assert np.allclose(third(a), third(b), rtol=1e-10, atol=1e-11)
    a, b = (lambda w, k=k: wavy_loss(k, w, s, m, u, f) for k in (scan, plain_scan))
    v = RNG.normal(size=w.shape)
    assert np.allclose(hvp(a, (w,), (v,)), hvp(b, (w,), (v,)), rtol=1e-11, atol=1e-12)


def test_a_gradient_that_backward_records_is_differentiated_again(quick):
    def gradient_and_change(scanned):
        rate = Tensor(0.7, requires_grad=True)
        y = scanned(lambda s, x: np.sin(rate * s) + x, 0.3, np.arange(4.0))
        y[-1].backward(create_graph=True)
        first, rate.grad = rate.grad, None
        (first**2).backward()
        return first.data, rate.grad

    assert np.allclose(gradient_and_change(scan), gradient_and_change(plain_scan), rtol=1e-12)


def test_forward_mode_is_the_transpose_of_reverse_mode(quick):
    inputs = wavy_inputs()
    moves = [RNG.normal(size=np.shape(x)) for x in inputs]
    f = lambda *xs: scan(wavy(xs[0]), (xs[1], xs[2]), {"u": xs[3], "f": xs[4]})
    y, change = jvp(f, inputs, moves)
    _, pullback = vjp(f, *inputs)
    (states, means), ys = y
    g = (RNG.normal(size=states.shape), RNG.normal(size=means.shape)), RNG.normal(size=ys.shape)
    sides = (
        sum(
            np.vdot(a, b)
            for a, b in ((g[0][0], change[0][0]), (g[0][1], change[0][1]), (g[1], change[1]))
        ),
        sum(map(np.vdot, pullback(g), moves)),
    )
    assert np.isclose(*sides, rtol=1e-12)
    s = inputs[1]
    last = lambda s: f(inputs[0], s, *inputs[2:])[0][0][-1]
    assert np.allclose(jacobian(last, mode="forward")(s), jacobian(last, mode="reverse")(s))


def test_inside_vmap_and_outside_of_it():
    w, s, m, u, f = wavy_inputs()
    starts = RNG.normal(size=(4, 3))
    loss = lambda s: wavy_loss(scan, w, s, m, u, f)
    apart = [grad(loss)(s) for s in starts]
    assert np.allclose(vmap(grad(loss))(starts), apart, rtol=1e-12)
    _, pullback = vjp(lambda s: scan(wavy(w), (s, m), {"u": u, "f": f})[0][0][-1], s)
    (rows,) = vmap(pullback)(np.eye(3))
    assert np.allclose(rows, [pullback(e)[0] for e in np.eye(3)], rtol=1e-12)


# ----------------------------------------------------------------------------------- kinds of steps


def test_a_step_that_asks_for_values_is_recorded_step_by_step():
    def step(s, x):
        return s * x if s > 1 else s + x

    def loss(xs):
        return scan(step, 0.5, xs)[-1]

    xs = np.array([0.3, 0.4, 2.0, 3.0])
    assert np.allclose(loss(xs), 1.2 * 6)
    assert np.allclose(grad(loss)(xs), [6, 6, 1.2 * 3, 1.2 * 2])


def test_a_step_with_random_numbers_is_recorded_step_by_step():
    rng, drawn = np.random.default_rng(0), []

    def step(s, x):
        drawn.append(rng.normal())
        return s * x + drawn[-1]

    xs = np.array([2.0, 3.0, 4.0])
    found = grad(lambda xs: scan(step, 1.0, xs)[-1])(xs)
    first, second, _ = drawn[-3:]
    s1 = 2 + first
    assert np.allclose(found, [12, 4 * s1, 3 * s1 + second])


def test_integers_in_a_carry_have_no_derivative(quick):
    def step(carry, x):
        t, s = carry
        return (t + 1, s * x + t)

    def loss(xs):
        t, s = scan(step, (0, 1.0), xs)
        assert t.dtype == np.int64 and np.array_equal(t, [1, 2, 3])
        return s[-1]

    xs = np.array([2.0, 3.0, 4.0])
    assert np.isclose(loss(xs), ((2 * 3) + 1) * 4 + 2)
    assert np.allclose(grad(loss)(xs), [12, 8, 7])


def test_labels_pick_in_a_step(quick):
    labels = np.array([2, 0, 1])
    loss = lambda w: scan(lambda s, k: np.tanh(s + w[k]), np.zeros(2), labels)[-1].sum()
    plain = lambda w: plain_scan(lambda s, k: np.tanh(s + w[k]), np.zeros(2), labels)[-1].sum()
    w = RNG.normal(size=(3, 2))
    assert np.allclose(grad(loss)(w), grad(plain)(w), rtol=1e-13)


def test_a_carry_that_is_large_is_recorded_step_by_step():
    w, x = RNG.normal(size=(5, 70)), RNG.normal(size=(4, 5))
    loss = lambda w, f=scan: (f(lambda h, x: np.tanh(h + x @ w), np.zeros(70), x) ** 2).sum()
    assert np.allclose(grad(loss)(w), grad(lambda w: loss(w, plain_scan))(w), rtol=1e-14)


def test_precision_is_kept(quick):
    w = Tensor(np.float32(0.5), requires_grad=True)
    y = scan(lambda s, x: np.tanh(s * w + x), np.float32(0), np.ones(4, np.float32))
    y.sum().backward()
    assert y.dtype == w.grad.dtype == np.float32


def test_without_recording_there_is_no_graph():
    w = Tensor(2.0, requires_grad=True)
    with no_grad():
        y = scan(lambda s, _: s * w, 1.0, length=3)
    assert isinstance(y, Tensor) and not y.requires_grad and np.array_equal(y.data, [2, 4, 8])


def test_parameters_of_a_module_are_found(quick):
    layer = nn.Linear(3, 3, rng=0).astype(np.float64)
    xs, found = RNG.normal(size=(6, 3)), []
    for scanned in (scan, plain_scan):
        for p in layer.parameters():
            p.grad = None
        scanned(lambda s, x: np.tanh(layer(s[None])[0] + x), np.zeros(3), xs).sum().backward()
        found.append([p.grad for p in layer.parameters()])
    for a, b in zip(*found, strict=True):
        assert np.allclose(a, b, rtol=1e-12)
