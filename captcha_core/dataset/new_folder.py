"""A folder that is written whole or not at all."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from captcha_core.dataset.in_memory import replaceable
from captcha_core.dataset.shard import disk_error
from captcha_core.errors import DataError


@contextmanager
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
    except OSError as error:
        raise disk_error(out, error) from None
    finally:
        shutil.rmtree(draft, ignore_errors=True)


def require_new(out: Path) -> Path:
    """Return the whole path of a folder that is not there yet, or empty.

    Raises:
        DataError: If there are files in it, or this process works in it.
    """
    out = replaceable(out)
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise DataError(f"expected a new or empty folder to write to, received {out}; choose another --out.")
    return out
