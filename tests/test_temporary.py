"""What a killed command left in the folder of temporary files goes with a later one; what lives stays."""

import os
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

import pytest

from captcha_core.temporary import PREFIX, sweep, temporary_folder

ROOT = Path(__file__).parent.parent
LEAVE = """
import os, signal, tempfile
from captcha_core.temporary import temporary_folder
with temporary_folder():
    open(os.path.join(tempfile.mkdtemp(), "half"), "w").write("x")
    print("there", flush=True)
    signal.pause()
"""


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    return tmp_path


def test_what_is_temporary_is_in_one_folder_that_goes(home: Path) -> None:
    with temporary_folder():
        inside = Path(tempfile.mkdtemp())
        assert inside.parent.name.startswith(PREFIX) and inside.parent.parent == home
    assert list(home.iterdir()) == [] and tempfile.gettempdir() == str(home)


def test_what_a_killed_command_left_goes_when_it_is_dead_and_not_before(home: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(home), "PYTHONPATH": str(ROOT)}
    with subprocess.Popen([sys.executable, "-c", LEAVE], env=environment, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None and process.stdout.readline()
        assert sweep(home, young_s=-1) == 0
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert len(list(home.rglob("half"))) == 1
    assert sweep(home) == 0, "too young: it might not be locked yet"
    assert sweep(home, young_s=-1) == 1
    assert list(home.iterdir()) == []
