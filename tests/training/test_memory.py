"""Memory that a training freed is still there for its next batch."""

import subprocess
import sys

import pytest

TOUCH = """
import resource, numpy as np
from captcha_core.training.backend import keep_freed_memory
{call}
def faults():
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    for _ in range(20):
        [np.ones(2 * 2**20, np.uint8) for _ in range(30)]
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before
faults()
print(faults())
"""


def faults(call: str) -> int:
    done = subprocess.run([sys.executable, "-c", TOUCH.format(call=call)], capture_output=True, text=True, check=True)
    return int(done.stdout)


@pytest.mark.skipif(sys.platform != "linux", reason="mallopt is glibc's")
def test_freed_memory_is_found_again() -> None:
    assert faults("keep_freed_memory()") < 0.1 * faults("")
