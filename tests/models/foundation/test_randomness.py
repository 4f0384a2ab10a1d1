"""Generators from what random_state may be."""

import warnings

import numpy as np
import pytest

import models
from models.foundation.randomness import generator, random_state, without_repetition

EVERY = [getattr(models, name) for name in models.__all__]
RANDOM = [kind for kind in EVERY if "random_state" in kind._parameters]


def test_a_generator_of_a_seed_is_that_of_numpy():
    assert generator(7).random() == np.random.default_rng(7).random()
    rng = np.random.default_rng(0)
    assert generator(rng) is rng


def test_a_generator_of_a_random_state_goes_on_with_its_stream():
    old, same = np.random.RandomState(3), np.random.RandomState(3)
    new = generator(old)
    expected = np.random.Generator(same._bit_generator)
    np.testing.assert_array_equal(new.random(5), expected.random(5))
    assert (
        old.random_sample() == same.random_sample()
    )  # what is drawn from one is gone from the other


def test_the_older_generator():
    old = np.random.RandomState(3)
    assert random_state(old) is old
    assert random_state(3).rand() == np.random.RandomState(3).rand()
    assert random_state(None) is np.random.mtrand._rand
    rng = np.random.default_rng(1)
    assert random_state(rng).rand() != random_state(rng).rand()
    with pytest.raises(ValueError, match="-1 cannot be used to seed"):
        random_state(-1)


@pytest.mark.parametrize("population, number", [(10, 5), (1000, 3), (10, 10), (5, 0)])
def test_without_repetition(population, number):
    found = without_repetition(population, number, np.random.RandomState(0))
    assert len(set(found)) == len(found) == number and set(found) <= set(range(population))


def _is_array(x):
    return isinstance(x, np.ndarray) and x.dtype.kind in "biuf"


@pytest.mark.parametrize("kind", RANDOM, ids=lambda kind: kind.__name__)
def test_every_estimator_takes_a_random_state(kind):
    """The same one gives the same fit, and it stays the parameter that was given."""
    estimator, X, y = next(iter(kind.examples(np.random.default_rng(0))))
    given = np.random.RandomState(0), np.random.RandomState(0)
    learned = []
    for random in given:
        model = estimator.set_params(random_state=random)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of rounds that do not suffice
            model.fit(X, y)
        assert model.random_state is random
        learned.append({n: x for n, x in vars(model).items() if _is_array(x)})
    assert learned[0].keys() == learned[1].keys()
    for name, x in learned[0].items():
        np.testing.assert_array_equal(x, learned[1][name], name)
