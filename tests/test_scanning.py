"""scan: the recursion whose derivatives are computed for all steps at once, against the plain loop."""

import gc
import itertools
import weakref

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
    ops,
    scan,
    scanning,
    value_and_grad,
    vjp,
    vmap,
)
from tinygrad_edu.diagnostics.words import made_at
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


def test_inside_vmap_every_example_has_its_own_recursion(quick):
    w, _, m, u, f = wavy_inputs()
    starts, shifts = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 5, 3))

    def loss(w, s, u):
        return wavy_loss(scan, w, s, m, u, f)

    together = vmap(grad(loss, (0, 1, 2)), (None, 0, 0))(w, starts, shifts)
    for i in range(4):
        apart = grad(loss, (0, 1, 2))(w, starts[i], shifts[i])
        for one, two in zip(together, apart, strict=True):
            assert np.allclose(one[i], two, rtol=1e-12, atol=1e-13)
    all_losses = lambda w, s: np.sum(vmap(loss, (None, 0, 0))(w, s, shifts) ** 2)
    one_by_one = lambda w, s: sum(loss(w, s[i], shifts[i]) ** 2 for i in range(4))
    for one, two in zip(
        grad(all_losses, (0, 1))(w, starts), grad(one_by_one, (0, 1))(w, starts), strict=True
    ):
        assert np.allclose(one, two, rtol=1e-12)
    moves = RNG.normal(size=w.shape), RNG.normal(size=starts.shape)
    for one, two in zip(
        hvp(all_losses, (w, starts), moves), hvp(one_by_one, (w, starts), moves), strict=True
    ):
        assert np.allclose(one, two, rtol=1e-10)
    curvatures = vmap(hessian(lambda s: loss(w, s, u)))(starts)
    assert np.allclose(curvatures[2], hessian(lambda s: loss(w, s, u))(starts[2]), rtol=1e-10)


def test_inside_two_vmaps(quick):
    starts, rates = RNG.normal(size=4), RNG.normal(size=3)
    last = lambda s, r: scan(lambda s, _: np.sin(r * s), s, length=5)[-1]
    grid = vmap(vmap(grad(last, 1), (0, None)), (None, 0))(starts, rates)
    assert np.allclose(grid, [[grad(last, 1)(s, r) for s in starts] for r in rates], rtol=1e-12)


def test_a_batch_is_differentiated_again_outside_of_vmap(quick):
    last = lambda r: scan(lambda s, _: np.sin(r * s), 1.0, length=5)[-1]
    rates = Tensor(RNG.normal(size=4), requires_grad=True)
    vmap(last)(rates).sum().backward(create_graph=True)
    first, rates.grad = rates.grad, None
    first.sum().backward()
    assert np.allclose(first.data, [grad(last)(r) for r in rates.data], rtol=1e-12)
    assert np.allclose(rates.grad, [grad(grad(last))(r) for r in rates.data], rtol=1e-11)


def test_a_step_that_is_the_same_for_all_examples(quick):
    w = Tensor(2.0, requires_grad=True)
    loss = lambda s: np.sum(scan(lambda s, x: w * x, s, np.arange(3.0)))
    vmap(loss)(np.zeros(4)).sum().backward()
    assert np.isclose(w.grad, 4 * 3)


def test_a_batch_of_gradients_for_one_recursion(quick):
    w, s, m, u, f = wavy_inputs()
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


def test_a_step_may_change_its_carry_in_place_and_return_one_buffer(quick):
    start, xs, buffer = np.zeros(2), np.arange(6.0).reshape(3, 2), np.empty(2)

    def added(s, x):
        s += x
        return s

    sums = np.cumsum(xs, axis=0)
    assert np.array_equal(scan(added, start, xs), sums) and not start.any()
    assert np.array_equal(scan(lambda s, x: np.add(s, x, out=buffer), start, xs), sums)
    leaf = Tensor(xs, requires_grad=True)
    scan(added, start, leaf).sum().backward()
    assert np.array_equal(leaf.grad, [[3, 3], [2, 2], [1, 1]])


def test_xs_are_not_changed():
    def wrong(s, x):
        x += s
        return x

    with pytest.raises(ValueError, match="read-only"):
        scan(wrong, np.zeros(2), np.ones((3, 2)))


def test_an_array_that_changed_before_the_second_backward_is_noticed(quick):
    w, xs = Tensor(0.5, requires_grad=True), np.arange(4.0)
    y = scan(lambda s, x: np.sin(w * s) + x, 0.0, xs)
    xs += 1
    with pytest.raises(RuntimeError, match="step gave another result"):
        y.sum().backward(create_graph=True)


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


def test_floats_that_become_integers_are_recorded_step_by_step():
    xs, step = np.array([2, 3]), lambda carry, x: (x, carry[1] * carry[0])
    assert np.isclose(grad(lambda k: scan(step, (k, 5.0), xs)[1][-1])(7.0), 5 * 2)


def test_a_dict_in_another_order():
    def loss(start):
        step = lambda s, x: {"b": s["b"] * x, "a": s["a"] + s["b"]}
        return scan(step, start, np.array([2.0, 3.0, 4.0]))["a"][-1]

    found = grad(loss)({"a": 0.0, "b": 0.0})
    assert np.isclose(found["a"], 1) and np.isclose(found["b"], 1 + 2 + 6)


def test_complex_numbers_in_a_carry():
    def turned(scanned):
        step = lambda carry, x: (carry[0] * np.exp(1j * x), carry[1] + np.real(carry[0]))
        return lambda xs: scanned(step, (1 + 0j, 0.0), xs)[1][-1]

    xs = RNG.normal(size=5)
    assert np.allclose(grad(turned(scan))(xs), grad(turned(plain_scan))(xs), rtol=1e-12)
    assert np.any(grad(turned(scan))(xs))


def test_a_pair_without_a_y(quick):
    f = lambda w: scan(lambda s, x: (s * w + x, None), 0, np.arange(3.0))
    states, nothing = f(2.0)
    assert nothing is None and np.array_equal(states, [0, 1, 4])
    assert f(Tensor(2.0))[1] is None
    assert np.isclose(grad(lambda w: f(w)[0][-1])(2.0), 1)


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


def test_the_graph_has_one_operation_for_all_steps(quick):
    w = Tensor(0.5, requires_grad=True, name="w")
    y = scan(lambda s, x: np.tanh(s * w + x), np.zeros(2), np.ones((5, 2)))
    assert y.op.name == "scan" and y.inputs == (w,)
    assert "y = scan" in made_at(y)


@pytest.mark.parametrize("create_graph", [False, True])
def test_all_memory_is_freed_with_the_graph(quick, create_graph):
    """At once, and not when the garbage collector finds a circle."""
    w, xs = (Tensor(x, requires_grad=True) for x in (0.5, np.ones((5, 2))))
    gc.disable()
    try:
        y = scan(lambda s, x: np.tanh(s * w + x), np.zeros(2), xs)
        steps = weakref.ref(y.op.variadic_rule.__self__)
        y.sum().backward(create_graph=create_graph)
        w.grad = xs.grad = y = None
        assert steps() is None
    finally:
        gc.enable()


def test_without_recording_there_is_no_graph():
    w = Tensor(2.0, requires_grad=True)
    with no_grad():
        y = scan(lambda s, _: s * w, 1.0, length=3)
    assert isinstance(y, Tensor) and not y.requires_grad and np.array_equal(y.data, [2, 4, 8])
    with no_grad():
        states = vmap(lambda w: scan(lambda s, _: s * w, 1.0, length=3))(Tensor([2.0, 3.0]))
    assert np.array_equal(states.data, [[2, 4, 8], [3, 9, 27]])


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


def test_the_plain_loop_takes_over_where_it_is_less_work(monkeypatch):
    chosen = []
    monkeypatch.setattr(
        scanning, "plain_scan", lambda *xs: chosen.append("plain") or plain_scan(*xs)
    )

    def all_pairs(size, steps):
        large = Tensor(RNG.normal(size=(500, 500)), requires_grad=True)
        a = (large * 2)[:size, :size]  # work that is done once is not counted
        step = lambda s, _: ops.logsumexp(s[:, None] + a, axis=0)
        scan(step, np.zeros(size), length=steps)[-1].sum().backward()

    all_pairs(4, 50)
    assert not chosen
    all_pairs(50, 60)  # 50 backward passes through 50² numbers for each step
    all_pairs(5, 4)  # fewer steps than numbers
    assert chosen == ["plain", "plain"]


def test_long_plain_loops_are_cut_into_pieces_and_joined_again():
    xs, n = RNG.normal(size=300), 300
    step = lambda s, x: 0.9 * s + x
    g = grad(lambda xs: plain_scan(step, 0.0, xs)[-1])(xs)
    assert np.allclose(g, 0.9 ** np.arange(n)[::-1], rtol=1e-12)
    total = grad(lambda xs: plain_scan(step, 0.0, xs).sum())(xs)
    assert np.allclose(total, (1 - 0.9 ** np.arange(n, 0, -1)) / 0.1, rtol=1e-12)


# ------------------------------------------------------------------------------------- models of time


def forward_backward(start, A, b):
    """ln Z, expected transitions and expected visits of a hidden Markov model (Rabiner 1989, III)."""
    steps, states = b.shape
    alpha, beta = [start + b[0]], [np.zeros(states)]
    for t in range(1, steps):
        alpha.append(np.logaddexp.reduce(alpha[-1][:, None] + A, axis=0) + b[t])
    for t in range(steps - 1, 0, -1):
        beta.append(np.logaddexp.reduce(A + b[t] + beta[-1], axis=1))
    alpha, beta = np.array(alpha), np.array(beta[::-1])
    log_z = np.logaddexp.reduce(alpha[-1])
    pairs = np.exp(alpha[:-1, :, None] + A + (b[1:] + beta[1:])[:, None, :] - log_z)
    return log_z, pairs.sum(axis=0), np.exp(alpha + beta - log_z)


def hidden_markov(start, A, b):
    step = lambda alpha, b: np.logaddexp.reduce(alpha[:, None] + A, axis=0) + b
    return ops.logsumexp(scan(step, start + b[0], b[1:])[-1])


def test_gradients_of_a_hidden_markov_model_are_expected_counts(quick):
    start, A, b = RNG.normal(size=4), RNG.normal(size=(4, 4)), RNG.normal(size=(60, 4))
    log_z, (dstart, dA, db) = value_and_grad(hidden_markov, (0, 1, 2))(start, A, b)
    expected, transitions, visits = forward_backward(start, A, b)
    assert np.isclose(log_z, expected, rtol=1e-13)
    assert np.allclose(dA, transitions, rtol=1e-10)
    assert np.allclose(db, visits, rtol=1e-10)
    assert np.allclose(dstart, visits[0], rtol=1e-10)


def test_impossible_transitions_get_no_count(quick):
    """From left to right, from the first state: ln 0 = -∞ among the arguments and in every carry."""
    start = np.array([0.0, -np.inf, -np.inf])
    A = np.where(np.tri(3, k=-1), -np.inf, RNG.normal(size=(3, 3)))
    A[0, 2] = -np.inf
    b = RNG.normal(size=(20, 3))
    found = grad(hidden_markov, (0, 1, 2))(start, A, b)
    _, transitions, visits = forward_backward(start, A, b)
    assert np.allclose(found[1], transitions, rtol=1e-10) and np.all(transitions[-np.inf == A] == 0)
    assert np.allclose(found[2], visits, rtol=1e-10) and np.allclose(found[0], [1, 0, 0])
    curvature = hvp(lambda b: hidden_markov(start, A, b), (b,), (np.ones(b.shape),))
    assert np.allclose(curvature, 0, atol=1e-10)  # visits do not change when all b grow alike


def test_the_curvature_of_a_hidden_markov_model_is_a_covariance(quick):
    """∂² ln Z / ∂b² is the covariance of the visits, here over all 2⁵ paths."""
    start, A, b = RNG.normal(size=2), RNG.normal(size=(2, 2)), RNG.normal(size=(5, 2))
    paths = np.array(np.meshgrid(*[[0, 1]] * 5)).reshape(5, -1).T
    scores = [
        start[p[0]] + b[np.arange(5), p].sum() + sum(A[i, j] for i, j in itertools.pairwise(p))
        for p in paths
    ]
    shares = ops.softmax(np.array(scores))
    visits = (paths[:, :, None] == np.arange(2)).reshape(len(paths), -1).astype(float)
    mean = shares @ visits
    covariance = (visits * shares[:, None]).T @ visits - np.outer(mean, mean)
    found = hessian(lambda b: hidden_markov(start, A, b))(b).reshape(10, 10)
    assert np.allclose(found, covariance, rtol=1e-10, atol=1e-13)


def test_a_kalman_filter_has_the_likelihood_of_one_large_gaussian(quick):
    """x_t = F x_(t-1) + noise of variance Q, y_t = h·x_t + noise of variance r: all y are jointly normal."""
    steps, y, h = 12, RNG.normal(size=12), np.array([1.0, 0.5])

    def filtered(F, q, r):
        def step(carry, y):
            mean, cov = carry
            mean, cov = F @ mean, F @ cov @ F.T + q * np.eye(2)
            surprise, var = y - h @ mean, h @ cov @ h + r
            gain = cov @ h / var
            density = -0.5 * (np.log(2 * np.pi * var) + surprise**2 / var)
            return (mean + gain * surprise, cov - gain[:, None] * (h @ cov)), density

        return np.sum(scan(step, (np.zeros(2), np.eye(2)), y)[1])

    def joint(F, q, r):
        cov, state, rows = np.zeros((steps, steps)), np.eye(2), []
        for t in range(steps):
            state = F @ state @ F.T + q * np.eye(2)
            ahead, row = state, []
            for _ in range(t, steps):
                row.append(h @ ahead @ h)
                ahead = F @ ahead
            rows.append(row)
        cov = np.array([[rows[min(i, j)][abs(i - j)] for j in range(steps)] for i in range(steps)])
        cov = cov + r * np.eye(steps)
        quadratic = y @ np.linalg.solve(cov, y)
        return -0.5 * (steps * np.log(2 * np.pi) + np.linalg.slogdet(cov)[1] + quadratic)

    given = np.array([[0.9, 0.2], [-0.1, 0.8]]), 0.3, 0.4
    found, slopes = value_and_grad(filtered, (0, 1, 2))(*given)
    assert np.isclose(found, joint(*given), rtol=1e-12)
    for i, slope in enumerate(slopes):
        for place in np.ndindex(np.shape(slope)):
            moved = []
            for e in (1e-6, -1e-6):
                new = [np.array(x) for x in given]
                new[i][place] += e
                moved.append(joint(*new))
            assert np.isclose(slope[place], (moved[0] - moved[1]) / 2e-6, rtol=1e-6, atol=1e-8)


def test_a_cell_of_ones_own_is_a_simple_rnn(quick):
    layer = nn.SimpleRNN(3, 4, return_sequences=True, rng=0).astype(np.float64)
    x = RNG.normal(size=(7, 3))
    whole = layer(x[None])[0]
    (whole**2).sum().backward()
    expected = [p.grad for p in layer.parameters()]
    for p in layer.parameters():
        p.grad = None
    W, U, b = layer.W, layer.U, layer.b
    states = scan(lambda h, x: np.tanh(x @ W + h @ U + b), np.zeros(4), x)
    assert np.allclose(states.data, whole.data, rtol=1e-13)
    (states**2).sum().backward()
    for p, g in zip(layer.parameters(), expected, strict=True):
        assert np.allclose(p.grad, g, rtol=1e-12)


def test_alignments_of_a_text_are_summed_as_by_ctc(quick):
    """The recursion of Graves et al. 2006 over blanks and letters, with -∞ for what cannot be."""
    letters = np.array([0, 1, 0, 1, 0, 2, 0])
    skip = np.array([False, False, False, False, False, True, False])
    x = RNG.normal(size=(12, 3))

    def step(a, y):
        one, two = np.concatenate([never[:1], a[:-1]]), np.concatenate([never, a[:-2]])
        ways = np.stack([a, one, np.where(skip, two, -np.inf)])
        return ops.logsumexp(ways, axis=0) + y

    never = np.full(2, -np.inf)

    def loss(x):
        y = ops.log_softmax(x)[:, letters]
        start = np.where(np.arange(7) < 2, y[0], -np.inf)
        return -ops.logsumexp(scan(step, start, y[1:])[-1][-2:])

    def known(x):
        return np.sum(ops.ctc(x[None], np.array([[1, 1, 2]]), np.array([12]), np.array([3])))

    found, expected = value_and_grad(loss)(x), value_and_grad(known)(x)
    assert np.isclose(found[0], expected[0], rtol=1e-12)
    assert np.allclose(found[1], expected[1], rtol=1e-10, atol=1e-13)


# ------------------------------------------------------------------------------------------- slips


def add(s, x):
    return s + x


@pytest.mark.parametrize(
    ("slip", "kind", "told"),
    [
        (lambda: scan(add, 0.0), ValueError, "number of steps is unknown"),
        (lambda: scan(add, 0.0, [1.0, 2.0]), ValueError, r"Try: np\.array\(xs\)"),
        (lambda: scan(add, 0.0, np.zeros(0)), ValueError, "0 steps; at least one"),
        (lambda: scan(add, 0.0, ()), ValueError, "no number of steps"),
        (lambda: scan(add, 0.0, (np.zeros(2), np.zeros(3))), ValueError, "2 and 3 steps"),
        (lambda: scan(add, 0.0, np.zeros(3), length=4), ValueError, "3 and 4 steps"),
        (lambda: scan(lambda s, x: None, 0.0, np.zeros(3)), TypeError, "step returned None"),
        (lambda: scan(add, 0.0, np.zeros((3, 2))), ValueError, r"turned \(\) into \(2,\)"),
        (
            lambda: scan(lambda s, x: (s[0], s[1], x), (0.0, np.ones(2)), np.zeros(3)),
            ValueError,
            r"of the form \(\(\), \(2,\)\), or \(carry, y\); it returned \(\(\), \(2,\), \(\)\)",
        ),
        (
            lambda: scan(lambda s, x: (s, np.ones(x)), 0.0, np.array([1, 2])),
            ValueError,
            r"different shapes at different times: \(1,\), \(2,\)",
        ),
    ],
)
def test_slips_are_told(slip, kind, told):
    with pytest.raises(kind, match=told) as error:
        slip()
    assert "test_scanning.py" in str(error.value)


def test_an_error_in_a_step_is_that_of_the_plain_loop():
    w = Tensor(np.ones((2, 3)), requires_grad=True)
    with pytest.raises(ValueError, match="matmul"):
        scan(lambda s, x: w @ s, np.zeros(2), np.zeros(4))
