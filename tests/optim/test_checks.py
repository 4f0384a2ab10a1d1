"""What optimizers refuse, and in which words."""

import numpy as np
import pytest

from tinygrad_edu import nn, optim


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


def test_what_holds_parameters_but_is_no_list_of_them():
    model = nn.Linear(2, 3)
    with pytest.raises(
        TypeError, match=r"SGD got \('W'(.|\n)*Try: model.parameters\(\), without names"
    ):
        optim.SGD(model.named_parameters(), lr=0.1)
    with pytest.raises(
        TypeError, match=r"not a dict of \['W', 'b'\](.|\n)*SGD\(model.parameters\(\)\)"
    ):
        optim.SGD(model.state_dict(), lr=0.1)


SQUARING = [
    optim.Adam, optim.AdamW, optim.Nadam, optim.LAMB, optim.RMSprop, optim.Adagrad, optim.Adadelta,
    optim.Adafactor, optim.Ftrl, optim.ScheduleFreeAdamW,
]  # fmt: skip


@pytest.mark.parametrize("make", SQUARING)
@pytest.mark.parametrize(("dtype", "large"), [("f", 1e25), ("e", 1e25), ("d", 1e200)])
def test_a_gradient_whose_square_overflows_is_refused(make, dtype, large):
    p = nn.Parameter(np.ones((2, 2), dtype), name="W")
    optimizer = make([p], weight_decay=0.1)
    p.grad = np.array([[1.0, 2.0], [-large, 3.0]])
    with pytest.raises(
        FloatingPointError,
        match=r"gradient of W \(2, 2\)(.|\n)*Nothing was changed(.|\n)*clip_norm=1",
    ):
        optimizer.step()
    assert (p.data == 1).all() and optimizer.t == 0


def test_a_gradient_whose_square_overflows_is_right_where_it_can_be():
    g = np.array([[1e25, -1e25], [2e25, -3e24]], "f")
    signs = np.sign(g)
    for make, step in (
        (optim.Lion, signs),
        (optim.Adamax, signs),
        (lambda p, lr: optim.Adam(p, lr, clip_norm=1.0), signs),
        (lambda p, lr: optim.Adam(p, lr, clip_global_norm=1.0), signs),
        (lambda p, lr: optim.Adam(p, lr, clip_value=1.0), signs),
        (lambda p, lr: optim.SGD(p, lr, clip_norm=1.0), g / np.linalg.norm(g.astype(float))),
    ):
        p = nn.Parameter(np.zeros((2, 2), "f"))
        p.grad = g
        make([p], 0.01).step()
        np.testing.assert_allclose(p.data, -0.01 * step, rtol=1e-4)


@pytest.mark.parametrize("number", [60_000, 1e-4, 6e-8])
def test_float16_gradients_are_clipped_in_float32(number):
    p = nn.Parameter(np.zeros(100, np.float16))
    p.grad = np.full(100, number, np.float16)
    optim.SGD([p], 1.0, clip_norm=1e-4).step()
    expected = -min(1e-5, float(np.float16(number)))
    np.testing.assert_allclose(p.data, expected, atol=6e-8)
