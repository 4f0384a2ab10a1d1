"""Slips in a training loop by hand: each is refused or warned of once, at the user's line."""

import copy
import pickle
import warnings

import numpy as np
import pytest

from tinygrad_edu import nn, no_grad, optim

X = np.random.default_rng(0).normal(size=(20, 4)).astype(np.float32)
Y = 2 * X[:, :1]


def made(make=optim.SGD, **settings):
    model = nn.Sequential(nn.Linear(4, 8, rng=0), nn.Tanh(), nn.Linear(8, 1, rng=1))
    return model, make(model.parameters(), lr=0.01, **settings)


def loss_of(model):
    return nn.mse(model(X), Y)


def warned(loop, steps=5):
    """The texts of the warnings of a loop that takes some steps."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        for _ in range(steps):
            loop()
    return [str(w.message) for w in caught]


@pytest.mark.parametrize("make", [optim.SGD, optim.Adam, optim.LAMB])
@pytest.mark.parametrize("settings", [{}, {"accumulate": 2}])
def test_gradients_that_add_up_are_warned_of_once(make, settings):
    model, optimizer = made(make, **settings)

    def loop():
        loss_of(model).backward()
        optimizer.step()

    (text,) = warned(loop)
    assert "backward() has added the gradients to those of the step before" in text
    assert "test_slips.py" in text and "optimizer.step()" in text
    assert "Try: optimizer.zero_grad() before each loss.backward()" in text


def test_a_loop_in_any_good_order_is_not_warned_of():
    model, optimizer = made()

    def first():
        optimizer.zero_grad()
        loss_of(model).backward()
        optimizer.step()

    def last():
        loss_of(model).backward()
        optimizer.step()
        optimizer.zero_grad()

    def by_hand():
        for p in model.parameters():
            p.grad = None
        loss_of(model).backward()
        optimizer.step()

    def in_place():
        for p in model.parameters():
            if p.grad is not None:
                p.grad[...] = 0
        loss_of(model).backward()
        optimizer.step()

    def two_losses():
        optimizer.zero_grad()
        loss_of(model).backward()
        loss_of(model).backward()
        optimizer.step()

    def clipped():
        optimizer.zero_grad()
        loss_of(model).backward()
        for p in model.parameters():
            p.grad *= 0.5
        optimizer.step()

    for loop in (first, last, by_hand, in_place, two_losses, clipped):
        optimizer.zero_grad()
        assert warned(loop) == []


@pytest.mark.parametrize("settings", [{}, {"accumulate": 2}])
def test_two_steps_with_the_same_gradients_are_warned_of_once(settings):
    model, optimizer = made(**settings)

    def loop():
        optimizer.zero_grad()
        loss_of(model).backward()
        optimizer.step()
        optimizer.step()

    (text,) = warned(loop)
    assert (
        "SGD.step(): no backward() since the step before, whose gradients it uses once more" in text
    )
    assert (
        "test_slips.py" in text and "Try: one optimizer.step() after each loss.backward()" in text
    )


def test_gradients_that_are_given_anew_are_new():
    p = nn.Parameter(np.ones(2))
    optimizer = optim.SGD([p])
    p.grad = np.array([3.0, 4.0])

    def assigned():
        p.grad = np.array([3.0, 4.0])
        optimizer.step()

    def written():
        p.grad[...] = [5.0, 6.0]
        optimizer.step()

    assert warned(assigned) == []
    optimizer = optim.SGD([p])
    assert warned(written) == []


def test_an_optimizer_that_is_made_in_the_loop_is_warned_of_once():
    model, _ = made()

    def loop(make=optim.Adam):
        optimizer = make(model.parameters(), lr=0.01)
        optimizer.zero_grad()
        loss_of(model).backward()
        optimizer.step()

    (text,) = warned(loop)
    assert "Adam(lr=0.01" in text and "takes its first step, as two before it" in text
    assert "forgotten its m, v of" in text and "test_slips.py" in text
    assert "Try: one optimizer, made before the loop" in text
    assert warned(lambda: loop(optim.SGD)) == []  # has nothing to forget


def test_optimizers_of_several_steps_of_other_models_or_of_other_settings_are_no_slip():
    model, _ = made()
    rates = iter(range(1, 10))

    def two_steps():
        optimizer = optim.Adam(model.parameters())
        for _ in range(2):
            optimizer.zero_grad()
            loss_of(model).backward()
            optimizer.step()

    def another_rate():
        optimizer = optim.Adam(model.parameters(), lr=next(rates) / 1000)
        optimizer.zero_grad()
        loss_of(model).backward()
        optimizer.step()

    def another_model():
        model, optimizer = made(optim.Adam)
        loss_of(model).backward()
        optimizer.step()

    for loop in (two_steps, another_rate, another_model):
        assert warned(loop) == []


def test_a_loop_without_step_is_warned_of_once():
    model, optimizer = made()

    def loop():
        optimizer.zero_grad()
        loss_of(model).backward()

    assert warned(loop, steps=20) == []  # such as gradients that are looked at
    (text,) = warned(loop, steps=50)
    assert "SGD.zero_grad() has forgotten gradients 20 times in a row, and no step has used" in text
    assert "test_slips.py" in text and "Try: optimizer.step() after loss.backward()" in text
    optimizer.step()
    assert warned(loop, steps=20) == []


def test_two_optimizers_may_use_the_same_gradients():
    model, optimizer = made()
    other = optim.Adam(model.parameters())

    def loop():
        optimizer.zero_grad()
        loss_of(model).backward()
        optimizer.step()
        other.step()

    assert warned(loop) == []


def test_a_used_gradient_is_an_array_as_before():
    p = nn.Parameter(np.ones(2))
    optimizer = optim.SGD([p])
    p.grad = np.array([3.0, 4.0])
    optimizer.step()
    assert repr(p.grad) == "array([3., 4.])" and p.grad.tolist() == [3, 4]
    np.testing.assert_array_equal(p.grad + np.ones(2), [4, 5])


def test_zero_grad_between_backward_and_step():
    model, optimizer = made()
    loss_of(model).backward()
    optimizer.zero_grad()
    words = r"has a gradient: zero_grad\(\) has forgotten(.|\n)*optimizer\.zero_grad\(\), loss\.backward\(\)"
    with pytest.raises(RuntimeError, match=words) as error:
        optimizer.step()
    assert "test_slips.py" in str(error.value)


@pytest.mark.parametrize("after", [0, 1])
def test_a_step_without_backward(after):
    model, optimizer = made()
    for _ in range(after):
        loss_of(model).backward()
        optimizer.step()
    optimizer.zero_grad()
    loss_of(model)
    with pytest.raises(
        RuntimeError, match=r"4 parameters has a gradient\.\n(.|\n)*Try: loss\.backward\(\) before"
    ):
        optimizer.step()


def test_the_loss_of_another_model():
    (_, optimizer), (other, _) = made(), made()
    loss_of(other).backward()
    with pytest.raises(RuntimeError, match="computed from these very parameters"):
        optimizer.step()


def test_a_layer_that_was_replaced_after_the_optimizer_was_made():
    model, optimizer = made()
    model.layers[2] = nn.Linear(8, 1, rng=2)

    def loop():
        optimizer.zero_grad()
        loss_of(model).backward()
        optimizer.step()

    (text,) = warned(loop)
    assert (
        "2 of 4 parameters got no gradient in two steps, and do not change: W (8, 1) float32, b (1,)"
        in text
    )
    assert "an optimizer made after the last layer was replaced" in text and "test_slips.py" in text


def test_a_graph_that_is_cut_in_the_middle():
    model, optimizer = made()

    def loop():
        optimizer.zero_grad()
        hidden = model[0](X).detach()
        nn.mse(model[2](np.tanh(hidden)), Y).backward()
        optimizer.step()

    (text,) = warned(loop)
    assert (
        "do not change: W (4, 8) float32, b (8,) float32" in text
        and "without detach() or .data" in text
    )


def test_frozen_parameters_and_those_of_some_steps_are_no_slip():
    model, optimizer = made()
    model[0].freeze()
    turns = iter(range(5))

    def loop():
        optimizer.zero_grad()
        loss_of(model).backward()
        if next(turns) % 2:
            model[2].b.grad = None
        optimizer.step()

    assert warned(loop) == []


def test_the_graph_is_gone_after_backward_and_without_recording():
    model, optimizer = made()
    loss = loss_of(model)
    loss.backward()
    with pytest.raises(
        RuntimeError, match=r"was freed by an earlier backward(.|\n)*compute the loss again"
    ):
        loss.backward()
    with no_grad():
        loss = loss_of(model)
    with pytest.raises(RuntimeError, match=r"look for no_grad\(\)"):
        loss.backward()
    total = 0.0
    for _ in range(2):
        loss = loss_of(model)
        total = total + loss
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    with pytest.raises(RuntimeError, match="was freed by an earlier backward"):
        total.backward()


def test_a_model_that_changed_its_precision():
    model, optimizer = made()
    model.astype(np.float64)
    loss_of(model).backward()
    with pytest.raises(ValueError, match="a new optimizer after changing the model"):
        optimizer.step()


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("param_groups", r"optimizer\.groups"),
        ("minimize", r"optimizer\.zero_grad\(\), loss\.backward\(\), optimizer\.step\(\)"),
        ("apply_gradients", r"optimizer\.zero_grad\(\)"),
        ("zerograd", "zero_grad"),
        ("iterations", r"optimizer\.t"),
    ],
)
def test_what_others_call_otherwise_is_answered(name, hint):
    _, optimizer = made()
    with pytest.raises(AttributeError, match=rf"optimizer SGD has no {name}\.(.|\n)*Try: {hint}"):
        getattr(optimizer, name)


def test_a_schedule_is_not_stepped():
    schedule = optim.schedules.Cosine(0.1, 10)
    with pytest.raises(
        AttributeError, match=r"schedule Cosine has no step\.(.|\n)*optimizer\.step\(\) calls the"
    ):
        schedule.step()
    assert copy.deepcopy(schedule)(5) == pickle.loads(pickle.dumps(schedule))(5) == schedule(5)


def test_the_learning_rate_by_its_long_name():
    _, optimizer = made()
    optimizer.learning_rate = 0.5
    assert optimizer.lr == optimizer.learning_rate == 0.5
    with pytest.raises(ValueError, match="lr must be a positive number, not -1"):
        optimizer.learning_rate = -1
