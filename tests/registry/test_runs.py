"""Runs as a process of their own meets them."""

import subprocess
import sys
from pathlib import Path


def test_a_run_as_the_first_thing_of_a_process_is_quiet(empty_folder: Path) -> None:
    script = "from captcha_core.registry.runs import start_run\nwith start_run('quiet'): pass"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert (done.stdout, done.stderr) == ("", "")
