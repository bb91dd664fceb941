"""Compiled functions where numba can keep nothing on disk."""

import os
import subprocess
import sys
from pathlib import Path

from captcha_core.sources.randomness import random_bits

PROGRAM = """
from numba.core.caching import CacheImpl
CacheImpl._locator_classes = []  # neither the package's folder nor the user's can be written to
from captcha_core.sources.randomness import random_bits
print(random_bits(7, 1, range(2), 3).tolist())
"""


def test_they_are_compiled_anew_where_nothing_can_be_kept() -> None:
    root = str(Path(__file__).parent.parent.parent)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], capture_output=True, text=True, env={**os.environ, "PYTHONPATH": root}
    )
    assert done.stdout.strip() == str(random_bits(7, 1, range(2), 3).tolist()), done.stderr
