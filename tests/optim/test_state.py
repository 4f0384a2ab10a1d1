"""The state of optimizers and schedules: saved, loaded, and continued as if nothing had happened."""

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.optim import schedules

MAKERS = {
    "SGD": lambda p: optim.SGD(p, 0.1, momentum=0.9),
    "RMSprop": lambda p: optim.RMSprop(p, momentum=0.5, centered=True),
    "Adagrad": optim.Adagrad,
    "Adadelta": optim.Adadelta,
    "Adam": lambda p: optim.Adam(p, 0.1),
    "AMSGrad": lambda p: optim.Adam(p, 0.1, amsgrad=True),
    "Nadam": lambda p: optim.Nadam(p, 0.1),
    "Adamax": optim.Adamax,
    "Lion": optim.Lion,
    "LAMB": optim.LAMB,
    "Muon": optim.Muon,
    "Adafactor": optim.Adafactor,
    "Ftrl": lambda p: optim.Ftrl(p, 0.1, l1=0.01),
    "ScheduleFreeAdamW": lambda p: optim.ScheduleFreeAdamW(p, accumulate=2),
    "accumulating": lambda p: optim.Adam(p, schedules.Cosine(0.1, 20), accumulate=3),
    "groups": lambda p: optim.AdamW(
        [{"parameters": p[:1], "lr": 0.5}, {"parameters": p[1:], "weight_decay": 0}]
    ),
    "plateau": lambda p: optim.SGD(p, schedules.ReduceOnPlateau(0.5, patience=2)),
    "warm plateau": lambda p: optim.SGD(
        p, schedules.Warmup(schedules.ReduceOnPlateau(0.5, patience=2), 3)
    ),
}


def train(model, optimizer, steps, seed):
    rng = np.random.default_rng(seed)
    for i in range(steps):
        optimizer.zero_grad()
        x, y = rng.normal(size=(4, 3)), rng.integers(0, 2, 4)
        (nn.cross_entropy(model(x), y)).backward()
        optimizer.step()
        schedule = getattr(optimizer.lr, "after", optimizer.lr)
        if hasattr(schedule, "observe"):
            schedule.observe(float(i > 1))


def network(seed=0):
    return nn.Sequential(
        nn.Linear(3, 4, rng=seed), nn.Tanh(), nn.Linear(4, 2, rng=seed + 1, dtype=np.float64)
    )


@pytest.mark.parametrize("name", MAKERS)
@pytest.mark.parametrize("through_file", [False, True])
def test_training_goes_on_bit_for_bit(name, through_file, tmp_path):
    model = network()
    optimizer = MAKERS[name](model.parameters())
    train(model, optimizer, 7, seed=1)
    state, weights = optimizer.state_dict(), model.state_dict()
    if through_file:
        np.savez(tmp_path / "state.npz", **state)
        state = dict(np.load(tmp_path / "state.npz"))
    train(model, optimizer, 8, seed=2)

    other = network(seed=5)
    its = MAKERS[name](other.parameters())
    train(other, its, 2, seed=3)
    other.load_state_dict(weights)
    its.load_state_dict(state)
    train(other, its, 8, seed=2)
    for p, q in zip(model.parameters(), other.parameters(), strict=True):
        assert np.array_equal(p.data, q.data)
    assert str(optimizer.state_dict()) == str(its.state_dict())


def test_a_state_is_flat_and_a_copy():
    p = nn.Parameter(np.ones((2, 3), np.float32))
    optimizer = optim.Adam([p], 0.5)
    state = optimizer.state_dict()
    p.grad = np.ones((2, 3), np.float32)
    optimizer.step()
    assert list(state) == ["optimizer", "t", "calls", "lr", "m.0", "v.0"]
    assert (state["optimizer"], state["t"], state["lr"]) == ("Adam", 0, 0.5)
    assert state["m.0"].shape == (2, 3) and not state["m.0"].any()
    optimizer.lr = 0.25
    optimizer.load_state_dict(state)
    assert optimizer.lr == 0.5 and optimizer.t == 0 and not optimizer.state_dict()["m.0"].any()


def test_every_difference_is_told_and_nothing_loaded():
    def made(shape=(2,), dtype=np.float64, **settings):
        optimizer = optim.Adam([nn.Parameter(np.ones(shape, dtype))], 0.5, **settings)
        optimizer.parameters[0].grad = np.ones(shape, dtype)
        optimizer.step()
        return optimizer

    optimizer = made()
    before = str(optimizer.state_dict())
    good = optimizer.state_dict()
    for state, words in [
        (made((3,)).state_dict(), [r"m.0 is (3,) float64, here (2,) float64", "v.0 is (3,)"]),
        (made(dtype=np.float32).state_dict(), ["m.0 is (2,) float32, here (2,) float64"]),
        (made(amsgrad=True).state_dict(), ["largest.0 has no place in it"]),
        (optim.Nadam([nn.Parameter(np.ones(2))]).state_dict(),
         ["optimizer is 'Nadam', here 'Adam'", "product has no place"]),
        (optim.SGD([nn.Parameter(np.ones(2))], lambda t: 1.0).state_dict(),
         ["m.0 is missing", "v.0 is missing", "lr is missing"]),
        (good | {"t": -1}, ["t is -1, here a whole number"]),
        (good | {"t": 1.5}, ["t is 1.5, here a whole number"]),
        (good | {"t": np.ones(2)}, ["t is array([1., 1.]), here a whole number"]),
        (good | {"lr": 0.0}, ["lr is 0.0, here a positive number"]),
        (good | {"lr": "fast"}, ["lr is 'fast', here a positive number"]),
        ({}, ["optimizer is missing", "t is missing", "calls is missing", "lr is missing"]),
    ]:  # fmt: skip
        with pytest.raises(
            ValueError, match="the state is not of this Adam; nothing was loaded"
        ) as error:
            optimizer.load_state_dict(state)
        for word in words:
            assert word in str(error.value)
        assert str(optimizer.state_dict()) == before
    with pytest.raises(ValueError, match="'run.npz' is not of this Adam"):
        optimizer.load_state_dict({}, "'run.npz'")


def test_the_state_of_a_plateau_is_checked():
    schedule = schedules.ReduceOnPlateau(0.5)
    with pytest.raises(ValueError, match=r"not of this schedule(.|\n)*best is nan, here a number"):
        schedule.load_state_dict(schedule.state_dict() | {"best": np.nan, "lr": 0.1})
    assert schedule(0) == 0.5
