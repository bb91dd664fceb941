"""What a user names where files are read: a file, a folder, a zip archive or a pattern, as single captchas."""

import re
import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from captcha_core.errors import DataError
from captcha_core.files import MAX_MEDIA_BYTES, read_media
from captcha_core.media.sniff import ZIP
from captcha_core.sources.archive import FolderFiles, is_left_by_a_system, is_pattern, open_files, require_loose
from captcha_core.sources.folders import media_names

STDIN = "-"


@dataclass(frozen=True)
class Given:
    """One captcha: its name as messages have it, and its bytes, which are read when they are asked for."""

    name: str
    read: Callable[[], bytes]


def expand(places: Iterable[str]) -> Iterator[Given]:
    """Give the captchas at some places, by name; only one of them is ever in memory.

    A place where there is nothing to read is given as one captcha, and reading it raises why.
    """
    for place in places:
        try:
            yield from _expand(place)
        except DataError as error:
            yield Given(place, partial(_fail, error))


def _from_stdin() -> bytes:
    content = sys.stdin.buffer.read(MAX_MEDIA_BYTES + 1)
    if len(content) > MAX_MEDIA_BYTES:
        raise DataError(f"expected at most {MAX_MEDIA_BYTES:,} bytes on stdin, received more; is it a captcha?")
    return content


def _fail(error: DataError) -> bytes:
    raise error


def _expand(place: str) -> Iterator[Given]:
    if place == STDIN:
        yield Given(place, _from_stdin)
        return
    if re.match(r"https?://", place):
        raise DataError(
            f"expected a file, received the address {place}; save what is there and name that file, as in: curl -o "
            "captcha.png ADDRESS."
        )
    path = Path(place)
    if not (path.is_dir() or is_pattern(path) or _is_archive(path)):
        yield Given(place, partial(read_media, path))
        return
    files = open_files(path)
    above = files.folder if isinstance(files, FolderFiles) else path
    for name in captcha_names(files.names(), path):
        yield Given(str(above / name), partial(files.read, name))


def captcha_names(names: Sequence[str], where: Path) -> list[str]:
    """Return the names of the captchas among all files.

    Raises:
        DataError: If there are none.
    """
    require_loose(names, where)
    found = media_names([name for name in names if not is_left_by_a_system(name)])
    if not found:
        raise DataError(f"expected pictures or clips in {where}, received none; name another place.")
    return found


def _is_archive(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(len(ZIP)) == ZIP
    except OSError:  # whoever reads it says why
        return False
