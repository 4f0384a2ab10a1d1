"""Which number of threads is chosen, that it is put back, and that a user's own setting stays."""

import os
import threading

import numpy as np
import pytest

from tinygrad_edu import blas_threads, nn, optim
from tinygrad_edu.autodiff import history
from tinygrad_edu.blas_threads import LARGE, enough_for, one_thread, usable_processors
from tinygrad_edu.training import Callback, Trainer
from tinygrad_edu.training.first_batch import largest_product


class Fake:
    """A library that remembers its number of threads, on a machine with eight processors."""

    def __init__(self, threads=8):
        self.threads = threads

    def get(self):
        return self.threads

    def set(self, threads):
        self.threads = threads

    def processors(self):
        return 8


@pytest.fixture
def blas(monkeypatch):
    fake = Fake()
    monkeypatch.setattr(blas_threads, "loaded_library", lambda: fake)
    monkeypatch.setattr(blas_threads, "usable_processors", lambda: 3)
    for name in blas_threads.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    return fake


def test_one_thread_until_a_product_is_large(blas):
    with one_thread():
        assert blas.threads == 1
        enough_for(LARGE - 1)
        assert blas.threads == 1
        enough_for(LARGE)
        assert blas.threads == 3  # what may be used, not what the machine has
    assert blas.threads == 8
    enough_for(LARGE)  # outside of the context nothing happens
    assert blas.threads == 8


def test_it_is_put_back_after_an_error(blas):
    with pytest.raises(ZeroDivisionError), one_thread():
        raise ZeroDivisionError
    assert blas.threads == 8


def test_the_outermost_context_puts_it_back(blas):
    with one_thread():
        with one_thread():
            enough_for(LARGE)
        assert blas.threads == 3
    assert blas.threads == 8


def test_contexts_of_two_python_threads(blas):
    inside, leave = threading.Event(), threading.Event()

    def other():
        with one_thread():
            inside.set()
            leave.wait(10)

    thread = threading.Thread(target=other)
    thread.start()
    inside.wait(10)
    with one_thread():
        pass
    assert blas.threads == 1  # the other one is still inside
    leave.set()
    thread.join()
    assert blas.threads == 8


@pytest.mark.parametrize("name", blas_threads.SETTINGS)
def test_a_variable_of_the_environment_is_respected(blas, monkeypatch, name):
    monkeypatch.setenv(name, "8")
    with one_thread():
        assert blas.threads == 8


def test_a_number_set_in_the_program_is_respected(blas):
    blas.threads = 4  # as threadpoolctl does
    with one_thread():
        enough_for(LARGE)
        assert blas.threads == 4
    blas.threads = 8
    with one_thread():
        blas.threads = 2  # in a callback
        enough_for(LARGE)
    assert blas.threads == 2


def test_without_a_known_library_nothing_happens(monkeypatch):
    monkeypatch.setattr(blas_threads, "loaded_library", lambda: None)
    with one_thread():
        enough_for(LARGE)


def test_the_library_that_numpy_has_loaded(monkeypatch):
    library = blas_threads.loaded_library()
    if library is None:
        pytest.skip("NumPy uses no OpenBLAS")
    before = library.get()
    for name in blas_threads.SETTINGS:
        monkeypatch.delenv(name, raising=False)
    try:
        library.set(library.processors())
        with one_thread():
            assert library.get() == 1
        assert library.get() == library.processors()
    finally:
        library.set(before)


def test_processors_by_affinity_and_quota(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2, 3}, raising=False)
    assert usable_processors(tmp_path) == 4
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert usable_processors(tmp_path) == 4
    for words, processors in (("150000", 2), ("50000", 1), ("900000", 4)):
        (tmp_path / "cpu.max").write_text(f"{words} 100000\n")
        assert usable_processors(tmp_path) == processors
    (tmp_path / "cpu.max").unlink()
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    for words, processors in (("-1", 4), ("200000", 2)):
        (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text(f"{words}\n")
        assert usable_processors(tmp_path) == processors
    monkeypatch.delattr(os, "sched_getaffinity")
    monkeypatch.setattr(os, "cpu_count", lambda: 1)
    assert usable_processors(tmp_path) == 1


def test_multiply_adds_of_the_largest_product():
    x = np.ones((2, 6, 6, 1), np.float32)
    model = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding="same", rng=0), nn.Flatten(), nn.Linear(144, 5, rng=1)
    )
    assert largest_product(history([model(x).sum()])) == 2 * 36 * (9 * 4)  # 1,440 in the other
    weights = nn.Parameter(np.ones((5, 7), np.float32))
    assert largest_product(history([(np.ones((3, 7)) @ weights.T).sum()])) == 3 * 7 * 5


@pytest.mark.parametrize("width, threads", [(8, 1), (4000, 3)])
def test_training_chooses_by_its_products(blas, width, threads):
    seen = []

    class Look(Callback):
        def on_batch_end(self, batch):
            seen.append(blas.threads)

    x, y = np.ones((128, 64), np.float32), np.arange(128) % 2
    model = nn.Sequential(nn.Linear(64, width, rng=0), nn.Linear(width, 2, rng=1))
    trainer = Trainer(model, nn.cross_entropy, optim.SGD(model.parameters(), lr=0.01))
    trainer.fit(x, y, batch_size=128, epochs=2, callbacks=[Look()], progress=False)
    assert seen == [threads, threads] and blas.threads == 8
