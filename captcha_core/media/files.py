"""Media files from disk."""

from pathlib import Path

from captcha_core.errors import DataError

MAX_BYTES = 32 * 2**20


def read_media(path: Path) -> bytes:
    """Return a file's bytes.

    Raises:
        DataError: If there is no such file or it is too large to be a captcha.
    """
    try:
        size = path.stat().st_size
        if not path.is_file():
            if path.is_dir():
                raise DataError(f"expected a file, received the folder {path}; name the files in it.")
            raise DataError(f"expected a file, received {path}, which is none; save the captcha into one.")
        if size > MAX_BYTES:
            raise DataError(f"expected a file of at most {MAX_BYTES:,} bytes, received {size:,}; is it a captcha?")
        return path.read_bytes()
    except OSError as error:
        raise DataError(f"expected a readable file, received {error.strerror} for {path}; correct the path.") from None
