"""Two processes on one folder: the second is refused, until the first has ended, however it ends."""

import os
import subprocess
import sys

import numpy as np
import pytest

from tinygrad_edu import nn, optim
from tinygrad_edu.files.lock import lock, unlock
from tinygrad_edu.training import Checkpoint, Trainer

pytest.importorskip("fcntl")

HOLDER = """
import sys
from tinygrad_edu.files.lock import lock
print(lock(sys.argv[1]), flush=True)
sys.stdin.read()
"""


@pytest.fixture
def holder(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(tmp_path)],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert process.stdout.readline() == "True\n"
    yield process
    process.kill()
    process.communicate()


def train(folder):
    model = nn.Linear(1, 1, rng=0)
    x = np.ones((4, 1), np.float32)
    Trainer(model, nn.mse, optim.SGD(model.parameters(), lr=0.1)).fit(
        x, x, epochs=1, callbacks=[Checkpoint(folder)], resume=folder, progress=False
    )


def test_the_second_process_is_refused_by_a_sentence(tmp_path, holder):
    words = rf"another process is saving its training to '{tmp_path}'(.|\n)*Try: another folder"
    with pytest.raises(RuntimeError, match=words):
        train(tmp_path)
    assert os.listdir(tmp_path) == []


def test_a_killed_process_leaves_no_lock(tmp_path, holder):
    assert not lock(tmp_path)
    holder.kill()
    holder.communicate()
    train(tmp_path)
    assert sorted(os.listdir(tmp_path)) == ["checkpoint-00000000.npz", "checkpoint-00000001.npz"]


def test_a_process_may_use_its_folder_again(tmp_path):
    train(tmp_path)
    train(tmp_path)  # resumes
    assert lock(tmp_path) and lock(tmp_path)
    unlock(tmp_path)
    unlock(tmp_path)
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    done = subprocess.run(command, input="", capture_output=True, text=True)
    assert done.stdout == "True\n"
