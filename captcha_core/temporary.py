"""Temporary files of a command: in one folder, which is removed with the command or, after a kill, by a later one.

The folder is locked as long as its process lives, so no process id is needed to find out whether it does.
"""

import contextlib
import os
import shutil
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX = "captchalab-temporary-"
YOUNG_S = 60.0  # a folder that was just made may not be locked yet


@contextlib.contextmanager
def temporary_folder() -> Iterator[None]:
    """Let ``tempfile`` put everything into a folder of this process, and remove what killed ones have left."""
    try:
        import fcntl
    except ImportError:  # Windows has no such locks: temporary files stay where they were
        yield
        return
    home, before = Path(tempfile.gettempdir()), tempfile.tempdir
    os.environ.setdefault("RAY_TMPDIR", str(home))  # a cluster is found there, and outlives the command
    sweep(home)
    folder = tempfile.mkdtemp(prefix=PREFIX)
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        tempfile.tempdir = folder
        yield
    finally:
        tempfile.tempdir = before
        shutil.rmtree(folder, ignore_errors=True)
        os.close(handle)


def sweep(home: Path, young_s: float = YOUNG_S) -> int:
    """Remove the folders of processes that are gone, and return how many there were."""
    import fcntl

    removed = 0
    for folder in home.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):  # another user's, in use, or removed by another command
            handle = os.open(folder, os.O_RDONLY)
            try:
                if time.time() - os.fstat(handle).st_mtime > young_s:
                    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    shutil.rmtree(folder)
                    removed += 1
            finally:
                os.close(handle)
    return removed
