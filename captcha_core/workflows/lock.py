"""One process at a time for a run, a search or a trial."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from captcha_core.errors import ModelError


@contextmanager
def locked(folder: Path, refusal: str, timeout_s: float = 0) -> Iterator[None]:
    """Hold the lock of a folder, which is made if need be; the same process may hold it more than once.

    Raises:
        ModelError: With this refusal if another process holds it for longer than ``timeout_s``.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lock = FileLock(folder / "lock", is_singleton=True)
    try:
        lock.acquire(timeout=timeout_s)
    except Timeout:
        raise ModelError(refusal) from None
    try:
        yield
    finally:
        lock.release()
