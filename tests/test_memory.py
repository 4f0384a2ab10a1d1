"""Steps on large arrays reuse their memory. Each measurement is a process of its own."""

import os
import subprocess
import sys

import pytest

STEPS = """
import resource, sys
import numpy as np
from tinygrad_edu import Tensor

x = Tensor(np.ones(1_000_000, np.float32), requires_grad=True)

def step():
    x.grad = None
    y = np.tanh(x * 0.5 + 1.0)
    (y * y - x).sum().backward()

for _ in range(5):
    step()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(10):
    step()
print((resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before) / 10)
"""


def faults_per_step(**environment):
    done = subprocess.run(
        [sys.executable, "-c", STEPS], env={**os.environ, **environment}, capture_output=True,
        text=True, check=True, timeout=1800,
    )  # fmt: skip
    return float(done.stdout)


@pytest.mark.skipif(
    sys.platform != "linux" or not hasattr(os, "confstr_names")
    or "glibc" not in (os.confstr("CS_GNU_LIBC_VERSION") or ""), reason="it is glibc that is told",
)  # fmt: skip
def test_a_step_asks_the_system_for_no_new_pages():
    pages = 4_000_000 // os.sysconf("SC_PAGE_SIZE")  # of one array of the step
    assert faults_per_step() < pages / 10
    # and what the user has set stays: then every large array comes from the system, anew each time
    assert faults_per_step(MALLOC_MMAP_THRESHOLD_="1000000") > pages
