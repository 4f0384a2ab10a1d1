"""Switches hold inside their block, in their thread, and nowhere else."""

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from tinygrad_edu import Tensor, debug, no_grad
from tinygrad_edu.modes import Mode, recording, set_mode, thread


def test_settings_end_with_their_block():
    with set_mode(recording=False, debug=True):
        assert (thread.mode.recording, thread.mode.debug) == (False, True)
        with recording(deeper=2), pytest.raises(KeyError), no_grad():
            assert (thread.mode.recording, thread.mode.depth) == (False, 2)
            raise KeyError
        assert (thread.mode.recording, thread.mode.depth) == (False, 0)
    assert thread.mode == Mode()


def test_a_setting_that_does_not_exist():
    with pytest.raises(AttributeError), set_mode(recoding=False):
        pass
    assert thread.mode == Mode()


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
        assert pool.submit(lambda: thread.mode == Mode()).result()


def test_a_decorated_function_can_run_in_several_threads():
    seen = []

    @no_grad()
    def look(n):
        if n:
            with recording():
                look(n - 1)
        seen.append(thread.mode.recording)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(look, [3] * 40))
        assert all(pool.map(lambda _: thread.mode == Mode(), range(8)))
    assert len(seen) == 160 and not any(seen)
