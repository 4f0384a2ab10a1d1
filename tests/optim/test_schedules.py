"""Schedules against closed forms and PyTorch; against Keras in test_keras_optimizers.py."""

import numpy as np
import pytest

from tinygrad_edu.optim.schedules import (
    Cosine,
    CosineRestarts,
    Exponential,
    InverseTime,
    OneCycle,
    PiecewiseConstant,
    Polynomial,
    ReduceOnPlateau,
    Schedule,
    Step,
    Warmup,
)


def test_values_that_can_be_told():
    cases = {
        Exponential(8.0, 10, 0.25): {0: 8, 5: 4, 10: 2, 20: 0.5},
        Step(8.0, 10, 0.25): {0: 8, 9: 8, 10: 2, 19: 2, 20: 0.5},
        InverseTime(8.0, 10): {0: 8, 10: 4, 30: 2},
        PiecewiseConstant((3, 5), (1.0, 2.0, 4.0)): {0: 1, 3: 1, 4: 2, 5: 2, 6: 4, 99: 4},
        Polynomial(9.0, 10, end=1.0): {0: 9, 5: 5, 10: 1, 50: 1},
        Polynomial(9.0, 10, end=1.0, power=2): {5: 3},
        Polynomial(9.0, 10, end=1.0, cycle=True): {10: 1, 11: 1 + 8 * 9 / 20, 20: 1},
        Cosine(8.0, 12): {0: 8, 4: 6, 6: 4, 8: 2, 12: 0, 20: 0},
        Cosine(8.0, 12, alpha=0.5): {0: 8, 6: 6, 12: 4, 99: 4},
        CosineRestarts(8.0, 10, lower=0.5): {0: 8, 5: 4, 10: 4, 20: 2, 30: 2, 50: 1, 70: 1},
        CosineRestarts(8.0, 10, longer=1, lower=0.5): {10: 4, 15: 2, 20: 2, 30: 1},
        CosineRestarts(1.0, 1, longer=10): {0: 1, 1: 1, 11: 1, 111: 1, 1111: 1},
        Warmup(8.0, 4): {0: 0, 1: 2, 4: 8, 9: 8},
        Warmup(Cosine(8.0, 12), 4, start=4.0): {0: 4, 2: 6, 4: 8, 10: 4, 16: 0},
        Warmup(Warmup(8.0, 2, 4.0), 2): {1: 2, 2: 4, 3: 6, 4: 8},
        OneCycle(8.0, 21, warm=11 / 21, rise=4, fall=2): {0: 2, 5: 5, 10: 8, 15: 4.5, 20: 1, 30: 1},
    }
    for schedule, values in cases.items():
        for t, wanted in values.items():
            assert schedule(t) == pytest.approx(wanted, rel=1e-14, abs=1e-15), (schedule, t)


def test_one_cycle_is_that_of_pytorch():
    """Printed by its OneCycleLR(optimizer, 0.1, total_steps=12), version 2.13; importing it takes long."""
    theirs = [
        0.0040000000000000036, 0.0349789654219583, 0.08792851591221287, 0.09944154354509119,
        0.09330129698414118, 0.0811745653949763, 0.06473789976951033, 0.046263710266697504,
        0.028306099820869922, 0.01334775301888306, 0.0034566987425395223, 4e-07,
    ]  # fmt: skip
    np.testing.assert_allclose([OneCycle(0.1, 12)(t) for t in range(12)], theirs, rtol=1e-9)


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (
            lambda: Exponential(0, 10, 0.5),
            r"Exponential\(lr=...\) must be a positive number, not 0",
        ),
        (lambda: Exponential(1, 0, 0.5), "must be a positive number of steps, not 0"),
        (lambda: Step(1, 10, -1), r"Step\(rate=...\) must be a positive number, not -1"),
        (lambda: InverseTime(1, "10"), r"InverseTime\(steps=...\) must be .*, not '10'"),
        (lambda: Polynomial(1, 10, end=-1), r"\(end=...\) must be 0 or more, not -1"),
        (lambda: Polynomial(1, 10, power=0), r"\(power=...\) must be a positive number, not 0"),
        (lambda: Cosine(1, 10, alpha=2), r"Cosine\(alpha=...\) must be from 0 to 1, not 2"),
        (lambda: CosineRestarts(1, 10, 0.5), r"\(longer=...\) must be 1 or more, not 0.5"),
        (
            lambda: CosineRestarts(1, 10, lower=0),
            r"\(lower=...\) must be above 0 and not above 1, not 0",
        ),
        (lambda: Warmup(1.0, 10, start=-1), r"\(start=...\) must be 0 or more, not -1"),
        (lambda: Warmup(0.0, 10), r"Warmup\(after=...\) must be a positive number, not 0.0"),
        (lambda: Warmup(1.0, 0), r"Warmup\(steps=...\) must be a positive number of steps"),
        (lambda: OneCycle(1, 10, warm=1), r"\(warm=...\) must be between 0 and 1, not 1"),
        (lambda: OneCycle(1, 10, rise=0.5), r"\(rise=...\) must be 1 or more, not 0.5"),
        (lambda: OneCycle(1, 10, fall=0), r"\(fall=...\) must be 1 or more, not 0"),
        (lambda: OneCycle(1, 3), "a share 0.3 of 3 steps leaves no step to rise in"),
        (lambda: PiecewiseConstant([1], [1.0]), "1 boundaries lie between 2 values, not 1"),
        (lambda: PiecewiseConstant([2, 1], [1.0, 1.0, 1.0]), r"boundaries \[2, 1\] must grow"),
        (lambda: PiecewiseConstant([2], [1.0, -1.0]), r"values\[1\]\) must be 0 or more, not -1.0"),
        (lambda: ReduceOnPlateau(0), "lr must be a positive number, not 0"),
        (lambda: ReduceOnPlateau(1, factor=1), "factor must be between 0 and 1, not 1"),
        (lambda: ReduceOnPlateau(1, patience=-1), "patience must be 0 or more, not -1"),
        (lambda: ReduceOnPlateau(1, min_delta=-1), "min_delta must be 0 or more, not -1"),
        (lambda: ReduceOnPlateau(1, cooldown=-1), "cooldown must be 0 or more, not -1"),
        (lambda: ReduceOnPlateau(1, min_lr=-1), "min_lr must be 0 or more, not -1"),
        (lambda: ReduceOnPlateau(1, mode="less"), 'mode must be "min" or "max", not \'less\''),
    ],
)
def test_settings_have_their_ranges(make, words):
    with pytest.raises(ValueError, match=words):
        make()


def test_a_schedule_without_a_formula_says_so():
    with pytest.raises(NotImplementedError):
        Schedule()(0)


def test_a_plateau_tells_what_it_does():
    schedule = ReduceOnPlateau(1.0, factor=0.5, patience=2)
    told = [schedule.observe(value) for value in (3.0, 2.0, 2.0, 2.0, 1.0, float("nan"), 1.0)]
    assert told == [False, False, False, True, False, False, True]
    assert schedule(99) == 0.25
    assert repr(schedule) == "ReduceOnPlateau(0.25, factor=0.5, patience=2)"
