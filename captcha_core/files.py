"""Files and folders that are whole or not there, and that a power failure does not take back once they are written.

A draft is written beside the place, forced to the disk and renamed; then the rename itself is forced to the disk.
"""

import contextlib
import hashlib
import json
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from captcha_core.errors import DataError, ModelError, disk_error

MAX_MEDIA_BYTES = 32 * 2**20
FORMULA = ("=", "+", "-", "@", "\t", "\r")  # what spreadsheets take for the start of a formula


@contextlib.contextmanager
def new_file(path: Path, draft: Path | None = None) -> Iterator[IO[bytes]]:
    """Give a binary file that appears at ``path`` when the block ends well, and leaves nothing when it does not.

    Args:
        path: Where; a file that is there stays until the new one is whole.
        draft: Where it is written meanwhile, on the same disk; by default ``NAME.new``. Several writers of one path
            need one each, see :func:`own_draft`.

    Raises:
        OSError: If the disk does not take it.
    """
    draft = draft or path.with_name(f"{path.name}.new")
    try:
        with draft.open("wb") as file:
            yield file
            force(file)
        draft.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        raise
    _force_folder(path.parent)


def own_draft(path: Path) -> Path:
    """Return a draft's path that no other process or thread uses."""
    return path.with_name(f"{path.name}.{os.getpid()}-{threading.get_native_id()}.new")


def force(file: IO[bytes]) -> None:
    """Wait until the disk has all that was written to an open file."""
    file.flush()
    os.fsync(file.fileno())


def _force_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder."""
    if os.name == "nt":  # Windows opens no folders
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def write_file(path: Path, content: bytes, draft: Path | None = None) -> None:
    """Write a file as :func:`new_file` does."""
    with new_file(path, draft) as file:
        file.write(content)


def write_json(path: Path, value: Any, indent: int | None = None, draft: Path | None = None) -> None:
    """Write plain data as JSON in UTF-8, as :func:`new_file` does."""
    write_file(path, json.dumps(value, indent=indent).encode(), draft)


def no_formula(cell: Any) -> Any:
    """Return a cell of a table for people such that no spreadsheet takes it for a formula."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(FORMULA) else cell


def read_json(path: Path) -> Any:
    """Return what a JSON file holds, None where there is no such file.

    Raises:
        ValueError: If it is no JSON in UTF-8.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None


def file_digest(path: Path) -> str:
    """Return SHA-256 over a file's bytes, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def read_media(path: Path) -> bytes:
    """Return a captcha's bytes.

    Raises:
        DataError: If there is no such file or it is too large to be a captcha.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            if path.is_dir():
                raise DataError(f"expected a file, received the folder {path}; name the files in it.")
            raise DataError(f"expected a file, received {path}, which is none; save the captcha into one.")
        if size > MAX_MEDIA_BYTES:
            raise DataError(
                f"expected a file of at most {MAX_MEDIA_BYTES:,} bytes, received {size:,}; is it a captcha?"
            )
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"expected a readable file, received {error.strerror} for {path}; correct the path.") from None


def replace_folder(fresh: Path, place: Path, old: Path) -> None:
    """Put a folder in the place of another one, which is called ``old`` for a moment.

    A kill between the two renames leaves ``old`` and nothing at ``place``; whoever opens ``place`` puts it back.
    """
    if place.exists():
        place.rename(old)
    fresh.rename(place)
    _force_folder(place.parent)
    shutil.rmtree(old, ignore_errors=True)


@contextlib.contextmanager
def new_folder(out: Path) -> Iterator[Path]:
    """Give a draft folder that becomes ``out`` when the block ends well and is removed when it does not.

    Raises:
        DataError: If there are files in ``out``, this process works in it, or the disk does not take it.
    """
    out = require_new(out)
    draft = out.parent / f".{out.name}.new"
    try:
        shutil.rmtree(draft, ignore_errors=True)  # of a command that was killed
        draft.mkdir(parents=True)
        yield draft
        if out.exists():
            out.rmdir()
        draft.rename(out)
        _force_folder(out.parent)
    except OSError as error:
        raise disk_error(out, error) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def require_new(out: Path) -> Path:
    """Return the whole path of a folder that is not there yet, or empty.

    Raises:
        DataError: If there are files in it, or this process works in it.
    """
    return require_empty(require_replaceable(out))


def require_empty(out: Path) -> Path:
    """Return the path of a folder that is not there yet, or empty.

    Raises:
        DataError: If there are files in it.
    """
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"expected a new or empty folder to write to, received {out}; choose another --out.")
    return out


def require_replaceable(folder: Path) -> Path:
    """Return the whole path of a folder that can be replaced by another; of a link, where it leads.

    Raises:
        DataError: If this process works in it.
    """
    whole = folder.resolve()
    if Path.cwd().is_relative_to(whole):
        raise DataError(
            f"expected a folder that can be replaced as a whole, received {folder}, which you are in; go elsewhere or "
            "choose another --out."
        )
    return whole


@contextlib.contextmanager
def locked(folder: Path, refusal: str, timeout_s: float = 0) -> Iterator[None]:
    """Hold the lock of a folder, which is made if need be; the same process may hold it more than once.

    Raises:
        ModelError: With this refusal if another process holds it for longer than ``timeout_s``.
    """
    from filelock import FileLock, Timeout

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
