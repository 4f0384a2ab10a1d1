"""Switches hold inside their block, in their thread, and nowhere else."""

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tinygrad_edu import Tensor, debug, no_grad
from tinygrad_edu.modes import Mode, recording, set_mode, thread

HANGS = 600  # seconds after which a thread has not been slow, but hangs


def test_settings_end_with_their_block():
    with set_mode(recording=False, debug=True):
        assert (thread.mode.recording, thread.mode.debug) == (False, True)
        with recording(deeper=2), pytest.raises(KeyError), no_grad():
            assert (thread.mode.recording, thread.mode.depth) == (False, 2)
            raise KeyError
        assert (thread.mode.recording, thread.mode.depth) == (False, 0)
    assert vars(thread.mode) == vars(Mode())


def test_a_setting_that_does_not_exist():
    with pytest.raises(AttributeError), set_mode(recoding=False):
        pass
    assert vars(thread.mode) == vars(Mode())


def test_the_three_are_decorators_too():
    x = Tensor([0.0], requires_grad=True)

    @debug()
    def logarithm():
        return np.log(x)

    @no_grad()
    def double():
        return x * 2

    with np.errstate(divide="ignore"):
        with pytest.raises(FloatingPointError, match="log gave 1 of 1"):
            logarithm()
        assert np.isinf(np.log(x).data).all()
    assert not double().requires_grad and (x * 2).requires_grad
    assert recording()(double)().requires_grad is False  # the inner one decides


def test_every_thread_has_a_mode_of_its_own():
    with no_grad(), ThreadPoolExecutor(1) as pool:
        assert not thread.mode.recording
        assert pool.submit(lambda: vars(thread.mode) == vars(Mode())).result()


def test_a_decorated_function_can_run_in_two_threads_at_once():
    """The first to enter is the first to leave, and finds its own mode again."""
    both_are_in, first_is_out = threading.Barrier(2, timeout=HANGS), threading.Event()

    @no_grad()
    def meet(leave_first):
        both_are_in.wait()
        if not leave_first:
            first_is_out.wait(HANGS)

    def first():
        meet(True)
        first_is_out.set()
        return thread.mode.recording

    def second():
        with no_grad():
            meet(False)
            return thread.mode.recording

    with ThreadPoolExecutor(2) as pool:
        runs = [pool.submit(first), pool.submit(second)]
        assert [run.result() for run in runs] == [True, False]
