"""The number of threads of NumPy's matrix products follows their size, the processors, and the user."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest

from tinygrad_edu import blas, nn
from tinygrad_edu.optim import SGD
from tinygrad_edu.training import Callback, Trainer


class Fake:
    """A library that notes what it is told."""

    def __init__(self, number=8):
        self.number, self.told = number, []

    def set(self, number):
        self.number = number
        self.told.append(number)

    def get(self):
        return self.number


@pytest.fixture
def fake(monkeypatch):
    made = Fake()
    monkeypatch.setattr(blas, "library", lambda: made)
    monkeypatch.setattr(blas, "processors", lambda: 4)
    for name in blas.VARIABLES:
        monkeypatch.delenv(name, raising=False)
    return made


def trained(size, **settings):
    model = nn.Sequential(nn.Linear(size, size, rng=0), nn.ReLU(), nn.Linear(size, 2, rng=1))
    trainer = Trainer(model, nn.cross_entropy, SGD(model.parameters(), 0.01))
    x = np.random.default_rng(0).normal(size=(64, size)).astype(np.float32)
    trainer.fit(x, (x[:, 0] > 0).astype(int), batch_size=64, progress=False, **settings)


def test_small_products_get_one_thread_and_large_ones_the_processors(fake):
    trained(16)
    assert fake.told == [1, 8]  # and then as before
    fake.told.clear()
    trained(600)  # 64 · 600 · 600 multiply-adds
    assert fake.told == [4, 8]


def test_the_number_is_restored_after_an_error(fake):
    class Fails(Callback):
        def on_batch_end(self, batch):
            raise ArithmeticError

    with pytest.raises(ArithmeticError):
        trained(16, callbacks=[Fails()])
    assert fake.told == [1, 8]


def test_what_the_user_has_set_stays(fake, monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    trained(16)
    assert fake.number == 8 and 1 not in fake.told


def test_a_step_outside_of_fit_changes_nothing(fake):
    model = nn.Linear(4, 2, rng=0)
    trainer = Trainer(model, nn.cross_entropy, SGD(model.parameters(), 0.01))
    trainer.train_step(np.ones((3, 4), np.float32), np.array([0, 1, 1]))
    assert not fake.told


def test_fits_nest_and_threads_have_choices_of_their_own(fake):
    with blas.chosen_threads():
        trained(16)
        assert fake.number == 8
        blas.choose_threads(1)
        assert fake.number == 1
        other = threading.Thread(target=blas.choose_threads, args=(1e9,))
        other.start()
        other.join()
        assert fake.number == 1
    assert fake.number == 8


def test_blas_threads_is_a_context(fake):
    with pytest.raises(KeyError), blas.blas_threads(2):
        assert fake.number == 2
        raise KeyError
    assert fake.number == 8
    with blas.blas_threads(None):
        assert fake.number == 8


def test_without_a_known_library_nothing_happens(monkeypatch):
    monkeypatch.setattr(blas, "library", lambda: None)
    with blas.blas_threads(1), blas.chosen_threads():
        blas.choose_threads(1)
    trained(16)


@pytest.mark.parametrize(
    ("files", "allowed", "expected"),
    [
        ({}, 6, 6),
        ({"cpu.max": "max 100000"}, 6, 6),
        ({"cpu.max": "250000 100000"}, 6, 2),
        ({"cpu.max": "50000 100000"}, 6, 1),
        ({"cpu.max": "800000 100000"}, 6, 6),
        ({"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, 3, 3),
        ({"cpu/cpu.cfs_quota_us": "300000", "cpu/cpu.cfs_period_us": "100000"}, 6, 3),
        ({"cpu.max": "nonsense"}, 6, 6),
    ],
)
def test_processors_are_those_of_the_container(files, allowed, expected, monkeypatch):
    def read(name):
        if name not in files:
            raise FileNotFoundError(name)
        return files[name]

    monkeypatch.setattr(blas, "_read", read)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(allowed)), raising=False)
    assert blas.processors() == expected


REAL = """
import ctypes
import numpy as np
from tinygrad_edu import blas, blas_threads

here = blas.library()
if here is None:
    print("none")
else:
    before = here.get()
    with blas_threads(1):
        inside = here.get()
    print(before, inside, here.get())
"""


def test_the_library_of_numpy_is_found():
    environment = {k: v for k, v in os.environ.items() if k not in blas.VARIABLES}
    done = subprocess.run(
        [sys.executable, "-c", REAL], env=environment, capture_output=True, text=True, check=True
    )
    if done.stdout.strip() == "none":
        pytest.skip("NumPy has no OpenBLAS here")
    before, inside, after = map(int, done.stdout.split())
    assert inside == 1 and before == after >= 1
