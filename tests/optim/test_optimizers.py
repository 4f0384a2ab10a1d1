"""Optimizers against their formulas, written out plainly; against Keras in tests/twins."""

import copy
import pickle

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.optim.flat_parameters import CHUNK
from tinygrad_edu.optim.muon import orthogonalized

RNG = np.random.default_rng(0)


def plain_sgd(w, grads, lr=0.01, momentum=0.0, nesterov=False):
    v = np.zeros_like(w)
    for g in grads:
        v = momentum * v - lr * g
        w = w + (momentum * v - lr * g if nesterov else v)
    return w


def plain_adam(w, grads, lr=0.001, betas=(0.9, 0.999), eps=1e-7):
    m, v = np.zeros_like(w), np.zeros_like(w)
    for t, g in enumerate(grads, 1):
        m = betas[0] * m + (1 - betas[0]) * g
        v = betas[1] * v + (1 - betas[1]) * g * g
        alpha = lr * np.sqrt(1 - betas[1] ** t) / (1 - betas[0] ** t)
        w = w - alpha * m / (np.sqrt(v) + eps)
    return w


@pytest.mark.parametrize(
    ("make", "plain", "settings"),
    [
        (optim.SGD, plain_sgd, {}),
        (optim.SGD, plain_sgd, {"lr": 0.1, "momentum": 0.9}),
        (optim.SGD, plain_sgd, {"lr": 0.1, "momentum": 0.9, "nesterov": True}),
        (optim.Adam, plain_adam, {}),
        (optim.Adam, plain_adam, {"lr": 0.1, "betas": (0.8, 0.9), "eps": 1e-3}),
    ],
)
@pytest.mark.parametrize("shapes", [[(3, 4), (4,), ()], [(CHUNK + 5,), (2, 3)]])
def test_ten_steps_follow_the_formula(make, plain, settings, shapes):
    start = [RNG.normal(size=shape) for shape in shapes]
    parameters = [nn.Parameter(w) for w in start]
    optimizer = make(parameters, **settings)
    grads = [[RNG.normal(size=shape) for shape in shapes] for _ in range(10)]
    for step in grads:
        for p, g in zip(parameters, step, strict=True):
            p.grad = g
        optimizer.step()
    for i, p in enumerate(parameters):
        expected = plain(start[i], [step[i] for step in grads], **settings)
        assert p.shape == shapes[i]
        assert np.allclose(p.data, expected, rtol=1e-13, atol=1e-14)


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam])
def test_parameters_of_two_precisions_keep_theirs(make):
    single, double = nn.Parameter(np.ones(3, np.float32)), nn.Parameter(np.ones(3))
    optimizer = make([single, double])
    single.grad, double.grad = np.ones(3, np.float32), np.ones(3)
    optimizer.step()
    assert single.dtype == np.float32 and double.dtype == np.float64
    assert np.allclose(single.data, double.data, rtol=1e-6) and double.data[0] < 1


@pytest.mark.parametrize("make", [optim.Adam, optim.LAMB])
@pytest.mark.parametrize("without", [0, 1, 2])
def test_a_parameter_without_gradient_stays_with_its_states(make, without):
    parameters = [nn.Parameter(np.ones(2)) for _ in range(3)]
    optimizer = make(parameters, lr=0.1)
    for p in parameters:
        p.grad = np.ones(2)
    optimizer.step()
    before = [p.data.copy() for p in parameters]
    parameters[without].grad = None
    optimizer.step()
    moved = [not np.array_equal(p.data, b) for p, b in zip(parameters, before, strict=True)]
    assert moved == [i != without for i in range(3)]


def test_numbers_assigned_between_steps_count():
    p = nn.Parameter(np.ones(2))
    optimizer = optim.SGD([p], lr=1.0)
    p.data = np.array([5.0, 6.0])
    p.grad = np.ones(2)
    optimizer.step()
    assert p.data.tolist() == [4.0, 5.0]


def test_a_model_that_changed_its_precision_is_refused():
    layer = nn.Linear(2, 2, rng=0)
    optimizer = optim.SGD(layer.parameters())
    layer.astype(np.float64)
    layer(np.ones((1, 2))).sum().backward()
    with pytest.raises(
        ValueError, match=r"W \(2, 2\) float64 was \(2, 2\) float32 when the optimizer"
    ):
        optimizer.step()


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
@pytest.mark.parametrize("make", [optim.SGD, optim.Adam, optim.Adafactor])
def test_a_copy_of_a_model_and_its_optimizer_trains_as_the_original_does(again, make):
    def step(layer, optimizer):
        (layer(np.ones((1, 2))) * 3).sum().backward()
        optimizer.step()
        optimizer.zero_grad()

    layer = nn.Linear(2, 2, rng=0)
    optimizer = make(layer.parameters(), lr=0.1)
    step(layer, optimizer)
    other, its_optimizer = again((layer, optimizer))
    step(layer, optimizer)
    assert not np.array_equal(layer.W.data, other.W.data)
    step(other, its_optimizer)
    assert np.array_equal(layer.W.data, other.W.data) and its_optimizer.t == 2


# ------------------------------------------------------------------------- one is a special case of


def trajectory(optimizer, parameters, steps=20, seed=0):
    """The parameters after each step, with gradients of w²/2 and noise."""
    rng = np.random.default_rng(seed)
    history = []
    for _ in range(steps):
        for p in parameters:
            p.grad = p.data + rng.normal(size=p.shape)
        optimizer.step()
        history.append([p.data.copy() for p in parameters])
    return history


def weights():
    rng = np.random.default_rng(7)
    return [nn.Parameter(rng.normal(size=shape)) for shape in [(3, 4), (4,), (5, 2)]]


def assert_same(make, other, atol=1e-13):
    ours, theirs = weights(), weights()
    pairs = zip(trajectory(make(ours), ours), trajectory(other(theirs), theirs), strict=True)
    for a, b in pairs:
        for x, y in zip(a, b, strict=True):
            np.testing.assert_allclose(x, y, rtol=0, atol=atol)


def test_special_cases():
    big = 1e30  # ε so large that only its product with lr counts
    for make, other in [
        # without memory and with a large ε, a step of Adam, RMSprop or Adadelta is one of SGD
        (lambda p: optim.Adam(p, 0.1 * big, betas=(0, 0), eps=big), lambda p: optim.SGD(p, 0.1)),
        (lambda p: optim.RMSprop(p, 0.1 * big**0.5, rho=0, eps=big), lambda p: optim.SGD(p, 0.1)),
        (lambda p: optim.Adadelta(p, 0.1, eps=big), lambda p: optim.SGD(p, 0.1)),
        # Lion without its first mean follows signs, as Adam without memory does
        (lambda p: optim.Lion(p, 0.1, betas=(0, 0.5)),
         lambda p: optim.Adam(p, 0.1, betas=(0, 0), eps=1e-300)),
        # Adamax and RMSprop without memory, too
        (lambda p: optim.Adamax(p, 0.1, betas=(0, 0), eps=1e-300),
         lambda p: optim.RMSprop(p, 0.1, rho=0, eps=1e-300)),
        # β₁ = 0: Adam is RMSprop, with the bias of the mean corrected by the learning rate
        (lambda p: optim.Adam(p, 0.1, betas=(0, 0.9), eps=1e-300),
         lambda p: optim.RMSprop(p, lambda t: 0.1 * (1 - 0.9 ** (t + 1)) ** 0.5, eps=1e-300)),
        # weight decay makes AdamW of Adam
        (lambda p: optim.AdamW(p, weight_decay=None), lambda p: optim.Adam(p)),
        (lambda p: optim.AdamW(p, 0.1), lambda p: optim.Adam(p, 0.1, weight_decay=0.004)),
        # clipping to what is never reached is none
        (lambda p: optim.SGD(p, 0.1, momentum=0.5, clip_norm=1e9),
         lambda p: optim.SGD(p, 0.1, momentum=0.5)),
        # Muon without its matrices is AdamW
        (lambda p: optim.Muon([{"parameters": p, "adam": True}], 0.1), lambda p: optim.AdamW(p, 0.1)),
    ]:  # fmt: skip
        assert_same(make, other, atol=1e-10)


def test_lamb_steps_are_as_long_as_lr_times_the_parameter():
    parameters = weights()
    before = [p.data.copy() for p in parameters]
    after = trajectory(optim.LAMB(parameters, 0.01), parameters, steps=1)[0]
    for a, b in zip(after, before, strict=True):
        assert np.linalg.norm(a - b) == pytest.approx(0.01 * np.linalg.norm(b), rel=1e-12)
    zero = nn.Parameter(np.zeros(4))  # has no length: Adam's own step
    optimizer = optim.LAMB([zero], 0.01)
    zero.grad = np.array([1.0, -2.0, 0.5, 1e-3])
    optimizer.step()
    np.testing.assert_allclose(zero.data, -0.01 * np.sign(zero.grad), rtol=1e-3)


@pytest.mark.parametrize("shape", [(6, 4), (4, 6), (5, 5)])
def test_muon_makes_the_singular_values_alike(shape):
    """The singular vectors stay; s goes through the quintic of each round."""
    x = np.random.default_rng(0).normal(size=shape)
    U, S, Vt = np.linalg.svd(x, full_matrices=False)
    s = S / (np.linalg.norm(x) + 1e-7)
    for _ in range(5):
        s = 3.4445 * s - 4.7750 * s**3 + 2.0315 * s**5
    np.testing.assert_allclose(orthogonalized(x), U * s @ Vt, atol=1e-12)
    assert s.min() > 0.6 and s.max() < 1.3 and S.max() / S.min() > 2


def test_muon_by_hand():
    W, b = nn.Parameter(np.eye(2)), nn.Parameter(np.zeros(2))
    optimizer = optim.Muon([W, b], 0.5, weight_decay=0.25, rounds=0, momentum=0.5, nesterov=False)
    W.grad, b.grad = np.array([[3.0, 0.0], [0.0, 4.0]]), np.array([1.0, -1.0])
    optimizer.step()
    step = 0.5 * 0.2 * np.sqrt(2) * np.diag([3.0, 4.0]) / 5
    np.testing.assert_allclose(W.data, np.eye(2) * (1 - 0.5 * 0.25) - step, atol=1e-8)
    np.testing.assert_allclose(b.data, [-0.5, 0.5], atol=1e-5)  # Adam's first step


def test_lion_by_hand():
    p = nn.Parameter([1.0, 1.0])
    optimizer = optim.Lion([p], 0.1, betas=(0.5, 0.75))
    for g in ([1.0, -1.0], [-0.5, 0.1]):
        p.grad = np.array(g)
        optimizer.step()
    # m = (0.25, -0.25) after the first; then 0.5 m + 0.5 g = (-0.125, -0.075)
    np.testing.assert_allclose(p.data, [1 - 0.1 + 0.1, 1 + 0.1 + 0.1])
    np.testing.assert_allclose(optimizer.state_dict()["m.0"], [0.0625, -0.1625])


@pytest.mark.parametrize("threshold", [0.5, 1.0])
def test_adafactor_by_hand(threshold):
    """The first step remembers nothing: v is g² + ε₁ as far as its rows and columns tell."""
    W, b = nn.Parameter([[2.0, 2.0], [2.0, -2.0]]), nn.Parameter([1.0, 1.0])
    optimizer = optim.Adafactor([W, b], 0.5, eps=(1e-30, 4.0), clip_threshold=threshold)
    W.grad, b.grad = np.array([[1.0, 3.0], [5.0, 7.0]]), np.array([3.0, -0.25])
    before = W.data.copy()
    optimizer.step()
    rows, columns = np.array([[5.0], [37.0]]), np.array([13.0, 29.0])
    u = W.grad / np.sqrt(rows * columns / 21)
    size = np.sqrt(np.mean(u**2))
    assert 0.5 < size < 1, "too long a step for the one threshold only"
    u *= 0.5 / size if threshold == 0.5 else 1
    np.testing.assert_allclose(W.data, before - 0.5 * 4 * u, rtol=1e-14)  # ε₂ > rms(w) = 2
    np.testing.assert_allclose(
        b.data, [1 - 2 * threshold, 1 + 2 * threshold], rtol=1e-14
    )  # its own v
    state = optimizer.state_dict()
    assert [state[f"{name}.0"].shape for name in "rcv"] == [(2,), (2,), (0,)]
    assert [state[f"{name}.1"].shape for name in "rcv"] == [(0,), (0,), (2,)]
    assert state["r.0"].tolist() == [5, 37] and state["c.0"].tolist() == [13, 29]


def test_adafactor_knows_a_matrix_of_rank_one_exactly():
    """g² = r cᵀ is found from its rows and columns: u = sign g, whatever the step is."""
    rng = np.random.default_rng(0)
    p = nn.Parameter(rng.normal(size=(3, 4, 5)))  # three matrices
    optimizer = optim.Adafactor([p], 1e-3)
    g = np.exp(rng.normal(size=(3, 4, 1)) + rng.normal(size=(3, 1, 5)))
    g *= rng.choice([-1, 1], g.shape)
    for _ in range(3):
        before = p.data.copy()
        p.grad = g
        optimizer.step()
        step = 1e-3 * np.sqrt(np.mean(before**2))
        np.testing.assert_allclose(before - p.data, step * np.sign(g), rtol=1e-9)
    kept = sum(
        a.size for name, a in optimizer.state_dict().items() if name[:2] in ("r.", "c.", "v.")
    )
    assert kept == 3 * (4 + 5)


def test_the_leader_is_adagrad_or_sgd_if_nothing_is_dear():
    def zeros():
        return [nn.Parameter(np.zeros(shape)) for shape in [(3, 4), (5,)]]

    for make, other in [
        (lambda p: optim.Ftrl(p, 0.1), lambda p: optim.Adagrad(p, 0.1, eps=1e-300)),
        (lambda p: optim.Ftrl(p, 0.1, lr_power=0), lambda p: optim.SGD(p, 0.1)),
    ]:
        ours, theirs = zeros(), zeros()
        pairs = zip(trajectory(make(ours), ours), trajectory(other(theirs), theirs), strict=True)
        for a, b in pairs:
            for x, y in zip(a, b, strict=True):
                np.testing.assert_allclose(x, y, rtol=0, atol=1e-13)


def test_the_leader_is_the_weight_of_least_cost():
    """By trying: the sum that the docstring says it is the least of, for three gradients."""
    l1, l2, beta, s, n0, lr = 0.5, 0.25, 0.125, 0.0625, 0.5, 0.25
    p = nn.Parameter([0.25, -1.0])
    optimizer = optim.Ftrl([p], lr, l1=l1, l2=l2, beta=beta, shrinkage=s, initial=n0)
    z, n = np.zeros(2), np.full(2, n0)
    for g in np.array([[1.5, 0.75], [-1.25, 2.0], [0.25, -0.5]]):
        before = p.data.copy()
        p.grad = g
        optimizer.step()
        z += g + 2 * s * before - (np.sqrt(n + g * g) - np.sqrt(n)) / lr * before
        n += g * g
        w = np.linspace(-2, 2, 400_001)[:, None]
        cost = z * w + l1 * abs(w) + l2 * w**2 + (np.sqrt(n) + beta) / (2 * lr) * w**2
        np.testing.assert_allclose(p.data, w[cost.argmin(axis=0), 0], rtol=0, atol=1e-5)
    assert p.data[0] == 0 and p.data[1] != 0, "l1 makes weights exactly 0"


def test_the_leader_stays_where_nothing_was_seen_and_where_lr_is_0():
    p = nn.Parameter([1.0, 2.0])
    optimizer = optim.Ftrl([p], lambda t: 0.5 * (t > 0), initial=0)
    for expected in ([1, 2], [1, 2 - 0.5]):
        p.grad = np.array([0.0, 3.0])
        optimizer.step()
        assert p.data.tolist() == expected


def test_schedule_free_steps_follow_the_paper():
    """Algorithm 1, with x, y and z kept apart: the parameters are y, and what it is judged by is x."""
    rng = np.random.default_rng(0)
    p = nn.Parameter(rng.normal(size=3))
    optimizer = optim.ScheduleFreeAdamW([p], 0.1, betas=(0.75, 0.9), eps=0.01)
    z, x, v = p.data.copy(), p.data.copy(), np.zeros(3)
    with optimizer.averaged():
        assert np.array_equal(p.data, x), "before the first step they are the same"
    for t in range(1, 9):
        y = 0.25 * z + 0.75 * x
        np.testing.assert_allclose(p.data, y, rtol=1e-13)
        p.grad = g = p.data + rng.normal(size=3)
        v = 0.9 * v + 0.1 * g * g
        z = z - 0.1 * g / (np.sqrt(v / (1 - 0.9**t)) + 0.01)
        x = (1 - 1 / t) * x + 1 / t * z
        optimizer.step()
        data, kept = p.data, p.data.copy()
        with optimizer.averaged():
            np.testing.assert_allclose(p.data, x, rtol=1e-12)
        assert p.data is data and np.array_equal(data, kept)
    optimizer.keep()
    np.testing.assert_allclose(p.data, x, rtol=1e-12)
    with optimizer.averaged():
        np.testing.assert_allclose(p.data, x, rtol=1e-12)


def test_schedule_free_starts_from_weights_loaded_after_it_was_made():
    p = nn.Parameter([1.0])
    optimizer = optim.ScheduleFreeAdamW([p], 0.5, eps=1e-300)
    p.data[...] = 5
    p.grad = np.ones(1)
    optimizer.step()
    assert p.data.tolist() == [4.5]


def test_an_average_is_not_kept_of_weights_with_a_constraint():
    p = nn.Parameter([1.0, 1.0])
    optimizer = optim.ScheduleFreeAdamW([p], 0.75)
    p.constraint = nn.NonNegative()
    p.grad = np.ones(2)
    with pytest.raises(
        ValueError, match=r"NonNegative.* of .*\(2,\).* would make wrong; nothing was"
    ):
        optimizer.step()
    assert optimizer.t == 0 and p.data.tolist() == [1, 1]


# --------------------------------------------------------------- groups, clipping, sums, constraints


def test_groups_have_their_own_learning_rate_and_decay():
    a, b, c = (nn.Parameter([1.0]) for _ in range(3))
    optimizer = optim.SGD(
        [
            {"parameters": [a], "lr": 0.5},
            {"parameters": [b], "weight_decay": 0},
            {"parameters": [c], "lr": lambda t: 0.25 + t, "weight_decay": 0.5},
        ],
        lr=0.125,
        weight_decay=1.0,
    )

    def step():
        for p in (a, b, c):
            p.grad = np.ones(1)
        optimizer.step()
        return [p.data[0] for p in (a, b, c)]

    assert step() == [1 - 0.5 - 0.5, 1 - 0.125, 1 - 0.25 * 0.5 - 0.25]
    optimizer.lr = 0.0625
    optimizer.groups[0]["lr"] = 1.0
    assert step() == [-1, 0.875 - 0.0625, 0.625 - 1.25 * 0.5 * 0.625 - 1.25]


def test_a_group_may_be_given_as_a_module():
    layer = nn.Linear(2, 2, rng=0)
    assert optim.SGD([{"parameters": layer}]).parameters == layer.parameters()


def test_decay_keeps_its_digits_in_float32():
    """1 - lr λ in float32 would be off by 3 % of lr λ here, for all weights alike."""
    w = np.linspace(0.5, 1, 1001, dtype=np.float32)
    p = nn.Parameter(w)
    p.grad = np.zeros_like(w)
    optim.SGD([p], 1e-3, weight_decay=7.5e-4).step()
    assert np.mean((w - p.data) / w.astype(float)) == pytest.approx(7.5e-7, rel=0.01)


def test_clipping_by_hand():
    def gradients_with(**clip):
        a, b = nn.Parameter(np.zeros(2)), nn.Parameter(np.zeros(1, np.float32))
        optimizer = optim.SGD([a, b], 1.0, **clip)
        a.grad, b.grad = np.array([3.0, -4.0]), np.array([12.0], np.float32)
        optimizer.step()
        assert a.grad.tolist() == [3, -4]  # what the user sees is as backward() left it
        return [-a.data, -b.data]

    for clip, wanted in [
        ({"clip_value": 3.5}, [[3, -3.5], [3.5]]),
        ({"clip_norm": 10}, [[3, -4], [10]]),
        ({"clip_norm": 1}, [[0.6, -0.8], [1]]),
        ({"clip_global_norm": 6.5}, [[1.5, -2], [6]]),
        ({"clip_global_norm": 13.5}, [[3, -4], [12]]),
    ]:
        for got, expected in zip(gradients_with(**clip), wanted, strict=True):
            np.testing.assert_allclose(got, expected, rtol=1e-7)


@pytest.mark.parametrize("clip", ["clip_norm", "clip_global_norm"])
@pytest.mark.parametrize("bad", [np.inf, np.nan, 1e30])
def test_a_gradient_without_length_is_not_clipped(clip, bad):
    a, b = nn.Parameter(np.ones(2)), nn.Parameter(np.ones(1, np.float32))
    optimizer = optim.SGD([a, b], momentum=0.5, **{clip: 1.0})
    a.grad, b.grad = np.ones(2), np.array([bad], np.float32)
    before = optimizer.state_dict()
    with pytest.raises(
        FloatingPointError, match="cannot be clipped to a length; nothing was changed"
    ):
        optimizer.step()
    assert a.data.tolist() == [1, 1] and b.data.tolist() == [1]
    assert str(optimizer.state_dict()) == str(before)


def test_accumulated_gradients_make_one_step_of_their_mean():
    first, second = nn.Parameter([0.0]), nn.Parameter([0.0])
    optimizer = optim.SGD([first, second], 1.0, accumulate=3)
    for i, (g, h) in enumerate([(3.0, None), (6.0, None), (9.0, None), (None, 3.0), (1.0, None)]):
        first.grad = None if g is None else np.array([g])
        second.grad = None if h is None else np.array([h])
        optimizer.step()
        assert optimizer.t == (i + 1) // 3
    assert (first.data[0], second.data[0]) == (-6.0, 0.0)
    first.grad = None
    second.grad = np.array([0.0])
    optimizer.step()  # the first has a gradient of two steps ago
    np.testing.assert_allclose([first.data[0], second.data[0]], [-6 - 1 / 3, -1.0])


def test_an_accumulated_round_with_an_infinite_gradient_is_forgotten():
    p = nn.Parameter([0.0])
    optimizer = optim.SGD([p], 1.0, accumulate=2, clip_norm=100.0)
    p.grad = np.array([np.inf])
    optimizer.step()
    with pytest.raises(FloatingPointError, match="cannot be clipped"):
        optimizer.step()
    for g in (1.0, 3.0):
        p.grad = np.array([g])
        optimizer.step()
    assert p.data.tolist() == [-2.0] and optimizer.t == 1


def test_constraints_hold_after_each_step():
    free, tied, still = (nn.Parameter([1.0, -1.0]) for _ in range(3))
    tied.constraint = still.constraint = lambda w: np.maximum(w, 0)
    optimizer = optim.SGD([free, tied, still], 0.5)
    free.grad = tied.grad = np.array([3.0, 1.0])
    view = tied.data
    optimizer.step()
    assert free.data.tolist() == [-0.5, -1.5] and tied.data.tolist() == [0, 0]
    assert still.data.tolist() == [1, -1], "without a gradient it is not touched"
    assert view is not tied.data or view.tolist() == [0, 0]


def test_a_frozen_layer_is_passed_by():
    model = nn.Sequential(nn.Linear(2, 3, rng=0), nn.Linear(3, 1, rng=1))
    optimizer = optim.Adam(model.parameters(), weight_decay=0.1)
    next(iter(model.inner_modules()))[1].freeze()
    before = [p.data.copy() for p in model.parameters()]
    model(np.ones((1, 2))).sum().backward()
    optimizer.step()
    moved = [not np.array_equal(p.data, b) for p, b in zip(model.parameters(), before, strict=True)]
    assert moved == [False, False, True, True]


@pytest.mark.parametrize("wrong", [-0.1, float("nan"), "0.1", None])
def test_a_schedule_must_give_learning_rates(wrong):
    p = nn.Parameter([1.0])
    optimizer = optim.SGD([p], lambda t: 0.1 if t < 1 else wrong)
    p.grad = np.ones(1)
    optimizer.step()
    with pytest.raises(ValueError, match=rf"lr\(1\) must be a number, 0 or more, not {wrong!r}"):
        optimizer.step()
    assert optimizer.t == 1 and p.data.tolist() == [0.9]


def test_the_learning_rate_is_readable_and_checked():
    optimizer = optim.SGD([nn.Parameter([1.0])], 0.5)
    assert optimizer.lr == optimizer.learning_rate == 0.5
    optimizer.lr = schedule = optim.schedules.Exponential(0.5, 1, 0.5)
    assert optimizer.lr is schedule and optimizer.learning_rate == 0.5
    optimizer.parameters[0].grad = np.ones(1)
    optimizer.step()
    assert optimizer.learning_rate == 0.25
    with pytest.raises(ValueError, match="lr must be a positive number, not -1"):
        optimizer.lr = -1
    assert optimizer.lr is schedule


@pytest.mark.parametrize("again", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))])
def test_the_groups_of_a_copy_are_its_own(again):
    p = nn.Parameter([1.0])
    optimizer = optim.SGD([{"parameters": [p], "lr": 0.5}])
    other = again(optimizer)
    other.groups[0]["lr"] = 0.25
    for each in (optimizer, other):
        each.parameters[0].grad = np.ones(1)
        each.step()
    assert (p.data[0], other.parameters[0].data[0]) == (0.5, 0.75)


def test_zero_grad_and_the_learning_rate_can_change():
    p = nn.Parameter([1.0])
    optimizer = optim.SGD([p, p])  # twice the same counts once
    p.grad = np.ones(1)
    optimizer.zero_grad()
    assert p.grad is None
    optimizer.lr = 0.5
    p.grad = np.ones(1)
    optimizer.step()
    assert p.data.tolist() == [0.5] and optimizer.t == 1
    assert len(optimizer.parameters) == 1


# ----------------------------------------------------------------------- refusals, and their words


def test_an_unknown_argument_is_refused_with_those_that_exist():
    p = nn.Parameter([1.0])
    with pytest.raises(TypeError, match="Adam has no argument 'learning_rate'") as error:
        optim.Adam([p], learning_rate=0.1)
    assert "parameters, lr, betas, eps, amsgrad, weight_decay, clip_value" in str(error.value)
    with pytest.raises(TypeError, match="AdamW has no argument 'momentum'") as error:
        optim.AdamW([p], momentum=0.9)
    assert "parameters, lr, weight_decay, betas, eps, amsgrad, clip_value" in str(error.value)
    with pytest.raises(TypeError, match="SGD has no argument 'betas'"):
        optim.SGD([p], betas=(0.9, 0.9))


@pytest.mark.parametrize("lr", [0, -0.1, "0.1", None, float("nan"), float("inf")])
def test_a_learning_rate_is_a_positive_number(lr):
    p = nn.Parameter([1.0])
    before = p.data
    with pytest.raises(ValueError, match=f"lr must be a positive number, not {lr!r}"):
        optim.SGD([p], lr)
    assert p.data is before


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: optim.SGD(p, momentum=1.0), "momentum must be from 0 to below 1, not 1.0"),
        (lambda p: optim.Adam(p, betas=(0.9, 2)), r"betas\[1\] must be from 0 to below 1, not 2"),
        (
            lambda p: optim.Adam(p, betas=0.9),
            r"betas must be two numbers, as \(0.9, 0.999\), not 0.9",
        ),
        (lambda p: optim.Adam(p, betas=(0.9, 0.9, 0.9)), "betas must be two numbers"),
        (lambda p: optim.SGD(p, nesterov=True), "looks ahead by the momentum, which is 0"),
        (lambda p: optim.Adam(p, eps=0), "eps must be a positive number, not 0"),
        (lambda p: optim.Lion(p, betas=(1, 0.9)), r"betas\[0\] must be from 0 to below 1, not 1"),
        (lambda p: optim.Nadam(p, betas=0.9), r"betas must be two numbers, as \(0.9, 0.999\)"),
        (lambda p: optim.LAMB(p, eps=-1), "eps must be a positive number, not -1"),
        (lambda p: optim.Adagrad(p, initial=-1), "initial must be 0 or more, not -1"),
        (lambda p: optim.Adagrad(p, eps=0), "eps must be a positive number"),
        (lambda p: optim.RMSprop(p, rho=1), "rho must be from 0 to below 1, not 1"),
        (lambda p: optim.RMSprop(p, momentum=-0.5), "momentum must be from 0 to below 1, not -0.5"),
        (lambda p: optim.RMSprop(p, eps=0), "eps must be a positive number"),
        (lambda p: optim.Adadelta(p, rho=2), "rho must be from 0 to below 1, not 2"),
        (lambda p: optim.Adadelta(p, eps=0), "eps must be a positive number"),
        (lambda p: optim.Muon(p, momentum=1), "momentum must be from 0 to below 1, not 1"),
        (lambda p: optim.Muon(p, rounds=2.5), "rounds must be a whole number, 0 or more, not 2.5"),
        (lambda p: optim.Muon(p, rms=0), "rms must be a positive number, not 0"),
        (
            lambda p: optim.Adafactor(p, beta2_decay=0.8),
            "beta2_decay must be from -1 to below 0, not 0.8",
        ),
        (
            lambda p: optim.Adafactor(p, eps=1e-3),
            r"eps must be two numbers, as \(1e-30, 0.001\), not 0.001",
        ),
        (lambda p: optim.Adafactor(p, eps=(0, 1)), r"eps\[0\] must be a positive number, not 0"),
        (
            lambda p: optim.Adafactor(p, clip_threshold=0),
            "clip_threshold must be a positive number",
        ),
        (lambda p: optim.Ftrl(p, lr_power=0.5), "lr_power must be 0 or less, not 0.5"),
        (lambda p: optim.Ftrl(p, initial=-1), "initial must be 0 or more, not -1"),
        (lambda p: optim.Ftrl(p, l1=-1), "l1 must be 0 or more, not -1"),
        (lambda p: optim.Ftrl(p, l2=-1), "l2 must be 0 or more, not -1"),
        (lambda p: optim.Ftrl(p, shrinkage=-1), "shrinkage must be 0 or more, not -1"),
        (lambda p: optim.Ftrl(p, beta=-1), "beta must be 0 or more, not -1"),
        (
            lambda p: optim.ScheduleFreeAdamW(p, betas=(0, 0.9)),
            r"betas\[0\] must be above 0, not 0: it is the share(.|\n)*Try: Adam with betas=\(0, 0.9\)",
        ),
        (lambda p: optim.ScheduleFreeAdamW(p, betas=0.9), "betas must be two numbers"),
        (lambda p: optim.SGD(p, weight_decay=-1), "weight_decay must be 0 or more, not -1"),
        (lambda p: optim.SGD(p, clip_value=0), "clip_value must be a positive number, not 0"),
        (lambda p: optim.SGD(p, clip_norm="1"), "clip_norm must be a positive number, not '1'"),
        (lambda p: optim.SGD(p, clip_global_norm=-1), "clip_global_norm must be a positive"),
        (
            lambda p: optim.SGD(p, clip_norm=1, clip_value=1),
            "clipped in one way, not by clip_value and clip_norm(.|\n)*Try: clip_norm alone",
        ),
        (
            lambda p: optim.SGD(p, accumulate=0),
            "accumulate must be a whole number, 1 or more, not 0",
        ),
        (lambda p: optim.SGD(p, accumulate=1.5), "accumulate must be a whole number"),
        (
            lambda p: optim.SGD([{"parameters": p, "lr": 0}]),
            "lr of group 0 must be a positive number",
        ),
        (
            lambda p: optim.SGD([{"parameters": p, "weight_decay": -1}]),
            "weight_decay of group 0 must be 0 or more",
        ),
        (
            lambda p: optim.SGD([{"parameters": p}, {"parameters": p}]),
            r"of group 1 is in an earlier group, too",
        ),
        (lambda p: optim.SGD([{"parameters": []}]), "SGD got no parameters"),
    ],
)
def test_other_settings_have_their_ranges(make, words):
    with pytest.raises(ValueError, match=words):
        make([nn.Parameter([1.0])])


def test_an_optimizer_shows_its_settings():
    p = nn.Parameter([1.0])
    assert repr(optim.SGD([p], momentum=0.5)) == "SGD(lr=0.01, momentum=0.5, nesterov=False)"
    assert repr(optim.Adam([p])) == ("Adam(lr=0.001, betas=(0.9, 0.999), eps=1e-07, amsgrad=False)")

    shown = repr(optim.AdamW([p], optim.schedules.Cosine(0.1, 9), accumulate=2))
    assert shown == (
        "AdamW(lr=Cosine(lr=0.1, steps=9, alpha=0.0), weight_decay=0.004, betas=(0.9, 0.999), "
        "eps=1e-07, amsgrad=False, accumulate=2)"
    )


@pytest.mark.parametrize(
    ("groups", "words"),
    [
        ([{"lr": 1.0}], r"groups are dicts with parameters, group 0 is \{'lr': 1.0\}"),
        ([{"parameters": [nn.Parameter([1.0])]}, nn.Parameter([1.0])], "group 1 is"),
        ([{"parameters": [nn.Parameter([1.0])], "momentum": 0.5}],
         "group 0 has no setting 'momentum'(.|\n)*Try: lr, weight_decay"),
        ({"parameters": []}, r"takes a list of groups(.|\n)*Try: \[group\]"),
    ],
)  # fmt: skip
def test_groups_have_a_form(groups, words):
    with pytest.raises(TypeError, match=words):
        optim.SGD(groups)


def test_only_parameters_can_be_learned():
    with pytest.raises(
        TypeError, match=r"got \(3,\) float64, of type ndarray, which is not a Parameter"
    ):
        optim.SGD([np.ones(3)])
    with pytest.raises(TypeError, match=r"not the Linear itself(.|\n)*model\.parameters\(\)"):
        optim.SGD(nn.Linear(2, 2))
    with pytest.raises(TypeError, match="takes a list of parameters"):
        optim.SGD(nn.Parameter([1.0]))
    with pytest.raises(ValueError, match=r"got no parameters(.|\n)*not plain arrays"):
        optim.SGD(nn.Tanh().parameters())


def test_a_step_without_any_gradient_is_refused_and_not_counted():
    optimizer = optim.SGD([nn.Parameter([1.0])])
    with pytest.raises(RuntimeError, match="none of the 1 parameters has a gradient"):
        optimizer.step()
    assert optimizer.t == 0
