"""What all optimizers share: groups, decay, clipping, accumulation, constraints, learning rates."""

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.optim.flat_parameters import CHUNK

# ------------------------------------------------------------------------- one is a special case of


def test_special_cases(stepped, draw):
    start, gradients = draw([(3, 4), (4,), (5, 2)], 20)
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
        ours, theirs = stepped(make, start, gradients), stepped(other, start, gradients)
        for x, y in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(x, y, rtol=0, atol=1e-10)


# ------------------------------------------------------------------------ an optimizer of one's own


class Momentum(optim.Optimizer):
    """v ← μ v - lr g,   w ← w + v"""

    states = ("v",)

    def __init__(self, parameters, lr=0.01, *, momentum=0.9, **settings):
        self.momentum = momentum
        super().__init__(parameters, lr, **settings)

    def update(self, w, g, lr, v):
        v *= self.momentum
        v -= lr * g
        w += v


class PlainAdam(optim.Optimizer):
    """m ← m + (1 - β₁)(g - m),   v ← v + (1 - β₂)(g² - v),   w ← w - lr α m / (√v + ε)"""

    states = ("m", "v")

    def prepare_step(self):
        self.alpha = np.sqrt(1 - 0.999**self.t) / (1 - 0.9**self.t)

    def update(self, w, g, lr, m, v):
        m += (1 - 0.9) * (g - m)
        v += (1 - 0.999) * (g * g - v)
        w -= lr * self.alpha * m / (np.sqrt(v) + 1e-7)


COMMON = [
    {},
    {"weight_decay": 0.1, "clip_global_norm": 0.5},
    {"accumulate": 3, "clip_value": 0.5},
]


@pytest.mark.parametrize("settings", COMMON)
@pytest.mark.parametrize(
    ("own", "ours"),
    [
        (Momentum, lambda *p, **settings: optim.SGD(*p, momentum=0.9, **settings)),
        (PlainAdam, optim.Adam),
    ],
)
def test_a_plain_formula_makes_the_same_steps(own, ours, settings, stepped, draw):
    start, gradients = draw([(30, 20), (20,), (), (CHUNK + 3,)], 12)
    theirs = stepped(lambda p: own(p, 0.1, **settings), start, gradients)
    ours = stepped(lambda p: ours(p, 0.1, **settings), start, gradients)
    for x, y, before in zip(theirs, ours, start, strict=True):
        np.testing.assert_allclose(x, y, rtol=1e-14, atol=1e-15)
        assert np.abs(x - before).min() > 0


def test_an_optimizer_of_ones_own_has_all_that_the_others_have():
    def made(lr, **settings):
        p = nn.Parameter(np.ones(3, np.float32))
        optimizer = Momentum([{"parameters": [p], "lr": lr}], **settings)
        p.grad = np.ones(3, np.float32)
        optimizer.step()
        return optimizer, p

    optimizer, p = made(optim.schedules.Step(0.5, 1, 0.5), momentum=0.75)
    assert p.data.tolist() == [0.5] * 3 and p.dtype == np.float32
    assert repr(optimizer) == "Momentum(lr=0.01, momentum=0.75)"
    state = optimizer.state_dict()
    assert state["v.0"].tolist() == [-0.5] * 3 and state["v.0"].dtype == np.float32
    p.grad = np.ones(3, np.float32)
    optimizer.step()
    assert p.data.tolist() == [0.5 - 0.375 - 0.25] * 3
    optimizer.load_state_dict(state)
    optimizer.step()
    assert p.data.tolist() == [-0.125 - 0.375 - 0.25] * 3
    with pytest.raises(
        TypeError, match=r"Momentum has no argument 'betas'(.|\n)*momentum, weight_"
    ):
        Momentum([p], betas=(0.9, 0.9))


def test_whole_parameters_have_their_shapes():
    seen = []

    class Watching(optim.Optimizer):
        per_parameter = True
        states = ("s",)

        def update(self, w, g, lr, s):
            seen.append((w.shape, g.shape, s.shape, self.scratch.shape))
            w -= lr * g

    shapes = [(2, 3), (4,), ()]
    parameters = [nn.Parameter(np.ones(shape)) for shape in shapes]
    optimizer = Watching(parameters, 0.5)
    for p in parameters:
        p.grad = np.ones(p.shape)
    optimizer.step()
    assert seen == [(shape,) * 4 for shape in shapes]
    assert all((p.data == 0.5).all() for p in parameters)


def test_a_numpy_number_as_learning_rate_keeps_the_precision():
    """A float64 times a float32 array would be a float64 array."""
    seen = []

    class Watching(optim.Optimizer):
        def update(self, w, g, lr):
            seen.append((lr * g).dtype)

    p = nn.Parameter(np.ones(2, np.float32))
    p.grad = np.ones(2, np.float32)
    for lr in (np.float64(0.5), lambda t: np.float64(0.5)):
        Watching([p], lr).step()
    assert seen == [np.float32, np.float32]


def test_a_base_without_a_formula_says_so():
    p = nn.Parameter([1.0])
    p.grad = np.ones(1)
    with pytest.raises(NotImplementedError):
        optim.Optimizer([p], 0.1).step()


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
@pytest.mark.parametrize("bad", [np.inf, np.nan])
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


@pytest.mark.parametrize(("size", "dtype"), [
    (1e30, np.float32), (1e-30, np.float32), (1e200, np.float64), (1e-200, np.float64), (6e4, np.float16),
])  # fmt: skip
@pytest.mark.parametrize("clip", ["clip_norm", "clip_global_norm"])
def test_clipping_does_not_depend_on_the_squares_of_the_gradient(size, dtype, clip):
    p = nn.Parameter(np.zeros(2, dtype))
    limit = size / 10
    p.grad = np.array([0.6 * size, -0.8 * size], dtype)
    optim.SGD([p], 1 / limit, **{clip: limit}).step()
    np.testing.assert_allclose(p.data, [-0.6, 0.8], rtol=1e-3)


# ------------------------------------------------------------------------------------------- float16

EVERY = ["SGD", "Adam", "AdamW", "Nadam", "Adamax", "LAMB", "Adagrad", "RMSprop", "Adadelta", "Adafactor",
         "Ftrl", "Lion", "Muon", "ScheduleFreeAdamW"]  # fmt: skip


@pytest.mark.parametrize("size", [1e-4, 1.0, 3e2])
@pytest.mark.parametrize("name", EVERY)
def test_steps_of_float16_parameters_are_those_of_float32(name, size):
    """Squares of 1e-4 and an ε of 1e-8 are 0 in float16, and the square of 300 is infinite."""
    rng = np.random.default_rng(0)
    start, gradients = rng.normal(size=(6, 5)), size * rng.normal(size=(5, 6, 5))
    made = {}
    for dtype in (np.float16, np.float32):
        p = nn.Parameter(start.astype(np.float16).astype(dtype))
        optimizer = getattr(optim, name)([p], 0.01)
        for g in gradients:
            p.grad = g.astype(np.float16).astype(dtype)
            optimizer.step()
        made[dtype] = p.data
        assert p.dtype == dtype
        states = [s for s in optimizer.state_dict().values() if isinstance(s, np.ndarray)]
        assert all(s.dtype == np.float32 for s in states)
    # Weights of 1 to 4 are rounded to multiples of 1/1024 to 1/512 after each of five steps.
    np.testing.assert_allclose(made[np.float16], made[np.float32], rtol=3e-3, atol=5e-3)
    if name not in ("SGD", "Adagrad", "Adadelta"):  # which may move by less than a rounding here
        assert np.abs(made[np.float32] - start).max() > 1e-3


def test_adam_in_float16_takes_steps_of_its_learning_rate():
    p = nn.Parameter(np.ones(1, np.float16))
    optimizer = optim.Adam([p], lr=1e-3)
    for _ in range(3):
        optimizer.zero_grad()
        (p * np.float16(1e-4)).sum().backward()
        optimizer.step()
    assert abs(float(p.data[0]) - 0.997) < 5e-4


def test_accumulated_float16_gradients_do_not_overflow():
    p = nn.Parameter(np.zeros(1, np.float16))
    optimizer = optim.SGD([p], 1e-4, accumulate=4)
    for _ in range(4):
        p.grad = np.array([5e4], np.float16)
        optimizer.step()
    assert abs(float(p.data[0]) + 5) < 0.01


@pytest.mark.filterwarnings("ignore:.*got no gradient in two steps")
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
    p.grad = np.array([np.inf])
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
    p.grad = np.ones(1)
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


def test_an_optimizer_shows_its_settings():
    p = nn.Parameter([1.0])
    assert repr(optim.SGD([p], momentum=0.5)) == "SGD(lr=0.01, momentum=0.5, nesterov=False)"
    assert repr(optim.Adam([p])) == ("Adam(lr=0.001, betas=(0.9, 0.999), eps=1e-07, amsgrad=False)")

    shown = repr(optim.AdamW([p], optim.schedules.Cosine(0.1, 9), accumulate=2))
    assert shown == (
        "AdamW(lr=Cosine(lr=0.1, steps=9, alpha=0.0), weight_decay=0.004, betas=(0.9, 0.999), "
        "eps=1e-07, amsgrad=False, accumulate=2)"
    )


def test_a_step_without_any_gradient_is_refused_and_not_counted():
    optimizer = optim.SGD([nn.Parameter([1.0])])
    with pytest.raises(RuntimeError, match="none of the 1 parameters has a gradient"):
        optimizer.step()
    assert optimizer.t == 0
